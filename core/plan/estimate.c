#include "core/base/base.h"

#include "core/plan/estimate.h"

#include <math.h>

enum { GUESS_MS = 200, DAY_MS = 24 * 3600 * 1000 };

/* Bytes of test code per millisecond, for a project nothing is known of. Any guess that is not zero
 * packs about equally well; the size only breaks ties. */
static const double bytes_per_ms = 40;

struct estimate estimate_file(struct history *h, const char *platform, const char *suite,
	const char *project, const char *file, int64_t size_bytes)
{
	struct history_file known;

	if (history_file(h, platform, suite, project, file, &known))
		return (struct estimate){MAX((int64_t)(known.estimate_ms + 0.5), 1), true};
	double ms = history_median_ms(h, platform, suite);
	if (ms <= 0)
		ms = history_median_ms(h, platform, NULL);
	if (ms <= 0)
		ms = size_bytes >= 0 ? 20 + (double)size_bytes / bytes_per_ms : GUESS_MS;
	return (struct estimate){(int64_t)MAX(MIN(ms, (double)DAY_MS), 1.0), false};
}

double estimate_update(double old_ms, double new_ms, double elapsed_ms, int samples)
{
	if (!(old_ms > 0))
		return new_ms;
	double w = 1 - exp(-MAX(elapsed_ms, 0) / (6.0 * DAY_MS));
	w = MAX(MAX(w, 0.3), 1.0 / MAX(samples, 1));
	return exp(log(old_ms) + w * (log(MAX(new_ms, 0.01)) - log(old_ms)));
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double estimate_run_speed(const double *actual_ms, const double *estimated_ms, size_t n)
{
	if (n < 8)
		return 1;
	cleanup_free double *ratios = xcalloc(n, sizeof(*ratios));
	for (size_t i = 0; i < n; i++)
		ratios[i] = log(MAX(actual_ms[i], 0.01) / MAX(estimated_ms[i], 0.01));
	qsort(ratios, n, sizeof(*ratios), compare);
	return exp(n % 2 ? ratios[n / 2] : (ratios[n / 2 - 1] + ratios[n / 2]) / 2);
}
