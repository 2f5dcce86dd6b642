#include "core/base/base.h"

#include "core/coverage/parts.h"

/* Places looked at for containers, all parts and versions of a file together: some seconds. */
#define STEPS_MAX ((int64_t)400 * 1000 * 1000)

int coverage_version_compare(const struct coverage_version *a, const struct coverage_version *b)
{
	if (a->grain != b->grain)
		return a->grain < b->grain ? -1 : 1;
	for (int part = 0; part < PARTS; part++) {
		int r = memcmp(a->text[part], b->text[part], MIN(a->len[part], b->len[part]));
		if (r)
			return r;
		if (a->len[part] != b->len[part])
			return a->len[part] < b->len[part] ? -1 : 1;
	}
	return memcmp(a->arm_at, b->arm_at, (a->map[PART_BRANCHES].n + 1) * sizeof(*a->arm_at));
}

/* ---- which entries are the same -------------------------------------------------------------- */

/* An entry of one version. Of several at one place the first is one with the first of the other
 * version, and so on. */
struct reference {
	struct coverage_loc key;
	uint32_t ordinal, version, index;
};

static int by_key(const void *a, const void *b)
{
	const struct reference *x = a, *y = b;
	int r = memcmp(&x->key, &y->key, sizeof(x->key));

	if (r)
		return r;
	if (x->ordinal != y->ordinal)
		return x->ordinal < y->ordinal ? -1 : 1;
	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* References of a part, the same ones side by side. */
static struct reference *references(
	const struct coverage_version *const *v, size_t n, enum coverage_part part, size_t *ret_n)
{
	size_t total = 0, at = 0;

	for (size_t i = 0; i < n; i++)
		total += v[i]->map[part].n;
	struct reference *r = xcalloc(total + 1, sizeof(*r));
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < v[i]->map[part].n; j++)
			r[at++] = (struct reference){
				v[i]->map[part].keys[j], 0, (uint32_t)i, (uint32_t)j};
	qsort(r, total, sizeof(*r), by_key);
	for (size_t i = 1; i < total; i++)
		if (r[i].version == r[i - 1].version &&
			memcmp(&r[i].key, &r[i - 1].key, sizeof(r->key)) == 0)
			r[i].ordinal = r[i - 1].ordinal + 1;
	qsort(r, total, sizeof(*r), by_key);
	*ret_n = total;
	return r;
}

/* One entry of the result: references [from, to). */
struct item {
	size_t from, to;
	uint32_t version, index; /* of the first of them: its text, and its place in the order */
};

static int by_first(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->version != y->version)
		return x->version < y->version ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct item *items_of(const struct reference *r, size_t n, size_t *ret_n)
{
	struct item *items = xcalloc(n + 1, sizeof(*items));
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (i && r[i].ordinal == r[i - 1].ordinal &&
			memcmp(&r[i].key, &r[i - 1].key, sizeof(r->key)) == 0)
			items[count - 1].to = i + 1;
		else
			items[count++] = (struct item){i, i + 1, r[i].version, r[i].index};
	}
	qsort(items, count, sizeof(*items), by_first);
	*ret_n = count;
	return items;
}

/* ---- counts ---------------------------------------------------------------------------------- */

struct merging {
	const struct coverage_version *const *v;
	size_t n;
	enum coverage_part part;
	const struct reference *refs;
	struct item *items;
	size_t n_items;
	int64_t *steps;
};

/* The place that is looked for in the other version: a branch's is the whole of it. */
static struct coverage_loc place_of(
	const struct coverage_version *v, enum coverage_part part, size_t i)
{
	return part == PART_BRANCHES ? v->map[part].branches[i].loc : v->map[part].keys[i];
}

static size_t arms_of(const struct coverage_version *v, enum coverage_part part, size_t i)
{
	return part == PART_BRANCHES ? v->arm_at[i + 1] - v->arm_at[i] : 1;
}

static const uint64_t *hits_at(const struct coverage_version *v, enum coverage_part part, size_t i)
{
	return version_hits(v, part) + (part == PART_BRANCHES ? v->arm_at[i] : i);
}

static void add(struct combined *out, size_t item, const struct coverage_version *v,
	enum coverage_part part, size_t i)
{
	uint64_t *to = out->hits + out->arm_at[item];
	size_t n = MIN(out->arm_at[item + 1] - out->arm_at[item], arms_of(v, part, i));
	const uint64_t *hits = hits_at(v, part, i);

	for (size_t arm = 0; arm < n; arm++)
		to[arm] = MIN(to[arm] + hits[arm], COVERAGE_HITS_MAX);
}

/* Where versions disagree on the number of arms, the most count. */
static void lay_out(struct combined *out, const struct merging *m)
{
	size_t total = 0;

	out->arm_at = xcalloc(m->n_items + 1, sizeof(*out->arm_at));
	for (size_t i = 0; i < m->n_items; i++) {
		size_t most = 0;
		for (size_t r = m->items[i].from; r < m->items[i].to; r++)
			most = MAX(
				most, arms_of(m->v[m->refs[r].version], m->part, m->refs[r].index));
		out->arm_at[i] = (uint32_t)total;
		total += most;
	}
	out->arm_at[m->n_items] = (uint32_t)total;
	out->n = m->n_items;
	out->n_hits = total;
	out->hits = xcalloc(total + 1, sizeof(*out->hits));
}

static bool is_in(const struct merging *m, const struct item *item, size_t version)
{
	for (size_t r = item->from; r < item->to; r++)
		if (m->refs[r].version == version)
			return true;
	return false;
}

/* What version `w` says of the entries that it does not have itself. */
static void add_containers(struct combined *out, const struct merging *m, size_t w)
{
	const struct coverage_version *v = m->v[w];
	size_t n = v->map[m->part].n, n_queries = 0;
	cleanup_free struct container_query *queries = xmalloc((m->n_items + 1) * sizeof(*queries));
	cleanup_free struct coverage_loc *locs = xmalloc((n + 1) * sizeof(*locs));

	for (size_t i = 0; i < m->n_items; i++) {
		const struct item *item = &m->items[i];
		if (!is_in(m, item, w))
			queries[n_queries++] = (struct container_query){
				place_of(m->v[item->version], m->part, item->index), i, SIZE_MAX};
	}
	for (size_t i = 0; i < n; i++)
		locs[i] = place_of(v, m->part, i);
	coverage_containers(queries, n_queries, locs, n, m->steps);
	for (size_t q = 0; q < n_queries; q++)
		if (queries[q].found != SIZE_MAX)
			add(out, queries[q].item, v, m->part, queries[q].found);
}

static void combine_part(struct combined *out, const struct merging *m)
{
	lay_out(out, m);
	strbuf_addch(&out->text, '{');
	for (size_t i = 0; i < m->n_items; i++) {
		const struct coverage_version *v = m->v[m->items[i].version];
		const struct coverage_span *span = &v->map[m->part].spans[m->items[i].index];
		strbuf_addf(&out->text, "%s\"%zu\":", i ? "," : "", i);
		strbuf_add(&out->text, v->text[m->part] + span->at, span->len);
		for (size_t r = m->items[i].from; r < m->items[i].to; r++)
			add(out, i, m->v[m->refs[r].version], m->part, m->refs[r].index);
	}
	strbuf_addch(&out->text, '}');
	for (size_t w = 0; w < m->n; w++)
		add_containers(out, m, w);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void decode(struct coverage_map *m, const char *text, size_t len, enum coverage_part part)
{
	cleanup_strbuf struct strbuf unused = STRBUF_INIT;
	struct coverage_stream s;

	stream_open_text(&s, text, len, 0);
	stream_capture(&s, &unused);
	coverage_map_read(m, &s, part);
}

struct coverage_version *coverage_version_new(
	struct combined parts[static PARTS], const char *extra, enum coverage_grain grain)
{
	struct coverage_version *v = xcalloc(1, sizeof(*v));
	size_t total = 0, at = 0;

	for (int part = 0; part < PARTS; part++) {
		v->len[part] = parts[part].text.len;
		v->text[part] = strbuf_detach(&parts[part].text);
		decode(&v->map[part], v->text[part], v->len[part], (enum coverage_part)part);
		total += parts[part].n_hits;
	}
	v->hits = xcalloc(total + 1, sizeof(*v->hits));
	for (int part = 0; part < PARTS; part++) {
		if (parts[part].n_hits)
			memcpy(v->hits + at, parts[part].hits,
				parts[part].n_hits * sizeof(*v->hits));
		at += parts[part].n_hits;
		free(parts[part].hits);
		if (part != PART_BRANCHES)
			free(parts[part].arm_at);
	}
	v->arm_at = parts[PART_BRANCHES].arm_at;
	v->extra = xstrdup(extra);
	v->grain = grain;
	return v;
}

struct coverage_version *coverage_combine(
	const struct coverage_version *const *v, size_t n, bool *ret_limited)
{
	struct combined parts[PARTS] = {{STRBUF_INIT}, {STRBUF_INIT}, {STRBUF_INIT}};
	const char *extra = v[0]->extra;
	int64_t steps = STEPS_MAX;

	for (size_t i = 1; i < n; i++)
		if (strcmp(v[i]->extra, extra) < 0)
			extra = v[i]->extra;
	for (int part = 0; part < PARTS; part++) {
		struct merging m = {v, n, (enum coverage_part)part, NULL, NULL, 0, &steps};
		size_t n_refs;
		cleanup_free struct reference *refs = references(v, n, m.part, &n_refs);
		cleanup_free struct item *items = items_of(refs, n_refs, &m.n_items);
		m.refs = refs;
		m.items = items;
		combine_part(&parts[part], &m);
	}
	*ret_limited |= steps <= 0;
	return coverage_version_new(parts, extra, v[0]->grain);
}
