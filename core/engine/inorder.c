#include "core/base/base.h"

#include "core/engine/run.h"

/*
 * Suites whose files may need their order (Mocha's, unless it says `parallel`), before a run has
 * shown that they can be spread. One worker, the lead, runs them as the runner alone would: from
 * the first one on, leaving none out. The others begin in the middle of what is left.
 *
 * While others run, a failure may come from spreading the files and does not count. Then the lead
 * goes on alone, with all that it has not had; so what it has done stays valid. If it was the lead
 * that failed, or nobody is one any more, all files run again in a new process.
 */
static bool may_be_doubted(const struct run_suite *suite)
{
	const struct engine_options *o = suite->run->options;

	return suite->ordered && suite->model.order <= 0 &&
	       suite->settings->isolate == SUITE_ISOLATE_RUNNER && !suite->run->cancel &&
	       !suite->early.decided && !o->in_order && !o->info->seed &&
	       (!o->select || o->planned);
}

bool inorder_is_unproven(const struct run_suite *suite)
{
	return suite->target > 1 && may_be_doubted(suite);
}

/* ---- who takes which file -------------------------------------------------------------------- */

/* The middle of the longest stretch of files that nobody has. */
static size_t middle_of_longest(const struct run_suite *suite)
{
	struct run_file *const *pending = suite->pending;
	int64_t longest = -1, half = 0;
	size_t from = 0, at;

	for (size_t i = 0, end; i < suite->pending_count; i = end) {
		int64_t ms = pending[i]->estimate_ms;
		for (end = i + 1; end < suite->pending_count; end++) {
			if (pending[end]->position != pending[end - 1]->position + 1)
				break;
			ms += pending[end]->estimate_ms;
		}
		if (ms > longest) {
			longest = ms;
			from = i;
		}
	}
	for (at = from; half + pending[at]->estimate_ms <= longest / 2; at++)
		half += pending[at]->estimate_ms;
	return at;
}

/* A file that is half of all the work goes first: it would be the tail. */
static size_t first_of_all(const struct run_suite *suite)
{
	for (size_t i = 0; i < suite->pending_count; i++)
		if (suite->pending[i]->known &&
			suite->pending[i]->estimate_ms * 2 >= suite->left_ms)
			return i;
	return 0;
}

size_t inorder_choose(const struct run_suite *suite, const struct worker *w)
{
	if (suite->pending_count == suite->file_count)
		return first_of_all(suite);
	if (w->number == suite->lead)
		return 0;
	for (size_t i = 0; i < suite->pending_count; i++)
		if (w->reached && suite->pending[i]->position == w->reached)
			return i;
	return suite->lead ? middle_of_longest(suite) : 0;
}

void inorder_took(
	struct run_suite *suite, struct worker *w, struct run_file *const *files, size_t n)
{
	if (suite->pending_count + n == suite->file_count && !suite->lead_next)
		suite->lead = w->number;
	for (size_t i = 0; i < n; i++) {
		w->reached = files[i]->position + 1;
		if (w->number != suite->lead)
			continue;
		if (files[i]->position > suite->lead_next)
			suite->lead = 0; /* others had what is between */
		else if (files[i]->position == suite->lead_next)
			suite->lead_next++;
	}
}

/* ---- failures that do not count -------------------------------------------------------------- */

static struct worker *find_lead(const struct run_suite *suite)
{
	for (size_t i = 0; i < suite->run->worker_count; i++) {
		struct worker *w = suite->run->workers[i];
		if (w->number == suite->lead && w->stop == STOP_NONE)
			return w;
	}
	return NULL;
}

/* Some file that the lead has not had is not pending. */
static bool others_had_files(const struct run_suite *suite)
{
	for (size_t i = 0; i < suite->file_count; i++) {
		const struct run_file *file = suite->files[i];
		if (file->position >= suite->lead_next && file->phase != RUN_FILE_PENDING)
			return true;
	}
	return !suite->lead;
}

/* In one process from here on, `stays` or a new one, and in order. Files before `first` keep what
 * they have. */
static void continue_in_one(struct run_suite *suite, const struct worker *stays, int first)
{
	suite->serial = true;
	suite->may_grow = false;
	suite->target = suite->max_workers = 1;
	for (size_t i = 0; i < suite->run->worker_count; i++) {
		struct worker *w = suite->run->workers[i];
		if (w->suite != suite || w == stays || w->phase == WORKER_HOLDING)
			continue;
		result_drop_files(w);
		worker_leave(w);
	}
	suite->pending = xrealloc(suite->pending, suite->file_count * sizeof(*suite->pending));
	suite->pending_count = 0;
	suite->left_ms = 0;
	suite->unfinished = 0;
	suite->early.seen = suite->early.fresh = suite->early.unknown = 0;
	for (size_t i = 0; i < suite->file_count; i++) {
		struct run_file *file = suite->files[i];
		if (file->position >= first) {
			result_start_over(file);
			suite->pending[suite->pending_count++] = file;
			suite->left_ms += file->estimate_ms;
		}
		suite->unfinished += file->phase != RUN_FILE_DONE;
	}
}

/* Nothing is left to doubt: it failed where the runner alone would have run it. So it stays, lest
 * a failure that has counted runs again. */
static void believe(struct run_suite *suite)
{
	suite->doubted = NULL;
	suite->may_grow = false;
	suite->target = 1;
}

bool inorder_doubts(struct worker *w, struct run_file *file)
{
	struct run_suite *suite = w->suite;
	bool goes_on = suite->doubted != NULL;

	if (!may_be_doubted(suite))
		return false;
	if (suite->doubted == file ||
		(!goes_on && (suite->target <= 1 || !others_had_files(suite)))) {
		believe(suite);
		return false;
	}
	struct worker *lead = goes_on ? NULL : find_lead(suite);
	if (lead && lead != w) {
		suite->doubted = file;
		run_notice(suite->run, SEVERITY_NOTE, "order_dependent", suite->settings->name,
			NULL,
			"a test failed with the files spread over workers; one worker goes on "
			"alone, in the runner's own order");
		continue_in_one(suite, lead, suite->lead_next);
	} else {
		suite->doubted = NULL;
		run_notice(suite->run, SEVERITY_NOTE, "order_dependent", suite->settings->name,
			NULL,
			"a test failed with the files spread over workers; they run again in one "
			"process, in the runner's own order");
		continue_in_one(suite, NULL, 0);
	}
	return true;
}
