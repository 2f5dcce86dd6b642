#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/cells.h"

void cells_csv(struct strbuf *out, const char *text)
{
	/* Excel and LibreOffice look at the first character, also behind white space. */
	bool formula = text[0] && strchr("=+-@\t\r\n", text[strspn(text, " ")]) && *text;

	if (!formula && !strpbrk(text, ",\"\r\n")) {
		strbuf_addstr(out, text);
		return;
	}
	strbuf_addch(out, '"');
	if (formula)
		strbuf_addch(out, '\'');
	for (; *text; text++) {
		if (*text == '"')
			strbuf_addch(out, '"');
		strbuf_addch(out, *text);
	}
	strbuf_addch(out, '"');
}

void cells_gfm(struct strbuf *out, const char *text, size_t max_bytes)
{
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;

	ansi_filter(&clean, text, MIN(strlen(text), max_bytes), false);
	for (const char *s = clean.buf; *s; s++) {
		if (*s == '\n')
			strbuf_addstr(out, "<br>");
		else if (strchr("\\`*_{}[]<>()#+-.!|@:&~$", *s))
			strbuf_addf(out, "&#%d;", *s);
		else
			strbuf_addch(out, *s);
	}
}
