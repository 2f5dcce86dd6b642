#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/path.h"
#include "core/engine/run.h"
#include "core/estimate.h"
#include "core/schedule.h"

/*
 * Discovery: the first worker of a suite finds its files with the runner's own code, and stays as a
 * warm worker. All suites discover at once, up to a bound; workers start while it still runs.
 */
enum { EXTRA_DISCOVERERS = 2 };

static int discovering(const struct run *run)
{
	int n = 0;

	for (size_t i = 0; i < run->suite_count; i++)
		n += run->suites[i].phase == SUITE_DISCOVERING;
	return n;
}

void discover_start(struct run *run)
{
	int room = run->slots + EXTRA_DISCOVERERS - discovering(run);

	for (size_t i = 0; i < run->suite_count && room > 0 && !run->cancel; i++) {
		struct run_suite *suite = &run->suites[i];
		if (suite->phase != SUITE_WAITING)
			continue;
		if (!run->options->list_only && services_start(run, suite) != 1)
			continue;
		suite->phase = SUITE_DISCOVERING;
		worker_start(suite, true);
		room--;
	}
}

/* Below one of the paths that the user named, or one of them; all when none was named. */
static bool wanted_by_path(const struct run *run, const char *file)
{
	const struct config *config = run->options->config;
	cleanup_free char *absolute = path_join(config->base, file);

	for (size_t i = 0; i < config->paths.n; i++)
		if (path_is_below(config->paths.v[i], absolute))
			return true;
	return !config->paths.n;
}

/* Take over the tests that the selection names for this file; false: the file is not in it. */
static bool select_tests(struct run_file *file)
{
	const struct engine_options *o = file->suite->run->options;
	bool found = false, whole = false;

	for (size_t i = 0; i < o->selection_count; i++) {
		const struct engine_selection *s = &o->selection[i];
		if (!streq(s->suite, file->suite->spec->name))
			continue;
		/* no file: the whole suite, which the last run never came to know */
		if (*s->file && (!streq(s->file, file->file) || !streq(s->project, file->project)))
			continue;
		found = true;
		whole |= !s->test;
		if (!s->test)
			continue;
		file->only = xrealloc(file->only, (file->only_count + 1) * sizeof(*file->only));
		file->only[file->only_count++] = (struct run_test){xstrdup(s->test), s->occurrence};
	}
	for (size_t i = 0; whole && i < file->only_count; i++)
		free(file->only[i].path);
	if (whole) {
		free(file->only);
		file->only = NULL;
		file->only_count = 0;
	}
	return found || !o->select;
}

static void free_file(struct run_file *file)
{
	free(file->file);
	free(file->project);
	free(file);
}

static int add_file(struct run_suite *suite, const struct json *entry, struct error *err)
{
	struct run *run = suite->run;
	const char *name = json_get_string(entry, "file", NULL);
	const char *project = json_get_string(entry, "project", "");

	if (!name || name[0] == '/' || !*name)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"`discovered` names a file without a relative path");
	cleanup_free char *key = xasprintf("%s\x1f%s", project, name);
	if (strmap_has(&suite->index, key) || !wanted_by_path(run, name))
		return 0;
	struct run_file *file = xcalloc(1, sizeof(*file));
	file->suite = suite;
	file->file = xstrdup(name);
	file->project = xstrdup(project);
	file->position = (int)suite->file_count;
	file->attempt = 1;
	file->output_tail = (struct strbuf)STRBUF_INIT;
	if (!select_tests(file)) {
		free_file(file);
		return 0;
	}
	struct estimate estimate =
		estimate_file(run->options->history, run->options->info->platform,
			suite->spec->name, project, name, json_get_int(entry, "size", -1));
	file->estimate_ms = MAX(estimate.ms, 1);
	file->known = estimate.known;
	strmap_put(&suite->index, key, file);
	GROW(suite->files, suite->file_count + 1, suite->file_cap);
	suite->files[suite->file_count++] = file;
	return 0;
}

static void publish(struct run_suite *suite, const char *version)
{
	const struct suite *spec = suite->spec;
	cleanup_free char *root = path_relative(suite->run->options->config->base, spec->root);
	cleanup_free char *config =
		spec->config ? path_relative(suite->run->options->config->base, spec->config)
			     : NULL;

	run_publish(suite->run, &(struct event){
					.type = EVENT_SUITE_DISCOVERED,
					.suite = spec->name,
					.runner = spec->runner->name,
					.version = version,
					.root = root,
					.reason = spec->reason,
					.config = config,
					.count = (int64_t)suite->file_count,
				});
	for (size_t i = 0; i < suite->file_count; i++)
		run_publish(suite->run, &(struct event){
						.type = EVENT_FILE_PLANNED,
						.suite = spec->name,
						.project = suite->files[i]->project,
						.file = suite->files[i]->file,
						.estimate_ms = suite->files[i]->estimate_ms,
						.known = suite->files[i]->known,
					});
}

/* Fill the pending list: long ones first, or in the runner's order where that may matter. */
static void order(struct run_suite *suite)
{
	size_t n = suite->file_count;
	cleanup_free struct schedule_item *items = xcalloc(n, sizeof(*items));
	int64_t work_ms = 0;

	for (size_t i = 0; i < n; i++) {
		const struct run_file *f = suite->files[i];
		items[i] = (struct schedule_item){
			.position = f->position,
			.estimate_ms = f->estimate_ms,
			.known = f->known,
			.data = suite->files[i],
		};
		work_ms += f->estimate_ms;
	}
	if (suite->ordered && suite->model.order < 0)
		suite->max_workers = 1;
	suite->target = schedule_target(
		&suite->model, (int)n, work_ms, suite->run->slots, suite->max_workers);
	if (suite->ordered)
		schedule_sort_ordered(items, n, suite->target);
	else
		schedule_sort(items, n);
	suite->pending = xcalloc(n, sizeof(struct run_file *));
	for (size_t i = 0; i < n; i++) {
		suite->pending[i] = items[i].data;
		suite->pending[i]->bin = items[i].bin;
	}
	suite->pending_count = n;
	suite->unfinished = (int)n;
	suite->left_ms = work_ms;
}

/* Flags that must be on node's command line and are not yet: start over with them, once. */
static bool needs_restart(struct run_suite *suite, const struct json *message)
{
	bool changed = false;

	json_each (flag, json_get(message, "node_options")) {
		const char *text = json_string(flag, NULL);
		if (text && !strvec_has(&suite->node_options, text)) {
			strvec_push(&suite->node_options, text);
			changed = true;
		}
	}
	return changed && !suite->restarted;
}

static void publish_notices(struct run_suite *suite, const struct json *message)
{
	json_each (notice, json_get(message, "notices"))
		run_notice(suite->run, SEVERITY_NOTE, json_get_string(notice, "name", "runner"),
			suite->spec->name, NULL, "%s", json_get_string(notice, "text", ""));
}

int discover_apply(struct worker *worker, const struct json *message, struct error *err)
{
	struct run_suite *suite = worker->suite;
	const char *plan = json_get_string(message, "plan_path", NULL);

	if (needs_restart(suite, message)) {
		struct run *run = suite->run;
		suite->restarted = true;
		for (size_t i = 0; i < run->worker_count; i++) {
			if (run->workers[i]->suite != suite)
				continue;
			worker_stop(run->workers[i], STOP_RECYCLE, NULL);
			process_kill(run->workers[i]->process);
		}
		worker_start(suite, true);
		return 0;
	}
	json_each (entry, json_get(message, "files"))
		if (add_file(suite, entry, err) < 0)
			return -1;
	suite->plan_path = plan ? xstrdup(plan) : NULL;
	suite->ordered = json_get_bool(message, "ordered", false);
	suite->exclusive = json_get_bool(message, "exclusive", false);
	suite->max_workers = (int)json_get_int(message, "max_workers", 0);
	suite->global_setup = json_get_bool(message, "global_setup", false);
	publish(suite, json_get_string(message, "version", NULL));
	publish_notices(suite, message);
	order(suite);
	suite->phase = SUITE_READY;
	if (suite->run->options->list_only || !suite->file_count) {
		suite->unfinished = 0;
		suite->pending_count = 0;
	} else if (suite->global_setup) {
		suite->phase = SUITE_SETTING_UP;
		suite->holder = worker;
		worker->phase = WORKER_HOLDING;
		worker->deadline_us = 0;
		worker_send_simple(worker, "setup");
	}
	return 0;
}
