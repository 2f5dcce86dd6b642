/*
 * Whether the working tree is the commit that it stands on: only then do two runs at one commit run
 * the same code. Asked from `git status`, which works while the tests do.
 */
#pragma once

#include "core/base/base.h"

struct tree {
	int fd; /* what git prints; -1 = not asked */
	pid_t pid;
};

#define TREE_INIT     \
	{             \
		-1, 0 \
	}
/* Starts git; without git, or outside of a repository, the answer will be no. */
void tree_ask(struct tree *tree, const char *base);
/* The answer as of the start. Waits for git, but not for long. */
bool tree_is_clean(struct tree *tree);
void tree_release(struct tree *tree);
