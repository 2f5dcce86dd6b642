#include "core/base/base.h"

#include "core/base/arena.h"

/* Blocks double from the first to the largest: a small arena stays small. */
enum { BLOCK_MIN = 1024, BLOCK_MAX = 64 * 1024 };

struct arena_block {
	struct arena_block *next;
	_Alignas(16) char data[];
};

void *arena_alloc(struct arena *a, size_t size)
{
	size = (size + 15) & ~(size_t)15;
	if (a->used + size > a->size || !a->head) {
		size_t next = MIN(MAX(a->size * 2, (size_t)BLOCK_MIN), (size_t)BLOCK_MAX);
		size_t block_size = MAX(size, next);
		struct arena_block *block = xmalloc(sizeof(*block) + block_size);
		block->next = a->head;
		a->head = block;
		a->used = 0;
		a->size = block_size;
	}
	void *p = a->head->data + a->used;
	a->used += size;
	return memset(p, 0, size);
}

char *arena_strndup(struct arena *a, const char *s, size_t len)
{
	char *copy = arena_alloc(a, len + 1);

	memcpy(copy, s, len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return s ? arena_strndup(a, s, strlen(s)) : NULL;
}

void arena_release(struct arena *a)
{
	while (a->head) {
		struct arena_block *next = a->head->next;
		free(a->head);
		a->head = next;
	}
	*a = (struct arena)ARENA_INIT;
}
