#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/jsonw.h"
#include "core/event/test_id.h"
#include "reporters/failure.h"
#include "reporters/registry.h"

enum { SLOWEST = 10 };

static void *json_open(const struct reporter_options *options, struct sink *sink)
{
	(void)options;
	return sink;
}

static void put_files(struct jsonw *w, const struct state *s)
{
	jsonw_object_begin(w, "files");
	jsonw_int(w, "planned", s->file_counts.total);
	jsonw_int(w, "passed", s->file_counts.passed);
	jsonw_int(w, "failed", s->file_counts.failed);
	jsonw_int(w, "skipped", s->file_counts.skipped);
	jsonw_int(w, "not_run", s->file_counts.not_run);
	jsonw_object_end(w);
	jsonw_object_begin(w, "tests");
	jsonw_int(w, "total", s->test_counts.total);
	jsonw_int(w, "passed", s->test_counts.passed);
	jsonw_int(w, "failed", s->test_counts.failed);
	jsonw_int(w, "skipped", s->test_counts.skipped);
	jsonw_int(w, "flaky", s->test_counts.flaky);
	jsonw_int(w, "quarantined", s->test_counts.quarantined);
	jsonw_object_end(w);
	jsonw_object_begin(w, "early_detection");
	jsonw_int(w, "tests", s->early.tests);
	jsonw_int(w, "repeats", s->early.repeats);
	jsonw_int(w, "flaky", s->early.flaky);
	jsonw_int(w, "cost_ms", s->early.cost_us / 1000);
	jsonw_object_end(w);
}

static void put_failure(struct jsonw *w, const struct state *s, const struct state_file *f,
	const struct state_test *t, const struct failure *failure)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	jsonw_object_begin(w, NULL);
	jsonw_string(w, "suite", f->suite->name);
	jsonw_string(w, "project", *f->project ? f->project : NULL);
	jsonw_string(w, "file", f->file);
	if (t)
		test_id_text(&text, t->path, t->occurrence);
	jsonw_string(w, "test", t ? text.buf : NULL);
	jsonw_int(w, "line", failure->line ? failure->line : t ? t->line : 0);
	jsonw_string(w, "kind", failure_kind_name(failure->kind));
	jsonw_string(w, "message", failure->message);
	jsonw_int(w, "attempts", t ? t->attempts : f->tries);
	jsonw_string(w, "flaky", t && t->flaky_new ? "new" : NULL);
	strbuf_reset(&text);
	failure_rerun(&text, s, f, t);
	jsonw_string(w, "rerun", text.buf);
	jsonw_object_end(w);
}

static void put_failures(struct jsonw *w, const struct state *s)
{
	jsonw_array_begin(w, "failures");
	for (size_t i = 0; i < s->file_failure_count; i++)
		if (s->file_failures[i]->outcome == OUTCOME_FAILED)
			put_failure(w, s, s->file_failures[i], NULL, &s->file_failures[i]->failure);
	for (size_t i = 0; i < s->failure_count; i++)
		if (s->failures[i]->outcome == OUTCOME_FAILED)
			put_failure(w, s, s->failures[i]->file, s->failures[i],
				&s->failures[i]->failure);
	jsonw_array_end(w);
}

/* Failed, but in quarantine. */
static void put_quarantined(struct jsonw *w, const struct state *s)
{
	jsonw_array_begin(w, "quarantined");
	for (size_t i = 0; s->test_counts.quarantined && i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		for (size_t k = 0; k < f->test_count; k++)
			if (f->tests[k]->quarantined && f->tests[k]->outcome == OUTCOME_FAILED)
				put_failure(w, s, f, f->tests[k], &f->tests[k]->failure);
	}
	jsonw_array_end(w);
}

static int by_duration(const void *a, const void *b)
{
	const struct state_file *x = *(struct state_file *const *)a;
	const struct state_file *y = *(struct state_file *const *)b;

	if (x->duration_us != y->duration_us)
		return x->duration_us > y->duration_us ? -1 : 1;
	return strcmp(x->file, y->file);
}

static void put_slowest(struct jsonw *w, const struct state *s)
{
	cleanup_free struct state_file **files = xcalloc(s->file_count + 1, sizeof(*files));

	for (size_t i = 0; i < s->file_count; i++)
		files[i] = s->files[i];
	qsort(files, s->file_count, sizeof(*files), by_duration);
	jsonw_array_begin(w, "slowest");
	for (size_t i = 0; i < s->file_count && i < SLOWEST && files[i]->duration_us; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "suite", files[i]->suite->name);
		jsonw_string(w, "file", files[i]->file);
		jsonw_int(w, "duration_ms", files[i]->duration_us / 1000);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_notices(struct jsonw *w, const struct state *s)
{
	static const char *const words[] = {"note", "warning", "error"};

	jsonw_array_begin(w, "notices");
	for (size_t i = 0; i < s->notice_count; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "severity", words[s->notices[i].severity]);
		jsonw_string(w, "name", s->notices[i].name);
		jsonw_string(w, "suite", s->notices[i].suite);
		jsonw_string(w, "text", s->notices[i].text);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_gates(struct jsonw *w, const struct state *s)
{
	jsonw_array_begin(w, "gates");
	for (size_t i = 0; i < s->gate_count; i++) {
		const struct state_gate *g = &s->gates[i];
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "name", g->name);
		jsonw_string(w, "status", g->status);
		jsonw_double(w, "actual", g->actual);
		jsonw_double(w, "limit", g->limit);
		jsonw_string(w, "unit", g->unit);
		jsonw_string(w, "text", g->text);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void put_coverage(struct jsonw *w, const struct state *s)
{
	static const enum coverage_kind order[] = {
		COVERAGE_LINES, COVERAGE_BRANCHES, COVERAGE_FUNCTIONS, COVERAGE_STATEMENTS};

	if (!s->has_coverage) {
		jsonw_null(w, "coverage");
		return;
	}
	jsonw_object_begin(w, "coverage");
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct coverage_count c = s->coverage.of[order[i]];
		jsonw_object_begin(w, coverage_kind_name(order[i]));
		jsonw_int(w, "covered", c.covered);
		jsonw_int(w, "total", c.total);
		jsonw_double(w, "pct", coverage_pct(c));
		jsonw_object_end(w);
	}
	jsonw_bool(w, "complete", s->coverage_is_whole);
	jsonw_object_end(w);
}

static void put_shards(struct jsonw *w, const struct state *s)
{
	jsonw_array_begin(w, "shards");
	for (size_t i = 0; i < s->shard_count; i++) {
		const struct state_shard *shard = &s->shards[i];
		char started[25];
		clock_iso8601(shard->started_ms, started);
		jsonw_object_begin(w, NULL);
		jsonw_int(w, "index", shard->shard);
		jsonw_int(w, "of", shard->shards);
		jsonw_string(w, "status", shard->status);
		jsonw_string(w, "text", shard->text);
		jsonw_string(w, "run_id", shard->run_id);
		jsonw_string(w, "run_url", shard->run_url);
		jsonw_int(w, "attempt", shard->attempt);
		jsonw_int(w, "exit_code", shard->exit_code);
		jsonw_string(w, "started_at", shard->started_ms ? started : NULL);
		jsonw_int(w, "startup_ms", shard->startup_us / 1000);
		jsonw_int(w, "duration_ms", shard->duration_us / 1000);
		jsonw_int(w, "predicted_ms", shard->predicted_ms);
		jsonw_int(w, "files", shard->files);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static int json_finish(void *self, const struct state *s, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;
	char started[25];

	(void)err;
	clock_iso8601(s->started_ms, started);
	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/summary/1");
	jsonw_string(&w, "run_id", s->run.run_id);
	jsonw_string(&w, "plan_id", s->run.plan_id);
	jsonw_string(&w, "commit", s->run.commit);
	jsonw_string(&w, "branch", s->run.branch);
	jsonw_string(&w, "started_at", started);
	jsonw_int(&w, "duration_ms", s->duration_us / 1000);
	jsonw_string(&w, "verdict", state_verdict(s));
	jsonw_int(&w, "exit_code", s->exit_code);
	jsonw_string(&w, "exit_reason", exit_code_reason((enum exit_code)s->exit_code));
	jsonw_int(&w, "workers", s->run.workers);
	jsonw_double(&w, "busy_ratio", (double)(int)(state_busy_ratio(s) * 1000) / 1000);
	if (s->run.seed)
		jsonw_int(&w, "seed", s->run.seed);
	else
		jsonw_null(&w, "seed");
	put_files(&w, s);
	jsonw_int(&w, "attempts", s->attempts);
	put_failures(&w, s);
	put_quarantined(&w, s);
	put_gates(&w, s);
	put_coverage(&w, s);
	put_slowest(&w, s);
	put_notices(&w, s);
	put_shards(&w, s);
	jsonw_object_end(&w);
	strbuf_addch(&out, '\n');
	sink_write(self, out.buf, out.len);
	return 0;
}

const struct reporter json_reporter = {
	.name = "json",
	.summary = "the summary as one JSON document",
	.default_path = "summary.json",
	.open = json_open,
	.finish = json_finish,
};
