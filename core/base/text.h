/* Text for people: UTF-8, width on a terminal, durations, quoting, closest word. */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

/* Bytes of the valid UTF-8 character at `s`, or 0 when it is not one. */
size_t text_utf8_len(const char *s, size_t len);
/* Columns that `s` takes on a terminal; SGR sequences take none. */
size_t text_width(const char *s);
/* Append `s` cut to `columns`: in the middle, with an ellipsis, at character boundaries. */
void text_truncate_middle(struct strbuf *out, const char *s, size_t columns);
/* Append `s` cut to `columns` at the end, with an ellipsis. SGR sequences are kept whole. */
void text_truncate(struct strbuf *out, const char *s, size_t columns);

/* "412ms", "1.5s", "10m", "2h", "90" (seconds). Returns milliseconds, or -1. */
int64_t text_parse_duration(const char *s);
/* For people: "412 ms", "1.2 s", "3 m 05 s", "2 h 04 m". */
void text_duration(struct strbuf *out, int64_t ms);
/* "1,240" */
void text_count(struct strbuf *out, int64_t n);
/* Quoted for sh so that it is one word with exactly this content; bare when it is harmless. */
void text_shell_quote(struct strbuf *out, const char *s);
/* JavaScript regular expression source that matches exactly `s`. */
void text_regex_escape(struct strbuf *out, const char *s);
/* The first of `words` (NULL-ended) that begins with `word` of three letters or more, else the
 * closest one at a distance of at most 2 (1 for short words), or NULL. */
const char *text_closest(const char *word, const char *const *words);
