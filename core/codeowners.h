/*
 * Who owns a file: CODEOWNERS with the rules of GitHub. It is looked for in .github/, the root of
 * the repository and docs/, and the first one found counts. The last line whose pattern matches
 * decides; a line without owners takes them away.
 *
 * Patterns are those of .gitignore, but for `!` and `[a-z]`, which GitHub does not know; `docs/ *`
 * (without the space) means the files directly in docs.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strvec.h"

struct codeowners;

/* The file of the repository that `base` (absolute) lies in. NULL: there is none. */
struct codeowners *codeowners_load(const char *base);
/* Of a text; `prefix` is the way from the repository's root to what paths are relative to ("" or
 * "packages/api"). */
struct codeowners *codeowners_parse(const char *text, const char *prefix);
void codeowners_free(struct codeowners *owners); /* accepts NULL */

/* The owners of a path (relative to the base), "@a @b"; NULL = nobody. `owners` may be NULL. */
const char *codeowners_of(const struct codeowners *owners, const char *path);
/* One of its owners is `owner`, case ignored; "@shop/x" is the same as "shop/x". */
bool codeowners_has(const struct codeowners *owners, const char *path, const char *owner);
