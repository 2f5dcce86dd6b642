#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/ask.h"
#include "cmd/rows.h"
#include "core/base/ansi.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flaky/flaky_order.h"
#include "core/event/test_id.h"

/* `runs`, `slow` and `history`: what was recorded. */

enum { SPARKS = 30, HASH = 7 };

struct found {
	int64_t id;
	struct history_stats stats;
};

struct listing {
	struct ask query;
	struct rows rows;
	int64_t shown;
	struct found *found; /* tests, in the order of the page */
	size_t found_count, found_cap, gone;
	struct history_test only; /* `history`: the one test that matched */
	char *title;              /* of it */
};

static int stop_at_limit(struct listing *l)
{
	l->shown++;
	return rows_unwanted(&l->rows) || (l->query.limit && l->shown >= l->query.limit);
}

static int close_listing(struct listing *l, int result, bool opened, struct error *err)
{
	if (opened && rows_close(&l->rows, result == 0 ? err : NULL) < 0)
		result = -1;
	ask_close(&l->query);
	free(l->found);
	free(l->title);
	return result;
}

/* ---- runs -------------------------------------------------------------------------------------- */

static const char *const run_headings[] = {"run", "started", "verdict", "exit_code", "seconds",
	"files", "tests", "failed", "skipped", "flaky", "branch", "commit", "platform", NULL};

static void run_json(struct jsonw *w, const struct history_run *r, const char *started)
{
	jsonw_string(w, "run_id", r->run_id);
	jsonw_string(w, "started_at", started);
	jsonw_int(w, "duration_ms", r->duration_ms);
	jsonw_string(w, "verdict", r->verdict);
	jsonw_int(w, "exit_code", r->exit_code);
	jsonw_string(w, "branch", r->branch);
	jsonw_string(w, "commit", r->commit);
	jsonw_string(w, "platform", r->platform);
	jsonw_int(w, "workers", r->workers);
	jsonw_int(w, "shards", r->shards);
	jsonw_int(w, "files", r->files);
	jsonw_int(w, "tests", r->tests);
	jsonw_int(w, "passed", r->passed);
	jsonw_int(w, "failed", r->failed);
	jsonw_int(w, "skipped", r->skipped);
	jsonw_int(w, "flaky", r->flaky);
	jsonw_string(w, "run_url", r->run_url);
}

static void run_cells(struct rows *rows, const struct history_run *r, const char *started)
{
	rows_text(rows, r->run_id);
	rows_text(rows, started);
	rows_text(rows, r->verdict);
	rows_int(rows, r->exit_code);
	rows_number(rows, (double)r->duration_ms / 1000, 3);
	rows_int(rows, r->files);
	rows_int(rows, r->tests);
	rows_int(rows, r->failed);
	rows_int(rows, r->skipped);
	rows_int(rows, r->flaky);
	rows_text(rows, r->branch);
	rows_text(rows, r->commit);
	rows_text(rows, r->platform);
}

/* When it was stands in its id. */
static void run_line(struct rows *rows, const struct history_run *r)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, cut = STRBUF_INIT;
	enum ansi_style style = streq(r->verdict, "passed") ? ANSI_GREEN : ANSI_RED;
	bool c = rows->sink.color;

	strbuf_addf(&line, "%-22s %s%-10s%s", r->run_id, ansi(style, c), r->verdict,
		ansi(ANSI_RESET, c));
	strbuf_addf(&line, "%7.1fs %5" PRId64 " test%s", (double)r->duration_ms / 1000, r->tests,
		r->tests == 1 ? "" : "s");
	if (r->failed)
		strbuf_addf(&line, ", %" PRId64 " failed", r->failed);
	if (r->flaky)
		strbuf_addf(&line, ", %" PRId64 " flaky", r->flaky);
	strbuf_addstr(&line, "  ");
	if (r->branch)
		ansi_filter(&line, r->branch, strlen(r->branch), false);
	if (r->commit)
		strbuf_addf(&line, " %.*s", HASH, r->commit);
	strbuf_rtrim(&line);
	text_truncate(&cut, line.buf, (size_t)MAX(rows->sink.columns, 40));
	sink_printf(&rows->sink, "%s\n", cut.buf);
}

static int put_run(void *arg, const struct history_run *r)
{
	struct listing *l = arg;
	char started[25];

	clock_iso8601(r->started_ms, started);
	if (l->rows.format == ROWS_TEXT) {
		run_line(&l->rows, r);
		return stop_at_limit(l);
	}
	rows_begin(&l->rows);
	if (l->rows.format == ROWS_JSON)
		run_json(&l->rows.json, r, started);
	else
		run_cells(&l->rows, r, started);
	rows_end(&l->rows);
	return stop_at_limit(l);
}

static int run_runs(const struct options *options, struct error *err)
{
	struct listing l = {.shown = 0};
	int result = ask_open(&l.query, options, err);
	bool opened = result == 0 &&
		      rows_open(&l.rows, options, "muster/runs/1", "runs", run_headings, err) == 0;

	result =
		opened ? history_list_runs(l.query.history, &l.query.filter, put_run, &l, err) : -1;
	if (opened && !l.shown && l.rows.format == ROWS_TEXT)
		sink_puts(&l.rows.sink, "no runs are recorded\n");
	return close_listing(&l, result, opened, err);
}

/* ---- tests ------------------------------------------------------------------------------------- */

static const char *const test_headings[] = {"suite", "file", "test", "mean_ms", "max_ms", "runs",
	"failures", "flaky", "flips", "last_run", "owners", NULL};

static void test_json(
	struct jsonw *w, const struct history_test *t, const char *title, const char *owners)
{
	const struct history_stats *x = &t->stats;
	char last[25];

	clock_iso8601(x->last_ms, last);
	jsonw_string(w, "suite", t->suite);
	jsonw_string(w, "project", *t->project ? t->project : NULL);
	jsonw_string(w, "file", t->file);
	jsonw_string(w, "test", title);
	jsonw_int(w, "runs", x->runs);
	jsonw_int(w, "failures", x->failures);
	jsonw_int(w, "flaky", x->flaky);
	jsonw_int(w, "flips", x->flips);
	jsonw_double(w, "mean_ms", x->mean_us / 1000);
	jsonw_double(w, "max_ms", (double)x->max_us / 1000);
	jsonw_string(w, "last_run_at", x->last_ms ? last : NULL);
	jsonw_string(w, "owners", owners);
}

static void test_cells(
	struct rows *r, const struct history_test *t, const char *title, const char *owners)
{
	const struct history_stats *x = &t->stats;
	cleanup_strbuf struct strbuf last = STRBUF_INIT;

	ask_day(&last, x->last_ms);
	rows_text(r, t->suite);
	rows_text(r, t->file);
	rows_text(r, title);
	rows_number(r, x->mean_us / 1000, 1);
	rows_number(r, (double)x->max_us / 1000, 1);
	rows_int(r, x->runs);
	rows_int(r, x->failures);
	rows_int(r, x->flaky);
	rows_int(r, x->flips);
	rows_text(r, last.buf);
	rows_text(r, owners);
}

static void add_ms(struct strbuf *out, double us)
{
	if (us < 1e6)
		strbuf_addf(out, "%7.1f ms", us / 1e3);
	else
		strbuf_addf(out, "%7.2f s ", us / 1e6);
}

/* Two lines: what it took and how it went, then what it is called. */
static void test_lines(struct rows *r, const struct history_test *t, const char *title)
{
	const struct history_stats *x = &t->stats;
	cleanup_strbuf struct strbuf line = STRBUF_INIT, cut = STRBUF_INIT;
	bool c = r->sink.color;

	strbuf_addstr(&line, ansi(ANSI_BOLD, c));
	add_ms(&line, x->mean_us);
	strbuf_addstr(&line, ansi(ANSI_RESET, c));
	strbuf_addstr(&line, "  max ");
	add_ms(&line, (double)x->max_us);
	strbuf_addf(&line, "  %4" PRId64 " run%s  ", x->runs, x->runs == 1 ? " " : "s");
	rows_sparkline(
		&line, x->recent, x->recent_flaky, MIN(x->recent_count, (int)SPARKS), r->utf8);
	if (x->failures)
		strbuf_addf(&line, "  %s%" PRId64 " failed%s", ansi(ANSI_RED, c), x->failures,
			ansi(ANSI_RESET, c));
	text_truncate(&cut, line.buf, (size_t)MAX(r->sink.columns, 40));
	sink_printf(&r->sink, "%s\n", cut.buf);
	rows_name(r, 12, t->file, t->project, title);
}

static void remember_only(struct listing *l, const struct history_test *t, const char *title)
{
	l->only = (struct history_test){.id = t->id};
	free(l->title);
	l->title = xstrdup(title);
}

static void put_test(struct listing *l, const struct history_test *t)
{
	const char *owners = codeowners_of(l->query.owners, t->file);
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	test_id_text(&title, t->test, t->occurrence);
	remember_only(l, t, title.buf);
	if (l->rows.format == ROWS_TEXT) {
		test_lines(&l->rows, t, title.buf);
		return;
	}
	rows_begin(&l->rows);
	if (l->rows.format == ROWS_JSON)
		test_json(&l->rows.json, t, title.buf, owners);
	else
		test_cells(&l->rows, t, title.buf, owners);
	rows_end(&l->rows);
}

/* ---- which tests ------------------------------------------------------------------------------- */

static int add_found(void *arg, int64_t id, const struct history_stats *stats)
{
	struct listing *l = arg;

	GROW(l->found, l->found_count + 1, l->found_cap);
	l->found[l->found_count++] = (struct found){id, *stats};
	return 0;
}

/* Deleted and renamed tests leave the list; those are counted that stood before its end. */
static int leave_out_gone(struct listing *l, size_t limit, struct error *err)
{
	cleanup_free int64_t *ids = xcalloc(l->found_count + 1, sizeof(*ids));
	size_t kept = 0;

	for (size_t i = 0; i < l->found_count; i++)
		ids[i] = l->found[i].id;
	struct flaky_orders *orders =
		flaky_orders_read(l->query.history, &l->query.filter, ids, l->found_count, err);
	if (!orders)
		return -1;
	l->gone = 0;
	for (size_t i = 0; i < l->found_count && (!limit || kept < limit); i++) {
		if (flaky_orders_gone(orders, l->found[i].id, &l->found[i].stats))
			l->gone++;
		else
			l->found[kept++] = l->found[i];
	}
	flaky_orders_free(orders);
	l->found_count = kept;
	return 0;
}

/* The slowest that are still there: of more than the page holds, as those in front may be gone. */
static int find_tests(struct listing *l, bool all, struct error *err)
{
	struct history_filter filter = l->query.filter;
	size_t limit = (size_t)l->query.limit, asked = all || !limit ? limit : 2 * limit + 20;

	for (;; asked *= 4) {
		filter.limit = (int)MIN(asked, (size_t)INT32_MAX);
		l->found_count = 0;
		if (history_list_stats(
			    l->query.history, &filter, HISTORY_BY_DURATION, add_found, l, err) < 0)
			return -1;
		bool more = asked && l->found_count == asked;
		if (all)
			return 0;
		if (leave_out_gone(l, limit, err) < 0)
			return -1;
		if (l->found_count >= limit || !more)
			return 0;
	}
}

static void put_tests(struct listing *l)
{
	for (size_t i = 0; i < l->found_count && !rows_unwanted(&l->rows); i++) {
		struct history_test t;
		if (!history_name_test(l->query.history, l->found[i].id, &l->found[i].stats, &t))
			continue;
		put_test(l, &t);
		l->shown++;
	}
}

/* ---- the runs of one test ---------------------------------------------------------------------- */

static int put_outcome(void *arg, const struct history_outcome *o)
{
	struct listing *l = arg;
	struct rows *r = &l->rows;
	cleanup_strbuf struct strbuf line = STRBUF_INIT, cut = STRBUF_INIT;
	const char *word = o->flaky ? "flaky" : outcome_name(o->outcome);
	enum ansi_style style = o->outcome == OUTCOME_FAILED ? ANSI_RED
				: o->flaky                   ? ANSI_YELLOW
							     : ANSI_GREEN;
	char started[25];

	clock_iso8601(o->run->started_ms, started);
	started[10] = ' ';
	strbuf_addf(&line, "  %.16s  %s%-7s%s ", started, ansi(style, r->sink.color), word,
		ansi(ANSI_RESET, r->sink.color));
	add_ms(&line, (double)o->duration_us);
	if (o->run->branch) {
		strbuf_addstr(&line, "  ");
		ansi_filter(&line, o->run->branch, strlen(o->run->branch), false);
	}
	if (o->run->commit)
		strbuf_addf(&line, " %.*s", HASH, o->run->commit);
	if (o->message) {
		strbuf_addstr(&line, "  ");
		ansi_filter(&line, o->message, strcspn(o->message, "\n"), false);
	}
	text_truncate(&cut, line.buf, (size_t)MAX(r->sink.columns, 40));
	sink_printf(&r->sink, "%s\n", cut.buf);
	return rows_unwanted(r);
}

/* For people, when the words meant one test: how it went, run by run. */
static int list_outcomes(struct listing *l, struct error *err)
{
	struct history_filter filter = l->query.filter;

	if (l->shown != 1 || l->rows.format != ROWS_TEXT)
		return 0;
	sink_puts(&l->rows.sink, "\n");
	filter.limit = l->query.limit;
	return history_list_outcomes(l->query.history, l->only.id, &filter, put_outcome, l, err);
}

static int list_tests(
	const struct options *options, const char *schema, bool outcomes, struct error *err)
{
	const char *pattern = options->words.n ? options->words.v[0] : NULL;
	struct listing l = {.shown = 0};
	int result = ask_open(&l.query, options, err);
	bool opened = result == 0 &&
		      rows_open(&l.rows, options, schema, "tests", test_headings, err) == 0;

	l.query.filter.text = pattern;
	result = opened ? find_tests(&l, options_has(options, "all"), err) : -1;
	if (result == 0)
		put_tests(&l);
	if (result == 0 && outcomes)
		result = list_outcomes(&l, err);
	bool none = result == 0 && !l.shown && !l.gone;
	if (result == 0 && l.rows.format == ROWS_TEXT)
		rows_gone(&l.rows, l.gone);
	result = close_listing(&l, result, opened, err);
	if (none && result == 0)
		fprintf(stderr,
			pattern ? "nothing is recorded of `%s`\n" : "no tests are recorded\n",
			pattern);
	return result;
}

static int run_slow(const struct options *options, struct error *err)
{
	return list_tests(options, "muster/slow/1", false, err);
}

static int run_history(const struct options *options, struct error *err)
{
	return list_tests(options, "muster/history/1", true, err);
}

static const struct option runs_options[] = {ASK_OPTIONS, ROWS_OPTIONS, {NULL}};
static const struct option test_options[] = {ASK_TEST_OPTIONS, ASK_ALL, ROWS_OPTIONS, {NULL}};

const struct command runs_cmd = {
	.name = "runs",
	.usage = "runs [--since 30d] [--branch B] [--limit N] [--json|--csv|--markdown]",
	.summary = "list the recorded runs, newest first",
	.options = runs_options,
	.run = run_runs,
};

const struct command slow_cmd = {
	.name = "slow",
	.usage = "slow [--since 30d] [--suite S] [--owner O] [--limit N] [--json|--csv|--markdown]",
	.summary = "the slowest tests: what they take on average and at worst",
	.options = test_options,
	.run = run_slow,
};

const struct command history_cmd = {
	.name = "history",
	.usage = "history [FILE|TEST] [--since 30d] [--limit N] [--json|--csv|--markdown]",
	.summary = "what is known of tests: durations, failures, last outcomes",
	.details = "FILE|TEST is a part of the path or of the title; the slowest come first. "
		   "When it means one test, its last runs follow, with what each of them said.",
	.options = test_options,
	.max_words = 1,
	.run = run_history,
};
