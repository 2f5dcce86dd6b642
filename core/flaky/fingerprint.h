/*
 * Failure messages that say the same thing have the same fingerprint: what changes from run to run
 * (numbers, hexadecimal, UUIDs, paths, quoted values, timings, colours) is taken out first. Pure.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

/* Append the first lines of the message with `N`, `PATH`, `"…"` in place of what changes. Invalid
 * or hostile bytes pass through; the result is bounded (a few hundred bytes). */
void fingerprint_text(struct strbuf *out, const char *message);
/* 63 bits, never 0; 0 for NULL and for a message without a visible character. */
int64_t fingerprint(const char *message);
