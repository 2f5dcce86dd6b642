#include "core/base/base.h"

#include "cmd/plan.h"
#include "tests/support/test.h"

static int64_t *repeat(int64_t value, size_t n)
{
	int64_t *list = xcalloc(n, sizeof(*list));

	for (size_t i = 0; i < n; i++)
		list[i] = value;
	return list;
}

/* Files of `seconds`, and five runs in which everything took `noise_percent` of what was predicted.
 */
static void prepare(struct plan_input *in, const int *seconds, size_t n, int noise_percent)
{
	*in = (struct plan_input){.arena = ARENA_INIT,
		.forecast = FORECAST_INIT,
		.target_us = 120 * 1000000LL,
		.max_shards = 8};
	plan_init(&in->plan);
	for (size_t i = 0; i < n; i++) {
		char name[16];
		snprintf(name, sizeof(name), "f%zu.js", i);
		plan_add(&in->plan, &(struct plan_item){.suite = "s",
					    .project = "",
					    .file = name,
					    .us = seconds[i] * 1000000LL,
					    .known = true});
	}
	for (int i = 0; noise_percent && i < FORECAST_MIN_RUNS; i++) {
		forecast_add_startup(&in->forecast, 10 * 1000000);
		forecast_add_run(&in->forecast, repeat(1000000, 16),
			repeat(10000 * (int64_t)noise_percent, 16), 16);
	}
	forecast_sort(&in->forecast);
}

static void check(const int *seconds, size_t n, int noise_percent, int shards,
	const char *const *said, const char *unsaid)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT, json = STRBUF_INIT;
	struct plan_input in;

	prepare(&in, seconds, n, noise_percent);
	plan_place(&in.plan, shards);
	plan_write(&in.plan, &json);
	plan_text(&text, &in, &in.plan, true);
	for (; *said; said++)
		cr_assert(strstr(text.buf, *said), "no `%s` in:\n%s", *said, text.buf);
	cr_assert(!unsaid || !strstr(text.buf, unsaid), "`%s` in:\n%s", unsaid, text.buf);
	plan_release(&in.plan);
	forecast_release(&in.forecast);
}

TEST(plan_text, says_what_it_means_for_the_target)
{
	static const int even[] = {20, 20, 20, 20, 20, 20}, one_long[] = {300, 20, 20, 20};
	static const char *const assumed[] = {
		"met, expected within 1 m 50 s", "start-up (assumed)", "1.25 (assumed)", NULL};
	static const char *const learned[] = {
		"met, expected within 58.0 s = 10.0 s start-up + 40.0 s × 1.20, chance 100 %",
		NULL};
	static const char *const noisy[] = {
		"I cannot promise it: recent runs took up to 3.0 times", "× 1.50", NULL};
	static const char *const floor[] = {"The floor is f0.js: it alone takes 5 m 00 s",
		"out of reach", "The target needs it within 1 m 31 s", NULL};

	check(even, ARRAY_LEN(even), 0, 3, assumed, "chance");
	check(even, ARRAY_LEN(even), 120, 3, learned, "promise");
	check(even, ARRAY_LEN(even), 300, 3, noisy, NULL);
	check(one_long, ARRAY_LEN(one_long), 120, 3, floor, "More than");
}
