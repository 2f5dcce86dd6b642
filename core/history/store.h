/*
 * The history as a file: taken along, merged with another, kept small, looked after.
 *
 * The .db of a history in use is never copied: what was written last may still be in its -wal.
 * history_export() writes one consistent, compact file (zstd), which history_import() reads.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/history/history.h"

/* Whole or not at all. */
int history_export(struct history *h, const char *path, struct error *err);

struct history_imported {
	int64_t runs, known; /* taken over; already there */
};
/* True when `path` begins as an export, or a plain history, does. */
bool history_is_export(const char *path);
/* Merge an export: runs are known by their id, so that merging twice changes nothing. Into an empty
 * history all of it is taken, sums of pruned runs, too. One transaction. */
int history_import(
	struct history *h, const char *path, struct history_imported *ret, struct error *err);

/* 0 = that limit does not apply. */
struct history_retention {
	int64_t keep_runs, max_age_ms, max_bytes;
	int64_t min_runs; /* that age alone takes away none of */
};
extern const struct history_retention history_retention_default;
/* Oldest runs go first; running statistics and estimates stay. `now_ms`: unix. One transaction. */
int history_prune(struct history *h, const struct history_retention *keep, int64_t now_ms,
	int64_t *ret_runs, struct error *err);
/* Give the space of what was pruned back to the file system. */
int history_compact(struct history *h, struct error *err);

enum { HISTORY_TABLES_MAX = 64 };
struct history_info {
	int schema;
	int64_t bytes, free_bytes; /* of the file, and in it */
	int64_t runs, files, tests, faulty_tests, failed_attempts;
	int64_t first_ms, last_ms; /* start of the oldest and newest run; 0 = none */
	struct {
		char name[64];
		int64_t rows, bytes; /* indexes included; bytes -1 = not known */
	} tables[HISTORY_TABLES_MAX];
	size_t table_count;
};
int history_info(struct history *h, struct history_info *ret, struct error *err);

/* Everything that is wrong with it, one text each. -1: it cannot even be read. */
typedef void history_problem_fn(void *arg, const char *text);
int history_check(struct history *h, history_problem_fn *fn, void *arg, struct error *err);

/* A file's time that another tool measured: taken when nothing newer is known of it. */
struct history_timing {
	const char *platform, *suite, *project, *file;
	double ms;
	int64_t when_ms; /* unix */
};
int history_put_timing(struct history *h, const struct history_timing *timing, struct error *err);
int history_begin(struct history *h, struct error *err);
/* Commits when `result` is 0, else rolls back; returns -1 when either failed. */
int history_end(struct history *h, int result, struct error *err);
