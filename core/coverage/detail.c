#include "core/base/base.h"

#include "core/coverage/parts.h"

/* All of a file's maps, for reports that show code. The texts were read before: faults here would
 * be a bug of ours. */

struct decoding {
	struct coverage_stream s;
	struct coverage_detail *detail;
	const struct coverage_version *version;
};

static char *decode_string(struct decoding *d, size_t *ret_len)
{
	cleanup_strbuf struct strbuf raw = STRBUF_INIT, text = STRBUF_INIT;

	if (!stream_string(&d->s, &raw))
		return NULL;
	stream_unescape(&text, raw.buf, raw.len);
	*ret_len = text.len;
	return arena_strndup(&d->detail->arena, text.buf, text.len);
}

static bool decode_function(struct decoding *d, size_t i)
{
	struct coverage_function *f = &d->detail->functions[i];
	char key[32];
	bool first = true;

	*f = (struct coverage_function){
		.name = "", .hits = version_hits(d->version, PART_FUNCTIONS)[i]};
	f->loc = d->version->map[PART_FUNCTIONS].keys[i];
	f->decl = f->loc;
	if (!stream_expect(&d->s, '{'))
		return false;
	while (stream_member(&d->s, &first, key)) {
		if (streq(key, "name"))
			f->name = decode_string(d, &f->name_len);
		else if (streq(key, "decl"))
			coverage_map_loc(&d->s, &f->decl);
		else
			stream_skip(&d->s);
	}
	return !d->s.what;
}

static bool decode_arms(struct decoding *d, struct coverage_branch *b)
{
	struct coverage_loc loc;
	bool first = true;

	if (!stream_expect(&d->s, '['))
		return false;
	for (size_t i = 0; stream_next(&d->s, &first, ']'); i++) {
		if (!coverage_map_loc(&d->s, &loc))
			return false;
		if (i < b->n_arms)
			b->arms[i].loc = loc;
	}
	return !d->s.what;
}

static bool decode_branch(struct decoding *d, size_t i)
{
	const struct coverage_version *v = d->version;
	struct coverage_branch *b = &d->detail->branches[i];
	const uint64_t *hits = version_hits(v, PART_BRANCHES) + v->arm_at[i];
	char key[32];
	bool first = true;
	size_t len;

	*b = (struct coverage_branch){
		.type = "",
		.loc = v->map[PART_BRANCHES].branches[i].loc,
		.line = v->map[PART_BRANCHES].branches[i].line,
		.n_arms = v->arm_at[i + 1] - v->arm_at[i],
	};
	b->arms = arena_alloc(&d->detail->arena, (b->n_arms + 1) * sizeof(*b->arms));
	for (size_t arm = 0; arm < b->n_arms; arm++)
		b->arms[arm] = (struct coverage_arm){
			{COVERAGE_NOWHERE, COVERAGE_NOWHERE, COVERAGE_NOWHERE, COVERAGE_NOWHERE},
			hits[arm]};
	if (!stream_expect(&d->s, '{'))
		return false;
	while (stream_member(&d->s, &first, key)) {
		if (streq(key, "locations"))
			decode_arms(d, b);
		else if (streq(key, "type") && stream_peek(&d->s) == '"')
			b->type = decode_string(d, &len);
		else
			stream_skip(&d->s);
	}
	return !d->s.what;
}

static int decode_part(struct decoding *d, enum coverage_part part,
	bool (*decode)(struct decoding *, size_t), struct error *err)
{
	const struct coverage_version *v = d->version;

	stream_open_text(&d->s, v->text[part], v->len[part], 0);
	stream_expect(&d->s, '{');
	bool first = true;
	uint32_t id;
	for (size_t i = 0; i < v->map[part].n && stream_next(&d->s, &first, '}'); i++)
		if (!coverage_map_id(&d->s, &id) || !decode(d, i))
			break;
	if (d->s.what)
		return error_set(err, EXIT_CODE_INTERNAL, "a map changed: %s", d->s.what);
	return 0;
}

int coverage_file_detail(
	const struct coverage_file *f, struct coverage_detail *ret, struct error *err)
{
	const struct coverage_version *v = coverage_file_version(f);
	struct coverage_detail detail = {.arena = ARENA_INIT};
	struct decoding d = {.detail = &detail, .version = v};

	detail.n_statements = v->map[PART_STATEMENTS].n;
	detail.n_functions = v->map[PART_FUNCTIONS].n;
	detail.n_branches = v->map[PART_BRANCHES].n;
	detail.statements =
		arena_alloc(&detail.arena, (detail.n_statements + 1) * sizeof(*detail.statements));
	detail.functions =
		arena_alloc(&detail.arena, (detail.n_functions + 1) * sizeof(*detail.functions));
	detail.branches =
		arena_alloc(&detail.arena, (detail.n_branches + 1) * sizeof(*detail.branches));
	for (size_t i = 0; i < detail.n_statements; i++)
		detail.statements[i] =
			(struct coverage_statement){v->map[PART_STATEMENTS].keys[i], v->hits[i]};
	if (decode_part(&d, PART_FUNCTIONS, decode_function, err) < 0 ||
		decode_part(&d, PART_BRANCHES, decode_branch, err) < 0) {
		coverage_detail_release(&detail);
		return -1;
	}
	*ret = detail;
	return 0;
}

void coverage_detail_release(struct coverage_detail *d)
{
	arena_release(&d->arena);
	*d = (struct coverage_detail){.arena = ARENA_INIT};
}
