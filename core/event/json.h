/*
 * The codec of events: one JSON object a line, `type` first. Times are `ts` (unix ms); durations
 * are `ms` (a number with up to three decimals); a title path is the array `path`, its occurrence
 * `occ`. Fields that are zero are left out. The same form is used by workers (which leave out what
 * the engine knows better: suite, file, worker), the journal, `--events` and the ndjson reporter.
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/json.h"
#include "core/base/strbuf.h"
#include "core/event/event.h"

/* Append the event as one line, newline included. */
void event_json_write(struct strbuf *out, const struct event *event);

/*
 * Read an event. Strings are borrowed from `object` and from `arena`, where what must be decoded is
 * put. `run` of a run_started event lives in the arena, too. Unknown fields are ignored; an unknown
 * type or a field of the wrong kind is an error.
 */
int event_json_read(
	const struct json *object, struct arena *arena, struct event *ret_event, struct error *err);

/*
 * Read a line of a journal, without its newline, as event_json_write() writes it: the same, but
 * faster by far. Strings live in `scratch`. False: it is not plain enough, or wrong; then
 * event_json_read() says what it is.
 */
bool event_json_read_line(
	const char *line, size_t len, struct strbuf *scratch, struct event *ret_event);
