#include "core/base/base.h"

#include "core/plan/schedule.h"
#include "tests/support/test.h"

TEST(schedule, pick)
{
	static const struct {
		struct schedule_suite a, b;
		int suite;
		bool start;
	} rows[] = {
		/* most work left per worker; a worker that must be started costs its start */
		{{.pending = 5,
			 .left_ms = 900,
			 .active = 1,
			 .idle = 1,
			 .target = 2,
			 .startable = true},
			{.pending = 5, .left_ms = 1000, .idle = 1, .target = 2, .startable = true},
			1, false},
		{{.pending = 5,
			 .left_ms = 100,
			 .active = 1,
			 .target = 2,
			 .start_ms = 300,
			 .startable = true},
			{.pending = 1, .left_ms = 10, .idle = 1, .target = 1}, 1, false},
		/* nobody runs it yet: it starts, however small */
		{{.pending = 1, .left_ms = 10, .target = 1, .start_ms = 300, .startable = true},
			{0}, 0, true},
		/* as many as pay already run; nothing is left; none can be started */
		{{.pending = 5, .left_ms = 900, .active = 2, .idle = 1, .target = 2}, {0}, -1,
			false},
		{{0}, {0}, -1, false},
		{{.pending = 5, .left_ms = 900, .active = 1, .target = 2}, {0}, -1, false},
		/* alone or not at all */
		{{.pending = 5, .left_ms = 900, .idle = 1, .target = 2, .exclusive = true},
			{.active = 1, .target = 1}, -1, false},
		{{.active = 1, .exclusive = true, .target = 1},
			{.pending = 5, .left_ms = 900, .idle = 1, .target = 2}, -1, false},
		/* what cannot be spread goes first, the other has both workers at the end */
		{{.pending = 9, .left_ms = 1800, .idle = 1, .target = 2},
			{.pending = 8, .left_ms = 1500, .idle = 1, .target = 1}, 1, false},
		{{.pending = 9, .left_ms = 1800, .idle = 1, .active = 1, .target = 2},
			{.pending = 8, .left_ms = 800, .idle = 1, .target = 1}, 0, false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct schedule_suite suites[2] = {rows[i].a, rows[i].b};
		struct schedule_choice choice = schedule_pick(suites, 2);
		cr_assert_eq(choice.suite, rows[i].suite, "row %zu: %d", i, choice.suite);
		cr_assert_eq(choice.start, rows[i].start, "row %zu", i);
	}
}

/* A worker that is busy gets its next file now if its slot would come back to its suite. */
TEST(schedule, keeps)
{
	struct schedule_suite suites[] = {
		{.pending = 9, .left_ms = 900, .active = 1, .target = 2},
		{.pending = 3, .left_ms = 400, .idle = 1, .target = 1},
	};

	cr_assert(schedule_keeps(suites, 2, 0));
	suites[1].left_ms = 500; /* in one process: it would end last */
	cr_assert_not(schedule_keeps(suites, 2, 0));
	suites[1].active = 1; /* it has its one worker */
	cr_assert(schedule_keeps(suites, 2, 0));
	cr_assert(schedule_keeps(suites, 1, 0));
}

TEST(schedule, order_of_files)
{
	enum { N = 200 };
	struct schedule_item items[N];
	bool seen[N] = {false};

	for (int i = 0; i < N; i++)
		items[i] = (struct schedule_item){
			.position = i, .estimate_ms = 1 + (i * 7919) % 101, .known = i % 10 != 0};
	schedule_sort(items, N);
	for (int i = 1; i < N; i++) {
		cr_assert(items[i - 1].known <= items[i].known, "unknown files first");
		if (items[i].known && items[i - 1].known)
			cr_assert(
				items[i - 1].estimate_ms >= items[i].estimate_ms, "longest first");
	}
	schedule_sort_ordered(items, N, 3);
	int64_t load[3] = {0}, total = 0, longest = 0;
	for (int i = 0; i < N; i++) {
		cr_assert(!seen[items[i].position], "every file once");
		seen[items[i].position] = true;
		if (i && items[i].bin == items[i - 1].bin)
			cr_assert(items[i].position > items[i - 1].position, "in order in a bin");
		load[items[i].bin] += items[i].estimate_ms;
		total += items[i].estimate_ms;
		longest = MAX(longest, items[i].estimate_ms);
	}
	for (int b = 0; b < 3; b++)
		cr_assert(load[b] <= total / 3 + longest, "spread evenly");
}

TEST(schedule, ranked)
{
	static const char *const files[] = {"a", "b", "c", "d", "e", "f"};
	struct schedule_item items[ARRAY_LEN(files)];
	char orders[3][8] = {{0}};
	static const int64_t seeds[] = {1, 2, 1};

	for (size_t k = 0; k < ARRAY_LEN(seeds); k++) {
		for (size_t i = 0; i < ARRAY_LEN(files); i++)
			items[i] = (struct schedule_item){
				.position = (int)i,
				.rank = schedule_rank(seeds[k], "s", "", files[i]),
				.data = (void *)(uintptr_t)files[i],
			};
		schedule_sort_ranked(items, ARRAY_LEN(items), 2);
		for (size_t i = 0; i < ARRAY_LEN(items); i++) {
			orders[k][i] = *(const char *)items[i].data;
			cr_assert_eq(items[i].bin, (int)i % 2);
		}
	}
	cr_assert_str_eq(orders[0], orders[2]);
	cr_assert_str_neq(orders[0], orders[1]);
	cr_assert_neq(schedule_rank(1, "s", "", "a"), schedule_rank(1, "s", "a", ""));
}
