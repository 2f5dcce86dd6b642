/*
 * Publishing: one call per event, synchronous, in fixed order: state, journal, then subscribers.
 * Being synchronous is the back-pressure.
 */
#pragma once

#include "core/base/clock.h"
#include "core/event/event.h"
#include "core/state/state.h"

typedef void bus_fn(void *arg, const struct event *event, const struct state *state);

struct bus_subscriber {
	bus_fn *fn;
	void *arg;
};

struct bus {
	struct state *state;
	struct bus_subscriber subscribers[16];
	size_t count;
	char token[CLOCK_TOKEN_SIZE];
};

void bus_init(struct bus *bus, struct state *state);
/* In the order in which they shall see events. At most 16. */
void bus_subscribe(struct bus *bus, bus_fn *fn, void *arg);
/* Stamps `time_ms` when it is 0, and what run_finished has none of: a token, counts. */
void bus_publish(struct bus *bus, struct event *event);
