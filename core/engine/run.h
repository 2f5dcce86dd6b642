/*
 * Inside the engine: a run, its suites, files and workers. Only core/engine includes this.
 *
 * Everything happens in callbacks of one loop: a callback stores what it learned, then calls
 * run_tick(), which decides what follows. Ownership: the run owns suites and files for its whole
 * life; a worker lives until its process is gone.
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/base.h"
#include "core/base/strbuf.h"
#include "core/base/strmap.h"
#include "core/engine/engine.h"
#include "core/event/event.h"
#include "core/history/history.h"
#include "core/io/deadline.h"
#include "core/io/keys.h"
#include "core/io/loop.h"
#include "core/io/process.h"
#include "core/io/signals.h"

struct run;
struct worker;
struct service;

/* One test, by name: for exact selection. */
struct run_test {
	char *path; /* encoded */
	int occurrence;
	bool again; /* it failed, and gets another try */
	int left;   /* it passed, and runs so often more before it is believed */
};

struct run_output {
	int64_t bytes; /* published as they came */
	int64_t dropped;
	struct strbuf tail; /* the last bytes of what was dropped */
	struct {
		char bytes[4];
		size_t len;
	} begun[2]; /* of stdout and stderr: the character that the last chunk ends in */
};

/*
 *  PENDING ─► ASSIGNED ─► RUNNING ─► DONE
 *     ▲ ▲         │          │
 *     │ └─ taken back        │     its worker died before it, or has others' trouble
 *     └── another try ◄──────┘     a retry, a repetition, or the whole file in place of a part
 */
enum run_file_phase { RUN_FILE_PENDING, RUN_FILE_ASSIGNED, RUN_FILE_RUNNING, RUN_FILE_DONE };

struct run_file {
	struct run_suite *suite;
	char *file;    /* relative to the base */
	char *project; /* "" = none */
	int position;
	int units; /* a batch: what of it can run side by side, at most */
	int64_t estimate_ms;
	bool known;
	int bin; /* ordered suites: index of the worker it is meant for */
	enum run_file_phase phase;
	int attempt;           /* of the engine, from 1 */
	int attempt_offset;    /* attempts of earlier tries, for numbering in events */
	int attempt_seen;      /* highest attempt number inside this try */
	int avoid_worker;      /* number of the worker that failed it; 0 = none */
	int64_t started_us;    /* monotonic; this try */
	int part, parts;       /* 0 = the whole file */
	struct run_test *only; /* NULL = all tests */
	size_t only_count;
	bool except;             /* all tests but `only` */
	int spread_units;        /* units of it when it is spread; 0 = its runner cannot do that */
	bool spread;             /* a batch: its tests may run side by side; a part, 1 of 1 */
	bool proven;             /* a part: the file was seen to pass in parts */
	bool doubted;            /* a part: a test of it failed, and nobody knows why yet */
	bool whole;              /* a part: this try runs the whole file, others' tests unseen */
	struct run_test *failed; /* failed for good in this try: what a retry would run */
	size_t failed_count, failed_cap;
	struct run_test *fresh; /* new or changed tests that passed */
	size_t fresh_count, fresh_cap;
	int repeat;               /* the running repetition of those, from 1; 0 = none */
	size_t quarantined_count; /* of them, in quarantine */
	bool loaded;              /* published as started, but others of its group run first */
	int finals;               /* test_finished without will_retry in this try */
	int crashes; /* tries that ended with the death of a worker that ran other files, too */
	struct run_output output; /* of this try */
};

/*
 *  WAITING ─► DISCOVERING ─► (SETTING_UP) ─► READY ─► (COVERING) ─► CLOSING ─► DONE
 *      └────────────┴──────────────┴─────────┴─► FAILED
 */
enum run_suite_phase {
	SUITE_WAITING,
	SUITE_DISCOVERING,
	SUITE_SETTING_UP,
	SUITE_READY,
	SUITE_COVERING, /* all files done; a worker makes one map of what they covered */
	SUITE_CLOSING,  /* all files done; workers and the holder of the global set-up are ending */
	SUITE_DONE,
	SUITE_FAILED,
};

struct run_suite {
	struct run *run;
	const struct suite *settings;
	enum run_suite_phase phase;
	char *cache_dir;
	struct run_file **files;
	size_t file_count, file_cap;
	struct strmap index;       /* "project\x1ffile": what was discovered */
	struct run_file **pending; /* in the order to take them; [0, pending_count) */
	size_t pending_count;
	int unfinished;             /* files that are not RUN_FILE_DONE */
	int64_t left_ms;            /* estimates of the pending files */
	char *plan_path;            /* NULL = workers need none */
	struct strvec env;          /* "NAME=value" or "NAME" (unset) from set-up and services */
	struct strvec node_options; /* of the settings, and what discovery asked for */
	bool ordered, exclusive, global_setup, restarted;
	bool together; /* its files share more than a process: they are loaded together */
	bool serial;   /* fell back to one process in the runner's own order */
	int lead; /* number of the worker that has had all files before `lead_next`; 0 = none */
	int lead_next;            /* position of a file */
	struct run_file *doubted; /* failed beside the lead, which goes on alone */
	int max_workers;
	int target;     /* workers that pay */
	bool known;     /* most of its files, to the history */
	bool may_grow;  /* … for want of knowledge: more when it turns out to be long */
	int done_files; /* and what they took, against what was expected */
	int64_t done_us, done_estimate_ms;
	struct worker *holder; /* keeps the global set-up; runs no files */
	struct history_suite model;
	struct {
		int64_t known;   /* tests of the suite that the history knows, when asked */
		int64_t seen;    /* tests that ran here */
		int64_t fresh;   /* of those, new or in a changed file */
		int64_t unknown; /* of those, new */
		bool asked, decided;
	} early;
	bool services_up;
	bool handed_back;   /* a batch could not go on with its files: they run in a new process */
	char *coverage_dir; /* of its deltas; NULL = collects none */
	struct worker *collector; /* makes one map of them */
};

/*
 *   STARTING ── discovered/ready ─► IDLE ◄─► BUSY
 *      │             │               │        │
 *      │             └─► HOLDING     │        │       (global set-up)
 *      └──────────┬───────┴──────────┴────────┘
 *                 ▼
 *              ENDING (asked to stop, will send `end`) ─► KILLED/gone
 */
enum worker_phase { WORKER_STARTING, WORKER_IDLE, WORKER_BUSY, WORKER_HOLDING, WORKER_ENDING };

/* Why it is being stopped. What it says after any but STOP_ORDERLY counts no more. */
enum worker_stop {
	STOP_NONE,
	STOP_ORDERLY,  /* nothing is left for it; it may still send `end` */
	STOP_CANCEL,   /* the run or its suite ends */
	STOP_TIMEOUT,  /* a file used up its time */
	STOP_PROTOCOL, /* it said what cannot be, or nothing in time */
	STOP_RECYCLE   /* its suite starts over: with other flags, or in one process */
};

struct worker_test { /* running now */
	struct run_file *file;
	char *path;
	int occurrence, attempt;
	int line, column;
	int64_t started_us;
	bool slow;
};

struct worker {
	struct run *run;
	struct run_suite *suite;
	int number;  /* from 1, never used again */
	int slot;    /* from 1: JEST_WORKER_ID and the like */
	int bin;     /* ordered suites */
	int reached; /* position of its last file, + 1 */
	int pid;     /* of node itself; 0 = not known yet */
	enum worker_phase phase;
	enum worker_stop stop;
	struct process *process;
	bool discoverer;
	bool planned;            /* discover or plan was sent */
	bool speculative;        /* started before it is known that there is work for it */
	struct run_file **items; /* assigned, not finished, in order */
	size_t item_count, item_cap;
	size_t last_item; /* of the message before: the next is mostly of the same, or the next */
	bool spent;       /* a batch that has had its run: it takes no other */
	int claim;        /* slots it takes while it is busy (batch: more than one) */
	struct worker_test *tests;
	size_t test_count, test_cap;
	int64_t spawned_us;
	int64_t deadline_us; /* of starting, of the running file, or of ending; 0 = none */
	int64_t files_sent, tests_sent; /* for the check against `end` */
	int next_run_id;
	bool ended; /* `end` was seen and its counts were right */
	int64_t rss_kb;
	struct strbuf loose;      /* output while no file ran, bounded: tells why a start failed */
	struct run_output output; /* a batch: what belongs to no file */
	char *failure;            /* why it is being stopped, for the files it had */
};

struct run {
	const struct engine_options *options;
	struct loop loop;
	struct signals signals;
	struct keys keys;
	struct deadline tick;
	struct arena arena;    /* strings of the message at hand */
	struct strbuf scratch; /* likewise */
	bool stale;            /* a worker has said something: run_tick() before the next sleep */
	struct run_suite *suites;
	size_t suite_count;
	struct worker **workers;
	size_t worker_count, worker_cap;
	int next_worker;
	int slots;
	int64_t output_bytes;    /* that files printed and that was published as it came */
	int64_t worker_limit_kb; /* a larger worker is replaced; 0 = no limit */
	struct service *services;
	size_t service_count;
	struct strmap selected;  /* "suite\x1fproject\x1ffile" -> first engine_selection */
	struct strmap resources; /* name -> int in use, as intptr_t */
	int failures;            /* that count for fail-fast */
	struct retry_tally tally;
	enum retry_decision
		no_retries; /* why nobody gets a further try any more; RETRY_AGAIN = they do */
	enum cancel_reason cancel;
	int signal; /* that ended the run */
	int64_t started_us;
	int64_t ticked_us; /* the last time */
	int64_t cancel_deadline_us;
	bool budget_told;     /* that it is, or will be, used up */
	enum exit_code worst; /* infrastructure and configuration errors of suites */
	bool finished;
};

/* run.c */
void run_tick(struct run *run);
void run_publish(struct run *run, struct event *event);
void run_notice(struct run *run, enum severity severity, const char *name, const char *suite,
	const char *file, const char *fmt, ...) FORMAT(6, 7);
/* Stop everything that still runs; the first reason counts. */
void run_cancel(struct run *run, enum cancel_reason reason, const char *text);
void run_free_file(struct run_file *file);
void run_free_tests(struct run_test *tests, size_t n); /* the array, too */
/* A suite cannot run (any more): its files become not_run, the run is cancelled. */
void run_suite_failed(struct run_suite *suite, enum exit_code code, const char *text);

/* discover.c */
void discover_index(struct run *run); /* the selection by file */
void discover_start(struct run *run);
/* What is known of the suite before it is discovered: flags that its runner will ask for. */
void discover_recall_flags(struct run_suite *suite);
/* The message `discovered`: files, order, estimates. -1: it does not make sense. */
int discover_apply(struct worker *worker, const struct json *message, struct error *err);
/* A file that turned out not to load after discovery: given to this worker now, or, when it has it
 * already, that one. NULL: nobody asked for it. */
struct run_file *discover_late(struct worker *worker, const char *name);

void discover_add_file(struct run_suite *suite, const char *project, const char *file,
	const struct engine_selection *selection, int64_t size);

/* spread.c: the files of a suite over its workers */
void spread_order(struct run_suite *suite); /* once its files are known: target and pending list */
void spread_explain(const struct run_suite *suite, struct strbuf *out); /* why so many workers */
void spread_learn(struct run_file *file, int64_t duration_us);          /* a file has ended */
void spread_grow(struct run_suite *suite); /* more workers, when it is longer than it seemed */

/* inorder.c: suites whose files may need their order */
/* They are spread, and nobody knows yet whether they may be. */
bool inorder_is_unproven(const struct run_suite *suite);
/* Which pending file this worker takes then: an index. */
size_t inorder_choose(const struct run_suite *suite, const struct worker *w);
/* These have been taken from the pending ones. */
void inorder_took(
	struct run_suite *suite, struct worker *w, struct run_file *const *files, size_t n);
/* The file, or a test of it, has failed. True: that does not count, they run again in order. */
bool inorder_doubts(struct worker *w, struct run_file *file);

/* split.c: files in parts */
/* Before they are published: replace what would be the tail by its parts. */
void split_long_files(struct run_suite *suite);
/* A test of it failed. True: it does not count yet, the whole file decides. */
bool split_doubts(struct run_file *file);
/* Run the whole file in place of the doubted part. */
void split_try_whole(struct run_file *file);
/* False for the tests of other parts that a whole try runs, too. */
bool split_is_own(const struct run_file *file, const struct event *event);
/* The whole try passed: say that the parts depend on each other. */
void split_tell(const struct run_file *file);

/* dispatch.c */
void dispatch(struct run *run);
void dispatch_requeue(struct run_file *file);
void dispatch_release(struct run_file *file); /* resources that it held */
/* How many workers of a batch these files can keep busy. */
int dispatch_units(struct run_file *const *files, size_t n);

/* worker.c */
struct worker *worker_start(struct run_suite *suite, bool discoverer);
void worker_assign(struct worker *worker, struct run_file **files, size_t n, int claim);
void worker_send(struct worker *worker, const struct strbuf *message);
void worker_send_plan(struct worker *worker);
void worker_send_simple(struct worker *worker, const char *type); /* without fields */
void worker_end(struct worker *worker); /* orderly: `stop`, then wait for `end` */
void worker_stop(struct worker *worker, enum worker_stop why, const char *failure);
/* Nobody wants its results any more: it ends its test, so that hooks clear up behind it, and
 * leaves. */
void worker_leave(struct worker *worker);
void worker_check_time(struct worker *worker, int64_t now_us);
/* Time in which nobody could look does not count against its limits. */
void worker_shift_time(struct worker *worker, int64_t by_us);
void worker_forget_test(struct worker *worker, size_t index);

/* message.c: what a worker says */
void message_line(void *worker, char *line, size_t len, bool truncated);

/* again.c: what runs more than once */
/* Count the first try of a test, or the time of a further one. */
void again_count(struct worker *w, struct run_file *file, const struct event *event);
/* The test has failed for good in this try: does it get another? */
bool again_test(struct run_file *file, const struct event *event);
/* The file itself has failed (load, crash): does it get another try? */
bool again_file(struct run_file *file);
void again_count_file(struct run_file *file, const struct event *event);
/* A test passed at its first try: it may have to pass more often. */
void again_passed(struct run_file *file, const struct event *event);
/* A repetition of the file has ended: does another follow? */
bool again_repeat(struct run_file *file, bool own_failure);
/* All files of the suite are done: its fresh tests run again. False: nothing is to be done. */
bool again_repeat_suite(struct run_suite *suite);
void again_forget(struct run_file *file); /* its fresh tests */
/* Those of `tests` (not of file->only) that run again become the selection. Returns how many. */
size_t again_select(struct run_file *file, const struct run_test *tests, size_t n);
int again_retries(const struct run_suite *suite, enum retry_kind kind);

/* result.c: what becomes of files */
void result_test(struct worker *worker, struct run_file *file, struct event *event);
void result_file(struct worker *worker, struct run_file *file, struct event *event);
/* It has been loaded with others, and waits until they have run. */
void result_loaded(struct run_file *file);
/* A file that cannot be loaded; event has the failure. */
void result_load_failed(struct worker *worker, struct run_file *file, struct event *event);
/* It runs from the beginning, as if it never had. */
void result_start_over(struct run_file *file);
/* The worker has nothing any more; what becomes of its files is the caller's business. */
void result_drop_files(struct worker *worker);
/* What this worker has not begun goes to another one. */
void result_hand_back(struct worker *worker);
/* The worker is gone, or is about to be: every file it had gets what it deserves. */
void result_worker_lost(struct worker *worker, const struct process_status *status);
struct run_file *result_current_file(const struct worker *worker);
/* One more failure that counts; the first of them stops the run by default. */
void result_count_failure(struct run *run);

/* budget.c */
void budget_check(struct run *run, int64_t now_us);

/* output.c: what files print */
/* `file` NULL: nobody's; kept only where a batch prints for itself. */
void output_take(
	struct worker *worker, struct run_file *file, bool is_stderr, const char *data, size_t len);
/* Publish what was kept beyond the limit. */
void output_flush(struct worker *worker, struct run_file *file);
void output_forget(struct run_output *output);

/* protocol.c: messages down, each a line */
void protocol_init(struct strbuf *out, const struct worker *worker);
void protocol_plan(struct strbuf *out, const struct run_suite *suite);
void protocol_coverage(struct strbuf *out, const char *path);
void protocol_run(struct strbuf *out, int id, struct run_file *const *files, size_t n, int claim);

/* cover.c: the coverage of a suite */
void cover_init(struct run_suite *suite);
/* A worker tells of a delta: its path must be below the suite's folder. Becomes relative to the
 * run's coverage folder. */
int cover_delta(struct worker *worker, struct event *event, struct error *err);
/* All files are done: is there something to make a map of? */
bool cover_is_wanted(const struct run_suite *suite);
/* While COVERING: find a worker for it and ask it. */
void cover_step(struct run_suite *suite);
int cover_done(struct worker *worker, const struct json *message, struct error *err);
/* The worker is gone. */
void cover_lost(struct worker *worker);

/* environment.c */
char **environment_for(const struct run_suite *suite, int slot); /* NULL-ended, caller frees all */
void environment_free(char **env);

/* services.c */
int services_start(struct run *run, struct run_suite *suite); /* 1 = up, 0 = coming, -1 = failed */
void services_stop(struct run *run);
void services_kill(struct run *run);
void services_pause(struct run *run, bool paused);
bool services_gone(const struct run *run);
void services_release(struct run *run);
