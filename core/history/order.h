/* What `muster order` found out about tests, kept until it finds something else. */
#pragma once

#include "core/base/strvec.h"
#include "core/history/history.h"

struct history_order {
	const char *suite, *project, *file;
	const char *test; /* encoded title path */
	int occurrence;
	const char *culprits; /* files, a line each: behind them it fails */
	bool needed;          /* … or without them */
	int64_t found_ms;     /* unix */
	const char *run;      /* that shows it */
};

/* The newest finding about a test stands. A test that was never recorded is left out. */
int history_order_put(struct history *h, const struct history_order *order, struct error *err);
/* The tests of a file, or one of them (`test` may be NULL), passed behind all of these files: what
 * was found about fewer of them is over. */
int history_order_refute(struct history *h, const struct history_order *target,
	const struct strvec *behind, struct error *err);
