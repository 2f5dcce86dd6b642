/* A search of `muster order`, and its answer in words. */
#pragma once

#include "cmd/setup.h"
#include "core/event/journal.h"
#include "core/flaky/order.h"

enum order_verdict {
	ORDER_DEPENDENT,     /* fails after others */
	ORDER_NEEDS,         /* passes only after others */
	ORDER_FAILS_ALONE,   /* fails whatever ran before */
	ORDER_FLAKY,         /* one time so, one time so */
	ORDER_NOT_DEPENDENT, /* passes alone and after all */
};

struct order {
	struct setup setup;
	struct order_target target;
	char *run_id; /* the recorded run */
	int repeat, probes;
	bool wanted_failure; /* what a smaller set must show */
	bool quiet;
	enum order_verdict verdict;
	struct strvec culprits;
	bool minimal, proven;
	struct strvec failed;    /* tests of the file in its last failure: title, occurrence, … */
	struct journal *journal; /* of the run that proves it */
	const char *proof;       /* its words */
	struct error *err;
};

/* "test/f.js › clean" */
void order_target_text(const struct order *order, struct strbuf *out);
/* "test/a.js and test/c.js" */
void order_culprits_text(const struct order *order, struct strbuf *out);
int order_print(const struct order *order, bool json, struct error *err);
