/* The tables of the history and the statements on them. Only core/history includes this. */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/history/history.h"

#include <sqlite3.h>

enum { HISTORY_SCHEMA_VERSION = 4, HISTORY_APPLICATION_ID = 0x6d737472 /* "mstr" */ };

enum history_sql {
	SQL_PLATFORM_ID,
	SQL_SUITE_ID,
	SQL_COMMIT_ID,
	SQL_BRANCH_ID,
	SQL_FILE_ID,
	SQL_TEST_ID,
	SQL_ADD_TEST,
	SQL_MESSAGE_ID,
	SQL_HAS_RUN,
	SQL_ADD_RUN,
	SQL_ADD_PACK,
	SQL_ADD_RUN_FILES,
	SQL_ADD_SHARD,
	SQL_HAS_PART,
	SQL_ADD_PART,
	SQL_RUN_PARTS,
	SQL_GET_FILE,
	SQL_PUT_FILE,
	SQL_GET_SUITE,
	SQL_PUT_SUITE,
	SQL_GET_FLAGS,
	SQL_GET_TRIALS,
	SQL_PUT_TRIAL,
	SQL_FILE_TESTS,
	SQL_GET_STATS,
	SQL_ALL_STATS,
	SQL_GET_FAULTS,
	SQL_FAULTY,
	SQL_TEST_FAULTS,
	SQL_TEST_FILES,
	SQL_TEST_BY_ID,
	SQL_PUT_STATS,
	SQL_PUT_FAULTS,
	SQL_ADD_FAILURE,
	SQL_COMMIT_PACKS,
	SQL_CLEAR_LEFT,
	SQL_CLEAR_LEFT_FILE,
	SQL_SETTLE_LEFT,
	SQL_FORGET_LEFT,
	SQL_HAS_LEFT,
	SQL_ADD_LEFT,
	SQL_LEFT,
	SQL_COUNT_RUNS,
	SQL_COUNT_ALL_RUNS,
	SQL_LAST_RUN,
	SQL_RUNS_BEHIND,
	SQL_COMMIT_PACKS_UP_TO,
	SQL_MEDIAN_ALL,
	SQL_MEDIAN_SUITE,
	SQL_LAST_PASSED,
	SQL_KNOWN_TESTS,
	SQL_KNOWS_TEST,
	SQL_LIST_RUNS,
	SQL_LIST_RUN_FILES,
	SQL_LIST_MESSAGES,
	SQL_MESSAGE,
	SQL_LIST_OUTCOMES,
	SQL_OUTCOME_FAILURES,
	SQL_REPLAY_RUNS,
	SQL_REPLAY_FAILURES,
	SQL_ORDERED_TESTS,
	SQL_ORDER_TESTS,
	SQL_PUT_ORDER,
	SQL_DROP_ORDER,
	SQL_FILE_PATH,
	SQL_FILE_OF_TEST,
	SQL_SUITE_OF_FILE,
	SQL_FILE_SUITES,
	SQL_RUN_PACK,
	SQL_RUN_FAILURES,
	SQL_FILE_NAMES,
	SQL_TESTS_OF_FILE,
	SQL_TESTS_BY_TITLE,
	SQL_TEST_ROW,
	SQL_MAX_TEST,
	SQL_FORECAST_SHARDS,
	SQL_FORECAST_FILES,
	SQL_FILE_TIMES,
	SQL_COUNT
};

struct history {
	sqlite3 *db;
	char *path;
	bool trust_commit; /* of the next run */
	bool may_map;
	bool broken; /* it cannot be what it should */
	sqlite3_stmt *statements[SQL_COUNT];
};

/* The prepared statement, reset and with no bindings. NULL when it does not compile (broken file). */
sqlite3_stmt *history_sql(struct history *h, enum history_sql which);
int history_error(struct history *h, struct error *err, const char *what);
int history_exec(struct history *h, const char *sql, const char *what, struct error *err);
/* The one number that `sql` asks for; -1 when there is none. */
int64_t history_number(struct history *h, const char *sql);
/* Column `i` as text; "" for NULL. Lives until the next step. */
const char *history_text(sqlite3_stmt *s, int column);
const char *history_optional(sqlite3_stmt *s, int column); /* NULL for "" and NULL */
/* Reset; -1 with an error unless `code` says that the statement is at its end. */
int history_finish(struct history *h, sqlite3_stmt *s, int code, struct error *err);
/* Run a statement that writes, and reset it. NULL = it could not be prepared, an error. */
int history_write(struct history *h, sqlite3_stmt *s, struct error *err);
/* Around reading from end to end. */
void history_scan(struct history *h, bool scan);
/* The SQL functions that the views use. */
int history_functions(struct history *h, struct error *err);
/* Bring the tables to this version; a newer file is refused. *ret_foreign: it is a database, but
 * not ours. */
int history_migrate(struct history *h, bool *ret_foreign, struct error *err);
