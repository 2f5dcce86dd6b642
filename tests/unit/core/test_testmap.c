#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/history/testmap.h"
#include "tests/support/temp.h"
#include "tests/support/test.h"

static int add(void *arg, const char *suite, const char *project, const char *file)
{
	strbuf_addf(arg, "%s|%s|%s ", suite, project, file);
	return 0;
}

static void check(struct history *h, const char *source, const char *expected)
{
	cleanup_strbuf struct strbuf got = STRBUF_INIT;
	struct error err = ERROR_INIT;

	cr_assert_eq(history_covering(h, source, add, &got, &err), 0, "%s", err.text);
	cr_expect_str_eq(got.buf ? got.buf : "", expected, "%s: got %s", source, got.buf);
}

TEST(testmap, covering)
{
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "history.db");
	struct error err = ERROR_INIT;
	cleanup_strbuf struct strbuf many = STRBUF_INIT;
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);

	cr_assert(h, "%s", err.text);
	cr_assert(!history_has_testmap(h));
	check(h, "src/a.js", "");
	for (int i = 0; i < 1000; i++)
		strbuf_addf(&many, "src/gen-%d.js\n", i);
	const struct history_touch v[] = {
		{"unit", "", "a.test.js", "src/a.js\nsrc/b.js\nsrc/a.js\n"},
		{"unit", "p", "a.test.js", "src/b.js\n"},
		{"e2e", NULL, "all.spec.js", many.buf},
		{"unit", "", "none.test.js", ""},
	};
	cr_assert_eq(history_testmap_record(h, v, ARRAY_LEN(v), &err), 0, "%s", err.text);
	cr_assert(history_has_testmap(h));
	check(h, "src/a.js", "unit||a.test.js ");
	check(h, "src/b.js", "unit||a.test.js unit|p|a.test.js ");
	check(h, "src/gen-999.js", "e2e||all.spec.js ");
	check(h, "src/gen-1000.js", "");
	check(h, "none.test.js", "unit||none.test.js "); /* a test file covers itself */
	/* what is known of a file is replaced */
	const struct history_touch again = {"unit", "", "a.test.js", "src/b.js"};
	cr_assert_eq(history_testmap_record(h, &again, 1, &err), 0, "%s", err.text);
	check(h, "src/a.js", "");
	history_close(h);
	temp_free(dir);
}

TEST(testmap, totals)
{
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "history.db");
	struct error err = ERROR_INIT;
	struct coverage_totals t = {.of[COVERAGE_LINES] = {9, 10}}, got;
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);

	cr_assert(h, "%s", err.text);
	cr_assert(!history_coverage_last(h, NULL, NULL, &got));
	cr_assert_eq(history_coverage_record(h, "one", "main", 1000, &t, &err), 0, "%s", err.text);
	t.of[COVERAGE_LINES].covered = 5;
	cr_assert_eq(history_coverage_record(h, "two", "topic", 2000, &t, &err), 0, "%s", err.text);
	cr_assert(history_coverage_last(h, "main", NULL, &got));
	ASSERT_INT(got.of[COVERAGE_LINES].covered, 9);
	ASSERT_INT(got.of[COVERAGE_LINES].total, 10);
	cr_assert(history_coverage_last(h, NULL, NULL, &got));
	ASSERT_INT(got.of[COVERAGE_LINES].covered, 5);
	cr_assert(history_coverage_last(h, NULL, "two", &got));
	ASSERT_INT(got.of[COVERAGE_LINES].covered, 9);
	cr_assert(!history_coverage_last(h, "topic", "two", &got));
	history_close(h);
	cr_assert(!history_coverage_last(NULL, NULL, NULL, &got));
	temp_free(dir);
}
