#include "core/base/base.h"

#include "core/base/text.h"

#include <ctype.h>
#include <utf8proc.h>

static const char ellipsis[] = "\xe2\x80\xa6";

size_t text_utf8_len(const char *s, size_t len)
{
	utf8proc_int32_t code;

	if (!len)
		return 0;
	if ((unsigned char)*s < 0x80)
		return 1;
	utf8proc_ssize_t n = utf8proc_iterate(
		(const utf8proc_uint8_t *)s, (utf8proc_ssize_t)MIN(len, (size_t)4), &code);
	return n > 0 ? (size_t)n : 0;
}

/* Length of the SGR (or other CSI) sequence at `s`, or 0. */
static size_t escape_len(const char *s)
{
	if (s[0] != '\x1b' || s[1] != '[')
		return 0;
	size_t n = 2;
	while (s[n] && ((unsigned char)s[n] < 0x40 || (unsigned char)s[n] > 0x7e))
		n++;
	return s[n] ? n + 1 : n;
}

/* One character or escape sequence: its bytes, and its columns in *ret_columns. */
static size_t step(const char *s, size_t left, size_t *ret_columns)
{
	size_t n = escape_len(s);

	*ret_columns = 0;
	if (n)
		return n;
	if ((unsigned char)*s < 0x80) {
		*ret_columns = (unsigned char)*s >= 0x20 && *s != 0x7f;
		return 1;
	}
	utf8proc_int32_t code;
	utf8proc_ssize_t len = utf8proc_iterate(
		(const utf8proc_uint8_t *)s, (utf8proc_ssize_t)MIN(left, (size_t)4), &code);
	if (len <= 0) {
		*ret_columns = 1;
		return 1;
	}
	*ret_columns = (size_t)utf8proc_charwidth(code);
	return (size_t)len;
}

size_t text_width(const char *s)
{
	size_t width = 0, left = strlen(s);

	while (left) {
		size_t columns;
		size_t n = step(s, left, &columns);
		width += columns;
		s += n;
		left -= n;
	}
	return width;
}

void text_truncate(struct strbuf *out, const char *s, size_t columns)
{
	if (text_width(s) <= columns) {
		strbuf_addstr(out, s);
		return;
	}
	size_t used = 0, left = strlen(s);
	bool full = columns == 0;
	while (left) {
		size_t wide;
		size_t n = step(s, left, &wide);
		if (!full && wide && used + wide > columns - 1) {
			strbuf_addstr(out, ellipsis);
			full = true;
		}
		if (!wide && escape_len(s))
			strbuf_add(out, s, n); /* colours are closed even behind the cut */
		else if (!full)
			strbuf_add(out, s, n);
		used += wide;
		s += n;
		left -= n;
	}
}

void text_truncate_middle(struct strbuf *out, const char *s, size_t columns)
{
	size_t width = text_width(s);

	if (width <= columns) {
		strbuf_addstr(out, s);
		return;
	}
	if (columns < 3) {
		text_truncate(out, s, columns);
		return;
	}
	size_t head = (columns - 1) / 2, tail = columns - 1 - head;
	size_t used = 0, left = strlen(s);
	bool cut = false;
	while (left) {
		size_t wide;
		size_t n = step(s, left, &wide);
		if (used + wide <= head || used >= width - tail) {
			strbuf_add(out, s, n);
		} else if (!cut) {
			strbuf_addstr(out, ellipsis);
			cut = true;
		}
		used += wide;
		s += n;
		left -= n;
	}
}

int64_t text_parse_duration(const char *s)
{
	static const struct {
		const char *unit;
		double ms;
	} units[] = {{"ms", 1}, {"s", 1e3}, {"m", 60e3}, {"h", 3600e3}, {"d", 86400e3}, {"", 1e3}};
	char *end;

	if (!isdigit((unsigned char)*s) && *s != '.')
		return -1;
	double value = strtod(s, &end);
	while (*end == ' ')
		end++;
	for (size_t i = 0; i < ARRAY_LEN(units); i++)
		if (streq(end, units[i].unit) && value * units[i].ms < 1e15)
			return (int64_t)(value * units[i].ms + 0.5);
	return -1;
}

void text_duration(struct strbuf *out, int64_t ms)
{
	if (ms < 1000)
		strbuf_addf(out, "%" PRId64 " ms", ms);
	else if (ms < 60000)
		strbuf_addf(out, "%.1f s", (double)ms / 1000);
	else if (ms < 3600000)
		strbuf_addf(out, "%d m %02d s", (int)(ms / 60000), (int)(ms / 1000 % 60));
	else
		strbuf_addf(out, "%" PRId64 " h %02d m", ms / 3600000, (int)(ms / 60000 % 60));
}

void text_count(struct strbuf *out, int64_t n)
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%" PRId64, n);

	for (int i = 0; i < len; i++) {
		if (i && digits[i - 1] != '-' && (len - i) % 3 == 0)
			strbuf_addch(out, ',');
		strbuf_addch(out, digits[i]);
	}
}

void text_shell_quote(struct strbuf *out, const char *s)
{
	bool harmless = *s != '\0' && *s != '~';

	for (const char *c = s; *c && harmless; c++)
		harmless = isalnum((unsigned char)*c) || strchr("_-./:@%+=,~", *c);
	if (harmless) {
		strbuf_addstr(out, s);
		return;
	}
	strbuf_addch(out, '\'');
	for (; *s; s++) {
		if (*s == '\'')
			strbuf_addstr(out, "'\\''");
		else
			strbuf_addch(out, *s);
	}
	strbuf_addch(out, '\'');
}

/* Characters that a terminal or a reader would not see as they are: written as escapes. */
static bool is_invisible(utf8proc_int32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x202a && c <= 0x202e) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

void text_regex_escape(struct strbuf *out, const char *s)
{
	for (size_t left = strlen(s), n; left; s += n, left -= n) {
		utf8proc_int32_t code = (unsigned char)*s;
		n = MAX(text_utf8_len(s, left), (size_t)1);
		if (n > 1)
			utf8proc_iterate((const utf8proc_uint8_t *)s, (utf8proc_ssize_t)n, &code);
		if (is_invisible(code))
			strbuf_addf(out, "\\u%04x", (unsigned)code);
		else if (n == 1 && strchr("\\^$.*+?()[]{}|/", *s))
			strbuf_addf(out, "\\%c", *s);
		else
			strbuf_add(out, s, n);
	}
}

/* Damerau-Levenshtein, case ignored. */
static size_t distance_of(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b);

	if (n > 63 || m > 63)
		return SIZE_MAX;
	size_t d[64][64];
	for (size_t i = 0; i <= n; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= m; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= n; i++) {
		for (size_t j = 1; j <= m; j++) {
			int x = tolower((unsigned char)a[i - 1]),
			    y = tolower((unsigned char)b[j - 1]);
			size_t best = MIN(d[i - 1][j] + 1, d[i][j - 1] + 1);
			best = MIN(best, d[i - 1][j - 1] + (x != y));
			if (i > 1 && j > 1 && x == tolower((unsigned char)b[j - 2]) &&
				tolower((unsigned char)a[i - 2]) == y)
				best = MIN(best, d[i - 2][j - 2] + 1);
			d[i][j] = best;
		}
	}
	return d[n][m];
}

const char *text_closest(const char *word, const char *const *words)
{
	const char *best = NULL;
	size_t best_distance = strlen(word) < 4 ? 1 : 2;

	for (const char *const *w = words; strlen(word) >= 3 && *w; w++)
		if (starts_with(*w, word))
			return *w;
	for (; *words; words++) {
		size_t distance = distance_of(word, *words);
		if (distance < best_distance || (distance == best_distance && !best)) {
			best = *words;
			best_distance = distance;
		}
	}
	return best;
}
