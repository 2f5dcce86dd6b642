/*
 * JSON documents, read. The only place that knows cJSON; its traps are closed here: case-sensitive
 * look-up, no trailing garbage, bounded size, iteration by link.
 *
 * A `struct json` is a node of a tree; only the root that json_parse() returned is freed.
 * All getters accept NULL and nodes of another type, and answer with the fallback.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"

struct json;

/* One document, nothing behind it but white space. NULL on error (offset in the text). */
struct json *json_parse(const char *text, size_t len, struct error *err);
/* Read and parse a file of at most 64 MiB. `code` is the exit code of its errors. */
struct json *json_parse_file(const char *path, enum exit_code code, struct error *err);
void json_free(struct json *root);
static inline void json_free_ptr(struct json **root)
{
	json_free(*root);
}
#define cleanup_json __attribute__((cleanup(json_free_ptr)))

bool json_is_object(const struct json *node);
bool json_is_array(const struct json *node);
bool json_is_string(const struct json *node);
bool json_is_number(const struct json *node);
bool json_is_bool(const struct json *node);
bool json_is_null(const struct json *node); /* a JSON null; false for a missing node */

const struct json *json_get(const struct json *object, const char *key);
/* Member by keys, NULL-ended: json_path(pkg, "jest", "projects", NULL). */
const struct json *json_path(const struct json *node, ...) __attribute__((sentinel));
const char *json_string(const struct json *node, const char *fallback);
double json_number(const struct json *node, double fallback);
int64_t json_int(const struct json *node, int64_t fallback);
bool json_bool(const struct json *node, bool fallback);
const char *json_key(const struct json *node);          /* name of a member, or NULL */
const struct json *json_first(const struct json *node); /* first child of object or array */
const struct json *json_next(const struct json *node);
size_t json_count(const struct json *node); /* children; walks the list */

#define json_each(item, node) \
	for (const struct json *item = json_first(node); item; item = json_next(item))

/* Shorthands: json_get() then the getter. */
const char *json_get_string(const struct json *object, const char *key, const char *fallback);
int64_t json_get_int(const struct json *object, const char *key, int64_t fallback);
double json_get_number(const struct json *object, const char *key, double fallback);
bool json_get_bool(const struct json *object, const char *key, bool fallback);
