#include "core/base/base.h"

#include "core/base/text.h"
#include "core/coverage/coverage.h"
#include "core/coverage/parts.h"
#include "core/coverage/stream.h"

/* ---- the window ------------------------------------------------------------------------------ */

void stream_open(struct coverage_stream *s, int fd, char *window)
{
	*s = (struct coverage_stream){.p = window, .end = window, .fd = fd, .window = window};
}

void stream_open_text(struct coverage_stream *s, const char *text, size_t len, int64_t base)
{
	*s = (struct coverage_stream){
		.p = text,
		.end = text + len,
		.fd = -1,
		.behind = base + (int64_t)len,
		.ended = true,
	};
}

int64_t stream_offset(const struct coverage_stream *s)
{
	/* what is replayed stands directly before the rest of the window */
	int64_t rest = s->replaying ? s->kept_end - s->kept_p : 0;

	return s->behind - rest - (s->end - s->p);
}

bool stream_fault(struct coverage_stream *s, const char *what)
{
	if (!s->what) {
		s->what = what;
		s->fault_at = stream_offset(s);
	}
	return false;
}

static bool stream_end_fault(struct coverage_stream *s)
{
	return stream_fault(s, s->errnum ? "it cannot be read" : "the file ends here");
}

static void flush_capture(struct coverage_stream *s)
{
	if (!s->mark)
		return;
	strbuf_add(s->text, s->mark, (size_t)(s->p - s->mark));
	s->mark = s->p;
	if (s->text->len > STREAM_CAPTURE_MAX)
		stream_fault(s, "an entry with a map of more than 256 MiB");
}

bool stream_fill(struct coverage_stream *s)
{
	flush_capture(s);
	if (s->replaying && s->p == s->end) {
		s->replaying = false;
		s->p = s->kept_p;
		s->end = s->kept_end;
		s->mark = s->mark ? s->p : NULL;
		if (s->p < s->end)
			return true;
	}
	if (s->ended || s->what || s->replaying)
		return false;
	size_t left = (size_t)(s->end - s->p);
	memmove(s->window, s->p, left);
	s->p = s->window;
	s->end = s->window + left;
	s->mark = s->mark ? s->p : NULL;
	ssize_t n;
	do
		n = read(s->fd, s->window + left, STREAM_WINDOW - left);
	while (n < 0 && errno == EINTR);
	if (n <= 0) {
		s->ended = true;
		s->errnum = n < 0 ? errno : 0;
		return false;
	}
	s->end += n;
	s->behind += n;
	return true;
}

/* The next byte, blanks included; -1 at the end. */
static inline int next_byte(struct coverage_stream *s)
{
	return s->p < s->end || stream_fill(s) ? (unsigned char)*s->p : -1;
}

static inline bool is_blank(int c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

int stream_peek_far(struct coverage_stream *s)
{
	int c = next_byte(s);

	if (!is_blank(c))
		return c;
	flush_capture(s);
	while (is_blank(c)) {
		s->p++;
		s->mark = s->mark ? s->p : NULL;
		c = next_byte(s);
	}
	return c;
}

bool stream_expected(struct coverage_stream *s, char c)
{
	if (s->what)
		return false;
	if (stream_peek(s) < 0)
		return stream_end_fault(s);
	return stream_fault(s, c == ':'   ? "expected `:`"
			       : c == '{' ? "expected an object"
			       : c == '[' ? "expected a list"
			       : c == '"' ? "expected a string"
					  : "expected `,` or the end of the object");
}

/* ---- strings --------------------------------------------------------------------------------- */

static bool escape(struct coverage_stream *s, struct strbuf *raw)
{
	int c = next_byte(s);

	if (c < 0)
		return stream_end_fault(s);
	if (!strchr("\"\\/bfnrtu", c) || c == 0)
		return stream_fault(s, "an escape that JSON does not know");
	if (raw)
		strbuf_addch(raw, (char)c);
	s->p++;
	for (int i = 0; c == 'u' && i < 4; i++) {
		int digit = next_byte(s);
		if (digit < 0 || digit == 0 || !strchr("0123456789abcdefABCDEF", digit))
			return stream_fault(s, "an escape that JSON does not know");
		if (raw)
			strbuf_addch(raw, (char)digit);
		s->p++;
	}
	return true;
}

/* Nonzero when one of eight bytes is a quote, a backslash or a control character. */
static inline uint64_t special_bytes(uint64_t v)
{
	const uint64_t ones = 0x0101010101010101, highs = 0x8080808080808080;
	uint64_t quote = v ^ ones * '"', backslash = v ^ ones * '\\';

	/* a byte below n borrows, which shows in its highest bit */
	return (((quote - ones) & ~quote) | ((backslash - ones) & ~backslash) |
		       ((v - ones * 0x20) & ~v)) &
	       highs;
}

/* Consume bytes up to one of those, or the end of the window. */
static void plain(struct coverage_stream *s, struct strbuf *raw)
{
	const char *from = s->p, *p = s->p;
	uint64_t seen = 0, v;

	for (; s->end - p >= (ptrdiff_t)sizeof(v); p += sizeof(v)) {
		memcpy(&v, p, sizeof(v));
		if (special_bytes(v))
			break;
		seen |= v;
	}
	for (; p < s->end && *p != '"' && *p != '\\' && (unsigned char)*p >= 0x20; p++)
		seen |= (unsigned char)*p;
	s->wide |= (seen & 0x8080808080808080) != 0;
	s->p = p;
	if (raw)
		strbuf_add(raw, from, (size_t)(p - from));
}

bool stream_string(struct coverage_stream *s, struct strbuf *raw)
{
	if (!stream_expect(s, '"'))
		return false;
	for (;;) {
		plain(s, raw);
		if (raw && raw->len > STREAM_STRING_MAX)
			return stream_fault(s, "a name of more than 64 KiB");
		int c = next_byte(s);
		if (c < 0)
			return stream_end_fault(s);
		if (c < 0x20)
			return stream_fault(s, "a control character in a string");
		if (c == '"') {
			s->p++;
			return true;
		}
		if (c == '\\') {
			if (raw)
				strbuf_addch(raw, '\\');
			s->p++;
			if (!escape(s, raw))
				return false;
		}
	}
}

static bool long_key(struct coverage_stream *s, char key[static 32])
{
	cleanup_strbuf struct strbuf raw = STRBUF_INIT;

	if (!stream_string(s, &raw) || !stream_expect(s, ':'))
		return false;
	snprintf(key, 32, "%s", raw.len < 32 ? raw.buf : "");
	return true;
}

bool stream_key(struct coverage_stream *s, char key[static 32])
{
	if (s->what)
		return false;
	if (!stream_has(s, 64) || *s->p != '"')
		return long_key(s, key);
	const char *p = s->p + 1;
	size_t n = 0;
	for (; n < 31 && p[n] >= 0x20 && p[n] != '"' && p[n] != '\\'; n++)
		key[n] = p[n];
	if (p[n] != '"' || p[n + 1] != ':')
		return long_key(s, key);
	key[n] = '\0';
	s->p = p + n + 2;
	return true;
}

static unsigned hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++)
		v = v * 16 + (unsigned)(p[i] <= '9' ? p[i] - '0' : (p[i] | 0x20) - 'a' + 10);
	return v;
}

static void add_utf8(struct strbuf *out, unsigned c)
{
	if (c < 0x80) {
		strbuf_addch(out, (char)c);
		return;
	}
	if (c >= 0x10000) {
		strbuf_addch(out, (char)(0xf0 | c >> 18));
		strbuf_addch(out, (char)(0x80 | (c >> 12 & 0x3f)));
	} else if (c >= 0x800) {
		strbuf_addch(out, (char)(0xe0 | c >> 12));
	}
	if (c >= 0x800)
		strbuf_addch(out, (char)(0x80 | (c >> 6 & 0x3f)));
	else
		strbuf_addch(out, (char)(0xc0 | c >> 6));
	strbuf_addch(out, (char)(0x80 | (c & 0x3f)));
}

/* The character behind `\u`; half of a pair alone is U+FFFD. Returns the bytes behind the `u`. */
static size_t unicode_escape(struct strbuf *out, const char *p, size_t len)
{
	unsigned c = hex4(p);

	if (c >= 0xd800 && c < 0xdc00 && len >= 10 && p[4] == '\\' && p[5] == 'u') {
		unsigned low = hex4(p + 6);
		if (low >= 0xdc00 && low < 0xe000) {
			add_utf8(out, 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00));
			return 10;
		}
	}
	add_utf8(out, c >= 0xd800 && c < 0xe000 ? 0xfffd : c);
	return 4;
}

void stream_unescape(struct strbuf *out, const char *raw, size_t len)
{
	static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";

	for (size_t i = 0; i < len;) {
		if (raw[i] == '\\' && i + 1 < len) {
			char c = raw[i + 1];
			const char *known = strchr(from, c);
			i += 2;
			if (c == 'u' && i + 4 <= len)
				i += unicode_escape(out, raw + i, len - i);
			else
				strbuf_addch(out, known ? to[known - from] : c);
			continue;
		}
		size_t n = text_utf8_len(raw + i, len - i);
		if (n)
			strbuf_add(out, raw + i, n);
		else
			strbuf_addstr(out, "\xef\xbf\xbd");
		i += n ? n : 1;
	}
}

/* ---- numbers and other values ---------------------------------------------------------------- */

static bool literal(struct coverage_stream *s, const char *word)
{
	for (; *word; word++) {
		int c = next_byte(s);
		if (c < 0)
			return stream_end_fault(s);
		if (c != *word)
			return stream_fault(s, "not JSON");
		s->p++;
	}
	return true;
}

static bool digits(struct coverage_stream *s, char *text, size_t *n, size_t cap)
{
	int c = next_byte(s);

	if (c < 0)
		return stream_end_fault(s);
	if (c < '0' || c > '9')
		return stream_fault(s, "not a number");
	for (; c >= '0' && c <= '9'; c = next_byte(s)) {
		/* a number longer than any that is meant: its beginning will do */
		if (*n < cap)
			text[(*n)++] = (char)c;
		s->p++;
	}
	return true;
}

enum { NUMBER_MAX = 400 };

/* A number of JSON as text; `*ret_whole`: nothing but digits. */
static bool number(struct coverage_stream *s, char text[static NUMBER_MAX + 8], bool *ret_whole)
{
	size_t n = 0;

	*ret_whole = true;
	if (stream_take(s, '-'))
		text[n++] = '-';
	size_t first = n;
	if (!digits(s, text, &n, NUMBER_MAX))
		return false;
	if (text[first] == '0' && n > first + 1)
		return stream_fault(s, "not a number");
	if (next_byte(s) == '.') {
		*ret_whole = false;
		text[n++] = '.';
		s->p++;
		if (!digits(s, text, &n, NUMBER_MAX))
			return false;
	}
	int c = next_byte(s);
	if (c == 'e' || c == 'E') {
		*ret_whole = false;
		text[n++] = 'e';
		s->p++;
		c = next_byte(s);
		if (c == '+' || c == '-') {
			text[n++] = (char)c;
			s->p++;
		}
		if (!digits(s, text, &n, NUMBER_MAX + 5))
			return false;
	}
	text[n] = '\0';
	return true;
}

bool stream_int(struct coverage_stream *s, int32_t *ret)
{
	char text[NUMBER_MAX + 8];
	bool whole;

	if (s->what)
		return false;
	if (stream_peek(s) == 'n') {
		*ret = COVERAGE_NOWHERE;
		return literal(s, "null");
	}
	if (!number(s, text, &whole))
		return false;
	if (!whole)
		return stream_fault(s, "expected a whole number");
	long long v = strtoll(text, NULL, 10);
	*ret = (int32_t)MAX(MIN(v, (long long)INT32_MAX), (long long)-INT32_MAX);
	return true;
}

bool stream_hits(struct coverage_stream *s, uint64_t *ret)
{
	char text[NUMBER_MAX + 8];
	bool whole;

	if (s->what)
		return false;
	int c = stream_peek(s);
	if (c >= 0 && c != '-' && (c < '0' || c > '9'))
		return stream_fault(s, "a count that is no number");
	if (!number(s, text, &whole))
		return false;
	double v = strtod(text, NULL);
	if (v < 0)
		return stream_fault(s, "a count below zero");
	*ret = v >= (double)COVERAGE_HITS_MAX ? COVERAGE_HITS_MAX
	       : whole                        ? strtoull(text, NULL, 10)
					      : (uint64_t)(v + 0.999999);
	return true;
}

static bool skip(struct coverage_stream *s, int depth);

static bool skip_members(struct coverage_stream *s, char close, int depth)
{
	bool first = true;

	s->p++;
	if (depth == STREAM_DEPTH_MAX)
		return stream_fault(s, "nested deeper than 128");
	while (stream_next(s, &first, close)) {
		if (close == '}' && (!stream_string(s, NULL) || !stream_expect(s, ':')))
			return false;
		if (!skip(s, depth + 1))
			return false;
	}
	return !s->what;
}

static bool skip(struct coverage_stream *s, int depth)
{
	char text[NUMBER_MAX + 8];
	bool whole;

	if (s->what)
		return false;
	switch (stream_peek(s)) {
	case -1:
		return stream_end_fault(s);
	case '{':
		return skip_members(s, '}', depth);
	case '[':
		return skip_members(s, ']', depth);
	case '"':
		return stream_string(s, NULL);
	case 't':
		return literal(s, "true");
	case 'f':
		return literal(s, "false");
	case 'n':
		return literal(s, "null");
	case '-':
	case '0' ... '9':
		return number(s, text, &whole);
	default:
		return stream_fault(s, "not JSON");
	}
}

bool stream_skip(struct coverage_stream *s)
{
	return skip(s, 0);
}

/* ---- capture and replay ---------------------------------------------------------------------- */

void stream_capture(struct coverage_stream *s, struct strbuf *text)
{
	stream_peek(s);
	strbuf_reset(text);
	s->text = text;
	s->mark = s->p;
	s->wide = false;
}

bool stream_captured(struct coverage_stream *s, bool *ret_repaired)
{
	flush_capture(s);
	s->mark = NULL;
	*ret_repaired = false;
	if (s->what || !s->wide)
		return !s->what;
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;
	for (size_t i = 0; i < s->text->len;) {
		size_t n = text_utf8_len(s->text->buf + i, s->text->len - i);
		if (n)
			strbuf_add(&clean, s->text->buf + i, n);
		else
			strbuf_addstr(&clean, "\xef\xbf\xbd");
		*ret_repaired |= !n;
		i += n ? n : 1;
	}
	if (*ret_repaired) {
		strbuf_reset(s->text);
		strbuf_add(s->text, clean.buf, clean.len);
	}
	return true;
}

size_t stream_match(struct coverage_stream *s, const char *text, size_t len)
{
	size_t done = 0;

	stream_peek(s);
	while (done < len && next_byte(s) >= 0) {
		size_t n = MIN((size_t)(s->end - s->p), len - done);
		if (memcmp(s->p, text + done, n) == 0) {
			s->p += n;
			done += n;
			continue;
		}
		while (*s->p == text[done]) {
			s->p++;
			done++;
		}
		break;
	}
	return done;
}

void stream_replay(struct coverage_stream *s, const char *text, size_t len)
{
	s->kept_p = s->p;
	s->kept_end = s->end;
	s->replaying = true;
	s->p = text;
	s->end = text + len;
}
