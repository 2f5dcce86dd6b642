#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/outputs.h"
#include "cmd/problems.h"
#include "cmd/target.h"
#include "core/base/ansi.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/spool.h"
#include "core/base/text.h"
#include "core/junit/inputs.h"
#include "core/junit/merge.h"

/* ---- the result ------------------------------------------------------------------------------ */

static int exit_code_of(const struct problems *problems)
{
	return problems->lost ? EXIT_CODE_INCOMPLETE : EXIT_CODE_PASSED;
}

static int print_json(const struct junit_merge *m, const struct problems *problems,
	const char *output, struct error *err)
{
	const struct junit_counts *c = junit_merge_counts(m);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;

	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/junit-merge/1");
	jsonw_string(&w, "output", output);
	jsonw_int(&w, "files", junit_merge_files(m));
	jsonw_int(&w, "suites", junit_merge_suites(m));
	jsonw_int(&w, "tests", c->tests);
	jsonw_int(&w, "failures", c->failures);
	jsonw_int(&w, "errors", c->errors);
	jsonw_int(&w, "skipped", c->skipped);
	jsonw_int(&w, "flaky", c->flaky);
	jsonw_double(&w, "time_s", (double)c->time_ns / 1e9);
	jsonw_int(&w, "duplicates", junit_merge_duplicates(m));
	jsonw_bool(&w, "complete", !problems->lost);
	problems_json(&w, problems);
	jsonw_int(&w, "exit_code", exit_code_of(problems));
	jsonw_string(&w, "exit_reason", exit_code_reason(exit_code_of(problems)));
	jsonw_object_end(&w);
	return command_print(out.buf, out.len, err);
}

static void count(struct strbuf *out, int64_t n, const char *word)
{
	if (!n)
		return;
	strbuf_addstr(out, ", ");
	text_count(out, n);
	strbuf_addf(out, " %s", word);
}

static void say_summary(
	const struct junit_merge *m, const struct problems *problems, const char *output)
{
	const struct junit_counts *c = junit_merge_counts(m);
	cleanup_strbuf struct strbuf out = STRBUF_INIT, clean = STRBUF_INIT;

	strbuf_addf(&out, "%s: ", output);
	text_count(&out, c->tests);
	strbuf_addf(&out, " test%s of ", c->tests == 1 ? "" : "s");
	text_count(&out, junit_merge_files(m));
	strbuf_addf(&out, " file%s", junit_merge_files(m) == 1 ? "" : "s");
	count(&out, c->failures, "failed");
	count(&out, c->errors, c->errors == 1 ? "error" : "errors");
	count(&out, c->skipped, "skipped");
	count(&out, c->flaky, "flaky");
	if (problems->lost)
		strbuf_addstr(&out, "; incomplete");
	ansi_filter(&clean, out.buf, out.len, false);
	fprintf(stderr, "%s\n", clean.buf);
}

/* ---- the command ----------------------------------------------------------------------------- */

static bool all_missing(const struct junit_inputs *in)
{
	strvec_each (path, &in->paths) {
		if (path_exists(path) || streq(path, "-"))
			return false;
	}
	return true;
}

/* Not one report went in: nothing is written, and that is no success. */
static int nothing(const struct junit_inputs *in, struct error *err)
{
	if (!in->paths.n || all_missing(in)) {
		error_set(err, EXIT_CODE_USAGE, "there is no file to merge");
		return error_help(err, "name JUnit files, or folders that have them as *.xml");
	}
	error_set(err, EXIT_CODE_INCOMPLETE,
		"none of %zu file%s is a JUnit report that can be read", in->paths.n,
		in->paths.n == 1 ? "" : "s");
	return error_help(err, "nothing was written; see above for each file");
}

static int merge_into(const struct options *options, const struct target *target,
	const struct junit_inputs *in, struct problems *problems, struct error *err)
{
	int verbosity = command_verbosity(options), color = -1, result = -1;
	bool max = streq(options_value(options, "time", "sum"), "max");
	struct spool out;

	command_color(options, &color, NULL);
	if (target_open(target, &out, err) < 0)
		return -1;
	if (target->path)
		spool_make_private(&out); /* what tests have printed may be in it */
	struct junit_merge *m =
		junit_merge_new(&out, problems, max ? JUNIT_TIME_MAX : JUNIT_TIME_SUM);
	for (size_t i = 0; i < in->paths.n; i++)
		junit_merge_file(m, in->paths.v[i], i < in->named);
	junit_merge_finish(m);
	problems_say(problems, verbosity, outputs_color(color, STDERR_FILENO));
	if (!junit_merge_files(m))
		nothing(in, err);
	else if (target_write(target, &out, err) == 0)
		result = 0;
	if (result == 0 && target->path && !target->stream && verbosity >= 0)
		say_summary(m, problems, target->path);
	if (result == 0 && options_has(options, "json"))
		result = print_json(m, problems, target->path, err);
	junit_merge_free(m);
	spool_release(&out);
	return result < 0 ? -1 : exit_code_of(problems);
}

static int run_junit(const struct options *options, struct error *err)
{
	cleanup_strvec struct strvec words = STRVEC_INIT;
	struct problems problems = {NULL};
	struct junit_inputs in;
	struct target target = {NULL, false};

	for (size_t i = 1; i < options->words.n; i++)
		strvec_push(&words, options->words.v[i]);
	strvec_push_all(&words, &options->rest);
	if (!words.n) {
		error_set(err, EXIT_CODE_USAGE,
			options->words.n ? "`muster junit merge` needs files or folders"
					 : "`muster junit` needs to know what to do");
		return error_help(err, "usage: muster junit merge FILE... [-o OUT.xml]");
	}
	if (target_find(options, "junit.xml", &target, err) < 0)
		return -1;
	junit_inputs_init(&in, target.path);
	junit_inputs_add(&in, &words, &problems);
	int result = merge_into(options, &target, &in, &problems, err);
	junit_inputs_release(&in);
	problems_release(&problems);
	return result;
}

static const struct option junit_options[] = {
	{"output", 'o', OPTION_VALUE, "FILE", "where the merged report goes (default: stdout)"},
	{"time", 0, OPTION_VALUE, "sum|max",
		"time of the whole: of all test cases (default), or of the longest file",
		.one_of = true},
	{NULL},
};

static const char *const junit_words[] = {"merge", NULL};

const struct command junit_cmd = {
	.name = "junit",
	.usage = "junit merge FILE... [-o OUT.xml] [--time sum|max] [--json]",
	.summary = "merge JUnit reports of any tool into one",
	.details = "FILE is a report, a folder (all *.xml below it) or - for stdin. With --json "
		   "the totals are printed, and a report is written only where -o says. Merging "
		   "is not judging: the exit code is 0 whatever the tests did, and 5 when "
		   "something of the files could not be read; what could is merged.",
	.options = junit_options,
	.words = junit_words,
	.max_words = -1,
	.takes_rest = true,
	.run = run_junit,
};
