#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/base/strmap.h"
#include "core/base/text.h"
#include "core/config/yamltree.h"

#include <yaml.h>

enum {
	FILE_BYTES = 256 * 1024,
	DEPTH = 64,
	FRAME_CHARACTERS = 100, /* of a line that are shown */
};

struct reader {
	yaml_parser_t parser;
	struct yamltree *doc;
	struct error *err;
};

struct place {
	int line, column, width;
};

/* ---- errors ---------------------------------------------------------------------------------- */

static const char *line_start(const struct yamltree *y, int line)
{
	const char *at = y->source;

	while (--line > 0) {
		at = strchr(at, '\n');
		if (!at)
			return NULL;
		at++;
	}
	return at;
}

/* Append one character as something that takes its place on a line; its bytes. */
static size_t put_character(struct strbuf *out, const char *s)
{
	size_t len = text_utf8_len(s, strlen(s));

	if (!len || (unsigned char)*s < ' ' || *s == 0x7f)
		strbuf_addch(out, *s == '\t' ? ' ' : '?');
	else
		strbuf_add(out, s, len);
	return MAX(len, (size_t)1);
}

/* The line with carets under the place; of a long line the part around it. */
static void add_frame(struct strbuf *out, const struct yamltree *y, const struct place *p)
{
	cleanup_strbuf struct strbuf shown = STRBUF_INIT;
	const char *at = line_start(y, p->line);
	int from = MAX(p->column - FRAME_CHARACTERS / 2, 1), n = 1;
	size_t caret = 0, end = 0;

	if (!at)
		return;
	for (; *at && *at != '\n' && *at != '\r' && n < from + FRAME_CHARACTERS; n++) {
		size_t before = shown.len;
		at += put_character(&shown, at);
		if (n < from)
			strbuf_setlen(&shown, before);
		if (n + 1 == p->column)
			caret = text_width(shown.buf);
		if (n + 1 == p->column + p->width)
			end = text_width(shown.buf);
	}
	if (!end)
		end = text_width(shown.buf);
	strbuf_addf(out, "\n  %d | %s\n  ", p->line, shown.buf);
	for (int digits = p->line; digits; digits /= 10)
		strbuf_addch(out, ' ');
	strbuf_addstr(out, " | ");
	strbuf_addchn(out, ' ', caret);
	strbuf_addchn(out, '^', end > caret ? end - caret : 1);
}

static int fail(
	const struct yamltree *y, const struct place *p, struct error *err, const char *text)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	strbuf_addf(&out, "%s in %s:%d:%d", text, y->path, p->line, p->column);
	add_frame(&out, y, p);
	return error_set(err, EXIT_CODE_USAGE, "%s", out.buf);
}

int yamltree_error(const struct yamltree *y, const struct yaml_node *node, struct error *err,
	const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	return fail(y, &(struct place){node->line, node->column, node->width}, err, text.buf);
}

int yamltree_error_key(const struct yamltree *y, const struct yaml_node *node, struct error *err,
	const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	return fail(y, &(struct place){node->key_line, node->key_column, node->key_width}, err,
		text.buf);
}

static int fail_at(struct reader *r, const yaml_mark_t *mark, const char *text)
{
	return fail(r->doc, &(struct place){(int)mark->line + 1, (int)mark->column + 1, 1}, r->err,
		text);
}

/* The reader itself (wrong UTF-8) knows only the offset of a byte. */
static yaml_mark_t mark_of_offset(const struct yamltree *y, size_t offset)
{
	yaml_mark_t mark = {0};

	for (const char *s = y->source; *s && s < y->source + offset;) {
		size_t len = text_utf8_len(s, strlen(s));
		mark.column++;
		if (*s == '\n') {
			mark.line++;
			mark.column = 0;
		}
		s += MAX(len, (size_t)1);
	}
	return mark;
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	yaml_mark_t mark;

	if (yaml_parser_parse(&r->parser, event))
		return 0;
	if (r->parser.error == YAML_READER_ERROR)
		mark = mark_of_offset(r->doc, r->parser.problem_offset);
	else
		mark = r->parser.problem_mark;
	cleanup_free char *text = xasprintf(
		"invalid YAML: %s", r->parser.problem ? r->parser.problem : "cannot be read");
	return fail_at(r, &mark, text);
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void node_free(struct yaml_node *node)
{
	while (node) {
		struct yaml_node *next = node->next;
		node_free(node->child);
		free(node->text);
		free(node->key);
		free(node);
		node = next;
	}
}

static const char *forbidden(const yaml_event_t *e)
{
	const yaml_char_t *anchor = NULL, *tag = NULL;

	if (e->type == YAML_ALIAS_EVENT)
		return "aliases are not allowed";
	if (e->type == YAML_SCALAR_EVENT) {
		anchor = e->data.scalar.anchor;
		tag = e->data.scalar.tag;
	} else if (e->type == YAML_SEQUENCE_START_EVENT) {
		anchor = e->data.sequence_start.anchor;
		tag = e->data.sequence_start.tag;
	} else if (e->type == YAML_MAPPING_START_EVENT) {
		anchor = e->data.mapping_start.anchor;
		tag = e->data.mapping_start.tag;
	}
	if (e->type == YAML_SCALAR_EVENT &&
		strlen((const char *)e->data.scalar.value) != e->data.scalar.length)
		return "a NUL character is not allowed";
	return anchor ? "anchors are not allowed" : tag ? "tags are not allowed" : NULL;
}

static int width_of(const yaml_event_t *e)
{
	if (e->type != YAML_SCALAR_EVENT)
		return 1;
	if (e->start_mark.line != e->end_mark.line)
		return FRAME_CHARACTERS;
	return MAX((int)(e->end_mark.column - e->start_mark.column), 1);
}

static int read_node(
	struct reader *r, const yaml_event_t *first, int depth, struct yaml_node **ret);

static int read_sequence(struct reader *r, int depth, struct yaml_node *node)
{
	struct yaml_node **end = &node->child;

	for (;;) {
		yaml_event_t e;
		if (next_event(r, &e) < 0)
			return -1;
		bool done = e.type == YAML_SEQUENCE_END_EVENT;
		int result = done ? 0 : read_node(r, &e, depth + 1, end);
		yaml_event_delete(&e);
		if (done || result < 0)
			return result;
		end = &(*end)->next;
	}
}

static int check_key(struct reader *r, const yaml_event_t *key, struct strmap *seen)
{
	const char *problem = forbidden(key);

	if (key->type != YAML_SCALAR_EVENT)
		return fail_at(r, &key->start_mark, "a key must be a plain word");
	if (problem)
		return fail_at(r, &key->start_mark, problem);
	const char *name = (const char *)key->data.scalar.value;
	if (streq(name, "<<"))
		return fail_at(r, &key->start_mark, "merge keys are not allowed");
	if (!strmap_has(seen, name)) {
		strmap_put(seen, name, seen);
		return 0;
	}
	cleanup_free char *text = xasprintf("key `%.60s` is given twice", name);
	return fail(r->doc,
		&(struct place){(int)key->start_mark.line + 1, (int)key->start_mark.column + 1,
			width_of(key)},
		r->err, text);
}

/* One "key: value"; 1 at the end of the mapping. */
static int read_member(struct reader *r, int depth, struct strmap *seen, struct yaml_node **end)
{
	yaml_event_t key, value;

	if (next_event(r, &key) < 0)
		return -1;
	bool last = key.type == YAML_MAPPING_END_EVENT;
	int result = last ? 1 : check_key(r, &key, seen);
	if (result == 0)
		result = next_event(r, &value);
	if (result == 0) {
		result = read_node(r, &value, depth + 1, end);
		yaml_event_delete(&value);
	}
	if (*end) {
		(*end)->key = xstrdup((const char *)key.data.scalar.value);
		(*end)->key_line = (int)key.start_mark.line + 1;
		(*end)->key_column = (int)key.start_mark.column + 1;
		(*end)->key_width = width_of(&key);
	}
	yaml_event_delete(&key);
	return result;
}

static int read_mapping(struct reader *r, int depth, struct yaml_node *node)
{
	struct strmap seen = STRMAP_INIT;
	struct yaml_node **end = &node->child;
	int result;

	while ((result = read_member(r, depth, &seen, end)) == 0)
		end = &(*end)->next;
	strmap_release(&seen, NULL);
	return result < 0 ? -1 : 0;
}

static int read_node(struct reader *r, const yaml_event_t *first, int depth, struct yaml_node **ret)
{
	const char *problem = forbidden(first);

	if (problem)
		return fail_at(r, &first->start_mark, problem);
	if (depth > DEPTH)
		return fail_at(r, &first->start_mark, "more than 64 levels deep");
	struct yaml_node *node = xcalloc(1, sizeof(*node));
	*ret = node;
	node->line = (int)first->start_mark.line + 1;
	node->column = (int)first->start_mark.column + 1;
	node->width = width_of(first);
	switch (first->type) {
	case YAML_SCALAR_EVENT:
		node->kind = YAML_SCALAR;
		node->text = xstrdup((const char *)first->data.scalar.value);
		return 0;
	case YAML_SEQUENCE_START_EVENT:
		node->kind = YAML_SEQUENCE;
		return read_sequence(r, depth, node);
	case YAML_MAPPING_START_EVENT:
		node->kind = YAML_MAPPING;
		return read_mapping(r, depth, node);
	default:
		return fail_at(r, &first->start_mark, "unexpected end");
	}
}

static int read_document(struct reader *r)
{
	bool seen = false;

	for (;;) {
		yaml_event_t e;
		int result = 0;
		if (next_event(r, &e) < 0)
			return -1;
		bool done = e.type == YAML_STREAM_END_EVENT;
		if (e.type == YAML_DOCUMENT_START_EVENT && seen)
			result = fail_at(r, &e.start_mark, "only one document is allowed");
		else if (e.type == YAML_SCALAR_EVENT || e.type == YAML_MAPPING_START_EVENT ||
			 e.type == YAML_SEQUENCE_START_EVENT || e.type == YAML_ALIAS_EVENT)
			result = read_node(r, &e, 1, &r->doc->root);
		seen |= e.type == YAML_DOCUMENT_END_EVENT;
		yaml_event_delete(&e);
		if (done || result < 0)
			return result;
	}
}

const struct yaml_node *yamltree_member(const struct yaml_node *mapping, const char *key)
{
	if (!mapping || mapping->kind != YAML_MAPPING)
		return NULL;
	for (const struct yaml_node *c = mapping->child; c; c = c->next)
		if (streq(c->key, key))
			return c;
	return NULL;
}

struct yamltree *yamltree_parse(const char *path, const char *text, size_t len, struct error *err)
{
	if (len > FILE_BYTES) {
		error_set(err, EXIT_CODE_USAGE, "%s is larger than 256 KiB", path);
		return NULL;
	}
	struct yamltree *y = xcalloc(1, sizeof(*y));
	struct reader r = {.doc = y, .err = err};
	y->path = xstrdup(path);
	y->source = xstrndup(text, len);
	yaml_parser_initialize(&r.parser);
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
	int result = read_document(&r);
	yaml_parser_delete(&r.parser);
	if (result == 0)
		return y;
	yamltree_free(y);
	return NULL;
}

void yamltree_free(struct yamltree *y)
{
	if (!y)
		return;
	node_free(y->root);
	free(y->path);
	free(y->source);
	free(y);
}
