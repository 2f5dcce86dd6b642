#include "core/base/base.h"

#include "core/junit/repair.h"

#include <strings.h>

enum { REFERENCE_MAX = 12 }; /* "&#x0010FFFF;" */

static const char cdata_open[] = "<![CDATA[", cdata_close[] = "]]>";

/* ---- which bytes ----------------------------------------------------------------------------- */

enum junit_bytes junit_repair_detect(const char *head, size_t len)
{
	if (memchr(head, '\0', MIN(len, (size_t)4)) ||
		(len >= 2 &&
			(memcmp(head, "\xff\xfe", 2) == 0 || memcmp(head, "\xfe\xff", 2) == 0)))
		return JUNIT_BYTES_WIDE;
	const char *start = memmem(head, len, "<?xml", 5);
	const char *end = start ? memchr(start, '>', len - (size_t)(start - head)) : NULL;
	const char *name = end ? memmem(start, (size_t)(end - start), "encoding", 8) : NULL;
	if (!name)
		return JUNIT_BYTES_UTF8;
	for (name += 8; name < end && strchr(" \t\r\n=", *name);)
		name++;
	bool utf8 = end - name > 6 && strncasecmp(name + 1, "utf-8", 5) == 0 && name[6] == *name;
	return utf8 ? JUNIT_BYTES_UTF8 : JUNIT_BYTES_ASCII;
}

void junit_repair_init(struct junit_repair *r, enum junit_bytes bytes)
{
	*r = (struct junit_repair){.bytes = bytes, .clean = STRBUF_INIT};
}

void junit_repair_release(struct junit_repair *r)
{
	strbuf_release(&r->clean);
}

/* ---- one character --------------------------------------------------------------------------- */

static bool is_xml(uint32_t c)
{
	if (c < 0x20)
		return c == '\t' || c == '\n' || c == '\r';
	return c < 0xd800 || (c > 0xdfff && c < 0xfffe) || (c > 0xffff && c <= 0x10ffff);
}

static size_t continuation(const unsigned char *s, size_t left)
{
	size_t n = 0;

	while (n < left && (s[n] & 0xc0) == 0x80)
		n++;
	return n;
}

/* Bytes of the character above 0x7f at `s` that XML allows; 0: there is none. Inline because text
 * may consist of these. */
static size_t wide_len(const unsigned char *s, size_t left)
{
	size_t n = *s < 0xc2 ? 0 : *s < 0xe0 ? 2 : *s < 0xf0 ? 3 : *s < 0xf5 ? 4 : 0;

	if (!n || left < n || continuation(s + 1, n - 1) < n - 1)
		return 0;
	if (n == 2)
		return 2;
	uint32_t c = n == 3 ? (uint32_t)(s[0] & 0x0f) << 12 | (uint32_t)(s[1] & 0x3f) << 6 |
				      (s[2] & 0x3f)
			    : (uint32_t)(s[0] & 0x07) << 18 | (uint32_t)(s[1] & 0x3f) << 12 |
				      (uint32_t)(s[2] & 0x3f) << 6 | (s[3] & 0x3f);
	return c >= (n == 3 ? 0x800u : 0x10000u) && is_xml(c) ? n : 0;
}

/* Bytes of the reference to a character that XML forbids at `s`, or 0. */
static size_t bad_reference(const char *s, size_t left)
{
	size_t n = 2;
	uint32_t c = 0;
	bool hex = left > 2 && s[2] == 'x';

	if (left < 4 || s[1] != '#')
		return 0;
	n += hex;
	size_t digits = n;
	for (; n < MIN(left, (size_t)REFERENCE_MAX); n++) {
		unsigned char d = (unsigned char)s[n];
		if (d >= '0' && d <= '9')
			c = c * (hex ? 16 : 10) + (d - '0');
		else if (hex && (d | 0x20) >= 'a' && (d | 0x20) <= 'f')
			c = c * 16 + ((d | 0x20) - 'a' + 10);
		else
			break;
	}
	return n > digits && n < left && s[n] == ';' && !is_xml(c) ? n + 1 : 0;
}

/* ---- a part ---------------------------------------------------------------------------------- */

struct scan {
	struct junit_repair *repair;
	const char *s, *end;
	const char *kept; /* up to here it is in `clean` */
	const char *looked;
	bool cdata; /* at `looked` */
};

static bool in_cdata_at(struct scan *c, const char *at)
{
	for (;;) {
		const char *mark = c->cdata ? cdata_close : cdata_open;
		const char *found = memmem(c->looked, (size_t)(at - c->looked), mark, strlen(mark));
		if (!found)
			break;
		c->looked = found + strlen(mark);
		c->cdata = !c->cdata;
	}
	c->looked = at; /* at a `&`, in the middle of no mark */
	return c->cdata;
}

static void replace(struct scan *c, size_t len)
{
	struct junit_repair *r = c->repair;

	strbuf_add(&r->clean, c->kept, (size_t)(c->s - c->kept));
	/* In another encoding U+FFFD would be something else. */
	strbuf_addstr(&r->clean, r->bytes == JUNIT_BYTES_UTF8 ? "\xef\xbf\xbd" : "?");
	if (!r->count++)
		r->first_line = r->lines + 1;
	c->s += len;
	c->kept = c->s;
}

static void look(struct scan *c)
{
	unsigned char b = (unsigned char)*c->s;
	size_t n = 1;

	if (b == '&') {
		n = bad_reference(c->s, (size_t)(c->end - c->s));
		if (n && !in_cdata_at(c, c->s)) {
			replace(c, n);
			return;
		}
		n = 1;
	} else if (b < 0x20) {
		c->repair->lines += b == '\n';
		if (!is_xml(b)) {
			replace(c, 1);
			return;
		}
	} else if (b >= 0x80 && c->repair->bytes == JUNIT_BYTES_UTF8) {
		n = wide_len((const unsigned char *)c->s, (size_t)(c->end - c->s));
		if (!n) {
			replace(c, 1);
			return;
		}
	}
	c->s += n;
}

/* True when none of eight bytes is below 0x20, above 0x7f or a `&`; sometimes false although. */
static bool plain8(const char *s)
{
	const uint64_t ones = 0x0101010101010101u, high = 0x8080808080808080u;
	uint64_t x, amp;

	memcpy(&x, s, sizeof(x));
	amp = x ^ (ones * '&');
	return !((x | (x - ones * 0x20) | (amp - ones)) & high);
}

static void scan(struct scan *c)
{
	while (c->s < c->end) {
		while (c->end - c->s >= 8 && plain8(c->s))
			c->s += 8;
		const char *stop = c->end - c->s >= 8 ? c->s + 8 : c->end;
		while (c->s < stop)
			look(c);
	}
}

/* How much of the end may be the beginning of something: a reference, a CDATA mark, a character. */
static size_t tail(const char *in, size_t len)
{
	for (size_t n = 1; n <= MIN(len, (size_t)REFERENCE_MAX - 1); n++) {
		const char *s = in + len - n;
		if (*s == '&')
			return memchr(s, ';', n) ? 0 : n;
		if (*s == '<')
			return n < sizeof(cdata_open) - 1 && memcmp(s, cdata_open, n) == 0 ? n : 0;
	}
	size_t brackets = 0;
	while (brackets < MIN(len, (size_t)2) && in[len - 1 - brackets] == ']')
		brackets++;
	if (brackets)
		return brackets;
	for (size_t n = 1; n <= MIN(len, (size_t)3); n++) {
		unsigned char c = (unsigned char)in[len - n];
		if (c >= 0xc0)
			return n < (c < 0xe0 ? 2u : c < 0xf0 ? 3u : 4u) ? n : 0;
		if (c < 0x80)
			break;
	}
	return 0;
}

size_t junit_repair(struct junit_repair *r, const char *in, size_t len, bool final, bool in_cdata,
	const char **ret, size_t *ret_len)
{
	size_t taken = len - (final || r->bytes == JUNIT_BYTES_WIDE ? 0 : tail(in, len));
	struct scan c = {r, in, in + taken, in, in, in_cdata};

	*ret = in;
	*ret_len = taken;
	if (r->bytes == JUNIT_BYTES_WIDE)
		return taken;
	strbuf_reset(&r->clean);
	scan(&c);
	if (c.kept != in) {
		strbuf_add(&r->clean, c.kept, (size_t)(c.end - c.kept));
		*ret = r->clean.buf;
		*ret_len = r->clean.len;
	}
	return taken;
}
