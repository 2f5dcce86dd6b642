/*
 * Which file ran where in a run: its worker, its place in the order of that worker, how long it was
 * expected to take and how long it took. Kept for the newest runs only: the planner learns from it
 * how far predictions are off, and `order` what ran before what. Only core/history includes this.
 */
#pragma once

#include "core/history/record.h"

struct history_file_entry {
	int64_t file_id;
	int worker, position; /* from 1; 0 = never started */
	enum outcome outcome;
	int64_t predicted_us, duration_us; /* predicted: 0 = by a guess */
};

/* Fills r->positions. */
void history_files_number(struct recording *r);
void history_files_put(struct strbuf *pack, const struct history_file_entry *entry);
int history_files_record(struct recording *r);
/* Next entry of a pack; false at its end, or where it is damaged. */
bool history_files_next(
	const unsigned char **data, const unsigned char *end, struct history_file_entry *ret);
