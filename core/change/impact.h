/*
 * Which test files a change can touch (--changed): by what the history has learned from coverage.
 * What it cannot know runs: a test file that never ran with coverage, and every test file when
 * something changed of which nobody knows whom it touches. Rules: docs/design/impact.md.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strmap.h"
#include "core/history/history.h"

struct impact {
	struct strmap changed; /* files, relative to the base */
	struct strmap mapped;  /* "suite\x1fproject\x1ffile" that ran with coverage */
	struct strmap touched; /* of those, the ones that touched what has changed */
	struct strmap reached; /* "suite\x1fsource" of what has changed */
	struct strmap sources; /* what has changed and was touched in some suite */
	const char *unknown;   /* a changed file that may touch any test; NULL = there is none */
};

/* Zeroed before. `rev` NULL: since HEAD left the branch `target` (NULL = the default one). */
int impact_read(struct impact *impact, const char *base, const char *rev, const char *target,
	struct history *history, struct error *err);
void impact_release(struct impact *impact);
/* `distant`: the suite's tests also use code that runs elsewhere (a server behind the browser), of
 * which the map knows nothing: a source that no test of it has touched may be used by each. */
bool impact_selects(const struct impact *impact, const char *suite, const char *project,
	const char *file, bool distant);
