#include "core/base/base.h"

#include "core/history_list.h"
#include "core/history_schema.h"

static const char *text(sqlite3_stmt *s, int column)
{
	const char *value = (const char *)sqlite3_column_text(s, column);

	return value ? value : "";
}

static int finish(struct history *h, sqlite3_stmt *s, int code, struct error *err)
{
	int result = code == SQLITE_DONE ? 0 : history_error(h, err, "cannot read");

	sqlite3_reset(s);
	return result;
}

int history_list_runs(
	struct history *h, int limit, history_run_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LIST_RUNS);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	sqlite3_bind_int(s, 1, limit);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		const char *commit = text(s, 4), *branch = text(s, 5);
		fn(arg, &(struct history_run){
				.run_id = text(s, 0),
				.started_ms = sqlite3_column_int64(s, 1),
				.duration_ms = sqlite3_column_int64(s, 2),
				.platform = text(s, 3),
				.commit = *commit ? commit : NULL,
				.branch = *branch ? branch : NULL,
				.verdict = text(s, 6),
				.exit_code = sqlite3_column_int(s, 7),
				.workers = sqlite3_column_int(s, 8),
				.files = sqlite3_column_int64(s, 9),
				.tests = sqlite3_column_int64(s, 10),
				.failed = sqlite3_column_int64(s, 11),
				.skipped = sqlite3_column_int64(s, 12),
				.flaky = sqlite3_column_int64(s, 13),
			});
	}
	return finish(h, s, code, err);
}

int history_list_tests(struct history *h, const char *part, int limit, history_test_fn *fn,
	void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LIST_TESTS);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	sqlite3_bind_text(s, 1, part, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 2, limit);
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		fn(arg, &(struct history_test){
				.suite = text(s, 0),
				.file = text(s, 1),
				.test = text(s, 2),
				.occurrence = sqlite3_column_int(s, 3),
				.runs = sqlite3_column_int64(s, 4),
				.failures = sqlite3_column_int64(s, 5),
				.flaky = sqlite3_column_int64(s, 6),
				.flips = sqlite3_column_int64(s, 7),
				.recent = (uint64_t)sqlite3_column_int64(s, 8),
				.mean_us = sqlite3_column_double(s, 9),
				.max_us = sqlite3_column_int64(s, 10),
			});
	return finish(h, s, code, err);
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
	while (sqlite3_step(s) == SQLITE_ROW) {
		found = true;
		fn(arg, text(s, 0), sqlite3_column_int(s, 1), sqlite3_column_int64(s, 2));
	}
	sqlite3_reset(s);
	return found ? 0 : -1;
}
