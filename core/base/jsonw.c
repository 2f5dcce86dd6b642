#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/base/text.h"

#include <math.h>

void jsonw_init(struct jsonw *w, struct strbuf *out, bool pretty)
{
	*w = (struct jsonw){.out = out, .pretty = pretty};
}

static void add_escaped(struct strbuf *out, unsigned char c)
{
	static const char from[] = "\"\\\n\t\r", to[] = "\"\\ntr";
	const char *known = c ? strchr(from, c) : NULL;

	if (known)
		strbuf_add(out, (char[]){'\\', to[known - from]}, 2);
	else
		strbuf_addf(out, "\\u%04x", c);
}

void jsonw_quote(struct strbuf *out, const char *s, size_t len)
{
	const char *end = s + len;

	strbuf_addch(out, '"');
	while (s < end) {
		const char *run = s;
		while (s < end && (unsigned char)*s >= 0x20 && (unsigned char)*s < 0x7f &&
			*s != '"' && *s != '\\')
			s++;
		strbuf_add(out, run, (size_t)(s - run));
		if (s == end)
			break;
		size_t n = 1;
		if ((unsigned char)*s < 0x80)
			add_escaped(out, (unsigned char)*s);
		else if ((n = text_utf8_len(s, (size_t)(end - s))))
			strbuf_add(out, s, n);
		else
			strbuf_addstr(out, "\xef\xbf\xbd");
		s += n ? n : 1;
	}
	strbuf_addch(out, '"');
}

static void newline(struct jsonw *w)
{
	strbuf_addch(w->out, '\n');
	strbuf_addchn(w->out, ' ', (size_t)w->depth * 2);
}

static void start(struct jsonw *w, const char *key)
{
	if (w->has_item)
		strbuf_addch(w->out, ',');
	if (w->pretty && w->depth)
		newline(w);
	if (key) {
		jsonw_quote(w->out, key, strlen(key));
		strbuf_addstr(w->out, w->pretty ? ": " : ":");
	}
	w->has_item = true;
}

static void open_level(struct jsonw *w, const char *key, char c)
{
	start(w, key);
	strbuf_addch(w->out, c);
	w->depth++;
	w->has_item = false;
}

static void close_level(struct jsonw *w, char c)
{
	w->depth--;
	if (w->pretty && w->has_item)
		newline(w);
	strbuf_addch(w->out, c);
	w->has_item = true;
}

void jsonw_object_begin(struct jsonw *w, const char *key)
{
	open_level(w, key, '{');
}

void jsonw_object_end(struct jsonw *w)
{
	close_level(w, '}');
}

void jsonw_array_begin(struct jsonw *w, const char *key)
{
	open_level(w, key, '[');
}

void jsonw_array_end(struct jsonw *w)
{
	close_level(w, ']');
}

void jsonw_stringn(struct jsonw *w, const char *key, const char *value, size_t len)
{
	start(w, key);
	jsonw_quote(w->out, value, len);
}

void jsonw_string(struct jsonw *w, const char *key, const char *value)
{
	if (value)
		jsonw_stringn(w, key, value, strlen(value));
	else
		jsonw_null(w, key);
}

void jsonw_int(struct jsonw *w, const char *key, int64_t value)
{
	char text[24], *at = text + sizeof(text);
	uint64_t left = value < 0 ? -(uint64_t)value : (uint64_t)value;

	do { /* journals are made of numbers: printf() would be a fifth of their cost */
		*--at = (char)('0' + left % 10);
		left /= 10;
	} while (left);
	if (value < 0)
		*--at = '-';
	start(w, key);
	strbuf_add(w->out, at, (size_t)(text + sizeof(text) - at));
}

void jsonw_double(struct jsonw *w, const char *key, double value)
{
	if (!isfinite(value)) {
		jsonw_null(w, key);
		return;
	}
	char text[32];
	for (int precision = 6; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, value);
		if (strtod(text, NULL) == value)
			break;
	}
	start(w, key);
	strbuf_addstr(w->out, text);
}

void jsonw_bool(struct jsonw *w, const char *key, bool value)
{
	start(w, key);
	strbuf_addstr(w->out, value ? "true" : "false");
}

void jsonw_null(struct jsonw *w, const char *key)
{
	start(w, key);
	strbuf_addstr(w->out, "null");
}

void jsonw_raw(struct jsonw *w, const char *key, const char *text)
{
	start(w, key);
	strbuf_addstr(w->out, text);
}
