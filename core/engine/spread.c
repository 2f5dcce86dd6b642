#include "core/base/base.h"

#include "core/base/path.h"
#include "core/plan/crew.h"
#include "core/engine/run.h"
#include "core/plan/schedule.h"

/*
 * The files of a suite over its workers: how many of these it gets (core/plan/crew), and which file
 * is meant for which, in what order.
 */
enum {
	GROW_FILES = 3, /* finished before the rest is judged by them */
	GROW_US = 1000 * 1000,
};

/* The place among the paths that the user named. */
static int path_index(const struct run_file *file)
{
	const struct config *config = file->suite->run->options->config;
	cleanup_free char *absolute = path_join(config->base, file->file);

	for (size_t i = 0; i < config->paths.n; i++)
		if (path_is_below(config->paths.v[i], absolute))
			return (int)i;
	return (int)config->paths.n;
}

static void sort(struct run_suite *suite, struct schedule_item *items, size_t n)
{
	const struct engine_options *o = suite->run->options;

	if (o->in_order) {
		for (size_t i = 0; i < n; i++)
			items[i].rank = (uint64_t)path_index(items[i].data);
		schedule_sort_ranked(items, n, 1);
	} else if (o->info->seed) {
		for (size_t i = 0; i < n; i++) {
			const struct run_file *f = items[i].data;
			items[i].rank = schedule_rank(
				o->info->seed, suite->settings->name, f->project, f->file);
		}
		schedule_sort_ranked(items, n, suite->ordered ? suite->target : 1);
	} else if (suite->ordered) {
		schedule_sort_ordered(items, n, inorder_is_unproven(suite) ? 1 : suite->target);
	} else {
		schedule_sort(items, n);
	}
}

/* One process at a time is the rule of the runner, not just the wish of this suite. With other
 * suites in the run a wall time says nothing, and the slots are shared anyway. */
static bool is_serial(const struct run_suite *suite)
{
	return suite->ordered && suite->run->suite_count == 1 &&
	       suite->settings->isolate == SUITE_ISOLATE_RUNNER;
}

static struct crew_load load_of(const struct run_suite *suite)
{
	const struct run *run = suite->run;
	struct crew_load load = {
		.files = (int)suite->file_count,
		.slots = run->slots,
		.cores = MAX(run->options->cores, 1),
		.max_workers = suite->max_workers,
		.serial = is_serial(suite),
		.alone = run->suite_count == 1 && suite->settings->isolate == SUITE_ISOLATE_RUNNER,
	};
	/* Whether its files may be spread is not known yet; then long ones may be split, too. */
	bool untried = suite->ordered && suite->model.order == 0 && suite->settings->split;
	size_t known = 0;

	for (size_t i = 0; i < suite->file_count; i++) {
		load.work_ms += suite->files[i]->estimate_ms;
		if (!untried)
			load.longest_ms = MAX(load.longest_ms, suite->files[i]->estimate_ms);
		known += suite->files[i]->known;
		load.serial &= !suite->files[i]->parts; /* they were made to be spread */
	}
	load.known = known * 2 > suite->file_count;
	return load;
}

/* Fill the pending list: long ones first, or in the runner's order where that may matter. */
static void fill_pending(struct run_suite *suite, struct run_file *const *files, size_t n)
{
	cleanup_free struct schedule_item *items = xcalloc(n, sizeof(*items));

	suite->left_ms = 0;
	for (size_t i = 0; i < n; i++) {
		items[i] = (struct schedule_item){
			.position = files[i]->position,
			.estimate_ms = files[i]->estimate_ms,
			.known = files[i]->known,
			.data = files[i],
		};
		suite->left_ms += files[i]->estimate_ms;
	}
	sort(suite, items, n);
	for (size_t i = 0; i < n; i++) {
		suite->pending[i] = items[i].data;
		suite->pending[i]->bin = items[i].bin;
	}
	suite->pending_count = n;
}

void spread_order(struct run_suite *suite)
{
	size_t n = suite->file_count;

	if ((suite->ordered && suite->model.order < 0) || suite->run->options->in_order)
		suite->max_workers = 1;
	struct crew_load load = load_of(suite);
	suite->target = crew_size(&suite->model, &load);
	suite->known = load.known;
	suite->may_grow = load.serial && suite->target == 1 && suite->max_workers != 1 &&
			  !crew_is_measured(&suite->model);
	suite->pending = xcalloc(n, sizeof(struct run_file *));
	fill_pending(suite, suite->files, n);
	suite->unfinished = (int)n;
}

void spread_explain(const struct run_suite *suite, struct strbuf *out)
{
	struct crew_load load = load_of(suite);

	if (suite->file_count && !suite->settings->runner->batch)
		crew_explain(out, &suite->model, &load, suite->target);
}

void spread_learn(struct run_file *file, int64_t duration_us)
{
	struct run_suite *suite = file->suite;

	suite->done_files++;
	suite->done_us += duration_us;
	suite->done_estimate_ms += file->estimate_ms;
}

/* What the workers of the suite have waited for a processor up to now. */
static int64_t delay_us(const struct run_suite *suite)
{
	int64_t us = 0;

	for (size_t i = 0; i < suite->run->worker_count; i++)
		if (suite->run->workers[i]->suite == suite && suite->run->workers[i]->pid > 0)
			us += process_delay_us(suite->run->workers[i]->pid);
	return us;
}

void spread_grow(struct run_suite *suite)
{
	if (!suite->may_grow || suite->phase != SUITE_READY || suite->done_files < GROW_FILES ||
		suite->done_us < GROW_US)
		return;
	/* What other programs took meanwhile would be missing to a second worker, too. */
	double rate = (double)MAX(suite->done_us - delay_us(suite), 1) / 1000 /
		      (double)suite->done_estimate_ms;
	if (!crew_grows((int64_t)((double)suite->left_ms * rate)))
		return;
	suite->may_grow = false;
	suite->target = MIN(suite->run->slots, (int)suite->pending_count + 1);
	cleanup_free struct run_file **left = xcalloc(suite->pending_count, sizeof(*left));
	memcpy(left, suite->pending, suite->pending_count * sizeof(*left));
	fill_pending(suite, left, suite->pending_count);
}
