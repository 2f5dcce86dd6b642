#include "core/base/base.h"

#include "core/base/file.h"
#include "core/event/bus.h"
#include "core/flaky/fingerprint.h"
#include "core/history/list.h"
#include "core/history/pack.h"
#include "tests/support/test.h"
#include "tests/unit/core/history_v1.h"
#include "tests/unit/core/history_v2.h"

#include <math.h>
#include <sqlite3.h>

static const int64_t day = 86400000, start = 1790000000000;

/* ---- the rule ---------------------------------------------------------------------------------- */

static void feed(struct history_stats *s, int64_t when, enum outcome outcome, int failed_attempts)
{
	struct history_decay memo = HISTORY_DECAY_INIT;
	struct history_sample x = {.run = when / day + 1,
		.when_ms = start + when,
		.outcome = outcome,
		.failed_attempts = failed_attempts,
		.duration_us = 100,
		.cost_us = failed_attempts * 100,
		.default_branch = true,
		.message = failed_attempts ? 7 : 0};

	history_stats_add(s, &x, &memo);
}

TEST(history_stats, counts_and_weights)
{
	struct history_stats s = {0};

	feed(&s, 0, OUTCOME_PASSED, 0);
	feed(&s, 14 * day, OUTCOME_FAILED, 1);
	cr_assert_float_eq(s.w_runs, 1.5, 1e-9); /* one half-life later */
	cr_assert_float_eq(s.w_failures, 1, 1e-9);
	feed(&s, 14 * day, OUTCOME_PASSED, 1);
	feed(&s, 15 * day, OUTCOME_SKIPPED, 0);
	ASSERT_INT(s.runs, 3);
	ASSERT_INT(s.failures, 1);
	ASSERT_INT(s.flaky, 1);
	ASSERT_INT(s.flips, 2);
	ASSERT_INT(s.streak, 0);
	ASSERT_INT(s.recent, 2);
	ASSERT_INT(s.recent_flaky, 1);
	ASSERT_INT(s.recent_count, 3);
	ASSERT_INT(s.cost_us, 200);
	ASSERT_INT(s.first_fail_ms, start + 14 * day);
	ASSERT_INT(s.last_message, 7);
	ASSERT_INT(s.last_ms, start + 15 * day);
	cr_assert_lt(s.w_runs, 2.5);
	for (int i = 0; i < 3; i++)
		feed(&s, 16 * day, OUTCOME_FAILED, 1);
	ASSERT_INT(s.streak, 3);
	cr_assert(s.streak_default);
}

TEST(history_stats, order_of_runs_does_not_matter_for_weights)
{
	struct history_stats a = {0}, b = {0};

	for (int i = 0; i < 30; i++)
		feed(&a, i * day, i % 3 ? OUTCOME_PASSED : OUTCOME_FAILED, i % 3 == 0);
	for (int i = 29; i >= 0; i--)
		feed(&b, i * day, i % 3 ? OUTCOME_PASSED : OUTCOME_FAILED, i % 3 == 0);
	cr_assert_float_eq(a.w_runs, b.w_runs, 1e-9);
	cr_assert_float_eq(a.w_failures, b.w_failures, 1e-9);
	ASSERT_INT(a.first_ms, b.first_ms);
	ASSERT_INT(a.last_ms, b.last_ms);
	ASSERT_INT(a.first_fail_ms, b.first_fail_ms);
	ASSERT_INT(a.last_fail_ms, b.last_fail_ms);
}

/* ---- packs ------------------------------------------------------------------------------------- */

static void round_trip(size_t n, int64_t step, enum history_pack_shape shape)
{
	cleanup_free struct history_packed *items = xcalloc(n, sizeof(*items));
	cleanup_strbuf struct strbuf data = STRBUF_INIT;
	struct history_pack pack;
	struct history_packed p;
	size_t cursor = 0, seen = 0;

	for (size_t i = 0; i < n; i++)
		items[n - 1 - i] = (struct history_packed){1000 + (int64_t)i * step,
			OUTCOME_PASSED + (enum outcome)(i % 3), (int64_t)i * 37};
	history_pack_make(items, n, &pack, &data);
	ASSERT_INT(pack.shape, shape);
	while (history_pack_next(&pack, &cursor, &p)) {
		ASSERT_INT(p.id, 1000 + (int64_t)seen * step);
		ASSERT_INT(p.outcome, OUTCOME_PASSED + seen % 3);
		double us = (double)seen * 37;
		cr_assert(fabs((double)p.duration_us - us) <= us * 0.045 + 0.5);
		cr_assert(history_pack_find(&pack, p.id, &p));
		cr_assert(step == 1 || !history_pack_find(&pack, p.id + 1, &p));
		seen++;
	}
	ASSERT_INT(seen, n);
	cr_assert(!history_pack_find(&pack, 999, &p));
	cr_assert(!history_pack_find(&pack, 1000 + (int64_t)n * step, &p));
	pack.len--; /* damaged: nothing, or less, but no crash */
	for (cursor = 0; history_pack_next(&pack, &cursor, &p);)
		;
}

TEST(history_pack, both_shapes)
{
	for (size_t n = 2; n < 12; n++)
		round_trip(n, 1, HISTORY_PACK_DENSE);
	round_trip(5000, 1, HISTORY_PACK_DENSE);
	round_trip(300, 1000, HISTORY_PACK_SPARSE);
}

/* ---- recording --------------------------------------------------------------------------------- */

struct script {
	const char *id, *commit, *branch;
	int64_t when;
	const char *outcomes; /* a letter a test: . passed, F failed, R passed on retry, T timeout */
};

static void put_test(struct bus *bus, struct event e, char how, const char *id)
{
	cleanup_free char *message = xasprintf("expected %d to be \"%s\"", e.occurrence, id);
	bool failed = how == 'F' || how == 'T';

	e.type = EVENT_TEST_FINISHED;
	if (failed || how == 'R') {
		e.outcome = OUTCOME_FAILED;
		e.will_retry = how == 'R';
		e.failure =
			(struct failure){.kind = how == 'T' ? FAILURE_TIMEOUT : FAILURE_ASSERTION,
				.message = message};
		bus_publish(bus, &e);
	}
	e.failure = (struct failure){0};
	e.will_retry = false;
	e.outcome = OUTCOME_PASSED;
	e.attempt = how == 'R' ? 2 : 1;
	if (!failed)
		bus_publish(bus, &e);
}

static void publish(struct bus *bus, const struct script *x)
{
	struct run_info run = {.run_id = x->id,
		.platform = "linux-x64+ci",
		.workers = 1,
		.commit = x->commit,
		.branch = x->branch,
		.ci_attempt = 1};
	struct event e = {.type = EVENT_RUN_STARTED, .time_ms = start + x->when, .run = &run};

	bus_publish(bus, &e);
	e = (struct event){.type = EVENT_FILE_PLANNED,
		.time_ms = start + x->when,
		.suite = "s",
		.project = "p",
		.file = "a.test.js",
		.worker = 1,
		.attempt = 1,
		.estimate_ms = 20,
		.known = true};
	bus_publish(bus, &e);
	e.type = EVENT_FILE_STARTED;
	bus_publish(bus, &e);
	for (size_t i = 0; x->outcomes[i]; i++) {
		char title[32];
		snprintf(title, sizeof(title), "cart\x1ftest %zu", i);
		e.test = title;
		e.occurrence = 1;
		e.duration_us = 5000;
		put_test(bus, e, x->outcomes[i], x->id);
	}
	e.type = EVENT_FILE_FINISHED;
	e.test = NULL;
	e.outcome = OUTCOME_PASSED;
	e.duration_us = 25000;
	bus_publish(bus, &e);
	e = (struct event){.type = EVENT_SHARD_MERGED,
		.time_ms = e.time_ms,
		.shard = 1,
		.shards = 1,
		.status = "passed",
		.startup_us = 7000000};
	bus_publish(bus, &e);
	e = (struct event){.type = EVENT_RUN_FINISHED, .time_ms = e.time_ms, .duration_us = 900};
	e.exit_code = strpbrk(x->outcomes, "FT") != NULL;
	bus_publish(bus, &e);
}

static void record(const char *path, const struct script *x)
{
	struct error err = ERROR_INIT;
	struct state s;
	struct bus bus;

	state_init(&s);
	bus_init(&bus, &s);
	publish(&bus, x);
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	cr_assert(h, "%s", err.text);
	cr_assert_eq(history_record(h, &s, &err), 0, "%s", err.text);
	history_close(h);
	state_release(&s);
}

struct rows {
	struct history_test v[16];
	char last_commit[16][64], message[16][64], project[16][8];
	int n;
};

static int keep_row(void *arg, const struct history_test *t)
{
	struct rows *r = arg;

	snprintf(r->last_commit[r->n], 64, "%s", t->last_fail_commit ? t->last_fail_commit : "");
	snprintf(r->message[r->n], 64, "%s", t->message ? t->message : "");
	snprintf(r->project[r->n], 8, "%s", t->project);
	r->v[r->n++] = *t;
	return r->n == 16;
}

static struct rows rows_of(
	struct history *h, struct history_filter filter, enum history_order order)
{
	struct rows rows = {.n = 0};
	struct error err = ERROR_INIT;

	cr_assert_eq(
		history_list_tests(h, &filter, order, keep_row, &rows, &err), 0, "%s", err.text);
	return rows;
}

static int keep_outcomes(void *arg, const struct history_outcome *o)
{
	strbuf_addf(arg, "%s %s%s %d %s; ", o->run->run_id, outcome_name(o->outcome),
		o->flaky ? "*" : "", o->attempts, o->message ? o->message : "-");
	return 0;
}

static int keep_messages(void *arg, const struct history_message *m)
{
	strbuf_addf(arg, "%" PRId64 " in %" PRId64 "; ", m->attempts, m->runs);
	cr_assert_eq(m->fingerprint, fingerprint(m->text));
	return 0;
}

static int keep_files(void *arg, const struct history_run_file *f)
{
	strbuf_addf(arg, "%" PRId64 " %d.%d %" PRId64 "/%" PRId64, f->file_id, f->worker,
		f->position, f->predicted_us, f->duration_us);
	return 0;
}

static int keep_runs(void *arg, const struct history_run *r)
{
	strbuf_addf(arg, "%s %s %s %d %d; ", r->run_id, r->commit ? r->commit : "-",
		r->branch ? r->branch : "-", r->shards, r->commit_sure);
	return 0;
}

static const struct script scripts[] = {
	{"r1", "c1", "main", 0, "...."},
	{"r2", "c1", "main", 1000, ".F.."},
	{"r3", "c1", "main", 2000, ".F.."}, /* c1 counts once */
	{"r4", "c2", "feature", 3000, "...R"},
	{"r5", "c3", "main", 4000, "..T."},
	{"r6", "c4", "feature", 5000, "..F."},
};

static struct history *record_all(char *dir)
{
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);

	for (size_t i = 0; i < ARRAY_LEN(scripts); i++)
		record(path, &scripts[i]);
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	cr_assert(h);
	return h;
}

TEST(history_evidence, tests)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	struct history *h = record_all(dir);
	struct rows all = rows_of(h, (struct history_filter){0}, HISTORY_BY_ID);

	ASSERT_INT(all.n, 4);
	cr_assert(!all.v[0].stats.faulty && all.v[1].stats.faulty);
	ASSERT_INT(all.v[1].stats.same_commit, 1);
	ASSERT_INT(all.v[1].stats.failures, 2);
	ASSERT_INT(all.v[1].stats.flips, 2);
	cr_assert_str_eq(all.last_commit[1], "c1");
	cr_assert_str_eq(all.message[1], "expected 1 to be \"r3\"");
	ASSERT_INT(all.v[2].stats.streak, 2);
	cr_assert(all.v[2].stats.streak_default);
	ASSERT_INT(all.v[2].stats.timeouts, 1);
	ASSERT_INT(all.v[2].stats.same_commit, 0);
	ASSERT_INT(all.v[3].stats.flaky, 1);
	ASSERT_INT(all.v[3].stats.cost_us, 10000);
	cr_assert_str_eq(all.project[3], "p");

	struct rows faulty = rows_of(h, (struct history_filter){.limit = 2}, HISTORY_BY_FAULTS);
	ASSERT_INT(faulty.n, 2);
	cr_assert(faulty.v[0].stats.w_failures >= faulty.v[1].stats.w_failures);
	ASSERT_INT(rows_of(h, (struct history_filter){.suite = "x"}, HISTORY_BY_ID).n, 0);
	struct history_filter filter = {.text = "cart \xe2\x80\xba test 2"};
	ASSERT_INT(rows_of(h, filter, HISTORY_BY_DURATION).n, 1);
	history_close(h);
	file_remove_tree(dir, NULL);
}

TEST(history_evidence, outcomes_and_runs)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	struct history *h = record_all(dir);
	struct history_filter filter = {.limit = 3};
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	history_list_outcomes(h, 4, &filter, keep_outcomes, &text, NULL);
	cr_assert_str_eq(text.buf, "r6 passed 1 -; r5 passed 1 -; "
				   "r4 passed* 2 expected 1 to be \"r4\"; ");
	strbuf_reset(&text);
	history_list_messages(h, 2, 0, 5, keep_messages, &text, NULL);
	cr_assert_str_eq(text.buf, "2 in 2; ");
	strbuf_reset(&text);
	history_list_run_files(h, 1, keep_files, &text, NULL);
	cr_assert_str_eq(text.buf, "1 1.1 20000/25000");
	strbuf_reset(&text);
	filter = (struct history_filter){.branch = "feat*"};
	history_list_runs(h, &filter, keep_runs, &text, NULL);
	cr_assert_str_eq(text.buf, "r6 c4 feature 1 1; r4 c2 feature 1 1; ");

	struct forecast f = FORECAST_INIT;
	history_forecast(h, "linux-x64+ci", &f);
	forecast_sort(&f);
	ASSERT_INT(f.startup_count, ARRAY_LEN(scripts));
	ASSERT_INT(forecast_startup_us(&f, 1), 7000000);
	ASSERT_INT(f.run_count, 2); /* those that passed */
	forecast_release(&f);
	history_close(h);
	file_remove_tree(dir, NULL);
}

static void same_stats(const struct history_stats *x, const struct history_stats *y)
{
	cr_assert_float_eq(x->w_runs, y->w_runs, 1e-5); /* stored as micro-runs */
	cr_assert_float_eq(x->w_failures, y->w_failures, 1e-9);
	ASSERT_INT(x->same_commit, y->same_commit);
	ASSERT_INT(x->recent, y->recent);
	ASSERT_INT(x->recent_flaky, y->recent_flaky);
	ASSERT_INT(x->streak, y->streak);
	ASSERT_INT(x->flips, y->flips);
	ASSERT_INT(x->timeouts, y->timeouts);
	ASSERT_INT(x->last_fail_ms, y->last_fail_ms);
	ASSERT_INT(x->last_message, y->last_message);
}

/* A window over everything says what the running statistics say. */
TEST(history_evidence, windows)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	struct history *h = record_all(dir);
	struct rows a = rows_of(h, (struct history_filter){0}, HISTORY_BY_ID);
	struct rows b = rows_of(h, (struct history_filter){.since_ms = 1}, HISTORY_BY_ID);

	ASSERT_INT(b.n, a.n);
	for (int i = 0; i < a.n; i++) {
		same_stats(&a.v[i].stats, &b.v[i].stats);
		cr_assert_str_eq(a.last_commit[i], b.last_commit[i]);
		cr_assert_str_eq(a.message[i], b.message[i]);
	}
	struct history_filter main_only = {.branch = "main", .since_ms = start + 500};
	struct rows c = rows_of(h, main_only, HISTORY_BY_FAULTS);
	ASSERT_INT(c.n, 2);
	ASSERT_INT(c.v[0].stats.runs, 3); /* r2 r3 r5 */
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* ---- older versions ---------------------------------------------------------------------------- */

static void make_old(const char *path, const char *dump, const char *change)
{
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, dump, NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, change, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
}

TEST(history_evidence, from_version_1)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct history_file file;

	make_old(path, history_v1, "");
	struct history *h = history_open(path, HISTORY_READ, NULL, &err);
	cr_assert(h, "%s", err.text);
	ASSERT_INT(history_run_count(h, "linux-x64+github"), 3);
	cr_assert(history_file(h, "linux-x64+github", "unit", "", "src/f1.test.js", &file));
	struct rows all = rows_of(h, (struct history_filter){0}, HISTORY_BY_ID);
	ASSERT_INT(all.n, 6);
	ASSERT_INT(all.v[1].stats.runs, 5);
	ASSERT_INT(all.v[1].stats.failures, 2);
	ASSERT_INT(all.v[1].stats.same_commit, 1); /* at bbbb it passed in a working tree only */
	ASSERT_INT(all.v[1].stats.first_ms, start);
	cr_assert_gt(all.v[1].stats.w_runs, 4);
	cr_assert_str_eq(all.last_commit[1], "bbbb");
	ASSERT_INT(all.v[2].stats.flaky, 1);
	history_list_messages(h, all.v[1].id, 0, 5, keep_messages, &text, NULL);
	cr_assert_str_eq(text.buf, "2 in 2; ");
	history_close(h);
	struct script next = scripts[1];
	next.id = "another"; /* and it goes on */
	record(path, &next);
	h = history_open(path, HISTORY_READ, NULL, &err);
	ASSERT_INT(rows_of(h, (struct history_filter){0}, HISTORY_BY_ID).n, 10);
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* A history of version 3: made of a new one. */
static const char to_v3[] =
	"DROP TABLE suite_trials; CREATE TABLE suite_walls(platform_id INT NOT NULL, suite_id INT"
	" NOT NULL, workers INT NOT NULL, wall_ms REAL NOT NULL, PRIMARY KEY(platform_id,"
	" suite_id, workers)) WITHOUT ROWID; INSERT INTO suite_walls VALUES(1, 1, 2, 5000); DROP"
	" TABLE suite_stats; CREATE TABLE suite_stats(platform_id INT NOT NULL, suite_id INT NOT"
	" NULL, start_ms REAL, first_file_ms REAL, cpu_share REAL, rss_kb REAL, runs INT NOT NULL,"
	" spread INT NOT NULL, PRIMARY KEY(platform_id, suite_id)) WITHOUT ROWID; INSERT INTO"
	" suite_stats VALUES(1, 1, 300, 0, 0.5, 1000, 7, -1); PRAGMA user_version = 3";

TEST(history_evidence, from_version_3)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	struct error err = ERROR_INIT;
	struct history_suite model;
	sqlite3 *db;

	record(path, &scripts[0]);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db, to_v3, NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	struct history *h = history_open(path, HISTORY_READ, NULL, &err);
	cr_assert(h, "%s", err.text);
	cr_assert(history_suite(h, "linux-x64+ci", "s", &model));
	ASSERT_INT(model.runs, 7);
	ASSERT_INT(model.order, -1);
	ASSERT_INT(model.trials[2].runs, 0); /* measured anew */
	history_close(h);
	record(path, &scripts[1]);
	h = history_open(path, HISTORY_READ, NULL, &err);
	ASSERT_INT(history_run_count(h, "linux-x64+ci"), 2);
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* Sums of runs that were pruned long ago survive the change. */
TEST(history_evidence, from_version_1_pruned)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	struct error err = ERROR_INIT;

	make_old(path, history_v1,
		"DELETE FROM runs; DELETE FROM failures;"
		"UPDATE test_stats SET runs = 400, failures = 20 WHERE test_id = 2");
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	cr_assert(h, "%s", err.text);
	struct rows all = rows_of(h, (struct history_filter){0}, HISTORY_BY_ID);
	ASSERT_INT(all.n, 6);
	ASSERT_INT(all.v[1].stats.runs, 400);
	ASSERT_INT(all.v[1].stats.failures, 20);
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* Outcomes on the default branch are taken from the packs; everything else stays, what is known of
 * pruned runs, too. */
TEST(history_evidence, from_version_2)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	struct error err = ERROR_INIT;

	make_old(path, history_v2, "");
	struct history *h = history_open(path, HISTORY_READ, NULL, &err);
	cr_assert(h, "%s", err.text);
	struct rows all = rows_of(h, (struct history_filter){0}, HISTORY_BY_ID);
	ASSERT_INT(all.n, 3);
	const struct history_stats *flips = &all.v[1].stats, *slow = &all.v[2].stats;
	ASSERT_INT(flips->runs, 7); /* six are still there */
	ASSERT_INT(flips->failures, 3);
	ASSERT_INT(flips->same_commit, 1);
	ASSERT_INT(flips->recent, 0x29); /* 0101001 */
	ASSERT_INT(flips->main_count, 5);
	ASSERT_INT(flips->main_failed, 0x14); /* 10100: neither the first nor the branch's */
	ASSERT_INT(slow->main_failed, 1);
	ASSERT_INT(slow->timeouts, 1);
	cr_assert_str_eq(all.message[1], "it flipped 3");
	struct rows faulty = rows_of(h, (struct history_filter){.faulty = true}, HISTORY_BY_FAULTS);
	ASSERT_INT(faulty.n, 2);
	history_close(h);
	file_remove_tree(dir, NULL);
}
