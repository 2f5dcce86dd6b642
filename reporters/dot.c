#include "core/base/base.h"

#include "core/base/ansi.h"
#include "reporters/failure.h"
#include "reporters/registry.h"
#include "reporters/summary.h"

/* A character a test: · passed, F failed, × failed and tried again, ± flaky, ° skipped, T timeout,
 * Q failed in quarantine. */
struct dot {
	struct summary summary;
	int column;
};

static void *dot_open(const struct reporter_options *options, struct sink *sink)
{
	struct dot *d = xcalloc(1, sizeof(*d));

	d->summary = (struct summary){.sink = sink, .verbosity = options->verbosity};
	return d;
}

static void put(struct dot *d, const char *mark, enum ansi_style style)
{
	struct sink *s = d->summary.sink;

	sink_printf(s, "%s%s%s", ansi(style, s->color), mark, ansi(ANSI_RESET, s->color));
	if (++d->column >= MIN(s->columns, 80)) {
		sink_puts(s, "\n");
		d->column = 0;
	}
}

static void new_line(struct dot *d)
{
	if (d->column)
		sink_puts(d->summary.sink, "\n");
	d->column = 0;
}

static void test_mark(struct dot *d, const struct event *e, const struct state *state)
{
	const struct state_test *t = state_test_of(state, e);

	if (e->repeat && e->outcome != OUTCOME_FAILED)
		return; /* it has its mark */
	if (e->will_retry)
		put(d, "\xc3\x97", ANSI_YELLOW);
	else if (e->outcome == OUTCOME_FAILED && t && t->quarantined)
		put(d, "Q", ANSI_YELLOW);
	else if (e->outcome == OUTCOME_FAILED)
		put(d, e->failure.kind == FAILURE_TIMEOUT ? "T" : "F", ANSI_RED);
	else if (e->outcome == OUTCOME_SKIPPED)
		put(d, "\xc2\xb0", ANSI_YELLOW);
	else
		put(d, t && t->flaky ? "\xc2\xb1" : "\xc2\xb7",
			t && t->flaky ? ANSI_YELLOW : ANSI_GREEN);
}

static void all_failures(struct dot *d, const struct state *state)
{
	for (size_t i = 0; i < state->file_failure_count; i++) {
		const struct state_file *f = state->file_failures[i];
		if (f->outcome == OUTCOME_FAILED && !failure_is_blamed(f, &f->failure))
			failure_write(d->summary.sink, state, f, NULL, &f->failure);
	}
	for (size_t i = 0; i < state->failure_count; i++) {
		const struct state_test *t = state->failures[i];
		if (t->outcome == OUTCOME_FAILED)
			failure_write(d->summary.sink, state, t->file, t, &t->failure);
	}
}

static void dot_event(void *self, const struct event *e, const struct state *state)
{
	struct dot *d = self;

	if (e->type == EVENT_TEST_FINISHED)
		test_mark(d, e, state);
	if (e->type == EVENT_FILE_FINISHED && e->failure.kind != FAILURE_NONE && !e->will_retry)
		put(d, "F", ANSI_RED);
	if (e->type == EVENT_NOTICE && e->severity == SEVERITY_ERROR) {
		new_line(d);
		summary_event(&d->summary, e, state);
	}
	if (e->type == EVENT_RUN_FINISHED) {
		new_line(d);
		all_failures(d, state);
		summary_end(&d->summary, state);
	}
}

static void dot_close(void *self)
{
	free(self);
}

const struct reporter dot_reporter = {
	.name = "dot",
	.summary = "one character a test",
	.terminal = true,
	.open = dot_open,
	.event = dot_event,
	.close = dot_close,
};
