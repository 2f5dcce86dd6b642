/* Lines that differ from a commit, as git tells them. Starts a git process; reads only. */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strmap.h"

struct git_range {
	int64_t from, to; /* lines of the new file, from 1, both included */
};

struct git_file {
	struct git_range *ranges; /* ascending */
	size_t n, cap;
};

struct git_changes {
	struct strmap files; /* absolute path -> git_file */
	char *against;       /* the merge base, 40 hex digits */
};

/*
 * What the working tree in `dir` changed since it left `ref` (since their merge base). `ref` NULL:
 * the branch it goes into, from GITHUB_BASE_REF and its like, else origin/HEAD, origin/main,
 * origin/master, main, master. A file that git does not know and is not told to ignore is new from
 * its first line to its last: whoever forgot `git add` means it. -1: no git, no such commit.
 */
int git_diff(const char *dir, const char *ref, struct git_changes *ret, struct error *err);
void git_changes_release(struct git_changes *changes);
