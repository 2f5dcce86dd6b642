#include "core/base/base.h"

#include "core/junit/seen.h"

enum { FILE_BITS = 16, FIRST_SLOTS = 16 };

static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t junit_seen_digest(uint64_t seed, const char *s, size_t len)
{
	const uint64_t k0 = 0x9e3779b97f4a7c15u, k1 = 0xd6e8feb86659fd93u;
	uint64_t h = mix(seed ^ k0, (uint64_t)len + k1), word;

	for (; len >= sizeof(word); s += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		h = mix(h ^ word, k0);
	}
	word = 0;
	memcpy(&word, s, len);
	h = mix(h ^ word, k1);
	return mix(h ^ k0, k1);
}

static uint32_t home(const struct junit_seen_part *part, uint64_t digest)
{
	return (uint32_t)(digest >> 40) & (part->size - 1);
}

/* The slot with this digest, or the free one where it belongs. */
static uint64_t *find(const struct junit_seen_part *part, uint64_t digest)
{
	uint32_t mask = part->size - 1;

	for (uint32_t i = home(part, digest);; i = (i + 1) & mask) {
		uint64_t *slot = &part->slots[i];
		if (!*slot || (*slot ^ digest) >> FILE_BITS == 0)
			return slot;
	}
}

static void grow(struct junit_seen_part *part)
{
	struct junit_seen_part old = *part;

	part->size = old.size ? old.size * 2 : FIRST_SLOTS;
	part->slots = xcalloc(part->size, sizeof(*part->slots));
	for (uint32_t i = 0; i < old.size; i++)
		if (old.slots[i])
			*find(part, old.slots[i]) = old.slots[i];
	free(old.slots);
}

int junit_seen_add(struct junit_seen *seen, uint64_t digest, int file)
{
	struct junit_seen_part *part = &seen->parts[digest >> 56];

	digest |= 1u << FILE_BITS; /* a slot in use is never 0 */
	if ((part->n + 1) * 4 > part->size * 3 && seen->n < JUNIT_SEEN_MAX)
		grow(part);
	uint64_t *slot = part->size ? find(part, digest) : NULL;
	if (slot && *slot)
		return (int)(*slot & ((1u << FILE_BITS) - 1));
	if (!slot || seen->n >= JUNIT_SEEN_MAX)
		return -1;
	*slot = digest >> FILE_BITS << FILE_BITS | ((uint64_t)file & ((1u << FILE_BITS) - 1));
	part->n++;
	seen->n++;
	return -1;
}

void junit_seen_prefetch(const struct junit_seen *seen, uint64_t digest)
{
	const struct junit_seen_part *part = &seen->parts[digest >> 56];

	if (part->size)
		__builtin_prefetch(&part->slots[home(part, digest)]);
}

void junit_seen_release(struct junit_seen *seen)
{
	for (size_t i = 0; i < JUNIT_SEEN_PARTS; i++)
		free(seen->parts[i].slots);
	*seen = (struct junit_seen){.n = 0};
}
