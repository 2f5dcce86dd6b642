/* Which files a change touches: asked of git, the program. */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strmap.h"

/*
 * Keys of *ret: files below `dir` (absolute), relative to it, that differ between the working tree
 * and the point where HEAD left `ref` (NULL = the default branch, as far as git knows one), and
 * files that git does not know yet. On the default branch itself: since the commit before. -1: no
 * git, no repository, or a clone that is too shallow to tell.
 */
int changed_files(const char *dir, const char *ref, struct strmap *ret, struct error *err);
/* The same since HEAD left `rev`, any name of a commit; HEAD = what is not committed. */
int changed_since(const char *dir, const char *rev, struct strmap *ret, struct error *err);
/* Of such a map: a file that was not there before. */
bool changed_is_added(const struct strmap *changed, const char *file);
