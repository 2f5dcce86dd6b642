/*
 * Answers of many rows on stdout: a text for people, or --json, --csv, --markdown. They stream:
 * what is in memory is one row and 64 KiB.
 */
#pragma once

#include "cmd/options.h"
#include "core/base/jsonw.h"
#include "core/base/sink.h"

enum rows_format { ROWS_TEXT, ROWS_JSON, ROWS_CSV, ROWS_MARKDOWN };

/* What such a command takes beside --json. */
#define ROWS_OPTIONS                                                                  \
	{"csv", 0, OPTION_FLAG, NULL, "as CSV (RFC 4180), for spreadsheets"},         \
	{                                                                             \
		"markdown", 0, OPTION_FLAG, NULL, "as a Markdown table, for comments" \
	}

struct rows {
	enum rows_format format;
	struct sink sink; /* of the text; colour and columns are set */
	bool utf8;        /* the terminal shows more than ASCII */
	struct strbuf line;
	struct jsonw json; /* between rows_begin() and rows_end(), for ROWS_JSON */
	size_t cells, n;
};

/* `headings` (NULL-ended) are those of CSV and Markdown. With ROWS_JSON the document is opened and
 * then the array `list` in it. */
int rows_open(struct rows *rows, const struct options *options, const char *schema,
	const char *list, const char *const *headings, struct error *err);
void rows_begin(struct rows *rows);
/* The next cell, for CSV and Markdown; NULL = empty. */
void rows_text(struct rows *rows, const char *text);
void rows_int(struct rows *rows, int64_t n);
void rows_number(struct rows *rows, double value, int decimals);
void rows_end(struct rows *rows);
/* The reader has gone away: nobody needs more rows. */
bool rows_unwanted(const struct rows *rows);
/* Ends the document. -1: stdout cannot be written. */
int rows_close(struct rows *rows, struct error *err);

/* For people: which test it is, in one line, or where that is too narrow the title below the file.
 * `title` is for printing already; `project` may be "". */
void rows_name(
	struct rows *rows, int indent, const char *file, const char *project, const char *title);
/* How many tests were left out because they are gone; nothing when none was. */
void rows_gone(struct rows *rows, size_t n);
/* The last outcomes, oldest first: 1 in `failed` and in `flaky`, newest in bit 0. */
void rows_sparkline(struct strbuf *out, uint64_t failed, uint64_t flaky, int n, bool utf8);
