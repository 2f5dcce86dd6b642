#include "core/base/base.h"

#include "core/history/rows.h"

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

void history_row_faults(sqlite3_stmt *s, struct history_stats *ret)
{
	const int c = 1;

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
	ret->main_failed = (uint64_t)sqlite3_column_int64(s, c + 19);
}

int history_put_faults(
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
	sqlite3_bind_int64(s, 21, (int64_t)x->main_failed);
	return history_write(h, s, err);
}

/* ---- the text of a file ------------------------------------------------------------------------ */

enum { STATS_NUMBERS = 12, NUMBER_BYTES = 24 };
static const double weight_unit = 1e6;

/* Digits of one number; much quicker than printf, and there are millions. */
static char *put_number(char *at, int64_t value)
{
	char digits[NUMBER_BYTES];
	uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	size_t n = 0;

	do
		digits[n++] = (char)('0' + left % 10);
	while (left /= 10);
	if (value < 0)
		*at++ = '-';
	while (n)
		*at++ = digits[--n];
	return at;
}

void history_stats_write(struct strbuf *out, int64_t id, const struct history_stats *x)
{
	const int64_t v[STATS_NUMBERS] = {id, x->runs, (int64_t)(x->w_runs * weight_unit + 0.5),
		x->first_ms, x->last_ms, x->last_run, (int64_t)x->recent, x->recent_count,
		(int64_t)(x->mean_us + 0.5), x->max_us, x->last_outcome, x->main_count};
	char buf[STATS_NUMBERS * NUMBER_BYTES], *at = buf;

	for (size_t i = 0; i < STATS_NUMBERS; i++) {
		*at++ = i ? ',' : '[';
		at = put_number(at, v[i]);
	}
	*at++ = ']';
	strbuf_add(out, buf, (size_t)(at - buf));
}

static bool get_number(const char **text, int64_t *ret)
{
	const char *s = *text;
	bool negative = *s == '-';
	uint64_t value = 0;

	s += negative;
	if (*s < '0' || *s > '9')
		return false;
	while (*s >= '0' && *s <= '9')
		value = value * 10 + (uint64_t)(*s++ - '0');
	*ret = (int64_t)(negative ? 0 - value : value);
	*text = s;
	return true;
}

static const char *first_number(const char *text)
{
	return text + strspn(text, "[,");
}

bool history_stats_id(const char *text, int64_t *ret_id)
{
	text = first_number(text);
	return get_number(&text, ret_id);
}

void history_stats_skip(const char **text)
{
	const char *end = strchr(*text, ']');

	*text = end ? end + 1 : "";
}

bool history_stats_next(const char **text, int64_t *ret_id, struct history_stats *ret)
{
	int64_t v[STATS_NUMBERS];
	const char *s = first_number(*text);

	for (size_t i = 0; i < STATS_NUMBERS; i++) {
		if (!get_number(&s, &v[i]))
			return false;
		if (i + 2 == STATS_NUMBERS && *s == ']') { /* version 2 had one less */
			v[i + 1] = 0;
			i++;
		}
		if (*s != (i + 1 < STATS_NUMBERS ? ',' : ']'))
			return false;
		s++;
	}
	*text = s;
	*ret_id = v[0];
	*ret = (struct history_stats){
		.runs = MAX(v[1], 0),
		.w_runs = (double)MAX(v[2], 0) / weight_unit,
		.first_ms = MAX(v[3], 0),
		.last_ms = MAX(v[4], 0),
		.last_run = MAX(v[5], 0),
		.recent = (uint64_t)v[6],
		.recent_count = (int)MIN(MAX(v[7], 0), HISTORY_RECENT),
		.mean_us = (double)MAX(v[8], 0),
		.max_us = MAX(v[9], 0),
		.last_outcome = (enum outcome)MIN(MAX(v[10], 0), OUTCOME_FAILED),
		.main_count = (int)MIN(MAX(v[11], 0), HISTORY_RECENT),
	};
	return true;
}

int history_put_stats(struct history *h, int64_t file_id, const char *digest,
	const struct strbuf *text, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_PUT_STATS);

	if (!s)
		return history_error(h, err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	sqlite3_bind_text(s, 2, digest, -1, SQLITE_STATIC);
	sqlite3_bind_text64(s, 3, text->buf, text->len, SQLITE_STATIC, SQLITE_UTF8);
	return history_write(h, s, err);
}
