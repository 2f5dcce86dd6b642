#include "core/base/base.h"

#include "core/coverage/digits.h"
#include "core/coverage/parts.h"

/*
 * The counts of an entry, which every input brings, while maps are only compared: most of what is
 * left to do when the same maps come again. So the usual form, `"12":3,`, has loops of its own,
 * which go on as long as what they read is that and is surely in the window. They take the comma,
 * too: an entry that is read with care always follows.
 */
enum {
	COUNT_BYTES = 32,  /* no count of the usual form, nor an arm, takes as many */
	COUNT_LEAST = 6,   /* `"1":0,` */
	ARM_LEAST = 2,     /* `0,` */
	BRANCH_BYTES = 512 /* room for a branch; one with more arms goes the long way */
};

/* ---- ids ------------------------------------------------------------------------------------- */

/* Ids are kept from the first one on that is not 0, 1, 2 and so on. */
static void keep_id(struct coverage_counts *c, size_t at, uint32_t id)
{
	GROW(c->ids, at + 1, c->ids_cap);
	for (size_t i = 0; c->dense && i < at; i++)
		c->ids[i] = (uint32_t)i;
	c->dense = false;
	c->ids[at] = id;
}

static inline void add_id(struct coverage_counts *c, size_t at, uint32_t id)
{
	if (!c->dense || id != at)
		keep_id(c, at, id);
}

uint32_t coverage_counts_id(const struct coverage_counts *c, size_t at)
{
	return c->dense ? (uint32_t)at : c->ids[at];
}

/* `"12":` Returns what is behind it, or NULL. */
static inline const char *fast_id(const char *p, uint32_t *ret)
{
	unsigned n = *p == '"' ? coverage_digits(p + 1, ret) : 0;

	p += n + 1;
	return n && p[0] == '"' && p[1] == ':' ? p + 2 : NULL;
}

/* ---- statements and functions ---------------------------------------------------------------- */

static void fast_counts(struct coverage_counts *c, struct coverage_stream *s)
{
	const char *p = s->p, *end = s->end;
	size_t n = c->n;
	uint32_t id, hits;

	GROW(c->v, n + (size_t)(end - p) / COUNT_LEAST + 1, c->cap);
	uint64_t *v = c->v;
	while (end - p >= COUNT_BYTES) {
		const char *at = fast_id(p, &id);
		unsigned len = at ? coverage_digits(at, &hits) : 0;
		if (!len || at[len] != ',')
			break;
		add_id(c, n, id);
		v[n++] = hits;
		p = at + len + 1;
	}
	c->n = n;
	s->p = p;
}

bool coverage_counts_read(struct coverage_counts *c, struct coverage_stream *s)
{
	bool first = true;
	uint32_t id;

	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}')) {
		fast_counts(c, s);
		if (stream_peek(s) == '}')
			return stream_fault(s, "expected a count");
		if (!coverage_map_id(s, &id))
			return false;
		GROW(c->v, c->n + 1, c->cap);
		add_id(c, c->n, id);
		if (!stream_hits(s, &c->v[c->n]))
			return false;
		c->n++;
	}
	return !s->what;
}

/* ---- branches -------------------------------------------------------------------------------- */

/* `[1,0,12]` Returns what is behind it, or NULL. */
static inline const char *fast_arms(const char *p, const char *end, uint64_t *v, size_t *n)
{
	uint32_t hits;
	unsigned len;

	if (*p != '[')
		return NULL;
	do {
		len = coverage_digits(++p, &hits);
		v[(*n)++] = hits;
		p += len;
	} while (len && *p == ',' && end - p >= COUNT_BYTES);
	return len && *p == ']' ? p + 1 : NULL;
}

static void fast_branches(struct coverage_entry *e, struct coverage_stream *s)
{
	struct coverage_counts *c = &e->hits[PART_BRANCHES];
	const char *p = s->p, *end = s->end;
	size_t arms = c->n, n = e->arm_n;
	uint32_t id;

	GROW(c->v, arms + (size_t)(end - p) / ARM_LEAST + 1, c->cap);
	GROW(e->arm_at, n + (size_t)(end - p) / COUNT_LEAST + 1, e->arm_cap);
	while (end - p >= BRANCH_BYTES) {
		size_t more = arms;
		const char *at = fast_id(p, &id);
		at = at ? fast_arms(at, p + BRANCH_BYTES, c->v, &more) : NULL;
		if (!at || *at != ',')
			break;
		add_id(c, n, id);
		e->arm_at[n++] = (uint32_t)arms;
		arms = more;
		p = at + 1;
	}
	c->n = arms;
	e->arm_n = n;
	s->p = p;
}

static bool read_arms(struct coverage_counts *c, struct coverage_stream *s)
{
	bool first = true;

	if (!stream_expect(s, '['))
		return false;
	while (stream_next(s, &first, ']')) {
		GROW(c->v, c->n + 1, c->cap);
		if (!stream_hits(s, &c->v[c->n]))
			return false;
		c->n++;
	}
	return !s->what;
}

static bool read_branches(struct coverage_entry *e, struct coverage_stream *s)
{
	struct coverage_counts *c = &e->hits[PART_BRANCHES];
	bool first = true;
	uint32_t id;

	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}')) {
		fast_branches(e, s);
		if (!coverage_map_id(s, &id))
			return false;
		GROW(e->arm_at, e->arm_n + 1, e->arm_cap);
		add_id(c, e->arm_n, id);
		e->arm_at[e->arm_n++] = (uint32_t)c->n;
		if (!read_arms(c, s))
			return false;
		if (c->n >= UINT32_MAX)
			return stream_fault(s, "too many branches");
	}
	return !s->what;
}

bool coverage_counts_branches(struct coverage_entry *e, struct coverage_stream *s)
{
	e->arm_n = 0;
	if (!read_branches(e, s))
		return false;
	GROW(e->arm_at, e->arm_n + 1, e->arm_cap);
	e->arm_at[e->arm_n] = (uint32_t)e->hits[PART_BRANCHES].n;
	return true;
}
