/*
 * The journal of a run: append-only NDJSON, one event a line, written before anything is shown.
 * First line = header {"schema":"muster/journal/1", …run_started}, last line = run_finished.
 * A line that is cut off (power loss), or of no suite or file though it needs them, ends the replay
 * with a notice; everything before it counts.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/event/bus.h"

struct journal;

/* Create `path` (must not exist) and lock it for the life of the process. */
struct journal *journal_create(const char *path, struct error *err);
/* A bus_fn: appends the event (ticks are left out). A write error is kept for journal_close(). */
void journal_event(void *arg, const struct event *event, const struct state *state);
/* Write out what is buffered: called by the engine before it goes back to sleep. */
void journal_flush(struct journal *journal);
int journal_close(struct journal *journal, struct error *err); /* accepts NULL */

struct journal_end {
	bool finished;  /* run_finished was seen */
	bool truncated; /* the last line is cut off or unreadable */
	int64_t lines;
	int64_t bad_offset; /* of the first bad byte, when truncated */
};

/* Hand every event of a journal to `fn`, which may change it and must copy to keep. -1: cannot be
 * read, or has no header. */
typedef void journal_event_fn(void *arg, struct event *event);
int journal_read(const char *path, journal_event_fn *fn, void *arg, struct journal_end *ret_end,
	struct error *err);
/* The same, published on `bus`. */
int journal_replay(
	const char *path, struct bus *bus, struct journal_end *ret_end, struct error *err);
/* Only the header, as an event that lives until `fn` returns. */
typedef void journal_head_fn(void *arg, const struct event *run_started);
int journal_head(const char *path, journal_head_fn *fn, void *arg, struct error *err);
/* True when a living process still writes to it. */
bool journal_is_live(const char *path);
