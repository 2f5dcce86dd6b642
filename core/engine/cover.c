#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/path.h"
#include "core/engine/run.h"

/*
 * The coverage of a suite. Each file's delta is a file that its worker has written before it said
 * so; when all files are done, one worker makes one Istanbul map of them. Never loaded files,
 * source maps and V8 ranges need the project's own tools, so this cannot be done here.
 */
enum { COLLECT_LIMIT_MS = 600 * 1000 };

void cover_init(struct run_suite *suite)
{
	const struct engine_options *o = suite->run->options;

	if (!o->coverage_dir || !config_collects(o->config, suite->settings))
		return;
	suite->coverage_dir = path_join(o->coverage_dir, path_basename(suite->cache_dir));
	file_mkdirs(suite->coverage_dir, NULL); /* who cannot write there says so */
}

static char *relative(const struct run_suite *suite, const char *path)
{
	cleanup_free char *normal = path_normalize(path ? path : "");

	if (!suite->coverage_dir || !path_is_below(suite->run->options->coverage_dir, normal))
		return NULL;
	return path_relative(suite->run->options->coverage_dir, normal);
}

int cover_delta(struct worker *w, struct event *event, struct error *err)
{
	cleanup_free char *path = event->path ? relative(w->suite, event->path) : NULL;

	if (!event->path && event->text) /* it only says what the file has touched: maybe nothing */
		return 0;
	if (!path)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"coverage in a file outside of the run: %s",
			event->path ? event->path : "(none)");
	event->path = arena_strdup(&w->run->arena, path);
	return 0;
}

bool cover_is_wanted(const struct run_suite *suite)
{
	/* a batch is one process and does this before it leaves */
	return suite->coverage_dir && suite->file_count && !suite->settings->runner->batch &&
	       !suite->run->options->list_only;
}

static void finish(struct run_suite *suite)
{
	suite->collector = NULL;
	if (suite->phase == SUITE_COVERING)
		suite->phase = SUITE_CLOSING;
}

static void failed(struct run_suite *suite, const char *why)
{
	run_notice(suite->run, SEVERITY_WARNING, "coverage_incomplete", suite->settings->name, NULL,
		"its coverage is not whole: %s", why);
	finish(suite);
}

static struct worker *find_collector(struct run_suite *suite)
{
	struct run *run = suite->run;

	for (size_t i = 0; i < run->worker_count; i++) {
		struct worker *w = run->workers[i];
		if (w->suite == suite && w->phase == WORKER_IDLE && w->stop == STOP_NONE)
			return w;
	}
	struct worker *w = worker_start(suite, false); /* all have crashed, or were replaced */
	if (w)
		worker_send_plan(w);
	return w;
}

static void ask(struct worker *w)
{
	cleanup_strbuf struct strbuf message = STRBUF_INIT;
	cleanup_free char *map = xasprintf("%s.json", w->suite->coverage_dir);

	protocol_coverage(&message, map);
	w->phase = WORKER_BUSY;
	w->deadline_us = clock_mono_us() + (int64_t)COLLECT_LIMIT_MS * 1000;
	worker_send(w, &message);
}

void cover_step(struct run_suite *suite)
{
	if (!suite->collector)
		suite->collector = find_collector(suite);
	if (!suite->collector)
		failed(suite, "no worker could be started for it");
	else if (suite->collector->phase == WORKER_IDLE)
		ask(suite->collector);
}

int cover_done(struct worker *w, const struct json *message, struct error *err)
{
	struct run_suite *suite = w->suite;
	const char *why = json_get_string(message, "text", NULL);
	int64_t broken = json_get_int(message, "count", 0);
	bool batch = suite->settings->runner->batch;

	if (!suite->coverage_dir || (!batch && suite->collector != w))
		return error_set(
			err, EXIT_CODE_INFRASTRUCTURE, "`coverage_done` from a worker not asked");
	cleanup_free char *path =
		why ? NULL : relative(suite, json_get_string(message, "delta", NULL));
	if (!path && !why)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"coverage in a file outside of the run: %s",
			json_get_string(message, "delta", "(none)"));
	if (path)
		run_publish(w->run, &(struct event){.type = EVENT_COVERAGE,
					    .suite = suite->settings->name,
					    .worker = w->number,
					    .path = path});
	if (!batch) {
		w->phase = WORKER_IDLE;
		w->deadline_us = 0;
	}
	if (why)
		failed(suite, why);
	else if (broken)
		run_notice(w->run, SEVERITY_NOTE, "coverage_lost", suite->settings->name, NULL,
			"what %" PRId64 " files had covered when their worker died is lost",
			broken);
	if (!why)
		finish(suite);
	return 0;
}

void cover_lost(struct worker *w)
{
	if (w->suite->collector == w)
		failed(w->suite, w->failure ? w->failure : "the worker that put it together died");
}
