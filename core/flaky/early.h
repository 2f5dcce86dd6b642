/*
 * Early detection of flaky tests: tests that are new, or in a changed file, run again before they
 * are believed. Pure rules; the engine counts and asks. The rules and why: docs/design/retries.md.
 */
#pragma once

#include "core/base/base.h"

enum {
	EARLY_REPEATS_MAX = 10,
	EARLY_FRESH_MAX = 30,    /* more new tests than this, … */
	EARLY_FRESH_PERCENT = 30 /* … and a larger share of all: it is a new suite, not a change */
};

/* How often a test that took `duration_us` runs again: 10, 5, 3, 2 or 0 times. */
int early_repeats(int64_t duration_us);
/* Too many of the tests are new or changed to repeat them all: nothing is repeated. */
bool early_is_too_much(int64_t fresh, int64_t all);
