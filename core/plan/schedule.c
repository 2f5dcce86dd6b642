#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/plan/schedule.h"

/* What the suite needs at least, with all workers that pay. */
static double span(const struct schedule_suite *s)
{
	return (double)s->left_ms / MAX(s->target, 1);
}

struct schedule_choice schedule_pick(const struct schedule_suite *suites, size_t n)
{
	struct schedule_choice best = {.suite = -1};
	double best_span = -1;
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
		if (start && s->active && s->left_ms < s->start_ms)
			continue;
		if (span(s) > best_span) {
			best_span = span(s);
			best = (struct schedule_choice){(int)i, start};
		}
	}
	return best;
}

bool schedule_keeps(const struct schedule_suite *suites, size_t n, size_t suite)
{
	cleanup_free struct schedule_suite *then = xcalloc(n, sizeof(*then));

	memcpy(then, suites, n * sizeof(*then));
	then[suite].active--;
	then[suite].idle++;
	return schedule_pick(then, n).suite == (int)suite;
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
