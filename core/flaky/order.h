/*
 * Which files that ran before another in the same worker change its result. The record of a run
 * tells what ran before; order_minimize() finds the few of them that matter.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strvec.h"

/* A file, or one test of it, as a run met it. Owns its strings; zeroed = not found. */
struct order_target {
	char *suite, *project, *file;
	char *test; /* encoded title path; NULL = the file as a whole */
	int occurrence;
	bool failed;          /* in that run */
	struct strvec before; /* files that ran before it in its worker, in that order */
};

void order_target_release(struct order_target *target);

/*
 * What `word` means in the journal at `path`: a file (relative to the base), a test's title path
 * ("cart › adds"), its title, or "file › title path". With `suite` (may be NULL) only there. When
 * it ran more than once the last failure counts, else the last time. 0 with ret->file NULL: this
 * run had nothing of that name. -1: unreadable, or several tests are called so.
 */
int order_find(const char *path, const char *word, const char *suite, struct order_target *ret,
	struct error *err);

/* Whether the result is seen with these items (ascending) alone: 1 yes, 0 no, -1 stop it all. */
typedef int order_test_fn(void *arg, const size_t *items, size_t n);

/*
 * Delta debugging: of the items 0…n-1, which together show the result, a set of which none can be
 * left out. ret_items holds n. 0: found. 1: `max_tests` calls were not enough, the set is as small
 * as they made it. -1: `fn` said so.
 */
int order_minimize(
	size_t n, order_test_fn *fn, void *arg, int max_tests, size_t *ret_items, size_t *ret_n);
