#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/plan/crew.h"
#include "core/engine/run.h"
#include "core/plan/schedule.h"

/* One file runs, one waits behind it: the worker never sits idle for a round trip. Only while there
 * is plenty: at the end of a run a queued file would be better off with somebody else. */
enum { QUEUE_AHEAD_FACTOR = 3 };

/* Files that are short share what starting one costs: as many as end within this time. */
enum { GROUP_MS = 200, GROUP_FILES = 16, GROUP_LEARNS = 3 };

static bool takes_slot(const struct worker *w)
{
	if (w->phase == WORKER_BUSY)
		return true;
	return w->phase == WORKER_STARTING && !w->speculative &&
	       (w->stop == STOP_NONE || w->stop == STOP_ORDERLY);
}

static int slots_used(const struct run *run)
{
	int used = 0;

	for (size_t i = 0; i < run->worker_count; i++)
		if (takes_slot(run->workers[i]))
			used += run->workers[i]->claim;
	return used;
}

/* ---- resources ------------------------------------------------------------------------------ */

static int capacity_of(const struct run *run, const char *resource)
{
	const struct config *config = run->options->config;

	for (size_t i = 0; i < config->resource_count; i++)
		if (streq(config->resources[i].name, resource))
			return config->resources[i].amount;
	return 1;
}

static intptr_t in_use(const struct run *run, const char *resource)
{
	return (intptr_t)strmap_get(&run->resources, resource);
}

static bool resources_free(const struct run_suite *suite)
{
	for (size_t i = 0; i < suite->settings->need_count; i++) {
		const struct suite_need *need = &suite->settings->needs[i];
		intptr_t used = in_use(suite->run, need->resource);
		if (used && used + need->amount > capacity_of(suite->run, need->resource))
			return false;
	}
	return true;
}

static void use_resources(struct run_suite *suite, int sign)
{
	for (size_t i = 0; i < suite->settings->need_count; i++) {
		const struct suite_need *need = &suite->settings->needs[i];
		intptr_t used = in_use(suite->run, need->resource) + sign * need->amount;
		strmap_put(&suite->run->resources, need->resource, (void *)used);
	}
}

/* A batch holds what its suite needs once, not once a file. */
static bool holds_for_suite(const struct run_file *file)
{
	const struct run_suite *suite = file->suite;

	if (!suite->settings->runner->batch)
		return true;
	for (size_t i = 0; i < suite->run->worker_count; i++)
		if (suite->run->workers[i]->suite == suite && suite->run->workers[i]->item_count)
			return false;
	return true;
}

void dispatch_release(struct run_file *file)
{
	if (file->suite->settings->need_count && holds_for_suite(file))
		use_resources(file->suite, -1);
}

/* ---- the pending list ----------------------------------------------------------------------- */

void dispatch_requeue(struct run_file *file)
{
	struct run_suite *suite = file->suite;

	file->phase = RUN_FILE_PENDING;
	suite->pending =
		xrealloc(suite->pending, (suite->pending_count + 1) * sizeof(*suite->pending));
	suite->pending[suite->pending_count++] = file;
	suite->left_ms += file->estimate_ms;
}

static struct run_file *remove_pending(struct run_suite *suite, size_t index)
{
	struct run_file *file = suite->pending[index];

	memmove(&suite->pending[index], &suite->pending[index + 1],
		(suite->pending_count - index - 1) * sizeof(*suite->pending));
	suite->pending_count--;
	suite->left_ms -= file->estimate_ms;
	return file;
}

/* A file that failed here is better off elsewhere, where there is an elsewhere. */
static bool is_avoided(
	const struct run_suite *suite, const struct run_file *file, const struct worker *w)
{
	return suite->target > 1 && file->avoid_worker == w->number;
}

/* Which pending file this worker takes: its own bin first where order matters, and not the one that
 * just failed here if somebody else can have it. */
static size_t choose_pending(const struct run_suite *suite, const struct worker *w)
{
	size_t other = SIZE_MAX; /* the first of another bin */

	if (inorder_is_unproven(suite))
		return inorder_choose(suite, w);
	for (size_t i = 0; i < suite->pending_count; i++) {
		const struct run_file *f = suite->pending[i];
		if (is_avoided(suite, f, w))
			continue;
		if (!suite->ordered || f->bin == w->bin || suite->target == 1)
			return i;
		other = MIN(other, i);
	}
	return other == SIZE_MAX ? 0 : other;
}

/* ---- assignment ----------------------------------------------------------------------------- */

/* They share hooks, or need each other in some other way: as the runner alone, load all and then
 * run. */
static bool stays_together(const struct run_suite *suite)
{
	return suite->together || suite->serial ||
	       (suite->ordered && suite->model.order < 0 && !suite->run->options->in_order);
}

static size_t group_limit(const struct run_suite *suite)
{
	const struct suite *settings = suite->settings;

	if (!settings->runner->groups || settings->need_count ||
		settings->isolate != SUITE_ISOLATE_RUNNER)
		return 1;
	if (stays_together(suite) && suite->target == 1)
		return suite->pending_count;
	if (suite->coverage_dir) /* what loading covers belongs to the file that is loaded */
		return 1;
	/* the rest shrinks, and with it what one worker has and another may wait for */
	size_t share = suite->target == 1 ? GROUP_FILES
					  : suite->pending_count / (2 * (size_t)suite->target);
	return MAX(MIN(share, GROUP_FILES), 1);
}

/* What it will take, by the history or by what other files have taken. */
static double expected_ms(const struct run_suite *suite, const struct run_file *file)
{
	if (file->known)
		return (double)file->estimate_ms;
	if (suite->done_files < GROUP_LEARNS)
		return GROUP_MS;
	return (double)suite->done_us / 1000 / suite->done_files;
}

/* It runs for the first time and as a whole. */
static bool is_plain(const struct run_file *file)
{
	return file->attempt == 1 && !file->parts && !file->repeat && !file->crashes;
}

/* The next file, or some short ones. */
static void assign_some(struct run_suite *suite, struct worker *w)
{
	bool all = stays_together(suite), in_order = inorder_is_unproven(suite);
	size_t limit = group_limit(suite), n = 0, at = choose_pending(suite, w);
	cleanup_free struct run_file **files = xcalloc(limit, sizeof(*files));
	int bin = suite->pending[at]->bin;
	double ms = 0;

	for (;;) {
		files[n] = remove_pending(suite, at);
		ms += expected_ms(suite, files[n]);
		if (!is_plain(files[n++]) || n == limit || at == suite->pending_count)
			break;
		const struct run_file *next = suite->pending[at];
		if (!is_plain(next) || is_avoided(suite, next, w) || next->bin != bin)
			break;
		if (in_order && next->position != files[n - 1]->position + 1)
			break;
		if (!all && ms + expected_ms(suite, next) > GROUP_MS)
			break;
	}
	inorder_took(suite, w, files, n);
	use_resources(suite, +1);
	worker_assign(w, files, n, 1);
}

static int64_t others_left(const struct run *run, const struct run_suite *self)
{
	int64_t ms = 0;

	for (size_t i = 0; i < run->suite_count; i++)
		if (&run->suites[i] != self)
			ms += run->suites[i].left_ms;
	return ms;
}

int dispatch_units(struct run_file *const *files, size_t n)
{
	int units = 0;

	for (size_t i = 0; i < n && units < INT_MAX / 2; i++)
		units += MIN(files[i]->units, INT_MAX / 2);
	return units;
}

static int by_position(const void *pa, const void *pb)
{
	const struct run_file *const *a = pa, *const *b = pb;

	return ((*a)->position > (*b)->position) - ((*a)->position < (*b)->position);
}

static void assign_batch(struct run_suite *suite, struct worker *w)
{
	const struct engine_options *o = suite->run->options;
	size_t n = suite->pending_count;
	struct crew_load load = {
		.files = dispatch_units(suite->pending, n),
		.work_ms = suite->left_ms,
		.slots = suite->run->slots,
		.cores = MAX(suite->run->options->cores, 1),
		.max_workers = suite->max_workers,
	};
	int claim = crew_batch(&suite->model, &load, others_left(suite->run, suite));
	/* one worker gains nothing by long files first: it keeps the runner's own order */
	if (claim == 1 && !o->in_order && !o->info->seed)
		qsort(suite->pending, n, sizeof(*suite->pending), by_position);
	use_resources(suite, +1);
	suite->pending_count = 0;
	suite->left_ms = 0;
	worker_assign(w, suite->pending, n, claim);
}

/* Every pending file failed in this worker. */
static bool has_only_avoided(const struct run_suite *suite, const struct worker *w)
{
	for (size_t i = 0; i < suite->pending_count; i++)
		if (!is_avoided(suite, suite->pending[i], w))
			return false;
	return true;
}

static struct worker *idle_worker(const struct run_suite *suite)
{
	struct worker *best = NULL;
	bool best_avoided = false;

	for (size_t i = 0; i < suite->run->worker_count; i++) {
		struct worker *w = suite->run->workers[i];
		if (w->suite != suite || w->phase != WORKER_IDLE || w->stop != STOP_NONE ||
			w->spent)
			continue;
		bool avoided = has_only_avoided(suite, w);
		if (!best || (best_avoided && !avoided) ||
			(best_avoided == avoided && w->slot < best->slot)) {
			best = w;
			best_avoided = avoided;
		}
	}
	return best;
}

/* Workers that have got through the plan; those who only wait for it get it now. */
static void send_plans(struct run_suite *suite)
{
	for (size_t i = 0; i < suite->run->worker_count; i++) {
		struct worker *w = suite->run->workers[i];
		if (w->suite == suite && w->phase == WORKER_STARTING && !w->planned)
			worker_send_plan(w);
	}
}

static struct schedule_suite describe(const struct run_suite *suite)
{
	/* However little is left: whether its files may be spread is to be learned; and a guess by
	 * size does not know what hangs, with others behind it. */
	bool tries =
		!suite->known || (suite->ordered && suite->model.order == 0 && suite->target > 1);
	struct schedule_suite s = {
		.pending = (int)suite->pending_count,
		.left_ms = suite->left_ms,
		.target = suite->settings->runner->batch ? 1 : suite->target,
		.start_ms = tries                       ? 0
			    : suite->model.start_ms > 0 ? (int64_t)suite->model.start_ms
							: 300,
		.batch = suite->settings->runner->batch,
		.exclusive = suite->exclusive,
	};
	int starting = 0;

	for (size_t i = 0; i < suite->run->worker_count; i++) {
		const struct worker *w = suite->run->workers[i];
		/* its servers must be down, its files cleared up, before the next begins */
		if (w->suite == suite && (w->spent || w->stop == STOP_RECYCLE))
			s.pending = 0;
		if (w->suite != suite || w->phase == WORKER_HOLDING || w->stop != STOP_NONE)
			continue;
		s.idle += w->phase == WORKER_IDLE;
		/* one that starts will come for work by itself: it counts as active, and has a file
		 */
		s.active += w->phase == WORKER_BUSY || w->phase == WORKER_STARTING;
		starting += w->phase == WORKER_STARTING;
	}
	s.startable = starting < (int)suite->pending_count;
	if (suite->phase != SUITE_READY || !resources_free(suite))
		s.pending = 0;
	return s;
}

static struct schedule_suite *view_of(const struct run *run)
{
	struct schedule_suite *view = xcalloc(run->suite_count, sizeof(*view));

	for (size_t i = 0; i < run->suite_count; i++)
		view[i] = describe(&run->suites[i]);
	return view;
}

/* One decision; false when nothing can be placed. */
static bool place_one(struct run *run)
{
	cleanup_free struct schedule_suite *view = view_of(run);
	struct schedule_choice choice = schedule_pick(view, run->suite_count);
	if (choice.suite < 0)
		return false;
	struct run_suite *suite = &run->suites[choice.suite];
	if (choice.start) {
		/* a batch that must be started again learns its selection from `init` */
		struct worker *w = worker_start(suite, suite->settings->runner->batch);
		if (w && !suite->settings->runner->batch)
			worker_send_plan(w);
		return w != NULL;
	}
	struct worker *w = idle_worker(suite);
	if (suite->settings->runner->batch)
		assign_batch(suite, w);
	else if (has_only_avoided(suite, w))
		worker_end(w); /* a fresh process takes its place, and the retry */
	else
		assign_some(suite, w);
	return true;
}

/* While there is plenty of work, a busy worker gets its next file before it has finished this one;
 * unless its slot will be wanted by another suite. */
static void queue_ahead(struct run *run)
{
	for (size_t i = 0; i < run->worker_count; i++) {
		struct worker *w = run->workers[i];
		struct run_suite *suite = w->suite;
		if (w->phase != WORKER_BUSY || w->stop != STOP_NONE || w->item_count != 1 ||
			suite->settings->runner->batch || suite->settings->need_count ||
			suite->exclusive || suite->settings->isolate == SUITE_ISOLATE_PROCESS)
			continue;
		if (suite->pending_count < (size_t)(QUEUE_AHEAD_FACTOR * run->slots))
			continue;
		cleanup_free struct schedule_suite *view = view_of(run);
		if (schedule_keeps(view, run->suite_count, (size_t)(suite - run->suites)))
			assign_some(suite, w);
	}
}

/* Free slots during discovery: workers that are sure to be wanted boot meanwhile. */
static void start_ahead(struct run *run)
{
	const struct engine_options *o = run->options;

	if (o->list_only || (o->select && !o->planned) || o->config->paths.n)
		return;
	int room = run->slots - (int)run->worker_count;
	for (size_t i = 0; i < run->suite_count && room > 0; i++) {
		struct run_suite *suite = &run->suites[i];
		if (suite->phase != SUITE_DISCOVERING || suite->settings->runner->batch ||
			suite->restarted)
			continue;
		int target = crew_ahead(&suite->model, run->slots, MAX(o->cores, 1),
			suite->settings->runner->serial);
		int have = 0;
		for (size_t k = 0; k < run->worker_count; k++)
			have += run->workers[k]->suite == suite;
		for (; have < target && room > 0; have++, room--) {
			struct worker *w = worker_start(suite, false);
			if (!w)
				return;
			w->speculative = true;
		}
	}
}

/* Workers that nobody needs any more leave; a suite whose files are done is torn down. */
static void close_suite(struct run_suite *suite)
{
	struct run *run = suite->run;
	int workers = 0;

	if (suite->unfinished == 0 && suite->phase == SUITE_READY && !again_repeat_suite(suite))
		suite->phase = cover_is_wanted(suite) ? SUITE_COVERING : SUITE_CLOSING;
	if (suite->phase == SUITE_COVERING)
		cover_step(suite);
	for (size_t i = 0; i < run->worker_count; i++) {
		struct worker *w = run->workers[i];
		if (w->suite != suite)
			continue;
		workers++;
		bool unused = w->phase == WORKER_IDLE ||
			      (w->phase == WORKER_STARTING && w->planned && w->speculative);
		if (unused && (!suite->pending_count || w->spent) && suite->phase >= SUITE_READY &&
			w != suite->collector)
			worker_end(w);
	}
	if (suite->phase != SUITE_CLOSING)
		return;
	if (suite->holder && workers == 1 && suite->holder->stop == STOP_NONE &&
		!suite->holder->deadline_us) {
		worker_send_simple(suite->holder, "teardown");
		suite->holder->deadline_us = clock_mono_us() + 60 * (int64_t)1000000;
	}
	if (!workers)
		suite->phase = SUITE_DONE;
}

/* It takes no further file: it has grown too large, or had the one that it was for. */
static bool is_used_up(const struct worker *w)
{
	int64_t limit_kb = w->run->worker_limit_kb;

	return (limit_kb && w->rss_kb > limit_kb) ||
	       (w->suite->settings->isolate == SUITE_ISOLATE_PROCESS && w->files_sent);
}

/* Between two files a worker that is used up is replaced. */
static void recycle(struct run *run)
{
	for (size_t i = 0; i < run->worker_count; i++) {
		struct worker *w = run->workers[i];
		if (w->phase == WORKER_IDLE && w->stop == STOP_NONE && is_used_up(w) &&
			w->suite->pending_count && !w->suite->settings->runner->batch)
			worker_end(w);
	}
}

void dispatch(struct run *run)
{
	recycle(run);
	for (size_t i = 0; i < run->suite_count; i++) {
		spread_grow(&run->suites[i]);
		if (run->suites[i].phase == SUITE_READY)
			send_plans(&run->suites[i]);
	}
	while (!run->cancel && slots_used(run) < run->slots && place_one(run))
		;
	queue_ahead(run);
	start_ahead(run);
	for (size_t i = 0; i < run->suite_count; i++)
		close_suite(&run->suites[i]);
}
