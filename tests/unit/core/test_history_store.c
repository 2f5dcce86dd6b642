#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/event/bus.h"
#include "core/history/list.h"
#include "core/history/merge.h"
#include "core/history/query.h"
#include "core/history/store.h"
#include "core/plan/timings.h"
#include "tests/support/test.h"

#include <signal.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

static const int64_t start = 1790000000000, hour = 3600000;

/* Run number `n`: `tests` tests, of which test n % tests fails. */
static int record(struct history *h, int n, int tests, struct error *err)
{
	cleanup_free char *id = xasprintf("run-%d", n), *commit = xasprintf("c%d", n / 2);
	struct run_info run = {.run_id = id,
		.platform = "linux-x64",
		.branch = "main",
		.commit = commit,
		.ci_attempt = 1};
	struct event e = {.type = EVENT_RUN_STARTED, .time_ms = start + n * hour, .run = &run};
	struct state s;
	struct bus bus;

	state_init(&s);
	bus_init(&bus, &s);
	bus_publish(&bus, &e);
	e = (struct event){.type = EVENT_FILE_PLANNED,
		.time_ms = e.time_ms,
		.suite = "s",
		.file = "a.test.js",
		.worker = 1,
		.attempt = 1};
	bus_publish(&bus, &e);
	e.type = EVENT_FILE_STARTED;
	bus_publish(&bus, &e);
	for (int i = 0; i < tests; i++) {
		struct event t = e;
		cleanup_free char *title = xasprintf("test %d of many that have long titles", i);
		t.type = EVENT_TEST_FINISHED;
		t.test = title;
		t.occurrence = 1;
		t.duration_us = 1000 + i;
		t.outcome = i == n % tests ? OUTCOME_FAILED : OUTCOME_PASSED;
		if (t.outcome == OUTCOME_FAILED)
			t.failure = (struct failure){.kind = FAILURE_ERROR, .message = "boom"};
		bus_publish(&bus, &t);
	}
	e.type = EVENT_FILE_FINISHED;
	e.outcome = OUTCOME_FAILED;
	bus_publish(&bus, &e);
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_FINISHED, .time_ms = e.time_ms});
	int result = history_record(h, &s, err);
	state_release(&s);
	return result;
}

/* What a child calls asserts nothing: Criterion's own socket does not survive a fork. */
static int try_record_runs(const char *path, int from, int to, struct error *err)
{
	struct history *h = history_open(path, HISTORY_WRITE, NULL, err);
	int result = h ? 0 : -1;

	for (int n = from; n < to && result == 0; n++)
		result = record(h, n, 40, err);
	history_close(h);
	return result;
}

static void record_runs(const char *path, int from, int to)
{
	struct error err = ERROR_INIT;

	cr_assert_eq(try_record_runs(path, from, to, &err), 0, "%s", err.text);
}

/* What is known of each test, as one text. */
static int describe(void *arg, const struct history_test *t)
{
	const struct history_stats *x = &t->stats;

	strbuf_addf(arg, "%s %" PRId64 " %" PRId64 " %" PRId64 " %" PRId64 " %.3f %.3f %s %s\n",
		t->test, x->runs, x->failures, x->flips, x->same_commit, x->w_runs, x->w_failures,
		t->last_fail_run ? t->last_fail_run : "-", t->message ? t->message : "-");
	return 0;
}

static char *description(const char *path)
{
	struct strbuf out = STRBUF_INIT;
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);

	cr_assert(h);
	history_list_tests(h, &(struct history_filter){0}, HISTORY_BY_ID, describe, &out, NULL);
	history_close(h);
	return strbuf_detach(&out);
}

static int import(const char *to, const char *from, struct history_imported *ret, struct error *err)
{
	struct history *h = history_open(to, HISTORY_WRITE, NULL, err);

	int result = h ? history_import(h, from, ret, err) : -1;
	history_close(h);
	return result;
}

static void export(const char *from, const char *to)
{
	struct error err = ERROR_INIT;
	struct history *h = history_open(from, HISTORY_READ, NULL, &err);

	cr_assert_eq(history_export(h, to, &err), 0, "%s", err.text);
	history_close(h);
}

static void no_problem(void *arg, const char *text)
{
	(void)arg;
	cr_assert(false, "%s", text);
}

static void ignore_problem(void *arg, const char *text)
{
	(void)arg, (void)text;
}

static void check(const char *path)
{
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);

	cr_assert_eq(history_check(h, no_problem, NULL, NULL), 0);
	history_close(h);
}

/* However runs come together, the same is known in the end. */
TEST(history_store, travels_and_merges)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *all = xasprintf("%s/all.db", dir), *some = xasprintf("%s/some.db", dir);
	cleanup_free char *fresh = xasprintf("%s/new.db", dir);
	cleanup_free char *file = xasprintf("%s/export", dir);
	struct history_imported done;
	struct error err = ERROR_INIT;

	record_runs(all, 0, 12);
	record_runs(some, 0, 5);
	export(all, file);
	cr_assert(history_is_export(file) && history_is_export(all));
	cleanup_free char *expected = description(all);

	cr_assert_eq(import(fresh, file, &done, &err), 0, "%s", err.text);
	ASSERT_INT(done.runs, 12);
	cleanup_free char *whole = description(fresh);
	cr_assert_str_eq(whole, expected);

	cr_assert_eq(import(some, file, &done, &err), 0, "%s", err.text);
	ASSERT_INT(done.runs, 7);
	ASSERT_INT(done.known, 5);
	cleanup_free char *merged = description(some);
	cr_assert_str_eq(merged, expected);
	cr_assert_eq(import(some, all, &done, &err), 0, "%s", err.text); /* plain, and again */
	ASSERT_INT(done.runs, 0);
	cleanup_free char *again = description(some);
	cr_assert_str_eq(again, expected);
	check(some);
	check(fresh);
	record_runs(some, 12, 13); /* and it goes on */
	check(some);
	file_remove_tree(dir, NULL);
}

static void refused(const char *to, const char *from, const char *why)
{
	struct history_imported done;
	struct error err = ERROR_INIT;

	cr_assert_eq(import(to, from, &done, &err), -1);
	cr_assert(strstr(err.text, why), "%s", err.text);
	cr_assert(path_exists(from), "it is not ours to move");
}

TEST(history_store, bad_files_change_nothing)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir), *file = xasprintf("%s/export", dir);
	cleanup_free char *foreign = xasprintf("%s/foreign.db", dir);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	sqlite3 *db;

	record_runs(path, 0, 3);
	cleanup_free char *before = description(path);
	export(path, file);
	cr_assert_eq(file_read(file, 1 << 20, EXIT_CODE_INTERNAL, &text, NULL), 0);
	for (size_t cut = 5; cut < text.len; cut += text.len / 7) {
		cr_assert_eq(file_write(file, text.buf, cut, true, NULL), 0);
		refused(path, file, "cannot import");
	}
	text.buf[text.len / 2] ^= 0x55;
	cr_assert_eq(file_write(file, text.buf, text.len, true, NULL), 0);
	refused(path, file, "cannot import");
	cr_assert_eq(file_write(file, "hello", 5, true, NULL), 0);
	refused(path, file, "no history");

	cr_assert_eq(sqlite3_open(foreign, &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE runs(x)", NULL, NULL, NULL);
	sqlite3_close(db);
	refused(path, foreign, "no history");
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version = 99; VACUUM INTO '/dev/null/x'", NULL, NULL, NULL);
	sqlite3_close(db);
	cleanup_free char *other = xasprintf("%s/other.db", dir);
	refused(other, path, "newer");
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version = 4", NULL, NULL, NULL);
	sqlite3_close(db);
	cleanup_free char *after = description(path);
	cr_assert_str_eq(before, after);
	check(path);
	file_remove_tree(dir, NULL);
}

/* A database of something else is set aside, not filled with our tables. */
TEST(history_store, foreign_database)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir), *notice = NULL;
	struct error err = ERROR_INIT;
	sqlite3 *db;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "CREATE TABLE customers(x)", NULL, NULL, NULL);
	sqlite3_close(db);
	struct history *h = history_open(path, HISTORY_WRITE, &notice, &err);
	cr_assert(h && notice && strstr(notice, "set aside"), "%s", err.text);
	cr_assert_eq(record(h, 1, 3, &err), 0);
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* A run under a clock that is years ahead: all others are old by it. */
TEST(history_store, age_leaves_the_newest)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir);
	struct error err = ERROR_INIT;
	struct history_info info;

	record_runs(path, 0, 110);
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	cr_assert_eq(record(h, 10 * 365 * 24, 3, &err), 0, "%s", err.text);
	cr_assert_eq(history_info(h, &info, &err), 0);
	ASSERT_INT(info.runs, 100);
	history_close(h);
	check(path);
	file_remove_tree(dir, NULL);
}

TEST(history_store, pruning_keeps_what_was_learned)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir);
	struct error err = ERROR_INIT;
	struct history_info info;
	int64_t runs;

	record_runs(path, 0, 20);
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	struct history_retention by_age = {.max_age_ms = 10 * hour};
	cr_assert_eq(history_prune(h, &by_age, start + 20 * hour, &runs, &err), 0, "%s", err.text);
	ASSERT_INT(runs, 10);
	struct history_retention by_count = {.keep_runs = 4};
	cr_assert_eq(history_prune(h, &by_count, start, &runs, &err), 0, "%s", err.text);
	ASSERT_INT(runs, 6);
	struct history_retention by_size = {.max_bytes = 1};
	cr_assert_eq(history_prune(h, &by_size, start, &runs, &err), 0, "%s", err.text);
	ASSERT_INT(runs, 3); /* the newest stays */
	cr_assert_eq(history_compact(h, &err), 0, "%s", err.text);
	cr_assert_eq(history_info(h, &info, &err), 0);
	ASSERT_INT(info.runs, 1);
	ASSERT_INT(info.tests, 40);
	ASSERT_INT(info.free_bytes, 0);
	ASSERT_INT(info.failed_attempts, 1);
	cr_assert_gt(info.table_count, 10);
	history_close(h);
	cleanup_free char *text = description(path);
	cr_assert(strstr(text, "test 3 of many that have long titles 20 1 2 "), "%s", text);
	check(path);
	file_remove_tree(dir, NULL);
}

static void keep_problem(void *arg, const char *text)
{
	strvec_push(arg, text);
}

TEST(history_store, damage_is_found)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir);
	cleanup_strvec struct strvec problems = STRVEC_INIT;
	sqlite3 *db;

	record_runs(path, 0, 2);
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(sqlite3_exec(db,
			     "UPDATE packs SET pack = x'00' WHERE run_id = 1;"
			     "DELETE FROM runs WHERE id = 2; UPDATE file_tests SET stats = '[1,'",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	cr_assert_eq(history_check(h, keep_problem, &problems, NULL), 0);
	ASSERT_INT(problems.n, 4);
	cr_assert_str_eq(problems.v[2], "1 damaged statistics");
	history_close(h);
	record_runs(path, 5, 7); /* and it goes on all the same */
	file_remove_tree(dir, NULL);
}

/* A disk that is full: the run is not recorded, what was there stays. */
TEST(history_store, full_disk)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir), *file = xasprintf("%s/export", dir);
	struct stat st;

	record_runs(path, 0, 2);
	cleanup_free char *before = description(path);
	stat(path, &st);
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit limit = {(rlim_t)st.st_size / 2, (rlim_t)st.st_size / 2};
		struct error err = ERROR_INIT;
		signal(SIGXFSZ, SIG_IGN);
		struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
		setrlimit(RLIMIT_FSIZE, &limit);
		if (!h || record(h, 2, 3000, &err) != -1 || !strstr(err.text, "cannot write"))
			_exit(1);
		if (history_export(h, file, &err) != -1)
			_exit(2);
		_exit(path_exists(file) ? 3 : 0);
	}
	int status;
	waitpid(pid, &status, 0);
	ASSERT_INT(status, 0);
	cleanup_free char *after = description(path);
	cr_assert_str_eq(before, after);
	check(path);
	record_runs(path, 2, 3);
	file_remove_tree(dir, NULL);
}

/* Writers and a reader that goes on reading: everything arrives. */
TEST(history_store, two_processes)
{
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir), *file = xasprintf("%s/export", dir);
	struct history_imported done;
	struct error err = ERROR_INIT;

	record_runs(path, 0, 4);
	export(path, file);
	for (int i = 0; i < 2; i++) {
		if (fork() == 0) {
			int result = i == 0 ? try_record_runs(path, 4, 12, &err)
					    : import(path, file, &done, &err);
			struct history *h = history_open(path, HISTORY_READ, NULL, &err);
			_exit(result || !h || history_check(h, ignore_problem, NULL, &err));
		}
	}
	for (int i = 0, status; i < 2; i++) {
		wait(&status);
		ASSERT_INT(status, 0);
	}
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	ASSERT_INT(history_run_count(h, "linux-x64"), 12);
	history_close(h);
	check(path);
	file_remove_tree(dir, NULL);
}

/* ---- SQL --------------------------------------------------------------------------------------- */

static int keep_values(
	void *arg, size_t n, const char *const *names, const struct history_value *values)
{
	for (size_t i = 0; i < n; i++) {
		if (!values)
			strbuf_addf(arg, "%s ", names[i]);
		else if (values[i].kind == HISTORY_INTEGER)
			strbuf_addf(arg, "%" PRId64 " ", values[i].integer);
		else
			strbuf_addf(arg, "%s ", values[i].text ? values[i].text : "null");
	}
	return 0;
}

TEST(history_query, reads_only)
{
	static const char *const bad[] = {"DELETE FROM runs", "ATTACH 'x' AS y", "VACUUM",
		"PRAGMA journal_mode = DELETE", "PRAGMA user_version = 7", "SELECT 1; SELECT 2", "",
		"SELECT load_extension('x')", "CREATE TEMP TABLE t(x)", "BEGIN IMMEDIATE",
		"INSERT INTO runs SELECT * FROM runs", "SELECT nothing FROM nowhere",
		("WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) "
		 "FROM c")};
	char dir[] = "/tmp/muster-store-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	record_runs(path, 0, 3);
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;
		cr_assert_eq(
			history_query(h, bad[i], 50, keep_values, &out, &err), -1, "%s", bad[i]);
		ASSERT_INT(err.code, EXIT_CODE_USAGE);
	}
	static const char *const views[] = {
		"v_runs", "v_files", "v_tests", "v_attempts", "v_flaky", "v_slow"};
	for (size_t i = 0; i < ARRAY_LEN(views); i++) {
		cleanup_free char *sql = xasprintf("SELECT * FROM %s", views[i]);
		struct error err = ERROR_INIT;
		cr_assert_eq(history_query(h, sql, 0, keep_values, &out, &err), 0, "%s", err.text);
	}
	strbuf_reset(&out);
	history_query(h, "SELECT count(*) AS n, sum(runs) AS r, sum(failures) AS f FROM v_tests;",
		0, keep_values, &out, NULL);
	cr_assert_str_eq(out.buf, "n r f 40 120 3 ");
	strbuf_reset(&out);
	history_query(h, "SELECT run, kind, message FROM v_attempts ORDER BY run LIMIT 1", 0,
		keep_values, &out, NULL);
	cr_assert_str_eq(out.buf, "run kind message run-0 error boom ");
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* ---- times of others --------------------------------------------------------------------------- */

static int keep_timing(void *arg, const struct timing *t)
{
	strbuf_addf(arg, "%s%s%s=%.0f ", t->project, *t->project ? ":" : "", t->file, t->ms);
	return 0;
}

static void timings(const char *content, enum timings_format format, const char *expected)
{
	char path[] = "/tmp/muster-timings-XXXXXX";
	cleanup_close int fd = mkstemp(path);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	enum timings_format guess = TIMINGS_GUESS;

	cr_assert_eq(file_write_all(fd, content, strlen(content)), 0);
	cr_assert_eq(timings_read(path, &guess, keep_timing, &out, &err), 0, "%s", err.text);
	ASSERT_INT(guess, format);
	cr_assert_str_eq(out.buf, expected);
	strbuf_reset(&out);
	cr_assert_eq(timings_read(path, &format, keep_timing, &out, &err), 0, "%s", err.text);
	cr_assert_str_eq(out.buf, expected);
	unlink(path);
}

TEST(timings, formats)
{
	timings("{\"a.test.js\": 1.5, \"b.py::one\": 1, \"b.py::two\": 2, \"bad\": -1, \"x\": "
		"\"y\"}",
		TIMINGS_DURATIONS, "a.test.js=1500 b.py=3000 ");
	timings("{\"durations\":[{\"spec\":\"cypress/e2e/a.cy.js\",\"duration\":4500}]}",
		TIMINGS_CYPRESS_SPLIT, "cypress/e2e/a.cy.js=4500 ");
	timings("{\"testResults\":[{\"name\":\"/home/ci/p/a.test.js\",\"startTime\":1000,"
		"\"endTime\":1250,\"assertionResults\":[]},{\"name\":\"b.test.js\",\"startTime\":0,"
		"\"endTime\":0,\"assertionResults\":[{\"duration\":3},{\"duration\":null}]}]}",
		TIMINGS_JEST, "/home/ci/p/a.test.js=250 b.test.js=3 ");
	timings("{\"config\":{\"rootDir\":\"/p/"
		"e2e\"},\"suites\":[{\"suites\":[{\"specs\":[{\"file\":"
		"\"c.spec.js\",\"tests\":[{\"projectName\":\"web\",\"results\":[{\"retry\":0,"
		"\"duration\":9},{\"retry\":1,\"duration\":50}]}]}]}]}]}",
		TIMINGS_PLAYWRIGHT, "web:/p/e2e/c.spec.js=9 ");
	timings("<testsuites><testsuite name=\"x\" file=\"a.js\"><testcase time=\"0.5\"/>"
		"<testcase time=\"0.25\" classname=\"b/c.test.ts\"/></testsuite>"
		"<testsuite name=\"e2e/d.spec.js\"><testcase time=\"2\" classname=\"cart.adds\"/>"
		"</testsuite></testsuites>",
		TIMINGS_JUNIT, "a.js=500 b/c.test.ts=250 e2e/d.spec.js=2000 ");
}

TEST(timings, nothing_in_it)
{
	static const char *const bad[] = {"", "{", "{}", "[1]", "<testsuites/>", "<html/>"};
	char path[] = "/tmp/muster-timings-XXXXXX";
	close(mkstemp(path));

	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct error err = ERROR_INIT;
		enum timings_format format = TIMINGS_GUESS;
		file_write(path, bad[i], strlen(bad[i]), false, NULL);
		cr_assert_eq(
			timings_read(path, &format, keep_timing, NULL, &err), -1, "%s", bad[i]);
		cr_assert(*err.text);
	}
	unlink(path);
}

/* Overwrite the first page of a table. */
static void break_table(const char *path, const char *table)
{
	cleanup_free char *sql =
		xasprintf("SELECT rootpage FROM sqlite_master WHERE name = '%s'", table);
	unsigned char *page = NULL;
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	cr_assert_eq(
		sqlite3_exec(db, "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &s, NULL), SQLITE_OK);
	cr_assert_eq(sqlite3_step(s), SQLITE_ROW);
	off_t at = (off_t)(sqlite3_column_int64(s, 0) - 1) * 4096;
	sqlite3_finalize(s);
	sqlite3_close(db);
	page = memset(xmalloc(4096), 0xff, 4096);
	FILE *file = fopen(path, "r+e");
	cr_assert(file && fseeko(file, at, SEEK_SET) == 0 && fwrite(page, 4096, 1, file) == 1);
	fclose(file);
	free(page);
}

/* What cannot be read to its end is not taken for all there is. */
TEST(history_store, a_damaged_table_stops_an_import)
{
	static const char *const tables[] = {"file_stats", "files", "failures", "packs"};
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *to = path_join(dir, "to.db");

	record_runs(to, 0, 2);
	cleanup_free char *before = description(to);
	for (size_t i = 0; i < ARRAY_LEN(tables); i++) {
		cleanup_free char *from = xasprintf("%s/%s.db", dir, tables[i]);
		struct history_imported done = {0};
		struct error err = ERROR_INIT;
		record_runs(from, 10, 12);
		break_table(from, tables[i]);
		struct history *h = history_open(to, HISTORY_WRITE, NULL, &err);
		struct history *broken = history_open_as_is(from, &err);
		cr_assert(h && broken, "%s: %s", tables[i], err.text);
		cr_expect_eq(history_merge(h, broken, &done, &err), -1, "%s", tables[i]);
		history_close(broken);
		history_close(h);
	}
	cleanup_free char *after = description(to);
	ASSERT_STR(after, before);
	file_remove_tree(dir, NULL);
}
