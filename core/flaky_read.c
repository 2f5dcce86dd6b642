#include "core/base/base.h"

#include "core/flaky_read.h"

struct row {
	uint64_t failed, where;
	int n;
};

/* Newest first: the first one goes to bit 0. */
static int add_outcome(void *arg, const struct history_outcome *o)
{
	struct row *row = arg;

	if (o->outcome != OUTCOME_PASSED && o->outcome != OUTCOME_FAILED)
		return 0;
	row->failed |= (uint64_t)(o->outcome == OUTCOME_FAILED) << row->n;
	row->where |= (uint64_t)history_is_default_branch(o->run->branch) << row->n;
	return ++row->n == HISTORY_RECENT;
}

int flaky_read(struct history *h, const struct history_test *test,
	const struct history_filter *filter, struct flaky_evidence *ret, struct error *err)
{
	const struct history_stats *s = &test->stats;
	struct history_filter last = {.since_ms = filter->since_ms, .branch = filter->branch};
	struct row row = {0};

	*ret = (struct flaky_evidence){
		.runs = s->runs,
		.failures = s->failures,
		.retried_passes = s->flaky,
		.conflicts = s->same_commit,
		.streak = s->streak,
		.streak_on_default = s->streak_default,
		.failed_attempts = s->attempts,
		.timeouts = s->timeouts,
		.weight = s->w_runs,
		.failed_weight = s->w_failures + s->w_flaky,
	};
	if (s->flips < 3 || s->flaky || s->same_commit)
		return 0;
	if (history_list_outcomes(h, test->id, &last, add_outcome, &row, err) < 0)
		return -1;
	ret->moves = flaky_moves(row.failed, row.where, row.n);
	return 0;
}
