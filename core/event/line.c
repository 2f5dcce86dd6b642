#include "core/base/base.h"

#include "core/event/fields.h"
#include "core/event/test_id.h"

/*
 * The fast way to read a journal: one pass over a line in the form that event_json_write() gives
 * it, decoding strings in place in a copy. Whatever is unusual (numbers with an exponent,
 * surrogates, null, keys that only the other reader knows) is left to that one: NOT_PLAIN. So this
 * one need not be complete, only never wrong.
 */
enum reading { PLAIN, NOT_PLAIN };

struct line {
	char *at;
	struct event *event;
	size_t cursor; /* behind the field found last: they come in the order of the table */
};

static char *put_utf8(char *out, unsigned c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xc0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3f));
	} else {
		*out++ = (char)(0xe0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3f));
		*out++ = (char)(0x80 | (c & 0x3f));
	}
	return out;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* Four hex digits at `s`; 0 for what is left to the other reader. */
static unsigned read_hex(const char *s)
{
	unsigned c = 0;

	for (int i = 0; i < 4; i++) {
		int digit = hex_digit(s[i]);
		if (digit < 0)
			return 0;
		c = c << 4 | (unsigned)digit;
	}
	return c >= 0xd800 && c < 0xe000 ? 0 : c;
}

/* At a backslash. */
static char *unescape(const char **from, char *out)
{
	static const char names[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
	const char *s = *from + 1, *name = *s ? strchr(names, *s) : NULL;

	if (name) {
		*out = bytes[name - names];
		*from = s + 1;
		return out + 1;
	}
	unsigned c = *s == 'u' ? read_hex(s + 1) : 0;
	if (!c)
		return NULL;
	*from = s + 5;
	return put_utf8(out, c);
}

/* At the opening quote; ends behind the closing one. What it gives is ended by '\0' in place. */
static char *read_string(struct line *l)
{
	char *start = ++l->at, *out = start;

	while (*l->at != '"' && *l->at != '\\' && (unsigned char)*l->at >= 0x20)
		l->at++;
	out = l->at;
	while (*l->at != '"') {
		if ((unsigned char)*l->at < 0x20)
			return NULL;
		if (*l->at == '\\') {
			const char *from = l->at;
			out = unescape(&from, out);
			if (!out)
				return NULL;
			l->at = (char *)from;
		} else {
			*out++ = *l->at++;
		}
	}
	*out = '\0';
	l->at++;
	return start;
}

/* Digits only, at most 15; ends at what follows. */
static bool read_int(struct line *l, int64_t *ret)
{
	bool negative = *l->at == '-';
	const char *digits = l->at += negative;
	int64_t v = 0;

	for (; *l->at >= '0' && *l->at <= '9' && l->at - digits < 15; l->at++)
		v = v * 10 + (*l->at - '0');
	*ret = negative ? -v : v;
	return l->at > digits;
}

/* A number ends here. */
static bool at_end(const struct line *l)
{
	return *l->at == ',' || *l->at == '}';
}

/* Milliseconds with at most three decimals, as microseconds. */
static bool read_ms(struct line *l, int64_t *ret)
{
	int64_t ms;
	int unit = 100;

	if (!read_int(l, &ms) || ms < 0 || ms > 999999999999)
		return false;
	*ret = ms * 1000;
	if (*l->at != '.')
		return at_end(l);
	for (l->at++; *l->at >= '0' && *l->at <= '9'; l->at++, unit /= 10) {
		if (!unit)
			return false;
		*ret += (*l->at - '0') * unit;
	}
	return at_end(l);
}

static bool read_bool(struct line *l, bool *ret)
{
	*ret = *l->at == 't';
	const char *word = *ret ? "true" : "false";
	size_t n = strlen(word);

	if (strncmp(l->at, word, n) != 0)
		return false;
	l->at += n;
	return true;
}

/* The parts are joined in place: brackets, quotes and commas leave room for the separators. */
static bool read_path(struct line *l)
{
	char *out = l->at, *start = out;

	if (*l->at++ != '[')
		return false;
	for (;;) {
		const char *part = *l->at == '"' ? read_string(l) : NULL;
		if (!part || strpbrk(part, "\x1e\x1f"))
			return false;
		size_t n = strlen(part);
		memmove(out, part, n);
		out += n;
		char next = *l->at++;
		if (next == ']')
			break;
		if (next != ',')
			return false;
		*out++ = TEST_ID_SEPARATOR;
	}
	*out = '\0';
	l->event->test = start;
	return out > start; /* a single empty title is left to the other reader, too */
}

static bool read_field(struct line *l, const struct field *f, void *record)
{
	char *at = (char *)record + f->offset;
	int64_t number;

	switch (f->kind) {
	case FIELD_STRING:
		if (*l->at != '"')
			return false;
		*(const char **)(void *)at = read_string(l);
		return *(const char **)(void *)at != NULL;
	case FIELD_BOOL:
		return read_bool(l, (bool *)(void *)at);
	case FIELD_INT64:
	case FIELD_INT:
		if (!read_int(l, &number) || !at_end(l) ||
			(f->kind == FIELD_INT && (number > INT_MAX || number < -INT_MAX)))
			return false;
		if (f->kind == FIELD_INT)
			*(int *)(void *)at = (int)number;
		else
			*(int64_t *)(void *)at = number;
		return true;
	}
	return false;
}

static const struct field *find_field(
	const struct field *fields, size_t n, size_t *cursor, const char *key)
{
	for (size_t i = 0, at = *cursor; i < n; i++, at++) {
		at = at < n ? at : 0;
		if (fields[at].key[0] == key[0] && streq(fields[at].key, key)) {
			*cursor = at + 1;
			return &fields[at];
		}
	}
	return NULL;
}

/* The key at hand, with its colon passed; NULL when there is none. */
static const char *read_key(struct line *l)
{
	const char *key = *l->at == '"' ? read_string(l) : NULL;

	return key && *l->at++ == ':' ? key : NULL;
}

static bool read_failure(struct line *l)
{
	struct failure *failure = &l->event->failure;
	size_t cursor = 0;

	if (*l->at++ != '{')
		return false;
	do {
		const char *key = read_key(l);
		const struct field *f =
			key ? find_field(failure_fields, failure_field_count, &cursor, key) : NULL;
		if (f) {
			if (!read_field(l, f, failure))
				return false;
			continue;
		}
		const char *kind =
			key && streq(key, "kind") && *l->at == '"' ? read_string(l) : NULL;
		if (!kind)
			return false;
		failure->kind = failure_kind_parse(kind);
		if (failure->kind == FAILURE_NONE)
			failure->kind = FAILURE_ERROR;
	} while (*l->at++ == ',');
	return l->at[-1] == '}' && failure->kind != FAILURE_NONE;
}

/* Words that stand for a number. */
static bool read_word(struct line *l, const char *key)
{
	struct event *e = l->event;
	const char *word = *l->at == '"' ? read_string(l) : NULL;

	if (!word)
		return false;
	if (streq(key, "outcome")) {
		e->outcome = outcome_parse(word);
		return e->outcome != OUTCOME_NONE;
	}
	if (streq(key, "stream")) {
		e->is_stderr = streq(word, "stderr");
		return true;
	}
	if (streq(key, "cancel")) {
		e->cancel = cancel_reason_parse(word);
		return true;
	}
	return streq(key, "severity") && event_severity_parse(word, &e->severity);
}

/* What is in no table comes first: every result has three of them. */
static bool read_member(struct line *l, const char *key)
{
	if (streq(key, "path"))
		return read_path(l);
	if (streq(key, "outcome"))
		return read_word(l, key);
	if (streq(key, "ms"))
		return read_ms(l, &l->event->duration_us);
	if (streq(key, "failure"))
		return read_failure(l);
	const struct field *f = find_field(event_fields, event_field_count, &l->cursor, key);
	return f ? read_field(l, f, l->event) : read_word(l, key);
}

static enum reading read_plain(struct line *l)
{
	const char *key = NULL;

	if (*l->at++ != '{' || !(key = read_key(l)) || !streq(key, "type") || *l->at != '"')
		return NOT_PLAIN;
	key = read_string(l);
	l->event->type = key ? event_type_parse(key) : EVENT_TYPE_COUNT;
	if (l->event->type == EVENT_TYPE_COUNT || l->event->type == EVENT_RUN_STARTED ||
		l->event->type == EVENT_SUITE_DISCOVERED)
		return NOT_PLAIN;
	while (*l->at++ == ',') {
		key = read_key(l);
		if (!key || !read_member(l, key))
			return NOT_PLAIN;
	}
	return l->at[-1] == '}' ? PLAIN : NOT_PLAIN;
}

bool event_json_read_line(
	const char *line, size_t len, struct strbuf *scratch, struct event *ret_event)
{
	struct event event = {0};
	struct line l = {.event = &event};

	strbuf_reset(scratch);
	strbuf_add(scratch, line, len);
	l.at = scratch->buf;
	if (read_plain(&l) == NOT_PLAIN || l.at != scratch->buf + len ||
		event_check(&event, NULL) < 0)
		return false;
	event.text_len = event.text ? strlen(event.text) : 0;
	*ret_event = event;
	return true;
}
