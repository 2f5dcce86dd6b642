/*
 * Running statistics as they are stored. Only core/history includes this.
 *
 * What every test has is one text a file (table file_tests): a JSON array with an array of numbers a
 * test, so that a run of 10,000 tests rewrites 200 rows, not 10,000, and SQL can read it
 * all the same (view test_stats). What only tests that ever failed have is a row of test_faults.
 */
#pragma once

#include "core/history/pack.h"
#include "core/history/schema.h"
#include "core/history/stats.h"

/* Columns of test_faults in the order of history_row_faults(). */
#define HISTORY_FAULT_COLUMNS                                                              \
	"y.test_id, y.failures, y.w_failures, y.flaky, y.w_flaky, y.same_commit, y.flips," \
	" y.streak, y.streak_default, y.timeouts, y.attempts, y.cost_us, y.recent_flaky,"  \
	" y.first_fail_run, y.first_fail_ms, y.first_fail_commit, y.last_fail_run,"        \
	" y.last_fail_ms, y.last_fail_commit, y.last_message, y.main_failed"

/* Columns shape, first_test, pack from `first` on. Borrows the row's bytes. */
struct history_pack history_row_pack(sqlite3_stmt *s, int first);

/* Append "[id,…]" for one test. */
void history_stats_write(struct strbuf *out, int64_t id, const struct history_stats *stats);
/* The id of the next test, which is not taken yet; false at the end. */
bool history_stats_id(const char *text, int64_t *ret_id);
/* Leave out the next test. */
void history_stats_skip(const char **text);
/* Next test of such a text; false at its end, or where it is damaged. Faults are left as 0. */
bool history_stats_next(const char **text, int64_t *ret_id, struct history_stats *ret);
/* `text` is the array of all tests of the file; `digest` names their titles in its order. */
int history_put_stats(struct history *h, int64_t file_id, const char *digest,
	const struct strbuf *text, struct error *err);

/* Adds the faults of a row (columns HISTORY_FAULT_COLUMNS from 0). */
void history_row_faults(sqlite3_stmt *s, struct history_stats *ret);
int history_put_faults(
	struct history *h, int64_t test_id, const struct history_stats *stats, struct error *err);
