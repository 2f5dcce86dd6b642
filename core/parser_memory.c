#include "core/base/base.h"

#include "core/parser_memory.h"

static _Thread_local size_t parser_bytes;

union block {
	size_t size;
	max_align_t align;
};

void *parser_realloc(void *p, size_t size)
{
	union block *old = p ? (union block *)p - 1 : NULL;
	size_t before = old ? old->size : 0;

	if (size > PARSER_MEMORY_MAX || parser_bytes - before + size > PARSER_MEMORY_MAX)
		return NULL;
	union block *b = xrealloc(old, sizeof(*b) + size);
	parser_bytes += size - before;
	b->size = size;
	return b + 1;
}

void *parser_malloc(size_t size)
{
	return parser_realloc(NULL, size);
}

void parser_free(void *p)
{
	if (!p)
		return;
	union block *b = (union block *)p - 1;
	parser_bytes -= b->size;
	free(b);
}
