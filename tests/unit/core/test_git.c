#include "core/base/base.h"

#include "core/change/git.h"
#include "tests/support/temp.h"
#include "tests/support/test.h"

#define HASH_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HASH_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static void check(const char *dir, const char *root, const char *commit, const char *branch)
{
	struct git_head head;

	git_head(dir, &head);
	cr_expect(streq_null(head.root, root), "root %s", head.root);
	cr_expect(streq_null(head.commit, commit), "commit %s", head.commit);
	cr_expect(streq_null(head.branch, branch), "branch %s", head.branch);
	git_head_release(&head);
}

TEST(git, head)
{
	char *dir = temp_new();
	cleanup_free char *deep = path_join(dir, "a/b");

	temp_write(dir, "a/b/file", "");
	temp_write(dir, ".git/HEAD", "ref: refs/heads/feature/x\n");
	check(deep, dir, NULL, "feature/x"); /* no commit yet */
	temp_write(dir, ".git/packed-refs",
		"# pack-refs with: peeled\n" HASH_B " refs/heads/feature/x2\n" HASH_A
		" refs/heads/feature/x\n^" HASH_B "\n");
	check(deep, dir, HASH_A, "feature/x");
	temp_write(dir, ".git/refs/heads/feature/x", HASH_B "\n"); /* newer than packed */
	check(dir, dir, HASH_B, "feature/x");
	temp_write(dir, ".git/HEAD", HASH_A "\n");
	check(dir, dir, HASH_A, NULL);
	temp_write(dir, ".git/HEAD", "nonsense");
	check(dir, dir, NULL, NULL);
	temp_write(dir, ".git/HEAD", "");
	check(dir, dir, NULL, NULL);
	temp_free(dir);
}

TEST(git, worktree)
{
	char *dir = temp_new();
	cleanup_free char *work = path_join(dir, "work");
	cleanup_free char *link = xasprintf("gitdir: %s/main/.git/worktrees/topic-tree\n", dir);

	temp_write(dir, "main/.git/HEAD", "ref: refs/heads/main\n");
	temp_write(dir, "main/.git/refs/heads/topic", HASH_A "\n");
	temp_write(dir, "main/.git/worktrees/topic-tree/HEAD", "ref: refs/heads/topic\n");
	temp_write(dir, "main/.git/worktrees/topic-tree/commondir", "../..\n");
	temp_write(dir, "work/.git", link);
	check(work, work, HASH_A, "topic");
	temp_write(dir, "work/.git",
		"gitdir: ../main/.git/worktrees/topic-tree"); /* as in submodules */
	check(work, work, HASH_A, "topic");
	temp_write(dir, "main/.git/packed-refs", HASH_B " refs/heads/packed");
	temp_write(dir, "main/.git/worktrees/topic-tree/HEAD", "ref: refs/heads/packed\n");
	check(work, work, HASH_B, "packed");
	temp_free(dir);
}
