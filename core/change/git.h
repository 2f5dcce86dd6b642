/* Commit and branch of a working tree, read from git's files: no process is started. */
#pragma once

#include "core/base/base.h"

struct git_head {
	char *root;   /* working tree; NULL = none found */
	char *commit; /* 40 hex digits, or NULL */
	char *branch; /* NULL when detached */
};

/* Looks in `dir` and its parents. Always fills *ret. */
void git_head(const char *dir, struct git_head *ret);
void git_head_release(struct git_head *head);
