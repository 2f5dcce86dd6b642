#include "core/base/base.h"

#include "core/history/stats.h"

double history_decay(struct history_decay *memo, int64_t ms)
{
	if (ms != memo->ms)
		*memo = (struct history_decay){ms, flaky_weight(ms)};
	return memo->factor;
}

bool history_is_default_branch(const char *branch)
{
	static const char *const names[] = {"main", "master", "trunk", "develop"};

	for (size_t i = 0; branch && i < ARRAY_LEN(names); i++)
		if (streq(branch, names[i]))
			return true;
	return !branch || !*branch;
}

struct flaky_evidence history_evidence(const struct history_stats *s)
{
	return (struct flaky_evidence){
		.runs = s->runs,
		.failures = s->failures,
		.retried_passes = s->flaky,
		.conflicts = s->same_commit,
		.streak = s->streak,
		.streak_on_default = s->streak_default,
		.failed_attempts = s->attempts,
		.timeouts = s->timeouts,
		.moves = flaky_moves(s->main_failed, s->main_count),
		.order_proven = s->ordered,
		.weight = s->w_runs,
		.failed_weight = s->w_failures + s->w_flaky,
	};
}

static void add_fault(struct history_stats *s, const struct history_sample *x)
{
	if (!s->faulty || x->when_ms < s->first_fail_ms) {
		s->first_fail_run = x->run;
		s->first_fail_ms = x->when_ms;
		s->first_fail_commit = x->commit;
	}
	if (!s->faulty || x->when_ms >= s->last_fail_ms) {
		s->last_fail_run = x->run;
		s->last_fail_ms = x->when_ms;
		s->last_fail_commit = x->commit;
		if (x->message)
			s->last_message = x->message;
	}
	s->faulty = true;
	s->attempts += x->failed_attempts;
	s->timeouts += x->timeouts;
	s->cost_us += x->cost_us;
}

static void add_pass_time(struct history_stats *s, int64_t us)
{
	s->mean_us = s->mean_us > 0 ? s->mean_us + 0.3 * ((double)us - s->mean_us) : (double)us;
	s->max_us = MAX(s->max_us, us);
}

static void add_judged(struct history_stats *s, const struct history_sample *x, double weight)
{
	bool failed = x->outcome == OUTCOME_FAILED, flaky = !failed && x->failed_attempts > 0;

	s->runs++;
	s->w_runs += weight;
	s->recent = s->recent << 1 | failed;
	s->recent_flaky = s->recent_flaky << 1 | flaky;
	s->recent_count = MIN(s->recent_count + 1, HISTORY_RECENT);
	if (x->default_branch) {
		s->main_failed = s->main_failed << 1 | failed;
		s->main_count = MIN(s->main_count + 1, HISTORY_RECENT);
	}
	s->flips += s->last_outcome != OUTCOME_NONE && s->last_outcome != x->outcome;
	s->failures += failed;
	s->flaky += flaky;
	s->w_failures += failed ? weight : 0;
	s->w_flaky += flaky ? weight : 0;
	s->same_commit += x->both;
	s->streak = failed ? s->streak + 1 : 0;
	s->streak_default = failed && (s->streak_default || x->default_branch);
	s->last_outcome = x->outcome;
	if (!failed)
		add_pass_time(s, x->duration_us);
	if (failed || flaky)
		add_fault(s, x);
}

void history_stats_add(
	struct history_stats *s, const struct history_sample *x, struct history_decay *memo)
{
	double weight = 1;

	if (!s->last_ms) {
		s->first_ms = s->last_ms = x->when_ms;
	} else if (x->when_ms >= s->last_ms) {
		double kept = history_decay(memo, x->when_ms - s->last_ms);
		s->w_runs *= kept;
		s->w_failures *= kept;
		s->w_flaky *= kept;
		s->last_ms = x->when_ms;
	} else {
		weight = history_decay(memo, s->last_ms - x->when_ms);
		s->first_ms = MIN(s->first_ms, x->when_ms);
	}
	s->last_run = x->run;
	if (x->outcome == OUTCOME_PASSED || x->outcome == OUTCOME_FAILED)
		add_judged(s, x, weight);
}
