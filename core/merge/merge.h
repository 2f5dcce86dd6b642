/*
 * Many runs into one: the journals of the bundles are replayed, one after another in the order of
 * their shards, onto one bus, as if one run had done it all; and it is proved that every item of
 * the plan has exactly one result, from the newest attempt of its own shard. There is no second
 * code path: state and reporters are those of any run. Events say by `source` which bundle they are
 * from (its place in `bundles`, from 1). Rules: docs/design/merging.md.
 */
#pragma once

#include "core/base/base.h"
#include "core/merge/bundle.h"
#include "core/event/bus.h"
#include "core/plan/plan.h"

struct merge_options {
	const struct bundles *bundles; /* chosen */
	const struct plan *plan;       /* NULL = none: what the bundles themselves planned counts */
	struct bus *bus;           /* fresh; the state behind it ends as that of the merged run */
	int64_t duration_limit_ms; /* gate; 0 = not asked for */
	bool no_tests_pass;        /* that nothing ran is no failure */
	/* Everything is replayed: judge the other gates. `problems`: what makes the whole
	 * incomplete beside broken shards. May be NULL. */
	void (*before_verdict)(void *arg, int64_t problems);
	void *arg;
};

/* Same bundles, same id: merging again is seen to be nothing new. `buf` as for clock_run_id(). */
void merge_run_id(const struct bundles *bundles, char buf[static 23]);

/* Publishes run_started … run_finished. Problems become notices and shard_merged events; -1 only
 * when nothing could be read at all. */
int merge_run(const struct merge_options *options, struct error *err);
