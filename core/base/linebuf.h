/*
 * Splits a byte stream into lines, in bounded memory. A line longer than the limit is given up: its
 * callback gets `truncated`, with the first bytes only.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

/* `line` is without its newline and '\0'-ended; it may be changed in place by the callee. Return
 * false to stop: the rest of the data is kept for the next linebuf_feed(). */
typedef bool linebuf_fn(void *arg, char *line, size_t len, bool truncated);

struct linebuf {
	struct strbuf rest;
	size_t limit_bytes;
	bool skipping; /* inside a line that was given up */
};

void linebuf_init(struct linebuf *lb, size_t limit_bytes);
void linebuf_release(struct linebuf *lb);
void linebuf_feed(struct linebuf *lb, const char *data, size_t len, linebuf_fn *fn, void *arg);
/* At the end of the stream: hand out a last line that has no newline. */
void linebuf_finish(struct linebuf *lb, linebuf_fn *fn, void *arg);
