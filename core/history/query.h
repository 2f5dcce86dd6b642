/*
 * SQL of a user on the history: reads only, cannot reach other files, and ends. Rows stream.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/history/history.h"

enum history_value_kind { HISTORY_NULL, HISTORY_INTEGER, HISTORY_REAL, HISTORY_TEXT, HISTORY_BLOB };

struct history_value {
	enum history_value_kind kind;
	int64_t integer;
	double real;
	const char *text; /* HISTORY_TEXT and HISTORY_BLOB; bytes */
	size_t len;
};

/* Called with `values` NULL first, then once a row; anything but 0 ends the query without an error.
 * `names` are the column names. */
typedef int history_row_fn(
	void *arg, size_t columns, const char *const *names, const struct history_value *values);

/* One statement. Refused: everything that writes, other databases, extensions. Bounded: time
 * (`limit_ms` of CPU, 0 = none), size of a value. Errors of the user have the code of usage. */
int history_query(struct history *h, const char *sql, int64_t limit_ms, history_row_fn *fn,
	void *arg, struct error *err);
