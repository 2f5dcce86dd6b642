#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/base/strmap.h"

static uint64_t hash_of(const char *s)
{
	return digest_hash(s, strlen(s));
}

void strmap_init(struct strmap *map)
{
	*map = (struct strmap)STRMAP_INIT;
}

void strmap_release(struct strmap *map, void (*free_value)(void *))
{
	for (size_t i = 0; i < map->n; i++) {
		free(map->entries[i].key);
		if (free_value)
			free_value(map->entries[i].value);
	}
	free(map->entries);
	free(map->slots);
	strmap_init(map);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32);
}

/* The slot that holds the key, or the free one where it belongs. slot_count > 0. */
static struct strmap_slot *find(const struct strmap *map, const char *key, uint64_t hash)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		struct strmap_slot *slot = &map->slots[i];
		if (!slot->entry || (slot->tag == tag_of(hash) &&
					    streq(map->entries[slot->entry - 1].key, key)))
			return slot;
	}
}

static void rehash(struct strmap *map)
{
	map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
	free(map->slots);
	map->slots = xcalloc(map->slot_count, sizeof(*map->slots));
	size_t mask = map->slot_count - 1;
	for (size_t n = 0; n < map->n; n++) {
		uint64_t hash = map->entries[n].hash;
		size_t i = hash & mask;
		while (map->slots[i].entry)
			i = (i + 1) & mask;
		map->slots[i] = (struct strmap_slot){(uint32_t)n + 1, tag_of(hash)};
	}
}

void *strmap_get(const struct strmap *map, const char *key)
{
	if (!map->n)
		return NULL;
	uint32_t entry = find(map, key, hash_of(key))->entry;
	return entry ? map->entries[entry - 1].value : NULL;
}

bool strmap_has(const struct strmap *map, const char *key)
{
	return map->n && find(map, key, hash_of(key))->entry;
}

void *strmap_put(struct strmap *map, const char *key, void *value)
{
	if ((map->n + 1) * 4 > map->slot_count * 3)
		rehash(map);
	size_t len = strlen(key);
	uint64_t hash = digest_hash(key, len);
	struct strmap_slot *slot = find(map, key, hash);
	if (slot->entry) {
		void *old = map->entries[slot->entry - 1].value;
		map->entries[slot->entry - 1].value = value;
		return old;
	}
	GROW(map->entries, map->n + 1, map->cap);
	map->entries[map->n] =
		(struct strmap_entry){memcpy(xmalloc(len + 1), key, len + 1), value, hash};
	*slot = (struct strmap_slot){(uint32_t)++map->n, tag_of(hash)};
	return NULL;
}
