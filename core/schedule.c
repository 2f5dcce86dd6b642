#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/schedule.h"

#include <math.h>

enum {
	SERIAL_FIRST_MS = 20 * 1000, /* work up to this is first tried in one process */
	START_PRIOR_MS = 250,        /* boot and load of a framework, before anything is learned */
	GAIN_PERCENT = 15,           /* what an untried number of workers must promise */
};

static double work_per_worker(const struct schedule_suite *s, bool start)
{
	double left = (double)s->left_ms - (start ? (double)s->start_ms : 0);

	return left / (s->active + 1);
}

struct schedule_choice schedule_pick(const struct schedule_suite *suites, size_t n)
{
	struct schedule_choice best = {.suite = -1};
	double best_score = -1;
	bool anything_active = false;

	for (size_t i = 0; i < n; i++) {
		anything_active |= suites[i].active > 0;
		if (suites[i].exclusive && suites[i].active)
			return best;
	}
	for (size_t i = 0; i < n; i++) {
		const struct schedule_suite *s = &suites[i];
		if (!s->pending || (s->exclusive && anything_active))
			continue;
		if (s->active >= s->target && s->active > 0)
			continue;
		bool start = s->idle == 0;
		if (start && !s->startable)
			continue;
		double score = work_per_worker(s, start);
		if (s->active == 0)
			score = MAX(score, 0); /* somebody has to run it */
		if (score > best_score) {
			best_score = score;
			best = (struct schedule_choice){(int)i, start};
		}
	}
	return best;
}

/* Predicted wall time with k of `slots` workers: start, first file, then the work spread evenly;
 * but never faster than its CPU time allows, of which a browser with its worker takes more than a
 * core. */
static double predicted_wall(const struct history_suite *m, double work_ms, int k, int slots)
{
	double start = m->start_ms > 0 ? m->start_ms : START_PRIOR_MS;
	double cpu_bound = work_ms * m->cpu_share / slots;

	return start + m->first_file_ms + MAX(work_ms / k, cpu_bound);
}

/* What was measured, or what the best measured neighbour and the model together promise. */
static double wall(const struct history_suite *m, double work_ms, int k, int slots)
{
	double margin = 1 + GAIN_PERCENT / 100.0;
	double promised = predicted_wall(m, work_ms, k, slots) * margin;

	if (k <= 8 && m->wall_ms[k] > 0)
		return m->wall_ms[k];
	for (int other = 1; other <= 8; other++) {
		if (m->wall_ms[other] <= 0)
			continue;
		/* scale the measured time by the ratio that the model sees */
		return m->wall_ms[other] * promised / predicted_wall(m, work_ms, other, slots);
	}
	return promised;
}

int schedule_target(
	const struct history_suite *model, int files, int64_t work_ms, int slots, int max_workers)
{
	int limit = MIN(slots, MAX(files, 1));
	int best = 1;

	if (max_workers > 0)
		limit = MIN(limit, max_workers);
	for (int k = 2; k <= limit; k++)
		if (wall(model, (double)work_ms, k, slots) <
			wall(model, (double)work_ms, best, slots))
			best = k;
	return best;
}

static bool is_measured(const struct history_suite *model)
{
	for (size_t k = 1; k < ARRAY_LEN(model->wall_ms); k++)
		if (model->wall_ms[k] > 0)
			return true;
	return false;
}

bool schedule_tries_serial(const struct history_suite *model, int64_t work_ms)
{
	return model->wall_ms[1] <= 0 && work_ms <= SERIAL_FIRST_MS &&
	       (is_measured(model) || model->start_ms <= 0);
}

int schedule_batch_slots(
	const struct history_suite *model, int units, int64_t work_ms, int64_t others_ms, int slots)
{
	int limit = MIN(slots, MAX(units, 1));
	int best = 1;
	double best_end = INFINITY;

	/* A browser and its worker keep more than one core busy: half of the slots, as Playwright
	 * itself has it, until something was measured. But not one of two, when nobody else wants
	 * the other. */
	if (!is_measured(model))
		limit = MIN(limit, MAX(slots / 2, others_ms > 0 ? 1 : 2));

	for (int k = 1; k <= limit; k++) {
		double batch_end = wall(model, (double)work_ms, k, slots);
		double others_left = (double)others_ms - (slots - k) * batch_end;
		double end = batch_end + MAX(others_left, 0) / slots;
		if (k == slots)
			end = batch_end + (double)others_ms / slots;
		if (end < best_end * 0.999) {
			best = k;
			best_end = end;
		}
	}
	return best;
}

static int by_length(const void *pa, const void *pb)
{
	const struct schedule_item *a = pa, *b = pb;

	if (a->known != b->known)
		return a->known ? 1 : -1;
	if (a->known && a->estimate_ms != b->estimate_ms)
		return a->estimate_ms > b->estimate_ms ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

static int by_bin(const void *pa, const void *pb)
{
	const struct schedule_item *a = pa, *b = pb;

	if (a->bin != b->bin)
		return a->bin < b->bin ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

void schedule_sort(struct schedule_item *items, size_t n)
{
	if (n > 1)
		qsort(items, n, sizeof(*items), by_length);
}

void schedule_sort_ordered(struct schedule_item *items, size_t n, int bins)
{
	cleanup_free int64_t *load = xcalloc((size_t)bins, sizeof(*load));

	schedule_sort(items, n);
	for (size_t i = 0; i < n; i++) {
		int lightest = 0;
		for (int b = 1; b < bins; b++)
			if (load[b] < load[lightest])
				lightest = b;
		items[i].bin = lightest;
		load[lightest] += items[i].estimate_ms;
	}
	if (n > 1)
		qsort(items, n, sizeof(*items), by_bin);
}

static int by_rank(const void *pa, const void *pb)
{
	const struct schedule_item *a = pa, *b = pb;

	if (a->rank != b->rank)
		return a->rank < b->rank ? -1 : 1;
	return (a->position > b->position) - (a->position < b->position);
}

void schedule_sort_ranked(struct schedule_item *items, size_t n, int bins)
{
	if (n > 1)
		qsort(items, n, sizeof(*items), by_rank);
	for (size_t i = 0; i < n; i++)
		items[i].bin = (int)(i % (size_t)bins);
}

uint64_t schedule_rank(int64_t seed, const char *suite, const char *project, const char *file)
{
	cleanup_free char *key =
		xasprintf("%" PRId64 "\x1f%s\x1f%s\x1f%s", seed, suite, project, file);
	char hex[DIGEST_HEX_SIZE];

	digest_hex(key, strlen(key), hex);
	hex[16] = '\0';
	return strtoull(hex, NULL, 16);
}
