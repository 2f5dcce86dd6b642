/*
 * Statistics made again from the packs of stored runs: for a window of time or a branch, and when
 * an older history is brought to this version. Only history*.c include this.
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
/* Fill test_stats and test_faults from all stored runs; inside the caller's transaction. */
int history_window_rebuild(struct history *h, struct error *err);
