#include "core/base/base.h"

#include "reporters/registry.h"
#include "reporters/summary.h"

/* One line a finished file, nothing redrawn. "Still running" lines are for somebody who waits: they
 * come only live, on ticks, so that a replay gives the same report without them. */
enum { HEARTBEAT_MS = 60000 };

struct plain {
	struct summary summary;
	bool live;
	int64_t last_output_ms;
};

static void *plain_open(const struct reporter_options *options, struct sink *sink)
{
	struct plain *p = xcalloc(1, sizeof(*p));

	p->summary = (struct summary){.sink = sink, .verbosity = options->verbosity};
	p->live = options->live;
	return p;
}

static void plain_event(void *self, const struct event *event, const struct state *state)
{
	struct plain *p = self;

	if (summary_event(&p->summary, event, state) || !p->last_output_ms)
		p->last_output_ms = event->time_ms;
	if (event->type == EVENT_TICK && p->live &&
		event->time_ms - p->last_output_ms >= HEARTBEAT_MS) {
		p->last_output_ms = event->time_ms;
		sink_printf(p->summary.sink,
			"still running: %" PRId64 " of %" PRId64 " files done\n",
			state->file_counts.passed + state->file_counts.failed +
				state->file_counts.skipped,
			state->file_counts.total);
		summary_running(state, p->summary.sink);
	}
	if (event->type == EVENT_RUN_FINISHED)
		summary_end(&p->summary, state);
}

static void plain_close(void *self)
{
	free(self);
}

const struct reporter plain_reporter = {
	.name = "plain",
	.summary = "one line a finished file; for logs and CI",
	.terminal = true,
	.open = plain_open,
	.event = plain_event,
	.close = plain_close,
};
