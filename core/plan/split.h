/*
 * Long files in parts, cut between tests. A file longer than half of an ideal share would be the
 * tail of the plan; in parts it is spread like any other work. Each part repeats what the file
 * needs before its first test, so a split must pay for that. Rules: docs/design/planning.md.
 */
#pragma once

#include "core/plan/plan.h"

/* What the history knows of the tests of one file, in their order. */
struct plan_times {
	struct plan_test *tests;
	int64_t *us;
	size_t n, cap, us_cap;
};

void plan_times_add(struct plan_times *times, const char *path, int occurrence, int64_t us);

/* Cut `us` (n values, in order) into at most `pieces` runs of nearly equal sum: ret_first[i] is the
 * first index of run i. Returns the number of runs, each with at least one value. */
size_t plan_cut(const int64_t *us, size_t n, size_t pieces, size_t *ret_first);

/* Fill `times` for a file; false: it cannot be split. */
typedef bool plan_times_fn(void *arg, const struct plan_item *item, struct plan_times *times);

/* Replace long files by parts where that shortens the plan for `shards` by more than 2 %. Returns
 * the number of files that were split. Before plan_place(). */
size_t plan_split(struct plan *plan, int shards, plan_times_fn *times_of, void *arg);
