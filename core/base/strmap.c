#include "core/base/base.h"

#include "core/base/strmap.h"

/* FNV-1a with a final mix. Keys come from test suites, not from an attacker over a network. */
static uint64_t hash_of(const char *s)
{
	uint64_t h = 0xcbf29ce484222325u;

	for (; *s; s++)
		h = (h ^ (unsigned char)*s) * 0x100000001b3u;
	return h ^ (h >> 29);
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

/* The slot that holds the key, or the free one where it belongs. slot_count > 0. */
static uint32_t *find(const struct strmap *map, const char *key, uint64_t hash)
{
	size_t mask = map->slot_count - 1;

	for (size_t i = hash & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &map->slots[i];
		if (!*slot)
			return slot;
		const struct strmap_entry *e = &map->entries[*slot - 1];
		if (e->hash == hash && streq(e->key, key))
			return slot;
	}
}

static void rehash(struct strmap *map)
{
	map->slot_count = map->slot_count ? map->slot_count * 2 : 16;
	free(map->slots);
	map->slots = xcalloc(map->slot_count, sizeof(*map->slots));
	for (size_t i = 0; i < map->n; i++)
		*find(map, map->entries[i].key, map->entries[i].hash) = (uint32_t)i + 1;
}

void *strmap_get(const struct strmap *map, const char *key)
{
	if (!map->n)
		return NULL;
	uint32_t slot = *find(map, key, hash_of(key));
	return slot ? map->entries[slot - 1].value : NULL;
}

bool strmap_has(const struct strmap *map, const char *key)
{
	return map->n && *find(map, key, hash_of(key));
}

void *strmap_put(struct strmap *map, const char *key, void *value)
{
	if ((map->n + 1) * 4 > map->slot_count * 3)
		rehash(map);
	uint64_t hash = hash_of(key);
	uint32_t *slot = find(map, key, hash);
	if (*slot) {
		void *old = map->entries[*slot - 1].value;
		map->entries[*slot - 1].value = value;
		return old;
	}
	GROW(map->entries, map->n + 1, map->cap);
	map->entries[map->n] = (struct strmap_entry){xstrdup(key), value, hash};
	*slot = (uint32_t)++map->n;
	return NULL;
}
