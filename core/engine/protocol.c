#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/engine/run.h"
#include "core/event/test_id.h"

/* What goes down to a worker: docs/design/worker-protocol.md. */

static void strings(struct jsonw *w, const char *key, const struct strvec *list)
{
	jsonw_array_begin(w, key);
	for (size_t i = 0; i < list->n; i++)
		jsonw_string(w, NULL, list->v[i]);
	jsonw_array_end(w);
}

static void begin(struct jsonw *w, struct strbuf *out, const char *type)
{
	jsonw_init(w, out, false);
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "type", type);
}

static void end(struct jsonw *w, struct strbuf *out)
{
	jsonw_object_end(w);
	strbuf_addch(out, '\n');
}

static void only(struct jsonw *w, const char *key, const struct run_test *tests, size_t n)
{
	if (!tests) {
		jsonw_null(w, key);
		return;
	}
	jsonw_array_begin(w, key);
	for (size_t i = 0; i < n; i++) {
		jsonw_object_begin(w, NULL);
		test_id_to_json(w, "path", tests[i].path);
		jsonw_int(w, "occ", tests[i].occurrence);
		if (tests[i].left)
			jsonw_int(w, "times", tests[i].left);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* A batch runs all repetitions in one go: the most that a test of it has left. */
static int repetitions(const struct run_suite *suite)
{
	int most = 0;

	for (size_t i = 0; i < suite->pending_count; i++)
		for (size_t k = 0; k < suite->pending[i]->only_count; k++)
			most = MAX(most, suite->pending[i]->only[k].left);
	return most;
}

/* Tests of a batch whose number of retries is not that of the suite. */
static void special_retries(struct jsonw *w, const struct run_file *file)
{
	const struct run_suite *suite = file->suite;
	const struct retry_known_file *known = retry_known_in(
		suite->run->options->known, suite->settings->name, file->project, file->file);
	int normal = again_retries(suite, RETRY_NORMAL);

	if (!known || !suite->settings->runner->batch)
		return;
	jsonw_array_begin(w, "retries");
	for (size_t i = 0; i < known->count; i++) {
		const struct retry_known_test *test = &known->tests[i];
		int n = again_retries(suite, test->kind);
		if (n == normal)
			continue;
		jsonw_object_begin(w, NULL);
		test_id_to_json(w, "path", test->path);
		jsonw_int(w, "occ", test->occurrence);
		jsonw_int(w, "count", n);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

/* Whose tests in quarantine have another number: as the list names them, null = all of the file. */
static void quarantine(struct jsonw *w, const struct run_file *file)
{
	const struct run_suite *suite = file->suite;
	const struct quarantine *q = suite->run->options->quarantine;
	int n = again_retries(suite, RETRY_QUARANTINED);

	if (!q || !suite->settings->runner->batch || n == again_retries(suite, RETRY_NORMAL))
		return;
	jsonw_object_begin(w, "quarantine");
	jsonw_int(w, "count", n);
	jsonw_array_begin(w, "tests");
	for (size_t i = 0; i < q->n; i++)
		if (quarantine_may_mean(&q->entries[i], suite->settings->name, file->file))
			jsonw_string(w, NULL, q->entries[i].test);
	jsonw_array_end(w);
	jsonw_object_end(w);
}

/* A batch that starts anew loads these and nothing else. */
static void pending(struct jsonw *w, const struct run_suite *suite)
{
	jsonw_array_begin(w, "pending");
	for (size_t i = 0; i < suite->pending_count; i++)
		jsonw_string(w, NULL, suite->pending[i]->file);
	jsonw_array_end(w);
}

/* Where deltas go, and what muster.yaml wants to see; null when the suite collects none. */
static void coverage(struct jsonw *w, const struct run_suite *suite)
{
	const struct config *config = suite->run->options->config;

	if (!suite->coverage_dir) {
		jsonw_null(w, "coverage");
		return;
	}
	jsonw_object_begin(w, "coverage");
	jsonw_string(w, "folder", suite->coverage_dir);
	strings(w, "include", &config->coverage.include);
	strings(w, "exclude", &config->coverage.exclude);
	strings(w, "tool", &suite->settings->coverage_tool);
	jsonw_object_end(w);
}

void protocol_init(struct strbuf *out, const struct worker *worker)
{
	const struct run_suite *suite = worker->suite;
	const struct suite *settings = suite->settings;
	const struct config *config = worker->run->options->config;
	struct jsonw w;

	begin(&w, out, "init");
	jsonw_string(&w, "base", config->base);
	jsonw_string(&w, "root", settings->root);
	jsonw_string(&w, "suite", settings->name);
	jsonw_string(&w, "config", settings->config);
	jsonw_array_begin(&w, "args");
	for (size_t i = 0; i < settings->args.n; i++)
		jsonw_string(&w, NULL, settings->args.v[i]);
	for (size_t i = 0; i < config->runner_args.n; i++)
		jsonw_string(&w, NULL, config->runner_args.v[i]);
	jsonw_array_end(&w);
	strings(&w, "files", &settings->files);
	strings(&w, "paths", &config->paths);
	if (suite->handed_back)
		pending(&w, suite);
	jsonw_int(&w, "slot", worker->slot);
	jsonw_string(&w, "test", config->test_regex);
	jsonw_int(&w, "retries", again_retries(suite, RETRY_NORMAL));
	jsonw_int(&w, "repeat", repetitions(suite));
	jsonw_int(&w, "seed", worker->run->options->info->seed);
	jsonw_int(&w, "timeout_ms",
		settings->timeout_ms >= 0 ? settings->timeout_ms : config->timeout_ms);
	jsonw_string(&w, "cache_dir", suite->cache_dir);
	jsonw_bool(&w, "ci", worker->run->options->ci);
	jsonw_bool(&w, "list", worker->run->options->list_only);
	coverage(&w, suite);
	jsonw_string(&w, "isolate", suite_isolation_name(settings->isolate));
	jsonw_bool(&w, "color", worker->run->options->color);
	end(&w, out);
}

void protocol_plan(struct strbuf *out, const struct run_suite *suite)
{
	struct jsonw w;

	begin(&w, out, "plan");
	jsonw_string(&w, "path", suite->plan_path);
	jsonw_object_begin(&w, "env");
	for (size_t i = 0; i < suite->env.n; i++) {
		const char *entry = suite->env.v[i];
		const char *equals = strchrnul(entry, '=');
		cleanup_free char *name = xstrndup(entry, (size_t)(equals - entry));
		jsonw_string(&w, name, *equals ? equals + 1 : NULL);
	}
	jsonw_object_end(&w);
	end(&w, out);
}

void protocol_coverage(struct strbuf *out, const char *path)
{
	struct jsonw w;

	begin(&w, out, "coverage");
	jsonw_string(&w, "out", path);
	end(&w, out);
}

/* The order of the items is not ours, to be quick, but somebody's wish. */
static bool is_order_wanted(const struct run *run)
{
	return run->options->in_order || run->options->info->seed;
}

void protocol_run(struct strbuf *out, int id, struct run_file *const *files, size_t n, int claim)
{
	struct jsonw w;

	begin(&w, out, "run");
	jsonw_int(&w, "id", id);
	jsonw_int(&w, "workers", claim);
	jsonw_bool(&w, "ordered", n > 0 && is_order_wanted(files[0]->suite->run));
	jsonw_array_begin(&w, "items");
	for (size_t i = 0; i < n; i++) {
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "file", files[i]->file);
		jsonw_string(&w, "project", files[i]->project);
		jsonw_int(&w, "attempt", files[i]->attempt);
		if (files[i]->parts)
			jsonw_int(&w, "part", files[i]->part);
		if (files[i]->spread && !files[i]->whole && claim > 1)
			jsonw_bool(&w, "spread", true);
		if (!files[i]->whole)
			only(&w, files[i]->except ? "except" : "only", files[i]->only,
				files[i]->only_count);
		special_retries(&w, files[i]);
		quarantine(&w, files[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	end(&w, out);
}
