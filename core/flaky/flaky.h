/*
 * What a test's record says about it: the class of its trouble, and how often it fails, with how
 * much certainty. Pure arithmetic; who collected the evidence does not matter. Formulas and their
 * sources: docs/design/flaky.md.
 */
#pragma once

#include "core/base/base.h"

/* In order of precedence: the first that holds is the class. Only FLAKY_BROKEN and FLAKY_NONE are
 * not flaky: a broken test fails for a reason, and every time. */
enum flaky_class {
	FLAKY_NONE,
	FLAKY_BROKEN,        /* fails run after run, also on the default branch */
	FLAKY_ORDER,         /* fails behind a certain other test or file in the same worker */
	FLAKY_TIMEOUT,       /* flaky, and most of its failures are time limits */
	FLAKY_RETRY,         /* failed, then passed, in one run */
	FLAKY_SAME_COMMIT,   /* passed in one run and failed in another of the same commit */
	FLAKY_TRANSITIONING, /* comes and goes from commit to commit more often than code breaks */
	FLAKY_CLASS_COUNT
};

/* "none" "broken" "order_dependent" "timeout_flaky" "flaky_retry" … */
const char *flaky_class_name(enum flaky_class class);
/* FLAKY_CLASS_COUNT when there is no such class. */
enum flaky_class flaky_class_parse(const char *name);
bool flaky_class_is_flaky(enum flaky_class class);

enum {
	FLAKY_HALF_LIFE_DAYS = 14, /* a run that old counts half */
	FLAKY_BROKEN_STREAK = 3,   /* failed runs in a row, at least */
};

/* The suspected predecessor: runs behind it and others, and how many of them failed. */
struct flaky_order {
	int64_t behind, behind_failed;
	int64_t other, other_failed;
	int64_t suspects; /* that were looked at to find this one, 0 = no order is known */
};

/* From one run to the next on the default branch: elsewhere it is the code that differs. */
struct flaky_moves {
	int64_t broke;     /* passed, then failed */
	int64_t mended;    /* failed, then passed */
	int64_t failed_on; /* failed both times */
	int64_t passed_on;
};

/* A run that neither passed nor failed the test (skipped, not run) is no run here. */
struct flaky_evidence {
	int64_t runs;
	int64_t failures;        /* runs that the test failed for good */
	int64_t retried_passes;  /* runs that it failed and then passed */
	int64_t conflicts;       /* commits at which one run passed and another one failed */
	int64_t streak;          /* failed runs in a row, the newest included; 0 = it passed */
	bool streak_on_default;  /* one of the streak was on the default branch */
	int64_t failed_attempts; /* retries included */
	int64_t timeouts;        /* of them, by a time limit */
	struct flaky_moves moves;
	struct flaky_order order;
	bool order_proven; /* by `muster order`, whatever `order` says */

	/* Sums of flaky_weight(age) over the runs, and over those with a failed attempt, the
	 * newest run's age being 0. `weight` 0 = not known: every run counts the same. */
	double weight, failed_weight;
};

/* What a run of that age counts: 1 now, 1/2 after the half-life. Ages below 0 count 1. */
double flaky_weight(int64_t age_ms);

/* From the last `n` (at most 64) outcomes, 1 = failed, the newest in bit 0. */
struct flaky_moves flaky_moves(uint64_t failed, int n);

enum flaky_class flaky_classify(const struct flaky_evidence *evidence);

/* How likely an attempt fails, retries aside: posterior mean and the 90 % credible interval. */
struct flaky_rate {
	double rate, low, high; /* 0…1 */
	double samples;         /* runs that the weighted ones are worth */
};

struct flaky_rate flaky_rate(const struct flaky_evidence *evidence);
/* For people: "few samples", "fair" or "good", by what the interval leaves open. */
const char *flaky_confidence(const struct flaky_rate *rate);

/* The regularized incomplete beta function I_x(a, b), a and b > 0, and its inverse in x. */
double flaky_beta(double x, double a, double b);
double flaky_beta_inverse(double p, double a, double b);
