#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/ask.h"
#include "cmd/quarantine.h"
#include "cmd/rows.h"
#include "core/base/ansi.h"
#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/flaky/flaky_order.h"
#include "core/event/test_id.h"

/* `flaky`: the page that a team opens on Monday. */

enum { MESSAGES = 3, SPARKS = 30, OTHER_COLUMNS = 50, SHORT_HASH = 8 };

/* A test that failed; those that are shown are named. The order is that of the history, most first.
 */
struct suspect {
	struct history_test test;
	struct flaky_evidence evidence;
	struct flaky_rate rate;
	enum flaky_class class;
	bool quarantined;
	const char *owners, *behind; /* behind: the files that it depends on, or NULL */
	struct history_message messages[MESSAGES];
	size_t message_count;
};

struct page {
	struct ask query;
	struct quarantine quarantine;
	struct flaky_orders *orders;
	struct arena arena;
	struct suspect *suspects;
	size_t n, cap;
	size_t flaky, broken, gone; /* also those behind the limit */
	int64_t cost_us;
	bool all;
	enum flaky_class only; /* FLAKY_CLASS_COUNT = all */
	struct rows rows;
};

/* ---- choosing ---------------------------------------------------------------------------------- */

static int add_suspect(void *arg, int64_t id, const struct history_stats *stats)
{
	struct page *p = arg;

	GROW(p->suspects, p->n + 1, p->cap);
	p->suspects[p->n++] = (struct suspect){.test = {.id = id, .stats = *stats}};
	return 0;
}

static int name(struct page *p, struct suspect *s, struct error *err)
{
	struct history_stats stats = s->test.stats;
	struct history_test *t = &s->test;
	struct arena *a = &p->arena;

	if (!history_name_test(p->query.history, t->id, &stats, t))
		return error_set(err, EXIT_CODE_INFRASTRUCTURE,
			"the history is damaged: a test has no name");
	t->suite = arena_strdup(a, t->suite);
	t->project = arena_strdup(a, t->project);
	t->file = arena_strdup(a, t->file);
	t->test = arena_strdup(a, t->test);
	t->first_fail_run = arena_strdup(a, t->first_fail_run);
	t->first_fail_commit = arena_strdup(a, t->first_fail_commit);
	t->last_fail_run = arena_strdup(a, t->last_fail_run);
	t->last_fail_commit = arena_strdup(a, t->last_fail_commit);
	t->message = arena_strdup(a, t->message);
	t->culprits = arena_strdup(a, t->culprits);
	t->order_run = arena_strdup(a, t->order_run);
	return 0;
}

static int add_message(void *arg, const struct history_message *m)
{
	struct suspect *s = ((void **)arg)[0];
	struct page *p = ((void **)arg)[1];

	s->messages[s->message_count] = *m;
	s->messages[s->message_count++].text = arena_strdup(&p->arena, m->text);
	return s->message_count == MESSAGES;
}

/* Files, a line each, as words. */
static const char *join_files(struct arena *arena, const char *lines)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	for (size_t n; *lines; lines += n + (lines[n] == '\n')) {
		n = strcspn(lines, "\n");
		strbuf_addstr(&out, out.len ? " and " : "");
		strbuf_add(&out, lines, n);
	}
	return arena_strdup(arena, out.buf);
}

static int describe(struct page *p, struct suspect *s, int64_t behind, struct error *err)
{
	struct history_test *t = &s->test;
	void *both[] = {s, p};

	if (name(p, s, err) < 0)
		return -1;
	s->rate = flaky_rate(&s->evidence);
	s->owners = codeowners_of(p->query.owners, t->file);
	s->quarantined =
		quarantine_covers(&p->quarantine, t->suite, t->file, t->test, t->occurrence);
	cleanup_free char *path = behind ? history_file_path(p->query.history, behind) : NULL;
	const char *files = t->culprits ? t->culprits : path;
	if (s->class == FLAKY_ORDER && files)
		s->behind = join_files(&p->arena, files);
	return history_list_messages(p->query.history, t->id, p->query.filter.since_ms, MESSAGES,
		add_message, both, err);
}

/* False: it does not belong on the page. `*behind`: the file that it may depend on, 0 = none. For
 * those that are only counted the order matters where nothing else makes them flaky. */
static bool belongs(struct page *p, struct suspect *s, bool counted, int64_t *behind)
{
	const struct history_stats *x = &s->test.stats;

	*behind = 0;
	s->evidence = history_evidence(x);
	s->class = flaky_classify(&s->evidence);
	if (flaky_orders_wants(x) && (!counted || s->class == FLAKY_NONE)) {
		*behind = flaky_order_of(p->orders, s->test.id, &s->evidence.order);
		s->class = flaky_classify(&s->evidence);
	}
	if (s->class == FLAKY_NONE || (p->only != FLAKY_CLASS_COUNT && s->class != p->only))
		return false;
	if (p->all || !flaky_orders_gone(p->orders, s->test.id, x))
		return true;
	p->gone++;
	return false;
}

/* Keeps the first `limit` that have a class and are still there; counts all. */
static int judge(struct page *p, struct error *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct suspect *s = &p->suspects[i];
		bool counted = p->query.limit && kept >= (size_t)p->query.limit;
		int64_t behind;
		if (!belongs(p, s, counted, &behind))
			continue;
		p->flaky += s->class != FLAKY_BROKEN;
		p->broken += s->class == FLAKY_BROKEN;
		p->cost_us += s->test.stats.cost_us;
		if (counted)
			continue;
		if (describe(p, s, behind, err) < 0)
			return -1;
		p->suspects[kept++] = *s;
	}
	p->n = kept;
	return 0;
}

/* ---- for programs ------------------------------------------------------------------------------ */

static void put_time(struct jsonw *w, const char *key, int64_t ms)
{
	char text[25];

	clock_iso8601(ms, text);
	jsonw_string(w, key, ms ? text : NULL);
}

static void put_messages(struct jsonw *w, const struct suspect *s)
{
	jsonw_array_begin(w, "messages");
	for (size_t i = 0; i < s->message_count; i++) {
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "text", s->messages[i].text);
		jsonw_string(w, "kind", failure_kind_name(s->messages[i].kind));
		jsonw_int(w, "attempts", s->messages[i].attempts);
		jsonw_int(w, "runs", s->messages[i].runs);
		put_time(w, "last_seen", s->messages[i].last_ms);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}

static double four_decimals(double value)
{
	return (double)(int64_t)(value * 1e4 + 0.5) / 1e4;
}

static void put_json(struct jsonw *w, const struct suspect *s, const char *title)
{
	const struct history_test *t = &s->test;

	jsonw_string(w, "suite", t->suite);
	jsonw_string(w, "project", *t->project ? t->project : NULL);
	jsonw_string(w, "file", t->file);
	jsonw_string(w, "test", title);
	jsonw_string(w, "class", flaky_class_name(s->class));
	jsonw_double(w, "rate", four_decimals(s->rate.rate));
	jsonw_double(w, "rate_low", four_decimals(s->rate.low));
	jsonw_double(w, "rate_high", four_decimals(s->rate.high));
	jsonw_string(w, "confidence", flaky_confidence(&s->rate));
	jsonw_int(w, "runs", s->evidence.runs);
	jsonw_int(w, "failures", s->evidence.failures);
	jsonw_int(w, "retried_passes", s->evidence.retried_passes);
	jsonw_int(w, "same_commit", s->evidence.conflicts);
	jsonw_int(w, "flips", t->stats.flips);
	jsonw_int(w, "streak", s->evidence.streak);
	jsonw_int(w, "timeouts", s->evidence.timeouts);
	jsonw_string(w, "behind", s->behind);
	jsonw_string(w, "order_run", s->behind ? t->order_run : NULL);
	put_time(w, "first_seen", t->stats.first_fail_ms);
	jsonw_string(w, "first_seen_commit", t->first_fail_commit);
	put_time(w, "last_seen", t->stats.last_fail_ms);
	jsonw_string(w, "last_seen_commit", t->last_fail_commit);
	jsonw_string(w, "last_seen_run", t->last_fail_run);
	jsonw_int(w, "cost_ms", t->stats.cost_us / 1000);
	jsonw_bool(w, "quarantined", s->quarantined);
	jsonw_string(w, "owners", s->owners);
	jsonw_string(w, "last_message", t->message);
	put_messages(w, s);
}

static const char *const headings[] = {"suite", "file", "test", "class", "rate", "rate_low",
	"rate_high", "runs", "failures", "retried_passes", "flips", "first_seen", "last_seen",
	"cost_ms", "quarantined", "owners", "last_message", NULL};

static void put_cells(struct rows *r, const struct suspect *s, const char *title)
{
	const struct history_test *t = &s->test;
	cleanup_strbuf struct strbuf first = STRBUF_INIT, last = STRBUF_INIT;

	ask_day(&first, t->stats.first_fail_ms);
	ask_day(&last, t->stats.last_fail_ms);
	rows_text(r, t->suite);
	rows_text(r, t->file);
	rows_text(r, title);
	rows_text(r, flaky_class_name(s->class));
	rows_number(r, s->rate.rate, 3);
	rows_number(r, s->rate.low, 3);
	rows_number(r, s->rate.high, 3);
	rows_int(r, s->evidence.runs);
	rows_int(r, s->evidence.failures);
	rows_int(r, s->evidence.retried_passes);
	rows_int(r, t->stats.flips);
	rows_text(r, first.buf);
	rows_text(r, last.buf);
	rows_int(r, t->stats.cost_us / 1000);
	rows_text(r, s->quarantined ? "yes" : "no");
	rows_text(r, s->owners);
	rows_text(r, t->message);
}

static void print_rows(struct page *p)
{
	for (size_t i = 0; i < p->n && !rows_unwanted(&p->rows); i++) {
		cleanup_strbuf struct strbuf title = STRBUF_INIT;
		test_id_text(&title, p->suspects[i].test.test, p->suspects[i].test.occurrence);
		rows_begin(&p->rows);
		if (p->rows.format == ROWS_JSON)
			put_json(&p->rows.json, &p->suspects[i], title.buf);
		else
			put_cells(&p->rows, &p->suspects[i], title.buf);
		rows_end(&p->rows);
	}
}

/* ---- for people -------------------------------------------------------------------------------- */

static void put_line(struct rows *r, const struct strbuf *line)
{
	cleanup_strbuf struct strbuf cut = STRBUF_INIT;

	text_truncate(&cut, line->buf, (size_t)MAX(r->sink.columns, 40));
	sink_printf(&r->sink, "%s\n", cut.buf);
}

/* " 24 %  15-37 %  ▁▁▇▁▄▁  flaky_retry  costs 2 m 05 s" */
static void first_line(struct rows *r, const struct suspect *s)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, range = STRBUF_INIT;
	const struct history_stats *x = &s->test.stats;
	bool c = r->sink.color;

	if (s->class == FLAKY_BROKEN) {
		strbuf_addf(&range, "%" PRId64 " in a row", s->evidence.streak);
		strbuf_addf(
			&line, "%s%-15s%s  ", ansi(ANSI_BOLD, c), range.buf, ansi(ANSI_RESET, c));
	} else {
		strbuf_addf(&range, "%.0f-%.0f %%", s->rate.low * 100, s->rate.high * 100);
		strbuf_addf(&line, "%s%3.0f %%%s  %-8s  ", ansi(ANSI_BOLD, c), s->rate.rate * 100,
			ansi(ANSI_RESET, c), range.buf);
	}
	int sparks = MIN(x->recent_count, MAX(r->sink.columns - OTHER_COLUMNS, (int)SPARKS));
	strbuf_addstr(&line, ansi(ANSI_YELLOW, c));
	rows_sparkline(&line, x->recent, x->recent_flaky, sparks, r->utf8);
	strbuf_addstr(&line, ansi(ANSI_RESET, c));
	strbuf_addf(&line, "  %s%s%s", ansi(s->class == FLAKY_BROKEN ? ANSI_RED : ANSI_YELLOW, c),
		flaky_class_name(s->class), ansi(ANSI_RESET, c));
	if (x->cost_us >= 1000000) {
		strbuf_addstr(&line, "  cost ");
		text_duration(&line, x->cost_us / 1000);
	}
	put_line(r, &line);
}

static void name_line(struct rows *r, const struct suspect *s)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	test_id_text(&title, s->test.test, s->test.occurrence);
	rows_name(r, 7, s->test.file, s->test.project, title.buf);
}

static void add_count(struct strbuf *out, int64_t n, const char *what)
{
	if (n)
		strbuf_addf(out, "%" PRId64 " %s, ", n, what);
}

static void facts_line(struct rows *r, const struct suspect *s)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, day = STRBUF_INIT;
	const struct flaky_evidence *e = &s->evidence;
	const char *commit = s->test.first_fail_commit;

	strbuf_addstr(&line, "       ");
	add_count(&line, e->failures, "failed");
	add_count(&line, e->retried_passes, "passed on a retry");
	if (e->failures || e->retried_passes)
		strbuf_setlen(&line, line.len - 2);
	else
		strbuf_addstr(&line, "failed in none");
	strbuf_addf(&line, " of %" PRId64 " run%s", e->runs, e->runs == 1 ? "" : "s");
	if (streq(flaky_confidence(&s->rate), "few samples"))
		strbuf_addstr(&line, " (few samples)");
	ask_day(&day, s->test.stats.first_fail_ms);
	if (day.len)
		strbuf_addf(&line, ", since %.*s%s%s%s", SHORT_HASH, commit ? commit : "",
			commit ? " (" : "", day.buf, commit ? ")" : "");
	put_line(r, &line);
}

static void order_line(struct rows *r, const struct suspect *s)
{
	const struct flaky_order *o = &s->evidence.order;
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	const char *run = s->test.order_run;

	if (!s->behind)
		return;
	strbuf_addstr(&line, "       ");
	if (!s->test.culprits)
		strbuf_addf(&line, "failed in %" PRId64 " of %" PRId64 " runs behind ",
			o->behind_failed, o->behind);
	else
		strbuf_addf(&line, "%s behind ", s->test.needed ? "passes only" : "fails");
	ansi_filter(&line, s->behind, strlen(s->behind), false);
	if (!s->test.culprits)
		strbuf_addf(
			&line, ", in %" PRId64 " of %" PRId64 " others", o->other_failed, o->other);
	else
		strbuf_addf(&line, ", as run %s proves", run ? run : "");
	put_line(r, &line);
}

static void owner_line(struct rows *r, const struct suspect *s)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;

	if (!s->quarantined && !s->owners)
		return;
	strbuf_addf(&line, "       %s%s%s%s", s->quarantined ? "in quarantine" : "",
		s->quarantined && s->owners ? "; " : "", s->owners ? "owner " : "",
		s->owners ? s->owners : "");
	put_line(r, &line);
}

static void message_lines(struct rows *r, const struct suspect *s)
{
	for (size_t i = 0; i < s->message_count; i++) {
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		const char *text = s->messages[i].text;
		strbuf_addf(&line, "       %s%3" PRId64 "x  ", ansi(ANSI_DIM, r->sink.color),
			s->messages[i].attempts);
		ansi_filter(&line, text, strcspn(text, "\n"), false);
		strbuf_addstr(&line, ansi(ANSI_RESET, r->sink.color));
		put_line(r, &line);
	}
}

static void print_section(struct page *p, bool broken)
{
	struct rows *r = &p->rows;
	size_t n = 0;

	for (size_t i = 0; i < p->n && !rows_unwanted(r); i++) {
		const struct suspect *s = &p->suspects[i];
		if ((s->class == FLAKY_BROKEN) != broken)
			continue;
		if (!n++ && broken)
			sink_puts(&r->sink, "Broken, not flaky: these fail run after run\n\n");
		first_line(r, s);
		name_line(r, s);
		facts_line(r, s);
		order_line(r, s);
		owner_line(r, s);
		message_lines(r, s);
		sink_puts(&r->sink, "\n");
	}
}

static void print_text(struct page *p)
{
	struct rows *r = &p->rows;
	cleanup_strbuf struct strbuf cost = STRBUF_INIT;

	if (!p->n) {
		sink_puts(&r->sink, "no flaky tests are known\n");
		rows_gone(&p->rows, p->gone);
		return;
	}
	text_duration(&cost, p->cost_us / 1000);
	sink_printf(&r->sink, "%zu flaky, %zu broken; failed and repeated attempts cost %s\n\n",
		p->flaky, p->broken, cost.buf);
	print_section(p, false);
	print_section(p, true);
	sink_puts(&r->sink, r->utf8 ? "\xe2\x96\x81 passed  \xe2\x96\x84 passed on a retry  "
				      "\xe2\x96\x87 failed; the newest run is the last\n"
				    : ". passed  x passed on a retry  X failed; the newest run is "
				      "the last\n");
	sink_puts(&r->sink, "rate: how often an attempt fails now, and its 90 % interval\n");
	if (p->n < p->flaky + p->broken)
		sink_printf(&r->sink, "only the first %zu; `--limit all` shows all\n", p->n);
	rows_gone(&p->rows, p->gone);
}

/* ---- the command ------------------------------------------------------------------------------- */

static int read_page(struct page *p, const struct options *options, struct error *err)
{
	const char *class = options_value(options, "class", NULL);

	p->only = class ? flaky_class_parse(class) : FLAKY_CLASS_COUNT;
	if (ask_open(&p->query, options, err) < 0 ||
		quarantine_of_project(&p->quarantine, options, NULL, err) < 0)
		return -1;
	p->all = options_has(options, "all");
	struct history_filter filter = p->query.filter;
	filter.limit = 0; /* most that failed once are of no class */
	if (history_list_stats(p->query.history, &filter, HISTORY_BY_FAULTS, add_suspect, p, err) <
		0)
		return -1;
	cleanup_free int64_t *ids = xcalloc(p->n + 1, sizeof(*ids));
	for (size_t i = 0; i < p->n; i++)
		ids[i] = p->suspects[i].test.id;
	p->orders = flaky_orders_read(p->query.history, &filter, ids, p->n, err);
	return p->orders ? judge(p, err) : -1;
}

static int run_flaky(const struct options *options, struct error *err)
{
	struct page p = {.arena = ARENA_INIT};

	quarantine_init(&p.quarantine);
	int result = read_page(&p, options, err);
	if (result == 0)
		result = rows_open(&p.rows, options, "muster/flaky/1", "tests", headings, err);
	if (result == 0) {
		if (p.rows.format == ROWS_TEXT)
			print_text(&p);
		else
			print_rows(&p);
		result = rows_close(&p.rows, err);
	}
	free(p.suspects);
	flaky_orders_free(p.orders);
	arena_release(&p.arena);
	quarantine_release(&p.quarantine);
	ask_close(&p.query);
	return result;
}

static const struct option flaky_options[] = {
	ASK_TEST_OPTIONS,
	{"class", 0, OPTION_VALUE,
		"flaky_retry|flaky_same_commit|transitioning|timeout_flaky|order_dependent|broken",
		"only this class", .one_of = true},
	ASK_ALL,
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	ROWS_OPTIONS,
	{NULL},
};

const struct command flaky_cmd = {
	.name = "flaky",
	.usage = "flaky [--since 30d] [--suite S] [--branch B] [--owner O] [--limit N]",
	.summary = "flaky and broken tests: how often, since when, at what cost",
	.details = "Those that fail most come first. The rate is how likely an attempt fails "
		   "now: runs count half after 14 days, and the interval holds the true rate in "
		   "9 of 10 cases. Broken tests fail run after run, also on the default branch; "
		   "they are told apart.",
	.options = flaky_options,
	.run = run_flaky,
};
