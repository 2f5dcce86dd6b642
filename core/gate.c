#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strmap.h"
#include "core/base/text.h"
#include "core/gate.h"

#include <math.h>

enum { LISTED = 3, WARN_PERCENT = 80 };

static const enum coverage_kind kinds[COVERAGE_KINDS] = {
	COVERAGE_LINES, COVERAGE_BRANCHES, COVERAGE_FUNCTIONS, COVERAGE_STATEMENTS};

struct judging {
	const struct gate_input *in;
	gate_fn *fn;
	void *arg;
};

/* ---- what all have in common ----------------------------------------------------------------- */

/* At least `limit`, or with `most` at most. `why_not`: not evaluated, and why. */
static void tell(struct judging *j, const char *name, const char *unit, double actual, double limit,
	bool passed, const char *why_not, const struct strbuf *text)
{
	struct gate_result result = {
		.name = name,
		.status = why_not  ? "not_evaluated"
			  : passed ? "passed"
				   : "failed",
		.actual = actual,
		.limit = limit,
		.unit = unit,
		.text = why_not ? why_not : text->buf,
	};

	j->fn(j->arg, &result);
}

static const char *shown(const struct gate_input *in, const char *path, char **ret_owned)
{
	*ret_owned = path_is_below(in->base, path) ? path_relative(in->base, path) : xstrdup(path);
	return *ret_owned;
}

static const char *one(enum coverage_kind kind)
{
	static const char *const words[] = {
		[COVERAGE_LINES] = "line",
		[COVERAGE_STATEMENTS] = "statement",
		[COVERAGE_FUNCTIONS] = "function",
		[COVERAGE_BRANCHES] = "branch",
	};
	return words[kind];
}

static const char *unit_word(enum coverage_kind kind, int64_t n)
{
	return n == 1 ? one(kind) : coverage_kind_name(kind);
}

/* How many more must be covered to reach the limit. */
static int64_t gap(struct coverage_count c, double limit)
{
	return (int64_t)ceil((double)c.total * limit / 100 - 1e-9) - c.covered;
}

/* ---- coverage: groups of files --------------------------------------------------------------- */

struct group {
	struct coverage_totals totals;
	const struct coverage_file **files;
	size_t n, cap;
};

static void group_add(struct group *g, const struct coverage_file *file)
{
	struct coverage_totals totals = coverage_file_totals(file);

	coverage_totals_add(&g->totals, &totals);
	GROW(g->files, g->n + 1, g->cap);
	g->files[g->n++] = file;
}

static void group_free(void *value)
{
	struct group *g = value;

	free(g->files);
	free(g);
}

static struct group *group_of(struct strmap *groups, const char *name)
{
	struct group *g = strmap_get(groups, name);

	if (!g) {
		g = xcalloc(1, sizeof(*g));
		strmap_put(groups, name, g);
	}
	return g;
}

struct cheap {
	const struct coverage_file *file;
	int64_t uncovered;
};

static int by_uncovered(const void *pa, const void *pb)
{
	const struct cheap *a = pa, *b = pb;

	if (a->uncovered != b->uncovered)
		return a->uncovered > b->uncovered ? -1 : 1;
	return strcmp(coverage_file_path(a->file), coverage_file_path(b->file));
}

/* The fewest files that close the gap: those with most to gain. */
static void cheapest(struct strbuf *out, const struct gate_input *in, const struct group *g,
	enum coverage_kind kind, int64_t missing)
{
	cleanup_free struct cheap *rows = xcalloc(g->n + 1, sizeof(*rows));

	for (size_t i = 0; i < g->n; i++) {
		struct coverage_count c = coverage_file_totals(g->files[i]).of[kind];
		rows[i] = (struct cheap){g->files[i], c.total - c.covered};
	}
	qsort(rows, g->n, sizeof(*rows), by_uncovered);
	for (size_t i = 0; i < g->n && i < LISTED && missing > 0 && rows[i].uncovered; i++) {
		cleanup_free char *owned = NULL;
		strbuf_addf(out, "%s%s (%" PRId64 ")", i ? ", " : ". Most to gain: ",
			shown(in, coverage_file_path(rows[i].file), &owned), rows[i].uncovered);
		missing -= rows[i].uncovered;
	}
}

static void judge_group(struct judging *j, const char *name, const struct group *g,
	enum coverage_kind kind, double limit, const struct strbuf *more)
{
	struct coverage_count c = g->totals.of[kind];
	double pct = coverage_pct(c);
	bool passed = pct >= limit;
	cleanup_strbuf struct strbuf text = STRBUF_INIT, count = STRBUF_INIT, total = STRBUF_INIT;

	text_count(&count, c.covered);
	text_count(&total, c.total);
	strbuf_addf(&text, "%.2f %% (%s of %s %s), limit %g %%", pct, count.buf, total.buf,
		coverage_kind_name(kind), limit);
	if (!passed) {
		int64_t missing = gap(c, limit);
		strbuf_addf(&text, ": %" PRId64 " more %s %s needed", missing,
			unit_word(kind, missing), missing == 1 ? "is" : "are");
		if (more)
			strbuf_add(&text, more->buf, more->len);
		cheapest(&text, j->in, g, kind, missing);
	}
	tell(j, name, "%", pct, limit, passed, j->in->coverage_void, &text);
}

/* "; below it: packages/api 71.20 %, …" */
static void below(struct strbuf *out, struct strmap *modules, enum coverage_kind kind, double limit)
{
	size_t n = 0;

	strmap_each (e, modules) {
		const struct group *g = e->value;
		double pct = coverage_pct(g->totals.of[kind]);
		if (pct >= limit || !*e->key)
			continue;
		if (n++ < LISTED)
			strbuf_addf(
				out, "%s%s %.2f %%", n > 1 ? ", " : "; below it: ", e->key, pct);
	}
	if (n > LISTED)
		strbuf_addf(out, " and %zu more", n - LISTED);
}

/* Files by the workspace they are in. */
static void sort_into_modules(const struct gate_input *in, struct strmap *modules)
{
	for (size_t i = 0; in->modules && i < coverage_file_count(in->coverage); i++) {
		const struct coverage_file *file = coverage_file_at(in->coverage, i);
		for (size_t m = 0; m < in->modules->n; m++) {
			cleanup_free char *owned = NULL;
			if (!path_is_below(in->modules->v[m], coverage_file_path(file)))
				continue;
			group_add(group_of(modules, shown(in, in->modules->v[m], &owned)), file);
		}
	}
}

static void judge_total(struct judging *j, const struct group *all)
{
	const struct config_limits *limits = &j->in->config->gates.coverage;
	struct strmap modules = STRMAP_INIT;

	sort_into_modules(j->in, &modules);
	for (int i = 0; i < COVERAGE_KINDS; i++) {
		enum coverage_kind kind = kinds[i];
		cleanup_free char *name = xasprintf("coverage.%s", coverage_kind_name(kind));
		cleanup_strbuf struct strbuf more = STRBUF_INIT;
		if (limits->pct[kind] < 0)
			continue;
		below(&more, &modules, kind, limits->pct[kind]);
		judge_group(j, name, all, kind, limits->pct[kind], &more);
	}
	strmap_release(&modules, group_free);
}

/* The shortest folder above the file that the glob names, or the glob itself when it names files. */
static char *module_of(const char *glob, const char *file)
{
	for (const char *slash = strchr(file, '/'); slash; slash = strchr(slash + 1, '/')) {
		cleanup_free char *dir = xstrndup(file, (size_t)(slash - file));
		if (path_glob(glob, dir))
			return xstrdup(dir);
	}
	return path_glob(glob, file) ? xstrdup(glob) : NULL;
}

static void judge_module(struct judging *j, const struct config_module *module)
{
	const struct coverage *coverage = j->in->coverage;
	struct strmap groups = STRMAP_INIT;

	for (size_t i = 0; i < coverage_file_count(coverage); i++) {
		const struct coverage_file *file = coverage_file_at(coverage, i);
		cleanup_free char *owned = NULL;
		cleanup_free char *name =
			module_of(module->glob, shown(j->in, coverage_file_path(file), &owned));
		if (name)
			group_add(group_of(&groups, name), file);
	}
	for (int i = 0; i < COVERAGE_KINDS; i++) {
		const char *kind = coverage_kind_name(kinds[i]);
		double limit = module->limits.pct[kinds[i]];
		if (limit < 0)
			continue;
		strmap_each (e, &groups) {
			cleanup_free char *name = xasprintf("coverage.%s %s", kind, e->key);
			judge_group(j, name, e->value, kinds[i], limit, NULL);
		}
		if (!groups.n) {
			cleanup_free char *name = xasprintf("coverage.%s %s", kind, module->glob);
			tell(j, name, "%", 0, limit, false,
				j->in->coverage_void ? j->in->coverage_void
						     : "no covered file is in such a folder",
				NULL);
		}
	}
	strmap_release(&groups, group_free);
}

static void judge_each_file(struct judging *j)
{
	const struct config_limits *limits = &j->in->config->gates.coverage_per_file;

	for (int i = 0; i < COVERAGE_KINDS; i++) {
		enum coverage_kind kind = kinds[i];
		cleanup_free char *name =
			xasprintf("coverage_per_file.%s", coverage_kind_name(kind));
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		double lowest = 100;
		size_t n = 0;
		if (limits->pct[kind] < 0)
			continue;
		for (size_t i = 0; i < coverage_file_count(j->in->coverage); i++) {
			const struct coverage_file *file = coverage_file_at(j->in->coverage, i);
			double pct = coverage_pct(coverage_file_totals(file).of[kind]);
			cleanup_free char *owned = NULL;
			lowest = MIN(lowest, pct);
			if (pct < limits->pct[kind] && n++ < LISTED)
				strbuf_addf(&text, "%s%s %.2f %%", n > 1 ? ", " : ": ",
					shown(j->in, coverage_file_path(file), &owned), pct);
		}
		cleanup_strbuf struct strbuf all = STRBUF_INIT;
		strbuf_addf(&all, "%zu file%s below %g %%%s", n, n == 1 ? "" : "s",
			limits->pct[kind], text.len ? text.buf : "");
		if (n > LISTED)
			strbuf_addf(&all, " and %zu more", n - LISTED);
		tell(j, name, "%", lowest, limits->pct[kind], !n, j->in->coverage_void, &all);
	}
}

/* ---- coverage: what has changed --------------------------------------------------------------- */

static void add_range(struct strbuf *out, const char *file, int64_t from, int64_t to)
{
	if (from == to)
		strbuf_addf(out, "%s:%" PRId64 "\n", file, from);
	else
		strbuf_addf(out, "%s:%" PRId64 "-%" PRId64 "\n", file, from, to);
}

static void patch_of_file(const struct gate_input *in, const struct coverage_file *file,
	const struct git_file *changes, struct coverage_count *sum, struct strbuf *uncovered)
{
	cleanup_free struct coverage_line *lines = NULL;
	cleanup_free char *owned = NULL;
	const char *name = shown(in, coverage_file_path(file), &owned);
	size_t n = coverage_file_lines(file, &lines), r = 0;
	int64_t from = 0, to = 0;

	for (size_t i = 0; i < n; i++) {
		while (r < changes->n && changes->ranges[r].to < lines[i].line)
			r++;
		bool changed = r < changes->n && changes->ranges[r].from <= lines[i].line;
		bool hit = lines[i].hits > 0;
		if (changed) {
			sum->total++;
			sum->covered += hit;
		}
		if (changed && !hit) {
			from = from ? from : lines[i].line;
			to = lines[i].line;
		} else if (from) {
			add_range(uncovered, name, from, to);
			from = 0;
		}
	}
	if (from)
		add_range(uncovered, name, from, to);
}

struct coverage_count gate_patch_lines(const struct gate_input *in, struct strbuf *uncovered)
{
	struct coverage_count sum = {0};

	for (size_t i = 0; i < coverage_file_count(in->coverage); i++) {
		const struct coverage_file *file = coverage_file_at(in->coverage, i);
		const struct git_file *changes =
			strmap_get(&in->patch->files, coverage_file_path(file));
		if (changes)
			patch_of_file(in, file, changes, &sum, uncovered);
	}
	return sum;
}

static void patch_text(struct strbuf *out, const struct gate_input *in, struct coverage_count c,
	double limit, const struct strbuf *uncovered)
{
	const char *line = uncovered->len ? uncovered->buf : "";
	size_t n = 0;

	if (!c.total) {
		strbuf_addf(
			out, "no line that can be covered differs from %.8s", in->patch->against);
		return;
	}
	strbuf_addf(out, "%.2f %% (%" PRId64 " of %" PRId64 " changed %s), limit %g %%",
		coverage_pct(c), c.covered, c.total, unit_word(COVERAGE_LINES, c.total), limit);
	for (; *line; line += strcspn(line, "\n") + 1)
		if (n++ < LISTED)
			strbuf_addf(out, "%s%.*s",
				n > 1 ? ", " : ". Not covered: ", (int)strcspn(line, "\n"), line);
	if (n > LISTED)
		strbuf_addf(out, " and %zu more places", n - LISTED);
}

/* Of a change only lines are known: what git tells are lines. */
static void judge_patch(struct judging *j)
{
	const struct gate_input *in = j->in;
	double limit = in->config->gates.patch_coverage.pct[COVERAGE_LINES];
	cleanup_strbuf struct strbuf uncovered = STRBUF_INIT, text = STRBUF_INIT;
	struct coverage_count c = {0};

	if (limit < 0)
		return;
	if (in->patch) {
		c = gate_patch_lines(in, &uncovered);
		patch_text(&text, in, c, limit, &uncovered);
	}
	tell(j, "patch_coverage.lines", "%", coverage_pct(c), limit, coverage_pct(c) >= limit,
		in->coverage_void ? in->coverage_void
		: in->patch       ? NULL
				  : in->patch_void,
		&text);
}

static void judge_drop(struct judging *j, const struct group *all)
{
	double limit = j->in->config->gates.coverage_drop;

	for (int i = 0; i < COVERAGE_KINDS && limit >= 0; i++) {
		enum coverage_kind kind = kinds[i];
		cleanup_free char *name = xasprintf("coverage_drop.%s", coverage_kind_name(kind));
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		double now = coverage_pct(all->totals.of[kind]);
		double before = j->in->before ? coverage_pct(j->in->before->of[kind]) : now;
		double lost = before > now ? before - now : 0;
		strbuf_addf(&text, "%.2f %% before, %.2f %% now, may lose %g points", before, now,
			limit);
		tell(j, name, "points", lost, limit, lost <= limit + 1e-9,
			j->in->coverage_void ? j->in->coverage_void
			: j->in->before      ? NULL
					     : "no earlier run with coverage is in the history",
			&text);
	}
}

static void judge_coverage(struct judging *j)
{
	struct group all = {0};

	for (size_t i = 0; i < coverage_file_count(j->in->coverage); i++)
		group_add(&all, coverage_file_at(j->in->coverage, i));
	judge_total(j, &all);
	for (size_t i = 0; i < j->in->config->gates.module_count; i++)
		judge_module(j, &j->in->config->gates.modules[i]);
	judge_each_file(j);
	judge_patch(j);
	judge_drop(j, &all);
	free(all.files);
}

/* ---- tests and time --------------------------------------------------------------------------- */

static void judge_rate(
	struct judging *j, const char *name, const char *what, int64_t n, double limit)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	double rate = j->in->tests ? (double)n * 100 / (double)j->in->tests : 0;

	if (limit < 0)
		return;
	strbuf_addf(&text, "%" PRId64 " of %" PRId64 " tests %s (%.2f %%), limit %g %%", n,
		j->in->tests, what, rate, limit);
	tell(j, name, "%", rate, limit, rate <= limit, j->in->tests_void, &text);
}

static void judge_duration(struct judging *j)
{
	int64_t took = j->in->duration_ms, limit = j->in->config->gates.duration_ms;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (!took || !limit)
		return;
	text_duration(&text, took);
	strbuf_addstr(&text, ", limit ");
	text_duration(&text, limit);
	if (took <= limit && took * 100 > limit * WARN_PERCENT)
		strbuf_addstr(&text, ": close to it");
	tell(j, "duration", "ms", (double)took, (double)limit, took <= limit, NULL, &text);
}

void gate_judge(const struct gate_input *in, gate_fn *fn, void *arg)
{
	struct judging j = {in, fn, arg};

	if (in->config->no_gates)
		return;
	if (in->coverage)
		judge_coverage(&j);
	judge_rate(&j, "failure_rate", "failed", in->failed, in->config->gates.failure_rate);
	judge_rate(&j, "flaky_rate", "are flaky", in->flaky, in->config->gates.flaky_rate);
	judge_duration(&j);
}
