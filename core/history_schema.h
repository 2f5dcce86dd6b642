/* The tables of the history and the statements on them. Only history*.c include this. */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/history.h"

#include <sqlite3.h>

enum { HISTORY_SCHEMA_VERSION = 1 };

enum history_sql {
	SQL_PLATFORM_ID,
	SQL_SUITE_ID,
	SQL_FILE_ID,
	SQL_TEST_ID,
	SQL_HAS_RUN,
	SQL_ADD_RUN,
	SQL_GET_FILE,
	SQL_PUT_FILE,
	SQL_GET_SUITE,
	SQL_PUT_SUITE,
	SQL_GET_WALLS,
	SQL_PUT_WALL,
	SQL_GET_TEST,
	SQL_PUT_TEST,
	SQL_ADD_FAILURE,
	SQL_CLEAR_LEFT,
	SQL_ADD_LEFT,
	SQL_LEFT,
	SQL_COUNT_RUNS,
	SQL_MEDIAN_ALL,
	SQL_MEDIAN_SUITE,
	SQL_LAST_PASSED,
	SQL_LIST_RUNS,
	SQL_LIST_TESTS,
	SQL_FILE_TIMES,
	SQL_PRUNE_RUNS,
	SQL_PRUNE_FAILURES,
	SQL_COUNT
};

struct history {
	sqlite3 *db;
	char *path;
	sqlite3_stmt *statements[SQL_COUNT];
};

/* The prepared statement, reset and with no bindings. NULL when it does not compile (broken file). */
sqlite3_stmt *history_sql(struct history *h, enum history_sql which);
int history_error(struct history *h, struct error *err, const char *what);
/* Bring the tables to this version; a newer file is refused. */
int history_migrate(struct history *h, struct error *err);
