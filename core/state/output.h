/*
 * What files print, as far as the state keeps it: the beginning and the end of each, and all of
 * them together bounded, so that a thousand floods do not fill the memory. Inside state only.
 */
#pragma once

#include "core/state/state.h"

void state_output_add(struct state *state, struct state_file *file, const char *text, size_t len);
void state_output_forget(struct state *state, struct state_file *file);
