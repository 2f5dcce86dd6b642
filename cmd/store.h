/* Parts of `store`, and what other commands on the history share. */
#pragma once

#include "cmd/options.h"
#include "core/base/error.h"
#include "core/history/store.h"

extern const struct command store_cmd;

/* NULL on error; a missing history is one when reading. */
struct history *store_open(
	const struct options *options, enum history_mode mode, struct error *err);

int store_import(const struct options *options, struct error *err);
