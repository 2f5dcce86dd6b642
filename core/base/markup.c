#include "core/base/base.h"

#include "core/base/markup.h"

/* What stands for a character, by the place it is in; NULL: itself. */
static const char *const in_text[256] = {
	['&'] = "&amp;",
	['<'] = "&lt;",
	['>'] = "&gt;",
	['\r'] = "&#13;",
};
static const char *const in_attribute[256] = {
	['&'] = "&amp;",
	['<'] = "&lt;",
	['>'] = "&gt;",
	['"'] = "&quot;",
	['\t'] = "&#9;",
	['\n'] = "&#10;",
	['\r'] = "&#13;",
};

/* Copies as it looks: one pass, one check of the room for all that stands for itself. */
static void escape(struct strbuf *out, const char *s, size_t len, const char *const table[256])
{
	const char *end = s + len;

	while (s < end) {
		strbuf_grow(out, (size_t)(end - s));
		char *to = out->buf + out->len;
		while (s < end && !table[(unsigned char)*s])
			*to++ = *s++;
		strbuf_setlen(out, (size_t)(to - out->buf));
		if (s < end)
			strbuf_addstr(out, table[(unsigned char)*s++]);
	}
}

void markup_text(struct strbuf *out, const char *s, size_t len)
{
	escape(out, s, len, in_text);
}

void markup_attribute(struct strbuf *out, const char *name, const char *value)
{
	size_t name_len = strlen(name);

	strbuf_grow(out, name_len + 3);
	char *to = out->buf + out->len;
	*to++ = ' ';
	memcpy(to, name, name_len);
	memcpy(to + name_len, "=\"", 2);
	strbuf_setlen(out, out->len + name_len + 3);
	escape(out, value, strlen(value), in_attribute);
	strbuf_addch(out, '"');
}
