/*
 * The coverage and the gates of a run or of a merge: from the maps that suites and bundles bring to
 * totals, reports and verdicts. Everything becomes an event, so that a replay shows the same.
 */
#pragma once

#include "cmd/setup.h"
#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strmap.h"
#include "core/merge/bundle.h"
#include "core/event/bus.h"
#include "core/coverage/coverage.h"
#include "core/history/history.h"

struct judge {
	const struct setup *setup;
	struct bus *bus;
	char *work; /* where workers put their coverage; NULL = none is collected */
	struct coverage *coverage;
	size_t maps;           /* that came in */
	char *incomplete;      /* why the coverage is not whole, or NULL */
	bool whole;            /* all of it was judged: worth remembering */
	struct strmap touches; /* "suite\x1fproject\x1ffile" -> sources, one a line (strbuf) */
	bool merged;           /* of many jobs: their maps, the whole pipeline's time */
	const char *partial;   /* of a merge: why its plan has not all files, or NULL */
	struct error failed;   /* a report that could not be written */
};

/* Why not everything runs when these tests are chosen ("only the named paths ran"); NULL = it does.
 * The text is static. */
const char *judge_selection(const struct config *config);
/* `setup` has its run directory when judge_collect() or judge_verdict() is called. */
void judge_init(struct judge *judge, const struct setup *setup, struct bus *bus);
void judge_release(struct judge *judge);
/* For a run: be ready for what the suites collect, if any does. */
void judge_collect(struct judge *judge);
/* A bus subscriber: takes in what suites bring. */
void judge_event(void *judge, const struct event *event, const struct state *state);
/* For a merge: the map of each bundle that counts. */
void judge_bundles(struct judge *judge, const struct bundles *bundles);
/* All is done: write coverage-final.json and the reports, publish totals and gates. A report that
 * cannot be written is kept for judge_error(). */
void judge_verdict(struct judge *judge, int64_t problems);
/* Reports for people, to stdout, or to stderr when that carries something else. */
int judge_print(const struct judge *judge, int fd, struct error *err);
/* Keep the test map and the totals in the history. */
int judge_remember(const struct judge *judge, struct history *history, struct error *err);
/* -1 with err when an output that was asked for is not there. */
int judge_error(const struct judge *judge, struct error *err);
