/*
 * Counts the test cases of JUnit reports as they go by. What attributes of suites claim is not
 * believed: reporters disagree on what they count.
 *
 * One test case has one outcome, the first of: failed, error, skipped, passed. An error or failure
 * of a suite itself counts as an error, without a test. Flaky is what passed at last.
 */
#pragma once

#include "core/base/base.h"
#include "core/junit/read.h"

struct junit_counts {
	int64_t tests, failures, errors, skipped, flaky;
	int64_t time_ns; /* sum over the test cases; saturates. Whole, so that order does not matter
			  */
};

struct junit_counter {
	struct junit_counts counts;
	int suite_depth;
	bool in_case;
	int inner; /* open elements that are neither suites nor test cases */
	/* the test case: */
	bool failed, error, skipped, flaky;
	int64_t time_ns;
	uint64_t digest; /* of suites, classname and name */
	bool suite_error;
	uint64_t suites[JUNIT_DEPTH_MAX + 1]; /* digests, [0] for none */
};

/* Call with every start and end. */
void junit_counter_start(struct junit_counter *c, const struct junit_tag *tag);
/* True when this was the end of a test case, which is now counted. */
bool junit_counter_end(struct junit_counter *c, const struct junit_tag *tag);
/* A file ended in the middle: forget the test case that is open, and everything around it. */
void junit_counter_abandon(struct junit_counter *c);
void junit_counts_add(struct junit_counts *sum, const struct junit_counts *c);
/* Nanoseconds of a time attribute, in seconds ("1.5", "1,234.5", "1e-3"); 0 when it is none. */
int64_t junit_time_ns(const char *text);
