#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/history/query.h"
#include "core/history/schema.h"

enum { COLUMNS_MAX = 1000, STEPS = 10000, VALUE_BYTES_MAX = 64 * 1024 * 1024 };

struct watch {
	int64_t deadline_us; /* 0 = none */
	bool over;
};

static int out_of_time(void *arg)
{
	struct watch *w = arg;

	w->over = w->deadline_us && clock_mono_us() > w->deadline_us;
	return w->over;
}

/* Reading is allowed, and nothing else: no ATTACH, no PRAGMA that sets something, no way to load
 * code or to write a file. */
static int authorize(void *arg, int action, const char *first, const char *second, const char *db,
	const char *view)
{
	static const char *const functions[] = {"load_extension", "fts3_tokenizer", "writefile",
		"readfile", "edit", "zeroblob", "randomblob"};
	static const char *const pragmas[] = {"table_info", "table_xinfo", "table_list",
		"index_list", "index_info", "user_version"};

	(void)arg, (void)db, (void)view;
	switch (action) {
	case SQLITE_SELECT:
	case SQLITE_READ:
	case SQLITE_RECURSIVE:
		return SQLITE_OK;
	case SQLITE_FUNCTION:
		for (size_t i = 0; i < ARRAY_LEN(functions); i++)
			if (second && sqlite3_stricmp(second, functions[i]) == 0)
				return SQLITE_DENY;
		return SQLITE_OK;
	case SQLITE_PRAGMA:
		for (size_t i = 0; i < ARRAY_LEN(pragmas); i++)
			if (sqlite3_stricmp(first, pragmas[i]) == 0 &&
				(!second || !streq(pragmas[i], "user_version")))
				return SQLITE_OK;
		return SQLITE_DENY;
	default:
		return SQLITE_DENY;
	}
}

static void read_value(sqlite3_stmt *s, int column, struct history_value *ret)
{
	*ret = (struct history_value){.kind = HISTORY_NULL};
	switch (sqlite3_column_type(s, column)) {
	case SQLITE_INTEGER:
		ret->kind = HISTORY_INTEGER;
		ret->integer = sqlite3_column_int64(s, column);
		break;
	case SQLITE_FLOAT:
		ret->kind = HISTORY_REAL;
		ret->real = sqlite3_column_double(s, column);
		break;
	case SQLITE_TEXT:
	case SQLITE_BLOB:
		ret->kind =
			sqlite3_column_type(s, column) == SQLITE_TEXT ? HISTORY_TEXT : HISTORY_BLOB;
		ret->text = sqlite3_column_blob(s, column);
		ret->len = (size_t)sqlite3_column_bytes(s, column);
		if (!ret->text)
			ret->text = "";
		break;
	default:
		break;
	}
}

static int fail(struct history *h, const struct watch *w, struct error *err)
{
	if (w->over) {
		error_set(err, EXIT_CODE_USAGE, "the query took too long");
		return error_help(err, "ask for less, or give it more time: --timeout 10m");
	}
	if (sqlite3_errcode(h->db) == SQLITE_AUTH) {
		error_set(err, EXIT_CODE_USAGE, "the history is only read: %s",
			sqlite3_errmsg(h->db));
		return error_help(err, "SELECT from v_runs, v_files, v_tests, v_attempts, v_flaky, "
				       "v_slow");
	}
	error_set(err, EXIT_CODE_USAGE, "cannot query: %s", sqlite3_errmsg(h->db));
	return error_help(err, "the views: v_runs, v_files, v_tests, v_attempts, v_flaky, v_slow");
}

static int only_space(const char *sql)
{
	return !sql[strspn(sql, " \t\r\n;")];
}

static int prepare(
	struct history *h, const char *sql, sqlite3_stmt **s, struct watch *w, struct error *err)
{
	const char *tail = "";

	if (only_space(sql))
		return error_set(err, EXIT_CODE_USAGE, "the query is empty");
	if (sqlite3_prepare_v2(h->db, sql, -1, s, &tail) != SQLITE_OK)
		return fail(h, w, err);
	if (!*s || !sqlite3_stmt_readonly(*s) || !only_space(tail))
		return error_set(err, EXIT_CODE_USAGE, "one SELECT at a time");
	if (sqlite3_column_count(*s) > COLUMNS_MAX)
		return error_set(err, EXIT_CODE_USAGE, "too many columns");
	return 0;
}

static int step_all(struct history *h, sqlite3_stmt *s, struct watch *w, history_row_fn *fn,
	void *arg, struct error *err)
{
	size_t n = (size_t)sqlite3_column_count(s);
	cleanup_free const char **names = xcalloc(n + 1, sizeof(*names));
	cleanup_free struct history_value *values = xcalloc(n + 1, sizeof(*values));
	int code = SQLITE_DONE;

	for (size_t i = 0; i < n; i++) {
		const char *name = sqlite3_column_name(s, (int)i);
		names[i] = name ? name : "";
	}
	int stopped = fn(arg, n, names, NULL);
	while (!stopped && (code = sqlite3_step(s)) == SQLITE_ROW) {
		for (size_t i = 0; i < n; i++)
			read_value(s, (int)i, &values[i]);
		stopped = fn(arg, n, names, values);
	}
	return stopped || code == SQLITE_DONE ? 0 : fail(h, w, err);
}

int history_query(struct history *h, const char *sql, int64_t limit_ms, history_row_fn *fn,
	void *arg, struct error *err)
{
	struct watch watch = {.deadline_us = limit_ms ? clock_mono_us() + limit_ms * 1000 : 0};
	sqlite3_stmt *s = NULL;

	sqlite3_exec(h->db, "PRAGMA query_only = ON", NULL, NULL, NULL);
	sqlite3_limit(h->db, SQLITE_LIMIT_LENGTH, VALUE_BYTES_MAX);
	sqlite3_limit(h->db, SQLITE_LIMIT_ATTACHED, 0);
	sqlite3_set_authorizer(h->db, authorize, NULL);
	sqlite3_progress_handler(h->db, STEPS, out_of_time, &watch);
	int result = prepare(h, sql, &s, &watch, err);
	if (result == 0)
		result = step_all(h, s, &watch, fn, arg, err);
	sqlite3_finalize(s);
	sqlite3_progress_handler(h->db, 0, NULL, NULL);
	sqlite3_set_authorizer(h->db, NULL, NULL);
	return result;
}
