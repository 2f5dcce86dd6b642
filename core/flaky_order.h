/*
 * Behind which file a test fails: from the order in which workers ran the files of the newest runs.
 * For each file that ran earlier in the same worker, the runs behind it are held against the
 * others; the guiltiest is handed to flaky_classify(), which judges.
 */
#pragma once

#include "core/flaky.h"
#include "core/history_list.h"

struct flaky_orders;

/* Reads the order of the newest runs when it is first needed; `h` is borrowed. */
struct flaky_orders *flaky_orders_new(struct history *h);
void flaky_orders_free(struct flaky_orders *orders); /* accepts NULL */

/* Fills ret->suspects with 0 when there is nothing to go by. *ret_file is the suspect (NULL =
 * none), valid as long as `orders`. */
int flaky_orders_read(struct flaky_orders *orders, const struct history_test *test,
	const struct history_filter *filter, struct flaky_order *ret, const char **ret_file,
	struct error *err);
