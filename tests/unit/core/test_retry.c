#include "core/base/base.h"

#include "core/flaky/early.h"
#include "core/flaky/retry.h"
#include "tests/support/test.h"

#define MIN_US ((int64_t)60 * 1000000)

TEST(retry, decisions)
{
	static const struct {
		int count, tries;
		struct retry_tally tally;
		struct retry_budget budget;
		enum retry_decision want;
	} rows[] = {
		{0, 1, {0}, {0}, RETRY_USED_UP},
		{1, 1, {0}, {0}, RETRY_AGAIN},
		{1, 2, {0}, {0}, RETRY_USED_UP},
		{3, 3, {.tests = 5, .failed = 5}, {0},
			RETRY_AGAIN}, /* a share of few says nothing */
		{1, 1, {.tests = 1000, .failed = 10}, {0}, RETRY_AGAIN},
		{1, 1, {.tests = 1000, .failed = 11}, {0}, RETRY_TOO_MANY_FAILED},
		{1, 1, {.tests = 29, .failed = 9}, {0}, RETRY_AGAIN},
		{1, 1, {.tests = 30, .failed = 3}, {0},
			RETRY_AGAIN}, /* 10 % is not more than that */
		{1, 1, {.tests = 30, .failed = 4}, {0}, RETRY_SHARE_FAILED},
		{0, 1, {.tests = 30, .failed = 30}, {0}, RETRY_USED_UP}, /* nothing to tell */
		/* a share of the work, but at least a minute */
		{1, 1, {.work_us = MIN_US, .retry_us = MIN_US - 1}, {.percent = 20}, RETRY_AGAIN},
		{1, 1, {.work_us = MIN_US, .retry_us = MIN_US}, {.percent = 20},
			RETRY_BUDGET_SPENT},
		{1, 1, {.work_us = 10 * MIN_US, .retry_us = 2 * MIN_US - 1}, {.percent = 20},
			RETRY_AGAIN},
		{1, 1, {.work_us = 10 * MIN_US, .retry_us = 2 * MIN_US}, {.percent = 20},
			RETRY_BUDGET_SPENT},
		{1, 1, {.retry_us = 4999}, {.ms = 5}, RETRY_AGAIN},
		{1, 1, {.retry_us = 5000}, {.ms = 5}, RETRY_BUDGET_SPENT},
		{1, 1, {.retry_us = INT64_MAX - 1}, {0}, RETRY_AGAIN},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf why = STRBUF_INIT;
		enum retry_decision got =
			retry_decide(rows[i].count, rows[i].tries, &rows[i].tally, &rows[i].budget);
		cr_assert_eq(got, rows[i].want, "row %zu: %d", i, got);
		retry_reason(&why, got, &rows[i].tally, &rows[i].budget);
		cr_assert_eq(why.len > 0, got > RETRY_USED_UP, "row %zu: %s", i, why.buf);
	}
}

TEST(retry, counts_of_a_suite_and_of_the_run)
{
	static const struct {
		struct retry_counts suite, run;
		int normal, flaky, quarantined;
	} rows[] = {
		{{{-1, -1, -1}}, {{0, -1, -1}}, 0, 0, 0},
		{{{-1, -1, -1}}, {{2, -1, -1}}, 2, 2, 2},
		{{{-1, -1, -1}}, {{1, 3, 0}}, 1, 3, 0},
		{{{2, -1, -1}}, {{1, 3, 0}}, 2, 2, 2}, /* the suite's own hold as a whole */
		{{{0, -1, -1}}, {{1, 3, 0}}, 0, 0, 0},
		{{{-1, 5, -1}}, {{1, 3, 0}}, 1, 5, 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct retry_counts *s = &rows[i].suite, *r = &rows[i].run;
		cr_assert_eq(retry_count(s, r, RETRY_NORMAL), rows[i].normal, "row %zu", i);
		cr_assert_eq(retry_count(s, r, RETRY_FLAKY), rows[i].flaky, "row %zu", i);
		cr_assert_eq(
			retry_count(s, r, RETRY_QUARANTINED), rows[i].quarantined, "row %zu", i);
	}
}

TEST(retry, known_tests)
{
	struct retry_known known = {0};

	cr_assert_null(retry_known_in(NULL, "s", "", "f"));
	cr_assert_null(retry_known_in(&known, "s", "", "f"));
	retry_known_add(&known, "s", "", "f", "a", 1, RETRY_FLAKY);
	retry_known_add(&known, "s", "", "f", "a", 2, RETRY_FLAKY);
	retry_known_add(&known, "s", "p", "f", "a", 1, RETRY_FLAKY);
	retry_known_add(&known, "s", "", "f", "a", 2, RETRY_QUARANTINED);
	const struct retry_known_file *file = retry_known_in(&known, "s", "", "f");
	cr_assert_eq(file->count, 2);
	cr_assert_eq(retry_known_kind(file, "a", 1), RETRY_FLAKY);
	cr_assert_eq(retry_known_kind(file, "a", 2), RETRY_QUARANTINED);
	cr_assert_eq(retry_known_kind(file, "a", 3), RETRY_NORMAL);
	cr_assert_eq(retry_known_kind(NULL, "a", 1), RETRY_NORMAL);
	cr_assert_null(retry_known_in(&known, "t", "", "f"));
	retry_known_release(&known);
}

TEST(early, repeats_and_limits)
{
	static const struct {
		int64_t ms;
		int repeats;
	} steps[] = {{0, 10}, {4999, 10}, {5000, 5}, {9999, 5}, {10000, 3}, {29999, 3}, {30000, 2},
		{299999, 2}, {300000, 0}, {INT64_MAX / 1000, 0}};
	static const struct {
		int64_t fresh, all;
		bool want;
	} rows[] = {{30, 30, false}, {31, 31, true}, {31, 103, true}, {31, 104, false},
		{1000, 10000, false}, {0, 0, false}};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		cr_assert_eq(early_repeats(steps[i].ms * 1000), steps[i].repeats, "row %zu", i);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_eq(
			early_is_too_much(rows[i].fresh, rows[i].all), rows[i].want, "row %zu", i);
}
