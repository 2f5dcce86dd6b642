#include "core/base/base.h"

#include "cmd/outputs.h"
#include "cmd/run.h"
#include "cmd/setup.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/engine/engine.h"
#include "core/event_json.h"
#include "core/journal.h"
#include "reporters/summary.h"

#include <signal.h>

enum { RUNS_KEPT = 20 };

/* One invocation: everything that must be closed in order at the end. */
struct invocation {
	struct setup setup;
	struct state state;
	struct bus bus;
	struct journal *journal;
	struct outputs outputs;
	bool has_outputs;
	struct engine_selection *selection;
	size_t selection_count;
	struct sink events; /* --events */
	bool stream_events;
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

static void on_signal(void *arg, int signum)
{
	struct invocation *in = arg;
	struct sink sink;

	if (signum == SIGWINCH && in->has_outputs)
		outputs_resize(&in->outputs);
	if (signum != SIGUSR1)
		return;
	sink_init_fd(&sink, STDERR_FILENO);
	summary_running(&in->state, &sink);
	sink_close(&sink, NULL);
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

static int add_selection(void *arg, const char *suite, const char *project, const char *file,
	const char *test, int occurrence)
{
	struct invocation *in = arg;

	in->selection = xrealloc(in->selection, (in->selection_count + 1) * sizeof(*in->selection));
	in->selection[in->selection_count++] = (struct engine_selection){
		.suite = xstrdup(suite),
		.project = xstrdup(project),
		.file = xstrdup(file),
		.test = test ? xstrdup(test) : NULL,
		.occurrence = occurrence,
	};
	return 0;
}

static int select_failed(struct invocation *in, struct error *err)
{
	if (!in->setup.history) {
		error_set(err, EXIT_CODE_USAGE, "--failed needs the history of an earlier run");
		return error_help(err, "run `muster` once without it");
	}
	return history_left(in->setup.history, add_selection, in, err);
}

static void release_selection(struct invocation *in)
{
	for (size_t i = 0; i < in->selection_count; i++) {
		free(in->selection[i].suite);
		free(in->selection[i].project);
		free(in->selection[i].file);
		free(in->selection[i].test);
	}
	free(in->selection);
}

/* ---- the history ----------------------------------------------------------------------------- */

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

/* Runs that ended without a word (kill -9, power loss) left their journals: take them in. */
static void recover(struct history *history, const char *runs, const char *own)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	file_list_dir(runs, &names);
	for (size_t i = names.n > 5 ? names.n - 5 : 0; i < names.n; i++) {
		cleanup_free char *path = xasprintf("%s/%s/journal.ndjson", runs, names.v[i]);
		struct journal_end end;
		if (streq(names.v[i], own) || history_has_run(history, names.v[i]) ||
			!path_exists(path) || journal_is_live(path))
			continue;
		struct state state;
		struct bus bus;
		state_init(&state);
		bus_init(&bus, &state);
		if (journal_replay(path, &bus, &end, NULL) == 0 && !end.finished) {
			/* how it ended nobody knows; what it learned counts */
			bus_publish(&bus, &(struct event){.type = EVENT_RUN_CANCELLED,
						  .time_ms = state.now_ms,
						  .cancel = CANCEL_TERMINATED});
			bus_publish(&bus,
				&(struct event){.type = EVENT_RUN_FINISHED,
					.time_ms = state.now_ms,
					.exit_code = EXIT_CODE_TERMINATED,
					.duration_us = (state.now_ms - state.started_ms) * 1000});
			history_record(history, &state, NULL);
		}
		state_release(&state);
	}
}

static void remember(struct invocation *in)
{
	struct error err = ERROR_INIT;
	struct history *history = setup_history_for_writing(&in->setup, &err);

	if (in->setup.config->no_history)
		return;
	if (history) {
		cleanup_free char *runs = path_join(in->setup.config->base, ".muster/runs");
		recover(history, runs, in->setup.run_id);
		history_record(history, &in->state, &err);
	}
	history_close(history);
	if (err.code != EXIT_CODE_PASSED)
		fprintf(stderr, "warning: this run is not in the history: %s\n", err.text);
}

/* Old runs go: the newest stay. */
static void prune_runs(const char *base)
{
	cleanup_free char *runs = path_join(base, ".muster/runs");
	cleanup_strvec struct strvec names = STRVEC_INIT;

	file_list_dir(runs, &names);
	for (size_t i = 0; names.n > RUNS_KEPT && i < names.n - RUNS_KEPT; i++) {
		cleanup_free char *dir = path_join(runs, names.v[i]);
		cleanup_free char *journal = path_join(dir, "journal.ndjson");
		if (!journal_is_live(journal))
			file_remove_tree(dir, NULL);
	}
}

/* ---- run ------------------------------------------------------------------------------------- */

static int open_outputs(struct invocation *in, const struct options *options, struct error *err)
{
	struct outputs_options o = {
		.names = &in->setup.config->reporters,
		.run_dir = in->setup.run_dir,
		.live = true,
		.ci = in->setup.ci.is_ci,
		.json = options_has(options, "json"),
		.verbosity = command_verbosity(options),
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
		.info = &in->setup.info,
		.program = in->setup.program,
		.adapters_dir = in->setup.adapters_dir,
		.cache_dir = in->setup.cache_dir,
		.selection = in->selection,
		.selection_count = in->selection_count,
		.select = in->setup.config->failed_only,
		.ci = in->setup.ci.is_ci,
		.env_is_secret = ci_env_is_secret,
		.before_sleep = before_sleep,
		.on_signal = on_signal,
		.arg = in,
	};
}

static int close_all(struct invocation *in, int code, struct error *err)
{
	struct error own = ERROR_INIT;
	bool bad = false;

	if (in->has_outputs && outputs_close(&in->outputs, &in->state, &own) < 0)
		bad = true;
	if (journal_close(in->journal, bad ? NULL : &own) < 0)
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

static int run_tests(struct invocation *in, const struct options *options, struct error *err)
{
	int signum = 0;

	if (setup_run_dir(&in->setup, err) < 0 || setup_adapters(&in->setup, err) < 0 ||
		open_outputs(in, options, err) < 0)
		return -1;
	if (in->setup.history_notice)
		notice(in, "history", in->setup.history_notice);
	struct engine_options o = engine_options_of(in);
	if (engine_run(&o, &signum, err) < 0)
		return -1;
	before_sleep(in);
	return in->state.exit_code;
}

static int run_run(const struct options *options, struct error *err)
{
	struct invocation in = {0};
	struct config *config = command_config(options, err);

	if (!config)
		return -1;
	state_init(&in.state);
	bus_init(&in.bus, &in.state);
	int code = setup_init(&in.setup, config, err);
	if (code == 0 && config->failed_only)
		code = select_failed(&in, err);
	if (code == 0 && config->failed_only && !in.selection_count) {
		fprintf(stderr, "nothing to do: the last run left nothing failed or not run\n");
	} else if (code == 0) {
		code = run_tests(&in, options, err);
		code = close_all(&in, code, err);
		if (in.state.finished) {
			remember(&in);
			prune_runs(config->base);
		}
	}
	release_selection(&in);
	state_release(&in.state);
	setup_release(&in.setup);
	return code;
}

static const struct option run_options[] = {
	{"events", 0, OPTION_FLAG, NULL, "the journal as NDJSON on stdout while it grows"},
	{NULL},
};

const struct command run_cmd = {
	.name = "run",
	.usage = "run [OPTIONS] [PATH...] [-- RUNNER OPTIONS]",
	.summary = "run the tests (the default command)",
	.details =
		"Suites are detected, or taken from muster.yaml. The first failure stops the run;\n"
		"what it left is run by `muster --failed`.",
	.options = run_options,
	.max_words = -1,
	.takes_rest = true,
	.takes_config = true,
	.run = run_run,
};

/* ---- list ------------------------------------------------------------------------------------ */

static void list_json(struct strbuf *out, const struct state *s)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/list/1");
	jsonw_array_begin(&w, "suites");
	for (size_t i = 0; i < s->suite_count; i++) {
		const struct state_suite *suite = s->suites[i];
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "suite", suite->name);
		jsonw_string(&w, "runner", suite->runner);
		jsonw_string(&w, "version", suite->version);
		jsonw_string(&w, "root", suite->root);
		jsonw_string(&w, "reason", suite->reason);
		jsonw_int(&w, "files", suite->file_count);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_array_begin(&w, "files");
	for (size_t i = 0; i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "suite", f->suite->name);
		jsonw_string(&w, "project", *f->project ? f->project : NULL);
		jsonw_string(&w, "file", f->file);
		jsonw_int(&w, "estimate_ms", f->estimate_ms);
		jsonw_bool(&w, "known", f->known);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

static void list_text(struct strbuf *out, const struct state *s)
{
	for (size_t i = 0; i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		strbuf_addf(out, "%s\t%s", f->suite->name, f->file);
		if (*f->project)
			strbuf_addf(out, "\t%s", f->project);
		strbuf_addch(out, '\n');
	}
}

static void print_problems(const struct state *s)
{
	for (size_t i = 0; i < s->notice_count; i++)
		if (s->notices[i].severity == SEVERITY_ERROR)
			fprintf(stderr, "error: %s: %s\n",
				s->notices[i].suite ? s->notices[i].suite : "muster",
				s->notices[i].text);
	for (size_t i = 0; i < s->suite_count; i++)
		if (s->suites[i]->discovered)
			fprintf(stderr, "%s: %s %s, %" PRId64 " files (%s)\n", s->suites[i]->name,
				s->suites[i]->runner,
				s->suites[i]->version ? s->suites[i]->version : "",
				s->suites[i]->file_count,
				s->suites[i]->reason ? s->suites[i]->reason : "");
}

static int run_list(const struct options *options, struct error *err)
{
	struct invocation in = {0};
	struct config *config = command_config(options, err);
	int signum;

	if (!config)
		return -1;
	state_init(&in.state);
	bus_init(&in.bus, &in.state);
	int code = setup_init(&in.setup, config, err);
	if (code == 0)
		code = setup_adapters(&in.setup, err);
	if (code == 0) {
		struct engine_options o = engine_options_of(&in);
		o.list_only = true;
		code = engine_run(&o, &signum, err);
	}
	if (code == 0) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		if (options_has(options, "json"))
			list_json(&out, &in.state);
		else
			list_text(&out, &in.state);
		print_problems(&in.state);
		if (out.len)
			code = command_print(out.buf, out.len, err);
		if (code == 0)
			code = in.state.exit_code;
	}
	state_release(&in.state);
	setup_release(&in.setup);
	return code;
}

const struct command list_cmd = {
	.name = "list",
	.usage = "list [--json] [OPTIONS] [PATH...]",
	.summary = "show the test files that would run",
	.details = "One line a file: suite, path, project. What was detected, and why, goes to "
		   "stderr.",
	.max_words = -1,
	.takes_rest = true,
	.takes_config = true,
	.run = run_list,
};
