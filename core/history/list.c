#include "core/base/base.h"

#include "core/history/files.h"
#include "core/history/list.h"
#include "core/history/rows.h"

/* A test that was in none of so many runs is gone. */
enum { SEEN_IN_RUNS = 50 };

static int bind_filter(sqlite3_stmt *s, const struct history_filter *filter)
{
	sqlite3_bind_int64(s, 1, filter->since_ms);
	if (filter->branch)
		sqlite3_bind_text(s, 2, filter->branch, -1, SQLITE_STATIC);
	return filter->limit > 0 ? filter->limit : -1;
}

/* Stopped by the callback: no error. */
static int end(struct history *h, sqlite3_stmt *s, int code, int stopped, struct error *err)
{
	return history_finish(h, s, stopped ? SQLITE_DONE : code, err);
}

/* ---- runs -------------------------------------------------------------------------------------- */

static struct history_run read_run(sqlite3_stmt *s)
{
	return (struct history_run){
		.run_id = history_text(s, 0),
		.started_ms = sqlite3_column_int64(s, 1),
		.duration_ms = sqlite3_column_int64(s, 2),
		.platform = history_text(s, 3),
		.commit = history_optional(s, 4),
		.branch = history_optional(s, 5),
		.verdict = history_text(s, 6),
		.exit_code = sqlite3_column_int(s, 7),
		.workers = sqlite3_column_int(s, 8),
		.files = sqlite3_column_int64(s, 9),
		.tests = sqlite3_column_int64(s, 10),
		.failed = sqlite3_column_int64(s, 11),
		.skipped = sqlite3_column_int64(s, 12),
		.flaky = sqlite3_column_int64(s, 13),
		.id = sqlite3_column_int64(s, 14),
		.passed = sqlite3_column_int64(s, 15),
		.shards = sqlite3_column_int(s, 16),
		.predicted_ms = sqlite3_column_int64(s, 17),
		.makespan_ms = sqlite3_column_int64(s, 18),
		.ci_attempt = sqlite3_column_int(s, 19),
		.run_url = history_optional(s, 20),
		.commit_sure = sqlite3_column_int(s, 21) != 0,
	};
}

enum { RUN_COLUMNS = 22 };

int history_list_runs(struct history *h, const struct history_filter *filter, history_run_fn *fn,
	void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LIST_RUNS);
	int code, stopped = 0;

	if (!s)
		return history_error(h, err, "cannot read");
	sqlite3_bind_int(s, 3, bind_filter(s, filter));
	while (!stopped && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_run run = read_run(s);
		stopped = fn(arg, &run);
	}
	return end(h, s, code, stopped, err);
}

int history_list_run_files(
	struct history *h, int64_t run, history_run_file_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LIST_RUN_FILES);
	struct history_file_entry e;

	if (!s)
		return history_error(h, err, "cannot read");
	sqlite3_bind_int64(s, 1, run);
	int code = sqlite3_step(s);
	const unsigned char *data = code == SQLITE_ROW ? sqlite3_column_blob(s, 0) : NULL;
	const unsigned char *past = data ? data + sqlite3_column_bytes(s, 0) : NULL;
	while (data && history_files_next(&data, past, &e)) {
		struct history_run_file file = {
			.file_id = e.file_id,
			.worker = e.worker,
			.position = e.position,
			.outcome = e.outcome,
			.predicted_us = e.predicted_us,
			.duration_us = e.duration_us,
		};
		if (e.file_id >= 1 && e.file_id <= INT32_MAX / 16 && fn(arg, &file))
			break;
	}
	return end(h, s, code, code == SQLITE_ROW, err);
}

/* ---- names of files ---------------------------------------------------------------------------- */

static int64_t number_of(struct history *h, enum history_sql which, int64_t id)
{
	sqlite3_stmt *s = history_sql(h, which);
	int64_t value = 0;

	if (!s)
		return 0;
	sqlite3_bind_int64(s, 1, id);
	if (sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return value;
}

int64_t history_file_of(struct history *h, int64_t test)
{
	return number_of(h, SQL_FILE_OF_TEST, test);
}

int64_t history_suite_of(struct history *h, int64_t file)
{
	return number_of(h, SQL_SUITE_OF_FILE, file);
}

void history_list_suites(struct history *h, history_suite_fn *fn, void *arg)
{
	sqlite3_stmt *s = history_sql(h, SQL_FILE_SUITES);

	if (!s)
		return;
	while (sqlite3_step(s) == SQLITE_ROW)
		fn(arg, sqlite3_column_int64(s, 0), sqlite3_column_int64(s, 1));
	sqlite3_reset(s);
}

char *history_file_path(struct history *h, int64_t file)
{
	sqlite3_stmt *s = history_sql(h, SQL_FILE_PATH);
	char *path = NULL;

	if (!s)
		return NULL;
	sqlite3_bind_int64(s, 1, file);
	if (sqlite3_step(s) == SQLITE_ROW)
		path = xstrdup(history_text(s, 0));
	sqlite3_reset(s);
	return path;
}

/* ---- outcomes of one run ----------------------------------------------------------------------- */

/* `failures` goes in step with the tests, by id. */
static void read_result(sqlite3_stmt *failures, int *code, int64_t test, struct history_result *ret)
{
	for (; *code == SQLITE_ROW && sqlite3_column_int64(failures, 0) <= test;
		*code = sqlite3_step(failures)) {
		if (sqlite3_column_int64(failures, 0) != test)
			continue;
		ret->failed = true;
		ret->worker = sqlite3_column_int(failures, 1);
		ret->position = sqlite3_column_int(failures, 2);
	}
}

int history_list_results(struct history *h, int64_t run, const int64_t *tests, size_t n,
	history_result_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_RUN_PACK),
		     *failures = history_sql(h, SQL_RUN_FAILURES);
	struct history_packed p;

	if (!s || !failures)
		return history_error(h, err, "cannot read");
	sqlite3_bind_int64(s, 1, run);
	sqlite3_bind_int64(failures, 1, run);
	int code = sqlite3_step(s), failed = sqlite3_step(failures);
	if (code == SQLITE_ROW) {
		struct history_pack pack = history_row_pack(s, 0);
		for (size_t i = 0; i < n; i++) {
			struct history_result r = {.test = i};
			if (!history_pack_find(&pack, tests[i], &p) || p.outcome > OUTCOME_FAILED)
				continue;
			read_result(failures, &failed, tests[i], &r);
			r.failed |= p.outcome == OUTCOME_FAILED;
			fn(arg, &r);
		}
	}
	sqlite3_reset(failures);
	return end(h, s, code, code == SQLITE_ROW, err);
}

/* ---- outcomes of one test ---------------------------------------------------------------------- */

/* The last failed attempt stays under the cursor of `s` until the caller resets it. */
static void read_attempts(sqlite3_stmt *s, int64_t run, int64_t test, struct history_outcome *ret)
{
	sqlite3_bind_int64(s, 1, run);
	sqlite3_bind_int64(s, 2, test);
	if (sqlite3_step(s) != SQLITE_ROW)
		return;
	int64_t failed = sqlite3_column_int64(s, 0);
	ret->flaky = ret->outcome == OUTCOME_PASSED;
	ret->attempts = (int)MIN(failed, 1000000) + ret->flaky;
	if (ret->outcome == OUTCOME_FAILED)
		ret->duration_us = sqlite3_column_int64(s, 1); /* exact */
	ret->kind = (enum failure_kind)MIN(
		MAX(sqlite3_column_int(s, 2), FAILURE_NONE), FAILURE_PROTOCOL);
	ret->fingerprint = sqlite3_column_int64(s, 3);
	ret->message = history_optional(s, 4);
	ret->worker = sqlite3_column_int(s, 5);
	ret->position = sqlite3_column_int(s, 6);
	ret->rss_kb = sqlite3_column_int64(s, 7);
}

int history_list_outcomes(struct history *h, int64_t test, const struct history_filter *filter,
	history_outcome_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LIST_OUTCOMES);
	int code, stopped = 0;

	if (!s)
		return history_error(h, err, "cannot read");
	int left = bind_filter(s, filter);
	while (!stopped && left && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_run run = read_run(s);
		struct history_pack pack = history_row_pack(s, RUN_COLUMNS);
		struct history_packed p;
		if (!history_pack_find(&pack, test, &p))
			continue;
		struct history_outcome o = {.run = &run,
			.outcome = p.outcome,
			.attempts = p.outcome == OUTCOME_SKIPPED ? 0 : 1,
			.duration_us = p.duration_us};
		sqlite3_stmt *attempts = history_sql(h, SQL_OUTCOME_FAILURES);
		if (!attempts)
			break;
		read_attempts(attempts, run.id, test, &o);
		stopped = fn(arg, &o);
		sqlite3_reset(attempts);
		left -= left > 0;
	}
	return end(h, s, code, stopped || !left, err);
}

/* One of a test's messages; their failures come by run, oldest recorded first. */
struct tally {
	int64_t id, attempts, runs, last_run, last_ms;
	int kind;
};

static int by_attempts(const void *a, const void *b)
{
	const struct tally *x = a, *y = b;

	if (x->attempts != y->attempts)
		return x->attempts > y->attempts ? -1 : 1;
	if (x->last_ms != y->last_ms)
		return x->last_ms > y->last_ms ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

struct tallies {
	struct tally *v;
	size_t n, cap;
};

static void tally(struct tallies *all, sqlite3_stmt *s)
{
	int64_t id = sqlite3_column_int64(s, 0), run = sqlite3_column_int64(s, 1);
	struct tally *t = NULL;

	for (size_t i = 0; i < all->n && !t; i++)
		if (all->v[i].id == id)
			t = &all->v[i];
	if (!t) {
		GROW(all->v, all->n + 1, all->cap);
		t = &all->v[all->n++];
		*t = (struct tally){.id = id};
	}
	t->attempts++;
	t->runs += t->last_run != run;
	t->last_run = run;
	t->last_ms = MAX(t->last_ms, sqlite3_column_int64(s, 3));
	t->kind = sqlite3_column_int(s, 2);
}

/* 1: the callback wants no more. */
static int tell_message(struct history *h, const struct tally *t, history_message_fn *fn, void *arg)
{
	sqlite3_stmt *s = history_sql(h, SQL_MESSAGE);
	int stopped = 0;

	if (!s)
		return 0;
	sqlite3_bind_int64(s, 1, t->id);
	if (sqlite3_step(s) == SQLITE_ROW)
		stopped = fn(arg, &(struct history_message){
					  .fingerprint = sqlite3_column_int64(s, 0),
					  .text = history_text(s, 1),
					  .attempts = t->attempts,
					  .runs = t->runs,
					  .last_ms = t->last_ms,
					  .kind = (enum failure_kind)MIN(
						  MAX(t->kind, FAILURE_NONE), FAILURE_PROTOCOL),
				  });
	sqlite3_reset(s);
	return stopped;
}

int history_list_messages(struct history *h, int64_t test, int64_t since_ms, int limit,
	history_message_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LIST_MESSAGES);
	struct tallies all = {0};
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	sqlite3_bind_int64(s, 1, test);
	sqlite3_bind_int64(s, 2, since_ms);
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		tally(&all, s);
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), by_attempts);
	for (size_t i = 0; i < all.n && (limit <= 0 || i < (size_t)limit); i++)
		if (tell_message(h, &all.v[i], fn, arg))
			break;
	free(all.v);
	return history_finish(h, s, code, err);
}

/* ---- for the planner --------------------------------------------------------------------------- */

struct timed {
	int64_t id;
	double us;
};

static int by_id(const void *a, const void *b)
{
	const struct timed *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

static bool list_times(struct history *h, const char *text, int64_t file_id, int64_t oldest_run,
	history_times_fn *fn, void *arg)
{
	cleanup_free struct timed *v = NULL;
	size_t n = 0, cap = 0;
	struct history_stats stats;
	int64_t id;

	while (history_stats_next(&text, &id, &stats)) {
		if (stats.last_run <= oldest_run)
			continue;
		GROW(v, n + 1, cap);
		v[n++] = (struct timed){id, stats.mean_us};
	}
	if (n)
		qsort(v, n, sizeof(*v), by_id);
	for (size_t i = 0; i < n; i++) {
		sqlite3_stmt *s = history_sql(h, SQL_TEST_BY_ID);
		if (!s)
			return false;
		sqlite3_bind_int64(s, 1, v[i].id);
		sqlite3_bind_int64(s, 2, file_id);
		if (sqlite3_step(s) == SQLITE_ROW)
			fn(arg, history_text(s, 0), sqlite3_column_int(s, 1), (int64_t)v[i].us);
		sqlite3_reset(s);
	}
	return n > 0;
}

int history_file_times(struct history *h, const char *suite, const char *project, const char *file,
	history_times_fn *fn, void *arg)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_FILE_TIMES) : NULL;
	bool found = false;

	if (!s)
		return -1;
	sqlite3_bind_text(s, 1, suite, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, project, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, file, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW) {
		const char *stats = history_text(s, 0);
		found = list_times(h, stats, sqlite3_column_int64(s, 2),
			sqlite3_column_int64(s, 1) - SEEN_IN_RUNS, fn, arg);
	}
	sqlite3_reset(s);
	return found ? 0 : -1;
}

/* `files`: of the whole run. What a merge added to an earlier one says nothing about the whole.
 * `jobs_us`: of its shards together, 0 = it had none. */
static void add_forecast_run(struct forecast *f, const unsigned char *data,
	const unsigned char *past, int64_t files, int64_t jobs_us)
{
	struct history_file_entry e;
	int64_t *predicted = NULL, *actual = NULL, seen = 0, files_us = 0;
	size_t n = 0, predicted_cap = 0, actual_cap = 0;

	for (; data && history_files_next(&data, past, &e); seen++) {
		files_us += MAX(e.duration_us, 0);
		if (e.predicted_us <= 0 || e.duration_us <= 0 || e.outcome != OUTCOME_PASSED)
			continue;
		GROW(predicted, n + 1, predicted_cap);
		GROW(actual, n + 1, actual_cap);
		predicted[n] = e.predicted_us;
		actual[n++] = e.duration_us;
	}
	if (seen >= files)
		forecast_add_pace(f, jobs_us, files_us);
	if (n && seen >= files) {
		forecast_add_run(f, predicted, actual, n);
		return;
	}
	free(predicted);
	free(actual);
}

void history_forecast(struct history *h, const char *platform, struct forecast *f)
{
	enum { STARTUPS = 200 };
	sqlite3_stmt *s = h ? history_sql(h, SQL_FORECAST_SHARDS) : NULL;

	if (!s)
		return;
	sqlite3_bind_text(s, 1, platform, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, STARTUPS);
	while (sqlite3_step(s) == SQLITE_ROW)
		forecast_add_startup(f, sqlite3_column_int64(s, 0));
	sqlite3_reset(s);
	s = history_sql(h, SQL_FORECAST_FILES);
	if (!s)
		return;
	sqlite3_bind_text(s, 1, platform, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, FORECAST_RUNS);
	while (sqlite3_step(s) == SQLITE_ROW) {
		const unsigned char *data = sqlite3_column_blob(s, 0);
		if (data)
			add_forecast_run(f, data, data + sqlite3_column_bytes(s, 0),
				sqlite3_column_int64(s, 1), sqlite3_column_int64(s, 2));
	}
	sqlite3_reset(s);
}
