#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/event/bus.h"

void bus_init(struct bus *bus, struct state *state)
{
	*bus = (struct bus){.state = state};
}

void bus_subscribe(struct bus *bus, bus_fn *fn, void *arg)
{
	if (bus->count == ARRAY_LEN(bus->subscribers))
		abort();
	bus->subscribers[bus->count++] = (struct bus_subscriber){fn, arg};
}

void bus_publish(struct bus *bus, struct event *event)
{
	if (!event->time_ms)
		event->time_ms = clock_unix_ms();
	if (event->type == EVENT_RUN_FINISHED && !event->token) {
		clock_token(bus->token);
		event->token = bus->token;
	}
	state_apply(bus->state, event);
	if (event->type == EVENT_RUN_FINISHED) {
		event->files = &bus->state->file_counts;
		event->tests = &bus->state->test_counts;
	}
	for (size_t i = 0; i < bus->count; i++)
		bus->subscribers[i].fn(bus->subscribers[i].arg, event, bus->state);
}
