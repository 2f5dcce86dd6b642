#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/path.h"
#include "core/engine/run.h"
#include "core/plan/estimate.h"
#include "core/history/split.h"

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

/* ---- the selection ------------------------------------------------------------------------- */

static char *selection_key(const char *suite, const char *project, const char *file)
{
	return xasprintf("%s\x1f%s\x1f%s", suite, project, file);
}

void discover_index(struct run *run)
{
	const struct engine_options *o = run->options;

	for (size_t i = 0; i < o->selection_count; i++) {
		const struct engine_selection *s = &o->selection[i];
		cleanup_free char *key =
			selection_key(s->suite, *s->file ? s->project : "", s->file);
		if (!strmap_has(&run->selected, key))
			strmap_put(&run->selected, key, (void *)(uintptr_t)s);
	}
}

/* The first selection of this file; further parts of it follow. NULL: it is not selected. */
static const struct engine_selection *selection_of(
	const struct run_suite *suite, const char *project, const char *file)
{
	const struct run *run = suite->run;
	cleanup_free char *key = selection_key(suite->settings->name, project, file);
	const struct engine_selection *s = strmap_get(&run->selected, key);

	if (s)
		return s;
	/* the whole suite, which the last run never came to know */
	cleanup_free char *whole = selection_key(suite->settings->name, "", "");
	return strmap_get(&run->selected, whole);
}

static bool follows(const struct run *run, const struct engine_selection *s,
	const struct engine_selection *next)
{
	return next < run->options->selection + run->options->selection_count && *s->file &&
	       streq(s->suite, next->suite) && streq(s->file, next->file) &&
	       streq(s->project, next->project);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void estimate(struct run_file *file, const struct engine_selection *s, int64_t size)
{
	const struct engine_options *o = file->suite->run->options;

	if (s && s->estimate_us) {
		file->estimate_ms = MAX((s->estimate_us + 500) / 1000, 1);
		file->known = s->known;
		return;
	}
	struct estimate e = estimate_file(o->history, o->info->platform,
		file->suite->settings->name, file->project, file->file, size);
	file->estimate_ms = MAX(e.ms, 1);
	file->known = e.known;
}

void discover_add_file(struct run_suite *suite, const char *project, const char *name,
	const struct engine_selection *s, int64_t size)
{
	struct run_file *file = xcalloc(1, sizeof(*file));

	file->suite = suite;
	file->file = xstrdup(name);
	file->project = xstrdup(project);
	file->position = (int)suite->file_count;
	file->units = 1;
	file->attempt = 1;
	file->output.tail = (struct strbuf)STRBUF_INIT;
	if (s && s->tests) {
		file->only = xcalloc(s->test_count + 1, sizeof(*file->only));
		file->only_count = s->test_count;
		file->except = s->except;
		for (size_t i = 0; i < s->test_count; i++)
			file->only[i] = (struct run_test){
				xstrdup(s->tests[i].path), s->tests[i].occurrence};
	}
	file->part = s ? s->part : 0;
	file->parts = s ? s->parts : 0;
	file->proven = file->parts && history_split_verdict(suite->run->options->history,
					      suite->settings->name, project, name) > 0;
	estimate(file, s, size);
	GROW(suite->files, suite->file_count + 1, suite->file_cap);
	suite->files[suite->file_count++] = file;
}

/* Neither below a named path nor touched by the change: not of this run. */
static bool is_left_out(const struct run_suite *suite, const char *project, const char *file)
{
	const struct impact *impact = suite->run->options->impact;

	return !wanted_by_path(suite->run, file) ||
	       (impact && !impact_selects(impact, suite->settings->name, project, file,
				  suite->settings->runner->batch));
}

static int add_file(struct run_suite *suite, const struct json *entry, struct error *err)
{
	struct run *run = suite->run;
	const char *name = json_get_string(entry, "file", NULL);
	const char *project = json_get_string(entry, "project", "");
	const struct engine_selection *s = NULL;

	if (!name || name[0] == '/' || !*name)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"`discovered` names a file without a relative path");
	cleanup_free char *key = xasprintf("%s\x1f%s", project, name);
	if (strmap_put(&suite->index, key, suite) || is_left_out(suite, project, name))
		return 0;
	if (run->options->select && !(s = selection_of(suite, project, name)))
		return 0;
	int64_t size = json_get_int(entry, "size", -1);
	discover_add_file(suite, project, name, s, size);
	struct run_file *file = suite->files[suite->file_count - 1];
	file->units = (int)MAX(json_get_int(entry, "units", 1), 1);
	file->spread_units = (int)json_get_int(entry, "spread_units", 0);
	if (file->only && !file->except)
		file->units = (int)MIN((size_t)file->units, MAX(file->only_count, (size_t)1));
	for (; s && follows(run, s, s + 1); s++)
		discover_add_file(suite, project, name, s + 1, size);
	return 0;
}

/* What the plan promised must be there; that nobody ran it is told by the verdict. */
static void miss_planned(struct run_suite *suite)
{
	const struct engine_options *o = suite->run->options;

	for (size_t i = 0; o->planned && i < o->selection_count; i++) {
		const struct engine_selection *s = &o->selection[i];
		cleanup_free char *key = xasprintf("%s\x1f%s", s->project, s->file);
		if (!streq(s->suite, suite->settings->name) || strmap_has(&suite->index, key))
			continue;
		run_publish(suite->run, &(struct event){
						.type = EVENT_FILE_PLANNED,
						.suite = s->suite,
						.project = s->project,
						.file = s->file,
						.part = s->part,
						.parts = s->parts,
						.estimate_ms = s->estimate_us / 1000,
					});
		run_notice(suite->run, SEVERITY_WARNING, "not_found", s->suite, s->file,
			"%s is in the plan, but the runner does not find it here", s->file);
	}
}

/* A split file is one. */
static int64_t count_files(const struct run_suite *suite)
{
	int64_t n = 0;

	for (size_t i = 0; i < suite->file_count; i++)
		n += suite->files[i]->part <= 1;
	return n;
}

/* By -t, or by what earlier runs left; the parts of a split file are all of it. */
static bool is_chosen(const struct run_file *file)
{
	return file->suite->run->options->config->test_regex || (file->only && !file->parts);
}

static void publish_file(const struct run_file *file)
{
	run_publish(file->suite->run, &(struct event){
					      .type = EVENT_FILE_PLANNED,
					      .suite = file->suite->settings->name,
					      .project = file->project,
					      .file = file->file,
					      .part = file->part,
					      .parts = file->parts,
					      .estimate_ms = file->estimate_ms,
					      .known = file->known,
					      .chosen = is_chosen(file),
				      });
}

/* Those that the suite itself did not name; NULL = none. */
static char *added_flags(const struct run_suite *suite)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < suite->node_options.n; i++)
		if (!strvec_has(&suite->settings->node_options, suite->node_options.v[i]))
			strbuf_addf(&text, "%s%s", text.len ? "\n" : "", suite->node_options.v[i]);
	return text.len ? xstrdup(text.buf) : NULL;
}

static void publish(struct run_suite *suite, const char *version)
{
	const struct suite *settings = suite->settings;
	cleanup_free char *root = path_relative(suite->run->options->config->base, settings->root);
	cleanup_free char *config =
		settings->config
			? path_relative(suite->run->options->config->base, settings->config)
			: NULL;
	cleanup_strbuf struct strbuf why = STRBUF_INIT;

	cleanup_free char *flags = added_flags(suite);

	spread_explain(suite, &why);
	run_publish(suite->run, &(struct event){
					.type = EVENT_SUITE_DISCOVERED,
					.suite = settings->name,
					.runner = settings->runner->name,
					.version = version,
					.root = root,
					.reason = settings->reason,
					.config = config,
					.flags = flags,
					.count = count_files(suite),
					.text = why.len ? why.buf : NULL,
					.text_len = why.len,
				});
	for (size_t i = 0; i < suite->file_count; i++)
		publish_file(suite->files[i]);
}

/* The flags of the last run are most likely those of this one, and spare a start. */
void discover_recall_flags(struct run_suite *suite)
{
	const struct engine_options *o = suite->run->options;
	cleanup_strbuf struct strbuf flags = STRBUF_INIT;

	history_flags(o->history, o->info->platform, suite->settings->name, &flags);
	char *rest = flags.len ? flags.buf : NULL;
	for (char *flag; (flag = strsep(&rest, "\n"));)
		if (*flag == '-' && !strvec_has(&suite->node_options, flag))
			strvec_push(&suite->node_options, flag);
}

/* Flags that must be on node's command line and are not yet, or are no more: start over with the
 * right ones, once. */
static bool needs_restart(struct run_suite *suite, const struct json *message)
{
	cleanup_strvec struct strvec before = suite->node_options;

	suite->node_options = (struct strvec)STRVEC_INIT;
	strvec_push_all(&suite->node_options, &suite->settings->node_options);
	json_each (flag, json_get(message, "node_options")) {
		const char *text = json_string(flag, NULL);
		if (text && !strvec_has(&suite->node_options, text))
			strvec_push(&suite->node_options, text);
	}
	bool changed = before.n != suite->node_options.n;
	for (size_t i = 0; i < suite->node_options.n; i++)
		changed |= !strvec_has(&before, suite->node_options.v[i]);
	return changed && !suite->restarted;
}

/* What the runner would fail for fails the run only where something runs. */
static void publish_notices(struct run_suite *suite, const struct json *message)
{
	bool runs = suite->file_count && !suite->run->options->list_only;

	json_each (notice, json_get(message, "notices")) {
		bool fails = runs && streq(json_get_string(notice, "severity", ""), "error");
		run_notice(suite->run, fails ? SEVERITY_ERROR : SEVERITY_NOTE,
			json_get_string(notice, "name", "runner"), suite->settings->name, NULL,
			"%s", json_get_string(notice, "text", ""));
	}
}

struct run_file *discover_late(struct worker *w, const char *name)
{
	struct run_suite *suite = w->suite;
	const struct engine_options *o = w->run->options;
	cleanup_free char *key = xasprintf("\x1f%s", name);

	for (size_t i = 0; i < w->item_count; i++)
		if (streq(w->items[i]->file, name))
			return w->items[i];
	if (strmap_put(&suite->index, key, suite) || is_left_out(suite, "", name) ||
		(o->select && !selection_of(suite, "", name)))
		return NULL;
	discover_add_file(suite, "", name, NULL, -1);
	struct run_file *file = suite->files[suite->file_count - 1];
	publish_file(file);
	suite->unfinished++;
	GROW(w->items, w->item_count + 1, w->item_cap);
	w->items[w->item_count++] = file;
	file->phase = RUN_FILE_ASSIGNED;
	return file;
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
	suite->together = json_get_bool(message, "together", false);
	suite->global_setup = json_get_bool(message, "global_setup", false);
	split_long_files(suite);
	spread_order(suite);
	publish(suite, json_get_string(message, "version", NULL));
	publish_notices(suite, message);
	miss_planned(suite);
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
