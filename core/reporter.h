/*
 * A reporter turns events into a form for somebody: a terminal, a file, a CI system. It holds no
 * counters (state has them), cannot fail the run (an error is kept and told at the end), and gets
 * the same events live and from a journal, so `muster report` gives the same bytes.
 *
 * NULL slot = not interested. Adding one: one file, one row in the registry, one golden test.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/sink.h"
#include "core/base/strbuf.h"
#include "core/event/event.h"
#include "core/state/state.h"

struct reporter_options {
	bool live;     /* the run is going on now: displays may redraw and use the wall clock */
	int verbosity; /* -1 quiet, 0, 1 verbose */
	bool ci;       /* CI=true: no cursor movement */
	const char *summary_path; /* github: $GITHUB_STEP_SUMMARY, or NULL */
	/* github: appends what earlier runs say of a flaky test, for people; NULL = not known */
	void (*known)(void *arg, const struct state_test *test, struct strbuf *out);
	void *known_arg;
	bool shard; /* github: one job of many; what GitHub shows a few of is left to the merge */
	bool told;  /* github: a reporter for people tells of each failure in the same stream */
};

/* What a person at the terminal asked a live display for. */
enum reporter_show {
	REPORTER_SHOW_RUNNING, /* a line for each running test, now */
	REPORTER_SHOW_NOTHING, /* the terminal is somebody else's until the next event */
};

struct reporter {
	const char *name;
	const char *summary;      /* one line for the help */
	const char *default_path; /* in the run directory when the user gives none; NULL = stdout */
	bool terminal;            /* owns the terminal: at most one such reporter a run */

	void *(*open)(const struct reporter_options *options, struct sink *sink);
	/* Called after state_apply(): `state` already knows the event. */
	void (*event)(void *self, const struct event *event, const struct state *state);
	/* A live display only. */
	void (*show)(void *self, enum reporter_show what, const struct state *state);
	/* After run_finished. The sink is closed by the caller. -1: the output is not whole. */
	int (*finish)(void *self, const struct state *state, struct error *err);
	void (*close)(void *self); /* accepts NULL */
};

typedef const struct reporter *const *reporter_table;

const struct reporter *reporter_find(reporter_table table, const char *name);
