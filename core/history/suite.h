/*
 * What a run teaches about a suite as a whole: start cost, CPU share, memory, whether its files may
 * be spread over workers, and what it took with the number of workers it had. Part of recording.
 */
#pragma once

#include "core/history/record.h"

int history_suite_record(struct recording *r, const struct state_suite *suite);
