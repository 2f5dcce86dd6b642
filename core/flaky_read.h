/* What the history holds of a test, as evidence for core/flaky.h. */
#pragma once

#include "core/flaky.h"
#include "core/history_list.h"

/* Of a test that history_list_tests() told, asked for with the same filter (since_ms, branch).
 * Reads the last runs of a test whose trouble its counts do not settle. */
int flaky_read(struct history *h, const struct history_test *test,
	const struct history_filter *filter, struct flaky_evidence *ret, struct error *err);
