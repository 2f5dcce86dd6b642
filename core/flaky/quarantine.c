#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/flaky/quarantine.h"
#include "core/event/test_id.h"

enum { FILE_BYTES = 256 * 1024, DAY_MS = 86400000 };

void quarantine_init(struct quarantine *q)
{
	*q = (struct quarantine){.arena = ARENA_INIT};
}

void quarantine_release(struct quarantine *q)
{
	yamltree_free(q->yaml);
	free(q->entries);
	arena_release(&q->arena);
	quarantine_init(q);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static const char *const keys[] = {"file", "test", "suite", "owner", "reason", "expires", NULL};

int64_t quarantine_day(const char *text)
{
	char stamp[32], back[25];

	if (strlen(text) != 10 || strspn(text, "0123456789-") != 10)
		return -1;
	snprintf(stamp, sizeof(stamp), "%sT00:00:00Z", text);
	int64_t ms = clock_parse_iso8601(stamp);
	if (!ms)
		return -1;
	clock_iso8601(ms, back); /* February 30 comes back as another day */
	return memcmp(back, text, 10) == 0 ? ms + DAY_MS : -1;
}

static int check_keys(const struct yamltree *y, const struct yaml_node *node, struct error *err)
{
	for (const struct yaml_node *m = node->child; m; m = m->next) {
		size_t i = 0;
		while (keys[i] && !streq(keys[i], m->key))
			i++;
		if (!keys[i]) {
			yamltree_error_key(y, m, err, "unknown key `%.60s`", m->key);
			return error_help_names(err, m->key, keys, "known keys here");
		}
		if (m->kind != YAML_SCALAR || !*m->text)
			return yamltree_error(y, m, err, "`%s` expects a text", m->key);
	}
	return 0;
}

static const char *member(const struct yaml_node *node, const char *key)
{
	const struct yaml_node *m = yamltree_member(node, key);

	return m ? m->text : NULL;
}

/* An entry without one of these is how a quarantine becomes a graveyard. */
static int check_required(const struct yamltree *y, const struct yaml_node *node, struct error *err)
{
	static const char *const required[] = {"owner", "reason", "expires"};
	const char *owner = member(node, "owner");

	if (!member(node, "file") && !member(node, "test"))
		return yamltree_error(y, node, err, "an entry needs a `file`, a `test` or both");
	for (size_t i = 0; i < ARRAY_LEN(required); i++)
		if (!member(node, required[i]))
			return yamltree_error(y, node, err, "an entry needs `%s`%s%.100s%s",
				required[i], owner ? " (owner: " : "", owner ? owner : "",
				owner ? ")" : "");
	const struct yaml_node *expires = yamltree_member(node, "expires");
	if (quarantine_day(expires->text) < 0)
		return yamltree_error(
			y, expires, err, "`expires` expects a day such as 2026-12-24");
	return 0;
}

static const char *normal_file(struct quarantine *q, const char *file)
{
	cleanup_free char *normal = file ? path_normalize(file) : NULL;

	return arena_strdup(&q->arena, normal);
}

static int add_entry(struct quarantine *q, const struct yaml_node *node, struct error *err)
{
	if (node->kind != YAML_MAPPING)
		return yamltree_error(q->yaml, node, err,
			"expected an entry: file, test, owner, reason, expires");
	if (check_keys(q->yaml, node, err) < 0 || check_required(q->yaml, node, err) < 0)
		return -1;
	int64_t ends_ms = quarantine_day(member(node, "expires"));
	GROW(q->entries, q->n + 1, q->cap);
	q->entries[q->n++] = (struct quarantine_entry){
		.file = normal_file(q, member(node, "file")),
		.test = member(node, "test"),
		.suite = member(node, "suite"),
		.owner = member(node, "owner"),
		.reason = member(node, "reason"),
		.expires = member(node, "expires"),
		.ends_ms = ends_ms,
		.expired = q->now_ms >= ends_ms,
		.line = node->line,
		.column = node->column,
		.node = node,
	};
	return 0;
}

/* The list itself; NULL with no error: there is none. */
static int find_list(const struct quarantine *q, const struct yaml_node **ret, struct error *err)
{
	const struct yaml_node *root = q->yaml->root;

	*ret = root;
	if (!root || root->kind == YAML_SEQUENCE || (root->kind == YAML_SCALAR && !*root->text))
		return 0;
	if (root->kind != YAML_MAPPING)
		return yamltree_error(q->yaml, root, err, "expected a list of entries");
	*ret = NULL;
	for (const struct yaml_node *m = root->child; m; m = m->next) {
		if (streq(m->key, "version") && m->kind == YAML_SCALAR && streq(m->text, "1"))
			continue;
		if (!streq(m->key, "tests")) {
			yamltree_error_key(q->yaml, m, err, "unknown key `%.60s`", m->key);
			return error_help(err, "known keys here: version, tests");
		}
		if (m->kind != YAML_SEQUENCE && (m->kind != YAML_SCALAR || *m->text))
			return yamltree_error(q->yaml, m, err, "`tests` expects a list of entries");
		*ret = m;
	}
	return 0;
}

static bool same(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static int refuse_doubles(const struct quarantine *q, struct error *err)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct quarantine_entry *a = &q->entries[i];
		for (size_t k = 0; k < i; k++) {
			const struct quarantine_entry *b = &q->entries[k];
			if (same(a->file, b->file) && same(a->test, b->test) &&
				same(a->suite, b->suite))
				return yamltree_error(q->yaml, a->node, err,
					"the same test as in line %d", b->line);
		}
	}
	return 0;
}

int quarantine_parse(struct quarantine *q, const char *path, const char *text, size_t len,
	int64_t now_ms, struct error *err)
{
	const struct yaml_node *list;

	q->now_ms = now_ms;
	q->yaml = yamltree_parse(path, text, len, err);
	if (!q->yaml || find_list(q, &list, err) < 0)
		return -1;
	for (const struct yaml_node *item = list ? list->child : NULL; item; item = item->next)
		if (add_entry(q, item, err) < 0)
			return -1;
	return refuse_doubles(q, err);
}

int quarantine_read(
	struct quarantine *q, const char *path, bool required, int64_t now_ms, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (!path_exists(path)) {
		q->now_ms = now_ms;
		if (!required)
			return 0;
		error_set(err, EXIT_CODE_USAGE, "no such quarantine file: %s", path);
		return error_help(err, "`muster quarantine add` makes it");
	}
	if (file_read(path, FILE_BYTES, EXIT_CODE_USAGE, &text, err) < 0)
		return -1;
	return quarantine_parse(q, path_basename(path), text.buf, text.len, now_ms, err);
}

/* ---- whom it means ----------------------------------------------------------------------------- */

/* Without a `file` the text may carry it in front, as reports print it. */
static bool means_test(const struct quarantine_entry *e, const char *file, const char *title)
{
	size_t len = strlen(file);

	if (!e->test || streq(e->test, title))
		return true;
	return !e->file && strncmp(e->test, file, len) == 0 &&
	       strncmp(e->test + len, TEST_ID_ARROW, strlen(TEST_ID_ARROW)) == 0 &&
	       streq(e->test + len + strlen(TEST_ID_ARROW), title);
}

static bool is_elsewhere(const struct quarantine_entry *e, const char *suite, const char *file)
{
	return (e->file && !streq(e->file, file)) || (e->suite && !streq(e->suite, suite));
}

bool quarantine_may_mean(const struct quarantine_entry *e, const char *suite, const char *file)
{
	return !e->expired && !is_elsewhere(e, suite, file);
}

const struct quarantine_entry *quarantine_find(const struct quarantine *q, const char *suite,
	const char *file, const char *test, int occurrence)
{
	const struct quarantine_entry *expired = NULL;
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	for (size_t i = 0; i < q->n; i++) {
		const struct quarantine_entry *e = &q->entries[i];
		if (is_elsewhere(e, suite, file))
			continue;
		if (!title.len)
			test_id_text(&title, test, occurrence);
		if (!means_test(e, file, title.buf))
			continue;
		if (!e->expired)
			return e;
		expired = expired ? expired : e;
	}
	return expired;
}

bool quarantine_covers(const struct quarantine *q, const char *suite, const char *file,
	const char *test, int occurrence)
{
	const struct quarantine_entry *e =
		q ? quarantine_find(q, suite, file, test, occurrence) : NULL;

	return e && !e->expired;
}

void quarantine_entry_text(struct strbuf *out, const struct quarantine_entry *e)
{
	if (e->file)
		ansi_filter(out, e->file, strlen(e->file), false);
	if (e->file && e->test)
		strbuf_addstr(out, TEST_ID_ARROW);
	if (e->test)
		ansi_filter(out, e->test, strlen(e->test), false);
}

/* ---- what a run says of it --------------------------------------------------------------------- */

static bool means_file(const struct quarantine_entry *e, const struct state_file *f)
{
	if (e->suite && !streq(e->suite, f->suite->name))
		return false;
	return e->file ? streq(e->file, f->file) : true;
}

struct verdict {
	const struct state_file *ran; /* a file that it means and that ran to its end */
	bool found;                   /* a test that it means */
};

static struct verdict look(const struct quarantine_entry *e, const struct state *state)
{
	struct verdict v = {NULL, false};
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	for (size_t i = 0; i < state->file_count && !v.found; i++) {
		const struct state_file *f = state->files[i];
		if (!means_file(e, f))
			continue;
		if (f->phase == FILE_DONE && f->outcome != OUTCOME_NOT_RUN)
			v.ran = f;
		for (size_t k = 0; k < f->test_count && !v.found; k++) {
			strbuf_reset(&title);
			test_id_text(&title, f->tests[k]->path, f->tests[k]->occurrence);
			v.found = means_test(e, f->file, title.buf);
			v.ran = v.found ? f : v.ran;
		}
	}
	return v;
}

static void judge(const struct quarantine *q, const struct quarantine_entry *e,
	const struct verdict *v, bool whole, quarantine_notice_fn *fn, void *arg)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int64_t days = (e->ends_ms - q->now_ms) / DAY_MS;

	quarantine_entry_text(&text, e);
	if (v->found && e->expired) {
		strbuf_addf(&text,
			": its quarantine expired on %s and protects it no more; owner: %s",
			e->expires, e->owner);
		fn(arg, SEVERITY_ERROR, "quarantine_expired", v->ran->suite->name, v->ran->file,
			text.buf);
	} else if (v->found && days < QUARANTINE_SOON_DAYS) {
		strbuf_addf(
			&text, ": its quarantine expires on %s; owner: %s", e->expires, e->owner);
		fn(arg, SEVERITY_WARNING, "quarantine_soon", v->ran->suite->name, v->ran->file,
			text.buf);
	} else if (!v->found && whole && v->ran && e->file &&
		   v->ran->failure.kind == FAILURE_NONE) {
		strbuf_addf(&text, ": is in quarantine, but there is no such test; owner: %s",
			e->owner);
		fn(arg, SEVERITY_WARNING, "quarantine_unknown", v->ran->suite->name, v->ran->file,
			text.buf);
	}
}

void quarantine_judge(const struct quarantine *q, const struct state *state, bool whole,
	quarantine_notice_fn *fn, void *arg)
{
	for (size_t i = 0; q && i < q->n; i++) {
		struct verdict v = look(&q->entries[i], state);
		judge(q, &q->entries[i], &v, whole, fn, arg);
	}
}
