#include "core/base/base.h"

#include "core/detect/package.h"
#include "tests/support/temp.h"
#include "tests/support/test.h"

static struct package *read_ok(const char *dir)
{
	struct error err = ERROR_INIT;
	struct package *package = package_read(dir, &err);

	cr_assert(package, "%s", err.text);
	return package;
}

TEST(package, read)
{
	char *dir = temp_new();
	temp_write(dir, "package.json",
		"\xef\xbb\xbf{\"name\":\"shop\",\"scripts\":{\"e2e\":\"playwright "
		"test\",\"test\":\"jest\"},"
		"\"devDependencies\":{\"jest\":\"30\"},\"peerDependencies\":{\"mocha\":\"*\"}}");
	struct package *package = read_ok(dir);

	ASSERT_STR(package->name, "shop");
	ASSERT_INT(package->command_count, 2);
	ASSERT_STR(package->commands[0].program, "jest");
	ASSERT_STR(package->commands[0].entry, "test");
	ASSERT_STR(package->commands[1].entry, "e2e");
	cr_assert(package_depends(package, "jest") && package_depends(package, "mocha"));
	cr_assert_not(package_depends(package, "Jest"));
	cr_assert(package_has_file(package, "package.json"));
	const char *const programs[] = {"mocha", "playwright", NULL};
	cr_assert_eq(package_command(package, programs), &package->commands[1]);
	cr_assert_null(package_command(package, (const char *const[]){"ava", NULL}));
	package_free(package);
	temp_free(dir);
}

TEST(package, without_or_broken)
{
	char *dir = temp_new();
	struct error err = ERROR_INIT;
	struct package *package = read_ok(dir);

	ASSERT_STR(package->name, path_basename(dir));
	ASSERT_INT(package->command_count, 0);
	package_free(package);
	temp_write(dir, "package.json", "{\"scripts\": {");
	cr_assert_null(package_read(dir, &err));
	ASSERT_INT(err.code, EXIT_CODE_USAGE);
	cr_assert(strstr(err.text, "package.json"), "%s", err.text);
	temp_write(dir, "package.json", "{\"scripts\": [\"jest\"], \"name\": 5}");
	package = read_ok(dir);
	ASSERT_INT(package->command_count, 0);
	package_free(package);
	package_free(NULL);
	temp_free(dir);
}

TEST(package, expand)
{
	char *top = temp_new();
	cleanup_free char *dir = path_join(top, "a [b] *");
	cleanup_strvec struct strvec args = STRVEC_INIT;
	static const char *const expected[] = {
		"./test/a.js", "./test/b c.js", "test/*.js", "no/*.js", "test/deep/c.js", "-x"};

	temp_write(dir, "package.json",
		"{\"scripts\":{\"test\":\"mocha ./test/*.js 'test/*.js' no/*.js test/**/c.js "
		"-x\"}}");
	temp_write(dir, "test/a.js", "");
	temp_write(dir, "test/b c.js", "");
	temp_write(dir, "test/c.ts", "");
	temp_write(dir, "test/deep/c.js", "");
	struct package *package = read_ok(dir);
	package_expand(&package->commands[0], dir, &args);
	ASSERT_INT(args.n, ARRAY_LEN(expected));
	for (size_t i = 0; i < args.n; i++)
		ASSERT_STR(args.v[i], expected[i]);
	package_free(package);
	temp_free(top);
}

static void check_workspaces(const char *dir, const char *expected)
{
	struct error err = ERROR_INIT;
	cleanup_strvec struct strvec dirs = STRVEC_INIT;
	cleanup_strbuf struct strbuf got = STRBUF_INIT;
	struct package *package = read_ok(dir);

	cr_assert_eq(package_workspaces(package, &dirs, &err), 0, "%s", err.text);
	for (size_t i = 0; i < dirs.n; i++)
		strbuf_addf(&got, "%s%s", i ? " " : "", dirs.v[i] + strlen(dir) + 1);
	ASSERT_STR(got.buf, expected);
	package_free(package);
}

TEST(package, workspaces)
{
	static const char *const folders[] = {"packages/b", "packages/a",
		"packages/a/node_modules/x", "packages/a/sub", "apps/web", "website", ".hidden/x"};
	static const char *const rows[][2] = {
		{"{\"workspaces\":[\"packages/*\"]}", "packages/a packages/b"},
		{"{\"workspaces\":{\"packages\":[\"./packages/*/\",\"website\",\"apps/*\"]}}",
			"apps/web packages/a packages/b website"},
		{"{\"workspaces\":[\"packages/**\",\"packages/a\"]}",
			"packages/a packages/a/sub packages/b"},
		{"{\"workspaces\":[\"!packages/b\",\"packages/*\"]}", "packages/a"},
		{"{\"workspaces\":[\"{packages,apps}/*\"]}", "apps/web packages/a packages/b"},
		{"{\"workspaces\":[\"../*\",\"/tmp/*\",\".\",\"missing/*\",5]}", ""},
		{"{\"workspaces\":\"packages/*\"}", ""},
		{"{}", ""},
	};
	char *dir = temp_new();
	for (size_t i = 0; i < ARRAY_LEN(folders); i++) {
		cleanup_free char *file = xasprintf("%s/package.json", folders[i]);
		temp_write(dir, file, "{}");
	}
	temp_write(dir, "packages/no-package/readme", "");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		temp_write(dir, "package.json", rows[i][0]);
		check_workspaces(dir, rows[i][1]);
	}
	temp_write(dir, "lerna.json", "{\"packages\":[\"apps/*\"]}");
	check_workspaces(dir, "apps/web");
	temp_write(dir, "pnpm-workspace.yaml",
		"# all\npackages:\n  # the libraries\n  - 'packages/*' # x\n  - website\n"
		"  - \"!packages/b\"\ncatalog:\n  - apps/*\n");
	check_workspaces(dir, "packages/a website");
	temp_write(dir, "pnpm-workspace.yaml", "packages: ['apps/*', \"website\"]\r\nother: 1\r\n");
	check_workspaces(dir, "apps/web website");
	temp_write(dir, "pnpm-workspace.yaml", "packages:\n- packages/*\n-\n- 'x");
	check_workspaces(dir, "packages/a packages/b");
	temp_free(dir);
}

/* A link back up must not make `**` walk for ever. */
TEST(package, workspaces_loop)
{
	char *dir = temp_new();
	cleanup_free char *link = path_join(dir, "packages/a/up");

	temp_write(dir, "packages/a/package.json", "{}");
	temp_write(dir, "package.json", "{\"workspaces\":[\"packages/**\"]}");
	cr_assert_eq(symlink("../..", link), 0);
	check_workspaces(dir, "packages/a");
	temp_free(dir);
}
