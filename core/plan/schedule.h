/*
 * Who runs what next, inside one machine. Pure decisions over plain numbers; the engine asks each
 * time a slot is free. Reasons and measurements: docs/design/scheduling.md.
 */
#pragma once

#include "core/base/base.h"

/* A suite as the scheduler sees it now. */
struct schedule_suite {
	int pending;      /* files that nobody has taken; 0 = nothing to do */
	int64_t left_ms;  /* their estimates together */
	int active;       /* workers that run or start */
	int idle;         /* warm workers without work */
	int target;       /* workers that pay, from crew_size() */
	int64_t start_ms; /* what a further worker costs before its first file */
	bool batch;       /* takes all its files at once */
	bool exclusive;   /* nothing else may run meanwhile */
	bool startable;   /* a further worker could be started now */
};

struct schedule_choice {
	int suite;  /* index, -1 = leave the slot free */
	bool start; /* start a further worker; else take an idle one */
};

/* The suite that would end last, were it given all workers that pay, gets the slot: one whose files
 * must share a process goes before one that can be spread later. A warm worker is preferred when
 * the start of another would cost more than it brings. */
struct schedule_choice schedule_pick(const struct schedule_suite *suites, size_t n);

/* Would the slot of this suite's worker go to the suite again, if it were free now? */
bool schedule_keeps(const struct schedule_suite *suites, size_t n, size_t suite);

struct schedule_item {
	int position;        /* in the runner's own order */
	int64_t estimate_ms; /* >= 1 */
	bool known;
	uint64_t rank; /* for schedule_sort_ranked() */
	int bin;       /* ordered suites: the worker it is meant for, from 0 */
	void *data;
};

/* Unknown files first, then the longest; ties by position. */
void schedule_sort(struct schedule_item *items, size_t n);
/* By rank, ties by position, dealt to the bins in turn. */
void schedule_sort_ranked(struct schedule_item *items, size_t n, int bins);
/* The rank of a file in the random order of `seed`: the same on every machine, whatever else there
 * is. */
uint64_t schedule_rank(int64_t seed, const char *suite, const char *project, const char *file);
/* For suites whose files depend on their order: spread over `bins` by LPT, each bin in order. */
void schedule_sort_ordered(struct schedule_item *items, size_t n, int bins);
