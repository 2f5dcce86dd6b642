#include "core/base/base.h"

#include "core/codeowners.h"
#include "tests/support/temp.h"

/* The example of GitHub's documentation, and what people trip over. */
static const char text[] = "# a comment\n"
			   "*       @global-owner1 @global-owner2\n"
			   "*.js    @js-owner #This is an inline comment.\n"
			   "*.go docs@example.com\n"
			   "*.txt @octo-org/octocats\r\n"
			   "/build/logs/ @doctocat\n"
			   "docs/* \tdocs@example.com\n"
			   "apps/ @octocat\n"
			   "/scripts/ @doctocat @octocat\n"
			   "**/logs @octocat\n"
			   "/apps/github\n"
			   "/apps/github/doc @doctor\n"
			   "with\\ space/a.js @space\n"
			   "a{b}[c].ts @literal\n";

TEST(codeowners, rules)
{
	static const struct {
		const char *path, *owners; /* NULL = nobody */
	} rows[] = {
		{"README", "@global-owner1 @global-owner2"},
		{"a.js", "@js-owner"},
		{"deep/in/a.js", "@js-owner"},
		{"x.go", "docs@example.com"},
		{"x.txt", "@octo-org/octocats"},
		{"build/logs/a/b.c", "@octocat"}, /* the later **\/logs */
		{"other/build/logs", "@octocat"},
		{"docs/getting-started.md", "docs@example.com"},
		{"docs/build-app/troubleshooting.md", "@global-owner1 @global-owner2"},
		{"x/docs/a.md", "@global-owner1 @global-owner2"},
		{"apps/x.js", "@octocat"},
		{"deep/apps/x/y.js", "@octocat"},
		{"scripts/a/b", "@doctocat @octocat"},
		{"x/scripts/a", "@global-owner1 @global-owner2"},
		{"apps/github/x.js", NULL},
		{"apps/github", NULL},
		{"apps/github/doc/x", "@doctor"},
		{"apps/githubx", "@octocat"},
		{"with space/a.js", "@space"},
		{"a{b}[c].ts", "@literal"},
		{"abc.ts", "@global-owner1 @global-owner2"},
	};
	struct codeowners *c = codeowners_parse(text, "");

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *owners = codeowners_of(c, rows[i].path);
		cr_expect_str_eq(owners ? owners : "(nobody)",
			rows[i].owners ? rows[i].owners : "(nobody)", "%s: %s", rows[i].path,
			owners ? owners : "(nobody)");
	}
	cr_assert(codeowners_has(c, "scripts/x", "octocat"));
	cr_assert(codeowners_has(c, "scripts/x", "@OctoCat"));
	cr_assert_not(codeowners_has(c, "scripts/x", "octo"));
	cr_assert_not(codeowners_has(c, "apps/github", "octocat"));
	codeowners_free(c);
	cr_assert_null(codeowners_of(NULL, "x"));
}

TEST(codeowners, paths_are_those_of_the_repository)
{
	char *dir = temp_new();
	cleanup_free char *base = path_join(dir, "packages/api");

	temp_write(dir, ".git/HEAD", "ref: refs/heads/main\n");
	temp_write(dir, "packages/api/package.json", "{}");
	cr_assert_null(codeowners_load(base));
	temp_write(dir, "docs/CODEOWNERS", "* @docs\n");
	temp_write(dir, "CODEOWNERS", "* @root\n/packages/api/ @api\n");
	struct codeowners *c = codeowners_load(base);
	cr_assert(c);
	ASSERT_STR(codeowners_of(c, "test/a.js"), "@api");
	codeowners_free(c);
	temp_write(dir, ".github/CODEOWNERS", "* @github\n");
	c = codeowners_load(base);
	ASSERT_STR(codeowners_of(c, "test/a.js"), "@github");
	codeowners_free(c);
	temp_free(dir);
}
