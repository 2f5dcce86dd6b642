#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/quarantine.h"
#include "core/base/ansi.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/event/test_id.h"

/* `quarantine list | add | remove | check | suggest` */

enum { DAY_MS = 86400000 };

/* ---- list, check ------------------------------------------------------------------------------- */

static void put_json(struct jsonw *w, const struct ward *ward, size_t i)
{
	const struct quarantine_entry *e = &ward->quarantine.entries[i];
	const struct ward_entry *k = &ward->entries[i];

	jsonw_object_begin(w, NULL);
	jsonw_string(w, "suite", e->suite);
	jsonw_string(w, "file", e->file);
	jsonw_string(w, "test", e->test);
	jsonw_string(w, "owner", e->owner);
	jsonw_string(w, "reason", e->reason);
	jsonw_string(w, "expires", e->expires);
	jsonw_string(w, "status", ward_status(ward, i));
	jsonw_int(w, "line", e->line);
	jsonw_int(w, "runs", k->runs);
	jsonw_int(w, "failures", k->bad);
	jsonw_int(w, "passes_in_row", k->passes);
	jsonw_bool(w, "stable", ward_is_stable(ward, i));
	jsonw_object_end(w);
}

static int print_json(const struct ward *ward, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;

	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/quarantine/1");
	jsonw_array_begin(&w, "tests");
	for (size_t i = 0; i < ward->quarantine.n; i++)
		put_json(&w, ward, i);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
	return command_print(out.buf, out.len, err);
}

static void put_entry(struct strbuf *out, const struct ward *ward, size_t i)
{
	const struct quarantine_entry *e = &ward->quarantine.entries[i];
	const struct ward_entry *k = &ward->entries[i];

	quarantine_entry_text(out, e);
	strbuf_addf(out, "\n    %s, expires %s, owner ", ward_status(ward, i), e->expires);
	ansi_filter(out, e->owner, strlen(e->owner), false);
	if (k->has_test)
		strbuf_addf(out, ", failed in %" PRId64 " of %" PRId64 " runs, last %d passed",
			k->bad, k->runs, k->passes);
	strbuf_addstr(out, "\n    ");
	ansi_filter(out, e->reason, strcspn(e->reason, "\n"), false);
	strbuf_addch(out, '\n');
}

static int run_list(struct ward *ward, const struct options *options, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (options_has(options, "json"))
		return print_json(ward, err);
	for (size_t i = 0; i < ward->quarantine.n; i++)
		put_entry(&out, ward, i);
	if (!ward->quarantine.n)
		strbuf_addstr(&out, "nothing is in quarantine\n");
	return command_print(out.buf, out.len, err);
}

/* False: there is nothing wrong with it. */
static bool problem_of(const struct ward *ward, size_t i, struct error *err)
{
	const struct quarantine_entry *e = &ward->quarantine.entries[i];
	const char *status = ward_status(ward, i);
	cleanup_strbuf struct strbuf name = STRBUF_INIT;

	if (!streq(status, "expired") && !streq(status, "unknown"))
		return false;
	quarantine_entry_text(&name, e);
	if (e->expired)
		yamltree_error(ward->quarantine.yaml, yamltree_member(e->node, "expires"), err,
			"the quarantine of `%.200s` has expired; owner: %.100s", name.buf,
			e->owner);
	else
		yamltree_error(ward->quarantine.yaml, e->node, err,
			"there is no test `%.200s`; owner: %.100s", name.buf, e->owner);
	error_help(err, e->expired ? "mend the test, or decide anew until when it may wait"
				   : "was it renamed? `muster history FILE` lists the tests");
	return true;
}

static void print_problem(const struct error *e)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	ansi_filter(&text, e->text, strlen(e->text), false);
	fprintf(stderr, "error: %s\n", text.buf);
}

/* All problems are told; the last one is the error of the command. */
static int run_check(struct ward *ward, const struct options *options, struct error *err)
{
	struct error last = ERROR_INIT;
	size_t problems = 0;

	for (size_t i = 0; i < ward->quarantine.n; i++) {
		struct error e = ERROR_INIT;
		if (!problem_of(ward, i, &e))
			continue;
		if (problems++)
			print_problem(&last);
		last = e;
	}
	if (options_has(options, "json")) {
		if (problems)
			print_problem(&last);
		int result = print_json(ward, err);
		return result < 0 ? -1 : problems ? (int)EXIT_CODE_USAGE : 0;
	}
	if (problems) {
		*err = last;
		return -1;
	}
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	strbuf_addf(&out, "%zu in quarantine, none expired or unknown\n", ward->quarantine.n);
	return command_print(out.buf, out.len, err);
}

/* ---- add, remove ------------------------------------------------------------------------------- */

struct target {
	char *file, *test; /* NULL = not said */
};

static void target_release(struct target *t)
{
	free(t->file);
	free(t->test);
}

/* FILE TEST; or FILE › TEST in one word, as reports print it; or one of them alone. */
static int read_target(
	const struct ward *ward, const struct options *options, struct target *t, struct error *err)
{
	const char *first = options->words.n > 1 ? options->words.v[1] : NULL;
	const char *second = options->words.n > 2 ? options->words.v[2] : NULL;

	if (!first || options->words.n > 3) {
		error_set(err, EXIT_CODE_USAGE,
			first ? "there is a word too many: `%.100s`" : "which test?%s",
			first ? options->words.v[3] : "");
		return error_help(err, "usage: muster quarantine %s FILE 'cart › adds item'",
			options->words.v[0]);
	}
	const char *arrow = strstr(first, TEST_ID_ARROW);
	size_t len = arrow ? (size_t)(arrow - first) : strlen(first);
	cleanup_free char *file = xstrndup(first, len);
	cleanup_free char *path = path_join(ward->base, file);
	bool is_file = second || path_exists(path);
	if (!is_file && !arrow && strchr(first, '/') && !strchr(first, ' ') &&
		streq(options->words.v[0], "add"))
		return error_set(err, EXIT_CODE_USAGE, "no such test file: %.300s", first);
	const char *rest = !is_file ? first : arrow ? arrow + strlen(TEST_ID_ARROW) : second;
	if (is_file && second)
		rest = second;
	t->file = is_file ? path_normalize(file) : NULL;
	t->test = rest ? xstrdup(rest) : NULL;
	return 0;
}

/* "30d" from now, or a day. */
static int read_expires(
	const struct options *options, int64_t now_ms, char ret[static 25], struct error *err)
{
	const char *value = options_value(options, "expires", NULL);
	int64_t ms = value ? text_parse_duration(value) : -1;

	if (value && quarantine_day(value) >= 0) {
		snprintf(ret, 25, "%s", value);
	} else if (ms >= DAY_MS) {
		clock_iso8601(now_ms + ms, ret);
		ret[10] = '\0';
	} else {
		return error_set(err, EXIT_CODE_USAGE,
			"`--expires` expects a day such as 2026-12-24 or a time such as "
			"30d%s%.60s%s",
			value ? ", not `" : "", value ? value : "", value ? "`" : "");
	}
	if (now_ms >= quarantine_day(ret))
		return error_set(err, EXIT_CODE_USAGE, "`--expires %s` is in the past", ret);
	return 0;
}

struct probe {
	struct quarantine quarantine; /* of the one entry that shall come in */
	int64_t tests;
	bool found;
};

static int find_test(void *arg, const struct history_test *t)
{
	struct probe *p = arg;

	p->tests++;
	p->found =
		quarantine_find(&p->quarantine, t->suite, t->file, t->test, t->occurrence) != NULL;
	return p->found;
}

/* What the history knows better is a slip of the pen. */
static int check_target(
	const struct ward *ward, const struct quarantine_add *add, struct error *err)
{
	cleanup_free char *path = add->file ? path_join(ward->base, add->file) : NULL;
	struct quarantine_entry entry = {.file = add->file, .test = add->test, .suite = add->suite};
	struct probe probe = {.quarantine = {.entries = &entry, .n = 1}};
	struct history_filter filter = {.text = add->file};

	if (path && !path_exists(path))
		return error_set(err, EXIT_CODE_USAGE, "no such test file: %.300s", add->file);
	if (!ward->history || !add->test)
		return 0;
	if (history_list_tests(ward->history, &filter, HISTORY_BY_ID, find_test, &probe, err) < 0)
		return -1;
	if (probe.found || !probe.tests)
		return 0;
	error_set(err, EXIT_CODE_USAGE, "the history knows no test `%.300s`%s%.300s", add->test,
		add->file ? " in " : "", add->file ? add->file : "");
	return error_help(err, "write it as reports print it; `muster history%s%.200s` lists them",
		add->file ? " " : "", add->file ? add->file : "");
}

static int write_list(const struct ward *ward, const struct strbuf *text, const char *what,
	const struct target *t, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (file_write(ward->path, text->buf, text->len, false, err) < 0)
		return -1;
	strbuf_addf(&out, "%s ", what);
	quarantine_entry_text(&out, &(struct quarantine_entry){.file = t->file, .test = t->test});
	strbuf_addf(&out, " (%s)\n", path_basename(ward->path));
	return command_print(out.buf, out.len, err);
}

static int add(
	struct ward *ward, const struct options *options, const struct target *t, struct error *err)
{
	char expires[25];
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct quarantine_add entry = {
		.file = t->file,
		.test = t->test,
		.suite = options_value(options, "suite", NULL),
		.owner = options_value(options, "owner", NULL),
		.reason = options_value(options, "reason", NULL),
		.expires = expires,
	};

	if (!entry.owner || !entry.reason || !*entry.owner || !*entry.reason) {
		error_set(err, EXIT_CODE_USAGE, "an entry needs an owner and a reason");
		return error_help(err, "--owner '@team' --reason 'races with the clock' "
				       "--expires 30d");
	}
	if (read_expires(options, ward->quarantine.now_ms, expires, err) < 0 ||
		check_target(ward, &entry, err) < 0 ||
		quarantine_text_add(&ward->quarantine, &entry, &text, err) < 0)
		return -1;
	return write_list(ward, &text, "in quarantine:", t, err);
}

static bool same(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

/* The entry may carry the file within its text, as the word did. */
static const struct quarantine_entry *entry_of(
	const struct quarantine *q, const struct target *t, const char *word, const char *suite)
{
	for (size_t i = 0; i < q->n; i++) {
		const struct quarantine_entry *e = &q->entries[i];
		bool named = (same(e->file, t->file) && same(e->test, t->test)) ||
			     (!e->file && same(e->test, word));
		if (named && (!suite || same(e->suite, suite)))
			return e;
	}
	return NULL;
}

static int remove_entry(
	struct ward *ward, const struct options *options, const struct target *t, struct error *err)
{
	const struct quarantine_entry *e = entry_of(
		&ward->quarantine, t, options->words.v[1], options_value(options, "suite", NULL));
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (!e) {
		error_set(err, EXIT_CODE_USAGE, "not in quarantine: `%.300s`", options->words.v[1]);
		return error_help(err, "`muster quarantine list` shows what is");
	}
	if (quarantine_text_remove(&ward->quarantine, e, &text, err) < 0)
		return -1;
	return write_list(ward, &text, "released:", t, err);
}

static int run_add(struct ward *ward, const struct options *options, struct error *err)
{
	struct target t = {NULL, NULL};
	int result = read_target(ward, options, &t, err);

	if (result == 0)
		result = add(ward, options, &t, err);
	target_release(&t);
	return result;
}

static int run_remove(struct ward *ward, const struct options *options, struct error *err)
{
	struct target t = {NULL, NULL};
	int result = read_target(ward, options, &t, err);

	if (result == 0)
		result = remove_entry(ward, options, &t, err);
	target_release(&t);
	return result;
}

/* ---- the command ------------------------------------------------------------------------------- */

static const char *const quarantine_words[] = {"list", "add", "remove", "check", "suggest", NULL};

static const struct {
	const char *word;
	int (*run)(struct ward *ward, const struct options *options, struct error *err);
	bool takes_words;
} actions[] = {
	{"list", run_list, false},
	{"add", run_add, true},
	{"remove", run_remove, true},
	{"check", run_check, false},
	{"suggest", ward_suggest, false},
};

static int run_quarantine(const struct options *options, struct error *err)
{
	const char *word = options->words.n ? options->words.v[0] : "list";
	struct ward ward;
	size_t i = 0;

	while (!streq(actions[i].word, word))
		i++;
	if (!actions[i].takes_words && options->words.n > 1)
		return error_set(err, EXIT_CODE_USAGE,
			"`muster quarantine %s` does not take `%.100s`", word, options->words.v[1]);
	int result = ward_open(&ward, options, err);
	if (result == 0)
		result = actions[i].run(&ward, options, err);
	ward_close(&ward);
	return result;
}

static const struct option quarantine_options[] = {
	{"owner", 0, OPTION_VALUE, "NAME", "who mends the test"},
	{"reason", 0, OPTION_VALUE, "TEXT", "why it is put away"},
	{"expires", 0, OPTION_VALUE, "DAY|TIME", "the last day: 2026-12-24, or 30d from now"},
	{"suite", 0, OPTION_VALUE, "NAME", "only in this suite"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	{NULL},
};

const struct command quarantine_cmd = {
	.name = "quarantine",
	.usage = "quarantine [list|add|remove|check|suggest] [FILE] [TEST] [OPTIONS]",
	.summary = "tests that run but cannot fail the run: list, add, remove, check, suggest",
	.details = "add needs --owner, --reason and --expires; FILE and TEST are as reports "
		   "print them, also as one word. check fails (exit code 2) when an entry has "
		   "expired or means no test. suggest goes by the history: what to put in, and "
		   "what has been stable for so long that it can be released.",
	.options = quarantine_options,
	.words = quarantine_words,
	.max_words = 4,
	.run = run_quarantine,
};
