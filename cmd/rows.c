#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/outputs.h"
#include "cmd/rows.h"
#include "core/base/ansi.h"
#include "core/base/cells.h"
#include "core/base/text.h"
#include "core/event/test_id.h"

enum { CELL_BYTES = 2000 };

static int choose(struct rows *r, const struct options *options, struct error *err)
{
	static const struct {
		const char *option;
		enum rows_format format;
	} formats[] = {{"json", ROWS_JSON}, {"csv", ROWS_CSV}, {"markdown", ROWS_MARKDOWN}};

	for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
		if (!options_has(options, formats[i].option))
			continue;
		if (r->format != ROWS_TEXT)
			return error_set(err, EXIT_CODE_USAGE,
				"--json, --csv and --markdown exclude each other");
		r->format = formats[i].format;
	}
	return 0;
}

static bool has_utf8(void)
{
	static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = getenv(names[i]);
		if (value && *value)
			return strstr(value, "UTF-8") || strstr(value, "utf8") ||
			       strstr(value, "utf-8") || strstr(value, "UTF8");
	}
	return false;
}

static void flush_line(struct rows *r)
{
	sink_write(&r->sink, r->line.buf, r->line.len);
	strbuf_reset(&r->line);
}

static void put_headings(struct rows *r, const char *const *headings)
{
	rows_begin(r);
	for (const char *const *h = headings; *h; h++)
		rows_text(r, *h);
	rows_end(r);
	if (r->format != ROWS_MARKDOWN)
		return;
	for (const char *const *h = headings; *h; h++)
		sink_puts(&r->sink, "|---");
	sink_puts(&r->sink, "|\n");
}

int rows_open(struct rows *r, const struct options *options, const char *schema, const char *list,
	const char *const *headings, struct error *err)
{
	int color = -1;

	*r = (struct rows){.line = STRBUF_INIT};
	if (choose(r, options, err) < 0)
		return -1;
	command_color(options, &color, NULL);
	sink_init_fd(&r->sink, STDOUT_FILENO);
	r->sink.color = outputs_color(color, STDOUT_FILENO);
	r->sink.columns = outputs_columns(STDOUT_FILENO);
	r->utf8 = has_utf8();
	if (r->format == ROWS_JSON) {
		jsonw_init(&r->json, &r->line, true);
		jsonw_object_begin(&r->json, NULL);
		jsonw_string(&r->json, "schema", schema);
		jsonw_array_begin(&r->json, list);
		flush_line(r);
	} else if (r->format != ROWS_TEXT) {
		put_headings(r, headings);
		r->n = 0;
	}
	return 0;
}

void rows_begin(struct rows *r)
{
	r->cells = 0;
	if (r->format == ROWS_JSON)
		jsonw_object_begin(&r->json, NULL);
}

void rows_text(struct rows *r, const char *text)
{
	text = text ? text : "";
	if (r->format == ROWS_CSV) {
		if (r->cells++)
			strbuf_addch(&r->line, ',');
		cells_csv(&r->line, text);
	} else if (r->format == ROWS_MARKDOWN) {
		strbuf_addstr(&r->line, r->cells++ ? " " : "| ");
		cells_gfm(&r->line, text, CELL_BYTES);
		strbuf_addstr(&r->line, " |");
	}
}

/* What we print ourselves needs no quoting. */
static void plain(struct rows *r, const char *text)
{
	if (r->format == ROWS_CSV)
		strbuf_addf(&r->line, "%s%s", r->cells++ ? "," : "", text);
	else if (r->format == ROWS_MARKDOWN)
		strbuf_addf(&r->line, "%s%s |", r->cells++ ? " " : "| ", text);
}

void rows_int(struct rows *r, int64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, n);
	plain(r, text);
}

void rows_number(struct rows *r, double value, int decimals)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*f", decimals, value);
	plain(r, text);
}

void rows_end(struct rows *r)
{
	r->n++;
	if (r->format == ROWS_JSON)
		jsonw_object_end(&r->json);
	else if (r->format == ROWS_CSV)
		strbuf_addstr(&r->line, "\r\n");
	else
		strbuf_addch(&r->line, '\n');
	flush_line(r);
}

bool rows_unwanted(const struct rows *r)
{
	return r->sink.errnum != 0;
}

int rows_close(struct rows *r, struct error *err)
{
	if (r->format == ROWS_JSON) {
		jsonw_array_end(&r->json);
		jsonw_object_end(&r->json);
		strbuf_addch(&r->line, '\n');
	}
	flush_line(r);
	strbuf_release(&r->line);
	return sink_close(&r->sink, err);
}

void rows_gone(struct rows *r, size_t n)
{
	if (n)
		sink_printf(&r->sink,
			"%zu more %s gone (deleted, renamed, not seen for long); `--all` shows "
			"%s\n",
			n, n == 1 ? "is" : "are", n == 1 ? "it" : "them");
}

void rows_sparkline(struct strbuf *out, uint64_t failed, uint64_t flaky, int n, bool utf8)
{
	while (n-- > 0) {
		bool f = failed >> n & 1, again = flaky >> n & 1;
		if (utf8)
			strbuf_addstr(out, f       ? "\xe2\x96\x87"
					   : again ? "\xe2\x96\x84"
						   : "\xe2\x96\x81");
		else
			strbuf_addch(out, f ? 'X' : again ? 'x' : '.');
	}
}

static void name_line(struct rows *r, int indent, const char *text)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, cut = STRBUF_INIT;
	size_t columns = (size_t)MAX(r->sink.columns, 40);

	strbuf_addf(&line, "%*s%s%s%s", indent, "", ansi(ANSI_BOLD, r->sink.color), text,
		ansi(ANSI_RESET, r->sink.color));
	text_truncate(&cut, line.buf, columns);
	sink_printf(&r->sink, "%s\n", cut.buf);
}

void rows_name(struct rows *r, int indent, const char *file, const char *project, const char *title)
{
	cleanup_strbuf struct strbuf place = STRBUF_INIT, rest = STRBUF_INIT, whole = STRBUF_INIT;

	ansi_filter(&place, file, strlen(file), false);
	if (*project) {
		strbuf_addstr(&place, " [");
		ansi_filter(&place, project, strlen(project), false);
		strbuf_addch(&place, ']');
	}
	strbuf_addf(&rest, "%s%s", TEST_ID_ARROW, title);
	strbuf_addf(&whole, "%s%s", place.buf, rest.buf);
	if (text_width(whole.buf) + (size_t)indent <= (size_t)MAX(r->sink.columns, 40)) {
		name_line(r, indent, whole.buf);
		return;
	}
	name_line(r, indent, place.buf);
	name_line(r, indent + 1, rest.buf + strspn(rest.buf, " "));
}
