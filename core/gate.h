/*
 * Gates: what must hold beside the tests. Pure: numbers in, verdicts out; who collects the numbers
 * and who shows the verdicts is cmd's business.
 *
 * A gate is passed, failed, or not_evaluated when its number would say nothing: after fail-fast, in
 * a failed or incomplete run, when only some of the tests were chosen. Never a false red, never a
 * false green. Its text names the number, the limit, and what would fix it.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"
#include "core/base/strvec.h"
#include "core/config/config.h"
#include "core/coverage/coverage.h"
#include "core/change/git_diff.h"

struct gate_result {
	const char *name;   /* "coverage.lines", "coverage.lines packages/api", "duration" */
	const char *status; /* "passed" "failed" "not_evaluated" */
	double actual, limit;
	const char *unit; /* "%" "points" "ms" */
	const char *text; /* lives until the callback returns */
};

typedef void gate_fn(void *arg, const struct gate_result *result);

struct gate_input {
	const struct config *config;
	const char *base; /* absolute; paths in texts and globs are relative to it */

	const struct coverage *coverage; /* NULL = none was collected: no such gate is judged */
	const char *coverage_void;       /* why it cannot be judged, or NULL */
	const struct strvec *modules;    /* folders of the workspaces, absolute; may be NULL */
	const struct git_changes *patch; /* NULL = unknown: patch_void says why */
	const char *patch_void;
	const struct coverage_totals *before; /* of the last run on the base branch, or NULL */

	const char *tests_void; /* why rates cannot be judged, or NULL */
	int64_t tests, failed, flaky;

	int64_t duration_ms; /* 0 = do not judge it */
};

/* All gates that the configuration asks for, in a fixed order. */
void gate_judge(const struct gate_input *input, gate_fn *fn, void *arg);
/* The patch gate with all texts, for `coverage check`: the uncovered lines of the change, one
 * "file:from-to" a line. Returns how many changed lines can be covered, and how many are. */
struct coverage_count gate_patch_lines(const struct gate_input *input, struct strbuf *uncovered);
