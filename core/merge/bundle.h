/*
 * A bundle: the directory of one run, as a CI job uploads it. Found below the folders that merge is
 * given, described by the header of its journal, and chosen: the newest attempt of each shard
 * counts. Where the CI system does not number attempts, a run of the shard that began after another
 * had ended is the newer attempt; two that ran at the same time are doubled.
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strvec.h"
#include "core/event/event.h"

enum bundle_use {
	BUNDLE_COUNTS, /* its results are the shard's */
	BUNDLE_STALE, /* a newer attempt of its shard counts; its failures are evidence of flakiness
		       */
	BUNDLE_SAME,  /* the same run again, by another path, to the last byte of its journal */
	BUNDLE_DOUBLED, /* another run of the same shard and attempt, or another journal of the same
			   run: nobody knows which one counts */
	BUNDLE_FOREIGN, /* made for another plan */
	BUNDLE_MERGED,  /* what an earlier merge made of them: not a run */
};

struct bundle {
	const char *dir, *journal;
	struct run_info info; /* strings in the arena of the set */
	int64_t started_ms;   /* unix */
	int64_t ended_ms;     /* of the last event; 0 = nobody had to ask */
	enum bundle_use use;
};

struct bundles {
	struct arena arena;
	struct bundle
		*v; /* by (shard, attempt, start, run id), whatever the order of the arguments */
	size_t n, cap;
	struct strvec unreadable; /* "DIR: why": not even a header */
};

/* Names what this bundle holds, for ever: the run, and of a shard the shard and its attempt. Caller
 * frees. */
char *bundle_uid(const struct bundle *bundle);

void bundles_init(struct bundles *b);
void bundles_release(struct bundles *b);
/* Every bundle in or below `dir` (at most 4 folders down, links are not followed). Exit code 2 when
 * `dir` does not exist. */
int bundles_find(struct bundles *b, const char *dir, struct error *err);
/* The plan that most of them were made for; NULL = none names one. */
const char *bundles_plan_id(const struct bundles *b);
/* Sort, and decide what each is used for. `plan_id` NULL: there is no plan. */
void bundles_choose(struct bundles *b, const char *plan_id);
