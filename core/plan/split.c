#include "core/base/base.h"

#include "core/plan/split.h"

enum {
	PARTS_MAX = 64,
	WORTH_PERMILLE = 980, /* of the makespan without splitting that must be undercut */
	PART_MIN_US = 200000, /* a shorter part is not worth another load of its file */
	LONGEST_PERCENT = 75, /* of the file, at most, for the longest part */
	CAPACITY_STEPS = 50,  /* of the bisection in plan_cut() */
};

/* Not the strings. */
static void release_times(struct plan_times *times)
{
	free(times->tests);
	free(times->us);
	*times = (struct plan_times){0};
}

void plan_times_add(struct plan_times *times, const char *path, int occurrence, int64_t us)
{
	GROW(times->tests, times->n + 1, times->cap);
	GROW(times->us, times->n + 1, times->us_cap);
	times->tests[times->n] = (struct plan_test){path, occurrence};
	times->us[times->n++] = us;
}

/* Number of runs when none may be heavier than `capacity`. */
static size_t runs_within(const int64_t *us, size_t n, int64_t capacity, size_t *ret_first)
{
	size_t runs = 0;
	int64_t load = 0;

	for (size_t i = 0; i < n; i++) {
		if (!runs || load + us[i] > capacity) {
			if (ret_first)
				ret_first[runs] = i;
			runs++;
			load = 0;
		}
		load += us[i];
	}
	return runs;
}

size_t plan_cut(const int64_t *us, size_t n, size_t pieces, size_t *ret_first)
{
	int64_t low = 0, high = 0;

	if (!n || !pieces)
		return 0;
	for (size_t i = 0; i < n; i++) {
		low = MAX(low, us[i]);
		high += us[i];
	}
	for (int step = 0; step < CAPACITY_STEPS && low < high; step++) {
		int64_t middle = low + (high - low) / 2;
		if (runs_within(us, n, middle, NULL) <= pieces)
			high = middle;
		else
			low = middle + 1;
	}
	return runs_within(us, n, high, ret_first);
}

static int64_t sum_of(const struct plan_times *times)
{
	int64_t us = 0;

	for (size_t i = 0; i < times->n; i++)
		us += times->us[i];
	return us;
}

/* Parts of one file of `us` with these tests, at most `most`, for an ideal share of `ideal_us`; 1 =
 * leave it whole. ret_first and ret_us (at least times->n) get the first test and the prediction of
 * each part. */
static size_t cut_file(const struct plan_times *times, int64_t us, int64_t ideal_us, size_t most,
	size_t *ret_first, int64_t *ret_us)
{
	int64_t tests_us = sum_of(times), longest = 0;
	int64_t limit = MAX(ideal_us / 2, PART_MIN_US);

	if (us <= limit || times->n < 2)
		return 1;
	int64_t setup_us = MAX(us - tests_us, 0); /* load and hooks: every part pays it */
	int64_t room = MAX(limit - setup_us, limit / 4);
	size_t pieces = (size_t)MIN((tests_us + room - 1) / room, (int64_t)most);
	if (pieces < 2)
		return 1;
	pieces = plan_cut(times->us, times->n, pieces, ret_first);
	for (size_t p = 0; p < pieces; p++) {
		size_t end = p + 1 < pieces ? ret_first[p + 1] : times->n;
		ret_us[p] = setup_us;
		for (size_t i = ret_first[p]; i < end; i++)
			ret_us[p] += times->us[i];
		longest = MAX(longest, ret_us[p]);
	}
	return longest <= us * LONGEST_PERCENT / 100 ? pieces : 1;
}

static void add_parts(struct plan *to, const struct plan_item *item, const struct plan_times *times,
	size_t pieces, const size_t *first, const int64_t *us)
{
	for (size_t p = 0; p < pieces; p++) {
		size_t end = p + 1 < pieces ? first[p + 1] : times->n;
		struct plan_item part = *item;
		part.tests = times->tests + first[p];
		part.test_count = end - first[p];
		part.rest = p + 1 == pieces;
		part.part = (int)p + 1;
		part.parts = (int)pieces;
		part.us = us[p];
		part.setup_us = MAX(item->us - sum_of(times), 0);
		plan_add(to, &part);
	}
}

/* A file that is long enough, and what is known of its tests. */
struct candidate {
	size_t index; /* of the item */
	struct plan_times times;
};

struct candidates {
	struct candidate *v;
	size_t n, cap;
	int64_t ideal_us;
};

static void find_candidates(
	struct candidates *c, const struct plan *plan, plan_times_fn *times_of, void *arg)
{
	for (size_t i = 0; i < plan->item_count; i++) {
		const struct plan_item *item = &plan->items[i];
		struct plan_times times = {0};
		if (item->us <= c->ideal_us / 2 || !item->known)
			continue;
		if (!times_of(arg, item, &times)) {
			release_times(&times);
			continue;
		}
		GROW(c->v, c->n + 1, c->cap);
		c->v[c->n++] = (struct candidate){i, times};
	}
}

static void release_candidates(struct candidates *c)
{
	for (size_t i = 0; i < c->n; i++)
		release_times(&c->v[i].times);
	free(c->v);
}

/* The same items in `ret`, long ones in at most `most` parts. Returns how many files are split. */
static size_t split_into(
	struct plan *ret, const struct plan *plan, const struct candidates *c, size_t most)
{
	size_t split = 0, next = 0;

	for (size_t i = 0; i < plan->item_count; i++) {
		const struct plan_item *item = &plan->items[i];
		size_t pieces = 1;
		if (next < c->n && c->v[next].index == i) {
			const struct plan_times *times = &c->v[next++].times;
			cleanup_free size_t *first = xcalloc(times->n + 1, sizeof(*first));
			cleanup_free int64_t *us = xcalloc(times->n + 1, sizeof(*us));
			pieces = cut_file(times, item->us, c->ideal_us, most, first, us);
			if (pieces > 1)
				add_parts(ret, item, times, pieces, first, us);
		}
		if (pieces <= 1)
			plan_push(ret, item);
		split += pieces > 1;
	}
	return split;
}

/* The number of parts that shortens the plan most, fewer where it makes no difference: each part
 * repeats the set-up, so more are not always better. 1 = do not split. */
static size_t best_parts(const struct plan *plan, const struct candidates *c, int shards)
{
	static const size_t tried[] = {2, 3, 4, 6, 8, 12, 16, 24, 32, 48, PARTS_MAX};
	int64_t best = plan_makespan(plan, shards);
	size_t most = 1;

	for (size_t i = 0; i < ARRAY_LEN(tried); i++) {
		struct plan parts;
		plan_init(&parts);
		size_t split = split_into(&parts, plan, c, tried[i]);
		plan_sort(&parts);
		int64_t makespan = plan_makespan(&parts, shards);
		plan_release(&parts);
		if (!split || makespan * 1000 >= best * WORTH_PERMILLE)
			continue;
		best = makespan;
		most = tried[i];
	}
	return most;
}

size_t plan_split(struct plan *plan, int shards, plan_times_fn *times_of, void *arg)
{
	struct candidates c = {0};
	int64_t total = 0;
	size_t n = 0;

	for (size_t i = 0; i < plan->item_count; i++)
		total += plan->items[i].us;
	c.ideal_us = total / shards;
	plan_sort(plan);
	find_candidates(&c, plan, times_of, arg);
	size_t most = c.n ? best_parts(plan, &c, shards) : 1;
	if (most > 1) { /* swap the items, and append the parts' strings */
		struct plan parts;
		plan_init(&parts);
		n = split_into(&parts, plan, &c, most);
		free(plan->items);
		plan->items = NULL;
		plan->item_count = plan->item_cap = 0;
		for (size_t i = 0; i < parts.item_count; i++) {
			if (parts.items[i].parts)
				plan_add(plan, &parts.items[i]);
			else
				plan_push(plan, &parts.items[i]);
		}
		plan_release(&parts);
	}
	release_candidates(&c);
	return n;
}
