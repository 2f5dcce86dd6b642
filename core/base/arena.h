/* Memory that lives as long as the run: many small allocations, one release. */
#pragma once

#include "core/base/base.h"

struct arena_block;
struct arena {
	struct arena_block *head;
	size_t used, size; /* of the head block */
};

#define ARENA_INIT         \
	{                  \
		NULL, 0, 0 \
	}

void *arena_alloc(struct arena *a, size_t size);    /* zeroed, aligned to 16 */
char *arena_strdup(struct arena *a, const char *s); /* NULL gives NULL */
char *arena_strndup(struct arena *a, const char *s, size_t len);
void arena_release(struct arena *a);
