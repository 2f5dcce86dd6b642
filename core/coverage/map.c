#include "core/base/base.h"

#include "core/coverage/digits.h"
#include "core/coverage/parts.h"

/*
 * What instrumenters write is regular to the byte, so places are read by comparing with that form
 * first; anything else (other order, blanks, the end of the window) goes the long way.
 */
enum { FAST_BYTES = 160 }; /* more than a place in the regular form can take */

void coverage_map_reset(struct coverage_map *m)
{
	m->n = 0;
	m->dense = true;
}

void coverage_map_release(struct coverage_map *m)
{
	free(m->keys);
	free(m->spans);
	free(m->functions);
	free(m->branches);
	*m = (struct coverage_map){0};
}

/* ---- places ---------------------------------------------------------------------------------- */

static inline const char *fast_int(const char *p, int32_t *ret)
{
	uint32_t v;
	unsigned n = coverage_digits(p, &v);

	*ret = (int32_t)v;
	return n ? p + n : NULL;
}

#define LITERAL(p, text) \
	(memcmp((p), (text), sizeof(text) - 1) == 0 ? (p) + sizeof(text) - 1 : NULL)

static inline const char *fast_loc(const char *p, struct coverage_loc *l)
{
	if (!(p = LITERAL(p, "{\"start\":{\"line\":")) || !(p = fast_int(p, &l->line)) ||
		!(p = LITERAL(p, ",\"column\":")) || !(p = fast_int(p, &l->column)) ||
		!(p = LITERAL(p, "},\"end\":{\"line\":")) || !(p = fast_int(p, &l->end_line)) ||
		!(p = LITERAL(p, ",\"column\":")) || !(p = fast_int(p, &l->end_column)))
		return NULL;
	return LITERAL(p, "}}");
}

static bool point(struct coverage_stream *s, int32_t *line, int32_t *column)
{
	char key[32];
	bool first = true;

	if (!stream_expect(s, '{'))
		return false;
	while (stream_member(s, &first, key))
		if (!(streq(key, "line")           ? stream_int(s, line)
			    : streq(key, "column") ? stream_int(s, column)
						   : stream_skip(s)))
			return false;
	return !s->what;
}

static bool slow_loc(struct coverage_stream *s, struct coverage_loc *ret)
{
	char key[32];
	bool first = true;

	if (!stream_expect(s, '{'))
		return false;
	while (stream_member(s, &first, key))
		if (!(streq(key, "start")       ? point(s, &ret->line, &ret->column)
			    : streq(key, "end") ? point(s, &ret->end_line, &ret->end_column)
						: stream_skip(s)))
			return false;
	return !s->what;
}

static const struct coverage_loc nowhere = {
	COVERAGE_NOWHERE, COVERAGE_NOWHERE, COVERAGE_NOWHERE, COVERAGE_NOWHERE};

bool coverage_map_loc(struct coverage_stream *s, struct coverage_loc *ret)
{
	if (!s->what && stream_has(s, FAST_BYTES)) {
		const char *p = fast_loc(s->p, ret);
		if (p) {
			s->p = p;
			return true;
		}
	}
	*ret = nowhere;
	return slow_loc(s, ret);
}

/* ---- entries --------------------------------------------------------------------------------- */

static inline size_t position(const struct coverage_stream *s)
{
	return s->text->len + (size_t)(s->p - s->mark);
}

static bool slow_id(struct coverage_stream *s, uint32_t *ret)
{
	char key[32], *end;

	if (!stream_key(s, key))
		return false;
	unsigned long id = strtoul(key, &end, 10);
	if (key[0] < '0' || key[0] > '9' || *end || id >= UINT32_MAX)
		return stream_fault(s, "an id that is no number");
	*ret = (uint32_t)id;
	return true;
}

bool coverage_map_id(struct coverage_stream *s, uint32_t *ret)
{
	int32_t id;

	if (s->what)
		return false;
	if (stream_has(s, 32) && *s->p == '"') {
		const char *p = fast_int(s->p + 1, &id);
		if (p && p[0] == '"' && p[1] == ':') {
			*ret = (uint32_t)id;
			s->p = p + 2;
			return true;
		}
	}
	return slow_id(s, ret);
}

static bool read_statement(struct coverage_map *m, struct coverage_stream *s)
{
	struct coverage_loc *key = &m->keys[m->n];

	if (!coverage_map_loc(s, key))
		return false;
	return key->line != COVERAGE_NOWHERE || stream_fault(s, "a statement without a line");
}

static void make_room(struct coverage_map *m, enum coverage_part part)
{
	GROW(m->keys, m->n + 1, m->cap);
	GROW(m->spans, m->n + 1, m->spans_cap);
	if (part == PART_FUNCTIONS)
		GROW(m->functions, m->n + 1, m->functions_cap);
	if (part == PART_BRANCHES)
		GROW(m->branches, m->n + 1, m->branches_cap);
}

/* Statements in the regular form, each with the comma behind it; stops before any other. */
static void fast_statements(struct coverage_map *m, struct coverage_stream *s)
{
	int32_t id;

	while (stream_has(s, 2 * FAST_BYTES)) {
		make_room(m, PART_STATEMENTS);
		const char *p = *s->p == '"' ? fast_int(s->p + 1, &id) : NULL;
		if (!p || p[0] != '"' || p[1] != ':')
			return;
		const char *end = fast_loc(p + 2, &m->keys[m->n]);
		if (!end || *end != ',')
			return;
		size_t at = position(s) + (size_t)(p + 2 - s->p);
		m->spans[m->n] =
			(struct coverage_span){(uint32_t)at, (uint32_t)(end - p - 2), (uint32_t)id};
		m->dense &= (size_t)id == m->n;
		m->n++;
		s->p = end + 1;
	}
}

static bool read_name(struct coverage_stream *s, struct map_function *f)
{
	stream_peek(s);
	size_t at = position(s);
	if (!stream_string(s, NULL))
		return false;
	f->name_at = (uint32_t)at + 1;
	f->name_len = (uint32_t)(position(s) - at - 2);
	return true;
}

static bool read_function(struct coverage_map *m, struct coverage_stream *s)
{
	struct coverage_loc *key = &m->keys[m->n], decl = nowhere;
	struct map_function *f = &m->functions[m->n];
	char name[32];
	bool first = true;

	*key = nowhere;
	*f = (struct map_function){COVERAGE_NOWHERE, 0, 0};
	if (!stream_expect(s, '{'))
		return false;
	while (stream_member(s, &first, name))
		if (!(streq(name, "name")         ? read_name(s, f)
			    : streq(name, "loc")  ? coverage_map_loc(s, key)
			    : streq(name, "decl") ? coverage_map_loc(s, &decl)
						  : stream_skip(s)))
			return false;
	if (key->line == COVERAGE_NOWHERE)
		*key = decl;
	f->decl_line = decl.line != COVERAGE_NOWHERE ? decl.line : key->line;
	if (!s->what && f->decl_line == COVERAGE_NOWHERE)
		return stream_fault(s, "a function without a line");
	return !s->what;
}

static bool read_locations(
	struct coverage_stream *s, struct coverage_loc *first_loc, uint32_t *ret_n)
{
	struct coverage_loc loc;
	bool first = true;

	if (!stream_expect(s, '['))
		return false;
	for (*ret_n = 0; stream_next(s, &first, ']'); (*ret_n)++)
		if (!coverage_map_loc(s, *ret_n ? &loc : first_loc))
			return false;
	return !s->what;
}

static bool read_branch(struct coverage_map *m, struct coverage_stream *s)
{
	struct coverage_loc *key = &m->keys[m->n];
	struct map_branch *b = &m->branches[m->n];
	char name[32];
	bool first = true;

	*key = nowhere;
	*b = (struct map_branch){nowhere, COVERAGE_NOWHERE, 0};
	if (!stream_expect(s, '{'))
		return false;
	while (stream_member(s, &first, name))
		if (!(streq(name, "loc")               ? coverage_map_loc(s, &b->loc)
			    : streq(name, "locations") ? read_locations(s, key, &b->locations)
			    : streq(name, "line")      ? stream_int(s, &b->line)
						       : stream_skip(s)))
			return false;
	if (!b->locations)
		*key = b->loc;
	if (b->loc.line == COVERAGE_NOWHERE)
		b->loc = *key;
	/* Istanbul: `line || loc.start.line` */
	if (b->line == COVERAGE_NOWHERE || b->line == 0)
		b->line = b->loc.line;
	if (!s->what && b->line == COVERAGE_NOWHERE)
		return stream_fault(s, "a branch without a line");
	return !s->what;
}

bool coverage_map_read(struct coverage_map *m, struct coverage_stream *s, enum coverage_part part)
{
	static bool (*const read[PARTS])(struct coverage_map *, struct coverage_stream *) = {
		[PART_STATEMENTS] = read_statement,
		[PART_FUNCTIONS] = read_function,
		[PART_BRANCHES] = read_branch,
	};
	bool first = true;
	uint32_t id;

	coverage_map_reset(m);
	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}')) {
		make_room(m, part);
		if (!coverage_map_id(s, &id))
			return false;
		stream_peek(s);
		size_t at = position(s);
		if (!read[part](m, s))
			return false;
		m->spans[m->n] =
			(struct coverage_span){(uint32_t)at, (uint32_t)(position(s) - at), id};
		m->dense &= id == m->n;
		m->n++;
		if (part != PART_STATEMENTS || !stream_take(s, ','))
			continue;
		/* the comma goes with the entry before it, so one more follows */
		fast_statements(m, s);
		first = true;
		if (stream_peek(s) == '}')
			return stream_fault(s, "expected a statement");
	}
	return !s->what;
}
