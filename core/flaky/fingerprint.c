#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/flaky/fingerprint.h"

#include <ctype.h>

/* The first lines say what went wrong; what follows is diffs and values. */
enum { LINES = 3, INPUT_BYTES = 4096, OUTPUT_BYTES = 400, QUOTED_BYTES = 300 };

static bool is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* ESC [ … letter */
static size_t skip_colour(const char *s)
{
	size_t n = 2;

	if (s[0] != '\033' || s[1] != '[')
		return 0;
	while (s[n] && !isalpha((unsigned char)s[n]))
		n++;
	return s[n] ? n + 1 : n;
}

/* "…", '…' or `…` on one line; an apostrophe inside a word is none. */
static size_t quoted(const char *s, char before)
{
	size_t n = 1;

	if ((*s != '"' && *s != '\'' && *s != '`') || (*s == '\'' && is_word(before)))
		return 0;
	for (; s[n] && s[n] != '\n' && n < QUOTED_BYTES; n++) {
		if (s[n] == '\\' && s[n + 1])
			n++;
		else if (s[n] == *s)
			return n + 1;
	}
	return 0;
}

/* A path or an address: something with two slashes, or one that begins with a slash. */
static size_t path(const char *s, char before)
{
	size_t n = 0, slashes = 0;

	if (is_word(before) || before == '/' || before == '<')
		return 0;
	while (s[n] && !isspace((unsigned char)s[n]) && !strchr("()[]{}<>,;\"'`|", s[n]))
		slashes += s[n] == '/' || s[n] == '\\', n++;
	bool absolute = (s[0] == '/' || starts_with(s, "./") || starts_with(s, "../")) && n > 1;
	return absolute || slashes >= 2 ? n : 0;
}

/* What begins with a digit, and runs of hexadecimal with a digit in them: 12, 1.5e3, 0x7f, 30s,
 * 1f0c9a, UUIDs. */
static size_t number(const char *s, char before)
{
	size_t n = 0, digits = 0;
	bool hex = true;

	if (is_word(before))
		return 0;
	while (isxdigit((unsigned char)s[n]) || s[n] == '-')
		digits += isdigit((unsigned char)s[n]) != 0, n++;
	if (digits && n >= 6 && !is_word(s[n]) && isalnum((unsigned char)s[n - 1]))
		return n;
	hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	if (!isdigit((unsigned char)s[0]))
		return 0;
	for (n = hex ? 2 : 1; is_word(s[n]) || ((s[n] == '.' || s[n] == ',' || s[n] == ':') &&
						       isdigit((unsigned char)s[n + 1]));
		n++)
		;
	return n;
}

struct rule {
	size_t (*length)(const char *s, char before);
	const char *instead;
};

static const struct rule rules[] = {
	{quoted, "\"\xe2\x80\xa6\""},
	{path, "PATH"},
	{number, "N"},
};

static void put(struct strbuf *out, size_t start, const char *text)
{
	/* lists of values of any length are the same message */
	size_t n = strlen(text), len = out->len - start;

	if (len > n + 2 && memcmp(out->buf + out->len - n - 2, text, n) == 0 &&
		memcmp(out->buf + out->len - 2, ", ", 2) == 0)
		strbuf_setlen(out, out->len - 2);
	else
		strbuf_addstr(out, text);
}

/* One step: the length that was taken from `s`. */
static size_t step(struct strbuf *out, size_t start, const char *s, char before)
{
	size_t n = skip_colour(s);

	if (n)
		return n;
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		n = rules[i].length(s, before);
		if (!n)
			continue;
		put(out, start, rules[i].instead);
		return n;
	}
	if (!isspace((unsigned char)*s))
		strbuf_addch(out, *s);
	else if (out->len > start && out->buf[out->len - 1] != ' ')
		strbuf_addch(out, ' ');
	return 1;
}

void fingerprint_text(struct strbuf *out, const char *message)
{
	cleanup_free char *text = message ? xstrndup(message, strnlen(message, INPUT_BYTES)) : NULL;
	size_t start = out->len;
	size_t line = start; /* where the line began in `out` */
	int lines = 0;
	char before = ' ';

	for (const char *s = text; s && *s && lines < LINES && out->len - start < OUTPUT_BYTES;) {
		size_t n = step(out, start, s, before);
		if (*s == '\n' && out->len > line) {
			lines++;
			line = out->len;
		}
		before = s[n - 1];
		s += n;
	}
	while (out->len > start && out->buf[out->len - 1] == ' ')
		strbuf_setlen(out, out->len - 1);
}

int64_t fingerprint(const char *message)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	char hex[DIGEST_HEX_SIZE];

	fingerprint_text(&text, message);
	if (!text.len)
		return 0;
	digest_hex(text.buf, text.len, hex);
	hex[16] = '\0';
	int64_t value = (int64_t)(strtoull(hex, NULL, 16) >> 1);
	return value ? value : 1;
}
