/*
 * YAML documents as a small tree of mappings, sequences and strings, each with its place. The only
 * place that knows libyaml; its traps are closed here: event interface only, at most 256 KiB and 64
 * levels, no anchors, aliases, tags or second documents, duplicate keys refused. Scalars are always
 * strings: their types come from the schema, so that `no`, `1.10` and `010` mean what was written.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml_node {
	enum yaml_kind kind;
	char *text;               /* scalar, '\0'-ended */
	char *key;                /* when it is a member of a mapping */
	int line, column;         /* of the value, from 1 */
	int key_line, key_column; /* of the key */
	struct yaml_node *child, *next;
};

struct yamltree {
	struct yaml_node *root; /* NULL = empty document */
	char *path;             /* as shown in errors */
	char *source;
};

/* `path` is only for messages. NULL on error (exit code 2, with line and caret). */
struct yamltree *yamltree_parse(const char *path, const char *text, size_t len, struct error *err);
void yamltree_free(struct yamltree *yaml);
/* Set an error at a place of the document: "<text> in <path>:<line>:<col>" and the line with a
 * caret of `width` columns. Returns -1. */
int yamltree_error(const struct yamltree *yaml, int line, int column, size_t width, struct error *err,
	const char *fmt, ...) FORMAT(6, 7);
