/*
 * Packing weights into bins of nearly equal load: longest first onto the lightest bin (LPT), then
 * moves and swaps while the heaviest bin is too far above the lower bound. Pure and
 * deterministic: the same weights in the same order give the same bins everywhere.
 * Measurements and reasons: docs/design/planning.md.
 */
#pragma once

#include "core/base/base.h"

/* `weights` in microseconds, sorted from large to small, n of them, each >= 0; `bins` >= 1.
 * ret_bin[i] is the bin of weight i, from 0. */
void plan_pack(const int64_t *weights, size_t n, int bins, int *ret_bin);
/* max(sum / bins, largest): no assignment can do better. */
int64_t plan_pack_bound(const int64_t *weights, size_t n, int bins);
/* Load of the heaviest bin when packed so. */
int64_t plan_pack_makespan(const int64_t *weights, size_t n, int bins);
