/*
 * JSON, written: a stream into a strbuf, never a tree. Keys are given inside objects and NULL
 * inside arrays and at the top. Invalid UTF-8 becomes U+FFFD, control characters are escaped.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

struct jsonw {
	struct strbuf *out;
	bool pretty;   /* two-space indentation */
	bool has_item; /* the open object or array already holds something */
	int depth;
};

void jsonw_init(struct jsonw *w, struct strbuf *out, bool pretty);
void jsonw_object_begin(struct jsonw *w, const char *key);
void jsonw_object_end(struct jsonw *w);
void jsonw_array_begin(struct jsonw *w, const char *key);
void jsonw_array_end(struct jsonw *w);
void jsonw_string(struct jsonw *w, const char *key, const char *value); /* NULL gives null */
void jsonw_stringn(struct jsonw *w, const char *key, const char *value, size_t len);
void jsonw_int(struct jsonw *w, const char *key, int64_t value);
void jsonw_double(struct jsonw *w, const char *key, double value); /* shortest; NaN gives null */
void jsonw_bool(struct jsonw *w, const char *key, bool value);
void jsonw_null(struct jsonw *w, const char *key);
/* `text` is already JSON. */
void jsonw_raw(struct jsonw *w, const char *key, const char *text);
/* Append `s` quoted and escaped. */
void jsonw_quote(struct strbuf *out, const char *s, size_t len);
