/* Whole files and directories. Writing is temp + fsync + rename and follows no symlink. */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"
#include "core/base/strvec.h"

/* Append the content to `out`. A file larger than `max_bytes` is an error. Errors carry `code`. */
int file_read(const char *path, size_t max_bytes, enum exit_code code, struct strbuf *out,
	struct error *err);
/* Whole or not at all; mode 0600 (`private`) or 0644. Error code: infrastructure. */
int file_write(const char *path, const void *data, size_t len, bool private, struct error *err);
/* The same (0644) for one of thousands of files that can be made again: not waited for until it is
 * on the disk. */
int file_write_many(const char *path, const void *data, size_t len, struct error *err);
/* Create the directory and its parents. */
int file_mkdirs(const char *path, struct error *err);
/* Remove a file or a whole directory tree; links are removed, not followed. Missing is fine. */
int file_remove_tree(const char *path, struct error *err);
/* Names in a directory, sorted by bytes, without "." and "..". A missing directory is empty. */
void file_list_dir(const char *path, struct strvec *ret_names);
/* write(2) until all is out. Returns 0 or -1 with errno. */
int file_write_all(int fd, const void *data, size_t len);
