#include "core/base/base.h"

#include "core/history/testmap.h"
#include "core/change/impact.h"
#include "tests/support/temp.h"

static void git(const char *dir, const char *args)
{
	cleanup_free char *command = xasprintf("git -C %s -c user.name=a -c user.email=a@b "
					       "-c commit.gpgsign=false %s >/dev/null 2>&1",
		dir, args);

	cr_assert_eq(system(command), 0, "%s", command);
}

static struct history *map_of(const char *dir)
{
	struct error err = ERROR_INIT;
	cleanup_free char *path = path_join(dir, "../history.db");
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	const struct history_touch v[] = {
		{"unit", "", "a.test.js", "src/a.js\nsrc/shared.js"},
		{"unit", "", "b.test.js", "src/b.js\nsrc/shared.js"},
		{"unit", "node", "b.test.js", "src/b.js"},
		{"e2e", "", "shop.spec.js", "src/shared.js"},
	};

	cr_assert_eq(history_testmap_record(h, v, ARRAY_LEN(v), &err), 0, "%s", err.text);
	return h;
}

/* Of a (unit), b (unit), b (unit, node), a file that never ran with coverage. */
static void check(const char *dir, struct history *h, const char *want, const char *unknown)
{
	struct impact impact = {0};
	struct error err = ERROR_INIT;
	const char *const names[] = {"a.test.js", "b.test.js", "b.test.js", "c.test.js"};
	char got[8] = "";

	cr_assert_eq(impact_read(&impact, dir, "HEAD", NULL, h, &err), 0, "%s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		got[i] = '0' + (char)impact_selects(
				       &impact, "unit", i == 2 ? "node" : "", names[i], false);
	cr_expect_str_eq(got, want);
	cr_expect_eq(streq_null(impact.unknown, unknown), true, "%s", impact.unknown);
	impact_release(&impact);
	git(dir, "reset -q --hard");
	git(dir, "clean -qfd");
}

TEST(impact, who_is_touched)
{
	char *temp = temp_new();
	cleanup_free char *dir = path_join(temp, "p");
	static const char *const files[] = {"a.test.js", "b.test.js", "src/a.js", "src/b.js",
		"src/shared.js", "src/nobody.js", "package.json", "README.md"};

	if (system("git --version >/dev/null 2>&1") != 0)
		cr_skip_test("git is not installed");
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		cleanup_free char *name = path_join("p", files[i]);
		temp_write(temp, name, "1");
	}
	git(dir, "init -q -b main");
	git(dir, "add .");
	git(dir, "commit -qm one");
	struct history *h = map_of(dir);

	check(dir, h, "0000", NULL); /* nothing has changed */
	temp_write(temp, "p/src/a.js", "2");
	check(dir, h, "1001", NULL); /* what never ran with coverage runs */
	temp_write(temp, "p/src/b.js", "2");
	check(dir, h, "0111", NULL);
	temp_write(temp, "p/src/shared.js", "2");
	check(dir, h, "1101", NULL);
	temp_write(temp, "p/b.test.js", "2");
	check(dir, h, "0111", NULL);
	temp_write(temp, "p/package.json", "2");
	check(dir, h, "1111", "package.json");
	temp_write(temp, "p/src/nobody.js", "2");
	check(dir, h, "1111", "src/nobody.js");
	temp_write(temp, "p/README.md", "2");
	check(dir, h, "0001", NULL);
	temp_write(temp, "p/src/new.js", "1"); /* who loads it has changed, too */
	check(dir, h, "0001", NULL);
	temp_write(temp, "p/jest.config.js", "1");
	check(dir, h, "1111", "jest.config.js");
	temp_write(temp, "p/__snapshots__/a.test.js.snap", "1");
	check(dir, h, "1001", NULL);
	temp_write(temp, "p/a.test.js-snapshots/home.png", "1");
	check(dir, h, "1001", NULL);
	git(dir, "rm -q src/a.js");
	check(dir, h, "1001", NULL);
	history_close(h);
	temp_free(temp);
}

TEST(impact, what_runs_elsewhere)
{
	char *temp = temp_new();
	cleanup_free char *dir = path_join(temp, "p");
	struct impact impact = {0};
	struct error err = ERROR_INIT;

	if (system("git --version >/dev/null 2>&1") != 0)
		cr_skip_test("git is not installed");
	temp_write(temp, "p/src/a.js", "1");
	git(dir, "init -q -b main");
	git(dir, "add .");
	git(dir, "commit -qm one");
	struct history *h = map_of(dir);
	temp_write(temp, "p/src/a.js", "2");

	cr_assert_eq(impact_read(&impact, dir, "HEAD", NULL, h, &err), 0, "%s", err.text);
	cr_expect(!impact_selects(&impact, "e2e", "", "shop.spec.js", false));
	/* no page loads it, but the server may */
	cr_expect(impact_selects(&impact, "e2e", "", "shop.spec.js", true));
	impact_release(&impact);
	history_close(h);
	temp_free(temp);
}

TEST(impact, unknown_commit)
{
	char *dir = temp_new();
	struct impact impact = {0};
	struct error err = ERROR_INIT;

	git(dir, "init -q -b main");
	cr_assert_eq(impact_read(&impact, dir, "--output=x", NULL, NULL, &err), -1);
	cr_expect_str_eq(err.text, "git knows no commit `--output=x` here");
	impact_release(&impact);
	temp_free(dir);
}
