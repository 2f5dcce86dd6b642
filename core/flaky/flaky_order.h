/*
 * What the files of the newest runs say about tests that fail: behind which file in the same worker
 * one fails, and whether it is still there.
 *
 * Order: for each file that ran earlier in the same worker, the runs behind it are held against the
 * others; the guiltiest is handed to flaky_classify(), which judges.
 */
#pragma once

#include "core/flaky/flaky.h"
#include "core/history/list.h"

struct flaky_orders;

/* Reads the newest runs of the filter, and how these tests (row ids) did in them. `h` is
 * borrowed. NULL: error. */
struct flaky_orders *flaky_orders_read(struct history *h, const struct history_filter *filter,
	const int64_t *tests, size_t n, struct error *err);
void flaky_orders_free(struct flaky_orders *orders); /* accepts NULL */

/* Whether a test with these statistics failed often enough for its order to say something. */
bool flaky_orders_wants(const struct history_stats *stats);
/* ret->suspects is 0 when there is nothing to go by. Returns the suspect's row id, 0 = none.
 * `test` is one of those that were read. */
int64_t flaky_order_of(struct flaky_orders *orders, int64_t test, struct flaky_order *ret);

/*
 * The test was deleted or renamed: three times since it was seen last its file passed without it,
 * or whole runs of its suite came without the file; or nobody has seen it for 30 days. Only runs of
 * the default branch count, or of the branch that the filter names. A run of a suite is whole with
 * nine of ten of its files.
 */
bool flaky_orders_gone(
	struct flaky_orders *orders, int64_t test, const struct history_stats *stats);
