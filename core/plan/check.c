#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/plan/check.h"

/* ---- the digest ------------------------------------------------------------------------------ */

static void write_node(struct jsonw *w, const char *key, const struct json *node)
{
	double number = json_number(node, 0);

	if (json_is_object(node)) {
		jsonw_object_begin(w, key);
		json_each (member, node)
			write_node(w, json_key(member), member);
		jsonw_object_end(w);
	} else if (json_is_array(node)) {
		jsonw_array_begin(w, key);
		json_each (element, node)
			write_node(w, NULL, element);
		jsonw_array_end(w);
	} else if (json_is_string(node)) {
		jsonw_string(w, key, json_string(node, NULL));
	} else if (json_is_bool(node)) {
		jsonw_bool(w, key, json_bool(node, false));
	} else if (json_is_number(node)) {
		if (number > -1e15 && number < 1e15 && number == (double)(int64_t)number)
			jsonw_int(w, key, (int64_t)number);
		else
			jsonw_double(w, key, number);
	} else {
		jsonw_null(w, key);
	}
}

void plan_digest(const struct json *root, char ret_hex[static DIGEST_HEX_SIZE])
{
	static const char *const left_out[] = {"schema", "plan_id", "created_at"};
	cleanup_strbuf struct strbuf body = STRBUF_INIT;
	struct jsonw w;

	jsonw_init(&w, &body, false);
	jsonw_object_begin(&w, NULL);
	json_each (member, root) {
		bool counts = true;
		for (size_t i = 0; i < ARRAY_LEN(left_out); i++)
			counts &= !streq(json_key(member), left_out[i]);
		if (counts)
			write_node(&w, json_key(member), member);
	}
	jsonw_object_end(&w);
	digest_hex(body.buf, body.len, ret_hex);
}

/* ---- the items ------------------------------------------------------------------------------- */

static int compare_files(const struct plan_item *a, const struct plan_item *b)
{
	int order = strcmp(a->suite, b->suite);

	if (!order)
		order = strcmp(a->file, b->file);
	return order ? order : strcmp(a->project, b->project);
}

static int by_file(const void *pa, const void *pb)
{
	const struct plan_item *a = *(struct plan_item *const *)pa;
	const struct plan_item *b = *(struct plan_item *const *)pb;
	int order = compare_files(a, b);

	return order ? order : (a->part > b->part) - (a->part < b->part);
}

/* What is wrong with the n items of one file, sorted by part; NULL = nothing. */
static const char *check_file(struct plan_item *const *items, size_t n)
{
	size_t rest = 0;

	for (size_t i = 0; i < n; i++) {
		const struct plan_item *item = items[i];
		rest += item->rest;
		if (i > 0 && item->part == items[i - 1]->part)
			return "is in the plan twice";
		if (item->parts && (item->part != (int)i + 1 || item->parts != (int)n))
			return "is split, and not all its parts are in the plan";
		if (item->parts && !item->tests && !item->rest)
			return "is split, and a part of it names no tests";
	}
	if (n > 1 && !items[0]->parts)
		return "is in the plan twice";
	if (items[0]->parts && rest != 1)
		return "is split, and not exactly one part takes what the others do not name";
	return NULL;
}

const char *plan_check(const struct plan *plan, const char **ret_file)
{
	size_t n = plan->item_count;
	cleanup_free struct plan_item **sorted = xcalloc(n + 1, sizeof(*sorted));
	const char *problem = NULL;

	for (size_t i = 0; i < n; i++)
		sorted[i] = &plan->items[i];
	if (n > 1)
		qsort(sorted, n, sizeof(struct plan_item *), by_file);
	for (size_t i = 0, end; i < n && !problem; i = end) {
		for (end = i + 1; end < n && !compare_files(sorted[i], sorted[end]); end++)
			;
		problem = check_file(sorted + i, end - i);
		*ret_file = sorted[i]->file;
	}
	return problem;
}
