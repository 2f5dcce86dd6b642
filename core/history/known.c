#include "core/base/base.h"

#include "core/history/schema.h"

int64_t history_known_tests(struct history *h, const char *suite)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_KNOWN_TESTS) : NULL;
	int64_t n = 0;

	if (!s)
		return 0;
	sqlite3_bind_text(s, 1, suite, -1, SQLITE_STATIC);
	if (sqlite3_step(s) == SQLITE_ROW)
		n = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	return n;
}

bool history_knows_test(struct history *h, const char *suite, const char *project, const char *file,
	const char *test, int occurrence)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_KNOWS_TEST) : NULL;

	if (!s)
		return false;
	sqlite3_bind_text(s, 1, suite, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, project, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, file, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 4, test, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 5, occurrence);
	bool known = sqlite3_step(s) == SQLITE_ROW;
	sqlite3_reset(s);
	return known;
}
