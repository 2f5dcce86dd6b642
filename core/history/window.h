/*
 * Statistics of all tests at once: the running ones as they are stored, or made again from the
 * packs of stored runs (for a window of time or a branch, for an older history, after an import).
 * Only core/history includes this.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/history/history.h"
#include "core/history/stats.h"

/* Of all tests: stats[id - 1]. Of some: side by side, ids[] ascending. */
struct history_window {
	struct history_stats *stats; /* last_ms 0 = not in the window */
	size_t n;
	int64_t *ids;     /* [as stats]; NULL = all tests */
	uint32_t *places; /* [id - 1]: place in stats + 1, 0 = none; NULL = all tests */
	size_t tests;     /* that there are */
};

void history_window_release(struct history_window *w);
/* Tests that a question is about, by row id. */
struct history_wanted {
	bool *tests; /* [id - 1] */
	size_t n;
	bool *files; /* [id - 1]; NULL = those of `tests` are not known */
	size_t file_count;
};

void history_wanted_release(struct history_wanted *wanted);
/* All the tests there are, none wanted. */
int history_wanted_init(struct history *h, struct history_wanted *ret, struct error *err);
/* Forget the tests that never failed an attempt and of which `order` proved nothing. */
int history_wanted_faulty(struct history *h, struct history_wanted *wanted, struct error *err);

/* Runs since `since_ms` (unix) whose branch matches the glob (NULL = all). `wanted`: NULL = all
 * tests. */
int history_window_read(struct history *h, int64_t since_ms, const char *branch,
	const struct history_wanted *wanted, struct history_window *ret, struct error *err);
/* The running statistics. */
int history_window_stored(struct history *h, const struct history_wanted *wanted,
	struct history_window *ret, struct error *err);
/* Add what the runs with row ids above `run` say. */
int history_window_add(struct history *h, int64_t run, struct history_window *w, struct error *err);
/* Make these the running statistics; inside the caller's transaction. */
int history_window_write(struct history *h, const struct history_window *w, struct error *err);
