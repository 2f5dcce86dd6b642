/*
 * Terminal colours out, and the filter for text that tests print: only SGR (colour) sequences pass,
 * everything else that a terminal would act on becomes visible or disappears.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

enum ansi_style {
	ANSI_RESET,
	ANSI_BOLD,
	ANSI_DIM,
	ANSI_RED,
	ANSI_GREEN,
	ANSI_YELLOW,
	ANSI_BLUE,
	ANSI_MAGENTA,
	ANSI_CYAN,
};

/* The escape sequence, or "" when `color` is false. */
const char *ansi(enum ansi_style style, bool color);

/* Append `len` bytes of foreign text to `out`: line feeds and tabs stay; with `color` SGR sequences
 * stay, and a reset is added when one was left open; everything else is dropped (escape sequences,
 * C0, C1, bidi overrides) or replaced by U+FFFD (invalid UTF-8). "\r\n" becomes "\n". */
void ansi_filter(struct strbuf *out, const char *s, size_t len, bool color);
