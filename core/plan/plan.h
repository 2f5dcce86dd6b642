/*
 * A plan: which shard runs which item, an item being a test file or a part of one. Made once, from
 * the files and what the history says of them; the same input gives the same bytes on every machine
 * and in every locale, so `plan_id`, the digest of all but the time it was made, proves that two
 * jobs speak of the same plan. Schema muster/plan/1; reasons and measurements:
 * docs/design/planning.md.
 *
 * Parts: a file that is split has items part = 1 … parts. Each names its tests exactly; the last
 * one (`rest`) runs whatever the others do not name, so that a test nobody knew of yet runs, too,
 * and exactly once.
 *
 * Ownership: strings and items live in the plan's arena; plan_release() frees all.
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/base.h"
#include "core/base/digest.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"

struct plan_test {
	const char *path; /* encoded title path */
	int occurrence;
};

struct plan_item {
	const char *suite, *project, *file; /* project: "" = none */
	const struct plan_test *tests;      /* NULL = all of the file */
	size_t test_count;
	bool rest;        /* and all tests that no other part names */
	int part, parts;  /* 0 = the whole file; else part 1 … parts */
	int64_t us;       /* predicted, >= 1 */
	bool known;       /* from the history of this file */
	bool together;    /* its runner takes the parts on one shard as one: they are made one */
	int64_t setup_us; /* of `us`: what every part repeats */
	int shard;        /* from 1; 0 = not placed yet */
};

struct plan_shard {
	int64_t us; /* predicted: the sum of its items */
	struct plan_item **items;
	size_t n;
};

struct plan {
	struct arena arena;
	char plan_id[DIGEST_HEX_SIZE];
	int64_t created_ms;        /* unix */
	const char *commit;        /* NULL = unknown */
	const char *platform;      /* class of machine that the estimates are of */
	const char *config_digest; /* of suites and configuration, "" = none */
	const char *partial; /* why it has not all files: "only the named paths ran"; or NULL */
	int64_t files, unknown_files; /* a split file is one file */
	int64_t total_us, makespan_us, lower_bound_us;
	struct plan_item *items; /* by (us descending, suite, file, project, part) */
	size_t item_count, item_cap;
	struct plan_shard *shards;
	int shard_count;
};

void plan_init(struct plan *plan);
void plan_release(struct plan *plan);

/* The strings and tests are borrowed: they live as long as the plan. */
void plan_push(struct plan *plan, const struct plan_item *item);
/* Copies the strings and tests. Returns an item that is valid until the next one is added. */
struct plan_item *plan_add(struct plan *plan, const struct plan_item *item);
/* Put the items on `shards` shards and fill in everything that follows from that. */
void plan_place(struct plan *plan, int shards);
/* As plan_place(), for items that say themselves on which shard they are. */
void plan_settle(struct plan *plan, int shards);
/* Makespan on so many shards; the items stay where they are. */
int64_t plan_makespan(const struct plan *plan, int shards);
/* Sort the items: longest first; done by plan_place(), needed before plan_makespan(). */
void plan_sort(struct plan *plan);

/* Sets plan_id, too: a plan that nobody has written has none. */
void plan_write(struct plan *plan, struct strbuf *out);
/* Exit code 2 on error: it is not a plan, or not one that this version understands. */
int plan_read(struct plan *ret, const char *path, struct error *err);
