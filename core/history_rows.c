#include "core/base/base.h"

#include "core/history_rows.h"

#include <math.h>

struct history_pack history_row_pack(sqlite3_stmt *s, int c)
{
	return (struct history_pack){
		.shape = sqlite3_column_int(s, c) ? HISTORY_PACK_SPARSE : HISTORY_PACK_DENSE,
		.first = MAX(sqlite3_column_int64(s, c + 1), 0),
		.data = sqlite3_column_blob(s, c + 2),
		.len = (size_t)sqlite3_column_bytes(s, c + 2),
	};
}

static double real(sqlite3_stmt *s, int column)
{
	double value = sqlite3_column_double(s, column);

	return isfinite(value) && value > 0 ? value : 0;
}

static int64_t count(sqlite3_stmt *s, int column)
{
	return MAX(sqlite3_column_int64(s, column), 0);
}

static void read_faults(sqlite3_stmt *s, int c, struct history_stats *ret)
{
	ret->faulty = true;
	ret->failures = count(s, c);
	ret->w_failures = real(s, c + 1);
	ret->flaky = count(s, c + 2);
	ret->w_flaky = real(s, c + 3);
	ret->same_commit = count(s, c + 4);
	ret->flips = count(s, c + 5);
	ret->streak = count(s, c + 6);
	ret->streak_default = sqlite3_column_int(s, c + 7) != 0;
	ret->timeouts = count(s, c + 8);
	ret->attempts = count(s, c + 9);
	ret->cost_us = count(s, c + 10);
	ret->recent_flaky = (uint64_t)sqlite3_column_int64(s, c + 11);
	ret->first_fail_run = count(s, c + 12);
	ret->first_fail_ms = count(s, c + 13);
	ret->first_fail_commit = count(s, c + 14);
	ret->last_fail_run = count(s, c + 15);
	ret->last_fail_ms = count(s, c + 16);
	ret->last_fail_commit = count(s, c + 17);
	ret->last_message = count(s, c + 18);
}

void history_row_stats(sqlite3_stmt *s, int c, struct history_stats *ret)
{
	*ret = (struct history_stats){
		.runs = count(s, c),
		.w_runs = real(s, c + 1),
		.first_ms = count(s, c + 2),
		.last_ms = count(s, c + 3),
		.last_run = count(s, c + 4),
		.recent = (uint64_t)sqlite3_column_int64(s, c + 5),
		.recent_count = (int)MIN(count(s, c + 6), HISTORY_RECENT),
		.mean_us = real(s, c + 7),
		.max_us = count(s, c + 8),
		.last_outcome = (enum outcome)MIN(count(s, c + 9), OUTCOME_FAILED),
	};
	if (sqlite3_column_type(s, c + 10) != SQLITE_NULL)
		read_faults(s, c + 11, ret);
}

static int done(struct history *h, sqlite3_stmt *s, struct error *err)
{
	int code = sqlite3_step(s);

	sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : history_error(h, err, "cannot write");
}

static int put_faults(
	struct history *h, int64_t test_id, const struct history_stats *x, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_PUT_FAULTS);

	if (!s)
		return history_error(h, err, "cannot write");
	sqlite3_bind_int64(s, 1, test_id);
	sqlite3_bind_int64(s, 2, x->failures);
	sqlite3_bind_double(s, 3, x->w_failures);
	sqlite3_bind_int64(s, 4, x->flaky);
	sqlite3_bind_double(s, 5, x->w_flaky);
	sqlite3_bind_int64(s, 6, x->same_commit);
	sqlite3_bind_int64(s, 7, x->flips);
	sqlite3_bind_int64(s, 8, x->streak);
	sqlite3_bind_int(s, 9, x->streak_default);
	sqlite3_bind_int64(s, 10, x->timeouts);
	sqlite3_bind_int64(s, 11, x->attempts);
	sqlite3_bind_int64(s, 12, x->cost_us);
	sqlite3_bind_int64(s, 13, (int64_t)x->recent_flaky);
	sqlite3_bind_int64(s, 14, x->first_fail_run);
	sqlite3_bind_int64(s, 15, x->first_fail_ms);
	sqlite3_bind_int64(s, 16, x->first_fail_commit);
	sqlite3_bind_int64(s, 17, x->last_fail_run);
	sqlite3_bind_int64(s, 18, x->last_fail_ms);
	sqlite3_bind_int64(s, 19, x->last_fail_commit);
	sqlite3_bind_int64(s, 20, x->last_message);
	return done(h, s, err);
}

int history_put_stats(
	struct history *h, int64_t test_id, const struct history_stats *x, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_PUT_STATS);

	if (!s)
		return history_error(h, err, "cannot write");
	sqlite3_bind_int64(s, 1, test_id);
	sqlite3_bind_int64(s, 2, x->runs);
	sqlite3_bind_double(s, 3, x->w_runs);
	sqlite3_bind_int64(s, 4, x->first_ms);
	sqlite3_bind_int64(s, 5, x->last_ms);
	sqlite3_bind_int64(s, 6, x->last_run);
	sqlite3_bind_int64(s, 7, (int64_t)x->recent);
	sqlite3_bind_int(s, 8, x->recent_count);
	sqlite3_bind_double(s, 9, x->mean_us);
	sqlite3_bind_int64(s, 10, x->max_us);
	sqlite3_bind_int(s, 11, x->last_outcome);
	if (done(h, s, err) < 0)
		return -1;
	return x->faulty ? put_faults(h, test_id, x, err) : 0;
}
