#include "core/base/base.h"

#include "core/coverage/parts.h"

/*
 * lcov and Cobertura know lines, Istanbul knows places. Where a file came in both, the counts of a
 * line go to all statements that begin on it, those of a function to the one of the same name and
 * line, those of branches arm by arm to the branches on the line, if they have as many arms. What
 * has no counterpart stays an entry of its own, so that no line is lost.
 */

struct overlay {
	const struct coverage_version *base, *lines;
	struct combined *out;
	bool *used; /* entries of `lines` that have found one */
};

struct on_line {
	int32_t line;
	uint32_t index;
};

static int by_line(const void *a, const void *b)
{
	const struct on_line *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

static struct on_line *by_lines(const struct coverage_version *v, enum coverage_part part)
{
	const struct coverage_map *m = &v->map[part];
	struct on_line *list = xcalloc(m->n + 1, sizeof(*list));

	for (size_t i = 0; i < m->n; i++)
		list[i] = (struct on_line){part == PART_STATEMENTS  ? m->keys[i].line
					   : part == PART_FUNCTIONS ? m->functions[i].decl_line
								    : m->branches[i].line,
			(uint32_t)i};
	qsort(list, m->n, sizeof(*list), by_line);
	return list;
}

static size_t arms(const struct coverage_version *v, size_t i)
{
	return v->arm_at[i + 1] - v->arm_at[i];
}

static bool is_same_function(const struct overlay *o, size_t a, size_t b)
{
	const struct map_function *f = &o->base->map[PART_FUNCTIONS].functions[a];
	const struct map_function *g = &o->lines->map[PART_FUNCTIONS].functions[b];

	return f->name_len == g->name_len &&
	       memcmp(o->base->text[PART_FUNCTIONS] + f->name_at,
		       o->lines->text[PART_FUNCTIONS] + g->name_at, f->name_len) == 0;
}

static void add(uint64_t *to, uint64_t hits)
{
	*to = MIN(*to + hits, COVERAGE_HITS_MAX);
}

static void pair_up(struct overlay *o, enum coverage_part part)
{
	cleanup_free struct on_line *a = by_lines(o->base, part);
	cleanup_free struct on_line *b = by_lines(o->lines, part);
	const uint64_t *hits = version_hits(o->lines, part);
	size_t n = o->base->map[part].n, k = o->lines->map[part].n;

	for (size_t i = 0, j = 0; i < n; i++) {
		while (j < k &&
			(b[j].line < a[i].line || (part == PART_FUNCTIONS && o->used[b[j].index])))
			j++;
		for (size_t l = j; l < k && b[l].line == a[i].line; l++) {
			/* a line has one count for all its statements; else one is for one */
			if (part == PART_FUNCTIONS &&
				(o->used[b[l].index] ||
					!is_same_function(o, a[i].index, b[l].index)))
				continue;
			o->used[b[l].index] = true;
			add(&o->out->hits[a[i].index], hits[b[l].index]);
			break;
		}
	}
}

/* Arms of the branches [from, …) that stand on one line; `*ret_to` is behind them. */
static size_t arms_on_line(
	const struct coverage_version *v, const struct on_line *list, size_t from, size_t *ret_to)
{
	size_t n = 0, to = from;

	for (; to < v->map[PART_BRANCHES].n && list[to].line == list[from].line; to++)
		n += arms(v, list[to].index);
	*ret_to = to;
	return n;
}

/* Arm by arm, whichever branches they belong to. */
static void add_arms(struct overlay *o, const struct on_line *a, const struct on_line *b, size_t n)
{
	const uint64_t *hits = version_hits(o->lines, PART_BRANCHES);
	size_t arm_a = 0, arm_b = 0;

	for (size_t i = 0; i < n; i++) {
		for (; arm_a == arms(o->base, a->index); a++)
			arm_a = 0;
		for (; arm_b == arms(o->lines, b->index); b++)
			arm_b = 0;
		o->used[b->index] = true;
		add(&o->out->hits[o->base->arm_at[a->index] + arm_a++],
			hits[o->lines->arm_at[b->index] + arm_b++]);
	}
}

/* Of a line it is only known how many arms were taken: those that the base knows to be, as far as
 * they go. To take others would make two halves a whole that nobody has seen. */
static void add_conditions(
	struct overlay *o, const struct on_line *a, const struct on_line *b, size_t n)
{
	const uint64_t *hits = version_hits(o->lines, PART_BRANCHES) + o->lines->arm_at[b->index];
	size_t taken = 0;

	for (size_t i = 0; i < arms(o->lines, b->index); i++)
		taken += hits[i] > 0;
	for (int known = 1; known >= 0; known--) {
		const struct on_line *at = a;
		size_t arm = 0;
		for (size_t i = 0; i < n; i++) {
			for (; arm == arms(o->base, at->index); at++)
				arm = 0;
			size_t place = o->base->arm_at[at->index] + arm++;
			bool hit = version_hits(o->base, PART_BRANCHES)[place] > 0;
			if (!taken || hit != (bool)known)
				continue;
			add(&o->out->hits[place], 1);
			taken--;
		}
	}
	o->used[b->index] = true;
}

static void pair_up_branches(struct overlay *o)
{
	cleanup_free struct on_line *a = by_lines(o->base, PART_BRANCHES);
	cleanup_free struct on_line *b = by_lines(o->lines, PART_BRANCHES);
	size_t n = o->base->map[PART_BRANCHES].n, k = o->lines->map[PART_BRANCHES].n;
	size_t i = 0, j = 0, next_i, next_j;

	while (i < n && j < k) {
		size_t of_a = arms_on_line(o->base, a, i, &next_i);
		size_t of_b = arms_on_line(o->lines, b, j, &next_j);
		bool same = a[i].line == b[j].line;
		if (same && o->lines->grain == GRAIN_CONDITIONS)
			add_conditions(o, a + i, b + j, of_a);
		else if (same && of_a == of_b)
			add_arms(o, a + i, b + j, of_a);
		bool behind = a[i].line <= b[j].line;
		if (a[i].line >= b[j].line)
			j = next_j;
		if (behind)
			i = next_i;
	}
}

static void append(struct overlay *o, enum coverage_part part, size_t i)
{
	const struct coverage_span *span = &o->lines->map[part].spans[i];
	struct combined *out = o->out;
	bool branch = part == PART_BRANCHES;
	const uint64_t *hits = version_hits(o->lines, part) + (branch ? o->lines->arm_at[i] : i);

	strbuf_addf(&out->text, "%s\"%zu\":", out->n ? "," : "", out->n);
	strbuf_add(&out->text, o->lines->text[part] + span->at, span->len);
	for (size_t arm = 0; arm < (branch ? arms(o->lines, i) : 1); arm++)
		out->hits[out->n_hits++] = hits[arm];
	out->arm_at[++out->n] = (uint32_t)out->n_hits;
}

static void overlay_part(struct overlay *o, enum coverage_part part)
{
	const struct coverage_version *p = o->base, *l = o->lines;
	size_t n = p->map[part].n, k = l->map[part].n;
	size_t n_hits = part == PART_BRANCHES ? version_arms(p) : n;
	size_t k_hits = part == PART_BRANCHES ? version_arms(l) : k;
	struct combined *out = o->out;

	out->hits = xcalloc(n_hits + k_hits + 1, sizeof(*out->hits));
	out->arm_at = xcalloc(n + k + 1, sizeof(*out->arm_at));
	memcpy(out->hits, version_hits(p, part), n_hits * sizeof(*out->hits));
	for (size_t i = 0; i <= n; i++)
		out->arm_at[i] = part == PART_BRANCHES ? p->arm_at[i] : (uint32_t)i;
	out->n = n;
	out->n_hits = n_hits;
	strbuf_add(&out->text, p->text[part], p->len[part] - 1);
	o->used = xcalloc(k + 1, sizeof(*o->used));
	if (part == PART_BRANCHES)
		pair_up_branches(o);
	else
		pair_up(o, part);
	for (size_t i = 0; i < k; i++)
		if (!o->used[i])
			append(o, part, i);
	strbuf_addch(&out->text, '}');
	free(o->used);
}

struct coverage_version *coverage_overlay(
	const struct coverage_version *base, const struct coverage_version *lines)
{
	struct combined parts[PARTS] = {{STRBUF_INIT}, {STRBUF_INIT}, {STRBUF_INIT}};

	for (int part = 0; part < PARTS; part++) {
		struct overlay o = {base, lines, &parts[part], NULL};
		overlay_part(&o, (enum coverage_part)part);
	}
	return coverage_version_new(parts, base->extra, base->grain);
}
