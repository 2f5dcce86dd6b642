/*
 * Where a reporter writes: a stream, a file that appears whole at the end, or memory. Errors are
 * kept, not returned: sink_close() tells them once.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"

struct spool;
struct sink {
	int fd;     /* -1 for memory and files */
	char *path; /* file: gets its name from sink_close() */
	struct strbuf buf;
	struct spool *spool; /* file: what is not in `buf` any more */
	bool owns_fd;        /* close fd at the end */
	bool tty;            /* a terminal that may be redrawn */
	bool color;
	int columns; /* width for people; 80 when unknown */
	int rows;    /* height of the terminal; 0 when unknown */
	int errnum;  /* first write error, 0 = none */
};

void sink_init_fd(struct sink *s, int fd); /* -1: all of it stays in `buf` */
/* The file appears whole, by sink_close(); until then it has no name (core/base/spool.h). It is
 * readable by nobody else: what tests have printed may be in it. */
void sink_init_file(struct sink *s, const char *path);
void sink_write(struct sink *s, const void *data, size_t len);
void sink_puts(struct sink *s, const char *text);
void sink_printf(struct sink *s, const char *fmt, ...) FORMAT(2, 3);
/* For fd: write out what is buffered. sink_write() on a fd or a file buffers up to 64 KiB. */
void sink_flush(struct sink *s);
/* Flush or write the file, release. -1 when any write failed (infrastructure). */
int sink_close(struct sink *s, struct error *err);
