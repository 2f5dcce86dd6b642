/* What reporters for people share: header lines, status lines, the block at the end. */
#pragma once

#include "core/base/sink.h"
#include "core/reporter.h"
#include "core/state/state.h"

/* Follows a run and writes its lines; tty and plain differ only in what is around them. */
struct summary {
	struct sink *sink;
	int verbosity;
	bool started;   /* the `Using` line is out */
	bool predicted; /* … and how long the whole will take */
};

/* The lines an event deserves, appended to the sink. Returns true when it wrote something. */
bool summary_event(struct summary *s, const struct event *event, const struct state *state);
/* Rule, counts, failures again in short, notices, where the reports are. */
void summary_end(struct summary *s, const struct state *state);
/* What runs now: for SIGUSR1. */
void summary_running(const struct state *state, struct sink *sink);
/* "2 new or changed tests ran 20 times more: all passed · cost 1.2 s" */
void summary_early(struct strbuf *out, const struct state *state, bool color);
/* "1,238 passed (1 flaky), 1 failed, 1 skipped" */
void summary_counts(struct strbuf *out, const struct state_counts *counts, bool color);

/* Parts of summary_end(), each with nothing to say when there is nothing (summary_judged.c): the
 * jobs of a merged run, one a line; coverage; gates. */
void summary_shards(struct summary *s, const struct state *state);
void summary_coverage(struct summary *s, const struct state *state);
void summary_gates(struct summary *s, const struct state *state);
