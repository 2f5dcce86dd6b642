#include "core/base/base.h"

#include "cmd/flaky_known.h"
#include "cmd/judge.h"
#include "cmd/known.h"
#include "cmd/memory.h"
#include "cmd/outputs.h"
#include "cmd/run.h"
#include "cmd/setup.h"
#include "cmd/shard.h"
#include "cmd/tree.h"
#include "cmd/machine.h"
#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/engine/engine.h"
#include "core/event/json.h"
#include "core/event/journal.h"

#include <signal.h>

/* One invocation: everything that must be closed in order at the end. */
struct invocation {
	struct setup setup;
	struct state state;
	struct bus bus;
	struct journal *journal;
	struct outputs outputs;
	bool has_outputs;
	struct flaky_known flaky_known;
	struct shard shard;
	struct known known;
	bool in_order;
	struct judge judge;
	struct arena arena;
	struct engine_selection *left; /* --failed */
	size_t left_count;
	bool nothing_left; /* … and the last run left none */
	struct quarantine quarantine;
	int64_t elapsed_us; /* since the plan was made */
	bool old_plan;      /* … which is so long ago that this job must run again */
	bool split;
	struct sink events; /* --events */
	bool stream_events;
	struct tree tree;
};

static void before_sleep(void *arg)
{
	struct invocation *in = arg;

	if (in->journal)
		journal_flush(in->journal); /* first on disk, then on the screen */
	if (in->has_outputs)
		outputs_flush(&in->outputs);
	if (in->stream_events)
		sink_flush(&in->events);
}

static void before_verdict(void *arg)
{
	struct invocation *in = arg;

	judge_verdict(&in->judge, 0);
}

static void on_signal(void *arg, int signum)
{
	struct invocation *in = arg;

	if (!in->has_outputs)
		return;
	if (signum == SIGWINCH)
		outputs_resize(&in->outputs);
	else if (signum == SIGTSTP)
		outputs_hide(&in->outputs, &in->state);
	else if (signum == SIGUSR1)
		outputs_running(&in->outputs, &in->state);
}

static void on_event(void *arg, const struct event *event, const struct state *state)
{
	struct invocation *in = arg;
	cleanup_strbuf struct strbuf line = STRBUF_INIT;

	(void)state;
	if (event->type == EVENT_TICK)
		return;
	event_json_write(&line, event);
	sink_write(&in->events, line.buf, line.len);
}

/* ---- --failed -------------------------------------------------------------------------------- */

static bool is_same_file(
	const struct engine_selection *s, const char *suite, const char *project, const char *file)
{
	return streq(s->suite, suite) && streq(s->project, project) && streq(s->file, file);
}

/* Rows of one file follow each other; one without a test means the whole file. */
static int add_left(void *arg, const char *suite, const char *project, const char *file,
	const char *test, int occurrence)
{
	struct invocation *in = arg;
	struct engine_selection *last = in->left_count ? &in->left[in->left_count - 1] : NULL;

	if (!last || !is_same_file(last, suite, project, file)) {
		in->left = xrealloc(in->left, (in->left_count + 1) * sizeof(*in->left));
		last = &in->left[in->left_count++];
		*last = (struct engine_selection){
			.suite = arena_strdup(&in->arena, suite),
			.project = arena_strdup(&in->arena, project),
			.file = arena_strdup(&in->arena, file),
		};
	} else if (!last->tests) {
		return 0;
	}
	if (!test) {
		last->tests = NULL;
		return 0;
	}
	struct plan_test *tests = arena_alloc(&in->arena, (last->test_count + 1) * sizeof(*tests));
	if (last->test_count)
		memcpy(tests, last->tests, last->test_count * sizeof(*tests));
	tests[last->test_count++] = (struct plan_test){arena_strdup(&in->arena, test), occurrence};
	last->tests = tests;
	return 0;
}

static int select_failed(struct invocation *in, struct error *err)
{
	if (!in->setup.history) {
		error_set(err, EXIT_CODE_USAGE, "--failed needs the history of an earlier run");
		return error_help(err, "run `muster` once without it");
	}
	return history_left(in->setup.history, add_left, in, err);
}

static void notice(struct invocation *in, const char *name, const char *text)
{
	bus_publish(&in->bus, &(struct event){
				      .type = EVENT_NOTICE,
				      .severity = SEVERITY_WARNING,
				      .name = name,
				      .text = text,
				      .text_len = strlen(text),
			      });
}

/* ---- run ------------------------------------------------------------------------------------- */

static int open_outputs(struct invocation *in, const struct options *options, struct error *err)
{
	struct outputs_options o = {
		.names = &in->setup.config->reporters,
		.run_dir = in->setup.run_dir,
		.live = true,
		.shard = in->shard.active,
		.ci = in->setup.ci.is_ci,
		.json = options_has(options, "json"),
		.verbosity = command_verbosity(options),
		.known = flaky_known_describe,
		.known_arg = &in->flaky_known,
	};
	cleanup_free char *journal = path_join(in->setup.run_dir, "journal.ndjson");

	if (options_has(options, "events") && o.json)
		return error_set(err, EXIT_CODE_USAGE, "--events and --json both want stdout");
	o.json |= options_has(options, "events"); /* people's text to stderr */
	if (command_color(options, &o.color, err) < 0)
		return -1;
	in->journal = journal_create(journal, err);
	if (!in->journal)
		return -1;
	bus_subscribe(&in->bus, journal_event, in->journal);
	judge_init(&in->judge, &in->setup, &in->bus);
	judge_collect(&in->judge);
	bus_subscribe(&in->bus, judge_event, &in->judge);
	in->stream_events = options_has(options, "events");
	if (in->stream_events) {
		sink_init_fd(&in->events, STDOUT_FILENO);
		bus_subscribe(&in->bus, on_event, in);
		o.events = true;
	}
	in->has_outputs = true;
	if (outputs_open(&in->outputs, &o, err) < 0)
		return -1;
	bus_subscribe(&in->bus, outputs_event, &in->outputs);
	return 0;
}

static struct engine_options engine_options_of(struct invocation *in)
{
	return (struct engine_options){
		.config = in->setup.config,
		.suites = in->setup.suites,
		.bus = &in->bus,
		.history = in->setup.history,
		.quarantine = &in->quarantine,
		.info = &in->setup.info,
		.program = in->setup.program,
		.adapters_dir = in->setup.adapters_dir,
		.cores = machine_cores(),
		.cache_dir = in->setup.cache_dir,
		.selection = in->shard.active ? in->shard.selection : in->left,
		.selection_count = in->shard.active ? in->shard.selection_count : in->left_count,
		.select = in->shard.active || in->setup.config->failed_only,
		.planned = in->shard.active,
		.impact = in->setup.config->changed_only && !in->shard.active ? &in->setup.impact
									      : NULL,
		.in_order = in->in_order,
		.known = &in->known.tests,
		.changed = &in->known.changed,
		.split = in->split,
		.elapsed_us = in->elapsed_us,
		.coverage_dir = in->judge.work,
		.ci = in->setup.ci.is_ci,
		.env_is_secret = ci_env_is_secret,
		.before_sleep = before_sleep,
		.before_verdict = before_verdict,
		.on_signal = on_signal,
		.keys = outputs_live(&in->outputs),
		.arg = in,
	};
}

static int close_all(struct invocation *in, int code, struct error *err)
{
	struct error own = ERROR_INIT;
	bool bad = false;

	if (journal_close(in->journal, &own) < 0) /* the worst that can be missing: told first */
		bad = true;
	if (in->has_outputs && outputs_close(&in->outputs, &in->state, bad ? NULL : &own) < 0)
		bad = true;
	if (in->stream_events && sink_close(&in->events, bad ? NULL : &own) < 0)
		bad = true;
	if (!bad)
		return code;
	if (code < 0)
		return code;
	*err = own;
	err->code = exit_code_worst((enum exit_code)code, own.code);
	return -1;
}

/* ---- a shard --------------------------------------------------------------------------------- */

/* The plan travels with the results, so that merge needs nothing else. */
static int prepare_shard(struct invocation *in, struct error *err)
{
	cleanup_free char *path = path_join(in->setup.run_dir, "plan.json");
	const struct plan *plan = &in->shard.plan;
	const struct strbuf *text = &in->shard.text;

	if (plan->commit && in->setup.commit && !streq(plan->commit, in->setup.commit))
		notice(in, "other_commit",
			"the plan was made at another commit: files may have come or gone");
	return file_write(path, text->buf, text->len, false, err);
}

/* More shards than items, or --failed after a run that left nothing: a success, and merge and
 * whoever reads the reports want to hear of it. */
static void run_nothing(struct invocation *in)
{
	if (in->nothing_left)
		fprintf(stderr, "nothing to do: nothing is left failed or not run\n");
	bus_publish(&in->bus, &(struct event){.type = EVENT_RUN_STARTED, .run = &in->setup.info});
	bus_publish(&in->bus, &(struct event){.type = EVENT_RUN_FINISHED});
}

/* What the journal says of the plan; and how long the pipeline is already under way. */
static void describe_shard(struct invocation *in)
{
	struct run_info *info = &in->setup.info;
	const struct plan *plan = &in->shard.plan;

	info->plan_id = plan->plan_id;
	info->plan_ms = plan->created_ms;
	info->shard = in->shard.index;
	info->shards = in->shard.count;
	/* Jobs that are run again start their own clock. Where no number says that they are, a
	 * budget that was used up before the start does. */
	int64_t elapsed_ms = plan->created_ms ? MAX(clock_unix_ms() - plan->created_ms, 0) : 0;
	int64_t budget_ms = in->setup.config->budget_ms;
	in->old_plan = !info->ci_attempt && budget_ms && elapsed_ms > budget_ms;
	if (info->ci_attempt <= 1 && !in->old_plan)
		in->elapsed_us = elapsed_ms * 1000;
}

static void tell_old_plan(struct invocation *in)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addstr(&text, "the plan was made ");
	text_duration(&text, clock_unix_ms() - in->shard.plan.created_ms);
	strbuf_addstr(&text, " ago, which is more than the budget: this is taken for a job that "
			     "runs again, and its clock starts now");
	notice(in, "old_plan", text.buf);
}

static int set_up_shard(struct invocation *in, const struct options *options, struct error *err)
{
	if (in->setup.config->failed_only &&
		(options_has(options, "shard") || options_has(options, "plan")))
		return error_set(err, EXIT_CODE_USAGE,
			"--failed and --shard do not go together: the history of a shard is read "
			"only");
	if (in->setup.config->changed_only && options_has(options, "plan")) {
		error_set(err, EXIT_CODE_USAGE, "--changed and --plan do not go together");
		return error_help(err, "the plan says what runs: muster plan --changed");
	}
	if (shard_resolve(&in->shard, options, &in->setup, err) < 0)
		return -1;
	if (!in->shard.active)
		return 0;
	if (options_has(options, "in-order")) {
		error_set(err, EXIT_CODE_USAGE,
			"--in-order and shards do not go together: what a shard runs is planned");
		return error_help(err, "`muster --in-order FIRST SECOND` runs them here");
	}
	describe_shard(in);
	return shard_choose_suites(&in->shard, &in->setup, err);
}

/* ---- the order of files ---------------------------------------------------------------------- */

enum { SEEDS = 999999 /* short enough to be typed again */ };

/* All shards shuffle alike, another plan or commit otherwise. */
static int64_t seed_of_shards(const struct invocation *in)
{
	const char *commit = in->setup.info.commit ? in->setup.info.commit : "";
	cleanup_free char *key = xasprintf("%s%s", commit, in->shard.text.buf);
	char hex[DIGEST_HEX_SIZE];

	digest_hex(key, strlen(key), hex);
	hex[12] = '\0';
	return 1 + (int64_t)(strtoull(hex, NULL, 16) % SEEDS);
}

static int read_seed(const struct invocation *in, const char *text, int64_t *ret, struct error *err)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;
	int64_t seed = digits && digits <= 10 ? atoll(text) : 0;

	if (text && (text[digits] || seed < 1 || seed > INT32_MAX))
		return error_set(err, EXIT_CODE_USAGE,
			"`--shuffle` expects a whole number from 1 to %d, not `%s`", INT32_MAX,
			text);
	if (!text)
		seed = in->shard.active ? seed_of_shards(in)
					: 1 + (clock_unix_ms() * 7919 + getpid()) % SEEDS;
	*ret = seed;
	return 0;
}

static int read_order(struct invocation *in, const struct options *options, struct error *err)
{
	struct run_info *info = &in->setup.info;

	in->in_order = options_has(options, "in-order");
	if (in->in_order && options_has(options, "shuffle"))
		return error_set(
			err, EXIT_CODE_USAGE, "--in-order and --shuffle do not go together");
	if (in->in_order && !in->setup.config->paths.n) {
		error_set(err, EXIT_CODE_USAGE, "--in-order needs the files, in their order");
		return error_help(err, "muster --in-order FIRST SECOND");
	}
	if (in->in_order)
		info->workers = 1;
	if (!options_has(options, "shuffle"))
		return 0;
	return read_seed(in, options_value(options, "shuffle", NULL), &info->seed, err);
}

/* Results are never overwritten. */
static int check_out(const struct config *config, struct error *err)
{
	cleanup_free char *journal =
		config->out_dir ? path_join(config->out_dir, "journal.ndjson") : NULL;

	if (!journal || !path_exists(journal))
		return 0;
	error_set(err, EXIT_CODE_INFRASTRUCTURE, "there is a run in %s already", config->out_dir);
	return error_help(err, "name another folder with --out, or remove this one");
}

static int run_tests(struct invocation *in, const struct options *options, struct error *err)
{
	if (check_out(in->setup.config, err) < 0 || setup_run_dir(&in->setup, err) < 0 ||
		setup_adapters(&in->setup, err) < 0 || open_outputs(in, options, err) < 0)
		return -1;
	if (!in->shard.active && !in->nothing_left) /* of shards, merge alone writes */
		memory_begin(&in->setup);
	if (in->setup.history_notice)
		notice(in, "history", in->setup.history_notice);
	if (in->setup.not_run_notice)
		notice(in, "not_run", in->setup.not_run_notice);
	if (in->setup.impact_notice)
		notice(in, "changed", in->setup.impact_notice);
	if (in->known.notice)
		notice(in, "early_detection", in->known.notice);
	if (in->old_plan)
		tell_old_plan(in);
	if (in->shard.active && prepare_shard(in, err) < 0)
		return -1;
	if (in->nothing_left || (in->shard.active && !in->shard.selection_count)) {
		run_nothing(in);
	} else {
		struct engine_options o = engine_options_of(in);
		if (engine_run(&o, err) < 0)
			return -1;
	}
	before_sleep(in);
	return judge_error(&in->judge, err) < 0 ? -1 : in->state.exit_code;
}

static int read_quarantine(struct invocation *in, struct error *err)
{
	const struct config *config = in->setup.config;
	cleanup_free char *path = path_join(config->base, config->quarantine);
	bool named = config_origin(config, "quarantine") != ORIGIN_DEFAULT &&
		     !streq(config->quarantine, "quarantine.yaml"); /* said, but the usual one */

	if (streq(config->quarantine, "off"))
		return 0;
	return quarantine_read(&in->quarantine, path, named, clock_unix_ms(), err);
}

static int run_run(const struct options *options, struct error *err)
{
	struct invocation in = {.tree = TREE_INIT};
	struct config *config = command_config(options, err);

	if (!config)
		return -1;
	state_init(&in.state);
	bus_init(&in.bus, &in.state);
	in.split = !options_has(options, "no-split");
	quarantine_init(&in.quarantine);
	flaky_known_init(&in.flaky_known, &in.setup.history);
	int code = setup_init(&in.setup, config, err);
	if (code == 0 && in.setup.commit && !in.setup.ci.is_ci && !config->no_history)
		tree_ask(&in.tree, config->base);
	if (code == 0)
		code = shard_identify(options, &in.setup, err);
	if (code == 0)
		code = read_quarantine(&in, err);
	if (code == 0)
		code = set_up_shard(&in, options, err);
	if (code == 0)
		code = read_order(&in, options, err);
	if (code == 0 && config->failed_only)
		code = select_failed(&in, err);
	in.nothing_left = config->failed_only && !in.left_count;
	if (code == 0) {
		known_read(&in.known, &in.setup);
		code = run_tests(&in, options, err);
		code = close_all(&in, code, err);
		bool piped = options_has(options, "json") || options_has(options, "events") ||
			     outputs_piped(&in.outputs);
		if (judge_print(&in.judge, piped ? STDERR_FILENO : STDOUT_FILENO, err) < 0)
			code = -1;
		if (in.state.finished) {
			/* of shards, merge alone writes */
			if (!in.shard.active && !in.nothing_left)
				memory_record(&in.setup, &in.state, &in.judge, &in.tree);
			memory_prune(&in.setup);
		}
	}
	tree_release(&in.tree);
	free(in.left);
	arena_release(&in.arena);
	shard_release(&in.shard);
	known_release(&in.known);
	judge_release(&in.judge);
	quarantine_release(&in.quarantine);
	flaky_known_release(&in.flaky_known);
	state_release(&in.state);
	setup_release(&in.setup);
	return code;
}

static const struct option run_options[] = {
	{"plan", 0, OPTION_VALUE, "FILE", "run this job's share of a plan"},
	{"shard", 0, OPTION_VALUE, "I/N",
		"which share, or auto; without --plan the same plan is made again"},
	{"no-split", 0, OPTION_FLAG, NULL, "keep every file whole"},
	{"shuffle", 0, OPTION_OPTIONAL, "SEED",
		"files, and tests where the runner can, in a random order"},
	{"in-order", 0, OPTION_FLAG, NULL, "the named files one after the other in one worker"},
	{"early-detection", 0, OPTION_FLAG, NULL,
		"run new and changed tests again before they are believed", "early_detection",
		"on"},
	{"no-early-detection", 0, OPTION_FLAG, NULL, "believe them at once", "early_detection",
		"off"},
	{"attempt", 0, OPTION_VALUE, "N", "attempt of the CI run; the newest of a shard counts"},
	{"commit", 0, OPTION_VALUE, "SHA", "commit that is tested (default: CI's, or git's)"},
	{"branch", 0, OPTION_VALUE, "NAME", "its branch (default: CI's, or git's)"},
	{"run-url", 0, OPTION_VALUE, "URL", "page of the CI run, for reports"},
	{"events", 0, OPTION_FLAG, NULL, "the journal as NDJSON on stdout while it grows"},
	{NULL},
};

const struct command run_cmd = {
	.name = "run",
	.usage = "run [OPTIONS] [PATH...] [-- RUNNER OPTIONS]",
	.summary = "run the tests (the default command)",
	.details = "Suites are detected, or taken from muster.yaml. The first failure stops the "
		   "run; what it left is run by `muster --failed`.",
	.options = run_options,
	.max_words = -1,
	.takes_rest = true,
	.takes_config = true,
	.run = run_run,
};
