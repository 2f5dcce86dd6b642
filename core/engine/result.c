#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/engine/run.h"

#include <signal.h>

/*
 * What becomes of files. A file ends in exactly one of three ways: its worker reported it
 * (result_file), its worker died under it (result_worker_lost), or the run was cancelled (then it
 * has no result, unless a test of it had already failed).
 */
struct run_file *result_current_file(const struct worker *w)
{
	for (size_t i = 0; i < w->item_count; i++)
		if (w->items[i]->phase == RUN_FILE_RUNNING)
			return w->items[i];
	return NULL;
}

static void start_file(struct worker *w, struct run_file *file)
{
	if (file->phase == RUN_FILE_RUNNING)
		return;
	file->phase = RUN_FILE_RUNNING;
	file->started_us = clock_mono_us();
	w->deadline_us = 0; /* from here on the file's own limit counts */
	if (file->loaded) { /* its turn in its group has come */
		file->loaded = false;
		return;
	}
	run_publish(w->run, &(struct event){
				    .type = EVENT_FILE_STARTED,
				    .suite = w->suite->settings->name,
				    .project = file->project,
				    .file = file->file,
				    .part = file->part,
				    .parts = file->parts,
				    .worker = w->number,
				    .attempt = file->attempt,
				    .repeat = file->repeat,
				    .count = w->claim,
			    });
}

static void add_running_test(struct worker *w, struct run_file *file, const struct event *event)
{
	GROW(w->tests, w->test_count + 1, w->test_cap);
	w->tests[w->test_count++] = (struct worker_test){
		.file = file,
		.path = xstrdup(event->test),
		.occurrence = event->occurrence,
		.attempt = event->attempt,
		.line = event->line,
		.column = event->column,
		.started_us = clock_mono_us(),
	};
}

static void remove_running_test(struct worker *w, struct run_file *file, const struct event *event)
{
	for (size_t i = 0; i < w->test_count; i++) {
		const struct worker_test *t = &w->tests[i];
		if (t->file == file && t->occurrence == event->occurrence &&
			streq(t->path, event->test)) {
			worker_forget_test(w, i);
			return;
		}
	}
}

static void remember_failed(struct run_file *file, const struct event *event)
{
	file->quarantined_count += event->quarantined;
	GROW(file->failed, file->failed_count + 1, file->failed_cap);
	file->failed[file->failed_count++] = (struct run_test){.path = xstrdup(event->test),
		.occurrence = event->occurrence,
		.again = event->will_retry};
}

void result_count_failure(struct run *run)
{
	int limit = run->options->config->fail_fast;

	run->failures++;
	if (limit > 0 && run->failures >= limit)
		run_cancel(run, CANCEL_FAIL_FAST,
			run->failures == 1 ? "first failure" : "too many failures");
}

static void take_from_worker(struct worker *w, struct run_file *file)
{
	for (size_t i = 0; i < w->item_count; i++) {
		if (w->items[i] != file)
			continue;
		memmove(&w->items[i], &w->items[i + 1],
			(w->item_count - i - 1) * sizeof(*w->items));
		w->item_count--;
		return;
	}
}

static void forget_failed(struct run_file *file)
{
	run_free_tests(file->failed, file->failed_count);
	file->failed = NULL;
	file->failed_count = file->failed_cap = file->quarantined_count = 0;
}

/* Failed for good, and it counts. */
static bool has_counted(const struct run_file *file)
{
	return file->failed_count > file->quarantined_count;
}

static void reset_try(struct run_file *file)
{
	file->finals = 0;
	file->loaded = false;
	output_forget(&file->output);
	file->output.bytes = 0;
}

void result_start_over(struct run_file *file)
{
	forget_failed(file);
	reset_try(file);
	again_forget(file);
	file->phase = RUN_FILE_PENDING;
	file->attempt = 1;
	file->attempt_offset = file->attempt_seen = 0;
	file->avoid_worker = file->crashes = 0;
	file->bin = 0;
}

void result_drop_files(struct worker *w)
{
	while (w->test_count)
		worker_forget_test(w, 0);
	while (w->item_count) {
		dispatch_release(w->items[0]);
		take_from_worker(w, w->items[0]);
	}
}

static void finish_test(struct worker *w, struct run_file *file, struct event *event)
{
	bool failed_for_good = false;

	remove_running_test(w, file, event);
	event->quarantined = quarantine_covers(w->run->options->quarantine,
		w->suite->settings->name, file->file, event->test, event->occurrence);
	if (event->outcome == OUTCOME_FAILED && !event->will_retry && !event->quarantined &&
		inorder_doubts(w, file))
		return;
	again_count(w, file, event);
	if (!event->will_retry) {
		file->finals++;
		w->tests_sent++;
	}
	bool failed = event->outcome == OUTCOME_FAILED && !event->will_retry && !event->quarantined;
	if (!split_is_own(file, event) || (failed && split_doubts(file)))
		return;
	if (!event->will_retry) {
		if (event->outcome == OUTCOME_FAILED) {
			event->will_retry = again_test(file, event);
			remember_failed(file, event);
			failed_for_good = !event->will_retry;
		} else if (event->outcome == OUTCOME_PASSED) {
			again_passed(file, event);
		}
	}
	run_publish(w->run, event);
	if (failed_for_good && !event->quarantined)
		result_count_failure(w->run);
}

void result_test(struct worker *w, struct run_file *file, struct event *event)
{
	start_file(w, file);
	if (event->type == EVENT_FILE_STARTED)
		return;
	event->attempt = MAX(event->attempt, 1);
	event->occurrence = MAX(event->occurrence, 1);
	file->attempt_seen = MAX(file->attempt_seen, event->attempt);
	event->attempt += file->attempt_offset;
	event->repeat = file->repeat;
	if (event->type == EVENT_TEST_STARTED)
		add_running_test(w, file, event);
	if (event->type == EVENT_TEST_FINISHED)
		finish_test(w, file, event);
	else if (!event->test || split_is_own(file, event))
		run_publish(w->run, event);
}

/* ---- the end of a file ---------------------------------------------------------------------- */

/* Failed tests of this try that get another. */
static size_t promised(const struct run_file *file)
{
	size_t n = 0;

	for (size_t i = 0; i < file->failed_count; i++)
		n += file->failed[i].again;
	return n;
}

/* The next try, elsewhere if possible. A file that failed as a whole keeps its selection, unless a
 * test of it has failed for good: a second chance must not come to that one by the way. */
static void try_again(struct worker *w, struct run_file *file, bool whole)
{
	if (!whole || promised(file) < file->failed_count)
		again_select(file, file->failed, file->failed_count);
	forget_failed(file);
	file->attempt++;
	file->attempt_offset += MAX(file->attempt_seen, 1);
	file->attempt_seen = 0;
	file->avoid_worker = w->number;
	dispatch_requeue(file);
}

/* Publish the end of this try and decide what follows. The event has outcome, failure, duration. */
static void end_try(struct worker *w, struct run_file *file, struct event *event)
{
	bool own_failure = event->failure.kind != FAILURE_NONE;
	bool failed = event->outcome == OUTCOME_FAILED;
	bool counted = has_counted(file), again = false;

	if (failed && !promised(file) && !own_failure && !counted) { /* all in quarantine */
		failed = false;
		event->outcome = OUTCOME_PASSED;
	}
	if (failed && (own_failure || counted) && inorder_doubts(w, file))
		return;
	again_count_file(file, event);
	if (failed)
		again = promised(file) || (own_failure && !file->failed_count && again_file(file));
	output_flush(w, file);
	take_from_worker(w, file);
	dispatch_release(file);
	spread_learn(file, event->duration_us);
	if (file->doubted && !file->suite->run->cancel) {
		reset_try(file);
		split_try_whole(file);
		return;
	}
	if (file->whole && !failed)
		split_tell(file);
	event->type = EVENT_FILE_FINISHED;
	event->suite = w->suite->settings->name;
	event->project = file->project;
	event->file = file->file;
	event->part = file->part;
	event->parts = file->parts;
	event->worker = w->number;
	event->attempt = file->attempt;
	event->repeat = file->repeat;
	event->count = file->finals;
	event->will_retry = again;
	run_publish(w->run, event);
	reset_try(file);
	if (again) {
		try_again(w, file, own_failure);
		return;
	}
	bool repeated = file->repeat && again_repeat(file, own_failure);
	if (!repeated) {
		file->phase = RUN_FILE_DONE;
		file->suite->unfinished--;
	}
	forget_failed(file);
	if (failed && !counted)
		result_count_failure(w->run);
}

static void set_failure(struct event *event, enum failure_kind kind, const char *message)
{
	event->outcome = OUTCOME_FAILED;
	if (event->failure.kind == FAILURE_NONE)
		event->failure = (struct failure){.kind = kind, .message = message};
}

void result_file(struct worker *w, struct run_file *file, struct event *event)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	start_file(w, file);
	w->files_sent++;
	w->rss_kb = MAX(w->rss_kb, event->rss_kb);
	if (!event->duration_us)
		event->duration_us = clock_mono_us() - file->started_us;
	for (size_t i = w->test_count; i-- > 0;)
		if (w->tests[i].file == file)
			worker_forget_test(w, i);
	if (event->count != file->finals) {
		strbuf_addf(&text,
			"the worker reported %" PRId64
			" tests for this file, but %d results arrived",
			event->count, file->finals);
		set_failure(event, FAILURE_PROTOCOL, text.buf);
	} else if (file->doubted) {
		event->outcome = OUTCOME_FAILED; /* of this try, which does not count */
	} else if (file->whole && !file->failed_count && event->failure.kind == FAILURE_NONE) {
		event->outcome = OUTCOME_PASSED; /* only tests of other parts may have failed */
	} else if (file->failed_count && event->outcome != OUTCOME_FAILED) {
		set_failure(event, FAILURE_PROTOCOL,
			"the worker says that the file passed, but tests of it failed");
	} else if (event->outcome == OUTCOME_FAILED && !file->failed_count) {
		set_failure(event, FAILURE_ERROR,
			"the runner says that the file failed, but no test of it did");
	} else if (event->outcome == OUTCOME_NONE) {
		set_failure(event, FAILURE_PROTOCOL, "the worker gave no outcome for this file");
	}
	end_try(w, file, event);
	if (!w->item_count && w->phase == WORKER_BUSY)
		w->phase = WORKER_IDLE;
	if (!w->item_count)
		w->deadline_us = 0;
	if (w->suite->settings->runner->batch) /* gives slots back as it drains */
		w->claim = MAX(MIN(w->claim, dispatch_units(w->items, w->item_count)), 1);
}

/* As if this worker had never had it. */
static void requeue(struct worker *w, struct run_file *file)
{
	take_from_worker(w, file);
	dispatch_release(file);
	forget_failed(file);
	reset_try(file);
	dispatch_requeue(file);
}

void result_loaded(struct run_file *file)
{
	file->phase = RUN_FILE_ASSIGNED;
	file->loaded = true;
}

void result_load_failed(struct worker *w, struct run_file *file, struct event *event)
{
	start_file(w, file);
	end_try(w, file, event);
}

void result_hand_back(struct worker *w)
{
	while (w->item_count)
		requeue(w, w->items[0]);
}

/* ---- the death of a worker ------------------------------------------------------------------ */

static void describe_death(
	struct strbuf *out, const struct worker *w, const struct process_status *status)
{
	if (w->failure)
		strbuf_addstr(out, w->failure);
	else if (status->start_errno)
		strbuf_addf(out, "the worker cannot start: %s", strerror(status->start_errno));
	else if (status->signal == SIGABRT || status->exit_status == 134)
		strbuf_addstr(out,
			"the worker aborted (SIGABRT); node does so when it runs out of memory");
	else if (status->signal == SIGKILL)
		strbuf_addstr(out,
			"the worker was killed (SIGKILL); the system does so when it, or the "
			"container, runs out of memory");
	else if (status->signal)
		strbuf_addf(out, "the worker was killed by signal %d (%s)", status->signal,
			strsignal(status->signal));
	else
		strbuf_addf(out, "the worker ended with exit status %d in the middle of the file",
			status->exit_status);
}

static const struct worker_test *running_test(const struct worker *w, const struct run_file *file)
{
	for (size_t i = w->test_count; i-- > 0;)
		if (w->tests[i].file == file)
			return &w->tests[i];
	return NULL;
}

/* Tests that were running get the blame, or at least the line in the report. The first may make
 * the suite fall back, and then the others are forgotten: each is looked up anew. */
static void fail_running_tests(
	struct worker *w, struct run_file *file, enum failure_kind kind, const char *text)
{
	for (const struct worker_test *running; (running = running_test(w, file));) {
		const struct worker_test t = *running;
		cleanup_free char *path = xstrdup(t.path);
		cleanup_free char *message = xasprintf(
			kind == FAILURE_TIMEOUT ? "%s" : "%s while this test was running", text);
		struct event event = {
			.type = EVENT_TEST_FINISHED,
			.suite = w->suite->settings->name,
			.project = file->project,
			.file = file->file,
			.test = path,
			.occurrence = t.occurrence,
			.attempt = t.attempt,
			.worker = w->number,
			.line = t.line,
			.column = t.column,
			.outcome = OUTCOME_FAILED,
			.duration_us = clock_mono_us() - t.started_us,
			.failure = {.kind = kind, .message = message},
		};
		finish_test(w, file, &event);
	}
}

static bool has_item(const struct worker *w, const struct run_file *file)
{
	for (size_t i = 0; i < w->item_count; i++)
		if (w->items[i] == file)
			return true;
	return false;
}

static void fail_file(struct worker *w, struct run_file *file, const char *text)
{
	enum failure_kind kind = w->stop == STOP_TIMEOUT    ? FAILURE_TIMEOUT
				 : w->stop == STOP_PROTOCOL ? FAILURE_PROTOCOL
							    : FAILURE_CRASH;
	struct event event = {
		.outcome = OUTCOME_FAILED,
		.duration_us = file->started_us ? clock_mono_us() - file->started_us : 0,
		.failure = {.kind = kind, .message = text},
	};

	start_file(w, file);
	fail_running_tests(w, file, kind, text);
	if (!has_item(w, file)) /* its suite falls back, and the file waits for another try */
		return;
	end_try(w, file, &event);
}

/* The run was cancelled: a file with a failed test has failed, others have no result. */
static void abandon(struct worker *w, struct run_file *file)
{
	if (has_counted(file)) {
		struct event event = {
			.outcome = OUTCOME_FAILED,
			.duration_us = clock_mono_us() - file->started_us,
		};
		end_try(w, file, &event);
		return;
	}
	output_flush(w, file);
	take_from_worker(w, file);
	dispatch_release(file);
	file->phase = RUN_FILE_DONE;
	file->suite->unfinished--;
}

static bool is_guilty(const struct run_file *file, int running)
{
	if (file->crashes == INT_MAX)
		return true;
	if (file->phase == RUN_FILE_RUNNING && running == 1)
		return true;
	/* One of several that ran, or never begun: innocent the first time. */
	return file->crashes >= 1;
}

void result_worker_lost(struct worker *w, const struct process_status *status)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int running = 0;
	bool has_guilty = false;

	describe_death(&text, w, status);
	for (size_t i = 0; i < w->item_count; i++) {
		running += w->items[i]->phase == RUN_FILE_RUNNING;
		has_guilty |= w->items[i]->crashes == INT_MAX;
	}
	while (w->item_count) {
		struct run_file *file = w->items[0];
		if (w->run->cancel) {
			abandon(w, file);
		} else if (is_guilty(file, has_guilty ? 0 : running)) {
			fail_file(w, file, text.buf);
		} else {
			/* somebody else's crash: once more, elsewhere */
			if (!has_guilty || file->phase == RUN_FILE_RUNNING)
				file->crashes += running != 1;
			requeue(w, file);
		}
	}
}
