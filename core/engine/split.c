#include "core/base/base.h"

#include "core/base/path.h"
#include "core/engine/run.h"
#include "core/history/split.h"
#include "core/history/list.h"
#include "core/plan/split.h"

/*
 * Long files in parts, inside one machine: when a single file would be the tail, it is cut between
 * tests as a plan for that many shards would cut it.
 *
 * Tests of a file may need those before them. So a part that fails, of a file that was never seen
 * to pass in parts, is doubted: its failures are kept back, the whole file runs once, and what that
 * says of the part's own tests counts. The history remembers both ways (split_files).
 */
struct splitting {
	struct run_suite *suite;
	struct arena arena;
	struct plan_times *times;
};

/* Snapshots that are not there yet are written to a file that all parts share; in CI none are. */
static bool writes_snapshots(const struct run_suite *suite, const char *file)
{
	const struct engine_options *o = suite->run->options;
	cleanup_free char *path = path_join(o->config->base, file);
	cleanup_free char *dir = path_dirname(path);
	cleanup_free char *snapshots =
		xasprintf("%s/__snapshots__/%s.snap", dir, path_basename(path));

	return !o->ci && path_exists(snapshots);
}

static bool is_item(const struct plan_item *item, const struct run_file *file)
{
	return streq(item->file, file->file) && streq(item->project, file->project);
}

/* A batch says what it can spread. */
static bool can_split(const struct run_suite *suite, const struct plan_item *item)
{
	if (!suite->settings->runner->batch)
		return !writes_snapshots(suite, item->file);
	for (size_t i = 0; i < suite->file_count; i++)
		if (is_item(item, suite->files[i]))
			return suite->files[i]->spread_units > 1;
	return false;
}

static void add_time(void *arg, const char *path, int occurrence, int64_t us)
{
	struct splitting *s = arg;

	plan_times_add(s->times, arena_strdup(&s->arena, path), occurrence, us);
}

static bool times_of(void *arg, const struct plan_item *item, struct plan_times *times)
{
	struct splitting *s = arg;
	struct history *h = s->suite->run->options->history;

	if (!streq(item->suite, s->suite->settings->name) || !can_split(s->suite, item) ||
		history_split_verdict(h, item->suite, item->project, item->file) < 0)
		return false;
	s->times = times;
	return history_file_times(h, item->suite, item->project, item->file, add_time, s) == 0;
}

static bool may_split(const struct run_suite *suite)
{
	const struct run *run = suite->run;
	const struct engine_options *o = run->options;
	const struct suite *settings = suite->settings;

	if (!o->split || !settings->split || !o->history || o->select || o->list_only ||
		o->config->test_regex)
		return false;
	if (run->slots < 2 || suite->max_workers == 1 || suite->exclusive)
		return false;
	/* one that depends on its order, or may, is not taken apart any further */
	return !suite->ordered || suite->model.order > 0;
}

/* This suite's files, and those of others that compete for the slots. */
static void collect(struct plan *plan, const struct run_suite *suite)
{
	const struct run *run = suite->run;

	for (size_t i = 0; i < suite->file_count; i++)
		plan_push(plan, &(struct plan_item){.suite = suite->settings->name,
					.project = suite->files[i]->project,
					.file = suite->files[i]->file,
					.us = suite->files[i]->estimate_ms * 1000,
					.known = suite->files[i]->known});
	for (size_t i = 0; i < run->suite_count; i++) {
		const struct run_suite *other = &run->suites[i];
		for (size_t k = 0; other != suite && k < other->pending_count; k++)
			plan_push(plan, &(struct plan_item){.suite = other->settings->name,
						.project = "",
						.file = other->pending[k]->file,
						.us = other->pending[k]->estimate_ms * 1000});
	}
}

static bool is_part_of(
	const struct plan_item *item, const struct run_suite *suite, const struct run_file *file)
{
	return item->parts && streq(item->suite, suite->settings->name) && is_item(item, file);
}

/* A file for the part; the last one runs all that the others do not name. */
static void add_part(struct run_suite *suite, const struct run_file *file, const struct plan *plan,
	const struct plan_item *part)
{
	cleanup_free struct plan_test *tests = NULL;
	size_t n = 0, cap = 0;

	for (size_t i = 0; i < plan->item_count; i++) {
		const struct plan_item *item = &plan->items[i];
		if (!is_part_of(item, suite, file) || (item == part) == part->rest)
			continue;
		GROW(tests, n + item->test_count, cap);
		memcpy(tests + n, item->tests, item->test_count * sizeof(*tests));
		n += item->test_count;
	}
	const struct engine_selection selection = {
		.tests = tests,
		.test_count = n,
		.except = part->rest,
		.part = part->part,
		.parts = part->parts,
		.estimate_us = part->us,
		.known = true,
	};
	discover_add_file(suite, file->project, file->file, &selection, -1);
}

/* A batch runs the parts of a file in one process: it is one part, which it takes apart itself. */
static void spread(struct run_suite *suite, const struct plan *plan)
{
	for (size_t i = 0; i < suite->file_count; i++) {
		struct run_file *file = suite->files[i];
		for (size_t k = 0; k < plan->item_count && !file->spread; k++)
			file->spread = is_part_of(&plan->items[k], suite, file);
		if (!file->spread)
			continue;
		file->part = file->parts = 1;
		file->units = file->spread_units;
		file->proven = history_split_verdict(suite->run->options->history,
				       suite->settings->name, file->project, file->file) > 0;
	}
}

static void replace(struct run_suite *suite, const struct plan *plan)
{
	struct run_file **files = suite->files;
	size_t n = suite->file_count;

	suite->files = NULL;
	suite->file_count = suite->file_cap = 0;
	for (size_t i = 0; i < n; i++) {
		bool split = false;
		for (size_t k = 0; k < plan->item_count; k++) {
			if (!is_part_of(&plan->items[k], suite, files[i]))
				continue;
			add_part(suite, files[i], plan, &plan->items[k]);
			split = true;
		}
		if (split) {
			run_free_file(files[i]);
			continue;
		}
		files[i]->position = (int)suite->file_count;
		GROW(suite->files, suite->file_count + 1, suite->file_cap);
		suite->files[suite->file_count++] = files[i];
	}
	free(files);
}

void split_long_files(struct run_suite *suite)
{
	struct splitting s = {.suite = suite, .arena = ARENA_INIT};
	int slots = suite->run->slots;
	struct plan plan;

	if (!may_split(suite))
		return;
	if (suite->max_workers > 0)
		slots = MIN(slots, suite->max_workers);
	plan_init(&plan);
	collect(&plan, suite);
	if (plan_split(&plan, slots, times_of, &s)) {
		if (suite->settings->runner->batch) {
			spread(suite, &plan);
		} else {
			replace(suite, &plan);
			/* what was measured with its long files whole says nothing now */
			memset(suite->model.trials, 0, sizeof(suite->model.trials));
		}
	}
	plan_release(&plan);
	arena_release(&s.arena);
}

/* ---- doubt ------------------------------------------------------------------------------------- */

bool split_is_own(const struct run_file *file, const struct event *event)
{
	bool named = false;

	if (!file->whole || file->spread)
		return true;
	for (size_t i = 0; i < file->only_count && !named; i++)
		named = file->only[i].occurrence == MAX(event->occurrence, 1) &&
			streq(file->only[i].path, event->test);
	return named != file->except;
}

bool split_doubts(struct run_file *file)
{
	if (!file->parts || file->proven || file->whole || file->suite->run->cancel)
		return false;
	file->doubted = true;
	return true;
}

void split_try_whole(struct run_file *file)
{
	file->doubted = false;
	file->whole = true;
	dispatch_requeue(file);
}

void split_tell(const struct run_file *file)
{
	run_notice(file->suite->run, SEVERITY_NOTE, "split_dependent", file->suite->settings->name,
		file->file,
		"a test failed in a part of %s, but not in the whole file: it is not split again",
		file->file);
}
