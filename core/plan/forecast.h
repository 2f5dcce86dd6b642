/*
 * How many shards meet a target, and how sure that is. From recorded runs: how long jobs took to
 * start, and how far real makespans were from predicted ones. Formulae: docs/design/planning.md.
 *
 *   wall(k) = S95(k) + clamp(Q95(k), 1.05, 1.5) × max(pace × plan(k), longest item)
 *
 * S95(k): 95th percentile of the slowest of k start-ups. Q95(k): 95th percentile, over the last
 * runs, of actual / predicted makespan when these runs are packed again at k with the predictions
 * of their time. pace: how long a job takes for what its files take one after another; below 1
 * where it has several workers. Median of recorded runs, 1 while too few are known.
 */
#pragma once

#include "core/base/base.h"

enum {
	FORECAST_STARTUP_US = 60 * 1000000, /* assumed before any shard was recorded */
	FORECAST_RUNS = 20,                 /* of the newest are looked at */
	FORECAST_MIN_RUNS = 5,              /* fewer teach nothing about noise */
	FORECAST_MIN_PACES = 3,             /* … about the pace */
};

/* A run as it was predicted and as it was: one entry a file, microseconds. */
struct forecast_run {
	int64_t *predicted_us, *actual_us;
	size_t n;
};

struct forecast {
	int64_t *startup_us; /* plan made -> first file of a shard; sorted by forecast_sort() */
	size_t startup_count, startup_cap;
	struct forecast_run *runs;
	size_t run_count, run_cap;
	double paces[FORECAST_RUNS]; /* sorted by forecast_sort() */
	size_t pace_count;
};

#define FORECAST_INIT                            \
	{                                        \
		NULL, 0, 0, NULL, 0, 0, {0.0}, 0 \
	}
void forecast_release(struct forecast *f);
void forecast_add_startup(struct forecast *f, int64_t us);
/* Takes the arrays over. */
void forecast_add_run(struct forecast *f, int64_t *predicted_us, int64_t *actual_us, size_t n);
/* One run over several jobs: their time together, and that of all files. */
void forecast_add_pace(struct forecast *f, int64_t jobs_us, int64_t files_us);
/* After the last one was added. */
void forecast_sort(struct forecast *f);

bool forecast_knows_startup(const struct forecast *f);
bool forecast_knows_noise(const struct forecast *f);
int64_t forecast_startup_us(const struct forecast *f, int shards);
/* Q95, not clamped; 1.25 while nothing is known. */
double forecast_noise(const struct forecast *f, int shards);
double forecast_pace(const struct forecast *f);
/* How long the tests of a job take, from the sum of its items and the longest of all. */
int64_t forecast_tests_us(const struct forecast *f, int64_t makespan_us, int64_t longest_us);
/* What the formula above gives. `tests_us`, here and below: forecast_tests_us(). */
int64_t forecast_wall_us(const struct forecast *f, int shards, int64_t tests_us);
/* The same with the least noise that the formula knows: never more than forecast_wall_us(), and
 * no run has to be replayed for it. */
int64_t forecast_least_us(const struct forecast *f, int shards, int64_t tests_us);
/* Probability, 0…1, that a plan ends within the target; -1 = not known. */
double forecast_chance(const struct forecast *f, int shards, int64_t tests_us, int64_t target_us);
