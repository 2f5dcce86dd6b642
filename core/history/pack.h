/*
 * What a run did, packed: per test 2 bits of outcome and 1 byte of logarithmic duration (8 steps an
 * octave of microseconds: 4.4 % off at worst). A test is named by its row id.
 *
 * Two shapes, whichever is smaller: HISTORY_PACK_DENSE has the bits of all ids from the first to
 * the last, then their bytes; HISTORY_PACK_SPARSE has one record of 6 bytes a test, ascending: id -
 * first (4 bytes, big endian), outcome, duration. Pure.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"
#include "core/event/outcome.h"

enum history_pack_shape { HISTORY_PACK_DENSE, HISTORY_PACK_SPARSE };

struct history_packed {
	int64_t id;
	enum outcome outcome; /* passed, failed, skipped; others are not packed */
	int64_t duration_us;  /* from a pack: rounded */
};

/* Borrows its bytes. */
struct history_pack {
	enum history_pack_shape shape;
	int64_t first;
	const unsigned char *data;
	size_t len;
};

/* Sorts `items` by id. Appends to `out`; shape and first are filled in. */
void history_pack_make(
	struct history_packed *items, size_t n, struct history_pack *ret, struct strbuf *out);
/* The entry of one test; false when the run did not have it. A damaged pack has no entries. */
bool history_pack_find(const struct history_pack *pack, int64_t id, struct history_packed *ret);
/* The entries of many tests: ret[i] is that of ids[i] (ascending), its outcome OUTCOME_NONE when
 * the run did not have it. */
void history_pack_take(
	const struct history_pack *pack, const int64_t *ids, size_t n, struct history_packed *ret);
/* The entries in order of their ids: start with *cursor = 0; false at the end. */
bool history_pack_next(const struct history_pack *pack, size_t *cursor, struct history_packed *ret);
