/*
 * XML, written: escaped text and attributes appended to a strbuf. What is given is valid UTF-8 of
 * characters that XML allows, as a parser hands it over; nothing is checked here.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

/* Content: `&`, `<`, `>` and the carriage return, which a reader would drop. */
void markup_text(struct strbuf *out, const char *s, size_t len);
/* ` name="value"`; tabs and line feeds survive, and so does the quote. */
void markup_attribute(struct strbuf *out, const char *name, const char *value);
