#include "core/base/base.h"

#include "core/event/json.h"
#include "reporters/registry.h"

static void *ndjson_open(const struct reporter_options *options, struct sink *sink)
{
	(void)options;
	return sink;
}

static void ndjson_event(void *self, const struct event *event, const struct state *state)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;

	(void)state;
	if (event->type == EVENT_TICK)
		return;
	event_json_write(&line, event);
	sink_write(self, line.buf, line.len);
}

const struct reporter ndjson_reporter = {
	.name = "ndjson",
	.summary = "every event, one JSON object a line",
	.open = ndjson_open,
	.event = ndjson_event,
};
