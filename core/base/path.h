/* Paths as text; nothing here touches the disk but path_exists/is_dir/real. '/' is the separator. */
#pragma once

#include "core/base/base.h"

char *path_join(const char *dir, const char *name); /* an absolute name wins */
char *path_dirname(const char *path);               /* "." when there is none */
const char *path_basename(const char *path);        /* borrowed, points into path */
const char *path_extension(const char *path);       /* ".ts", or "" */
/* Take "." and ".." and doubled slashes out, without looking at links. */
char *path_normalize(const char *path);
/* `path` as seen from `base` (both absolute, normal). "../" where needed; "." for the same. */
char *path_relative(const char *base, const char *path);
/* True when `path` is `dir` or below it (both absolute, normal). */
bool path_is_below(const char *dir, const char *path);
bool path_exists(const char *path);
bool path_is_dir(const char *path);
char *path_real(const char *path); /* links resolved; NULL when it does not exist */
char *path_cwd(void);
/* Shell-like match of a whole path: `*` and `?` within one part, `**` over parts, `[a-z]`,
 * `{a,b}`. A leading "!" is not handled here. */
bool path_glob(const char *pattern, const char *path);
