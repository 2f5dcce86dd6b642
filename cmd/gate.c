#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/gate.h"
#include "cmd/problems.h"
#include "core/base/clock.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/spool.h"
#include "core/coverage/inputs.h"
#include "core/gate.h"
#include "core/change/git_diff.h"
#include "core/history/testmap.h"
#include "core/event/journal.h"
#include "core/junit/merge.h"
#include "core/detect/package.h"

enum { PATCH_DEFAULT = 90 };

struct gating {
	const struct options *options;
	struct config *config;
	struct coverage *coverage; /* NULL = none was given */
	struct coverage_inputs inputs;
	struct strvec modules;
	struct git_changes patch;
	struct error patch_error;
	bool has_patch;
	struct coverage_totals before;
	bool has_before;
	struct state state; /* of a run */
	bool has_run;
	struct junit_counts counts;
	bool has_counts;
	struct problems problems; /* of JUnit files */
	struct strbuf uncovered;  /* changed lines, "src/a.js:3-5" each on a line */
	struct strbuf text;
	struct strbuf json;
	struct jsonw w;
	int failed;
};

/* ---- what is judged ---------------------------------------------------------------------------- */

static void read_coverage(struct gating *g, const struct strvec *words)
{
	g->coverage = coverage_new();
	coverage_inputs_init(&g->inputs, NULL);
	coverage_inputs_add(&g->inputs, words, coverage_problems(g->coverage));
	for (size_t i = 0; i < g->inputs.n; i++) {
		const struct coverage_root root = {g->inputs.v[i].from, g->config->base};
		coverage_add(g->coverage, g->inputs.v[i].path, &root, NULL);
	}
	coverage_totals_of(g->coverage);
	problems_say(coverage_problems(g->coverage), command_verbosity(g->options), false);
}

static int read_junit(struct gating *g, struct error *err)
{
	struct spool nowhere;
	struct junit_merge *merge;
	int64_t files;

	if (!options_has(g->options, "junit"))
		return 0;
	spool_open_null(&nowhere);
	merge = junit_merge_new(&nowhere, &g->problems, JUNIT_TIME_SUM);
	for (size_t i = 0; i < g->options->n; i++)
		if (streq(g->options->v[i].option->name, "junit"))
			junit_merge_file(merge, g->options->v[i].value, true);
	files = junit_merge_files(merge);
	g->counts = *junit_merge_counts(merge);
	g->has_counts = true;
	junit_merge_free(merge);
	spool_release(&nowhere);
	problems_say(&g->problems, command_verbosity(g->options), false);
	return files ? 0
		     : error_set(err, EXIT_CODE_INCOMPLETE, "none of the files is a JUnit report");
}

static int read_run(struct gating *g, const char *word, struct error *err)
{
	cleanup_free char *dir = command_find_run(g->config->base, word, err);
	cleanup_strvec struct strvec words = STRVEC_INIT;
	struct journal_end end;
	struct bus bus;

	if (!dir)
		return -1;
	cleanup_free char *journal = path_join(dir, "journal.ndjson");
	cleanup_free char *map = path_join(dir, "coverage/coverage-final.json");
	bus_init(&bus, &g->state);
	g->has_run = true;
	if (journal_replay(journal, &bus, &end, err) < 0)
		return -1;
	strvec_push(&words, map);
	if (path_exists(map) && !g->coverage)
		read_coverage(g, &words);
	return 0;
}

static int read_files(struct gating *g, struct error *err)
{
	cleanup_strvec struct strvec words = STRVEC_INIT;

	for (size_t i = 0; i < g->options->n; i++)
		if (streq(g->options->v[i].option->name, "coverage"))
			strvec_push(&words, g->options->v[i].value);
	if (words.n)
		read_coverage(g, &words);
	return read_junit(g, err);
}

/* ---- why numbers would say nothing ------------------------------------------------------------- */

/* What the run itself said of its coverage: a choice of tests is not in its journal otherwise. */
static const char *recorded_reason(const struct state *s)
{
	for (size_t i = 0; i < s->gate_count; i++)
		if (starts_with(s->gates[i].name, "coverage.") &&
			streq(s->gates[i].status, "not_evaluated"))
			return s->gates[i].text;
	return NULL;
}

static const char *run_reason(const struct state *s)
{
	if (s->cancel != CANCEL_NONE)
		return "the run was stopped";
	if (s->file_counts.failed || s->test_counts.failed)
		return "tests have failed";
	if (!s->finished || state_unexplained(s))
		return "the results are incomplete";
	return recorded_reason(s);
}

static const char *coverage_reason(const struct gating *g)
{
	const char *reason = g->has_run ? run_reason(&g->state) : NULL;

	if (reason)
		return reason;
	if (g->counts.failures || g->counts.errors)
		return "tests have failed";
	if (!coverage_is_complete(g->coverage))
		return "something of the coverage could not be read";
	return coverage_file_count(g->coverage) ? NULL : "there is no coverage in it";
}

/* ---- judging ----------------------------------------------------------------------------------- */

static void on_gate(void *arg, const struct gate_result *r)
{
	struct gating *g = arg;
	const char *status = streq(r->status, "not_evaluated") ? "not evaluated" : r->status;

	g->failed += streq(r->status, "failed");
	strbuf_addf(&g->text, "%-13s  %s: %s\n", status, r->name, r->text);
	jsonw_object_begin(&g->w, NULL);
	jsonw_string(&g->w, "name", r->name);
	jsonw_string(&g->w, "status", r->status);
	jsonw_double(&g->w, "actual", r->actual);
	jsonw_double(&g->w, "limit", r->limit);
	jsonw_string(&g->w, "unit", r->unit);
	jsonw_string(&g->w, "text", r->text);
	jsonw_object_end(&g->w);
}

static void find_modules(struct gating *g)
{
	struct package *package = package_read(g->config->base, NULL);

	if (package)
		package_workspaces(package, &g->modules, NULL);
	package_free(package);
}

static void find_before(struct gating *g)
{
	cleanup_free char *path = command_history(g->config->base, g->config->history_path);
	struct history *h = g->config->gates.coverage_drop >= 0
				    ? history_open(path, HISTORY_READ, NULL, NULL)
				    : NULL;

	const char *run = g->state.run.run_id;
	g->has_before = history_coverage_last(h, "main", run, &g->before) ||
			history_coverage_last(h, "master", run, &g->before) ||
			history_coverage_last(h, NULL, run, &g->before);
	history_close(h);
}

static int find_patch(struct gating *g, struct error *err)
{
	const char *against = options_value(g->options, "against", NULL);
	double *limit = &g->config->gates.patch_coverage.pct[COVERAGE_LINES];

	if (against && *limit < 0)
		*limit = PATCH_DEFAULT;
	if (*limit < 0)
		return 0;
	g->has_patch = git_diff(g->config->base, against, &g->patch, &g->patch_error) == 0;
	if (g->has_patch || !against)
		return 0;
	*err = g->patch_error;
	return -1;
}

static int64_t duration_ms(const struct gating *g)
{
	return g->has_run && g->state.run.shards ? g->state.duration_us / 1000 : 0;
}

static void judge(struct gating *g)
{
	const struct state *s = &g->state;
	const struct junit_counts *c = &g->counts;
	struct gate_input in = {
		.config = g->config,
		.base = g->config->base,
		.coverage = g->coverage,
		.coverage_void = g->coverage ? coverage_reason(g) : NULL,
		.modules = &g->modules,
		.patch = g->has_patch ? &g->patch : NULL,
		.patch_void = g->patch_error.text,
		.before = g->has_before ? &g->before : NULL,
		.tests = g->has_counts ? c->tests : s->test_counts.total,
		.failed = g->has_counts ? c->failures + c->errors : s->test_counts.failed,
		.flaky = g->has_counts ? c->flaky : s->test_counts.flaky,
		.duration_ms = duration_ms(g),
	};

	in.tests_void = !g->has_run && !g->has_counts ? "no results of tests were given"
			: s->cancel != CANCEL_NONE    ? "the run was stopped"
						      : NULL;
	g->config->no_gates = false;
	gate_judge(&in, on_gate, g);
	if (g->has_patch && g->coverage && options_has(g->options, "against") &&
		!in.coverage_void) {
		gate_patch_lines(&in, &g->uncovered);
		if (g->uncovered.len)
			strbuf_addf(&g->text, "\nchanged and not covered:\n%s", g->uncovered.buf);
	}
}

static enum exit_code exit_code_of(struct gating *g)
{
	enum exit_code code = g->failed ? EXIT_CODE_GATE : EXIT_CODE_PASSED;

	if (g->has_run) {
		g->state.failed_gates = g->failed;
		code = exit_code_worst(code, state_exit_code(&g->state, true));
	}
	if (g->counts.failures || g->counts.errors)
		code = exit_code_worst(code, EXIT_CODE_FAILED);
	if (g->problems.lost || (g->coverage && !coverage_is_complete(g->coverage)))
		code = exit_code_worst(code, EXIT_CODE_INCOMPLETE);
	return code;
}

static void put_uncovered(struct gating *g)
{
	cleanup_strvec struct strvec lines = STRVEC_INIT;

	strvec_split(&lines, g->uncovered.len ? g->uncovered.buf : "", '\n');
	jsonw_array_begin(&g->w, "uncovered");
	strvec_each (line, &lines)
		if (*line)
			jsonw_string(&g->w, NULL, line);
	jsonw_array_end(&g->w);
}

static int show(struct gating *g, struct error *err)
{
	enum exit_code code = exit_code_of(g);

	jsonw_array_end(&g->w);
	if (options_has(g->options, "against"))
		put_uncovered(g);
	jsonw_int(&g->w, "exit_code", code);
	jsonw_string(&g->w, "exit_reason", exit_code_reason(code));
	jsonw_object_end(&g->w);
	if (!g->text.len)
		strbuf_addstr(&g->text, "no gate has anything to judge\n");
	const struct strbuf *out = options_has(g->options, "json") ? &g->json : &g->text;
	return command_print(out->buf, out->len, err) < 0 ? -1 : (int)code;
}

static int open_gating(struct gating *g, const struct options *options, struct error *err)
{
	*g = (struct gating){
		.options = options, .patch_error = ERROR_INIT, .uncovered = STRBUF_INIT};
	strvec_init(&g->modules);
	state_init(&g->state);
	jsonw_init(&g->w, &g->json, true);
	jsonw_object_begin(&g->w, NULL);
	jsonw_string(&g->w, "schema", "muster/gate/1");
	jsonw_array_begin(&g->w, "gates");
	g->config = command_config_only(options, err);
	return g->config ? 0 : -1;
}

static int finish(struct gating *g, int code, struct error *err)
{
	if (code == 0)
		code = find_patch(g, err);
	if (code == 0) {
		find_modules(g);
		find_before(g);
		judge(g);
		code = show(g, err);
	}
	config_free(g->config);
	coverage_free(g->coverage);
	coverage_inputs_release(&g->inputs);
	strvec_release(&g->modules);
	git_changes_release(&g->patch);
	state_release(&g->state);
	problems_release(&g->problems);
	strbuf_release(&g->uncovered);
	strbuf_release(&g->text);
	strbuf_release(&g->json);
	return code;
}

int gate_check_coverage(
	const struct options *options, const struct strvec *inputs, struct error *err)
{
	struct gating g;
	int code = open_gating(&g, options, err);

	if (code == 0 && inputs->n)
		read_coverage(&g, inputs);
	else if (code == 0)
		code = read_run(&g, NULL, err);
	if (code == 0 && !g.coverage) {
		code = error_set(err, EXIT_CODE_USAGE, "the latest run has no coverage");
		error_help(err, "run `muster --coverage`, or name coverage files");
	}
	return finish(&g, code, err);
}

static int run_gate(const struct options *options, struct error *err)
{
	struct gating g;
	int code = open_gating(&g, options, err);
	bool files = options_has(options, "coverage") || options_has(options, "junit");

	if (code == 0)
		code = read_files(&g, err);
	if (code == 0 && (options->words.n || !files))
		code = read_run(&g, options->words.n ? options->words.v[0] : NULL, err);
	return finish(&g, code, err);
}

static const struct option gate_options[] = {
	{"coverage", 0, OPTION_VALUE, "FILE", "judge this coverage (repeats; folders, too)"},
	{"junit", 0, OPTION_VALUE, "FILE", "judge the tests of this JUnit report (repeats)"},
	{"against", 0, OPTION_VALUE, "REF", "judge the lines changed since REF, too"},
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{NULL},
};

const struct command gate_cmd = {
	.name = "gate",
	.usage = "gate [RUN] [--coverage FILE] [--junit FILE] [--against REF] [--json]",
	.summary = "judge the gates of a recorded run, or of files of other tools",
	.details = "RUN is a run id, its beginning, `latest`, or a run's folder; default: the "
		   "latest, unless files are "
		   "named. The limits are those of muster.yaml as it is now. Exit code 6 when a "
		   "gate fails, 1 when tests have failed, 5 when something could not be read.",
	.options = gate_options,
	.max_words = 1,
	.run = run_gate,
};
