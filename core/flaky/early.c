#include "core/base/base.h"

#include "core/flaky/early.h"

int early_repeats(int64_t duration_us)
{
	static const struct {
		int64_t below_ms;
		int repeats;
	} steps[] = {{5000, EARLY_REPEATS_MAX}, {10000, 5}, {30000, 3}, {300000, 2}};

	for (size_t i = 0; i < ARRAY_LEN(steps); i++)
		if (duration_us < steps[i].below_ms * 1000)
			return steps[i].repeats;
	return 0;
}

bool early_is_too_much(int64_t fresh, int64_t all)
{
	return fresh > EARLY_FRESH_MAX && fresh * 100 > all * EARLY_FRESH_PERCENT;
}
