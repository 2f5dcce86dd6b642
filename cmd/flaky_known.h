/* What the history knew of flaky tests before this run, for reporters. Read when first asked. */
#pragma once

#include "core/base/strmap.h"
#include "core/history/history.h"
#include "core/state/state.h"

struct flaky_known {
	struct history *const *history; /* borrowed place; *history NULL = none */
	struct strmap texts;            /* of tests with a class */
	bool read;
};

void flaky_known_init(struct flaky_known *known, struct history *const *history);
void flaky_known_release(struct flaky_known *known);
/* Append "flaky_retry, 24 % (15-37 %) of 40 runs"; nothing when nothing is known. */
void flaky_known_describe(void *known, const struct state_test *test, struct strbuf *out);
