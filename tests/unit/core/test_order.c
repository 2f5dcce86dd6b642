#include "core/base/base.h"

#include "core/flaky/order.h"
#include "tests/support/temp.h"

/* The result is seen when all of `needed` are there; or always when there are none. */
struct world {
	const size_t *needed;
	size_t count;
	int calls, stop_at; /* 0 = never */
};

static int shows(void *arg, const size_t *items, size_t n)
{
	struct world *w = arg;
	size_t found = 0;

	if (++w->calls == w->stop_at)
		return -1;
	for (size_t i = 0; i < n; i++) {
		cr_assert(!i || items[i] > items[i - 1]); /* in the recorded order */
		for (size_t k = 0; k < w->count; k++)
			found += items[i] == w->needed[k];
	}
	return found == w->count;
}

TEST(order, minimize)
{
	static const struct {
		size_t n, needed[4], count;
		int max, want, most_calls;
	} rows[] = {
		{1, {0}, 1, 100, 0, 0},
		{2, {1}, 1, 100, 0, 2},
		{1000, {0}, 1, 100, 0, 20},
		{1000, {999}, 1, 100, 0, 20}, /* log2 of them, two calls a step */
		{1000, {517}, 1, 100, 0, 20},
		{16, {3, 12}, 2, 200, 0, 100},
		{7, {0, 3, 6}, 3, 200, 0, 100},
		{4, {0, 1, 2, 3}, 4, 200, 0, 100},
		{64, {5, 40}, 2, 5, 1, 6},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w = {rows[i].needed, rows[i].count, 0, 0};
		cleanup_free size_t *items = xcalloc(rows[i].n, sizeof(*items));
		size_t n;
		int got = order_minimize(rows[i].n, shows, &w, rows[i].max, items, &n);
		cr_assert_eq(got, rows[i].want, "row %zu: %d", i, got);
		cr_assert_leq(w.calls, rows[i].most_calls, "row %zu: %d calls", i, w.calls);
		cr_assert_eq(shows(&w, items, n), 1, "row %zu", i);
		if (got == 0)
			cr_assert_eq(n, rows[i].count, "row %zu: %zu left", i, n);
	}
}

TEST(order, minimize_stops)
{
	static const size_t needed[] = {3, 60};
	struct world w = {needed, 2, 0, 4};
	size_t items[64], n;

	cr_assert_eq(order_minimize(64, shows, &w, 100, items, &n), -1);
	cr_assert_eq(w.calls, 4);
}

#define HEAD "{\"type\":\"run_started\",\"schema\":\"muster/journal/1\",\"run_id\":\"r\"}\n"
#define START(worker, file)                                                                   \
	"{\"type\":\"file_started\",\"suite\":\"s\",\"file\":\"" file "\",\"worker\":" worker \
	",\"attempt\":1}\n"
#define TESTED(worker, file, name, outcome)                                                    \
	"{\"type\":\"test_finished\",\"suite\":\"s\",\"file\":\"" file "\",\"worker\":" worker \
	",\"path\":[" name "],\"occ\":1,\"attempt\":1,\"outcome\":\"" outcome "\"}\n"
#define FINISH(worker, file, outcome)                                                          \
	"{\"type\":\"file_finished\",\"suite\":\"s\",\"file\":\"" file "\",\"worker\":" worker \
	",\"attempt\":1,\"outcome\":\"" outcome "\"}\n"

static const char journal[] = HEAD START("1", "a.js") START("2", "b.js") FINISH(
	"2", "b.js", "passed") START("1", "c.js") TESTED("1", "c.js", "\"cart\",\"adds\"", "failed")
	FINISH("1", "c.js", "failed") START("1", "d.js") TESTED("1", "d.js", "\"adds\"", "passed")
		TESTED("1", "d.js", "\"once\"", "passed") FINISH("1", "d.js", "passed")
	/* c.js again, elsewhere: it passes there */
	START("2", "c.js") TESTED("2", "c.js", "\"cart\",\"adds\"", "passed")
		FINISH("2", "c.js", "passed");

TEST(order, find)
{
	static const struct {
		const char *word, *suite, *file, *test, *before;
		bool failed;
	} rows[] = {
		{"c.js", NULL, "c.js", NULL, "a.js", true}, /* the failure counts */
		{"cart \xe2\x80\xba adds", NULL, "c.js",
			"cart\x1f"
			"adds",
			"a.js", true},
		{"c.js \xe2\x80\xba cart \xe2\x80\xba adds", "s", "c.js",
			"cart\x1f"
			"adds",
			"a.js", true},
		{"once", NULL, "d.js", "once", "a.js c.js", false},
		{"b.js", NULL, "b.js", NULL, "", false},
		{"nothing", NULL, NULL, NULL, NULL, false},
		{"b.js", "other", NULL, NULL, NULL, false},
	};
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "journal.ndjson");

	temp_write(dir, "journal.ndjson", journal);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct order_target t;
		struct error err = ERROR_INIT;
		cleanup_strbuf struct strbuf before = STRBUF_INIT;
		cr_assert_eq(order_find(path, rows[i].word, rows[i].suite, &t, &err), 0,
			"row %zu: %s", i, err.text);
		cr_assert(streq_null(t.file, rows[i].file), "row %zu: %s", i, t.file);
		cr_assert(streq_null(t.test, rows[i].test), "row %zu: %s", i, t.test);
		cr_assert_eq(t.failed, rows[i].failed, "row %zu", i);
		for (size_t k = 0; k < t.before.n; k++)
			strbuf_addf(&before, "%s%s", k ? " " : "", t.before.v[k]);
		if (rows[i].before)
			cr_assert_str_eq(before.buf, rows[i].before, "row %zu", i);
		order_target_release(&t);
	}
	struct order_target t;
	struct error err = ERROR_INIT;
	cr_assert_eq(order_find(path, "adds", NULL, &t, &err), -1);
	cr_assert_str_eq(err.text, "2 tests are called `adds`");
	temp_free(dir);
}
