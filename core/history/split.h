/*
 * What came of splitting files: whether a file was seen to pass in parts, or a test of it fails
 * unless the whole file runs. In a table of its own, made when it is first needed; a lesson is
 * forgotten after 200 runs, so that a file which was changed gets another chance.
 */
#pragma once

#include "core/history/history.h"

/* Inside the transaction of history_record(); `file_ids` by position in state->files. */
int history_split_record(struct history *h, const struct state *state, int64_t run_id,
	const int64_t *file_ids, struct error *err);
/* 1 = it passed in parts, -1 = only as a whole, 0 = nobody knows. `h` may be NULL. */
int history_split_verdict(
	struct history *h, const char *suite, const char *project, const char *file);
