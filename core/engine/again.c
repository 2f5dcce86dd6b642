#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/flaky/early.h"
#include "core/engine/run.h"

/*
 * What runs more than once: failed tests, as far as core/flaky/retry allows, and new tests that
 * passed, as often as core/flaky/early asks. Both take a fresh load of the file with exactly these
 * tests where the runner runs file by file. A batch (Playwright) retries by itself and repeats in
 * one go.
 */

/* ---- retries --------------------------------------------------------------------------------- */

int again_retries(const struct run_suite *suite, enum retry_kind kind)
{
	return retry_count(&suite->settings->retries, &suite->run->options->config->retries, kind);
}

static int count_of(const struct run_file *file, const struct event *event)
{
	const struct run_suite *suite = file->suite;
	const struct retry_known_file *known = retry_known_in(
		suite->run->options->known, suite->settings->name, file->project, file->file);
	enum retry_kind kind = retry_known_kind(known, event->test, event->occurrence);

	return again_retries(suite, event->quarantined ? RETRY_QUARANTINED : kind);
}

/* Playwright takes back what it has not tried again yet. */
static void tell_batches(struct run *run)
{
	for (size_t i = 0; i < run->worker_count; i++)
		if (run->workers[i]->suite->settings->runner->batch && run->workers[i]->spent &&
			run->workers[i]->stop == STOP_NONE)
			worker_send_simple(run->workers[i], "no_retries");
}

/* A further try of nothing but tests in quarantine: it is at nobody's expense. */
static bool is_quarantine_try(const struct run_file *file)
{
	const struct run_suite *suite = file->suite;

	for (size_t i = 0; i < file->only_count; i++)
		if (!quarantine_covers(suite->run->options->quarantine, suite->settings->name,
			    file->file, file->only[i].path, file->only[i].occurrence))
			return false;
	return file->only_count > 0 && !file->except;
}

static bool decide(const struct run_file *file, int count, int tries)
{
	struct run *run = file->suite->run;
	const struct retry_budget *budget = &run->options->config->retry_budget;
	struct retry_tally tally = run->tally;

	if (run->cancel || tries > count || run->no_retries != RETRY_AGAIN)
		return false;
	tally.work_us = MAX(tally.work_us, run->options->bus->state->predicted_ms * 1000);
	if (file->attempt > 1 && !is_quarantine_try(file)) /* this one is not over */
		tally.retry_us += clock_mono_us() - file->started_us;
	enum retry_decision decision = retry_decide(count, tries, &tally, budget);
	if (decision == RETRY_AGAIN)
		return true;
	cleanup_strbuf struct strbuf why = STRBUF_INIT;
	retry_reason(&why, decision, &tally, budget);
	run->no_retries = decision;
	run_notice(run, SEVERITY_WARNING, "no_retries", NULL, NULL, "%s", why.buf);
	tell_batches(run);
	return false;
}

void again_count(struct worker *w, struct run_file *file, const struct event *event)
{
	struct run *run = w->run;
	bool batch = w->suite->settings->runner->batch;

	if (file->repeat)
		return;
	if (event->attempt == 1) {
		run->tally.tests++;
		run->tally.failed += event->outcome == OUTCOME_FAILED && !event->quarantined;
		file->suite->early.seen++;
	} else if (batch && !event->quarantined) { /* elsewhere the time of the file counts */
		run->tally.retry_us += event->duration_us;
	}
	/* what a batch tries again by itself is asked for here, so that it can be told to stop */
	if (batch && event->will_retry && event->outcome == OUTCOME_FAILED)
		decide(file, count_of(file, event), event->attempt);
}

void again_count_file(struct run_file *file, const struct event *event)
{
	struct retry_tally *tally = &file->suite->run->tally;

	if (file->repeat || file->suite->settings->runner->batch)
		return;
	if (file->attempt > 1) {
		tally->retry_us += is_quarantine_try(file) ? 0 : event->duration_us;
		return;
	}
	tally->work_us += event->duration_us;
	if (event->failure.kind != FAILURE_NONE && !file->failed_count) {
		tally->tests++;
		tally->failed++;
	}
}

/* ---- early detection ------------------------------------------------------------------------- */

static bool is_on(const struct run_suite *suite)
{
	const struct engine_options *o = suite->run->options;

	return o->config->early_detection && !o->in_order;
}

static bool is_changed(const struct run_file *file)
{
	const struct engine_options *o = file->suite->run->options;

	return o->changed && strmap_has(o->changed, file->file);
}

/* Without a history everything would be new, which says nothing: only changed files count then. */
static bool is_unknown(struct run_file *file, const struct event *event)
{
	struct run_suite *suite = file->suite;
	struct history *h = suite->run->options->history;

	if (!suite->early.asked) {
		suite->early.asked = true;
		suite->early.known = history_known_tests(h, suite->settings->name);
	}
	return suite->early.known > 0 &&
	       !history_knows_test(h, suite->settings->name, file->project, file->file, event->test,
		       event->occurrence);
}

static bool is_fresh(struct run_file *file, const struct event *event, bool *ret_unknown)
{
	*ret_unknown = is_on(file->suite) && is_unknown(file, event);
	return *ret_unknown || (is_on(file->suite) && is_changed(file));
}

static void count_fresh(struct run_file *file, bool unknown)
{
	file->suite->early.fresh++;
	file->suite->early.unknown += unknown;
}

void again_passed(struct run_file *file, const struct event *event)
{
	bool unknown;

	if (file->repeat || event->attempt != 1 || !is_fresh(file, event, &unknown))
		return;
	count_fresh(file, unknown);
	GROW(file->fresh, file->fresh_count + 1, file->fresh_cap);
	file->fresh[file->fresh_count++] = (struct run_test){
		.path = xstrdup(event->test),
		.occurrence = event->occurrence,
		.left = early_repeats(event->duration_us),
	};
}

void again_forget(struct run_file *file)
{
	run_free_tests(file->fresh, file->fresh_count);
	file->fresh = NULL;
	file->fresh_count = file->fresh_cap = 0;
	file->repeat = 0;
}

size_t again_select(struct run_file *file, const struct run_test *tests, size_t n)
{
	run_free_tests(file->only, file->only_count);
	file->only = xcalloc(n + 1, sizeof(*file->only));
	file->only_count = 0;
	file->except = false;
	for (size_t i = 0; i < n; i++) {
		if (!tests[i].again && !tests[i].left)
			continue;
		struct run_test *t = &file->only[file->only_count++];
		*t = tests[i];
		t->path = xstrdup(tests[i].path);
	}
	return file->only_count;
}

static void use_repetition(struct run_file *file)
{
	bool batch = file->suite->settings->runner->batch; /* it ran all of them */

	for (size_t i = 0; i < file->fresh_count; i++)
		file->fresh[i].left = batch ? 0 : MAX(file->fresh[i].left - 1, 0);
}

static void forget_failing(struct run_file *file)
{
	for (size_t k = 0; k < file->failed_count; k++)
		for (size_t i = 0; i < file->fresh_count; i++)
			if (file->fresh[i].occurrence == file->failed[k].occurrence &&
				streq(file->fresh[i].path, file->failed[k].path))
				file->fresh[i].left = 0;
}

static void requeue(struct run_file *file)
{
	file->repeat++;
	file->attempt++;
	file->attempt_offset += MAX(file->attempt_seen, 1);
	file->attempt_seen = 0;
	dispatch_requeue(file);
}

bool again_repeat(struct run_file *file, bool own_failure)
{
	use_repetition(file);
	forget_failing(file);
	if (own_failure || file->suite->run->cancel ||
		!again_select(file, file->fresh, file->fresh_count))
		return false;
	requeue(file);
	return true;
}

static bool too_much(struct run_suite *suite)
{
	int64_t all = MAX(suite->early.seen, suite->early.known + suite->early.unknown);

	if (!early_is_too_much(suite->early.fresh, all))
		return false;
	run_notice(suite->run, SEVERITY_NOTE, "early_detection_off", suite->settings->name, NULL,
		"%" PRId64 " of %" PRId64
		" tests are new or changed: too many to run them all again before they are "
		"believed (the limits are %d and %d %%)",
		suite->early.fresh, all, EARLY_FRESH_MAX, EARLY_FRESH_PERCENT);
	return true;
}

bool again_repeat_suite(struct run_suite *suite)
{
	bool any = false;

	if (suite->early.decided || suite->run->cancel || !suite->early.fresh)
		return false;
	suite->early.decided = true;
	if (too_much(suite))
		return false;
	for (size_t i = 0; i < suite->file_count; i++) {
		struct run_file *file = suite->files[i];
		if (!file->fresh_count || !again_select(file, file->fresh, file->fresh_count))
			continue;
		requeue(file);
		suite->unfinished++;
		any = true;
	}
	return any;
}

/* ---- a failed test, a failed file ------------------------------------------------------------ */

/* A new test gets no retry: it would hide what early detection looks for. */
bool again_test(struct run_file *file, const struct event *event)
{
	bool unknown;

	if (file->repeat || file->suite->settings->runner->batch)
		return false;
	if (is_fresh(file, event, &unknown)) {
		if (event->attempt == 1)
			count_fresh(file, unknown);
		return false;
	}
	return decide(file, count_of(file, event), file->attempt);
}

bool again_file(struct run_file *file)
{
	if (file->repeat || file->suite->settings->runner->batch)
		return false;
	return decide(file, again_retries(file->suite, RETRY_NORMAL), file->attempt);
}
