/*
 * How long a file will take, from the history or by an educated guess; never 0.
 * Formulae and their measurement: docs/design/scheduling.md.
 */
#pragma once

#include "core/base/base.h"
#include "core/history/history.h"

struct estimate {
	int64_t ms; /* >= 1 */
	bool known; /* from the history of this file */
};

/* `h` may be NULL. `size_bytes` < 0 = not known. */
struct estimate estimate_file(struct history *h, const char *platform, const char *suite,
	const char *project, const char *file, int64_t size_bytes);

/* One step of the time-aware EWMA on logarithms: w = max(0.3, 1 - exp(-dt / 6 d), 1 / n).
 * `old_ms` <= 0 means no former value; `samples` counts the new one. */
double estimate_update(double old_ms, double new_ms, double elapsed_ms, int samples);
/* Speed of this run against the history: exp(median ln(actual / estimate)); 1 below 8 pairs. */
double estimate_run_speed(const double *actual_ms, const double *estimated_ms, size_t n);
