#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/yamltree.h"

#include <yaml.h>

enum { FILE_BYTES = 256 * 1024, DEPTH = 64 };

struct reader {
	yaml_parser_t parser;
	struct yamltree *doc;
	struct error *err;
};

/* The line with a caret under the place: what an error shows below its first line. */
static void add_frame(struct strbuf *out, const struct yamltree *y, int line, int column, size_t width)
{
	const char *at = y->source;

	for (int n = 1; n < line && at; n++) {
		at = strchr(at, '\n');
		at = at ? at + 1 : NULL;
	}
	if (!at)
		return;
	int len = (int)strcspn(at, "\r\n");
	strbuf_addf(out, "\n  %d | %.*s\n  ", line, MIN(len, 160), at);
	for (int digits = line; digits; digits /= 10)
		strbuf_addch(out, ' ');
	strbuf_addstr(out, " | ");
	for (int i = 1; i < column; i++)
		strbuf_addch(out, i <= len && at[i - 1] == '\t' ? '\t' : ' ');
	strbuf_addchn(out, '^', MAX(width, (size_t)1));
}

int yamltree_error(const struct yamltree *y, int line, int column, size_t width, struct error *err,
	const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	strbuf_addf(&text, " in %s:%d:%d", y->path, line, column);
	add_frame(&text, y, line, column, width);
	return error_set(err, EXIT_CODE_USAGE, "%s", text.buf);
}

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

static int fail_at(struct reader *r, const yaml_mark_t *mark, const char *text)
{
	return yamltree_error(
		r->doc, (int)mark->line + 1, (int)mark->column + 1, 1, r->err, "%s", text);
}

static int next_event(struct reader *r, yaml_event_t *event)
{
	if (yaml_parser_parse(&r->parser, event))
		return 0;
	return fail_at(
		r, &r->parser.problem_mark, r->parser.problem ? r->parser.problem : "invalid YAML");
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
	return anchor ? "anchors are not allowed" : tag ? "tags are not allowed" : NULL;
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

/* One "key: value"; 1 at the end of the mapping. */
static int read_member(
	struct reader *r, int depth, const struct yaml_node *node, struct yaml_node **end)
{
	yaml_event_t key, value;
	int result = -1;

	if (next_event(r, &key) < 0)
		return -1;
	const char *name = (const char *)key.data.scalar.value;
	if (key.type == YAML_MAPPING_END_EVENT) {
		result = 1;
	} else if (key.type != YAML_SCALAR_EVENT || forbidden(&key)) {
		fail_at(r, &key.start_mark, "a key must be a plain word");
	} else if (streq(name, "<<")) {
		fail_at(r, &key.start_mark, "merge keys are not allowed");
	} else {
		result = 0;
		for (const struct yaml_node *c = node->child; c && result == 0; c = c->next)
			if (streq(c->key, name))
				result = yamltree_error(r->doc, (int)key.start_mark.line + 1,
					(int)key.start_mark.column + 1, strlen(name), r->err,
					"key `%s` is given twice", name);
	}
	if (result == 0 && next_event(r, &value) < 0)
		result = -1;
	else if (result == 0) {
		result = read_node(r, &value, depth + 1, end);
		yaml_event_delete(&value);
		if (*end) {
			(*end)->key = xstrdup(name);
			(*end)->key_line = (int)key.start_mark.line + 1;
			(*end)->key_column = (int)key.start_mark.column + 1;
		}
	}
	yaml_event_delete(&key);
	return result;
}

static int read_mapping(struct reader *r, int depth, struct yaml_node *node)
{
	struct yaml_node **end = &node->child;
	int result;

	while ((result = read_member(r, depth, node, end)) == 0)
		end = &(*end)->next;
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
	switch (first->type) {
	case YAML_SCALAR_EVENT:
		if (strlen((const char *)first->data.scalar.value) != first->data.scalar.length)
			return fail_at(r, &first->start_mark, "a NUL character in a value");
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
			result = read_node(r, &e, 0, &r->doc->root);
		seen |= e.type == YAML_DOCUMENT_END_EVENT;
		yaml_event_delete(&e);
		if (done || result < 0)
			return result;
	}
}

struct yamltree *yamltree_parse(const char *path, const char *text, size_t len, struct error *err)
{
	struct yamltree *y = xcalloc(1, sizeof(*y));
	struct reader r = {.doc = y, .err = err};

	y->path = xstrdup(path);
	y->source = xstrndup(text, len);
	int result = len <= FILE_BYTES
			     ? 0
			     : error_set(err, EXIT_CODE_USAGE, "%s is larger than 256 KiB", path);
	if (result == 0) {
		yaml_parser_initialize(&r.parser);
		yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, len);
		result = read_document(&r);
		yaml_parser_delete(&r.parser);
	}
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
