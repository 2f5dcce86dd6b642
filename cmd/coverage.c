#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/gate.h"
#include "cmd/outputs.h"
#include "cmd/problems.h"
#include "cmd/target.h"
#include "core/base/ansi.h"
#include "core/base/clock.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/spool.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/coverage/coverage.h"
#include "core/coverage/inputs.h"
#include "core/coverage/report.h"

/* What both commands have: the inputs as one set. */
struct session {
	const struct options *options;
	struct coverage *set;
	struct coverage_inputs inputs;
	char *root;                    /* real path */
	bool color;                    /* of stderr */
	double limits[COVERAGE_KINDS]; /* of muster.yaml, for the page */
};

/* ---- the inputs ------------------------------------------------------------------------------ */

static int find_root(struct session *s, struct error *err)
{
	const char *root = options_value(s->options, "root", ".");

	s->root = path_real(root);
	if (s->root && path_is_dir(s->root))
		return 0;
	return error_set(err, EXIT_CODE_USAGE, "--root %s: there is no such folder", root);
}

static void read_inputs(struct session *s)
{
	const char *from = options_value(s->options, "from", NULL);

	for (size_t i = 0; i < s->inputs.n; i++) {
		const struct coverage_source *source = &s->inputs.v[i];
		struct coverage_root root = {source->from ? source->from : from, s->root};
		coverage_add(s->set, source->path, &root, NULL);
	}
}

/* Nothing went in: nothing is written, and that is no success. */
static int nothing(const struct session *s, struct error *err)
{
	size_t there = 0;

	for (size_t i = 0; i < s->inputs.n; i++)
		there += streq(s->inputs.v[i].path, "-") || path_exists(s->inputs.v[i].path);
	if (!there) {
		error_set(err, EXIT_CODE_USAGE, "there is no coverage to read");
		return error_help(err, "name files (Istanbul JSON, lcov, Cobertura), folders that "
				       "have them, or run directories");
	}
	error_set(err, EXIT_CODE_INCOMPLETE, "none of %zu file%s is coverage that can be read",
		s->inputs.n, s->inputs.n == 1 ? "" : "s");
	return error_help(err, "nothing was written; see above for each file");
}

static int open_session(
	struct session *s, const struct options *options, const char *output, struct error *err)
{
	cleanup_strvec struct strvec words = STRVEC_INIT;
	int color = -1;

	*s = (struct session){.options = options};
	for (size_t i = 1; i < options->words.n; i++)
		strvec_push(&words, options->words.v[i]);
	strvec_push_all(&words, &options->rest);
	if (!words.n) {
		error_set(err, EXIT_CODE_USAGE, "`muster coverage %s` needs files or folders",
			options->words.v[0]);
		return error_help(err, "usage: muster coverage %s INPUT...", options->words.v[0]);
	}
	if (find_root(s, err) < 0 || command_color(options, &color, err) < 0)
		return -1;
	s->color = outputs_color(color, STDERR_FILENO);
	s->set = coverage_new();
	coverage_inputs_init(&s->inputs, output);
	coverage_inputs_add(&s->inputs, &words, coverage_problems(s->set));
	read_inputs(s);
	problems_say(coverage_problems(s->set), command_verbosity(options), s->color);
	return coverage_input_count(s->set) ? 0 : nothing(s, err);
}

static void close_session(struct session *s)
{
	coverage_inputs_release(&s->inputs);
	coverage_free(s->set);
	free(s->root);
}

static int exit_code_of(const struct session *s)
{
	return coverage_is_complete(s->set) ? EXIT_CODE_PASSED : EXIT_CODE_INCOMPLETE;
}

/* ---- what is said of it ---------------------------------------------------------------------- */

static void begin_json(struct jsonw *w, struct strbuf *out, const char *schema)
{
	jsonw_init(w, out, true);
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "schema", schema);
}

static int end_json(struct jsonw *w, const struct session *s, struct error *err)
{
	struct coverage_totals totals = coverage_totals_of(s->set);

	jsonw_int(w, "inputs", (int64_t)coverage_input_count(s->set));
	jsonw_int(w, "files", (int64_t)coverage_file_count(s->set));
	for (int kind = 0; kind < COVERAGE_KINDS; kind++) {
		jsonw_object_begin(w, coverage_kind_name((enum coverage_kind)kind));
		jsonw_int(w, "covered", totals.of[kind].covered);
		jsonw_int(w, "total", totals.of[kind].total);
		jsonw_double(w, "pct", coverage_pct(totals.of[kind]));
		jsonw_object_end(w);
	}
	jsonw_bool(w, "complete", coverage_is_complete(s->set));
	problems_json(w, coverage_problems(s->set));
	jsonw_int(w, "exit_code", exit_code_of(s));
	jsonw_string(w, "exit_reason", exit_code_reason((enum exit_code)exit_code_of(s)));
	jsonw_object_end(w);
	return command_print(w->out->buf, w->out->len, err);
}

static void say_summary(const struct session *s, const char *output)
{
	struct coverage_totals totals = coverage_totals_of(s->set);
	size_t inputs = coverage_input_count(s->set), files = coverage_file_count(s->set);
	cleanup_strbuf struct strbuf out = STRBUF_INIT, clean = STRBUF_INIT;

	strbuf_addf(&out, "%s: ", output);
	text_count(&out, (int64_t)files);
	strbuf_addf(&out, " file%s of ", files == 1 ? "" : "s");
	text_count(&out, (int64_t)inputs);
	strbuf_addf(&out, " input%s", inputs == 1 ? "" : "s");
	for (int kind = 0; kind < COVERAGE_KINDS; kind++) {
		strbuf_addf(&out, ", %s ", coverage_kind_name((enum coverage_kind)kind));
		coverage_add_pct(&out, totals.of[kind]);
		strbuf_addstr(&out, " %");
	}
	if (!coverage_is_complete(s->set))
		strbuf_addstr(&out, "; incomplete");
	ansi_filter(&clean, out.buf, out.len, false);
	fprintf(stderr, "%s\n", clean.buf);
}

/* ---- merge ----------------------------------------------------------------------------------- */

static int write_map(const struct session *s, const struct target *target, struct error *err)
{
	struct spool out;

	if (target_open(target, &out, err) < 0)
		return -1;
	if (target->path)
		coverage_print_json(s->set, &out);
	int result = target_write(target, &out, err);
	spool_release(&out);
	return result;
}

static int merge_json(const struct session *s, const char *output, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;

	begin_json(&w, &out, "muster/coverage-merge/1");
	jsonw_string(&w, "output", output);
	return end_json(&w, s, err);
}

static int run_merge(const struct options *options, struct error *err)
{
	struct target target;
	struct session s;

	if (target_find(options, "coverage-final.json", &target, err) < 0)
		return -1;
	int result = open_session(&s, options, target.path, err);
	if (result == 0)
		result = write_map(&s, &target, err);
	if (result == 0 && target.path && !target.stream && command_verbosity(options) >= 0)
		say_summary(&s, target.path);
	if (result == 0 && options_has(options, "json"))
		result = merge_json(&s, target.path, err);
	if (result == 0)
		result = exit_code_of(&s);
	close_session(&s);
	return result;
}

/* ---- report ---------------------------------------------------------------------------------- */

static int add_reporter(struct strvec *names, const char *name, struct error *err)
{
	cleanup_strvec struct strvec known = STRVEC_INIT;

	if (coverage_report_find(name)) {
		if (!strvec_has(names, name))
			strvec_push(names, name);
		return 0;
	}
	for (const struct coverage_report *r = coverage_reports; r->name; r++)
		strvec_push(&known, r->name);
	error_set(err, EXIT_CODE_USAGE, "unknown coverage report `%s`", name);
	return error_help_names(err, name, (const char *const *)known.v, "known here");
}

static int chosen_reporters(const struct options *options, struct strvec *names, struct error *err)
{
	for (size_t i = 0; i < options->n; i++) {
		cleanup_strvec struct strvec parts = STRVEC_INIT;
		if (!streq(options->v[i].option->name, "reporter"))
			continue;
		strvec_split(&parts, options->v[i].value, ',');
		strvec_each (part, &parts)
			if (add_reporter(names, part, err) < 0)
				return -1;
	}
	if (!names->n)
		strvec_push(names, "text");
	return 0;
}

static int write_report(const struct session *s, const struct coverage_report *report,
	const struct coverage_report_options *how, char **ret_path, struct error *err)
{
	const char *dir = options_value(s->options, "output", "coverage");

	if (!report->file)
		return options_has(s->options, "json")
			       ? 0
			       : coverage_report_print(report, how, STDOUT_FILENO, err);
	*ret_path = path_join(dir, report->file);
	return coverage_report_save(report, how, dir, err);
}

static int write_reports(
	const struct session *s, const struct strvec *names, struct jsonw *w, struct error *err)
{
	struct coverage_tree tree;
	int color = -1, result = 0;

	command_color(s->options, &color, NULL);
	coverage_tree_init(&tree, s->set);
	struct coverage_report_options how = {
		.set = s->set,
		.tree = &tree,
		.root = s->root,
		.columns = outputs_columns(STDOUT_FILENO),
		.color = outputs_color(color, STDOUT_FILENO),
		.timestamp_ms = clock_unix_ms(),
	};
	memcpy(how.limits, s->limits, sizeof(how.limits));
	jsonw_array_begin(w, "reports");
	for (size_t i = 0; i < names->n && result == 0; i++) {
		cleanup_free char *path = NULL;
		result = write_report(s, coverage_report_find(names->v[i]), &how, &path, err);
		if (!path)
			continue;
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "name", names->v[i]);
		jsonw_string(w, "path", path);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
	coverage_tree_release(&tree);
	return result;
}

/* The page marks what the gates would. */
static int read_limits(struct session *s, struct error *err)
{
	struct config *config = command_config_only(s->options, err);

	if (!config)
		return -1;
	memcpy(s->limits, config->gates.coverage.pct, sizeof(s->limits));
	config_free(config);
	return 0;
}

static int run_report(const struct options *options, struct error *err)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct session s;
	struct jsonw w;

	if (chosen_reporters(options, &names, err) < 0)
		return -1;
	int result = open_session(&s, options, NULL, err);
	begin_json(&w, &out, "muster/coverage-report/1");
	if (result == 0 && strvec_has(&names, "html"))
		result = read_limits(&s, err);
	if (result == 0)
		result = write_reports(&s, &names, &w, err);
	if (result == 0 && options_has(options, "json"))
		result = end_json(&w, &s, err);
	if (result == 0)
		result = exit_code_of(&s);
	close_session(&s);
	return result;
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run_check(const struct options *options, struct error *err)
{
	cleanup_strvec struct strvec inputs = STRVEC_INIT;

	for (size_t i = 1; i < options->words.n; i++)
		strvec_push(&inputs, options->words.v[i]);
	strvec_push_all(&inputs, &options->rest);
	return gate_check_coverage(options, &inputs, err);
}

static int run_coverage(const struct options *options, struct error *err)
{
	if (options->words.n && streq(options->words.v[0], "check"))
		return run_check(options, err);
	if (options->words.n)
		return streq(options->words.v[0], "merge") ? run_merge(options, err)
							   : run_report(options, err);
	error_set(err, EXIT_CODE_USAGE, "`muster coverage` needs to know what to do");
	return error_help(err, "usage: muster coverage merge|report|check INPUT...");
}

static const struct option coverage_options[] = {
	{"output", 'o', OPTION_VALUE, "PATH",
		"merge: file of the merged map (default: stdout); report: folder (default: "
		"coverage)"},
	{"reporter", 0, OPTION_VALUE, "NAME",
		"report: text (default), text-summary, lcov, cobertura, json, json-summary, "
		"html; repeats"},
	{"root", 0, OPTION_VALUE, "DIR",
		"root of the project: relative paths start there (default: here)"},
	{"from", 0, OPTION_VALUE, "DIR",
		"root on the machine that wrote the inputs; run directories know theirs"},
	{"against", 0, OPTION_VALUE, "REF",
		"check: also the lines changed since REF, 90 % of them unless muster.yaml says "
		"else"},
	{"config", 'c', OPTION_VALUE, "FILE",
		"check, report html: configuration file (default: muster.yaml)"},
	{NULL},
};

static const char *const coverage_words[] = {"merge", "report", "check", NULL};

const struct command coverage_cmd = {
	.name = "coverage",
	.usage = "coverage merge|report|check INPUT... [-o PATH] [--reporter NAME] [--json]",
	.summary = "merge coverage of any tool into one, and report it",
	.details = "INPUT is a file (Istanbul JSON, lcov, Cobertura), a folder (all coverage "
		   "below it), a run directory (its coverage; of several the newest attempt of "
		   "each shard counts) or - for stdin. merge writes one Istanbul map; reports "
		   "are those of Istanbul, figure for figure. check judges the gates of "
		   "coverage (default: of the latest run; 6 when one fails). The exit code is 5 "
		   "when something of the inputs was lost: file and place are named, and the "
		   "rest is merged.",
	.options = coverage_options,
	.words = coverage_words,
	.max_words = -1,
	.takes_rest = true,
	.run = run_coverage,
};
