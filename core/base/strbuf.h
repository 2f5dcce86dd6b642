/*
 * A growing string. Invariants: `buf` is never NULL and always ends with '\0' at buf[len]; the
 * content may hold any byte.
 */
#pragma once

#include "core/base/base.h"

struct strbuf {
	char *buf;
	size_t len;
	size_t cap; /* 0 while buf is the shared empty string */
};

extern char strbuf_empty[1];
#define STRBUF_INIT                \
	{                          \
		strbuf_empty, 0, 0 \
	}
#define cleanup_strbuf __attribute__((cleanup(strbuf_release)))

void strbuf_init(struct strbuf *sb);
void strbuf_release(struct strbuf *sb); /* usable again afterwards, empty */
/* Hand the string over (caller frees); the buffer is empty afterwards. */
char *strbuf_detach(struct strbuf *sb);
void strbuf_reset(struct strbuf *sb); /* empty, memory kept */
void strbuf_grow(struct strbuf *sb, size_t extra);
void strbuf_setlen(struct strbuf *sb, size_t len); /* len <= sb->len */

static inline void strbuf_add(struct strbuf *sb, const void *data, size_t len)
{
	if (!len)
		return;
	if (sb->len + len >= sb->cap)
		strbuf_grow(sb, len);
	memcpy(sb->buf + sb->len, data, len);
	sb->len += len;
	sb->buf[sb->len] = '\0';
}
static inline void strbuf_addstr(struct strbuf *sb, const char *s)
{
	strbuf_add(sb, s, strlen(s));
}
static inline void strbuf_addch(struct strbuf *sb, char c)
{
	if (sb->len + 1 >= sb->cap)
		strbuf_grow(sb, 1);
	sb->buf[sb->len++] = c;
	sb->buf[sb->len] = '\0';
}
/* Decimal digits; many times quicker than strbuf_addf(). */
void strbuf_addu(struct strbuf *sb, uint64_t n);
void strbuf_addchn(struct strbuf *sb, char c, size_t n);
void strbuf_addf(struct strbuf *sb, const char *fmt, ...) FORMAT(2, 3);
void strbuf_vaddf(struct strbuf *sb, const char *fmt, va_list ap);
void strbuf_remove(struct strbuf *sb, size_t pos, size_t len);
/* Take white space (also line ends) off the end. */
void strbuf_rtrim(struct strbuf *sb);
