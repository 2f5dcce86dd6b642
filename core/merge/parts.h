/* Inside merge: what is collected while journals are replayed. Only core/merge*.c include this. */
#pragma once

#include "core/base/arena.h"
#include "core/base/strbuf.h"
#include "core/base/strmap.h"
#include "core/merge/merge.h"

struct merge_item {
	const struct plan_item *item; /* NULL: planned by a bundle itself */
	const char *suite, *project, *file;
	int part, parts;
	int shard;
	bool started, done;
	int64_t us; /* what it took; 0 = no result */
};

/* One shard: what its journal said. */
struct merge_shard {
	const struct bundle *bundle; /* NULL = missing */
	bool finished, truncated, doubled;
	bool again; /* an earlier attempt of it was given, too */
	int exit_code;
	enum cancel_reason cancel;
	const char *cancel_text;
	int64_t first_file_ms, ended_ms, duration_us;
	int64_t predicted_us;
	int64_t planned, done; /* items */
	const char *longest;   /* file, and what it took */
	int64_t longest_us;
	const char *status;
};

struct merge {
	const struct merge_options *options;
	struct bus *bus;
	struct arena arena;
	struct strmap items;        /* key -> merge_item */
	struct strmap suites;       /* name -> number of files, as intptr_t */
	struct strmap evidence;     /* test key -> failed attempts of earlier runs, as intptr_t */
	struct strmap strays;       /* file key: results that count nowhere */
	struct strmap notices;      /* already told */
	struct merge_shard *shards; /* shard_count + 1: [0] is for bundles without a shard */
	int shard_count;
	struct merge_shard *current;
	const struct bundle *bundle;
	int worker_base, worker_most;
	int64_t started_ms, ended_ms; /* of the whole pipeline */
	int64_t attempt;              /* newest of CI */
	bool again;                   /* jobs ran again, by a plan of before */
	struct strbuf tokens;         /* of all runs */
	int64_t problems;             /* that make it incomplete, beside shards that are */
};

/* shards.c */
/* After all replays: a status for each shard, its event, and not_run for what was cancelled.
 * Returns the exit code that the shards themselves call for. */
enum exit_code merge_judge_shards(struct merge *m);
/* The gate on the duration of the whole pipeline. */
void merge_judge_duration(struct merge *m);
/* What events call the run that they are from: its place among the bundles. 0 = none. */
int merge_source(const struct merge *m, const struct bundle *bundle);
void merge_notice(struct merge *m, enum severity severity, const char *name, const char *fmt, ...)
	FORMAT(4, 5);
/* advice.c: the critical path and what would shorten it, appended as one text. */
void merge_advise(struct strbuf *out, const struct merge *m);
