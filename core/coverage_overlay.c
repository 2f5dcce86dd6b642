#include "core/base/base.h"

#include "core/coverage_parts.h"

/*
 * lcov and Cobertura know lines, Istanbul knows places. Where a file came in both, the counts of a
 * line go to all statements that begin on it, those of a function to the one of the same name and
 * line, those of a branch to the one with as many arms at the same turn on its line. What has no
 * counterpart stays an entry of its own, so that no line is lost.
 */

struct overlay {
	const struct coverage_version *places, *lines;
	struct combined *out;
	bool *used; /* entries of `lines` that have found one */
};

/* An entry with its line and its turn on that line. */
struct on_line {
	int32_t line;
	uint32_t turn, index;
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
			0, (uint32_t)i};
	qsort(list, m->n, sizeof(*list), by_line);
	for (size_t i = 1; i < m->n; i++)
		if (list[i].line == list[i - 1].line)
			list[i].turn = list[i - 1].turn + 1;
	return list;
}

static size_t arms(const struct coverage_version *v, size_t i)
{
	return v->arm_at[i + 1] - v->arm_at[i];
}

static bool is_counterpart(
	const struct overlay *o, enum coverage_part part, struct on_line a, struct on_line b)
{
	const struct map_function *f = o->places->map[PART_FUNCTIONS].functions;
	const struct map_function *g = o->lines->map[PART_FUNCTIONS].functions;

	switch (part) {
	case PART_STATEMENTS:
		return true;
	case PART_FUNCTIONS:
		return f[a.index].name_len == g[b.index].name_len &&
		       memcmp(o->places->text[part] + f[a.index].name_at,
			       o->lines->text[part] + g[b.index].name_at, f[a.index].name_len) == 0;
	default:
		return a.turn == b.turn && arms(o->places, a.index) == arms(o->lines, b.index);
	}
}

static void add_counts(const struct overlay *o, enum coverage_part part, size_t to, size_t from)
{
	bool branch = part == PART_BRANCHES;
	uint64_t *a = o->out->hits + (branch ? o->places->arm_at[to] : to);
	const uint64_t *b = version_hits(o->lines, part) + (branch ? o->lines->arm_at[from] : from);
	size_t n = branch ? arms(o->lines, from) : 1;

	for (size_t i = 0; i < n; i++)
		a[i] = MIN(a[i] + b[i], COVERAGE_HITS_MAX);
}

static void pair_up(struct overlay *o, enum coverage_part part)
{
	cleanup_free struct on_line *a = by_lines(o->places, part);
	cleanup_free struct on_line *b = by_lines(o->lines, part);
	size_t n = o->places->map[part].n, k = o->lines->map[part].n;

	for (size_t i = 0, j = 0; i < n; i++) {
		while (j < k && b[j].line < a[i].line)
			j++;
		for (size_t l = j; l < k && b[l].line == a[i].line; l++) {
			/* a line has one count for all its statements; else one is for one */
			if ((o->used[b[l].index] && part != PART_STATEMENTS) ||
				!is_counterpart(o, part, a[i], b[l]))
				continue;
			o->used[b[l].index] = true;
			add_counts(o, part, a[i].index, b[l].index);
			break;
		}
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
	const struct coverage_version *p = o->places, *l = o->lines;
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
	pair_up(o, part);
	for (size_t i = 0; i < k; i++)
		if (!o->used[i])
			append(o, part, i);
	strbuf_addch(&out->text, '}');
	free(o->used);
}

struct coverage_version *coverage_overlay(
	const struct coverage_version *places, const struct coverage_version *lines)
{
	struct combined parts[PARTS] = {{STRBUF_INIT}, {STRBUF_INIT}, {STRBUF_INIT}};

	for (int part = 0; part < PARTS; part++) {
		struct overlay o = {places, lines, &parts[part], NULL};
		overlay_part(&o, (enum coverage_part)part);
	}
	return coverage_version_new(parts, places->extra, false);
}
