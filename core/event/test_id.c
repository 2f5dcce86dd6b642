#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/event/test_id.h"

static void encode(struct strbuf *path, const char *part)
{
	if (!strpbrk(part, "\x1e\x1f")) {
		strbuf_addstr(path, part);
		return;
	}
	for (; *part; part++) {
		if (*part == '\x1f')
			strbuf_addstr(path, "\x1eU");
		else if (*part == '\x1e')
			strbuf_addstr(path, "\x1eR");
		else
			strbuf_addch(path, *part);
	}
}

/* Decode one part; returns what follows its separator, or NULL behind the last part. */
static const char *next_part(const char *path, struct strbuf *out)
{
	for (;;) {
		size_t n = 0;
		while ((unsigned char)path[n] > '\x1f' ||
			(path[n] && path[n] != TEST_ID_SEPARATOR && path[n] != '\x1e'))
			n++;
		strbuf_add(out, path, n);
		path += n;
		if (*path != '\x1e')
			return *path ? path + 1 : NULL;
		bool escape = path[1] == 'U' || path[1] == 'R';
		strbuf_addch(out, escape && path[1] == 'U' ? '\x1f' : '\x1e');
		path += escape ? 2 : 1;
	}
}

/* The next part, in place, when nothing in it is encoded: *path goes on behind it. Else NULL. */
static const char *part_as_is(const char **path, size_t *ret_len)
{
	const char *part = *path;
	size_t n = strcspn(part, "\x1e\x1f");

	if (part[n] == '\x1e')
		return NULL;
	*path = part[n] ? part + n + 1 : NULL;
	*ret_len = n;
	return part;
}

bool test_id_from_json(const struct json *array, struct strbuf *path)
{
	size_t before = path->len;
	bool first = true;

	if (!json_is_array(array))
		return false;
	json_each (part, array) {
		const char *s = json_string(part, NULL);
		if (!s) {
			strbuf_setlen(path, before);
			return false;
		}
		if (!first)
			strbuf_addch(path, TEST_ID_SEPARATOR);
		encode(path, s);
		first = false;
	}
	return !first;
}

void test_id_to_json(struct jsonw *w, const char *key, const char *path)
{
	cleanup_strbuf struct strbuf part = STRBUF_INIT;

	jsonw_array_begin(w, key);
	while (path) {
		size_t n;
		const char *as_is = part_as_is(&path, &n);
		if (as_is) {
			jsonw_stringn(w, NULL, as_is, n);
			continue;
		}
		strbuf_reset(&part);
		path = next_part(path, &part);
		jsonw_stringn(w, NULL, part.buf, part.len);
	}
	jsonw_array_end(w);
}

static bool is_plain(const char *part, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)part[i] < 0x20 || (unsigned char)part[i] > 0x7e)
			return false;
	return true;
}

static void add_clean(struct strbuf *out, const char *part, size_t len)
{
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;

	if (is_plain(part, len)) {
		strbuf_add(out, part, len);
		return;
	}

	ansi_filter(&clean, part, len, false);
	for (size_t i = 0; i < clean.len; i++)
		if (clean.buf[i] == '\n' || clean.buf[i] == '\t')
			clean.buf[i] = ' ';
	strbuf_add(out, clean.buf, clean.len);
}

void test_id_text(struct strbuf *out, const char *path, int occurrence)
{
	cleanup_strbuf struct strbuf part = STRBUF_INIT;

	for (bool first = true; path; first = false) {
		size_t n;
		const char *as_is = part_as_is(&path, &n);
		if (!as_is) {
			strbuf_reset(&part);
			path = next_part(path, &part);
			as_is = part.buf;
			n = part.len;
		}
		if (!first)
			strbuf_addstr(out, TEST_ID_ARROW);
		add_clean(out, as_is, n);
	}
	if (occurrence > 1)
		strbuf_addf(out, " #%d", occurrence);
}

void test_id_full(struct strbuf *out, const char *path, int occurrence)
{
	for (bool first = true; path; first = false) {
		if (!first)
			strbuf_addstr(out, TEST_ID_ARROW);
		path = next_part(path, out);
	}
	if (occurrence > 1)
		strbuf_addf(out, " #%d", occurrence);
}

void test_id_title(struct strbuf *out, const char *path)
{
	const char *last = strrchr(path, TEST_ID_SEPARATOR);
	cleanup_strbuf struct strbuf part = STRBUF_INIT;

	next_part(last ? last + 1 : path, &part);
	add_clean(out, part.buf, part.len);
}
