/*
 * Reading the history row by row, for commands. Strings live until the callback returns. A callback
 * that returns something other than 0 ends the reading, which is no error. Times are unix
 * milliseconds. Everything streams but what is said to be sorted.
 */
#pragma once

#include "core/plan/forecast.h"
#include "core/history/history.h"
#include "core/history/stats.h"

/* Zero means: no restriction. */
struct history_filter {
	int64_t since_ms;   /* runs from then on */
	const char *suite;  /* exact name */
	const char *branch; /* SQLite GLOB: `main`, `release/[0-9]*` */
	const char *text; /* part of the path or of the title ("cart › adds"), or both ("a.js ›
			     cart") */
	bool (*wants_file)(void *arg, const char *file); /* only tests of these files */
	void *wants_arg;
	bool faulty; /* only tests that ever failed an attempt (in these runs), or by `order` */
	int limit;   /* rows */
};

/* ---- runs -------------------------------------------------------------------------------------- */

struct history_run {
	int64_t id;
	const char *run_id, *verdict, *platform;
	const char *commit, *branch; /* NULL = unknown */
	bool commit_sure;            /* the commit says what code ran: CI, not a working tree */
	int ci_attempt;              /* 0 = none */
	const char *run_url;         /* NULL = none */
	int64_t started_ms, duration_ms;
	int exit_code, workers;
	int shards; /* 0 = it was one */
	/* Longest shard; predicted 0 = not known. */
	int64_t predicted_ms, makespan_ms;
	int64_t files, tests, passed, failed, skipped, flaky; /* flaky is part of passed */
};
typedef int history_run_fn(void *arg, const struct history_run *run);

/* Newest first; `since_ms`, `branch` and `limit` of the filter. */
int history_list_runs(struct history *h, const struct history_filter *filter, history_run_fn *fn,
	void *arg, struct error *err);

/* The files of a run, in the order of planning; known of the newest 100 runs. */
struct history_run_file {
	int64_t file_id;
	int worker, position; /* position in the order of its worker, from 1; 0 = never started */
	enum outcome outcome;
	int64_t predicted_us, duration_us; /* predicted: 0 = not known before */
};
typedef int history_run_file_fn(void *arg, const struct history_run_file *file);
int history_list_run_files(
	struct history *h, int64_t run, history_run_file_fn *fn, void *arg, struct error *err);

/* Row ids; 0 = not known. */
int64_t history_file_of(struct history *h, int64_t test);
int64_t history_suite_of(struct history *h, int64_t file);
/* Every file with its suite. */
typedef void history_suite_fn(void *arg, int64_t file, int64_t suite);
void history_list_suites(struct history *h, history_suite_fn *fn, void *arg);
char *history_file_path(struct history *h, int64_t file); /* caller frees; NULL = not known */

/* What a run said about some tests (row ids, ascending); those that neither passed nor failed in it
 * are left out. */
struct history_result {
	size_t test;          /* index in the list */
	bool failed;          /* an attempt did */
	int worker, position; /* of the last failed attempt, 0 = none, or not known */
};
typedef void history_result_fn(void *arg, const struct history_result *result);
int history_list_results(struct history *h, int64_t run, const int64_t *tests, size_t n,
	history_result_fn *fn, void *arg, struct error *err);

/* ---- tests ------------------------------------------------------------------------------------- */

struct history_test {
	int64_t id, file_id;
	const char *suite, *project, *file, *test; /* test: encoded title path */
	int occurrence;
	/* Over all runs, pruned ones too; with since_ms or branch: over the stored runs asked for. */
	struct history_stats stats;
	/* Of the first and last run in which an attempt failed; NULL = never, not known, pruned. */
	const char *first_fail_run, *first_fail_commit, *last_fail_run, *last_fail_commit;
	const char *message; /* newest failure's, NULL = none */
	int64_t fingerprint; /* of the message, 0 = none */
	/* By `order` (stats.ordered): files, a line each, behind which it fails, or (`needed`)
	 * without which it does; and the run that shows it. */
	const char *culprits, *order_run;
	bool needed;
};
typedef int history_test_fn(void *arg, const struct history_test *test);

enum history_order {
	HISTORY_BY_ID,       /* streams: a file's tests follow each other */
	HISTORY_BY_DURATION, /* slowest first */
	HISTORY_BY_FAULTS, /* most (weighted failures + retried passes) first; only faulty tests */
};
int history_list_tests(struct history *h, const struct history_filter *filter,
	enum history_order order, history_test_fn *fn, void *arg, struct error *err);

/* The same without names, for those who choose first; naming is what takes the time. */
typedef int history_stats_fn(void *arg, int64_t id, const struct history_stats *stats);
int history_list_stats(struct history *h, const struct history_filter *filter,
	enum history_order order, history_stats_fn *fn, void *arg, struct error *err);
/* Strings live until the next call. False: there is no such test. */
bool history_name_test(
	struct history *h, int64_t id, const struct history_stats *stats, struct history_test *ret);

/* What one run said about one test. */
struct history_outcome {
	const struct history_run *run;
	enum outcome outcome;
	bool flaky;          /* passed after a failed attempt */
	int attempts;        /* failed ones, and the pass at the end */
	int64_t duration_us; /* of the last attempt; of a pass within 5 % */
	/* of the last failed attempt; 0 and NULL when none failed */
	enum failure_kind kind;
	const char *message;
	int64_t fingerprint, rss_kb;
	int worker, position;
};
typedef int history_outcome_fn(void *arg, const struct history_outcome *outcome);
/* Runs that had the test, newest first; `since_ms`, `branch` and `limit` of the filter. */
int history_list_outcomes(struct history *h, int64_t test, const struct history_filter *filter,
	history_outcome_fn *fn, void *arg, struct error *err);

/* Failure messages of a test, most frequent first. */
struct history_message {
	int64_t fingerprint;
	const char *text; /* the newest of them */
	int64_t attempts, runs, last_ms;
	enum failure_kind kind;
};
typedef int history_message_fn(void *arg, const struct history_message *message);
int history_list_messages(struct history *h, int64_t test, int64_t since_ms, int limit,
	history_message_fn *fn, void *arg, struct error *err);

/* ---- for the planner --------------------------------------------------------------------------- */

/* The tests of a file in their order, with what each takes; those that have not been seen for long
 * are left out. -1: the file is not known. */
typedef void history_times_fn(void *arg, const char *test, int occurrence, int64_t us);
int history_file_times(struct history *h, const char *suite, const char *project, const char *file,
	history_times_fn *fn, void *arg);
/* What recorded runs teach about start-up and noise (adds, the caller sorts); `h` may be NULL. */
void history_forecast(struct history *h, const char *platform, struct forecast *f);
