#include "core/base/base.h"

#include "core/base/file.h"
#include "core/plan/forecast.h"
#include "core/plan/plan.h"
#include "core/plan/check.h"
#include "core/plan/pack.h"
#include "core/plan/split.h"
#include "tests/support/test.h"

static unsigned rng;

static unsigned next_random(void)
{
	rng = rng * 1103515245u + 12345u;
	return rng >> 8;
}

/* Sorted, heavy-tailed: most files are small. */
static void fill(int64_t *weights, size_t n, unsigned seed)
{
	rng = seed;
	for (size_t i = 0; i < n; i++) {
		int64_t w = 1000 + next_random() % 100000;
		if (next_random() % 10 == 0)
			w *= 1 + next_random() % 20;
		size_t at = i;
		for (; at > 0 && weights[at - 1] < w; at--)
			weights[at] = weights[at - 1];
		weights[at] = w;
	}
}

static int64_t heaviest_bin(const int64_t *weights, const int *bin, size_t n, int bins)
{
	int64_t load[64] = {0}, most = 0;

	for (size_t i = 0; i < n; i++) {
		cr_assert(bin[i] >= 0 && bin[i] < bins);
		load[bin[i]] += weights[i];
		most = MAX(most, load[bin[i]]);
	}
	return most;
}

TEST(plan, packs_within_half_a_percent)
{
	enum { N = 400 };
	int64_t weights[N];
	int bin[N];

	for (unsigned seed = 1; seed <= 60; seed++) {
		int bins = 2 + (int)(seed % 30);
		size_t n = (size_t)bins * (4 + seed % 9);
		fill(weights, n, seed);
		int64_t bound = plan_pack_bound(weights, n, bins);
		plan_pack(weights, n, bins, bin);
		int64_t most = heaviest_bin(weights, bin, n, bins);
		cr_assert(most >= bound);
		cr_assert(most * 1000 <= bound * 1005, "seed %u: %zu on %d: %.4f", seed, n, bins,
			(double)most / (double)bound);
		ASSERT_INT(plan_pack_makespan(weights, n, bins), most);
	}
}

/* Longest first onto the lightest, as anybody would write it. */
static int64_t plain_lpt(const int64_t *estimates, const int64_t *actual, size_t n, int bins)
{
	int64_t predicted[64] = {0}, load[64] = {0}, most = 0;

	for (size_t i = 0; i < n; i++) {
		int lightest = 0;
		for (int b = 1; b < bins; b++)
			if (predicted[b] < predicted[lightest])
				lightest = b;
		predicted[lightest] += estimates[i];
		load[lightest] += actual[i];
		most = MAX(most, load[lightest]);
	}
	return most;
}

/* The run that comes is never the one that was learned from: what was won by moves and swaps on the
 * estimates must not be lost on the real times. */
TEST(plan, as_good_as_plain_lpt_on_the_next_version)
{
	enum { N = 400, SEEDS = 40 };
	int64_t estimates[N], actual[N];
	int bin[N];

	for (int bins = 2; bins <= 32; bins *= 2) {
		double ours = 0, plain = 0;
		for (unsigned seed = 1; seed <= SEEDS; seed++) {
			fill(estimates, N, seed * 77);
			for (size_t i = 0; i < N;
				i++) /* 0.75 … 1.35 of it, now and then three times */
				actual[i] = estimates[i] * (int64_t)(75 + next_random() % 60) /
					    100 * (next_random() % 50 ? 1 : 3);
			plan_pack(estimates, N, bins, bin);
			double least = (double)plan_pack_bound(actual, N, bins);
			ours += (double)heaviest_bin(actual, bin, N, bins) / least;
			plain += (double)plain_lpt(estimates, actual, N, bins) / least;
		}
		cr_assert(ours <= plain * 1.02, "%d shards: %.4f, LPT %.4f", bins, ours / SEEDS,
			plain / SEEDS);
	}
}

TEST(plan, packs_the_odd_cases)
{
	static const int64_t few[] = {10, 9, 1}, zero[] = {0, 0, 0}, one[] = {5};
	int bin[3];

	plan_pack(few, 3, 2, bin);
	ASSERT_INT(heaviest_bin(few, bin, 3, 2), 10);
	plan_pack(zero, 3, 2, bin);
	plan_pack(one, 1, 8, bin);
	ASSERT_INT(plan_pack_bound(one, 1, 8), 5);
	ASSERT_INT(plan_pack_bound(NULL, 0, 4), 0);
	plan_pack(NULL, 0, 4, bin);
}

static void add(struct plan *plan, const char *suite, const char *file, int64_t us)
{
	plan_add(plan,
		&(struct plan_item){
			.suite = suite, .project = "", .file = file, .us = us, .known = us > 1});
}

static void write_plan(struct plan *plan, int shards, struct strbuf *out)
{
	plan->created_ms = 1700000000123;
	plan_place(plan, shards);
	plan_write(plan, out);
}

/* Whatever order the files come in, the bytes are the same; and reading gives what was written. */
TEST(plan, same_bytes_in_any_order)
{
	static const char *const files[] = {"b.js", "a.js", "Ä.js", "a b.js", "z\"\\.js"};
	cleanup_strbuf struct strbuf one = STRBUF_INIT, two = STRBUF_INIT, again = STRBUF_INIT;
	struct plan plan, read;
	struct error err = ERROR_INIT;
	char path[] = "/tmp/muster-plan-XXXXXX";

	plan_init(&plan);
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		add(&plan, i % 2 ? "x" : "y", files[i], 1000 * (int64_t)(i % 3 + 1));
	write_plan(&plan, 2, &one);
	plan_release(&plan);
	for (size_t i = ARRAY_LEN(files); i-- > 0;)
		add(&plan, i % 2 ? "x" : "y", files[i], 1000 * (int64_t)(i % 3 + 1));
	plan_place(&plan, 2);
	plan.created_ms = 1700000000123;
	plan_write(&plan, &two);
	ASSERT_STR(two.buf, one.buf);

	close(mkstemp(path));
	cr_assert_eq(file_write(path, one.buf, one.len, false, &err), 0, "%s", err.text);
	cr_assert_eq(plan_read(&read, path, &err), 0, "%s", err.text);
	ASSERT_STR(read.plan_id, plan.plan_id);
	ASSERT_INT(read.created_ms, 1700000000123);
	ASSERT_INT(read.shard_count, 2);
	plan_write(&read, &again);
	ASSERT_STR(again.buf, one.buf);
	unlink(path);
	plan_release(&plan);
	plan_release(&read);
}

TEST(plan, refuses_what_is_no_plan)
{
	static const struct {
		const char *text, *error;
	} rows[] = {
		{"", "cannot read the plan"},
		{"{}", "not a plan of muster"},
		{"{\"schema\":\"muster/plan/9\",\"plan_id\":\"x\"}", "not a plan of muster"},
		{"{\"schema\":\"muster/plan/1\"}", "without an id"},
		{"{\"schema\":\"muster/plan/1\",\"plan_id\":\"x\"}", "without shards"},
		{"{\"schema\":\"muster/plan/1\",\"plan_id\":\"x\",\"shards\":[{\"index\":2}]}",
			"numbered from 1"},
		{"{\"schema\":\"muster/plan/1\",\"plan_id\":\"x\",\"shards\":[{\"index\":1,"
		 "\"items\":[{\"suite\":\"s\"}]}]}",
			"without suite or file"},
		{"{\"schema\":\"muster/plan/1\",\"plan_id\":\"x\",\"shards\":[{\"index\":1,"
		 "\"items\":[{\"suite\":\"s\",\"file\":\"f\",\"tests\":7}]}]}",
			"neither null nor a list"},
		{"{\"schema\":\"muster/plan/1\",\"plan_id\":\"x\",\"shards\":[{\"index\":1,"
		 "\"items\":[{\"suite\":\"s\",\"file\":\"f\",\"part\":3,\"parts\":2}]}]}",
			"impossible part"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char path[] = "/tmp/muster-plan-XXXXXX";
		struct error err = ERROR_INIT;
		struct plan plan;
		close(mkstemp(path));
		file_write(path, rows[i].text, strlen(rows[i].text), false, NULL);
		cr_assert_eq(plan_read(&plan, path, &err), -1, "row %zu", i);
		cr_assert(strstr(err.text, rows[i].error), "row %zu: %s", i, err.text);
		unlink(path);
	}
}

/* ---- splitting ------------------------------------------------------------------------------- */

TEST(plan, cuts_in_order_and_evenly)
{
	static const int64_t us[] = {5, 1, 1, 1, 5, 1, 1, 1};
	size_t first[8];

	ASSERT_INT(plan_cut(us, 8, 2, first), 2);
	ASSERT_INT(first[0], 0);
	ASSERT_INT(first[1], 4);
	ASSERT_INT(plan_cut(us, 8, 100, first), 4); /* no run need be lighter than 5 */
	ASSERT_INT(plan_cut(us, 1, 3, first), 1);
	ASSERT_INT(plan_cut(us, 0, 3, first), 0);
}

static bool ten_tests(void *arg, const struct plan_item *item, struct plan_times *times)
{
	static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"};
	const int64_t *each = arg;

	if (!streq(item->file, "long.js"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		plan_times_add(times, names[i], 1, *each);
	return true;
}

static void add_work(struct plan *plan, int64_t long_us)
{
	add(plan, "s", "long.js", long_us);
	add(plan, "s", "b.js", 5000000);
	add(plan, "s", "c.js", 5000000);
}

TEST(plan, splits_what_would_be_the_tail)
{
	int64_t each = 1900000;
	struct plan plan;
	size_t tests = 0, rest = 0;

	plan_init(&plan);
	add_work(&plan, 20000000); /* 1 s of set-up, 10 tests */
	ASSERT_INT(plan_split(&plan, 4, ten_tests, &each), 1);
	plan_place(&plan, 4);
	cr_assert(plan.makespan_us < 10000000, "%lld", (long long)plan.makespan_us);
	ASSERT_INT(plan.files, 3);
	for (size_t i = 0; i < plan.item_count; i++) {
		const struct plan_item *item = &plan.items[i];
		if (!item->parts)
			continue;
		tests += item->test_count;
		rest += item->rest;
		cr_assert_eq(item->rest, item->part == item->parts, "the last part takes the rest");
		cr_assert_eq(item->us, 1000000 + (int64_t)item->test_count * each);
	}
	ASSERT_INT(tests, 10);
	ASSERT_INT(rest, 1);
	plan_release(&plan);
}

/* A runner that takes its whole share at once cannot hold two parts of one file. */
TEST(plan, parts_on_one_shard_become_one)
{
	int64_t each = 1900000;
	struct plan plan;

	for (int shards = 1; shards <= 6; shards++) {
		size_t tests = 0, rest = 0, of_shard[8] = {0};
		plan_init(&plan);
		add_work(&plan, 20000000);
		plan_split(&plan, 6, ten_tests, &each);
		for (size_t i = 0; i < plan.item_count; i++)
			plan.items[i].together = true;
		plan_place(&plan, shards);
		for (size_t i = 0; i < plan.item_count; i++) {
			const struct plan_item *item = &plan.items[i];
			if (!streq(item->file, "long.js"))
				continue;
			of_shard[item->shard]++;
			tests += item->test_count;
			rest += item->rest;
			cr_assert(item->parts ? item->part <= item->parts : shards == 1);
		}
		ASSERT_INT(tests, shards == 1 ? 0 : 10);
		ASSERT_INT(rest, shards == 1 ? 0 : 1);
		for (int s = 1; s <= shards; s++)
			cr_assert(of_shard[s] <= 1);
		if (shards == 1)
			ASSERT_INT(plan.total_us, 30000000); /* one set-up, not six */
		plan_release(&plan);
	}
}

/* A plan that lost something and kept its id, or its digest, proves nothing. */
TEST(plan, check_finds_what_is_missing_or_doubled)
{
	static const struct plan_test test = {"t", 1};
	static const struct {
		struct plan_item items[3];
		size_t n;
		const char *problem;
	} rows[] = {
		{{{"s", "", "a"}, {"s", "", "b"}}, 2, NULL},
		{{{"s", "", "a"}, {"s", "p", "a"}, {"t", "", "a"}}, 3, NULL},
		{{{"s", "", "a"}, {"s", "", "a"}}, 2, "twice"},
		{{{"s", "", "a", &test, 1, false, 1, 2}, {"s", "", "a", &test, 1, true, 2, 2}}, 2,
			NULL},
		{{{"s", "", "a", &test, 1, false, 1, 2}}, 1, "not all its parts"},
		{{{"s", "", "a", &test, 1, false, 1, 2}, {"s", "", "a", &test, 1, false, 1, 2}}, 2,
			"twice"},
		{{{"s", "", "a", &test, 1, false, 1, 2}, {"s", "", "a"}}, 2, "not all its parts"},
		{{{"s", "", "a", &test, 1, false, 1, 2}, {"s", "", "a", &test, 1, false, 2, 2}}, 2,
			"not exactly one"},
		{{{"s", "", "a", NULL, 0, false, 1, 2}, {"s", "", "a", &test, 1, true, 2, 2}}, 2,
			"names no tests"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *file = NULL, *problem;
		struct plan plan;
		plan_init(&plan);
		for (size_t k = 0; k < rows[i].n; k++)
			plan_push(&plan, &rows[i].items[k]);
		problem = plan_check(&plan, &file);
		cr_assert_eq(!problem, !rows[i].problem, "row %zu: %s", i, problem);
		if (problem)
			cr_assert(strstr(problem, rows[i].problem), "row %zu: %s", i, problem);
		plan_release(&plan);
	}
}

TEST(plan, leaves_whole_what_splitting_does_not_help)
{
	int64_t mostly_setup = 100000, each = 1900000;
	struct plan plan;

	plan_init(&plan);
	add_work(&plan, 20000000); /* 19 s of set-up: each part would pay them */
	ASSERT_INT(plan_split(&plan, 4, ten_tests, &mostly_setup), 0);
	ASSERT_INT(plan.item_count, 3);
	plan_release(&plan);
	add_work(&plan, 20000000); /* one shard: nothing to win */
	ASSERT_INT(plan_split(&plan, 1, ten_tests, &each), 0);
	plan_release(&plan);
}

/* ---- forecast -------------------------------------------------------------------------------- */

static int64_t *repeat(int64_t value, size_t n)
{
	int64_t *list = xcalloc(n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = value;
	return list;
}

TEST(plan, forecast_learns_start_and_noise)
{
	struct forecast f = FORECAST_INIT;

	ASSERT_INT(forecast_startup_us(&f, 4), FORECAST_STARTUP_US);
	cr_assert_eq(forecast_chance(&f, 4, 1, 2), -1);
	ASSERT_INT(forecast_wall_us(&f, 4, 100000000), 60000000 + 125000000);
	for (int i = 1; i <= 100; i++)
		forecast_add_startup(&f, i * 1000000);
	for (int i = 0; i < 5; i++) /* every file takes 1.2 times what was predicted */
		forecast_add_run(&f, repeat(1000000, 40), repeat(1200000, 40), 40);
	forecast_sort(&f);
	ASSERT_INT(forecast_startup_us(&f, 1), 95000000);
	cr_assert(forecast_startup_us(&f, 8) > forecast_startup_us(&f, 1), "the slowest of many");
	cr_assert_float_eq(forecast_noise(&f, 4), 1.2, 1e-9);
	ASSERT_INT(forecast_wall_us(&f, 1, 10000000), 95000000 + 12000000);
	cr_assert_float_eq(forecast_chance(&f, 1, 10000000, 62000000), 0.5, 1e-9);
	cr_assert_float_eq(forecast_chance(&f, 2, 10000000, 62000000), 0.25, 1e-9);
	/* jobs with several workers: known from three runs on, never slower than one worker, and no
	 * worker makes a single file faster */
	ASSERT_INT(forecast_tests_us(&f, 100, 10), 100);
	for (int i = 0; i < 3; i++)
		forecast_add_pace(&f, 35 + i, 100);
	forecast_add_pace(&f, 0, 100);
	forecast_sort(&f);
	cr_assert_float_eq(forecast_pace(&f), 0.36, 1e-9);
	ASSERT_INT(forecast_tests_us(&f, 100, 10), 36);
	ASSERT_INT(forecast_tests_us(&f, 100, 50), 50);
	for (int i = 0; i < FORECAST_RUNS; i++)
		forecast_add_pace(&f, 500, 100);
	forecast_sort(&f);
	cr_assert_float_eq(forecast_pace(&f), 1, 1e-9);
	forecast_release(&f);
}
