/* Which test files there are: discovery without running anything. */
#pragma once

#include "cmd/command.h"
#include "cmd/setup.h"
#include "core/state/state.h"

extern const struct command list_cmd;

/* Discover: suites and files, with estimates, end up in `state` (initialised by the caller).
 * Returns the exit code that listing them deserves, or -1. */
int list_collect(struct setup *setup, struct state *state, struct error *err);
/* Errors of suites and what was detected, on stderr. */
void list_problems(const struct state *state);
