#include "core/base/base.h"

#include "core/base/path.h"
#include "tests/support/test.h"

TEST(path, normalize)
{
	static const char *const rows[][2] = {
		{"/a/./b/../c", "/a/c"},
		{"/..", "/"},
		{"a/..", "."},
		{"../a", "../a"},
		{"a/../../b", "../b"},
		{"/a//b/", "/a/b"},
		{"/a/..", "/"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *got = path_normalize(rows[i][0]);
		ASSERT_STR(got, rows[i][1]);
	}
}

TEST(path, relative)
{
	static const char *const rows[][3] = {
		{"/a/b", "/a/b/c.js", "c.js"},
		{"/a/b", "/a/c/d", "../c/d"},
		{"/a/b", "/a/bc", "../bc"},
		{"/a", "/a", "."},
		{"/a/b/c", "/x", "../../../x"},
		{"/", "/x/y", "x/y"},
		{"/a/b", "/a", ".."},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_free char *got = path_relative(rows[i][0], rows[i][1]);
		ASSERT_STR(got, rows[i][2]);
	}
}

TEST(path, glob)
{
	static const struct {
		const char *pattern, *path;
		bool match;
	} rows[] = {
		{"src/**/*.test.ts", "src/a/b/c.test.ts", true},
		{"src/**/*.test.ts", "src/c.test.ts", true},
		{"src/*.ts", "src/a/b.ts", false},
		{"packages/*", "packages/a", true},
		{"packages/*", "packages/a/b", false},
		{"packages/**", "packages/a/b", true},
		{"*.{js,ts}", "a.ts", true},
		{"*.{js,ts}", "a.tsx", false},
		{"[a-c].js", "b.js", true},
		{"[!a-c].js", "b.js", false},
		{"./a?.js", "ab.js", true},
		{"a\\*.js", "a*.js", true},
		{"a/{b,{c,d/**/}x}/e", "a/d/1/2/x/e", true},
		{"a/{b,{c,d/**/}x}/e", "a/d/e", false},
		{"{a", "{a", true},
		{"a,b}", "a,b}", true},
		{"[a", "[a", false},
		{"**/test/**", "test/a", true},
		{"**/test/**", "test", false},
		{"", "", true},
		/* which tries all ways to share the path among the stars would never end */
		{"**a**a**a**a**a**a**a**a**a**a**a**a**b",
			"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_eq(path_glob(rows[i].pattern, rows[i].path), rows[i].match, "%s ~ %s",
			rows[i].pattern, rows[i].path);
}
