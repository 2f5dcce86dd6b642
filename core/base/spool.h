/*
 * A file in the making that is too large for memory: it is appended to, can be taken back to an
 * earlier place, and can be changed where it is already written. It has no name until it is
 * committed, so an interrupted program leaves nothing behind (a file system without O_TMPFILE:
 * a ".tmp" beside the output).
 *
 * Write to `buf` (any strbuf function) and call spool_settle() now and then. Errors are kept, not
 * returned, until the end: spool_commit() and spool_copy() tell them.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"

struct spool {
	struct strbuf buf; /* behind what is in the file */
	int64_t flushed;   /* bytes in the file */
	int fd;            /* -1: everything is only counted and thrown away */
	char *path;        /* where it is going; NULL = nowhere, see spool_copy() */
	char *temp;        /* name in the meantime, or NULL */
	int errnum;        /* first write error, 0 = none */
};

/* For a file that will be called `path`; parents are made. NULL: for spool_copy(), in $TMPDIR. */
int spool_open(struct spool *s, const char *path, struct error *err);
/* Readable by nobody else; before anything is in it. */
void spool_make_private(struct spool *s);
/* Keeps nothing. */
void spool_open_null(struct spool *s);
/* Write out the buffer when it is large. */
void spool_settle(struct spool *s);
static inline int64_t spool_tell(const struct spool *s)
{
	return s->flushed + (int64_t)s->buf.len;
}
/* Forget everything from `position` on. */
void spool_rewind(struct spool *s, int64_t position);
/* Overwrite `len` bytes that are already there. */
void spool_patch(struct spool *s, int64_t position, const char *data, size_t len);
/* Give the file its name: fsync, then rename over what was there; a link is replaced, not followed.
 * Error code: infrastructure. */
int spool_commit(struct spool *s, struct error *err);
/* Write everything to `fd`. A reader that has gone away (EPIPE) wanted no more: 0. */
int spool_copy(struct spool *s, int fd, struct error *err);
void spool_release(struct spool *s);
