/*
 * Two things coverage teaches, in tables of their own that come to be when they are first written:
 * which sources each test file has touched (the test map), and what runs had covered.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strmap.h"
#include "core/coverage/coverage.h"
#include "core/history/history.h"

struct history_touch {
	const char *suite, *project, *file;
	const char *sources; /* paths from the base, one a line, doubled ones are fine */
};

/* What these files touched replaces what was known of them; one transaction. */
int history_testmap_record(
	struct history *h, const struct history_touch *v, size_t n, struct error *err);

/* Test files that touched `source` (a path from the base) when they ran last, by suite and file.
 * A file that is itself a known test file covers itself. */
typedef int history_covering_fn(
	void *arg, const char *suite, const char *project, const char *file);
int history_covering(struct history *h, const char *source, history_covering_fn *fn, void *arg,
	struct error *err);
/* The whole map: `fn` is called for each test file with `source` NULL, then with each of `sources`
 * (keys, paths from the base) that the file touched. A result other than 0 ends it and is returned.
 */
typedef int history_match_fn(
	void *arg, const char *suite, const char *project, const char *file, const char *source);
int history_testmap_match(struct history *h, const struct strmap *sources, history_match_fn *fn,
	void *arg, struct error *err);
/* A run has seen this test file, in whatever suite. */
bool history_has_test_file(struct history *h, const char *file);
/* False: no run with coverage has been recorded, so that an empty answer would say nothing. */
bool history_has_testmap(struct history *h);

/* Totals of a run whose coverage was whole. */
int history_coverage_record(struct history *h, const char *run_id, const char *branch,
	int64_t time_ms, const struct coverage_totals *totals, struct error *err);
/* The newest totals on `branch` (NULL = any) of another run than `run_id` (may be NULL). False:
 * there are none. */
bool history_coverage_last(
	struct history *h, const char *branch, const char *run_id, struct coverage_totals *ret);
