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
	int line, column;         /* of the value, from 1, in characters */
	int key_line, key_column; /* of the key */
	int width, key_width;     /* in the source, in characters; up to the end of the line */
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
/* The member of a mapping, or NULL. Accepts NULL. */
const struct yaml_node *yamltree_member(const struct yaml_node *mapping, const char *key);

/* Set an error at a value or at the key of a member: "<text> in <path>:<line>:<col>", the line and
 * carets below the place. Returns -1. */
int yamltree_error(const struct yamltree *yaml, const struct yaml_node *node, struct error *err,
	const char *fmt, ...) FORMAT(4, 5);
int yamltree_error_key(const struct yamltree *yaml, const struct yaml_node *node, struct error *err,
	const char *fmt, ...) FORMAT(4, 5);
