/*
 * JSON text, token by token, from a file through a window of fixed size. Nothing is read twice and
 * no tree is built. The caller pulls; when the window is used up, more is read.
 *
 * Capture: between stream_capture() and stream_captured() everything that is consumed, blanks
 * between tokens left out, is also collected, so that equal values give equal bytes.
 *
 * Faults: the first one is kept with its offset; from then on every call fails. Bounded: nesting
 * (STREAM_DEPTH_MAX), strings that are looked at (STREAM_STRING_MAX), captured values
 * (STREAM_CAPTURE_MAX).
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

enum {
	STREAM_DEPTH_MAX = 128,
	STREAM_STRING_MAX = 64 * 1024,
	STREAM_CAPTURE_MAX = 256 * 1024 * 1024,
	STREAM_WINDOW = 128 * 1024, /* more no longer fits the caches */
};

struct coverage_stream {
	const char *p, *end; /* what is left of the window, or of the text that is replayed */
	int fd;              /* -1: text in memory only */
	char *window;        /* NULL in memory */
	const char *kept_p;  /* replaying: where the window goes on */
	const char *kept_end;
	bool replaying;
	int64_t behind;   /* offset of `end` in the file */
	bool ended;       /* the file has */
	const char *mark; /* capturing: from here on it is not yet in `text` */
	struct strbuf *text;
	bool wide;        /* captured bytes that are not ASCII */
	const char *what; /* the fault, or NULL; static */
	int64_t fault_at;
	int errnum; /* reading failed */
};

/* `window` holds STREAM_WINDOW bytes and is the caller's. */
void stream_open(struct coverage_stream *s, int fd, char *window);
/* Text in memory; `base` is its offset in the file, for faults. */
void stream_open_text(struct coverage_stream *s, const char *text, size_t len, int64_t base);
int64_t stream_offset(const struct coverage_stream *s);
/* Keep the first fault. Returns false. */
bool stream_fault(struct coverage_stream *s, const char *what);
/* Read more behind what is left; false at the end. */
bool stream_fill(struct coverage_stream *s);
/* As many bytes in the window as asked for, if the file has them. */
static inline bool stream_has(struct coverage_stream *s, size_t n)
{
	while ((size_t)(s->end - s->p) < n)
		if (s->replaying || !stream_fill(s))
			return false;
	return true;
}

/* The next byte behind blanks, not consumed; -1 at the end. */
int stream_peek_far(struct coverage_stream *s);
static inline int stream_peek(struct coverage_stream *s)
{
	return s->p < s->end && (unsigned char)*s->p > ' ' ? (unsigned char)*s->p
							   : stream_peek_far(s);
}
/* Consume it if it is the next one. */
static inline bool stream_take(struct coverage_stream *s, char c)
{
	if (s->what || stream_peek(s) != (unsigned char)c)
		return false;
	s->p++;
	return true;
}
/* Consume the byte `c` behind blanks, or fault. */
bool stream_expected(struct coverage_stream *s, char c);
static inline bool stream_expect(struct coverage_stream *s, char c)
{
	return stream_take(s, c) || stream_expected(s, c);
}
/* A string; its raw text (escapes as they are) to `raw` (NULL: not wanted). */
bool stream_string(struct coverage_stream *s, struct strbuf *raw);
/* Name of a member and its colon. Names that do not fit are cut: longer than any we know. */
bool stream_key(struct coverage_stream *s, char key[static 32]);
/* A whole number, `null` as COVERAGE_NOWHERE; held within 32 bits. */
bool stream_int(struct coverage_stream *s, int32_t *ret);
/* A count: a number from 0 on, whole; at most COVERAGE_HITS_MAX. */
bool stream_hits(struct coverage_stream *s, uint64_t *ret);
/* Any one value. */
bool stream_skip(struct coverage_stream *s);
/* Members or items: `while (stream_next(s, &first, '}'))`. False at the end or with a fault. */
static inline bool stream_next(struct coverage_stream *s, bool *first, char close)
{
	if (s->what || stream_take(s, close))
		return false;
	if (!*first && !stream_expect(s, ','))
		return false;
	*first = false;
	return true;
}

/* Members by their names: `while (stream_member(s, &first, key))`. False at the end or with a
 * fault. */
static inline bool stream_member(struct coverage_stream *s, bool *first, char key[static 32])
{
	return stream_next(s, first, '}') && stream_key(s, key);
}

void stream_capture(struct coverage_stream *s, struct strbuf *text);
/* Ends it; false when there was a fault. Bytes that are no UTF-8 have become U+FFFD. */
bool stream_captured(struct coverage_stream *s, bool *ret_repaired);
/* Consume bytes as long as they are those of `text`; returns how many were. */
size_t stream_match(struct coverage_stream *s, const char *text, size_t len);
/* Consume `text` next, as if it stood in the file; the caller keeps it until then. */
void stream_replay(struct coverage_stream *s, const char *text, size_t len);

/* Text of a raw JSON string: escapes resolved, what is no UTF-8 becomes U+FFFD. */
void stream_unescape(struct strbuf *out, const char *raw, size_t len);
