#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/plan/plan.h"
#include "core/plan/check.h"
#include "core/event/test_id.h"

#define SCHEMA "muster/plan/1"

/* ---- writing --------------------------------------------------------------------------------- */

static int64_t ms(int64_t us)
{
	return us ? MAX((us + 500) / 1000, 1) : 0;
}

static void write_tests(struct jsonw *w, const struct plan_item *item)
{
	if (!item->tests) {
		jsonw_null(w, "tests");
		return;
	}
	jsonw_array_begin(w, "tests");
	for (size_t i = 0; i < item->test_count; i++) {
		jsonw_object_begin(w, NULL);
		test_id_to_json(w, "path", item->tests[i].path);
		jsonw_int(w, "occ", item->tests[i].occurrence);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static void write_item(struct jsonw *w, const struct plan_item *item)
{
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "suite", item->suite);
	if (*item->project)
		jsonw_string(w, "project", item->project);
	jsonw_string(w, "file", item->file);
	if (item->parts) {
		jsonw_int(w, "part", item->part);
		jsonw_int(w, "parts", item->parts);
	}
	write_tests(w, item);
	if (item->rest)
		jsonw_bool(w, "rest", true);
	jsonw_int(w, "predicted_ms", ms(item->us));
	jsonw_bool(w, "known", item->known);
	jsonw_object_end(w);
}

/* Everything that the id is the digest of. */
static void write_body(struct jsonw *w, const struct plan *plan)
{
	jsonw_string(w, "commit", plan->commit);
	jsonw_string(w, "platform", plan->platform);
	jsonw_string(w, "config_digest", plan->config_digest);
	if (plan->partial)
		jsonw_string(w, "partial", plan->partial);
	jsonw_int(w, "files", plan->files);
	jsonw_object_begin(w, "predicted");
	jsonw_int(w, "total_ms", ms(plan->total_us));
	jsonw_int(w, "makespan_ms", ms(plan->makespan_us));
	jsonw_int(w, "lower_bound_ms", ms(plan->lower_bound_us));
	jsonw_int(w, "unknown_files", plan->unknown_files);
	jsonw_object_end(w);
	jsonw_array_begin(w, "shards");
	for (int s = 0; s < plan->shard_count; s++) {
		const struct plan_shard *shard = &plan->shards[s];
		jsonw_object_begin(w, NULL);
		jsonw_int(w, "index", s + 1);
		jsonw_int(w, "predicted_ms", ms(shard->us));
		jsonw_array_begin(w, "items");
		for (size_t i = 0; i < shard->n; i++)
			write_item(w, shard->items[i]);
		jsonw_array_end(w);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

void plan_write(struct plan *plan, struct strbuf *out)
{
	static const char head[] = "{\"schema\":\"" SCHEMA "\",\"plan_id\":\"";
	size_t start = out->len;
	char created[25];
	struct jsonw w;

	clock_iso8601(plan->created_ms, created);
	strbuf_addstr(out, head);
	strbuf_addchn(out, '0', DIGEST_HEX_SIZE - 1);
	strbuf_addf(out, "\",\"created_at\":\"%s\"", created);
	/* The digest is of an object of its own: its brace stands where a comma belongs. */
	size_t body = out->len;
	jsonw_init(&w, out, false);
	jsonw_object_begin(&w, NULL);
	write_body(&w, plan);
	jsonw_object_end(&w);
	digest_hex(out->buf + body, out->len - body, plan->plan_id);
	out->buf[body] = ',';
	memcpy(out->buf + start + sizeof(head) - 1, plan->plan_id, DIGEST_HEX_SIZE - 1);
	strbuf_addch(out, '\n');
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	struct plan *plan;
	const char *path;
	struct error *err;
};

static int wrong(struct reading *r, int shard, const char *what)
{
	if (shard)
		error_set(r->err, EXIT_CODE_USAGE, "%s: shard %d: %s", r->path, shard, what);
	else
		error_set(r->err, EXIT_CODE_USAGE, "%s: %s", r->path, what);
	return error_help(r->err, "make it again with `muster plan -o %s`", r->path);
}

static int wrong_file(struct reading *r, const char *file, const char *what)
{
	cleanup_free char *text = xasprintf("%s %s", file, what);

	return wrong(r, 0, text);
}

static int read_tests(struct reading *r, const struct json *list, struct plan_item *item)
{
	struct arena *a = &r->plan->arena;
	size_t n = json_count(list);
	struct plan_test *tests = arena_alloc(a, (n + 1) * sizeof(*tests));
	size_t i = 0;

	json_each (node, list) {
		cleanup_strbuf struct strbuf path = STRBUF_INIT;
		if (!test_id_from_json(json_get(node, "path"), &path))
			return wrong(r, item->shard, "a test without a title path");
		tests[i++] = (struct plan_test){arena_strndup(a, path.buf, path.len),
			(int)MAX(json_get_int(node, "occ", 1), 1)};
	}
	item->tests = tests;
	item->test_count = n;
	return 0;
}

static int read_item(struct reading *r, const struct json *node, int shard)
{
	struct arena *a = &r->plan->arena;
	const char *file = json_get_string(node, "file", NULL);
	const char *suite = json_get_string(node, "suite", NULL);
	const struct json *tests = json_get(node, "tests");

	if (!file || !suite || !*file)
		return wrong(r, shard, "an item without suite or file");
	GROW(r->plan->items, r->plan->item_count + 1, r->plan->item_cap);
	struct plan_item *item = &r->plan->items[r->plan->item_count++];
	*item = (struct plan_item){
		.suite = arena_strdup(a, suite),
		.project = arena_strdup(a, json_get_string(node, "project", "")),
		.file = arena_strdup(a, file),
		.rest = json_get_bool(node, "rest", false),
		.part = (int)json_get_int(node, "part", 0),
		.parts = (int)json_get_int(node, "parts", 0),
		.us = MAX(json_get_int(node, "predicted_ms", 0) * 1000, 1),
		.known = json_get_bool(node, "known", false),
		.shard = shard,
	};
	if (item->part < 0 || item->part > item->parts || (item->parts && !item->part))
		return wrong(r, shard, "an item with an impossible part");
	if (tests && !json_is_null(tests) && !json_is_array(tests))
		return wrong(r, shard, "`tests` is neither null nor a list");
	return json_is_array(tests) ? read_tests(r, tests, item) : 0;
}

static int read_shards(struct reading *r, const struct json *shards)
{
	int index = 0;

	json_each (shard, shards) {
		index++;
		if (json_get_int(shard, "index", -1) != index)
			return wrong(r, index, "shards are not numbered from 1");
		json_each (item, json_get(shard, "items"))
			if (read_item(r, item, index) < 0)
				return -1;
	}
	return index ? 0 : wrong(r, 0, "a plan without shards");
}

static int read_plan(struct reading *r, const struct json *root)
{
	struct plan *plan = r->plan;
	const char *schema = json_get_string(root, "schema", NULL);
	const char *id = json_get_string(root, "plan_id", NULL);
	const char *created = json_get_string(root, "created_at", "");
	const struct json *predicted = json_get(root, "predicted");
	char digest[DIGEST_HEX_SIZE];
	const char *file = NULL, *problem;

	if (!schema || !streq(schema, SCHEMA))
		return wrong(r, 0, "not a plan of muster (schema " SCHEMA ")");
	if (!id || !*id || strlen(id) >= sizeof(plan->plan_id))
		return wrong(r, 0, "a plan without an id");
	memcpy(plan->plan_id, id, strlen(id) + 1);
	plan->created_ms = clock_parse_iso8601(created);
	plan->commit = arena_strdup(&plan->arena, json_get_string(root, "commit", NULL));
	plan->platform = arena_strdup(&plan->arena, json_get_string(root, "platform", ""));
	plan->config_digest =
		arena_strdup(&plan->arena, json_get_string(root, "config_digest", ""));
	plan->partial = arena_strdup(&plan->arena, json_get_string(root, "partial", NULL));
	if (read_shards(r, json_get(root, "shards")) < 0)
		return -1;
	plan_digest(root, digest);
	if (!streq(digest, plan->plan_id))
		return wrong(r, 0, "it was changed after it was made: its id is not its digest");
	problem = plan_check(plan, &file);
	if (problem)
		return wrong_file(r, file, problem);
	plan->lower_bound_us = json_get_int(predicted, "lower_bound_ms", 0) * 1000;
	return 0;
}

int plan_read(struct plan *ret, const char *path, struct error *err)
{
	cleanup_json struct json *root = json_parse_file(path, EXIT_CODE_USAGE, err);
	struct reading r = {ret, path, err};

	plan_init(ret);
	if (!root)
		return error_wrap(err, "cannot read the plan");
	if (read_plan(&r, root) < 0) {
		plan_release(ret);
		return -1;
	}
	plan_settle(ret, (int)json_count(json_get(root, "shards")));
	return 0;
}
