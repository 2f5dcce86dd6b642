/*
 * Running statistics of one test, and the one rule by which an outcome changes them: recording,
 * import and questions about a window of time all go through history_stats_add(). Pure.
 *
 * Weighted counts fade as flaky_weight() has it and stand for `last_ms`. Runs may come in any
 * order of time: what is older than `last_ms` enters with the weight that is left of it.
 */
#pragma once

#include "core/base/base.h"
#include "core/flaky/flaky.h"
#include "core/event/outcome.h"

enum { HISTORY_RECENT = 64 /* outcomes that are remembered bit by bit */ };

struct history_stats {
	/* of every test; runs = those that passed or failed */
	int64_t runs;
	double w_runs;
	int64_t first_ms, last_ms; /* unix; of runs that had the test, skipped ones too */
	int64_t last_run;          /* row id */
	uint64_t recent;           /* 1 = failed; newest in bit 0 */
	int recent_count;
	int main_count; /* outcomes on the default branch that are remembered bit by bit */
	double mean_us; /* EWMA of passes */
	int64_t max_us;
	enum outcome last_outcome; /* passed or failed */

	/* of tests that ever failed an attempt (`faulty`); 0 for others */
	bool faulty;
	int64_t failures, flaky; /* runs that failed; that passed after a failed attempt */
	double w_failures, w_flaky;
	int64_t same_commit;   /* commits at which some run passed and some run failed */
	int64_t flips;         /* changes of outcome from run to run */
	int64_t streak;        /* failures in a row, up to now */
	bool streak_default;   /* … one of them on the default branch */
	int64_t timeouts;      /* failed attempts that were timeouts */
	int64_t attempts;      /* failed attempts, all kinds */
	int64_t cost_us;       /* time of failed attempts and of the retries after them */
	uint64_t recent_flaky; /* 1 = passed after a failed attempt; as `recent` */
	uint64_t main_failed;  /* as `recent`, of runs on the default branch only */
	int64_t first_fail_run, last_fail_run, first_fail_ms, last_fail_ms; /* failed or flaky */
	int64_t first_fail_commit, last_fail_commit;                        /* row ids, 0 = none */
	int64_t last_message;                                               /* row id, 0 = none */

	bool ordered; /* `order` proved that it depends on other files: not of runs */
};

/* What one run says about one test. */
struct history_sample {
	int64_t run, commit, when_ms;
	bool default_branch;
	enum outcome outcome;
	bool both;               /* with this run, both outcomes were seen at this commit */
	int64_t failed_attempts; /* the last one counted, when failed */
	int64_t timeouts;
	int64_t duration_us, cost_us;
	int64_t message; /* row id of the newest failure's message, 0 = none */
};

/* Remembers the last power: samples of one run come with few different distances. */
struct history_decay {
	int64_t ms;
	double factor;
};
#define HISTORY_DECAY_INIT \
	{                  \
		0, 1       \
	}

double history_decay(struct history_decay *memo, int64_t ms);
void history_stats_add(struct history_stats *stats, const struct history_sample *sample,
	struct history_decay *memo);
/* All but `order`, which is of the runs' files (core/flaky/flaky_order.h). */
struct flaky_evidence history_evidence(const struct history_stats *stats);
bool history_is_default_branch(const char *branch); /* NULL = no branches: yes */
