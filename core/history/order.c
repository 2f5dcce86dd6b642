#include "core/base/base.h"

#include "core/history/order.h"
#include "core/history/schema.h"

static sqlite3_stmt *select_tests(struct history *h, const struct history_order *o)
{
	sqlite3_stmt *s = history_sql(h, SQL_ORDER_TESTS);

	if (!s)
		return NULL;
	sqlite3_bind_text(s, 1, o->suite, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, o->project, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, o->file, -1, SQLITE_STATIC);
	if (o->test)
		sqlite3_bind_text(s, 4, o->test, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 5, o->occurrence);
	return s;
}

int history_order_put(struct history *h, const struct history_order *o, struct error *err)
{
	sqlite3_stmt *tests = select_tests(h, o), *s = history_sql(h, SQL_PUT_ORDER);

	if (!tests || !s)
		return history_error(h, err, "cannot write");
	int64_t id = sqlite3_step(tests) == SQLITE_ROW ? sqlite3_column_int64(tests, 0) : 0;
	sqlite3_reset(tests);
	if (!id)
		return 0;
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_text(s, 2, o->culprits, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 3, o->needed);
	sqlite3_bind_int64(s, 4, o->found_ms);
	sqlite3_bind_text(s, 5, o->run, -1, SQLITE_STATIC);
	return history_write(h, s, err);
}

static bool has_all(const struct strvec *behind, const char *culprits)
{
	cleanup_strvec struct strvec files = STRVEC_INIT;

	strvec_split(&files, culprits, '\n');
	for (size_t i = 0; i < files.n; i++)
		if (!strvec_has(behind, files.v[i]))
			return false;
	return true;
}

int history_order_refute(struct history *h, const struct history_order *o,
	const struct strvec *behind, struct error *err)
{
	sqlite3_stmt *tests = select_tests(h, o);
	int code, result = 0;

	if (!tests)
		return history_error(h, err, "cannot write");
	while (result == 0 && (code = sqlite3_step(tests)) == SQLITE_ROW) {
		if (!sqlite3_column_bytes(tests, 1) || !has_all(behind, history_text(tests, 1)))
			continue;
		sqlite3_stmt *s = history_sql(h, SQL_DROP_ORDER);
		if (!s)
			break;
		sqlite3_bind_int64(s, 1, sqlite3_column_int64(tests, 0));
		result = history_write(h, s, err);
	}
	if (result == 0)
		return history_finish(h, tests, code, err);
	sqlite3_reset(tests);
	return -1;
}
