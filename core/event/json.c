#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/event/fields.h"
#include "core/state/state.h"
#include "core/event/test_id.h"

#include <math.h>

static const char *const severities[] = {
	[SEVERITY_NOTE] = "note",
	[SEVERITY_WARNING] = "warning",
	[SEVERITY_ERROR] = "error",
};

/* ---- writing -------------------------------------------------------------------------------- */

static void put_string(struct jsonw *w, const char *key, const char *value)
{
	if (value && *value)
		jsonw_string(w, key, value);
}

static void put_int(struct jsonw *w, const char *key, int64_t value)
{
	if (value)
		jsonw_int(w, key, value);
}

static void put_flag(struct jsonw *w, const char *key, bool value)
{
	if (value)
		jsonw_bool(w, key, true);
}

/* Microseconds as milliseconds with three decimals, without floating point's surprises. */
static void put_ms(struct jsonw *w, const char *key, int64_t us)
{
	int rest = us > 0 ? (int)(us % 1000) : 0;

	jsonw_int(w, key, MAX(us, 0) / 1000);
	if (rest)
		strbuf_add(w->out,
			(char[]){'.', (char)('0' + rest / 100), (char)('0' + rest / 10 % 10),
				(char)('0' + rest % 10)},
			4);
}

static void put_failure(struct jsonw *w, const struct failure *f)
{
	if (f->kind == FAILURE_NONE && !f->message)
		return;
	jsonw_object_begin(w, "failure");
	jsonw_string(w, "kind", failure_kind_name(f->kind));
	put_string(w, "message", f->message);
	put_string(w, "stack", f->stack);
	if (f->expected)
		jsonw_string(w, "expected", f->expected);
	if (f->actual)
		jsonw_string(w, "actual", f->actual);
	put_string(w, "snippet", f->snippet);
	put_string(w, "file", f->file);
	put_int(w, "line", f->line);
	put_int(w, "column", f->column);
	jsonw_object_end(w);
}

static void put_run(struct jsonw *w, const struct run_info *run)
{
	jsonw_string(w, "schema", "muster/journal/1");
	put_string(w, "run_id", run->run_id);
	put_string(w, "version", run->version);
	put_string(w, "base", run->base);
	put_string(w, "repo_path", run->repo_path);
	put_string(w, "commit", run->commit);
	put_string(w, "branch", run->branch);
	put_string(w, "platform", run->platform);
	put_string(w, "plan_id", run->plan_id);
	put_int(w, "shard", run->shard);
	put_int(w, "shards", run->shards);
	put_int(w, "ci_attempt", run->ci_attempt);
	put_string(w, "run_url", run->run_url);
	put_int(w, "plan_ms", run->plan_ms);
	put_int(w, "workers", run->workers);
	jsonw_int(w, "history_runs", run->history_runs);
	put_int(w, "last_ms", run->last_ms);
	put_int(w, "last_files", run->last_files);
	put_int(w, "fail_fast", run->fail_fast);
	put_int(w, "budget_ms", run->budget_ms);
	put_int(w, "seed", run->seed);
	put_flag(w, "merged", run->merged);
	put_flag(w, "fail_on_flaky", run->fail_on_flaky);
	put_flag(w, "partial", run->partial);
	put_flag(w, "failed_only", run->failed_only);
}

static bool is_end(enum event_type type)
{
	return type == EVENT_TEST_FINISHED || type == EVENT_FILE_FINISHED ||
	       type == EVENT_RUN_FINISHED;
}

static void put_run_end(struct jsonw *w, const struct event *e)
{
	const struct state_counts *files = e->files, *tests = e->tests;

	jsonw_int(w, "exit_code", e->exit_code);
	put_string(w, "token", e->token);
	if (files) {
		jsonw_object_begin(w, "files");
		jsonw_int(w, "planned", files->total);
		jsonw_int(w, "passed", files->passed);
		jsonw_int(w, "failed", files->failed);
		jsonw_int(w, "skipped", files->skipped);
		jsonw_int(w, "not_run", files->not_run);
		jsonw_object_end(w);
	}
	if (tests) {
		jsonw_object_begin(w, "tests");
		jsonw_int(w, "total", tests->total);
		jsonw_int(w, "passed", tests->passed);
		jsonw_int(w, "failed", tests->failed);
		jsonw_int(w, "skipped", tests->skipped);
		jsonw_int(w, "not_run", tests->not_run);
		jsonw_int(w, "flaky", tests->flaky);
		jsonw_int(w, "quarantined", tests->quarantined);
		jsonw_object_end(w);
	}
}

static void put_process(struct jsonw *w, const struct event *e)
{
	put_int(w, "pid", e->pid);
	put_int(w, "exit_status", e->exit_status);
	put_int(w, "signal", e->signal);
	put_int(w, "rss_kb", e->rss_kb);
	put_int(w, "cpu_us", e->cpu_us);
	put_int(w, "delay_us", e->delay_us);
}

static void put_shard(struct jsonw *w, const struct event *e)
{
	put_int(w, "part", e->part);
	put_int(w, "parts", e->parts);
	put_int(w, "shard", e->shard);
	put_int(w, "shards", e->shards);
	put_int(w, "started_ms", e->started_ms);
	put_int(w, "startup_us", e->startup_us);
	put_string(w, "status", e->status);
}

static void put_suite(struct jsonw *w, const struct event *e)
{
	put_string(w, "runner", e->runner);
	put_string(w, "version", e->version);
	put_string(w, "root", e->root);
	put_string(w, "reason", e->reason);
	put_string(w, "flags", e->flags);
	put_string(w, "config", e->config);
}

void event_json_write(struct strbuf *out, const struct event *e)
{
	struct jsonw w;

	jsonw_init(&w, out, false);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "type", event_type_name(e->type));
	put_int(&w, "ts", e->time_ms);
	if (e->run)
		put_run(&w, e->run);
	put_string(&w, "suite", e->suite);
	put_string(&w, "project", e->project);
	put_string(&w, "file", e->file);
	if (e->test)
		test_id_to_json(&w, "path", e->test);
	put_int(&w, "occ", e->occurrence);
	put_int(&w, "attempt", e->attempt);
	put_int(&w, "worker", e->worker);
	put_int(&w, "repeat", e->repeat);
	if (e->parts || e->shards || e->status)
		put_shard(&w, e);
	if (e->outcome != OUTCOME_NONE)
		jsonw_string(&w, "outcome", outcome_name(e->outcome));
	if (e->duration_us > 0 || is_end(e->type))
		put_ms(&w, "ms", e->duration_us);
	put_flag(&w, "will_retry", e->will_retry);
	put_flag(&w, "quarantined", e->quarantined);
	put_int(&w, "line", e->line);
	put_int(&w, "column", e->column);
	put_failure(&w, &e->failure);
	put_suite(&w, e);
	put_int(&w, "count", e->count);
	put_int(&w, "estimate_ms", e->estimate_ms);
	put_flag(&w, "known", e->known);
	put_flag(&w, "chosen", e->chosen);
	if (e->cancel != CANCEL_NONE)
		jsonw_string(&w, "cancel", cancel_reason_name(e->cancel));
	if (e->type == EVENT_RUN_FINISHED)
		put_run_end(&w, e);
	put_process(&w, e);
	if (e->type == EVENT_OUTPUT)
		jsonw_string(&w, "stream", e->is_stderr ? "stderr" : "stdout");
	if (e->text)
		jsonw_stringn(&w, "text", e->text, e->text_len);
	put_string(&w, "delta", e->path);
	put_string(&w, "name", e->name);
	put_string(&w, "unit", e->unit);
	if (e->type == EVENT_MEASURE || e->type == EVENT_GATE_CHECKED ||
		e->type == EVENT_COVERAGE_TOTAL)
		jsonw_double(&w, "value", e->value);
	if (e->type == EVENT_GATE_CHECKED)
		jsonw_double(&w, "limit", e->limit);
	if (e->type == EVENT_NOTICE)
		jsonw_string(&w, "severity", severities[e->severity]);
	jsonw_object_end(&w);
	strbuf_addch(out, '\n');
}

/* ---- reading -------------------------------------------------------------------------------- */

#define EVENT_FIELD(key, kind, member)                    \
	{                                                 \
		key, kind, offsetof(struct event, member) \
	}
#define RUN_FIELD(key, kind, member)                         \
	{                                                    \
		key, kind, offsetof(struct run_info, member) \
	}
#define FAILURE_FIELD(key, kind, member)                    \
	{                                                   \
		key, kind, offsetof(struct failure, member) \
	}

const struct field event_fields[] = {
	EVENT_FIELD("ts", FIELD_INT64, time_ms),
	EVENT_FIELD("suite", FIELD_STRING, suite),
	EVENT_FIELD("project", FIELD_STRING, project),
	EVENT_FIELD("file", FIELD_STRING, file),
	EVENT_FIELD("occ", FIELD_INT, occurrence),
	EVENT_FIELD("attempt", FIELD_INT, attempt),
	EVENT_FIELD("worker", FIELD_INT, worker),
	EVENT_FIELD("will_retry", FIELD_BOOL, will_retry),
	EVENT_FIELD("quarantined", FIELD_BOOL, quarantined),
	EVENT_FIELD("line", FIELD_INT, line),
	EVENT_FIELD("column", FIELD_INT, column),
	EVENT_FIELD("runner", FIELD_STRING, runner),
	EVENT_FIELD("root", FIELD_STRING, root),
	EVENT_FIELD("reason", FIELD_STRING, reason),
	EVENT_FIELD("flags", FIELD_STRING, flags),
	EVENT_FIELD("config", FIELD_STRING, config),
	EVENT_FIELD("count", FIELD_INT64, count),
	EVENT_FIELD("estimate_ms", FIELD_INT64, estimate_ms),
	EVENT_FIELD("known", FIELD_BOOL, known),
	EVENT_FIELD("chosen", FIELD_BOOL, chosen),
	EVENT_FIELD("exit_code", FIELD_INT, exit_code),
	EVENT_FIELD("pid", FIELD_INT, pid),
	EVENT_FIELD("exit_status", FIELD_INT, exit_status),
	EVENT_FIELD("signal", FIELD_INT, signal),
	EVENT_FIELD("rss_kb", FIELD_INT64, rss_kb),
	EVENT_FIELD("cpu_us", FIELD_INT64, cpu_us),
	EVENT_FIELD("delay_us", FIELD_INT64, delay_us),
	EVENT_FIELD("text", FIELD_STRING, text),
	EVENT_FIELD("delta", FIELD_STRING, path),
	EVENT_FIELD("name", FIELD_STRING, name),
	EVENT_FIELD("unit", FIELD_STRING, unit),
	EVENT_FIELD("repeat", FIELD_INT, repeat),
	EVENT_FIELD("part", FIELD_INT, part),
	EVENT_FIELD("parts", FIELD_INT, parts),
	EVENT_FIELD("shard", FIELD_INT, shard),
	EVENT_FIELD("shards", FIELD_INT, shards),
	EVENT_FIELD("started_ms", FIELD_INT64, started_ms),
	EVENT_FIELD("startup_us", FIELD_INT64, startup_us),
	EVENT_FIELD("status", FIELD_STRING, status),
	EVENT_FIELD("token", FIELD_STRING, token),
};

const size_t event_field_count = ARRAY_LEN(event_fields);

static const struct field run_fields[] = {
	RUN_FIELD("run_id", FIELD_STRING, run_id),
	RUN_FIELD("version", FIELD_STRING, version),
	RUN_FIELD("base", FIELD_STRING, base),
	RUN_FIELD("repo_path", FIELD_STRING, repo_path),
	RUN_FIELD("commit", FIELD_STRING, commit),
	RUN_FIELD("branch", FIELD_STRING, branch),
	RUN_FIELD("platform", FIELD_STRING, platform),
	RUN_FIELD("plan_id", FIELD_STRING, plan_id),
	RUN_FIELD("shard", FIELD_INT, shard),
	RUN_FIELD("shards", FIELD_INT, shards),
	RUN_FIELD("ci_attempt", FIELD_INT, ci_attempt),
	RUN_FIELD("run_url", FIELD_STRING, run_url),
	RUN_FIELD("plan_ms", FIELD_INT64, plan_ms),
	RUN_FIELD("workers", FIELD_INT, workers),
	RUN_FIELD("history_runs", FIELD_INT, history_runs),
	RUN_FIELD("last_ms", FIELD_INT64, last_ms),
	RUN_FIELD("last_files", FIELD_INT64, last_files),
	RUN_FIELD("fail_fast", FIELD_INT, fail_fast),
	RUN_FIELD("budget_ms", FIELD_INT64, budget_ms),
	RUN_FIELD("seed", FIELD_INT64, seed),
	RUN_FIELD("merged", FIELD_BOOL, merged),
	RUN_FIELD("fail_on_flaky", FIELD_BOOL, fail_on_flaky),
	RUN_FIELD("partial", FIELD_BOOL, partial),
	RUN_FIELD("failed_only", FIELD_BOOL, failed_only),
};

const struct field failure_fields[] = {
	FAILURE_FIELD("message", FIELD_STRING, message),
	FAILURE_FIELD("stack", FIELD_STRING, stack),
	FAILURE_FIELD("expected", FIELD_STRING, expected),
	FAILURE_FIELD("actual", FIELD_STRING, actual),
	FAILURE_FIELD("snippet", FIELD_STRING, snippet),
	FAILURE_FIELD("file", FIELD_STRING, file),
	FAILURE_FIELD("line", FIELD_INT, line),
	FAILURE_FIELD("column", FIELD_INT, column),
};

const size_t failure_field_count = ARRAY_LEN(failure_fields);

static int wrong_kind(struct error *err, const char *key)
{
	return error_set(err, EXIT_CODE_INFRASTRUCTURE, "`%s` has the wrong kind of value", key);
}

/* A whole number within the range of the field; workers are not trusted to know it. */
static int read_number(const struct json *node, const struct field *f, char *at, struct error *err)
{
	double value = json_number(node, NAN);

	if (!(fabs(value) <= 9007199254740992.0))
		return wrong_kind(err, f->key);
	if (f->kind == FIELD_INT64) {
		*(int64_t *)(void *)at = (int64_t)value;
	} else {
		if (fabs(value) > INT_MAX)
			return wrong_kind(err, f->key);
		*(int *)(void *)at = (int)value;
	}
	return 0;
}

static int read_fields(const struct json *object, const struct field *fields, size_t n,
	void *record, struct error *err)
{
	/* One walk over the members: a look-up a field would walk the list each time. */
	json_each (node, object) {
		const char *key = json_key(node);
		const struct field *f = NULL;
		for (size_t i = 0; i < n && !f; i++)
			if (fields[i].key[0] == key[0] && streq(fields[i].key, key))
				f = &fields[i];
		if (!f || json_is_null(node))
			continue;
		char *at = (char *)record + f->offset;
		if (f->kind == FIELD_STRING) {
			if (!json_is_string(node))
				return wrong_kind(err, key);
			*(const char **)(void *)at = json_string(node, NULL);
		} else if (f->kind == FIELD_BOOL) {
			if (!json_is_bool(node))
				return wrong_kind(err, key);
			*(bool *)(void *)at = json_bool(node, false);
		} else if (read_number(node, f, at, err) < 0) {
			return -1;
		}
	}
	return 0;
}

static int read_failure(const struct json *object, struct failure *ret, struct error *err)
{
	const struct json *node = json_get(object, "failure");

	if (!node || json_is_null(node))
		return 0;
	if (!json_is_object(node))
		return wrong_kind(err, "failure");
	ret->kind = failure_kind_parse(json_get_string(node, "kind", "error"));
	if (ret->kind == FAILURE_NONE)
		ret->kind = FAILURE_ERROR;
	return read_fields(node, failure_fields, ARRAY_LEN(failure_fields), ret, err);
}

static int read_duration(const struct json *object, struct event *event, struct error *err)
{
	const struct json *node = json_get(object, "ms");
	double ms = json_number(node, 0);

	if (node && !json_is_null(node) && !json_is_number(node))
		return wrong_kind(err, "ms");
	if (ms > 0 && ms < 1e12) /* a clock that went backwards counts as nothing */
		event->duration_us = (int64_t)(ms * 1000 + 0.5);
	return 0;
}

static int read_test(
	const struct json *object, struct arena *arena, struct event *event, struct error *err)
{
	const struct json *node = json_get(object, "path");
	cleanup_strbuf struct strbuf path = STRBUF_INIT;

	if (!node)
		return 0;
	if (!test_id_from_json(node, &path))
		return wrong_kind(err, "path");
	event->test = arena_strndup(arena, path.buf, path.len);
	return 0;
}

bool event_severity_parse(const char *name, enum severity *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(severities); i++) {
		if (streq(name, severities[i])) {
			*ret = (enum severity)i;
			return true;
		}
	}
	return false;
}

static int read_words(const struct json *object, struct event *event, struct error *err)
{
	const char *outcome = json_get_string(object, "outcome", NULL);
	const char *severity = json_get_string(object, "severity", "note");

	if (outcome) {
		event->outcome = outcome_parse(outcome);
		if (event->outcome == OUTCOME_NONE)
			return error_set(err, EXIT_CODE_INFRASTRUCTURE,
				"`outcome` is not one of passed, failed, skipped, not_run: %s",
				outcome);
	}
	event->cancel = cancel_reason_parse(json_get_string(object, "cancel", NULL));
	event->is_stderr = streq(json_get_string(object, "stream", "stdout"), "stderr");
	event_severity_parse(severity, &event->severity);
	event->value = json_get_number(object, "value", 0);
	event->limit = json_get_number(object, "limit", 0);
	return 0;
}

int event_check(const struct event *e, struct error *err)
{
	bool about_test = e->type == EVENT_TEST_STARTED || e->type == EVENT_TEST_FINISHED;

	if (about_test && !e->test)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "%s without a `path`",
			event_type_name(e->type));
	if (e->type == EVENT_TEST_FINISHED && e->outcome == OUTCOME_NONE)
		return error_set(
			err, EXIT_CODE_INFRASTRUCTURE, "test_finished without an `outcome`");
	return 0;
}

int event_json_read(
	const struct json *object, struct arena *arena, struct event *ret_event, struct error *err)
{
	const char *name = json_get_string(object, "type", NULL);
	struct event e = {.type = event_type_parse(name)};

	if (e.type == EVENT_TYPE_COUNT)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "unknown type of message: %.40s",
			name ? name : "(none)");
	if (read_fields(object, event_fields, ARRAY_LEN(event_fields), &e, err) < 0 ||
		read_duration(object, &e, err) < 0 || read_failure(object, &e.failure, err) < 0 ||
		read_test(object, arena, &e, err) < 0 || read_words(object, &e, err) < 0 ||
		event_check(&e, err) < 0)
		return -1;
	e.text_len = e.text ? strlen(e.text) : 0;
	if (e.type == EVENT_SUITE_DISCOVERED)
		e.version = json_get_string(object, "version", NULL);
	if (e.type == EVENT_RUN_STARTED) {
		struct run_info *run = arena_alloc(arena, sizeof(*run));
		run->history_runs = -1;
		if (read_fields(object, run_fields, ARRAY_LEN(run_fields), run, err) < 0)
			return -1;
		e.run = run;
	}
	*ret_event = e;
	return 0;
}
