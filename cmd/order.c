#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/order.h"
#include "cmd/outputs.h"
#include "cmd/setup.h"
#include "cmd/machine.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/engine/engine.h"
#include "core/history/order.h"
#include "core/event/journal.h"
#include "core/flaky/order.h"
#include "core/detect/project.h"

#include <signal.h>

/*
 * `muster order`: runs the files that a recorded run had in one worker before the target, and ever
 * fewer of them, each time in a fresh worker and in that order.
 */
enum { REPEAT_MAX = 20, PROBES_MAX = 400 };

/* ---- one run of a list of files -------------------------------------------------------------- */

enum result { RESULT_NONE, RESULT_PASSED, RESULT_FAILED };

static const char *const result_names[] = {"no result", "passed", "failed"};

static enum result result_of(const struct order *o, const struct state *state)
{
	const struct order_target *t = &o->target;
	struct event key = {
		.suite = t->suite,
		.project = t->project,
		.file = t->file,
		.test = t->test,
		.occurrence = t->occurrence,
	};
	const struct state_file *file = state_file_of(state, &key);
	const struct state_test *test = t->test ? state_test_of(state, &key) : NULL;
	enum outcome outcome = test ? test->outcome : file ? file->outcome : OUTCOME_NONE;

	/* a file that took the worker with it: the rest ran in another, which proves nothing */
	for (size_t i = 0; file && i < state->file_count; i++)
		if (state->files[i]->worker != file->worker)
			return RESULT_NONE;
	if (outcome == OUTCOME_FAILED || (file && file->failure.kind != FAILURE_NONE))
		return RESULT_FAILED;
	return outcome == OUTCOME_PASSED ? RESULT_PASSED : RESULT_NONE;
}

static void record(void *arg, const struct event *event, const struct state *state)
{
	struct order *o = arg;

	if (event->type == EVENT_RUN_FINISHED) {
		struct event proof = {
			.type = EVENT_NOTICE,
			.time_ms = event->time_ms,
			.severity = SEVERITY_WARNING,
			.name = "order_dependent",
			.suite = o->target.suite,
			.project = o->target.project,
			.file = o->target.file,
			.test = o->target.test,
			.occurrence = o->target.occurrence,
			.text = o->proof,
			.text_len = strlen(o->proof),
		};
		journal_event(o->journal, &proof, state);
	}
	journal_event(o->journal, event, state);
}

static void set_paths(struct order *o, const size_t *items, size_t n)
{
	struct config *config = o->setup.config;

	strvec_release(&config->paths);
	for (size_t i = 0; i < n; i++)
		strvec_pushf(&config->paths, "%s/%s", config->base, o->target.before.v[items[i]]);
	strvec_pushf(&config->paths, "%s/%s", config->base, o->target.file);
}

static void tell(const struct order *o, size_t n, enum result result)
{
	if (o->quiet)
		return;
	fprintf(stderr, "run %d: after %zu file%s: %s\n", o->probes, n, n == 1 ? "" : "s",
		result_names[result]);
}

/* A suite that does not start proves nothing either. */
static int cannot_run(const struct order *o, const struct state *state)
{
	const char *text = "the suite cannot run";

	for (size_t i = 0; i < state->notice_count; i++)
		if (state->notices[i].severity == SEVERITY_ERROR)
			text = state->notices[i].text;
	return error_set(o->err, (enum exit_code)state->exit_code, "%s: %s", o->target.suite, text);
}

/* Which tests of the file it was, when it is the file as a whole that is asked about. */
static void note_failed(struct order *o, const struct state *state)
{
	const struct order_target *t = &o->target;
	struct event key = {.suite = t->suite, .project = t->project, .file = t->file};
	const struct state_file *file = state_file_of(state, &key);

	strvec_release(&o->failed);
	for (size_t i = 0; file && i < file->test_count; i++) {
		const struct state_test *test = file->tests[i];
		if (test->outcome != OUTCOME_FAILED)
			continue;
		strvec_push(&o->failed, test->path);
		strvec_pushf(&o->failed, "%d", test->occurrence);
	}
}

/* The target after these of the files before it. -1: error, or interrupted. */
static int probe(struct order *o, const size_t *items, size_t n, enum result *ret)
{
	struct state state;
	struct bus bus;

	set_paths(o, items, n);
	state_init(&state);
	bus_init(&bus, &state);
	if (o->journal)
		bus_subscribe(&bus, record, o);
	struct engine_options engine = {
		.config = o->setup.config,
		.suites = o->setup.suites,
		.bus = &bus,
		.history = o->setup.history,
		.info = &o->setup.info,
		.program = o->setup.program,
		.adapters_dir = o->setup.adapters_dir,
		.cores = machine_cores(),
		.cache_dir = o->setup.cache_dir,
		.in_order = true,
		.ci = o->setup.ci.is_ci,
		.env_is_secret = ci_env_is_secret,
	};
	int signum = engine_run(&engine, o->err), code = MIN(signum, 0);
	*ret = code < 0 ? RESULT_NONE : result_of(o, &state);
	o->probes++;
	if (*ret == RESULT_FAILED)
		note_failed(o, &state);
	if (signum == 0)
		tell(o, n, *ret);
	if (signum == 0 && state.error_notices)
		code = cannot_run(o, &state);
	state_release(&state);
	if (signum > 0)
		return error_set(o->err,
			signum == SIGINT ? EXIT_CODE_INTERRUPTED : EXIT_CODE_TERMINATED,
			"interrupted after %d runs", o->probes);
	return code;
}

/* How often it failed; ret_none: runs without a result. */
static int probe_often(
	struct order *o, const size_t *items, size_t n, int *ret_failed, int *ret_none)
{
	enum result result;

	*ret_failed = *ret_none = 0;
	for (int i = 0; i < o->repeat; i++) {
		if (probe(o, items, n, &result) < 0)
			return -1;
		*ret_failed += result == RESULT_FAILED;
		*ret_none += result == RESULT_NONE;
	}
	return 0;
}

/* An order_test_fn: the result is seen each time. */
static int shows(void *arg, const size_t *items, size_t n)
{
	struct order *o = arg;
	enum result result, wanted = o->wanted_failure ? RESULT_FAILED : RESULT_PASSED;

	for (int i = 0; i < o->repeat; i++) {
		if (probe(o, items, n, &result) < 0)
			return -1;
		if (result != wanted)
			return 0;
	}
	return 1;
}

/* ---- the question ---------------------------------------------------------------------------- */

/* Once more, with a journal, so that it is on record. Nobody's `latest`, and no run of the history.
 */
static int prove(struct order *o, const size_t *items, size_t n)
{
	cleanup_free char *dir =
		xasprintf("%s/.muster/runs/%s", o->setup.config->base, o->setup.run_id);
	cleanup_free char *path = path_join(dir, "journal.ndjson");
	cleanup_strbuf struct strbuf words = STRBUF_INIT;
	enum result result;

	order_target_text(o, &words);
	strbuf_addstr(&words, o->wanted_failure ? " fails after " : " passes only after ");
	order_culprits_text(o, &words);
	strbuf_addstr(&words, " in the same worker");
	if (file_mkdirs(dir, o->err) < 0)
		return -1;
	o->proof = words.buf;
	o->journal = journal_create(path, o->err);
	if (!o->journal)
		return -1;
	int code = probe(o, items, n, &result);
	o->proven = code == 0 && result == (o->wanted_failure ? RESULT_FAILED : RESULT_PASSED);
	struct journal *journal = o->journal;
	o->journal = NULL;
	o->proof = NULL;
	return journal_close(journal, code < 0 ? NULL : o->err) < 0 ? -1 : code;
}

static int minimize(struct order *o, bool wanted_failure)
{
	cleanup_free size_t *items = xcalloc(o->target.before.n + 1, sizeof(*items));
	size_t n = 0;

	o->wanted_failure = wanted_failure;
	int result = order_minimize(o->target.before.n, shows, o, PROBES_MAX, items, &n);
	if (result < 0)
		return -1;
	o->minimal = result == 0;
	for (size_t i = 0; i < n; i++)
		strvec_push(&o->culprits, o->target.before.v[items[i]]);
	o->verdict = wanted_failure ? ORDER_DEPENDENT : ORDER_NEEDS;
	return prove(o, items, n);
}

static int decide(struct order *o)
{
	size_t n = o->target.before.n;
	cleanup_free size_t *all = xcalloc(n + 1, sizeof(*all));
	int failed, after, none;

	for (size_t i = 0; i < n; i++)
		all[i] = i;
	if (probe_often(o, all, 0, &failed, &none) < 0)
		return -1;
	if (none) {
		error_set(o->err, EXIT_CODE_USAGE, "%s gives no result when it runs alone",
			o->target.file);
		return error_help(
			o->err, "is it still there? `muster run %s` tells more", o->target.file);
	}
	o->verdict = failed == o->repeat ? ORDER_FAILS_ALONE
		     : failed            ? ORDER_FLAKY
					 : ORDER_NOT_DEPENDENT;
	if (o->verdict == ORDER_FLAKY || !n)
		return 0;
	if (probe_often(o, all, n, &after, &none) < 0)
		return -1;
	if (none || (after && after < o->repeat)) {
		o->verdict = ORDER_FLAKY;
		return 0;
	}
	if (!failed && after)
		return minimize(o, true);
	return failed && !after ? minimize(o, false) : 0;
}

/* ---- for the history ------------------------------------------------------------------------- */

static int put_finding(struct order *o, struct history *h, struct history_order *finding)
{
	if (o->target.test)
		return history_order_put(h, finding, o->err);
	for (size_t i = 0; i + 1 < o->failed.n; i += 2) {
		finding->test = o->failed.v[i];
		finding->occurrence = atoi(o->failed.v[i + 1]);
		if (history_order_put(h, finding, o->err) < 0)
			return -1;
	}
	return 0;
}

/* So that `muster flaky` knows. What refutes an earlier finding is an answer, too. */
static int remember(struct order *o)
{
	bool refuted = o->verdict == ORDER_NOT_DEPENDENT;
	cleanup_strbuf struct strbuf culprits = STRBUF_INIT;

	for (size_t i = 0; i < o->culprits.n; i++)
		strbuf_addf(&culprits, "%s%s", i ? "\n" : "", o->culprits.v[i]);
	struct history_order finding = {
		.suite = o->target.suite,
		.project = o->target.project,
		.file = o->target.file,
		.test = o->target.test,
		.occurrence = o->target.occurrence,
		.culprits = culprits.buf,
		.needed = !o->wanted_failure,
		.found_ms = clock_unix_ms(),
		.run = o->setup.run_id,
	};

	if (!o->proven && !refuted)
		return 0;
	struct history *h = setup_history_for_writing(&o->setup, o->err);
	if (!h)
		return o->err->code == EXIT_CODE_PASSED ? 0 : -1;
	int result = refuted ? history_order_refute(h, &finding, &o->target.before, o->err)
			     : put_finding(o, h, &finding);
	history_close(h);
	return result;
}

/* ---- the recorded run ------------------------------------------------------------------------ */

static int look_in(struct order *o, const char *dir, const char *word, const char *suite)
{
	cleanup_free char *journal = path_join(dir, "journal.ndjson");

	if (!path_exists(journal))
		return 0;
	if (order_find(journal, word, suite, &o->target, o->err) < 0)
		return -1;
	free(o->run_id);
	o->run_id = xstrdup(path_basename(dir));
	return 0;
}

/* Newest first: a run in which it failed, after something; else the newest that had it. */
static int find_target(struct order *o, const char *base, const char *word, const char *suite)
{
	cleanup_free char *runs = path_join(base, ".muster/runs");
	cleanup_strvec struct strvec names = STRVEC_INIT;
	cleanup_free char *kept = NULL;

	file_list_dir(runs, &names);
	for (size_t i = names.n; i-- > 0;) {
		cleanup_free char *dir = path_join(runs, names.v[i]);
		order_target_release(&o->target);
		if (look_in(o, dir, word, suite) < 0)
			return -1;
		if (o->target.file && o->target.failed && o->target.before.n)
			return 0;
		if (o->target.file && !kept)
			kept = xstrdup(dir);
	}
	order_target_release(&o->target);
	return kept ? look_in(o, kept, word, suite) : 0;
}

static char *base_relative(const char *base, const char *word)
{
	cleanup_free char *real = path_real(word);

	return real && path_is_below(base, real) ? path_relative(base, real) : xstrdup(word);
}

static int find(struct order *o, const struct config *config, const struct options *options)
{
	cleanup_free char *word = base_relative(config->base, options->words.v[0]);
	const char *run = options_value(options, "run", NULL);
	const char *suite = config->only_suites.n ? config->only_suites.v[0] : NULL;
	cleanup_free char *dir = run ? command_find_run(config->base, run, o->err) : NULL;

	if (run && !dir)
		return -1;
	int result = dir ? look_in(o, dir, word, suite) : find_target(o, config->base, word, suite);

	if (result < 0 || o->target.file)
		return result;
	error_set(o->err, EXIT_CODE_USAGE, "no recorded run has a file or test `%s`", word);
	return error_help(
		o->err, "run the suite once with `muster --no-fail-fast`, then ask again");
}

/* ---- the command ----------------------------------------------------------------------------- */

static int read_repeat(struct order *o, const struct options *options, struct error *err)
{
	const char *text = options_value(options, "repeat", "2");
	size_t digits = strspn(text, "0123456789");

	o->repeat = digits && digits < 3 && !text[digits] ? atoi(text) : 0;
	if (o->repeat >= 1 && o->repeat <= REPEAT_MAX)
		return 0;
	return error_set(err, EXIT_CODE_USAGE,
		"`--repeat` expects a whole number from 1 to %d, not `%.60s`", REPEAT_MAX, text);
}

/* Nothing but the files in their order: no retries, no stop, no second opinion. */
static void simplify(struct config *config, const char *suite)
{
	config->fail_fast = 0;
	config->retries = (struct retry_counts){{0, 0, 0}};
	config->early_detection = false;
	config->budget_ms = 0;
	strvec_release(&config->only_suites);
	strvec_push(&config->only_suites, suite);
}

static int prepare(struct order *o, struct config *config, struct error *err)
{
	simplify(config, o->target.suite);
	if (setup_init(&o->setup, config, err) < 0 || setup_adapters(&o->setup, err) < 0)
		return -1;
	o->setup.info.workers = 1;
	o->setup.suites->v[0]->retries = (struct retry_counts){{-1, -1, -1}};
	return 0;
}

static int run_order(const struct options *options, struct error *err)
{
	struct order o = {.target = {.before = STRVEC_INIT},
		.culprits = STRVEC_INIT,
		.failed = STRVEC_INIT,
		.quiet = command_verbosity(options) < 0,
		.err = err};
	struct config *config = NULL;
	int code = -1;

	if (!options->words.n) {
		error_set(err, EXIT_CODE_USAGE, "`muster order` needs a file or a test");
		error_help(err, "usage: muster order FILE|TEST [--run RUN] [--repeat N]");
	} else if (read_repeat(&o, options, err) == 0)
		config = command_config_only(options, err);
	if (config)
		code = find(&o, config, options);
	if (config && code < 0) {
		config_free(config);
	} else if (config) {
		code = prepare(&o, config, err);
		if (code == 0 && !o.quiet)
			fprintf(stderr, "%zu file%s ran before %s in its worker in run %s\n",
				o.target.before.n, o.target.before.n == 1 ? "" : "s", o.target.file,
				o.run_id);
		if (code == 0)
			code = decide(&o);
		if (code == 0)
			code = remember(&o);
		if (code == 0)
			code = order_print(&o, options_has(options, "json"), err);
		setup_release(&o.setup);
	}
	order_target_release(&o.target);
	strvec_release(&o.culprits);
	strvec_release(&o.failed);
	free(o.run_id);
	return code < 0                           ? -1
	       : o.verdict == ORDER_NOT_DEPENDENT ? EXIT_CODE_PASSED
						  : EXIT_CODE_FAILED;
}

static const struct option order_options[] = {
	{"run", 0, OPTION_VALUE, "RUN",
		"the recorded run to start from (default: one that failed)"},
	{"repeat", 0, OPTION_VALUE, "N", "times that each answer must be the same (default: 2)"},
	{"suite", 0, OPTION_VALUE, "NAME", "the suite, when several have such a file"},
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	{NULL},
};

const struct command order_cmd = {
	.name = "order",
	.usage = "order FILE|TEST [--run RUN] [--repeat N]",
	.summary = "find the file whose earlier run in the same worker breaks another",
	.details = "Starts from the order of a recorded run and leaves out ever more of the "
		   "files that ran before, each time in a fresh worker. The exit code is 1 when "
		   "FILE fails alone, after others or now and then, and 0 when it passes always.",
	.options = order_options,
	.max_words = 1,
	.run = run_order,
};
