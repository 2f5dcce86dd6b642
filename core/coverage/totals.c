#include "core/base/base.h"

#include "core/coverage/parts.h"

#include <math.h>

double coverage_pct(struct coverage_count c)
{
	if (c.total <= 0)
		return 100;
	/* Istanbul's own steps: another order of them rounds differently */
	return floor((1000.0 * 100 * (double)c.covered / (double)c.total) / 10) / 100;
}

const char *coverage_kind_name(enum coverage_kind kind)
{
	static const char *const names[COVERAGE_KINDS] = {
		"lines", "statements", "functions", "branches"};

	return names[kind];
}

void coverage_totals_add(struct coverage_totals *sum, const struct coverage_totals *more)
{
	for (int kind = 0; kind < COVERAGE_KINDS; kind++) {
		sum->of[kind].covered += more->of[kind].covered;
		sum->of[kind].total += more->of[kind].total;
	}
}

/* ---- lines ----------------------------------------------------------------------------------- */

static int by_line(const void *a, const void *b)
{
	const struct coverage_line *x = a, *y = b;

	return x->line < y->line ? -1 : x->line > y->line;
}

/* One of each line, with the most hits that one of them has. Returns how many. */
static size_t fold(struct coverage_line *lines, size_t n, bool sorted)
{
	size_t kept = 0;

	if (!sorted)
		qsort(lines, n, sizeof(*lines), by_line);
	for (size_t i = 0; i < n; i++) {
		struct coverage_line *last = kept ? &lines[kept - 1] : NULL;
		if (last && last->line == lines[i].line) {
			last->hits = MAX(last->hits, lines[i].hits);
			last->arms += lines[i].arms;
			last->arms_covered += lines[i].arms_covered;
		} else {
			lines[kept++] = lines[i];
		}
	}
	return kept;
}

static size_t statement_lines(const struct coverage_version *v, struct coverage_line *lines)
{
	const struct coverage_map *m = &v->map[PART_STATEMENTS];
	bool sorted = true;

	for (size_t i = 0; i < m->n; i++) {
		lines[i] = (struct coverage_line){.line = m->keys[i].line, .hits = v->hits[i]};
		sorted &= !i || lines[i - 1].line <= lines[i].line;
	}
	return fold(lines, m->n, sorted);
}

static size_t branch_lines(const struct coverage_version *v, struct coverage_line *lines)
{
	const struct coverage_map *m = &v->map[PART_BRANCHES];
	const uint64_t *hits = version_hits(v, PART_BRANCHES);
	bool sorted = true;

	for (size_t i = 0; i < m->n; i++) {
		lines[i] = (struct coverage_line){.line = m->branches[i].line, .has_branch = true};
		for (uint32_t arm = v->arm_at[i]; arm < v->arm_at[i + 1]; arm++) {
			lines[i].arms++;
			lines[i].arms_covered += hits[arm] > 0;
		}
		sorted &= !i || lines[i - 1].line <= lines[i].line;
	}
	return fold(lines, m->n, sorted);
}

size_t coverage_file_lines(const struct coverage_file *f, struct coverage_line **ret)
{
	const struct coverage_version *v = coverage_file_version(f);
	size_t n_branches = v->map[PART_BRANCHES].n;
	cleanup_free struct coverage_line *branches = xmalloc((n_branches + 1) * sizeof(*branches));

	*ret = xmalloc((v->map[PART_STATEMENTS].n + 1) * sizeof(**ret));
	size_t n = statement_lines(v, *ret);
	n_branches = branch_lines(v, branches);
	for (size_t i = 0, j = 0; i < n; i++) {
		while (j < n_branches && branches[j].line < (*ret)[i].line)
			j++;
		if (j == n_branches || branches[j].line != (*ret)[i].line)
			continue;
		(*ret)[i].arms = branches[j].arms;
		(*ret)[i].arms_covered = branches[j].arms_covered;
		(*ret)[i].has_branch = true;
	}
	return n;
}

size_t coverage_file_branch_lines(const struct coverage_file *f, struct coverage_line **ret)
{
	const struct coverage_version *v = coverage_file_version(f);

	*ret = xmalloc((v->map[PART_BRANCHES].n + 1) * sizeof(**ret));
	return branch_lines(v, *ret);
}

/* ---- totals ---------------------------------------------------------------------------------- */

static struct coverage_count count(const uint64_t *hits, size_t n)
{
	struct coverage_count c = {0, (int64_t)n};

	for (size_t i = 0; i < n; i++)
		c.covered += hits[i] > 0;
	return c;
}

struct coverage_totals coverage_file_totals(const struct coverage_file *f)
{
	const struct coverage_version *v = coverage_file_version(f);
	size_t n = v->map[PART_STATEMENTS].n;
	cleanup_free struct coverage_line *lines = xmalloc((n + 1) * sizeof(*lines));
	struct coverage_totals totals = {{{0}}};

	totals.of[COVERAGE_STATEMENTS] = count(v->hits, n);
	totals.of[COVERAGE_FUNCTIONS] =
		count(version_hits(v, PART_FUNCTIONS), v->map[PART_FUNCTIONS].n);
	totals.of[COVERAGE_BRANCHES] = count(version_hits(v, PART_BRANCHES), version_arms(v));
	n = statement_lines(v, lines);
	totals.of[COVERAGE_LINES].total = (int64_t)n;
	for (size_t i = 0; i < n; i++)
		totals.of[COVERAGE_LINES].covered += lines[i].hits > 0;
	return totals;
}

struct coverage_totals coverage_totals_of(const struct coverage *c)
{
	struct coverage_totals sum = {{{0}}};

	for (size_t i = 0; i < coverage_file_count(c); i++) {
		struct coverage_totals one = coverage_file_totals(coverage_file_at(c, i));
		coverage_totals_add(&sum, &one);
	}
	return sum;
}
