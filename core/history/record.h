/* One run on its way into the history, and ids of names. Only core/history includes this. */
#pragma once

#include "core/history/schema.h"
#include "core/state/state.h"

struct recording {
	struct history *h;
	const struct state *state;
	int64_t platform_id, commit_id, branch_id; /* 0 = none */
	bool commit_sure;                          /* the commit says what code ran */
	int64_t run_id;
	double speed;      /* of this run against the history */
	int64_t *file_ids; /* by position in state->files */
	double *file_ms;   /* likewise: what they are expected to take the next time */
	const char *const
		*sources; /* of a merge: [i] names the part that is source i + 1; "" = none */
	size_t source_count;
	bool *known;    /* likewise: it is in the history already */
	int *positions; /* likewise: which file of its worker it was, from 1; 0 = never started */
	struct error *err;
};

/* Helpers of both parts. */
int history_record_done(struct recording *r, sqlite3_stmt *s);
/* Row id of a platform, suite, commit or branch; it is added when it is new. -1 = failed. */
int64_t history_name_id(struct history *h, enum history_sql which, const char *name);
/* First column of the first row; -1 = none. */
int64_t history_record_id(sqlite3_stmt *s);

/* What is left failed or not run; after the tests. */
int history_left_record(struct recording *r);

/* The tests of all files: names, statistics, failed attempts and the pack. */
int history_record_tests(struct recording *r);
