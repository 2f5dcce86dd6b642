#include "core/base/base.h"

#include "core/change/changed.h"
#include "tests/support/temp.h"

#include <sys/stat.h>

static void git(const char *dir, const char *args)
{
	cleanup_free char *command = xasprintf("git -C %s -c user.name=a -c user.email=a@b "
					       "-c commit.gpgsign=false %s >/dev/null 2>&1",
		dir, args);

	cr_assert_eq(system(command), 0, "%s", command);
}

static void check(const char *dir, const char *ref, const char *want)
{
	struct strmap map = STRMAP_INIT;
	struct error err = ERROR_INIT;
	cleanup_strvec struct strvec names = STRVEC_INIT;
	cleanup_strbuf struct strbuf got = STRBUF_INIT;

	cr_assert_eq(changed_files(dir, ref, &map, &err), 0, "%s", err.text);
	strmap_each (e, &map)
		strvec_push(&names, e->key);
	strvec_sort(&names);
	for (size_t i = 0; i < names.n; i++)
		strbuf_addf(&got, "%s%s", i ? "|" : "", names.v[i]);
	cr_expect_str_eq(got.buf, want);
	strmap_release(&map, NULL);
}

TEST(changed, files)
{
	char *dir = temp_new();
	cleanup_free char *sub = path_join(dir, "sub");
	struct strmap map = STRMAP_INIT;
	struct error err = ERROR_INIT;

	if (system("git --version >/dev/null 2>&1") != 0)
		cr_skip_test("git is not installed");
	cr_assert_eq(changed_files(dir, NULL, &map, &err), -1);
	git(dir, "init -q -b main");
	temp_write(dir, "a.js", "1");
	temp_write(dir, "sub/b.js", "1");
	git(dir, "add .");
	git(dir, "commit -qm one");
	check(dir, NULL, ""); /* the first commit of all */
	temp_write(dir, "a.js", "2");
	git(dir, "commit -qam two");
	check(dir, NULL, "a.js"); /* on the default branch: the last commit */
	git(dir, "checkout -qb topic");
	check(dir, NULL, "a.js");
	temp_write(dir, "sub/b.js", "2");
	git(dir, "commit -qam three");
	temp_write(
		dir, "sub/new \"\xc3\xbc\n.js", "1"); /* names as they are; git does not know it */
	temp_write(dir, ".gitignore", "ignored\n");
	temp_write(dir, "ignored", "1");
	check(dir, NULL, ".gitignore|sub/b.js|sub/new \"\xc3\xbc\n.js");
	check(sub, NULL, "b.js|new \"\xc3\xbc\n.js"); /* below it, as seen from it */
	check(dir, "topic", ".gitignore|sub/b.js|sub/new \"\xc3\xbc\n.js");
	cr_assert_eq(changed_files(dir, "nowhere", &map, &err), -1);
	cr_assert_str_eq(err.text, "git does not know the branch nowhere");
	strmap_release(&map, NULL);
	temp_free(dir);
}

/* Without the files that git does not know a new test would be left out, and nobody would know. */
TEST(changed, nothing_is_left_out_silently)
{
	char *dir = temp_new();
	cleanup_free char *bin = path_join(dir, "bin");
	cleanup_free char *fake = path_join(bin, "git");
	cleanup_free char *path = xasprintf("%s:%s", bin, getenv("PATH"));
	cleanup_free char *script = xasprintf(
		"#!/bin/sh\ncase \"$*\" in *ls-files*) exit 3;; esac\nPATH='%s' exec git \"$@\"\n",
		getenv("PATH"));
	struct strmap map = STRMAP_INIT;
	struct error err = ERROR_INIT;

	if (system("git --version >/dev/null 2>&1") != 0)
		cr_skip_test("git is not installed");
	git(dir, "init -q -b main");
	temp_write(dir, "a.js", "1");
	git(dir, "add .");
	git(dir, "commit -qm one");
	temp_write(dir, "bin/git", script);
	cr_assert_eq(chmod(fake, 0755), 0);
	setenv("PATH", path, true);
	cr_assert_eq(changed_files(dir, NULL, &map, &err), -1);
	cr_assert_str_eq(err.text, "git cannot tell which files it does not know");
	strmap_release(&map, NULL);
	temp_free(dir);
}
