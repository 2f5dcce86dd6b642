#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/text.h"

static const char *const sequences[] = {
	[ANSI_RESET] = "\x1b[0m",
	[ANSI_BOLD] = "\x1b[1m",
	[ANSI_DIM] = "\x1b[2m",
	[ANSI_RED] = "\x1b[31m",
	[ANSI_GREEN] = "\x1b[32m",
	[ANSI_YELLOW] = "\x1b[33m",
	[ANSI_BLUE] = "\x1b[34m",
	[ANSI_MAGENTA] = "\x1b[35m",
	[ANSI_CYAN] = "\x1b[36m",
};

const char *ansi(enum ansi_style style, bool color)
{
	return color ? sequences[style] : "";
}

/* Bytes of the escape sequence at `s` (which is ESC); *ret_sgr tells whether it only sets colours. */
static size_t sequence_len(const char *s, size_t len, bool *ret_sgr)
{
	*ret_sgr = false;
	if (len < 2)
		return len;
	if (s[1] == '[') { /* CSI: parameters, then one final byte */
		size_t n = 2;
		bool plain = true;
		for (; n < len && (unsigned char)s[n] >= 0x20 && (unsigned char)s[n] <= 0x3f; n++)
			plain &= (s[n] >= '0' && s[n] <= '9') || s[n] == ';' || s[n] == ':';
		if (n == len)
			return n;
		*ret_sgr = plain && s[n] == 'm' && n < 64;
		return (unsigned char)s[n] >= 0x40 && (unsigned char)s[n] <= 0x7e ? n + 1 : n;
	}
	if (strchr("]P^_X", s[1])) { /* OSC, DCS, PM, APC, SOS: until BEL or ST, within the line */
		for (size_t n = 2; n < len; n++) {
			if (s[n] == '\a')
				return n + 1;
			if (s[n] == '\x1b')
				return n + 1 < len && s[n + 1] == '\\' ? n + 2 : n;
			if (s[n] == '\n')
				return n;
		}
		return len;
	}
	return (unsigned char)s[1] >= 0x20 && (unsigned char)s[1] < 0x7f ? 2 : 1;
}

/* C1 controls and the marks that reorder text: invisible, and able to lie. */
static bool is_hidden(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;

	if (n == 2)
		return u[0] == 0xc2 && u[1] < 0xa0;
	if (n == 3 && u[0] == 0xe2)
		return (u[1] == 0x80 && u[2] >= 0xaa && u[2] <= 0xae) ||
		       (u[1] == 0x81 && u[2] >= 0xa6 && u[2] <= 0xa9);
	return false;
}

void ansi_filter(struct strbuf *out, const char *s, size_t len, bool color)
{
	bool open = false;

	while (len) {
		unsigned char c = (unsigned char)*s;
		size_t n = 1;
		if (c == 0x1b) {
			bool sgr;
			n = sequence_len(s, len, &sgr);
			if (sgr && color) {
				strbuf_add(out, s, n);
				open = !(n == 3 || (n == 4 && s[2] == '0'));
			}
		} else if (c == '\n' || c == '\t' || (c >= 0x20 && c < 0x7f)) {
			while (n < len && (unsigned char)s[n] >= 0x20 && (unsigned char)s[n] < 0x7f)
				n++;
			strbuf_add(out, s, n);
		} else if (c >= 0x80) {
			n = text_utf8_len(s, len);
			if (!n)
				strbuf_addstr(out, "\xef\xbf\xbd");
			else if (!is_hidden(s, n))
				strbuf_add(out, s, n);
			n = n ? n : 1;
		}
		s += n;
		len -= n;
	}
	if (open)
		strbuf_addstr(out, sequences[ANSI_RESET]);
}
