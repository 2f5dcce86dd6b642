/* One history into another, and other parts of core/history/store.h. Only core/history includes
 * this. */
#pragma once

#include "core/history/schema.h"
#include "core/history/store.h"

/* `from` is of this version and is only read. */
int history_merge(
	struct history *h, struct history *from, struct history_imported *ret, struct error *err);
/* Open for reading; what is broken or foreign is left alone, an error. */
struct history *history_open_as_is(const char *path, struct error *err);
/* history_prune() inside the caller's transaction. */
int history_prune_in(
	struct history *h, const struct history_retention *keep, int64_t now_ms, struct error *err);
