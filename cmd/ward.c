#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/quarantine.h"
#include "core/base/clock.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/codeowners.h"
#include "core/config/config.h"
#include "core/flaky/flaky_order.h"
#include "core/detect/project.h"
#include "core/event/test_id.h"

#include <math.h>

enum {
	DAY_MS = 86400000,
	STABLE_RUNS = 20,    /* passes in a row before anything is released, at least */
	SUGGESTED_DAYS = 30, /* until what is suggested expires */
	SUGGESTED_BAD = 2,   /* runs with a failed attempt, at least: one may be the machine */
};

int quarantine_of_project(
	struct quarantine *q, const struct options *options, char **ret_path, struct error *err)
{
	struct config *config = command_config_only(options, err);

	if (!config)
		return -1;
	bool off = streq(config->quarantine, "off");
	bool named = config_origin(config, "quarantine") != ORIGIN_DEFAULT;
	cleanup_free char *path = path_join(config->base, config->quarantine);
	int result = off ? 0 : quarantine_read(q, path, !ret_path && named, clock_unix_ms(), err);
	if (ret_path)
		*ret_path = off ? NULL : xstrdup(path);
	config_free(config);
	return result;
}

/* ---- what the history knows -------------------------------------------------------------------- */

static bool is_meant(const struct quarantine *q, size_t i, const struct history_test *t)
{
	struct quarantine one = {.entries = &q->entries[i], .n = 1};

	return quarantine_find(&one, t->suite, t->file, t->test, t->occurrence) != NULL;
}

static int passes_in_row(const struct history_stats *s)
{
	uint64_t bad = s->recent | s->recent_flaky;
	int n = 0;

	while (n < s->recent_count && !(bad >> n & 1))
		n++;
	return n;
}

static void look_at(struct ward_entry *k, const struct history_stats *s)
{
	int passes = passes_in_row(s);

	if (!k->has_test || passes < k->passes) {
		k->passes = passes;
		k->runs = s->runs;
		k->bad = s->failures + s->flaky;
	}
	k->test_ms = MAX(k->test_ms, s->last_ms);
	k->has_test = true;
}

static int look_up(void *arg, const struct history_test *t)
{
	struct ward *w = arg;

	w->tests++;
	for (size_t i = 0; i < w->quarantine.n; i++) {
		const struct quarantine_entry *e = &w->quarantine.entries[i];
		struct ward_entry *k = &w->entries[i];
		if (e->file && streq(e->file, t->file)) {
			k->has_file = true;
			k->file_ms = MAX(k->file_ms, t->stats.last_ms);
		}
		if (is_meant(&w->quarantine, i, t))
			look_at(k, &t->stats);
	}
	return 0;
}

int ward_open(struct ward *w, const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	struct history_filter all = {0};
	struct error none = ERROR_INIT;

	*w = (struct ward){.base = project_base(cwd)};
	quarantine_init(&w->quarantine);
	if (quarantine_of_project(&w->quarantine, options, &w->path, err) < 0)
		return -1;
	if (!w->path)
		return error_set(err, EXIT_CODE_USAGE,
			"the quarantine is switched off by the configuration");
	cleanup_free char *path = command_history(w->base, options_value(options, "history", NULL));
	w->history = history_open(path, HISTORY_READ, NULL, &none);
	w->entries = xcalloc(w->quarantine.n + 1, sizeof(*w->entries));
	if (!w->history)
		return 0;
	return history_list_tests(w->history, &all, HISTORY_BY_ID, look_up, w, err);
}

void ward_close(struct ward *w)
{
	quarantine_release(&w->quarantine);
	history_close(w->history);
	free(w->entries);
	free(w->base);
	free(w->path);
}

/* ---- judging entries --------------------------------------------------------------------------- */

/* Its file is gone; or its file was run, and it was not in it, neither ever nor lately. A day is
 * left for runs of a part of the file. */
static bool is_unknown(const struct ward *w, size_t i)
{
	const struct quarantine_entry *e = &w->quarantine.entries[i];
	const struct ward_entry *k = &w->entries[i];
	cleanup_free char *path = e->file ? path_join(w->base, e->file) : NULL;

	if (path && !path_exists(path))
		return true;
	if (!e->test)
		return false;
	if (k->has_test)
		return e->file && k->file_ms - k->test_ms > DAY_MS;
	return e->file ? k->has_file : w->tests > 0;
}

const char *ward_status(const struct ward *w, size_t i)
{
	const struct quarantine_entry *e = &w->quarantine.entries[i];
	int64_t days = (e->ends_ms - w->quarantine.now_ms) / DAY_MS;

	if (e->expired)
		return "expired";
	if (is_unknown(w, i))
		return "unknown";
	return days < QUARANTINE_SOON_DAYS ? "expiring" : "active";
}

/* As often as a test that fails as it used to would pass in one case of twenty only. */
bool ward_is_stable(const struct ward *w, size_t i)
{
	const struct ward_entry *k = &w->entries[i];
	double rate =
		flaky_rate(&(struct flaky_evidence){.runs = k->runs, .failures = k->bad}).rate;
	double enough = k->bad ? log(0.05) / log1p(-MIN(rate, 0.99)) : 0;

	/* the history counts 64 passes, which must do for the rarest */
	return k->has_test && k->passes >= STABLE_RUNS && (k->passes >= enough || k->passes >= 64);
}

/* ---- suggestions ------------------------------------------------------------------------------- */

struct advice {
	struct ward *ward;
	struct codeowners *owners;
	struct history_test *tests; /* strings in the arena */
	size_t n, cap;
	struct arena arena;
};

static int add_candidate(void *arg, const struct history_test *t)
{
	struct advice *a = arg;

	if (t->stats.failures + t->stats.flaky < SUGGESTED_BAD ||
		quarantine_find(&a->ward->quarantine, t->suite, t->file, t->test, t->occurrence))
		return 0;
	GROW(a->tests, a->n + 1, a->cap);
	struct history_test *own = &a->tests[a->n++];
	*own = *t;
	own->suite = arena_strdup(&a->arena, t->suite);
	own->file = arena_strdup(&a->arena, t->file);
	own->test = arena_strdup(&a->arena, t->test);
	own->message = arena_strdup(&a->arena, t->message);
	return 0;
}

/* A broken test is not put away: it is mended. One that is gone needs nothing. */
static int keep_flaky(struct advice *a, enum flaky_class *classes, struct error *err)
{
	cleanup_free int64_t *ids = xcalloc(a->n + 1, sizeof(*ids));
	size_t kept = 0;

	for (size_t i = 0; i < a->n; i++)
		ids[i] = a->tests[i].id;
	struct flaky_orders *orders =
		flaky_orders_read(a->ward->history, &(struct history_filter){0}, ids, a->n, err);
	if (!orders)
		return -1;
	for (size_t i = 0; i < a->n; i++) {
		struct flaky_evidence e = history_evidence(&a->tests[i].stats);
		classes[kept] = flaky_classify(&e);
		if (flaky_class_is_flaky(classes[kept]) &&
			!flaky_orders_gone(orders, a->tests[i].id, &a->tests[i].stats))
			a->tests[kept++] = a->tests[i];
	}
	a->n = kept;
	flaky_orders_free(orders);
	return 0;
}

static void put_advice_json(struct jsonw *w, const struct history_test *t, enum flaky_class class,
	const char *owner, const char *command)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	test_id_text(&title, t->test, t->occurrence);
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "suite", t->suite);
	jsonw_string(w, "file", t->file);
	jsonw_string(w, "test", title.buf);
	jsonw_string(w, "class", flaky_class_name(class));
	jsonw_string(w, "owner", owner);
	jsonw_string(w, "command", command);
	jsonw_object_end(w);
}

static void add_command(struct strbuf *out, const struct history_test *t, const char *owner,
	enum flaky_class class, int64_t now_ms)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT;
	const char *message = t->message ? t->message : flaky_class_name(class);
	cleanup_free char *reason = xstrndup(message, MIN(strcspn(message, "\n"), (size_t)120));
	char expires[25];

	clock_iso8601(now_ms + (int64_t)SUGGESTED_DAYS * DAY_MS, expires);
	test_id_text(&title, t->test, t->occurrence);
	strbuf_addstr(out, "muster quarantine add ");
	text_shell_quote(out, t->file);
	strbuf_addch(out, ' ');
	text_shell_quote(out, title.buf);
	strbuf_addstr(out, " --owner ");
	text_shell_quote(out, owner ? owner : "OWNER");
	strbuf_addstr(out, " --reason ");
	text_shell_quote(out, reason);
	strbuf_addf(out, " --expires %.10s", expires);
}

static void suggest_adding(struct advice *a, const enum flaky_class *classes, bool json,
	struct strbuf *out, struct jsonw *w)
{
	for (size_t i = 0; i < a->n; i++) {
		const struct history_test *t = &a->tests[i];
		cleanup_strbuf struct strbuf command = STRBUF_INIT;
		const char *owner = codeowners_of(a->owners, t->file);
		add_command(&command, t, owner, classes[i], a->ward->quarantine.now_ms);
		if (json) {
			put_advice_json(w, t, classes[i], owner, command.buf);
			continue;
		}
		strbuf_addf(out,
			"# %s: %" PRId64 " failed, %" PRId64 " passed on a retry of %" PRId64
			" runs\n%s\n",
			flaky_class_name(classes[i]), t->stats.failures, t->stats.flaky,
			t->stats.runs, command.buf);
	}
}

static void suggest_release(const struct ward *w, bool json, struct strbuf *out, struct jsonw *jw)
{
	for (size_t i = 0; i < w->quarantine.n; i++) {
		const struct quarantine_entry *e = &w->quarantine.entries[i];
		cleanup_strbuf struct strbuf command = STRBUF_INIT;
		if (!ward_is_stable(w, i))
			continue;
		strbuf_addstr(&command, "muster quarantine remove");
		for (int k = 0; k < 2; k++) {
			const char *word = k ? e->test : e->file;
			strbuf_addstr(&command, word ? " " : "");
			if (word)
				text_shell_quote(&command, word);
		}
		if (json) {
			jsonw_object_begin(jw, NULL);
			jsonw_string(jw, "file", e->file);
			jsonw_string(jw, "test", e->test);
			jsonw_string(jw, "owner", e->owner);
			jsonw_int(jw, "passes", w->entries[i].passes);
			jsonw_string(jw, "command", command.buf);
			jsonw_object_end(jw);
			continue;
		}
		strbuf_addf(out, "# passed %d times in a row; owner: %s\n%s\n",
			w->entries[i].passes, e->owner, command.buf);
	}
}

static int print_advice(
	struct advice *a, const enum flaky_class *classes, bool json, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;

	if (json) {
		jsonw_init(&w, &out, true);
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "schema", "muster/quarantine-suggest/1");
		jsonw_array_begin(&w, "add");
	}
	suggest_adding(a, classes, json, &out, &w);
	if (json) {
		jsonw_array_end(&w);
		jsonw_array_begin(&w, "release");
	}
	suggest_release(a->ward, json, &out, &w);
	if (json) {
		jsonw_array_end(&w);
		jsonw_object_end(&w);
	} else if (!out.len) {
		strbuf_addstr(&out, "nothing to put in quarantine and nothing to release\n");
	}
	return command_print(out.buf, out.len, err);
}

int ward_suggest(struct ward *ward, const struct options *options, struct error *err)
{
	const struct history_filter faulty = {.faulty = true};
	struct advice a = {.ward = ward, .arena = ARENA_INIT};

	if (!ward->history) {
		error_set(err, EXIT_CODE_USAGE, "suggestions need the history of earlier runs");
		return error_help(err, "run `muster` first, or name it: --history PATH");
	}
	a.owners = codeowners_load(ward->base);
	int result = history_list_tests(
		ward->history, &faulty, HISTORY_BY_FAULTS, add_candidate, &a, err);
	cleanup_free enum flaky_class *classes = xcalloc(a.n + 1, sizeof(*classes));
	if (result == 0)
		result = keep_flaky(&a, classes, err);
	if (result == 0)
		result = print_advice(&a, classes, options_has(options, "json"), err);
	codeowners_free(a.owners);
	free(a.tests);
	arena_release(&a.arena);
	return result;
}
