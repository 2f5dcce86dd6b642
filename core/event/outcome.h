/* What became of a test or a file. The words in JSON are those of outcome_name(). */
#pragma once

#include "core/base/base.h"

enum outcome {
	OUTCOME_NONE, /* not known (yet) */
	OUTCOME_PASSED,
	OUTCOME_FAILED,  /* also: crashed, timed out, failed to load; failure.kind tells */
	OUTCOME_SKIPPED, /* by the project: skip, todo, pending */
	OUTCOME_NOT_RUN, /* not reached, for a known reason: fail-fast, deadline, Ctrl-C */
};

const char *outcome_name(enum outcome outcome); /* "none" "passed" "failed" "skipped" "not_run" */
enum outcome outcome_parse(const char *name);   /* OUTCOME_NONE for anything else */

/* Why something failed. A crash of the worker is never taken for a pass or for an assertion. */
enum failure_kind {
	FAILURE_NONE,
	FAILURE_ASSERTION, /* a test's expectation */
	FAILURE_ERROR,     /* a test threw something else */
	FAILURE_HOOK,      /* before/after hooks, fixtures */
	FAILURE_TIMEOUT,   /* the test's own limit, or ours for the file */
	FAILURE_LOAD,     /* the file could not be loaded, or has no tests where that is an error */
	FAILURE_CRASH,    /* the worker died: signal, exit in the middle, out of memory */
	FAILURE_PROTOCOL, /* the worker said something that cannot be true */
};

const char *failure_kind_name(enum failure_kind kind); /* "assertion" … ; "none" */
enum failure_kind failure_kind_parse(const char *name);
