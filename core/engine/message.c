#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/engine/run.h"
#include "core/event/json.h"

/*
 * What a worker says, one line a message: events of tests, and the messages of a table by their
 * type. Everything that cannot be true ends the worker as a protocol error, and only that worker.
 */
typedef int message_fn(struct worker *w, const struct json *message, struct error *err);

enum {
	/* After `end` nothing of value is left in the process; its supervisor may have to sweep. */
	LEAVE_LIMIT_MS = 2000,
	PLAIN_BYTES = 64 * 1024,
};

/* The file an event speaks of, among those this worker has. */
static struct run_file *file_of(struct worker *w, const struct event *event)
{
	const char *project = event->project ? event->project : "";

	for (size_t k = 0; event->file && k < w->item_count; k++) {
		size_t i = (w->last_item + k) % w->item_count;
		struct run_file *file = w->items[i];
		if (streq(file->file, event->file) && streq(file->project, project)) {
			w->last_item = i;
			return file;
		}
	}
	return NULL;
}

static int protocol_error(struct error *err, const char *text)
{
	return error_set(err, EXIT_CODE_INFRASTRUCTURE, "%s", text);
}

/* A worker that is ready: idle from now on, or the holder of the global set-up. */
static void ready(struct worker *w)
{
	w->phase = w->item_count ? WORKER_BUSY : WORKER_IDLE;
	if (!w->item_count)
		w->deadline_us = 0;
}

static int on_hello(struct worker *w, const struct json *message, struct error *err)
{
	(void)err;
	w->pid = (int)json_get_int(message, "pid", 0);
	return 0;
}

static int on_discovered(struct worker *w, const struct json *message, struct error *err)
{
	bool again = w->suite->phase == SUITE_READY && w->suite->settings->runner->batch;

	if (!w->discoverer || w->phase != WORKER_STARTING ||
		(w->suite->phase != SUITE_DISCOVERING && !again))
		return protocol_error(err, "`discovered` from a worker that was not asked");
	ready(w);
	return again ? 0 : discover_apply(w, message, err);
}

static int on_ready(struct worker *w, const struct json *message, struct error *err)
{
	(void)message;
	if (w->stop == STOP_ORDERLY)
		return 0; /* it was told to leave meanwhile: nothing is left to do */
	if (w->phase != WORKER_STARTING || !w->planned)
		return protocol_error(err, "`ready` out of turn");
	ready(w);
	return 0;
}

static int on_setup_done(struct worker *w, const struct json *message, struct error *err)
{
	struct run_suite *suite = w->suite;

	if (suite->phase != SUITE_SETTING_UP || suite->holder != w)
		return protocol_error(err, "`setup_done` out of turn");
	const struct json *env = json_get(message, "env");
	if (env && !json_is_object(env))
		return protocol_error(err, "`env` has the wrong kind of value");
	json_each (entry, env) {
		const char *value = json_string(entry, NULL);
		if (value)
			strvec_pushf(&suite->env, "%s=%s", json_key(entry), value);
		else
			strvec_push(&suite->env, json_key(entry));
	}
	w->deadline_us = 0;
	suite->phase = SUITE_READY;
	return 0;
}

static int on_teardown_done(struct worker *w, const struct json *message, struct error *err)
{
	(void)message;
	if (w->phase != WORKER_HOLDING)
		return protocol_error(err, "`teardown_done` out of turn");
	worker_end(w);
	return 0;
}

/* A runner's errors outside of any test: what ran has its results, and the run has failed. */
static void errors_outside_tests(struct worker *w, const char *text)
{
	run_notice(w->run, SEVERITY_ERROR, "errors_outside_tests", w->suite->settings->name, NULL,
		"%s", text);
	result_count_failure(w->run);
}

static int on_error(struct worker *w, const struct json *message, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	const char *code = json_get_string(message, "code", "");
	const char *stack = json_get_string(message, "stack", NULL);
	const char *help = json_get_string(message, "help", NULL);

	(void)err;
	strbuf_addstr(&text, json_get_string(message, "message", "the runner cannot start"));
	if (stack && *stack)
		strbuf_addf(&text, "\n%s", stack);
	if (help)
		strbuf_addf(&text, "\nhelp: %s", help);
	/* A test has broken what all of its process needs: the files behind it run elsewhere. */
	if (!w->suite->settings->runner->batch && result_current_file(w)) {
		cleanup_free char *why = xasprintf("the worker cannot go on: %s", text.buf);
		worker_stop(w, STOP_PROTOCOL, why);
		return 0;
	}
	if (streq(code, "tests")) {
		errors_outside_tests(w, text.buf);
		return 0;
	}
	run_suite_failed(w->suite,
		streq(code, "infrastructure") ? EXIT_CODE_INFRASTRUCTURE : EXIT_CODE_USAGE,
		text.buf);
	if (w->stop == STOP_NONE)
		worker_stop(w, STOP_CANCEL, NULL);
	return 0;
}

static int on_load_failed(struct worker *w, const struct json *message, struct error *err)
{
	const char *name = json_get_string(message, "file", NULL);
	struct event event = {
		.outcome = OUTCOME_FAILED,
		.failure =
			{
				.kind = FAILURE_LOAD,
				.message = json_get_string(message, "message", ""),
				.file = name,
				.line = (int)json_get_int(message, "line", 0),
				.column = (int)json_get_int(message, "column", 0),
			},
	};

	if (!w->suite->settings->runner->batch || w->phase != WORKER_BUSY || !name || !*name ||
		*name == '/')
		return protocol_error(err, "`load_failed` out of turn");
	struct run_file *file = discover_late(w, name);
	if (file) /* else nobody asked for it */
		result_load_failed(w, file, &event);
	return 0;
}

static int on_file_loaded(struct worker *w, const struct json *message, struct error *err)
{
	struct event event = {.file = json_get_string(message, "file", NULL),
		.project = json_get_string(message, "project", "")};
	struct run_file *file = file_of(w, &event);

	if (!file || file->phase != RUN_FILE_RUNNING)
		return protocol_error(err, "`file_loaded` out of turn");
	process_drain(w->process); /* what it printed while it was loaded */
	result_loaded(file);
	return 0;
}

static int on_run_done(struct worker *w, const struct json *message, struct error *err)
{
	struct run_suite *suite = w->suite;

	if (!suite->settings->runner->batch || !w->item_count || w->run->cancel)
		return 0;
	/* Once: what it cannot run in the second process it has lost, too. */
	if (json_get_bool(message, "again", false) && !suite->handed_back) {
		suite->handed_back = true;
		result_hand_back(w);
		worker_end(w);
		return 0;
	}
	/* A batch that says it is done while files are open has lost them. */
	return protocol_error(err, "the runner finished without a result for every file");
}

static int on_end(struct worker *w, const struct json *message, struct error *err)
{
	int64_t files = json_get_int(message, "files", -1);
	int64_t tests = json_get_int(message, "tests", -1);

	if (files != w->files_sent || tests != w->tests_sent)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"the worker counted %" PRId64 " files and %" PRId64 " tests, but %" PRId64
			" and %" PRId64 " arrived",
			files, tests, w->files_sent, w->tests_sent);
	w->ended = true;
	w->phase = WORKER_ENDING;
	w->deadline_us = clock_mono_us() + (int64_t)LEAVE_LIMIT_MS * 1000;
	return 0;
}

static const struct {
	const char *type;
	message_fn *fn;
} messages[] = {
	{"hello", on_hello},
	{"discovered", on_discovered},
	{"ready", on_ready},
	{"setup_done", on_setup_done},
	{"teardown_done", on_teardown_done},
	{"error", on_error},
	{"load_failed", on_load_failed},
	{"file_loaded", on_file_loaded},
	{"run_done", on_run_done},
	{"end", on_end},
	{"coverage_done", cover_done},
};

static int on_notice(struct worker *w, struct event *event)
{
	event->suite = w->suite->settings->name;
	event->worker = w->number;
	run_publish(w->run, event);
	return 0;
}

static int on_event(struct worker *w, struct event *event, struct error *err)
{
	event->time_ms = 0;
	if (event->type == EVENT_NOTICE)
		return on_notice(w, event);
	struct run_file *file = file_of(w, event);
	if (!file && event->type == EVENT_OUTPUT)
		return 0; /* between files: nobody's */
	if (!file)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"%s for a file that was not given: %s", event_type_name(event->type),
			event->file ? event->file : "(none)");
	event->suite = w->suite->settings->name;
	event->project = file->project;
	event->file = file->file;
	event->worker = w->number;
	if (event->type == EVENT_TEST_FINISHED || event->type == EVENT_FILE_FINISHED)
		process_drain(w->process); /* what it printed before belongs to it */
	if (event->type == EVENT_COVERAGE && cover_delta(w, event, err) < 0)
		return -1;
	switch (event->type) {
	case EVENT_FILE_STARTED:
	case EVENT_TEST_STARTED:
	case EVENT_TEST_FINISHED:
	case EVENT_MEASURE:
	case EVENT_COVERAGE:
		result_test(w, file, event);
		return 0;
	case EVENT_OUTPUT:
		output_take(w, file, event->is_stderr, event->text, event->text_len);
		return 0;
	case EVENT_FILE_FINISHED:
		result_file(w, file, event);
		return 0;
	default:
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "a worker cannot send %s",
			event_type_name(event->type));
	}
}

static int take_line(struct worker *w, const char *line, size_t len, struct error *err)
{
	struct event event;

	/* Nearly all of them: read without a tree. A long line is better not kept in two copies. */
	if (len < PLAIN_BYTES && event_json_read_line(line, len, &w->run->scratch, &event))
		return on_event(w, &event, err);
	cleanup_json struct json *message = json_parse(line, len, err);
	if (!message)
		return -1;
	const char *type = json_get_string(message, "type", "");
	for (size_t i = 0; i < ARRAY_LEN(messages); i++)
		if (streq(type, messages[i].type))
			return messages[i].fn(w, message, err);
	if (event_json_read(message, &w->run->arena, &event, err) < 0)
		return -1;
	return on_event(w, &event, err);
}

void message_line(void *arg, char *line, size_t len, bool truncated)
{
	struct worker *w = arg;
	struct error err = ERROR_INIT;

	/* What it says after we gave it up counts no more: its files are already judged. */
	if (w->stop != STOP_NONE && w->stop != STOP_ORDERLY)
		return;
	if (truncated)
		protocol_error(&err, "a message is longer than 16 MiB");
	else if (take_line(w, line, len, &err) == 0)
		err.code = EXIT_CODE_PASSED;
	arena_release(&w->run->arena);
	if (err.code != EXIT_CODE_PASSED) {
		error_wrap(&err, "the worker broke the protocol");
		worker_stop(w, STOP_PROTOCOL, err.text);
		if (w->phase == WORKER_STARTING || !w->item_count)
			run_suite_failed(w->suite, EXIT_CODE_INFRASTRUCTURE, err.text);
	}
	w->run->stale = true;
}
