/*
 * The engine: discovers the files of all suites, runs them over one pool of slots, and publishes
 * what happens. It decides nothing about the verdict (state does) and prints nothing.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strmap.h"
#include "core/event/bus.h"
#include "core/config/config.h"
#include "core/history/history.h"
#include "core/change/impact.h"
#include "core/plan/plan.h"
#include "core/flaky/quarantine.h"
#include "core/flaky/retry.h"
#include "core/suite.h"

/* What to run of one file; the engine runs what is selected, or everything when nothing is. All
 * borrowed. The parts of a file follow each other. */
struct engine_selection {
	const char *suite, *project;
	const char *file;              /* "" = all files of the suite */
	const struct plan_test *tests; /* NULL = the whole file */
	size_t test_count;
	bool except;         /* all tests but these */
	int part, parts;     /* 0 = not split */
	int64_t estimate_us; /* 0 = ask the history */
	bool known;
};

struct engine_options {
	const struct config *config;
	const struct suites *suites;
	struct bus *bus;
	struct history *history;             /* NULL = none */
	const struct quarantine *quarantine; /* NULL = none */
	const struct run_info *info;         /* published as run_started */
	const char *program;                 /* this executable: `program __supervise …` */
	const char *adapters_dir;            /* absolute; where the adapter scripts lie */
	const char *cache_dir;               /* absolute; exists; plans and the like go there */
	const struct engine_selection *selection;
	size_t selection_count;
	bool select;    /* only the selection, even when it is empty */
	bool planned;   /* the selection is a plan's: every file of it must be found */
	bool list_only; /* discover, then stop */
	bool split;     /* long files may run in parts */
	bool in_order;  /* the files of `paths` in that order in one worker, nothing else at work */
	const struct retry_known *known; /* tests with retries of their own; NULL = none */
	const struct impact *impact;     /* only what a change can touch; NULL = everything */
	const struct strmap *changed;    /* files that the change touches, as keys; NULL = none */
	int64_t elapsed_us;              /* of the budget, before this run began */
	const char *coverage_dir; /* absolute, of this run; NULL = no suite collects coverage */
	int cores;                /* of the machine */
	bool ci, color;
	bool (*env_is_secret)(const char *name);  /* not handed to workers */
	void (*before_sleep)(void *arg);          /* flush journal and reporters */
	void (*before_verdict)(void *arg);        /* all is done: judge the gates */
	void (*on_signal)(void *arg, int signum); /* SIGUSR1 (or the key t), SIGWINCH, SIGTSTP */
	bool keys;                                /* the terminal is ours: read them */
	void *arg;
};

/* Runs to the end: run_finished was published. Returns the signal that ended the run, 0 = none; -1:
 * it could not begin. */
int engine_run(const struct engine_options *options, struct error *err);
