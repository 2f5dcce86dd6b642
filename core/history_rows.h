/* Rows of test_stats and test_faults <-> struct history_stats. Only history*.c include this. */
#pragma once

#include "core/history_pack.h"
#include "core/history_schema.h"
#include "core/history_stats.h"

/* In the order of history_row_stats(); `x` is test_stats, `y` is test_faults (left joined). */
#define HISTORY_STATS_COLUMNS                                                            \
	"x.runs, x.w_runs, x.first_ms, x.last_ms, x.last_run, x.recent, x.recent_count," \
	" x.mean_us, x.max_us, x.last_outcome, y.test_id, y.failures, y.w_failures,"     \
	" y.flaky, y.w_flaky, y.same_commit, y.flips, y.streak, y.streak_default,"       \
	" y.timeouts, y.attempts, y.cost_us, y.recent_flaky, y.first_fail_run,"          \
	" y.first_fail_ms, y.first_fail_commit, y.last_fail_run, y.last_fail_ms,"        \
	" y.last_fail_commit, y.last_message"

enum { HISTORY_STATS_COLUMN_COUNT = 30 };

/* Columns shape, first_test, pack from `first` on. Borrows the row's bytes. */
struct history_pack history_row_pack(sqlite3_stmt *s, int first);
/* Reads the columns from `first` on; what a damaged file says stays in range. */
void history_row_stats(sqlite3_stmt *s, int first, struct history_stats *ret);
int history_put_stats(
	struct history *h, int64_t test_id, const struct history_stats *stats, struct error *err);
