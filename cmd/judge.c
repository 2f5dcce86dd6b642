#include "core/base/base.h"

#include "cmd/judge.h"
#include "cmd/outputs.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/coverage/report.h"
#include "core/gate.h"
#include "core/history/testmap.h"
#include "core/change/git_diff.h"
#include "core/detect/package.h"

static void set_incomplete(struct judge *j, const char *why)
{
	if (!j->incomplete)
		j->incomplete = xstrdup(why);
}

void judge_init(struct judge *j, const struct setup *setup, struct bus *bus)
{
	*j = (struct judge){.setup = setup, .bus = bus, .failed = ERROR_INIT};
}

void judge_collect(struct judge *j)
{
	const struct setup *setup = j->setup;
	bool any = false;

	for (size_t i = 0; i < setup->suites->n; i++)
		any |= config_collects(setup->config, setup->suites->v[i]);
	if (!any)
		return;
	j->work = path_join(setup->run_dir, "coverage/work");
	j->coverage = coverage_new();
}

static void free_text(void *text)
{
	strbuf_release(text);
	free(text);
}

void judge_release(struct judge *j)
{
	coverage_free(j->coverage);
	strmap_release(&j->touches, free_text);
	free(j->work);
	free(j->incomplete);
	*j = (struct judge){0};
}

static void notice(struct judge *j, enum severity severity, const char *name, const char *text)
{
	bus_publish(j->bus, &(struct event){.type = EVENT_NOTICE,
				    .severity = severity,
				    .name = name,
				    .text = text,
				    .text_len = strlen(text)});
}

static void add_map(struct judge *j, const char *path, const struct coverage_root *root)
{
	struct error err = ERROR_INIT;

	if (coverage_add(j->coverage, path, root, &err) < 0) {
		set_incomplete(j, err.text);
		notice(j, SEVERITY_WARNING, "coverage_incomplete", err.text);
	}
	j->maps++;
}

/* Of a file that runs in parts, or again, everything counts. */
static void add_touch(struct judge *j, const struct event *e)
{
	cleanup_free char *key = xasprintf(
		"%s\x1f%s\x1f%s", e->suite ? e->suite : "", e->project ? e->project : "", e->file);
	struct strbuf *text = strmap_get(&j->touches, key);

	if (!text) {
		text = xcalloc(1, sizeof(*text));
		*text = (struct strbuf)STRBUF_INIT;
		strmap_put(&j->touches, key, text);
	}
	strbuf_add(text, e->text, e->text_len);
	strbuf_addch(text, '\n');
}

void judge_event(void *judge, const struct event *e, const struct state *state)
{
	struct judge *j = judge;

	(void)state;
	if (e->type == EVENT_COVERAGE && e->file && e->text)
		add_touch(j, e);
	if (j->coverage && e->type == EVENT_COVERAGE && !e->file && e->path) {
		cleanup_free char *path = path_join(j->work, e->path);
		add_map(j, path, NULL);
	} else if (e->type == EVENT_NOTICE && e->name && streq(e->name, "coverage_incomplete")) {
		set_incomplete(j, e->text);
	}
}

/* More shards than work: this one had nothing to cover. */
static bool ran_nothing(const struct judge *j, int shard)
{
	const struct state *s = j->bus->state;

	for (size_t i = 0; i < s->shard_count; i++)
		if (s->shards[i].shard == shard)
			return !s->shards[i].files;
	return false;
}

void judge_bundles(struct judge *j, const struct bundles *bundles)
{
	cleanup_strvec struct strvec without = STRVEC_INIT;

	j->merged = true;
	j->coverage = coverage_new();
	for (size_t i = 0; i < bundles->n; i++) {
		const struct bundle *b = &bundles->v[i];
		cleanup_free char *path = path_join(b->dir, "coverage/coverage-final.json");
		const struct coverage_root root = {b->info.base, j->setup->config->base};
		if (b->use != BUNDLE_COUNTS || ran_nothing(j, b->info.shard))
			continue;
		if (path_exists(path))
			add_map(j, path, &root);
		else
			strvec_push(&without, b->dir);
	}
	if (!j->maps) { /* nobody collected any */
		coverage_free(j->coverage);
		j->coverage = NULL;
	} else if (without.n) {
		cleanup_free char *text =
			xasprintf("%zu of the runs brought no coverage, %s the first", without.n,
				without.v[0]);
		set_incomplete(j, text);
	}
}

/* ---- why numbers would say nothing ------------------------------------------------------------- */

const char *judge_selection(const struct config *c)
{
	if (c->test_regex)
		return "only tests that match -t ran";
	if (c->paths.n)
		return "only the named paths ran";
	if (c->failed_only)
		return "only what had failed before ran";
	if (c->changed_only)
		return "only what the change can touch ran";
	if (c->only_suites.n)
		return "only some of the suites ran";
	return NULL;
}

static const char *stop_reason(const struct state *s)
{
	if (s->cancel == CANCEL_NONE)
		return NULL;
	return s->cancel == CANCEL_FAIL_FAST ? "the run stopped at a failure"
					     : "the run was stopped";
}

static const char *void_reason(const struct judge *j, int64_t problems)
{
	const struct state *s = j->bus->state;

	if (s->cancel != CANCEL_NONE)
		return stop_reason(s);
	if (s->file_counts.failed || s->test_counts.failed)
		return "tests have failed";
	if (problems || s->broken_shards)
		return "the results are incomplete";
	for (size_t i = 0; i < s->file_count; i++)
		if (s->files[i]->phase != FILE_DONE || s->files[i]->outcome == OUTCOME_NOT_RUN)
			return "not all files have a result";
	return j->merged ? j->partial : judge_selection(j->setup->config);
}

static const char *coverage_reason(const struct judge *j, int64_t problems)
{
	const char *reason = void_reason(j, problems);

	if (reason)
		return reason;
	if (j->setup->info.shards && !j->merged)
		return "this is one of several jobs: `muster merge` judges the whole";
	if (j->incomplete)
		return j->incomplete;
	if (!coverage_is_complete(j->coverage))
		return "something of the coverage was lost";
	return coverage_file_count(j->coverage) ? NULL : "no suite brought any coverage";
}

/* ---- the verdict ------------------------------------------------------------------------------- */

static void on_gate(void *arg, const struct gate_result *r)
{
	struct judge *j = arg;

	bus_publish(j->bus, &(struct event){.type = EVENT_GATE_CHECKED,
				    .name = r->name,
				    .status = r->status,
				    .value = r->actual,
				    .limit = r->limit,
				    .unit = r->unit,
				    .text = r->text,
				    .text_len = strlen(r->text)});
}

static void publish_totals(struct judge *j, bool whole)
{
	struct coverage_totals totals = coverage_totals_of(j->coverage);

	for (int k = 0; k < COVERAGE_KINDS; k++)
		bus_publish(j->bus, &(struct event){.type = EVENT_COVERAGE_TOTAL,
					    .name = coverage_kind_name((enum coverage_kind)k),
					    .known = whole,
					    .count = totals.of[k].covered,
					    .value = (double)totals.of[k].total});
}

typedef int report_fn(const struct judge *j, const struct coverage_report *report,
	const struct coverage_report_options *how, struct error *err);

static int each_report(
	const struct judge *j, bool for_people, report_fn *fn, int fd, struct error *err)
{
	struct coverage_tree tree;
	int result = 0;

	if (!j->coverage || !j->maps) /* nothing was collected, or the run could not even begin */
		return 0;
	const struct strvec *names = &j->setup->config->coverage.reports;
	if (!names->n)
		return 0;
	coverage_tree_init(&tree, j->coverage);
	struct coverage_report_options how = {
		.set = j->coverage,
		.tree = &tree,
		.root = j->setup->config->base,
		.columns = outputs_columns(fd),
		.color = outputs_color(-1, fd),
		.timestamp_ms = clock_unix_ms(),
	};
	memcpy(how.limits, j->setup->config->gates.coverage.pct, sizeof(how.limits));
	for (size_t i = 0; i < names->n && result == 0; i++) {
		const struct coverage_report *report = coverage_report_find(names->v[i]);
		if (report && !report->file == for_people)
			result = fn(j, report, &how, err);
	}
	coverage_tree_release(&tree);
	return result;
}

static int write_report(const struct judge *j, const struct coverage_report *report,
	const struct coverage_report_options *how, struct error *err)
{
	cleanup_free char *dir = path_join(j->setup->run_dir, "coverage");

	return coverage_report_save(report, how, dir, err);
}

static int print_out(const struct judge *j, const struct coverage_report *report,
	const struct coverage_report_options *how, struct error *err)
{
	(void)j;
	return coverage_report_print(report, how, STDOUT_FILENO, err);
}

static int print_err(const struct judge *j, const struct coverage_report *report,
	const struct coverage_report_options *how, struct error *err)
{
	(void)j;
	return coverage_report_print(report, how, STDERR_FILENO, err);
}

int judge_print(const struct judge *j, int fd, struct error *err)
{
	return each_report(j, true, fd == STDERR_FILENO ? print_err : print_out, fd, err);
}

static void write_coverage(struct judge *j)
{
	cleanup_free char *dir = path_join(j->setup->run_dir, "coverage");
	cleanup_free char *map = path_join(dir, "coverage-final.json");

	if (file_mkdirs(dir, &j->failed) == 0 &&
		coverage_write_json(j->coverage, map, &j->failed) == 0)
		each_report(j, false, write_report, STDOUT_FILENO, &j->failed);
}

static void find_modules(const struct judge *j, struct strvec *ret)
{
	struct package *package = package_read(j->setup->config->base, NULL);

	if (package)
		package_workspaces(package, ret, NULL);
	package_free(package);
}

/* Of the pipeline in CI; elsewhere a limit would only say how slow the machine is. */
static int64_t duration_ms(const struct judge *j)
{
	const struct state *s = j->bus->state;

	if (j->merged || !j->setup->ci.is_ci || j->setup->info.shards)
		return 0; /* merge has its own, with the critical path */
	return MAX(s->now_ms - s->started_ms, 1);
}

/* What the branch had that this one goes into, else this branch itself, else anybody. */
static bool find_before(const struct judge *j, struct coverage_totals *ret)
{
	const char *const branches[] = {
		getenv("GITHUB_BASE_REF"), "main", "master", j->setup->branch};

	for (size_t i = 0; i < ARRAY_LEN(branches); i++)
		if (branches[i] && *branches[i] &&
			history_coverage_last(
				j->setup->history, branches[i], j->setup->run_id, ret))
			return true;
	return history_coverage_last(j->setup->history, NULL, j->setup->run_id, ret);
}

static void judge_gates(struct judge *j, int64_t problems)
{
	const struct config *config = j->setup->config;
	const struct state *s = j->bus->state;
	struct coverage_totals before;
	cleanup_strvec struct strvec modules = STRVEC_INIT;
	struct git_changes patch = {0};
	struct error err = ERROR_INIT;
	bool wants_patch = j->coverage && config->gates.patch_coverage.pct[COVERAGE_LINES] >= 0;
	bool has_patch = wants_patch && git_diff(config->base, NULL, &patch, &err) == 0;
	struct gate_input in = {
		.config = config,
		.base = config->base,
		.coverage = j->coverage,
		.coverage_void = j->coverage ? coverage_reason(j, problems) : NULL,
		.modules = &modules,
		.patch = has_patch ? &patch : NULL,
		.patch_void = err.text,
		.before = find_before(j, &before) ? &before : NULL,
		.tests_void = s->cancel != CANCEL_NONE ? "the run was stopped"
			      : j->merged              ? j->partial
						       : judge_selection(config),
		.tests = s->test_counts.total,
		.failed = s->test_counts.failed,
		.flaky = s->test_counts.flaky,
		.duration_ms = duration_ms(j),
	};

	j->whole = j->coverage && !in.coverage_void;
	find_modules(j, &modules);
	gate_judge(&in, on_gate, j);
	git_changes_release(&patch);
}

/* The map of a suite is made when its files are done, and a run that stops does not wait for that.
 * Whoever looks for the report, or at it, is told. Returns whether there is anything to write. */
static bool say_partial(struct judge *j)
{
	const struct state *s = j->bus->state;
	const char *why = j->merged ? NULL : stop_reason(s);

	if (!why)
		return true;
	/* the way out is one only where a failure has stopped the run */
	const char *help = s->cancel == CANCEL_FAIL_FAST ? "; --no-fail-fast makes one" : "";
	cleanup_free char *text =
		j->maps ? xasprintf("the coverage report is partial: %s; it has only the suites "
				    "that were done",
				  why)
			: xasprintf("no coverage report: %s before a suite was done%s", why, help);
	notice(j, SEVERITY_NOTE, "coverage_partial", text);
	return j->maps;
}

void judge_verdict(struct judge *j, int64_t problems)
{
	/* also when it is empty: a merge wants to know that nothing is missing */
	if (j->coverage && say_partial(j))
		write_coverage(j);
	if (j->coverage && coverage_file_count(j->coverage))
		publish_totals(j, !coverage_reason(j, problems));
	judge_gates(j, problems);
	if (j->work)
		file_remove_tree(j->work, NULL);
}

int judge_error(const struct judge *j, struct error *err)
{
	if (j->failed.code == EXIT_CODE_PASSED)
		return 0;
	*err = j->failed;
	return -1;
}

/* Files that ran whole and passed: what others touched says nothing of what they would. */
static bool is_lesson(const struct judge *j, const struct history_touch *t)
{
	const struct event e = {.suite = t->suite, .project = t->project, .file = t->file};
	const struct state_file *f = state_file_of(j->bus->state, &e);

	return f && f->outcome == OUTCOME_PASSED;
}

static int remember_touches(const struct judge *j, struct history *history, struct error *err)
{
	cleanup_free struct history_touch *v = xcalloc(j->touches.n + 1, sizeof(*v));
	struct arena arena = ARENA_INIT;
	size_t n = 0;

	strmap_each (e, &j->touches) {
		const struct strbuf *text = e->value;
		char *suite = arena_strdup(&arena, e->key);
		char *project = strchr(suite, '\x1f');
		char *file = project ? strchr(project + 1, '\x1f') : NULL;
		if (!file)
			continue;
		*project++ = *file++ = '\0';
		v[n] = (struct history_touch){suite, project, file, text->buf};
		n += is_lesson(j, &v[n]);
	}
	int result = n ? history_testmap_record(history, v, n, err) : 0;
	arena_release(&arena);
	return result;
}

/* A run that lost coverage is not what the next one is measured by. */
static bool has_dropped(const struct state *s)
{
	for (size_t i = 0; i < s->gate_count; i++)
		if (starts_with(s->gates[i].name, "coverage_drop.") &&
			streq(s->gates[i].status, "failed"))
			return true;
	return false;
}

int judge_remember(const struct judge *j, struct history *history, struct error *err)
{
	const struct state *s = j->bus->state;
	const struct config *c = j->setup->config;

	if (!c->test_regex && !c->failed_only && remember_touches(j, history, err) < 0)
		return -1;
	if (!j->whole || !s->has_coverage || has_dropped(s))
		return 0;
	return history_coverage_record(
		history, s->run.run_id, s->run.branch, s->started_ms, &s->coverage, err);
}
