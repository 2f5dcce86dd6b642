/*
 * The event stream: the one vocabulary of workers, journal, state and reporters.
 *
 * An event is a flat record; what does not apply is zero. All strings are borrowed and live until
 * the callback returns: copy to keep. The table says which fields each type carries beside `type`
 * and `time_ms`; json.c is the only codec.
 *
 *   run_started       run (all of it)
 *   suite_discovered  suite, runner, version, root, reason, count (files), config, flags (of
 *                     node, one a line), text (why so many workers)
 *   file_planned      suite, project, file, estimate_ms, known, part, parts
 *   run_cancelled     cancel, text
 *   run_finished      exit_code, duration_us, token, files, tests (counts)
 *   tick              (live displays only; never in the journal)
 *   worker_started    worker, suite, pid
 *   worker_exited     worker, suite, exit_status, signal, rss_kb, cpu_us, delay_us, count (leaked
 *                     processes)
 *   file_started      suite, project, file, part, parts, worker, attempt, count (slots its worker
 *                     was granted)
 *   file_finished     … outcome, duration_us, failure, rss_kb, count (tests seen)
 *   test_started      suite, project, file, worker, test, occurrence, attempt, line, column
 *   test_slow         … duration_us (so far)
 *   test_finished     … outcome, duration_us, failure, will_retry, line, column, quarantined
 *   output            suite, project, file, worker, stream, text, test (optional)
 *   coverage          suite, project, file, path (of the delta, below the run's coverage folder),
 *                     text (sources that the file has touched, one a line); without a file: path
 *                     of the suite's map
 *   coverage_total    name ("lines"…), count (covered), value (of how many), known (it is whole)
 *   measure           suite, project, file, test, name, value, unit
 *   notice            name (slug), text, suite/file where it belongs to one, severity
 *   shard_merged      shard, shards, attempt (of CI), name (run id), status, exit_code, started_ms,
 *                     duration_us, startup_us, estimate_ms, count (files with a result), text, path
 *   gate_checked      name, status, value, limit, unit, text
 *
 * `repeat` (of file_started, file_finished, test_*) is set when a file that has passed runs again
 * only to see whether its new tests always pass: 1 for the first time (docs/design/retries.md).
 * `part` of `parts` is set when a file is split; the parts together are the file.
 */
#pragma once

#include "core/base/base.h"
#include "core/event/outcome.h"

enum event_type {
	EVENT_RUN_STARTED,
	EVENT_SUITE_DISCOVERED,
	EVENT_FILE_PLANNED,
	EVENT_RUN_CANCELLED,
	EVENT_RUN_FINISHED,
	EVENT_TICK,
	EVENT_WORKER_STARTED,
	EVENT_WORKER_EXITED,
	EVENT_FILE_STARTED,
	EVENT_FILE_FINISHED,
	EVENT_TEST_STARTED,
	EVENT_TEST_SLOW,
	EVENT_TEST_FINISHED,
	EVENT_OUTPUT,
	EVENT_COVERAGE,
	EVENT_COVERAGE_TOTAL,
	EVENT_MEASURE,
	EVENT_NOTICE,
	EVENT_SHARD_MERGED,
	EVENT_GATE_CHECKED,
	EVENT_TYPE_COUNT
};

enum cancel_reason {
	CANCEL_NONE,
	CANCEL_FAIL_FAST,      /* "fail_fast" */
	CANCEL_INTERRUPTED,    /* "interrupted": SIGINT */
	CANCEL_TERMINATED,     /* "terminated": SIGTERM */
	CANCEL_DEADLINE,       /* "deadline": budget exceeded */
	CANCEL_INFRASTRUCTURE, /* "infrastructure": no worker can be started */
};

enum severity { SEVERITY_NOTE, SEVERITY_WARNING, SEVERITY_ERROR };

struct state_counts; /* state.h */

struct failure {
	enum failure_kind kind;
	const char *message; /* first line first; may have many; NULL = none */
	const char *stack; /* without the message where the adapter can tell them apart, or NULL */
	const char *expected, *actual; /* printed values, or NULL */
	const char *snippet;           /* code frame, or NULL */
	const char *file;              /* relative to the base, or NULL */
	int line, column;              /* 1-based; 0 = unknown */
};

/* What is known of a run at its start: the header of the journal. */
struct run_info {
	const char *run_id;
	const char *version;         /* of muster */
	const char *base;            /* absolute folder that all paths are relative to */
	const char *repo_path;       /* of the base in its repository; NULL = it is the root */
	const char *commit, *branch; /* NULL = unknown */
	const char *platform;        /* class for the history: "linux-x64" + CI runner label */
	const char *plan_id;         /* NULL = no plan */
	int shard, shards;           /* 0 = not sharded */
	int ci_attempt;              /* of the CI system, 0 = none */
	const char *run_url;         /* page of the CI run, NULL = none */
	int64_t plan_ms;             /* unix: when the plan was made, 0 = no plan */
	int workers;
	int history_runs;   /* runs in the history at the start; -1 = no history */
	int history_files;  /* planned files with an estimate from the history */
	int64_t last_ms;    /* what the last passed run took, 0 = unknown */
	int64_t last_files; /* … and how many files it had */
	int fail_fast;      /* failures that stop the run, 0 = never */
	int64_t budget_ms;  /* 0 = none */
	int64_t seed;       /* of the order of files and tests; 0 = they are not shuffled */
	bool merged;        /* not a run: what merge made of some */
	bool fail_on_flaky; /* a test that passed only when it was tried again fails the run */
	bool partial;       /* only some files or tests were asked for */
	bool failed_only;   /* … and these are what earlier runs left */
};

struct event {
	enum event_type type;
	int64_t time_ms; /* unix; stamped by the dispatcher */

	const char *suite;   /* name */
	const char *project; /* inside the suite; NULL or "" = none */
	const char *file;    /* relative to the base */
	const char *test;    /* encoded title path, see test_id.h */
	int occurrence;      /* from 1 */
	int attempt;         /* from 1 */
	int worker;          /* from 1; 0 = none */
	int source;          /* from 1: which of the runs that are merged; never in a journal */

	enum outcome outcome;
	int64_t duration_us;
	struct failure failure;
	bool will_retry;  /* a failed attempt that is not the last */
	bool quarantined; /* the test is in quarantine: that it failed does not count */
	int line, column;

	const char *runner, *version, *root, *reason, *config, *flags;
	int64_t count;
	int64_t estimate_ms;
	bool known;  /* the estimate is from the history */
	bool chosen; /* of a planned file: only some of its tests were asked for */

	int repeat;        /* from 1; 0 = this is no repetition */
	int part, parts;   /* from 1; 0 = the whole file */
	int shard, shards; /* from 1; 0 = none */
	int64_t started_ms, startup_us;
	const char *status; /* of a shard or a gate */
	double limit;

	/* run_finished: a word that no test can have known, for fences around what tests have
	 * printed; and what the state has counted. The bus fills them in. */
	const char *token;
	const struct state_counts *files, *tests;

	enum cancel_reason cancel;
	int exit_code;

	int pid, exit_status, signal;
	int64_t rss_kb, cpu_us;
	int64_t delay_us; /* ready to run, but without a processor; 0 = not known */

	bool is_stderr; /* output: stream */
	const char *text;
	size_t text_len; /* of output and text; text is also '\0'-ended */

	const char *path;
	const char *name, *unit;
	double value;
	enum severity severity;

	const struct run_info *run;
};

const char *event_type_name(enum event_type type);
/* EVENT_TYPE_COUNT when there is no such type. */
enum event_type event_type_parse(const char *name);
const char *cancel_reason_name(enum cancel_reason reason); /* "none" for CANCEL_NONE */
enum cancel_reason cancel_reason_parse(const char *name);
