/*
 * The history: one SQLite file with what earlier runs taught. Runs read it at the start and write
 * it once at the end, in one IMMEDIATE transaction; a process that dies in between leaves its
 * journal, which the next run takes in (cmd/memory.c). It only ever changes order and
 * packing, never which tests run; without it everything works, with more guessing.
 *
 * A corrupt or foreign file is set aside (renamed to *.broken-<time>) and told in a notice; a file
 * of a newer schema is refused politely (open fails, the tests run without history).
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/state/state.h"

struct history;

enum history_mode { HISTORY_READ, HISTORY_WRITE };

/* NULL on error. HISTORY_READ of a missing file is NULL, too, with code EXIT_CODE_PASSED. When a
 * broken file was set aside, *ret_notice (may be NULL) is a text for people, caller frees. */
struct history *history_open(
	const char *path, enum history_mode mode, char **ret_notice, struct error *err);
void history_close(struct history *h); /* accepts NULL */
/* An error has shown that the file is damaged. Accepts NULL. */
bool history_is_broken(const struct history *h);
/* What history_open() does to a broken file, then; the text for people is the caller's to free. */
char *history_set_aside(const struct history *h);
/* Read what is read from end to end from a mapped file: a quarter of the time. For commands that
 * only ask: where the disk fails, they end by a signal. */
void history_map(struct history *h);

/* What is known of one file: time-aware log-EWMA of its wall time inside a warm worker. */
struct history_file {
	double estimate_ms;
	int samples;
	int64_t last_ms; /* unix; of the last sample */
};
/* False: not known on this platform class. */
bool history_file(struct history *h, const char *platform, const char *suite, const char *project,
	const char *file, struct history_file *ret);

enum { HISTORY_TRIALS = 8 /* more workers than that are not compared */ };

/* What the whole suite took, alone in its run, with one number of workers; EWMA. */
struct history_trial {
	double wall_ms; /* first worker started -> last file done, without waiting for a processor */
	double cpu_ms;  /* of all its workers */
	double work_ms;  /* estimates of its files together */
	int runs;        /* 0 = never tried */
	int64_t last_ms; /* unix; newest run */
};

/* What running a suite costs beside its files; all EWMA. 0 = not known. */
struct history_suite {
	double start_ms;  /* worker spawned -> ready for a file */
	double cpu_share; /* CPU seconds per second that a worker could run: below 1 it waits */
	double rss_kb;    /* peak of a worker process tree */
	int runs;
	int order; /* 1: passed with its files spread over workers; -1: failed so, but not in order */
	struct history_trial trials[HISTORY_TRIALS + 1]; /* by number of workers; [0] is unused */
};
bool history_suite(
	struct history *h, const char *platform, const char *suite, struct history_suite *ret);

/* The flags of node that the suite's runner asked for, to be given at once; appended one a line. */
void history_flags(struct history *h, const char *platform, const char *suite, struct strbuf *out);

/* Median estimate of the known files of a suite (NULL: of all suites); 0 = none known. */
double history_median_ms(struct history *h, const char *platform, const char *suite);
/* The newest run that passed: its duration and number of files. False: there is none. */
bool history_last_passed(
	struct history *h, const char *platform, int64_t *ret_ms, int64_t *ret_files);
/* Tests of a suite that were ever recorded; 0 without a history. */
int64_t history_known_tests(struct history *h, const char *suite);
/* Whether this test was ever recorded, on whatever machine. `h` may be NULL. */
bool history_knows_test(struct history *h, const char *suite, const char *project, const char *file,
	const char *test, int occurrence);
int history_run_count(struct history *h, const char *platform);

/* The next run that is recorded ran the code of its commit, without changes. Known of CI anyway;
 * elsewhere only then are a pass and a failure at one commit evidence of a flaky test. */
void history_trust_commit(struct history *h);
/* Record a finished (or broken off) run: one transaction. Only attempts that passed teach times.
 * A run id that is already recorded changes nothing. */
int history_record(struct history *h, const struct state *state, struct error *err);
/* The same for a merge: [i] names for ever the part (a run, an attempt of a shard) whose events have
 * the source i + 1; "" = it has no results. A part that is in the history already, by an earlier
 * merge or because it recorded itself, is not counted again; without a new one nothing changes. */
int history_record_merged(struct history *h, const struct state *state, const char *const *sources,
	size_t n, struct error *err);
bool history_has_run(struct history *h, const char *run_id);

/* Files and tests that are left failed or not run; for `--failed`. */
typedef int history_left_fn(void *arg, const char *suite, const char *project, const char *file,
	const char *test /* encoded path; NULL = the whole file */, int occurrence);
int history_left(struct history *h, history_left_fn *fn, void *arg, struct error *err);
