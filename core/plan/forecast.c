#include "core/base/base.h"

#include "core/plan/forecast.h"
#include "core/plan/pack.h"

#include <math.h>

static const double noise_assumed = 1.25, noise_least = 1.05, noise_most = 1.5, pace_least = 0.1;

void forecast_release(struct forecast *f)
{
	for (size_t i = 0; i < f->run_count; i++) {
		free(f->runs[i].predicted_us);
		free(f->runs[i].actual_us);
	}
	free(f->runs);
	free(f->startup_us);
	*f = (struct forecast)FORECAST_INIT;
}

void forecast_add_startup(struct forecast *f, int64_t us)
{
	GROW(f->startup_us, f->startup_count + 1, f->startup_cap);
	f->startup_us[f->startup_count++] = us;
}

void forecast_add_run(struct forecast *f, int64_t *predicted_us, int64_t *actual_us, size_t n)
{
	GROW(f->runs, f->run_count + 1, f->run_cap);
	f->runs[f->run_count++] = (struct forecast_run){predicted_us, actual_us, n};
}

static int ascending_double(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

struct pair {
	int64_t predicted, actual;
};

static int longest_first(const void *a, const void *b)
{
	const struct pair *x = a, *y = b;

	if (x->predicted != y->predicted)
		return x->predicted > y->predicted ? -1 : 1;
	return (x->actual > y->actual) - (x->actual < y->actual);
}

static void sort_run(struct forecast_run *run)
{
	cleanup_free struct pair *pairs = xcalloc(run->n + 1, sizeof(*pairs));

	for (size_t i = 0; i < run->n; i++)
		pairs[i] = (struct pair){run->predicted_us[i], run->actual_us[i]};
	qsort(pairs, run->n, sizeof(*pairs), longest_first);
	for (size_t i = 0; i < run->n; i++) {
		run->predicted_us[i] = pairs[i].predicted;
		run->actual_us[i] = pairs[i].actual;
	}
}

void forecast_add_pace(struct forecast *f, int64_t jobs_us, int64_t files_us)
{
	if (jobs_us > 0 && files_us > 0 && f->pace_count < FORECAST_RUNS)
		f->paces[f->pace_count++] = (double)jobs_us / (double)files_us;
}

void forecast_sort(struct forecast *f)
{
	qsort(f->paces, f->pace_count, sizeof(*f->paces), ascending_double);
	if (f->startup_count)
		qsort(f->startup_us, f->startup_count, sizeof(*f->startup_us), ascending);
	for (size_t i = 0; i < f->run_count; i++)
		sort_run(&f->runs[i]);
}

bool forecast_knows_startup(const struct forecast *f)
{
	return f->startup_count > 0;
}

bool forecast_knows_noise(const struct forecast *f)
{
	return f->run_count >= FORECAST_MIN_RUNS;
}

/* The slowest of k independent ones is below x with probability F(x)^k. */
int64_t forecast_startup_us(const struct forecast *f, int shards)
{
	if (!f->startup_count)
		return FORECAST_STARTUP_US;
	double rank = pow(0.95, 1.0 / MAX(shards, 1)) * (double)f->startup_count;
	size_t at = (size_t)ceil(rank - 1e-9);
	return f->startup_us[MIN(MAX(at, 1), f->startup_count) - 1];
}

/* Actual over predicted makespan of one recorded run, had it been packed on so many shards. */
static double replay(const struct forecast_run *run, int shards)
{
	cleanup_free int *bin = xcalloc(run->n + 1, sizeof(*bin));
	cleanup_free int64_t *predicted = xcalloc((size_t)shards, sizeof(*predicted));
	cleanup_free int64_t *actual = xcalloc((size_t)shards, sizeof(*actual));
	int64_t most_predicted = 1, most_actual = 1;

	plan_pack(run->predicted_us, run->n, shards, bin);
	for (size_t i = 0; i < run->n; i++) {
		predicted[bin[i]] += run->predicted_us[i];
		actual[bin[i]] += run->actual_us[i];
	}
	for (int s = 0; s < shards; s++) {
		most_predicted = MAX(most_predicted, predicted[s]);
		most_actual = MAX(most_actual, actual[s]);
	}
	return (double)most_actual / (double)most_predicted;
}

double forecast_noise(const struct forecast *f, int shards)
{
	double ratios[FORECAST_RUNS];
	size_t n = MIN(f->run_count, (size_t)FORECAST_RUNS);

	if (!forecast_knows_noise(f))
		return noise_assumed;
	for (size_t i = 0; i < n; i++)
		ratios[i] = replay(&f->runs[i], shards);
	qsort(ratios, n, sizeof(*ratios), ascending_double);
	return ratios[MIN((size_t)ceil(0.95 * (double)n), n) - 1];
}

double forecast_pace(const struct forecast *f)
{
	/* a job may do more than its tests, and then the sum of the files is what it takes */
	return f->pace_count >= FORECAST_MIN_PACES
		       ? MIN(MAX(f->paces[f->pace_count / 2], pace_least), 1)
		       : 1;
}

int64_t forecast_tests_us(const struct forecast *f, int64_t makespan_us, int64_t longest_us)
{
	return MAX((int64_t)(forecast_pace(f) * (double)makespan_us), longest_us);
}

int64_t forecast_wall_us(const struct forecast *f, int shards, int64_t tests_us)
{
	double noise = MAX(MIN(forecast_noise(f, shards), noise_most), noise_least);

	return forecast_startup_us(f, shards) + (int64_t)(noise * (double)tests_us);
}

int64_t forecast_least_us(const struct forecast *f, int shards, int64_t tests_us)
{
	double noise = forecast_knows_noise(f) ? noise_least : noise_assumed;

	return forecast_startup_us(f, shards) + (int64_t)(noise * (double)tests_us);
}

double forecast_chance(const struct forecast *f, int shards, int64_t tests_us, int64_t target_us)
{
	double sum = 0;
	size_t n = MIN(f->run_count, (size_t)FORECAST_RUNS);

	if (!forecast_knows_noise(f))
		return -1;
	for (size_t i = 0; i < n; i++) {
		double took = replay(&f->runs[i], shards) * (double)tests_us;
		size_t in_time = 0, known = f->startup_count;
		for (size_t s = 0; s < known; s++)
			in_time += (double)f->startup_us[s] + took <= (double)target_us;
		if (!known) /* the assumed start-up is all there is */
			in_time = FORECAST_STARTUP_US + took <= (double)target_us;
		sum += pow((double)in_time / (double)MAX(known, 1), shards);
	}
	return sum / (double)n;
}
