#include "core/base/base.h"

#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/json.h"

#include <cjson/cJSON.h>
#include <math.h>

enum { FILE_BYTES_MAX = 64 * 1024 * 1024 };

static const cJSON *in(const struct json *node)
{
	return (const cJSON *)node;
}

static const struct json *out(const cJSON *node)
{
	return (const struct json *)node;
}

/* ---- memory: a tree lives and dies as one ------------------------------------------------------ */

/* Of the document that is being parsed: cJSON does not say for whom it asks. One thread only. */
static struct arena *current;

static void *allocate(size_t size)
{
	return arena_alloc(current, size);
}

static void release_later(void *p)
{
	(void)p;
}

/* What the arena's first allocation holds; the second is the root, right behind it. */
union owner {
	struct arena arena;
	_Alignas(16) char size[(sizeof(struct arena) + 15) / 16 * 16];
};

static cJSON *parse(const char *text, size_t len, const char **ret_end)
{
	struct arena arena = ARENA_INIT;
	union owner *owner = arena_alloc(&arena, sizeof(*owner));

	current = &arena;
	cJSON_InitHooks(&(cJSON_Hooks){allocate, release_later});
	cJSON *root = cJSON_ParseWithLengthOpts(text, len, ret_end, false);
	current = NULL;
	if (root)
		owner->arena = arena;
	else
		arena_release(&arena);
	return root;
}

void json_free(struct json *root)
{
	if (!root)
		return;
	struct arena arena = ((union owner *)(void *)root - 1)->arena;
	arena_release(&arena);
}

struct json *json_parse(const char *text, size_t len, struct error *err)
{
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	const char *end = NULL;
	cJSON *root = parse(text, len, &end);
	if (!root) {
		error_set(err, EXIT_CODE_USAGE, "invalid JSON at byte %zu",
			end ? (size_t)(end - text) : 0);
		return NULL;
	}
	while (end < text + len && strchr(" \t\r\n", *end) && *end)
		end++;
	if (end < text + len) {
		json_free((struct json *)root);
		error_set(err, EXIT_CODE_USAGE, "text behind the JSON document at byte %zu",
			(size_t)(end - text));
		return NULL;
	}
	return (struct json *)root;
}

struct json *json_parse_file(const char *path, enum exit_code code, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (file_read(path, FILE_BYTES_MAX, code, &text, err) < 0)
		return NULL;
	struct json *root = json_parse(text.buf, text.len, err);
	if (!root) {
		error_wrap(err, "%s", path);
		if (err)
			err->code = code;
	}
	return root;
}

bool json_is_object(const struct json *node)
{
	return cJSON_IsObject(in(node));
}

bool json_is_array(const struct json *node)
{
	return cJSON_IsArray(in(node));
}

bool json_is_string(const struct json *node)
{
	return cJSON_IsString(in(node));
}

bool json_is_number(const struct json *node)
{
	return cJSON_IsNumber(in(node)) && isfinite(in(node)->valuedouble);
}

bool json_is_bool(const struct json *node)
{
	return cJSON_IsBool(in(node));
}

bool json_is_null(const struct json *node)
{
	return cJSON_IsNull(in(node));
}

const struct json *json_get(const struct json *object, const char *key)
{
	if (!json_is_object(object))
		return NULL;
	return out(cJSON_GetObjectItemCaseSensitive(in(object), key));
}

const struct json *json_path(const struct json *node, ...)
{
	va_list ap;

	va_start(ap, node);
	for (const char *key; node && (key = va_arg(ap, const char *));)
		node = json_get(node, key);
	va_end(ap);
	return node;
}

const char *json_string(const struct json *node, const char *fallback)
{
	return json_is_string(node) ? in(node)->valuestring : fallback;
}

double json_number(const struct json *node, double fallback)
{
	return json_is_number(node) ? in(node)->valuedouble : fallback;
}

int64_t json_int(const struct json *node, int64_t fallback)
{
	double d = json_number(node, NAN);

	if (!(d >= -9007199254740992.0 && d <= 9007199254740992.0))
		return fallback;
	return (int64_t)d;
}

bool json_bool(const struct json *node, bool fallback)
{
	return json_is_bool(node) ? cJSON_IsTrue(in(node)) : fallback;
}

const char *json_key(const struct json *node)
{
	return node ? in(node)->string : NULL;
}

const struct json *json_first(const struct json *node)
{
	return json_is_object(node) || json_is_array(node) ? out(in(node)->child) : NULL;
}

const struct json *json_next(const struct json *node)
{
	return out(in(node)->next);
}

size_t json_count(const struct json *node)
{
	size_t n = 0;

	json_each (child, node)
		n++;
	return n;
}

const char *json_get_string(const struct json *object, const char *key, const char *fallback)
{
	return json_string(json_get(object, key), fallback);
}

int64_t json_get_int(const struct json *object, const char *key, int64_t fallback)
{
	return json_int(json_get(object, key), fallback);
}

double json_get_number(const struct json *object, const char *key, double fallback)
{
	return json_number(json_get(object, key), fallback);
}

bool json_get_bool(const struct json *object, const char *key, bool fallback)
{
	return json_bool(json_get(object, key), fallback);
}
