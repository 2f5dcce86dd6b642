#include "core/base/base.h"

#include "core/base/file.h"
#include "core/event/bus.h"
#include "core/plan/estimate.h"
#include "core/history/history.h"
#include "tests/support/test.h"

#include <sqlite3.h>
#include <sys/wait.h>

static const char platform[] = "linux-x64";

/* One run of `files` files that pass in `ms` each; `failing` of them fail. */
static void make_run(struct state *s, const char *id, int files, int ms, int failing)
{
	struct run_info run = {.run_id = id, .platform = platform, .workers = 1};
	struct bus bus;

	state_init(s);
	bus_init(&bus, s);
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_STARTED, .time_ms = 1000, .run = &run});
	bus_publish(&bus, &(struct event){.type = EVENT_SUITE_DISCOVERED,
				  .time_ms = 1,
				  .suite = "s",
				  .runner = "jest",
				  .count = files});
	for (int i = 0; i < files; i++) {
		char name[32];
		snprintf(name, sizeof(name), "f%d.js", i);
		struct event e = {
			.time_ms = 2000 + i, .suite = "s", .file = name, .worker = 1, .attempt = 1};
		e.type = EVENT_FILE_PLANNED;
		bus_publish(&bus, &e);
		e.type = EVENT_FILE_STARTED;
		bus_publish(&bus, &e);
		e.test = "works";
		e.occurrence = 1;
		e.outcome = i < failing ? OUTCOME_FAILED : OUTCOME_PASSED;
		e.duration_us = ms * 1000;
		e.type = EVENT_TEST_FINISHED;
		bus_publish(&bus, &e);
		e.test = NULL;
		e.type = EVENT_FILE_FINISHED;
		bus_publish(&bus, &e);
	}
	bus_publish(&bus,
		&(struct event){.type = EVENT_RUN_FINISHED, .time_ms = 9000, .duration_us = 8000});
}

/* Asserts nothing, for children: Criterion's own socket does not survive a fork. */
static int try_record(
	const char *path, const char *id, int files, int ms, int failing, struct error *err)
{
	struct state s;
	struct history *h = history_open(path, HISTORY_WRITE, NULL, err);

	if (!h)
		return -1;
	make_run(&s, id, files, ms, failing);
	int result = history_record(h, &s, err);
	state_release(&s);
	history_close(h);
	return result;
}

static void record(const char *path, const char *id, int files, int ms, int failing)
{
	struct error err = ERROR_INIT;

	cr_assert_eq(try_record(path, id, files, ms, failing, &err), 0, "%s", err.text);
}

static int count_left(void *arg, const char *suite, const char *project, const char *file,
	const char *test, int occurrence)
{
	(void)suite, (void)project, (void)file, (void)occurrence;
	*(int *)arg += test && streq(test, "works");
	return 0;
}

TEST(history, learns)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	struct history_file f;
	int left = 0;

	cr_assert_null(history_open(path, HISTORY_READ, NULL, NULL));
	record(path, "r1", 20, 100, 2);
	record(path, "r1", 20, 900, 0); /* the same run again changes nothing */
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	ASSERT_INT(history_run_count(h, platform), 1);
	ASSERT_INT(history_run_count(h, "another"), 0);
	cr_assert(history_file(h, platform, "s", "", "f5.js", &f));
	ASSERT_INT(f.estimate_ms, 100);
	cr_assert(
		!history_file(h, platform, "s", "", "f0.js", &f), "a failed file teaches nothing");
	cr_assert(
		!history_file(h, "another", "s", "", "f5.js", &f), "other machines teach nothing");
	ASSERT_INT(history_left(h, count_left, &left, NULL), 0);
	ASSERT_INT(left, 2);
	struct estimate known = estimate_file(h, platform, "s", "", "f5.js", -1);
	struct estimate unknown = estimate_file(h, platform, "s", "", "new.js", -1);
	cr_assert(known.known && known.ms == 100 && !unknown.known && unknown.ms == 100);
	cr_assert_gt(estimate_file(NULL, platform, "s", "", "new.js", 0).ms, 0);
	history_close(h);
	file_remove_tree(dir, NULL);
}

TEST(history, four_at_once)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);

	for (int i = 0; i < 4; i++) {
		if (fork() == 0) {
			for (int k = 0; k < 5; k++) {
				char id[32];
				snprintf(id, sizeof(id), "r%d-%d", i, k);
				if (try_record(path, id, 30, 10, 0, NULL))
					_exit(1);
			}
			_exit(0);
		}
	}
	for (int i = 0, status; i < 4; i++) {
		wait(&status);
		ASSERT_INT(status, 0);
	}
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	ASSERT_INT(history_run_count(h, platform), 20);
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* All make the file at the same moment, which the busy timeout of SQLite does not cover. */
TEST(history, opened_at_once)
{
	enum { PROCESSES = 8, ROUNDS = 40 };
	char dir[] = "/tmp/muster-history-XXXXXX";

	cr_assert(mkdtemp(dir));
	for (int round = 0; round < ROUNDS; round++) {
		cleanup_free char *path = xasprintf("%s/%d.db", dir, round);
		int start[2], status;
		char go;
		cr_assert_eq(pipe(start), 0);
		for (int i = 0; i < PROCESSES; i++) {
			if (fork() > 0)
				continue;
			close(start[1]);
			ssize_t n = read(start[0], &go, 1); /* until it is closed */
			_exit(n == 0 && history_open(path, HISTORY_WRITE, NULL, NULL) ? 0 : 1);
		}
		close(start[0]);
		close(start[1]);
		for (int i = 0; i < PROCESSES; i++) {
			wait(&status);
			ASSERT_INT(status, 0);
		}
	}
	file_remove_tree(dir, NULL);
}

TEST(history, foreign_files)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	cleanup_free char *notice = NULL;
	struct error err = ERROR_INIT;
	cleanup_strbuf struct strbuf junk = STRBUF_INIT;

	strbuf_addchn(&junk, 'x', 9000);
	cr_assert_eq(file_write(path, junk.buf, junk.len, false, NULL), 0);
	struct history *h = history_open(path, HISTORY_WRITE, &notice, &err);
	cr_assert(h && notice && strstr(notice, "set aside"));
	history_close(h);

	sqlite3 *db;
	cr_assert_eq(sqlite3_open(path, &db), SQLITE_OK);
	sqlite3_exec(db, "PRAGMA user_version = 99", NULL, NULL, NULL);
	sqlite3_close(db);
	cr_assert_null(history_open(path, HISTORY_WRITE, NULL, &err));
	cr_assert(strstr(err.text, "newer"), "%s", err.text);
	file_remove_tree(dir, NULL);
}

TEST(history, estimates)
{
	/* the first sample is the estimate; later ones weigh by age, at least 0.3 */
	cr_assert_float_eq(estimate_update(0, 100, 0, 1), 100, 0.001);
	cr_assert_float_eq(estimate_update(100, 200, 0, 2), 141.42, 0.01);
	cr_assert_float_eq(estimate_update(100, 200, 0, 10), 123.11, 0.01);
	cr_assert_gt(estimate_update(100, 200, 60.0 * 86400000, 10), 199);
	double actual[9], expected[9];
	for (int i = 0; i < 9; i++) {
		expected[i] = 10 + i;
		actual[i] = expected[i] * (i == 3 ? 40 : 2);
	}
	cr_assert_float_eq(
		estimate_run_speed(actual, expected, 9), 2, 0.001); /* robust to one outlier */
	cr_assert_float_eq(estimate_run_speed(actual, expected, 7), 1, 0.001); /* too few */
}

TEST(history, known_tests)
{
	char dir[] = "/tmp/muster-known-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/h.db", dir);
	struct error err = ERROR_INIT;

	cr_assert_eq(history_known_tests(NULL, "s"), 0);
	cr_assert(!history_knows_test(NULL, "s", "", "f0.js", "works", 1));
	record(path, "one", 3, 10, 1);
	struct history *h = history_open(path, HISTORY_READ, NULL, &err);
	cr_assert(h, "%s", err.text);
	cr_assert_eq(history_known_tests(h, "s"), 3);
	cr_assert_eq(history_known_tests(h, "t"), 0);
	cr_assert(history_knows_test(h, "s", "", "f0.js", "works", 1)); /* a failed one, too */
	cr_assert(history_knows_test(h, "s", "", "f2.js", "works", 1));
	cr_assert(!history_knows_test(h, "s", "", "f2.js", "works", 2));
	cr_assert(!history_knows_test(h, "s", "p", "f2.js", "works", 1));
	cr_assert(!history_knows_test(h, "s", "", "f3.js", "works", 1));
	history_close(h);
	file_remove_tree(dir, NULL);
}

/* ---- trials of a number of workers ------------------------------------------------------------- */

/* One run in the life of a suite: times in seconds, of each worker. */
struct trial {
	const char *id;
	int workers, files;
	double wall, delay, cpu;
	const char *notice, *flags;
	enum cancel_reason cancel;
	int64_t at_days;
};

static void start_workers(struct bus *bus, const struct trial *t, int64_t from)
{
	for (int k = 1; k <= t->workers; k++)
		bus_publish(bus, &(struct event){.type = EVENT_WORKER_STARTED,
					 .time_ms = from,
					 .suite = "s",
					 .worker = k});
}

static void run_files(struct bus *bus, const struct trial *t, int64_t from)
{
	for (int i = 0; i < t->files; i++) {
		char name[32];
		snprintf(name, sizeof(name), "f%d.js", i);
		struct event e = {.type = EVENT_FILE_PLANNED,
			.time_ms = from + 500,
			.suite = "s",
			.file = name,
			.worker = i % t->workers + 1,
			.attempt = 1,
			.outcome = OUTCOME_PASSED,
			.duration_us = 1000000};
		bus_publish(bus, &e);
		e.type = EVENT_FILE_STARTED;
		bus_publish(bus, &e);
		e.type = EVENT_FILE_FINISHED;
		e.time_ms = from + (int64_t)(t->wall * 1000);
		bus_publish(bus, &e);
	}
}

static void record_trial(const char *path, const struct trial *t)
{
	int64_t from = 1000 + t->at_days * 24 * 3600 * 1000;
	struct run_info run = {.run_id = t->id, .platform = platform, .workers = 2};
	struct error err = ERROR_INIT;
	struct state s;
	struct bus bus;

	state_init(&s);
	bus_init(&bus, &s);
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_STARTED, .time_ms = from, .run = &run});
	bus_publish(&bus, &(struct event){.type = EVENT_SUITE_DISCOVERED,
				  .suite = "s",
				  .runner = "mocha",
				  .flags = t->flags,
				  .count = t->files});
	start_workers(&bus, t, from);
	run_files(&bus, t, from);
	if (t->notice)
		bus_publish(&bus,
			&(struct event){.type = EVENT_NOTICE, .suite = "s", .name = t->notice});
	if (t->cancel)
		bus_publish(
			&bus, &(struct event){.type = EVENT_RUN_CANCELLED, .cancel = t->cancel});
	for (int k = 1; k <= t->workers; k++)
		bus_publish(&bus, &(struct event){.type = EVENT_WORKER_EXITED,
					  .suite = "s",
					  .worker = k,
					  .cpu_us = (int64_t)(t->cpu * 1000000),
					  .delay_us = (int64_t)(t->delay * 1000000)});
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_FINISHED, .duration_us = 1});
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	cr_assert_eq(history_record(h, &s, &err), 0, "%s", err.text);
	history_close(h);
	state_release(&s);
}

TEST(history, trials)
{
	static const struct {
		struct trial run;
		int k, runs; /* what is known then of trials with k workers */
		double wall_ms, cpu_ms;
	} rows[] = {
		{{"a", 1, 10, 12, 2, 8}, 1, 1, 10000, 8000}, /* without what others took */
		{{"b", 1, 10, 14, 0, 10}, 1, 2, 12000, 9000},
		{{"c", 2, 10, 6, 1, 5}, 2, 1, 5000, 10000},
		{{"d", 2, 3, 2, 0, 1}, 2, 1, 5000, 10000}, /* a third of the suite */
		{{"e", 2, 10, 9, 0, 9, "order_dependent"}, 2, 1, 5000, 10000}, /* it ran twice */
		{{"f", 2, 10, 1, 0, 1, .cancel = CANCEL_INTERRUPTED}, 2, 1, 5000, 10000},
		{{"g", 2, 3, 2, 0, 1, .at_days = 8}, 2, 2, 3500, 6000}, /* it is smaller now */
	};
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct history_suite model;
		record_trial(path, &rows[i].run);
		struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
		cr_assert(history_suite(h, platform, "s", &model));
		const struct history_trial *t = &model.trials[rows[i].k];
		cr_assert_eq(t->runs, rows[i].runs, "row %zu: %d", i, t->runs);
		cr_assert_float_eq(t->wall_ms, rows[i].wall_ms, 1, "row %zu: %g", i, t->wall_ms);
		cr_assert_float_eq(t->cpu_ms, rows[i].cpu_ms, 1, "row %zu: %g", i, t->cpu_ms);
		history_close(h);
	}
	file_remove_tree(dir, NULL);
}

TEST(history, flags_of_node)
{
	char dir[] = "/tmp/muster-history-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/history.db", dir);
	cleanup_strbuf struct strbuf flags = STRBUF_INIT;

	record_trial(path, &(struct trial){"a", 1, 3, 3, 0, 3, .flags = "--a\n--b=1"});
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	history_flags(h, platform, "s", &flags);
	cr_assert_str_eq(flags.buf, "--a\n--b=1");
	strbuf_reset(&flags);
	history_flags(h, platform, "another", &flags);
	history_flags(NULL, platform, "s", &flags);
	ASSERT_INT(flags.len, 0);
	history_close(h);
	file_remove_tree(dir, NULL);
}
