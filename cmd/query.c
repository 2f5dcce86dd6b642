#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/store.h"
#include "core/base/jsonw.h"
#include "core/base/sink.h"
#include "core/base/text.h"
#include "core/history/query.h"

#include <math.h>

/* `query`: SQL on the history. The table takes its widths from the first rows, so that it can
 * stream. */
enum { SAMPLE_ROWS = 50, CELL_WIDTH = 60 };

enum query_form { AS_TABLE, AS_JSON, AS_CSV };

struct printing {
	enum query_form form;
	struct sink sink;
	int64_t rows;
	/* the table */
	struct strvec cells; /* of the rows that are held back; the first are the names */
	size_t *widths;
	bool *right; /* numbers */
	size_t columns;
	bool started;
};

/* ---- values ------------------------------------------------------------------------------------ */

static void put_real(struct strbuf *out, double value)
{
	char shortest[40];

	for (int digits = 6; digits <= 17; digits++) {
		snprintf(shortest, sizeof(shortest), "%.*g", digits, value);
		if (strtod(shortest, NULL) == value)
			break;
	}
	strbuf_addstr(out, shortest);
}

static void put_plain(struct strbuf *out, const struct history_value *v)
{
	switch (v->kind) {
	case HISTORY_NULL:
		break;
	case HISTORY_INTEGER:
		strbuf_addf(out, "%" PRId64, v->integer);
		break;
	case HISTORY_REAL:
		put_real(out, v->real);
		break;
	case HISTORY_TEXT:
		strbuf_add(out, v->text, strnlen(v->text, v->len));
		break;
	case HISTORY_BLOB:
		for (size_t i = 0; i < v->len; i++)
			strbuf_addf(out, "%02x", (unsigned char)v->text[i]);
		break;
	}
}

/* ---- CSV (RFC 4180) ---------------------------------------------------------------------------- */

/* What a spreadsheet would take for a formula is quoted by an apostrophe. */
static void put_csv(struct sink *sink, const char *text, bool is_text, bool first)
{
	bool formula = is_text && *text && strchr("=+-@\t\r", *text);

	if (!first)
		sink_puts(sink, ",");
	if (!formula && !strpbrk(text, ",\"\r\n")) {
		sink_puts(sink, text);
		return;
	}
	sink_puts(sink, formula ? "\"'" : "\"");
	for (const char *c = text; *c; c++)
		sink_write(sink, *c == '"' ? "\"\"" : c, *c == '"' ? 2 : 1);
	sink_puts(sink, "\"");
}

static void csv_row(
	struct printing *p, size_t n, const char *const *names, const struct history_value *values)
{
	for (size_t i = 0; i < n; i++) {
		cleanup_strbuf struct strbuf cell = STRBUF_INIT;
		if (values)
			put_plain(&cell, &values[i]);
		else
			strbuf_addstr(&cell, names[i]);
		put_csv(&p->sink, cell.buf, !values || values[i].kind == HISTORY_TEXT, i == 0);
	}
	sink_puts(&p->sink, "\r\n");
}

/* ---- JSON -------------------------------------------------------------------------------------- */

static void json_row(
	struct printing *p, size_t n, const char *const *names, const struct history_value *values)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT, text = STRBUF_INIT;
	struct jsonw w;

	if (!values) {
		sink_puts(&p->sink, "{\"schema\":\"muster/query/1\",\"rows\":[");
		return;
	}
	jsonw_init(&w, &out, false);
	jsonw_object_begin(&w, NULL);
	for (size_t i = 0; i < n; i++) {
		strbuf_reset(&text);
		if (values[i].kind == HISTORY_INTEGER) {
			jsonw_int(&w, names[i], values[i].integer);
		} else if (values[i].kind == HISTORY_REAL && isfinite(values[i].real)) {
			jsonw_double(&w, names[i], values[i].real);
		} else {
			put_plain(&text, &values[i]);
			jsonw_string(
				&w, names[i], values[i].kind == HISTORY_NULL ? NULL : text.buf);
		}
	}
	jsonw_object_end(&w);
	strbuf_rtrim(&out);
	sink_puts(&p->sink, p->rows > 1 ? ",\n" : "\n");
	sink_write(&p->sink, out.buf, out.len);
}

/* ---- a table ----------------------------------------------------------------------------------- */

static void put_cell(struct printing *p, const char *text, size_t column)
{
	size_t width = text_width(text), wanted = p->widths[column];
	bool last = column + 1 == p->columns;

	if (column)
		sink_puts(&p->sink, "  ");
	for (size_t i = width; p->right[column] && i < wanted; i++)
		sink_puts(&p->sink, " ");
	sink_puts(&p->sink, text);
	for (size_t i = width; !p->right[column] && !last && i < wanted; i++)
		sink_puts(&p->sink, " ");
	if (last)
		sink_puts(&p->sink, "\n");
}

/* The rows that were held back, names first. */
static void table_start(struct printing *p)
{
	if (p->started)
		return;
	p->started = true;
	for (size_t i = 0; i < p->cells.n; i++) {
		size_t width = MIN(text_width(p->cells.v[i]), (size_t)CELL_WIDTH);
		p->widths[i % p->columns] = MAX(p->widths[i % p->columns], width);
	}
	for (size_t i = 0; i < p->cells.n; i++)
		put_cell(p, p->cells.v[i], i % p->columns);
}

/* One line without control characters: what a terminal would obey is not sent to it. */
static void clean_line(struct strbuf *out, const char *text)
{
	for (size_t len = strlen(text), n; len; text += n, len -= n) {
		n = text_utf8_len(text, len);
		bool control = n == 1 && ((unsigned char)*text < ' ' || *text == 0x7f);
		bool c1 = n == 2 && text[0] == '\xc2' && (unsigned char)text[1] < 0xa0;
		if (!n || control || c1)
			strbuf_addch(out, n ? ' ' : '?');
		else
			strbuf_add(out, text, n);
		n = MAX(n, 1);
	}
}

static void table_row(
	struct printing *p, size_t n, const char *const *names, const struct history_value *values)
{
	if (!values) {
		p->columns = n;
		p->widths = xcalloc(n + 1, sizeof(*p->widths));
		p->right = xcalloc(n + 1, sizeof(*p->right));
	}
	if (p->rows > SAMPLE_ROWS)
		table_start(p);
	for (size_t i = 0; i < n; i++) {
		cleanup_strbuf struct strbuf cell = STRBUF_INIT, clean = STRBUF_INIT;
		if (values)
			put_plain(&cell, &values[i]);
		else
			strbuf_addstr(&cell, names[i]);
		clean_line(&clean, cell.buf);
		if (values && values[i].kind != HISTORY_NULL && p->rows == 1)
			p->right[i] =
				values[i].kind == HISTORY_INTEGER || values[i].kind == HISTORY_REAL;
		if (p->started)
			put_cell(p, clean.buf, i);
		else
			strvec_push(&p->cells, clean.buf);
	}
}

/* ---- the command ------------------------------------------------------------------------------- */

static int on_row(void *arg, size_t n, const char *const *names, const struct history_value *values)
{
	static void (*const put[])(struct printing * p, size_t n, const char *const *names,
		const struct history_value *values) = {
		[AS_TABLE] = table_row,
		[AS_JSON] = json_row,
		[AS_CSV] = csv_row,
	};
	struct printing *p = arg;

	p->rows += values != NULL;
	put[p->form](p, n, names, values);
	return p->sink.errnum; /* nobody reads any more */
}

static int run_query(const struct options *options, struct error *err)
{
	struct printing p = {.form = options_has(options, "json")  ? AS_JSON
				     : options_has(options, "csv") ? AS_CSV
								   : AS_TABLE};
	int64_t timeout = text_parse_duration(options_value(options, "timeout", "60s"));

	if (!options->words.n) {
		error_set(err, EXIT_CODE_USAGE, "query needs an SQL statement");
		return error_help(err, "muster query 'SELECT * FROM v_slow LIMIT 10'");
	}
	if (timeout < 0)
		return error_set(err, EXIT_CODE_USAGE, "--timeout expects a duration, not `%s`",
			options_value(options, "timeout", ""));
	struct history *h = store_open(options, HISTORY_READ, err);
	if (!h)
		return -1;
	strvec_init(&p.cells);
	sink_init_fd(&p.sink, STDOUT_FILENO);
	int result = history_query(h, options->words.v[0], timeout, on_row, &p, err);
	if (result == 0 && p.form == AS_TABLE)
		table_start(&p);
	if (result == 0 && p.form == AS_JSON)
		sink_puts(&p.sink, "\n]}\n");
	if (p.sink.errnum == EPIPE) /* a reader that has seen enough */
		p.sink.errnum = 0;
	if (sink_close(&p.sink, result == 0 ? err : NULL) < 0)
		result = -1;
	strvec_release(&p.cells);
	free(p.widths);
	free(p.right);
	history_close(h);
	return result;
}

static const struct option query_options[] = {
	{"csv", 0, OPTION_FLAG, NULL, "as CSV"},
	{"timeout", 0, OPTION_VALUE, "DUR", "give up after that time (default: 60s)"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{NULL},
};

const struct command query_cmd = {
	.name = "query",
	.usage = "query SQL [--json|--csv]",
	.summary = "ask the history in SQL; nothing can be changed",
	.details = "Views: v_runs, v_files, v_tests, v_attempts, v_flaky, v_slow; their columns "
		   "are in the guide (docs/guide/history.md).",
	.options = query_options,
	.max_words = 1,
	.run = run_query,
};
