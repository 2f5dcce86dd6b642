#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/coverage/parts.h"

/*
 * Lines become maps as Istanbul has them: a statement for each line, from its start to an end that
 * nobody knows, so that it is the same in each input and contains nothing else. The column of
 * functions and branches is their turn on the line.
 */

void line_record_line(struct line_record *r, int32_t line, uint64_t hits)
{
	GROW(r->lines, r->n_lines + 1, r->lines_cap);
	r->lines[r->n_lines++] = (struct line_count){line, MIN(hits, COVERAGE_HITS_MAX)};
}

size_t line_record_function(struct line_record *r, const char *name, int32_t line, uint64_t hits)
{
	GROW(r->functions, r->n_functions + 1, r->functions_cap);
	r->functions[r->n_functions] =
		(struct line_function){xstrdup(name), line, MIN(hits, COVERAGE_HITS_MAX)};
	return r->n_functions++;
}

void line_record_arm(struct line_record *r, int32_t line, uint32_t branch, uint64_t hits)
{
	GROW(r->arms, r->n_arms + 1, r->arms_cap);
	r->arms[r->n_arms++] = (struct line_arm){line, branch, MIN(hits, COVERAGE_HITS_MAX)};
}

void line_record_reset(struct line_record *r)
{
	for (size_t i = 0; i < r->n_functions; i++)
		free(r->functions[i].name);
	r->n_lines = r->n_functions = r->n_arms = 0;
}

void line_record_release(struct line_record *r)
{
	line_record_reset(r);
	free(r->lines);
	free(r->functions);
	free(r->arms);
	*r = (struct line_record){NULL};
}

/* ---- order ----------------------------------------------------------------------------------- */

static int compare(int64_t a, int64_t b)
{
	return a < b ? -1 : a > b;
}

static int by_line(const void *a, const void *b)
{
	return compare(((const struct line_count *)a)->line, ((const struct line_count *)b)->line);
}

static int by_function(const void *a, const void *b)
{
	const struct line_function *x = a, *y = b;
	int r = compare(x->line, y->line);

	return r ? r : strcmp(x->name, y->name);
}

/* Branches keep the order in which they came: their numbers are given in it. */
static int by_branch(const void *a, const void *b)
{
	const struct line_arm *x = a, *y = b;
	int r = compare(x->line, y->line);

	r = r ? r : compare(x->branch, y->branch);
	return r ? r : compare(a < b ? 0 : 1, 0);
}

static void sum_lines(struct line_record *r)
{
	size_t n = 0;

	if (r->n_lines)
		qsort(r->lines, r->n_lines, sizeof(*r->lines), by_line);
	for (size_t i = 0; i < r->n_lines; i++) {
		if (n && r->lines[n - 1].line == r->lines[i].line)
			r->lines[n - 1].hits =
				MIN(r->lines[n - 1].hits + r->lines[i].hits, COVERAGE_HITS_MAX);
		else
			r->lines[n++] = r->lines[i];
	}
	r->n_lines = n;
}

/* ---- maps ------------------------------------------------------------------------------------ */

static void add_place(struct strbuf *out, int32_t line, uint32_t column)
{
	strbuf_addf(out,
		"{\"start\":{\"line\":%" PRId32 ",\"column\":%" PRIu32 "},"
		"\"end\":{\"line\":%" PRId32 ",\"column\":null}}",
		line, column, line);
}

static void begin_item(struct strbuf *out, size_t i)
{
	strbuf_addf(out, "%s\"%zu\":", i ? "," : "", i);
}

static void print_statements(const struct line_record *r, struct strbuf *map, struct strbuf *hits)
{
	for (size_t i = 0; i < r->n_lines; i++) {
		begin_item(map, i);
		add_place(map, r->lines[i].line, 0);
		begin_item(hits, i);
		strbuf_addu(hits, r->lines[i].hits);
	}
}

static void print_functions(const struct line_record *r, struct strbuf *map, struct strbuf *hits)
{
	uint32_t turn = 0;

	for (size_t i = 0; i < r->n_functions; i++) {
		const struct line_function *f = &r->functions[i];
		turn = i && f[-1].line == f->line ? turn + 1 : 0;
		begin_item(map, i);
		strbuf_addstr(map, "{\"name\":");
		jsonw_quote(map, f->name, strlen(f->name));
		strbuf_addstr(map, ",\"decl\":");
		add_place(map, f->line, turn);
		strbuf_addstr(map, ",\"loc\":");
		add_place(map, f->line, turn);
		strbuf_addch(map, '}');
		begin_item(hits, i);
		strbuf_addu(hits, f->hits);
	}
}

static void print_branch(
	const struct line_record *r, size_t from, size_t to, uint32_t turn, struct strbuf *map)
{
	strbuf_addstr(map, "{\"loc\":");
	add_place(map, r->arms[from].line, turn);
	strbuf_addstr(map, ",\"type\":\"branch\",\"locations\":[");
	for (size_t i = from; i < to; i++) {
		if (i > from)
			strbuf_addch(map, ',');
		add_place(map, r->arms[i].line, turn);
	}
	strbuf_addf(map, "],\"line\":%" PRId32 "}", r->arms[from].line);
}

static void print_branches(const struct line_record *r, struct strbuf *map, struct strbuf *hits)
{
	size_t n = 0;
	uint32_t turn = 0;

	for (size_t from = 0, to; from < r->n_arms; from = to, n++) {
		const struct line_arm *a = &r->arms[from];
		for (to = from; to < r->n_arms && r->arms[to].branch == a->branch &&
				r->arms[to].line == a->line;)
			to++;
		turn = from && a[-1].line == a->line ? turn + 1 : 0;
		begin_item(map, n);
		print_branch(r, from, to, turn, map);
		begin_item(hits, n);
		for (size_t i = from; i < to; i++) {
			strbuf_addch(hits, i == from ? '[' : ',');
			strbuf_addu(hits, r->arms[i].hits);
		}
		strbuf_addch(hits, ']');
	}
}

void line_record_commit(struct line_record *r, struct coverage_input *in, const char *path)
{
	static void (*const print[PARTS])(
		const struct line_record *, struct strbuf *, struct strbuf *) = {
		[PART_STATEMENTS] = print_statements,
		[PART_FUNCTIONS] = print_functions,
		[PART_BRANCHES] = print_branches,
	};
	struct coverage_file *f = coverage_file_of(in->set, path);
	struct coverage_entry *e = in->set->entry;

	sum_lines(r);
	if (r->n_functions)
		qsort(r->functions, r->n_functions, sizeof(*r->functions), by_function);
	if (r->n_arms)
		qsort(r->arms, r->n_arms, sizeof(*r->arms), by_branch);
	coverage_entry_reset(e, NULL);
	e->grain = r->grain;
	for (int part = 0; part < PARTS; part++) {
		cleanup_strbuf struct strbuf map = STRBUF_INIT, hits = STRBUF_INIT;
		struct coverage_stream s;
		strbuf_addch(&map, '{');
		strbuf_addch(&hits, '{');
		print[part](r, &map, &hits);
		strbuf_addch(&map, '}');
		strbuf_addch(&hits, '}');
		stream_open_text(&s, map.buf, map.len, 0);
		coverage_entry_map(e, &s, (enum coverage_part)part);
		stream_open_text(&s, hits.buf, hits.len, 0);
		coverage_entry_hits(e, &s, (enum coverage_part)part);
	}
	coverage_entry_commit(e, f);
	in->entries++;
	line_record_reset(r);
}
