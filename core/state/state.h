/*
 * Everything known of a run, built from events alone: state_apply() is the only writer, so that a
 * live run, a replay and a merge end in the same state.
 *
 * Rules: a planned file ends with exactly one outcome. A file that is started again (retry of a
 * failed test, or after a crash of its worker) keeps one record; the last result of each test
 * counts, a failed attempt before a passed one makes it flaky. When the run is over, a file without
 * a result is OUTCOME_NOT_RUN if the run was cancelled, and `incomplete` if nobody knows why.
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/base.h"
#include "core/base/exit_code.h"
#include "core/base/strbuf.h"
#include "core/base/strmap.h"
#include "core/coverage/coverage.h"
#include "core/event/event.h"

struct state_attempt { /* a failed attempt that was not the last */
	int attempt;
	int64_t duration_us;
	struct failure failure; /* owned by the state's arena */
	int source;             /* of a merge: the run it is from, as in struct event */
	struct state_attempt *next;
};

struct state_test {
	const char *path; /* encoded title path */
	int occurrence;
	int line, column;
	enum outcome outcome; /* of the last attempt; OUTCOME_NONE while running */
	int attempts;
	int source;                    /* of a merge: the run that the last attempt is from */
	int64_t duration_us;           /* of the last attempt */
	int64_t started_ms;            /* unix; of the last attempt */
	bool running;                  /* between test_started and test_finished */
	bool slow;                     /* test_slow was seen */
	bool flaky;                    /* passed after a failure */
	int repeats;                   /* how often it ran again though it had passed */
	bool flaky_new;                /* … and failed in one of them: outcome is failed */
	bool quarantined;              /* in quarantine: OUTCOME_FAILED does not count */
	struct failure failure;        /* when failed */
	struct state_attempt *earlier; /* failed attempts before, oldest first */
	struct state_file *file;
};

enum file_phase { FILE_PLANNED, FILE_RUNNING, FILE_DONE };

struct state_file {
	struct state_suite *suite;
	const char *project; /* "" = none */
	const char *file;    /* relative to the base */
	int64_t estimate_ms;
	bool known;
	bool chosen;  /* only some of its tests were asked for */
	bool planned; /* false: a result came for a file nobody planned */
	enum file_phase phase;
	enum outcome outcome;               /* when done */
	enum outcome so_far;                /* of the parts that are done */
	int parts;                          /* that it is split into; 0 = it is whole */
	uint64_t parts_planned, parts_done; /* bit part - 1 */
	int attempt;                        /* the running or last one */
	int tries;                          /* how often it was started; repeats do not count */
	int64_t repeating_ms; /* unix, 0 = no: done, but its new tests run once more since then */
	bool flaky;           /* passed, but not at the first try */
	int worker;
	int source;                /* of a merge: the run that it, or its last part, is from */
	int64_t started_ms;        /* unix, of the first attempt */
	int64_t running_ms;        /* unix, of what runs now or ran last */
	int64_t duration_us;       /* of all attempts together */
	int64_t first_duration_us; /* of the first attempt (of each part): what the history learns */
	int64_t rss_kb;
	struct failure failure; /* of the file itself: load, crash, timeout */
	struct state_test **tests;
	size_t test_count, test_cap;
	uint32_t *test_slots; /* hash table: index + 1 into tests; only while the file runs */
	size_t test_slot_count;
	struct strbuf
		output; /* stdout and stderr as they came, bounded; freed when the file passed */
	int64_t output_dropped; /* bytes over the bound, … */
	size_t output_head;     /* … left out here: the offset in `output` */
};

struct state_suite {
	const char *name, *runner, *version, *root, *reason, *config;
	const char *flags; /* of node, which the runner wants; one a line */
	int64_t file_count;
	bool discovered;
	int64_t first_file_ms, last_file_ms; /* unix: first file started, last one finished */
};

struct state_notice {
	enum severity severity;
	const char *name, *text, *suite, *file;
};

struct state_counts {
	int64_t total, passed, failed, skipped, not_run, flaky;
	int64_t quarantined; /* tests that failed in quarantine; not part of failed */
};

/* What merge found of one shard. */
struct state_shard {
	int shard, shards, attempt; /* attempt: of CI, 0 = unknown */
	const char *run_id;         /* NULL = there is none */
	const char *status;         /* "passed" "failed" "cancelled" "missing" "doubled" … */
	const char *text;           /* more about it, or NULL */
	const char *run_url;
	int exit_code;
	int source; /* 0 = there is none */
	int64_t started_ms, duration_us, startup_us, predicted_ms;
	int64_t files; /* with a result */
};

struct state_gate {
	const char *name, *status, *unit, *text; /* status: "passed" "failed" "not_evaluated" */
	double actual, limit;
};

struct state_worker { /* index + 1 = number */
	const char *suite;
	int source; /* of a merge: the run it worked for */
	int64_t started_ms, ended_ms;
	int64_t first_file_ms; /* unix: its first file started */
	int64_t files;
	int64_t slots;   /* that it was granted; 1 but for batches */
	int64_t busy_us; /* time with a file */
	int64_t rss_kb;
	int64_t cpu_us;
	int64_t delay_us; /* ready to run, but without a processor */
};

struct state {
	struct arena arena;
	struct run_info run;
	int64_t started_ms;  /* unix; 0 = not (yet) */
	int64_t now_ms;      /* time of the last event */
	int64_t duration_us; /* from run_finished */
	enum cancel_reason cancel;
	const char *cancel_text;
	bool finished;
	int exit_code;     /* from run_finished; -1 before */
	const char *token; /* from run_finished: tests cannot have known it; NULL before */

	struct state_suite **suites;
	size_t suite_count, suite_cap;
	struct state_file **files; /* in order of planning */
	size_t file_count, file_cap;
	struct strmap file_index;  /* "suite\x1fproject\x1ffile" -> state_file */
	struct state_file *recent; /* found last: the next event is often of the same file */

	struct state_counts file_counts; /* total = planned */
	struct state_counts test_counts; /* flaky is part of passed */
	int64_t attempts;
	int64_t retries;
	struct {
		int64_t tests, repeats, flaky; /* flaky: failed when they were repeated */
		int64_t cost_us;               /* time of workers */
	} early; /* new and changed tests that ran again before they were believed */

	struct state_test **failures; /* failed tests, in order of time; neither flaky ones nor
				       * those in quarantine are in it */
	size_t failure_count, failure_cap;
	struct state_file **file_failures; /* files whose `failure` is set */
	size_t file_failure_count, file_failure_cap;

	struct state_notice *notices;
	size_t notice_count, notice_cap;
	int64_t error_notices;
	int64_t expired_quarantines; /* among them */
	struct state_worker *workers;
	size_t worker_count, worker_cap;
	struct state_shard *shards;
	size_t shard_count, shard_cap;
	int64_t broken_shards; /* that prove nothing: missing, doubled, foreign, truncated */
	struct state_gate *gates;
	size_t gate_count, gate_cap;
	int64_t failed_gates;
	bool has_coverage;
	bool coverage_is_whole; /* of all that was to run */
	struct coverage_totals coverage;
	size_t output_bytes; /* of all files, kept now */
	int64_t busy_us;
	int64_t predicted_ms; /* sum of the estimates of the planned files */
};

void state_init(struct state *state);
void state_release(struct state *state);
void state_apply(struct state *state, const struct event *event);

/* The record an event speaks of, or NULL. */
struct state_file *state_file_of(const struct state *state, const struct event *event);
struct state_test *state_test_of(const struct state *state, const struct event *event);

/* Files without a result though nobody cancelled the run, results of files nobody planned, and
 * shards that are not there or not whole. */
int64_t state_unexplained(const struct state *state);
/* True for the words of state_shard.status that mean a shard proves nothing. */
bool state_shard_is_broken(const char *status);
/* Tests out of quarantine that passed only when tried again, and files that did. */
int64_t state_counted_flaky(const struct state *state);
/* The verdict by the contract: what failed, what is incomplete, which gates failed. */
enum exit_code state_exit_code(const struct state *state, bool no_tests_is_failure);
/* "passed" "failed" "incomplete" "cancelled" */
const char *state_verdict(const struct state *state);
/* What this run teaches about the time of the file as a whole, in a warm worker; 0 = nothing: it
 * did not pass at the first try, or only some of its parts or tests ran. */
int64_t state_file_lesson_us(const struct state_file *file);
/* Share of the slots' time that was spent with a file, 0…1. */
double state_busy_ratio(const struct state *state);
