/*
 * Map from string to pointer: open addressing, entries kept in order of insertion, no removal of
 * single keys. Keys are copied; values are the caller's.
 */
#pragma once

#include "core/base/base.h"

struct strmap_entry {
	char *key;
	void *value;
	uint64_t hash;
};

/* The tag spares most looks at entries, which are far away. */
struct strmap_slot {
	uint32_t entry; /* index + 1; 0 = free */
	uint32_t tag;   /* upper half of the entry's hash */
};

struct strmap {
	struct strmap_entry *entries; /* n entries, in order of insertion */
	size_t n, cap;
	struct strmap_slot *slots; /* a power of two of them */
	size_t slot_count;
};

#define STRMAP_INIT                 \
	{                           \
		NULL, 0, 0, NULL, 0 \
	}
#define strmap_each(e, map) \
	for (struct strmap_entry *e = (map)->entries; e && e < (map)->entries + (map)->n; e++)

void strmap_init(struct strmap *map);
/* Frees the keys; calls `free_value` (may be NULL) on each value. */
void strmap_release(struct strmap *map, void (*free_value)(void *));
void *strmap_get(const struct strmap *map, const char *key); /* NULL = not there */
bool strmap_has(const struct strmap *map, const char *key);
/* Insert or replace. Returns the former value or NULL. */
void *strmap_put(struct strmap *map, const char *key, void *value);
