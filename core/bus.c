#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/bus.h"

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
	state_apply(bus->state, event);
	for (size_t i = 0; i < bus->count; i++)
		bus->subscribers[i].fn(bus->subscribers[i].arg, event, bus->state);
}
