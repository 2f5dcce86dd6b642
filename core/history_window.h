/*
 * Statistics of all tests at once: the running ones as they are stored, or made again from the
 * packs of stored runs (for a window of time or a branch, for an older history, after an import).
 * Only history*.c include this.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/history.h"
#include "core/history_stats.h"

struct history_window {
	struct history_stats *stats; /* [id - 1]; last_ms 0 = not in the window */
	size_t n;
};

void history_window_release(struct history_window *w);
/* Runs since `since_ms` (unix) whose branch matches the glob (NULL = all). `faulty`: only tests
 * that failed an attempt in it are counted. */
int history_window_read(struct history *h, int64_t since_ms, const char *branch, bool faulty,
	struct history_window *ret, struct error *err);
/* The running statistics of all tests. */
int history_window_stored(struct history *h, struct history_window *ret, struct error *err);
/* Add what the runs with row ids above `run` say. */
int history_window_add(struct history *h, int64_t run, struct history_window *w, struct error *err);
/* Make these the running statistics; inside the caller's transaction. */
int history_window_write(struct history *h, const struct history_window *w, struct error *err);
