/*
 * Times of test files as other tools wrote them, so that a project starts warm on day one: JUnit
 * XML, JSON reports of Jest (and Vitest) and Playwright, cypress-split, and `{path: seconds}`
 * (knapsack, pytest-split with `path::test` keys). The times of one file are summed.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"

enum timings_format {
	TIMINGS_GUESS,
	TIMINGS_JUNIT,
	TIMINGS_DURATIONS, /* {path: seconds} */
	TIMINGS_KNAPSACK,  /* the same */
	TIMINGS_CYPRESS_SPLIT,
	TIMINGS_PLAYWRIGHT,
	TIMINGS_JEST,
	TIMINGS_FORMATS
};

const char *timings_format_name(enum timings_format format); /* "junit" … */
enum timings_format timings_format_parse(const char *name);  /* TIMINGS_FORMATS = unknown */

struct timing {
	const char *project; /* of Playwright; "" = none */
	const char *file;    /* as the tool wrote it */
	double ms;
};
typedef int timings_fn(void *arg, const struct timing *timing);

/* Calls `fn` once a file; what it returns but 0 ends the reading and is returned. -1: the file
 * cannot be read, or holds no times. *format is filled in when it was a guess. */
int timings_read(const char *path, enum timings_format *format, timings_fn *fn, void *arg,
	struct error *err);
