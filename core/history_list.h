/* Reading the history row by row, for commands. Strings live until the callback returns. */
#pragma once

#include "core/history.h"

struct history_run {
	const char *run_id, *verdict, *platform, *commit, *branch;
	int64_t started_ms, duration_ms;
	int exit_code, workers;
	int64_t files, tests, failed, skipped, flaky;
};

struct history_test {
	const char *suite, *file, *test; /* test: encoded title path */
	int occurrence;
	int64_t runs, failures, flaky, flips, max_us;
	uint64_t recent; /* last outcomes, 1 = failed, newest in bit 0 */
	double mean_us;
};

typedef void history_run_fn(void *arg, const struct history_run *run);
typedef void history_test_fn(void *arg, const struct history_test *test);

/* Newest first. */
int history_list_runs(
	struct history *h, int limit, history_run_fn *fn, void *arg, struct error *err);
/* Tests whose file or title contains `text`, slowest first. */
int history_list_tests(struct history *h, const char *text, int limit, history_test_fn *fn,
	void *arg, struct error *err);

/* The tests of a file in their order, with what each takes; those that have not been seen for long
 * are left out. -1: the file is not known. */
typedef void history_times_fn(void *arg, const char *test, int occurrence, int64_t us);
int history_file_times(struct history *h, const char *suite, const char *project, const char *file,
	history_times_fn *fn, void *arg);
