/*
 * How a run gets into the history, at its end or by the next one: its folder holds the file
 * `unrecorded` until it is there. So a run counts that ended without a word (kill -9, power loss),
 * or while its reports were written, or that found the history locked or the disk full.
 */
#pragma once

#include "cmd/judge.h"
#include "cmd/setup.h"
#include "cmd/tree.h"

/* From now on the run in `setup` is one that the history lacks. Its journal is open. */
void memory_begin(const struct setup *setup);
/* Record it, and what earlier runs have left. What cannot be done is a warning on stderr. */
void memory_record(struct setup *setup, const struct state *state, const struct judge *judge,
	struct tree *tree);
/* Old runs go: the newest stay, and this one. */
void memory_prune(const struct setup *setup);
