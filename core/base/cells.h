/* Foreign text as one cell of a table: CSV for spreadsheets, Markdown as GitHub renders it. */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

/* RFC 4180. What a spreadsheet would take for a formula gets an apostrophe in front. */
void cells_csv(struct strbuf *out, const char *text);
/* One cell of a GFM table: nothing in it acts on Markdown, HTML, mentions or a terminal; a line
 * feed becomes <br>. At most `max_bytes` of the text. */
void cells_gfm(struct strbuf *out, const char *text, size_t max_bytes);
