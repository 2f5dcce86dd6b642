#include "core/base/base.h"

#include "core/coverage/parts.h"

void coverage_entry_reset(struct coverage_entry *e, struct coverage_version *guess)
{
	e->guess = guess;
	for (int part = 0; part < PARTS; part++) {
		e->seen_map[part] = e->seen_hits[part] = e->same[part] = false;
		strbuf_reset(&e->text[part]);
		coverage_map_reset(&e->map[part]);
		e->hits[part].n = 0;
		e->hits[part].dense = true;
	}
	e->arm_n = 0;
	strbuf_reset(&e->extra);
	e->all = false;
	e->grain = GRAIN_PLACES;
}

struct coverage_entry *coverage_entry_new(void)
{
	struct coverage_entry *e = xcalloc(1, sizeof(*e));

	for (int part = 0; part < PARTS; part++)
		strbuf_init(&e->text[part]);
	strbuf_init(&e->extra);
	return e;
}

void coverage_entry_free(struct coverage_entry *e)
{
	for (int part = 0; part < PARTS; part++) {
		strbuf_release(&e->text[part]);
		coverage_map_release(&e->map[part]);
		free(e->hits[part].v);
		free(e->hits[part].ids);
	}
	free(e->arm_at);
	strbuf_release(&e->extra);
	free(e);
}

int coverage_entry_part(const char *name, bool *ret_is_map)
{
	static const char *const maps[PARTS] = {"statementMap", "fnMap", "branchMap"};
	static const char *const hits[PARTS] = {"s", "f", "b"};

	for (int part = 0; part < PARTS; part++) {
		*ret_is_map = streq(maps[part], name);
		if (*ret_is_map || streq(hits[part], name))
			return part;
	}
	return -1;
}

bool coverage_entry_is_whole(const struct coverage_entry *e)
{
	for (int part = 0; part < PARTS; part++)
		if (!e->seen_map[part] || !e->seen_hits[part])
			return false;
	return true;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* The text has changed since it was decoded. */
static bool decode_again(struct coverage_entry *e, enum coverage_part part)
{
	cleanup_strbuf struct strbuf unused = STRBUF_INIT;
	struct coverage_stream s;
	bool repaired;

	stream_open_text(&s, e->text[part].buf, e->text[part].len, 0);
	stream_capture(&s, &unused);
	return coverage_map_read(&e->map[part], &s, part) && stream_captured(&s, &repaired);
}

bool coverage_entry_map(
	struct coverage_entry *e, struct coverage_stream *s, enum coverage_part part)
{
	bool repaired;

	/* named twice in one object: the last one counts, as for JSON.parse() */
	e->same[part] = false;
	e->seen_map[part] = true;
	if (e->guess) {
		const char *held = e->guess->text[part];
		size_t len = e->guess->len[part], equal = stream_match(s, held, len);
		if (equal == len) {
			e->same[part] = true;
			return true;
		}
		stream_replay(s, held, equal);
	}
	stream_capture(s, &e->text[part]);
	if (!coverage_map_read(&e->map[part], s, part) || !stream_captured(s, &repaired))
		return false;
	return !repaired || decode_again(e, part) || stream_fault(s, "not JSON");
}

bool coverage_entry_hits(
	struct coverage_entry *e, struct coverage_stream *s, enum coverage_part part)
{
	struct coverage_counts *c = &e->hits[part];

	c->n = 0;
	c->dense = e->seen_hits[part] = true;
	return part == PART_BRANCHES ? coverage_counts_branches(e, s) : coverage_counts_read(c, s);
}

/* `"name":value` as it stands, behind what is there. */
bool coverage_entry_extra(
	struct coverage_entry *e, struct coverage_stream *s, const struct strbuf *name)
{
	cleanup_strbuf struct strbuf value = STRBUF_INIT;
	bool repaired;

	stream_capture(s, &value);
	if (!stream_skip(s) || !stream_captured(s, &repaired))
		return false;
	strbuf_addf(&e->extra, "%s\"", e->extra.len ? "," : "");
	strbuf_add(&e->extra, name->buf, name->len);
	strbuf_addstr(&e->extra, "\":");
	strbuf_add(&e->extra, value.buf, value.len);
	return true;
}

/* ---- ids with holes -------------------------------------------------------------------------- */

/* Where an id stands in the text, and where its counts stand. */
struct pairing {
	uint32_t id, at;
};

/* By id; of equal ones, which JSON.parse() lets the last one win, the last first. */
static int by_id(const void *a, const void *b)
{
	const struct pairing *x = a, *y = b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x->at > y->at ? -1 : x->at < y->at;
}

static size_t sort_ids(struct pairing *p, size_t n)
{
	size_t kept = 0;

	qsort(p, n, sizeof(*p), by_id);
	for (size_t i = 0; i < n; i++)
		if (!kept || p[kept - 1].id != p[i].id)
			p[kept++] = p[i];
	return kept;
}

static size_t hits_of(const struct coverage_entry *e, enum coverage_part part)
{
	return part == PART_BRANCHES ? e->arm_n : e->hits[part].n;
}

struct straight {
	struct strbuf text;
	uint64_t *v;
	uint32_t *arm_at;
	size_t n, v_n;
};

/* One entry that has both a place and counts, as number `n` of the new map. */
static void take_over(struct straight *out, const struct coverage_entry *e, enum coverage_part part,
	const struct coverage_span *span, uint32_t at)
{
	const struct coverage_counts *c = &e->hits[part];
	const char *text = e->same[part] ? e->guess->text[part] : e->text[part].buf;
	uint32_t from = at, to = at + 1;

	strbuf_addf(&out->text, "%s\"%zu\":", out->n ? "," : "", out->n);
	strbuf_add(&out->text, text + span->at, span->len);
	if (part == PART_BRANCHES) {
		from = e->arm_at[at];
		to = e->arm_at[at + 1];
		out->arm_at[out->n] = (uint32_t)out->v_n;
	}
	memcpy(out->v + out->v_n, c->v + from, (to - from) * sizeof(*c->v));
	out->v_n += to - from;
	out->n++;
}

static size_t straighten_part(struct coverage_entry *e, enum coverage_part part)
{
	const struct coverage_map *m = e->same[part] ? &e->guess->map[part] : &e->map[part];
	size_t n_hits = hits_of(e, part), lost = 0;
	cleanup_free struct pairing *places = xcalloc(m->n + 1, sizeof(*places));
	cleanup_free struct pairing *counts = xcalloc(n_hits + 1, sizeof(*counts));
	struct straight out = {.text = STRBUF_INIT};

	for (size_t i = 0; i < m->n; i++)
		places[i] = (struct pairing){m->spans[i].id, (uint32_t)i};
	for (size_t i = 0; i < n_hits; i++)
		counts[i] = (struct pairing){coverage_counts_id(&e->hits[part], i), (uint32_t)i};
	size_t n = sort_ids(places, m->n), k = sort_ids(counts, n_hits);
	out.v = xcalloc(e->hits[part].n + 1, sizeof(*out.v));
	out.arm_at = xcalloc(k + 1, sizeof(*out.arm_at));
	strbuf_addch(&out.text, '{');
	for (size_t i = 0, j = 0; j < k; j++) {
		while (i < n && places[i].id < counts[j].id)
			i++;
		if (i < n && places[i].id == counts[j].id)
			take_over(&out, e, part, &m->spans[places[i].at], counts[j].at);
		else
			lost++;
	}
	strbuf_addch(&out.text, '}');
	out.arm_at[out.n] = (uint32_t)out.v_n;
	if (out.v_n)
		memcpy(e->hits[part].v, out.v, out.v_n * sizeof(*out.v));
	e->hits[part].n = out.v_n;
	if (part == PART_BRANCHES) {
		memcpy(e->arm_at, out.arm_at, (out.n + 1) * sizeof(*out.arm_at));
		e->arm_n = out.n;
	}
	strbuf_release(&e->text[part]);
	e->text[part] = out.text;
	e->same[part] = false;
	free(out.v);
	free(out.arm_at);
	decode_again(e, part);
	return lost;
}

size_t coverage_entry_straighten(struct coverage_entry *e)
{
	size_t lost = 0;

	for (int part = 0; part < PARTS; part++) {
		const struct coverage_map *m = e->same[part] ? &e->guess->map[part] : &e->map[part];
		if ((!e->same[part] && !m->dense) || !e->hits[part].dense ||
			m->n != hits_of(e, part))
			lost += straighten_part(e, part);
	}
	return lost;
}

/* ---- into the set ---------------------------------------------------------------------------- */

static bool same_arms(const struct coverage_entry *e, const struct coverage_version *v)
{
	return e->arm_n == v->map[PART_BRANCHES].n &&
	       memcmp(e->arm_at, v->arm_at, (e->arm_n + 1) * sizeof(*e->arm_at)) == 0;
}

static bool is_version(const struct coverage_entry *e, const struct coverage_version *v)
{
	if (e->all != v->all || e->grain != v->grain || !same_arms(e, v))
		return false;
	for (int part = 0; part < PARTS; part++) {
		if (e->same[part] && e->guess == v)
			continue;
		const char *text = e->same[part] ? e->guess->text[part] : e->text[part].buf;
		size_t len = e->same[part] ? e->guess->len[part] : e->text[part].len;
		if (len != v->len[part] || memcmp(text, v->text[part], len) != 0)
			return false;
	}
	return true;
}

static void add_hits(uint64_t *to, const struct coverage_counts *c)
{
	for (size_t i = 0; i < c->n; i++) {
		uint64_t sum = to[i] + c->v[i];
		to[i] = sum > COVERAGE_HITS_MAX ? COVERAGE_HITS_MAX : sum;
	}
}

static void *copy_of(const void *data, size_t size)
{
	return size ? memcpy(xmalloc(size), data, size) : NULL;
}

static void copy_map(struct coverage_map *to, const struct coverage_map *from)
{
	size_t n = from->n;

	*to = (struct coverage_map){
		.n = n,
		.dense = true,
		.keys = copy_of(from->keys, n * sizeof(*from->keys)),
		.spans = copy_of(from->spans, n * sizeof(*from->spans)),
		.functions = from->functions
				     ? copy_of(from->functions, n * sizeof(*from->functions))
				     : NULL,
		.branches = from->branches ? copy_of(from->branches, n * sizeof(*from->branches))
					   : NULL,
	};
}

static struct coverage_version *new_version(const struct coverage_entry *e)
{
	struct coverage_version *v = xcalloc(1, sizeof(*v));

	for (int part = 0; part < PARTS; part++) {
		const struct coverage_version *g = e->same[part] ? e->guess : NULL;
		v->len[part] = g ? g->len[part] : e->text[part].len;
		v->text[part] = xstrndup(g ? g->text[part] : e->text[part].buf, v->len[part]);
		copy_map(&v->map[part], g ? &g->map[part] : &e->map[part]);
	}
	v->arm_at = copy_of(e->arm_at, (e->arm_n + 1) * sizeof(*v->arm_at));
	v->hits = xcalloc(version_count(v) + 1, sizeof(*v->hits));
	v->extra = xstrndup(e->extra.buf, e->extra.len);
	v->all = e->all;
	v->grain = e->grain;
	return v;
}

struct coverage_version *coverage_entry_version(const struct coverage_entry *e)
{
	struct coverage_version *v = new_version(e);

	for (int part = 0; part < PARTS; part++)
		add_hits(version_hits(v, part), &e->hits[part]);
	return v;
}

void coverage_entry_commit(struct coverage_entry *e, struct coverage_file *f)
{
	struct coverage_version *v = f->versions;

	coverage_file_changed(f);
	while (v && !is_version(e, v))
		v = v->next;
	if (!v) {
		v = new_version(e);
		v->next = f->versions;
		f->versions = v;
	} else if (strcmp(e->extra.buf, v->extra) < 0) {
		/* they may differ (a hash of the path); which one stays must not depend on order */
		free(v->extra);
		v->extra = xstrdup(e->extra.buf);
	}
	for (int part = 0; part < PARTS; part++)
		add_hits(version_hits(v, part), &e->hits[part]);
}

void coverage_version_free(struct coverage_version *v)
{
	if (!v)
		return;
	for (int part = 0; part < PARTS; part++) {
		free(v->text[part]);
		coverage_map_release(&v->map[part]);
	}
	free(v->hits);
	free(v->arm_at);
	free(v->extra);
	free(v);
}
