/*
 * Who runs what next, inside one machine. Pure decisions over plain numbers; the engine asks each
 * time a slot is free. Reasons and measurements: docs/design/scheduling.md.
 */
#pragma once

#include "core/base/base.h"
#include "core/history.h"

/* A suite as the scheduler sees it now. */
struct schedule_suite {
	int pending;      /* files that nobody has taken; 0 = nothing to do */
	int64_t left_ms;  /* their estimates together */
	int active;       /* workers that run or start */
	int idle;         /* warm workers without work */
	int target;       /* workers that pay, from schedule_target() */
	int64_t start_ms; /* what a further worker costs before its first file */
	bool batch;       /* takes all its files at once */
	bool exclusive;   /* nothing else may run meanwhile */
	bool startable;   /* a further worker could be started now */
};

struct schedule_choice {
	int suite;  /* index, -1 = leave the slot free */
	bool start; /* start a further worker; else take an idle one */
};

/* The suite with the most work left per worker gets the slot; a warm worker is preferred when the
 * start of another would cost more than it brings. */
struct schedule_choice schedule_pick(const struct schedule_suite *suites, size_t n);

/*
 * How many workers a suite repays. `files` and `work_ms` are the whole suite's; `model` is zeroed
 * when nothing is known. 1 <= result <= slots; `max_workers` 0 = no limit.
 * Wall times that were measured decide; where only one number of workers was tried the other is
 * predicted from start cost, first file and CPU share, and must promise 15 % to be tried.
 */
int schedule_target(
	const struct history_suite *model, int files, int64_t work_ms, int slots, int max_workers);

/*
 * For a suite whose runner is serial by itself: is it time to try that? A second process loads and
 * compiles everything again, which only a run in one process can show. Small suites are tried so
 * first, or next when other numbers were measured; not when their runs cannot be measured.
 */
bool schedule_tries_serial(const struct history_suite *model, int64_t work_ms);

/* Slots for a batch suite of `work_ms` that starts now, of which `units` can run side by side,
 * while the others have `others_ms` of work: the number that ends the whole first. */
int schedule_batch_slots(const struct history_suite *model, int units, int64_t work_ms,
	int64_t others_ms, int slots);

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
