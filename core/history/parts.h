/*
 * Which results of jobs the history has already. A merge after "re-run failed jobs" brings the jobs
 * that did not run again once more; a merge may also bring runs that recorded themselves. Each such
 * part (the results of one run, of one attempt of one shard) enters the history once, by whichever
 * merge comes first. Only core/history includes this.
 */
#pragma once

#include "core/history/record.h"

/* The table; histories of before have none. Inside the caller's transaction or without one. */
int history_parts_table(struct history *h, struct error *err);
/* Fills r->known. */
int history_parts_look_up(struct recording *r);
/* The parts are those of r->run_id from now on. */
int history_parts_record(struct recording *r);

/* Nothing of the merge is new. */
bool history_parts_all_known(const struct recording *r);
/* What is from `source` (of an event) is not in the history yet. */
bool history_part_is_new(const struct recording *r, int source);
/* Some result of the file is new. */
bool history_part_has_file(const struct recording *r, const struct state_file *file);

/* Import. All parts of that run of `from` are here; false when it has none. */
bool history_parts_are_here(struct history *h, struct history *from, int64_t from_run);
int history_parts_copy(
	struct history *h, struct history *from, int64_t from_run, int64_t run, struct error *err);
