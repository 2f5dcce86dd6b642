/*
 * Memory of an XML parser, bounded: it keeps every name it has seen, so that a file of nothing but
 * new names is a bomb. Counted for the thread: one parser at a time.
 */
#pragma once

#include "core/base/base.h"

enum { PARSER_MEMORY_MAX = 12 * 1024 * 1024 };

/* As malloc() and its kin, but NULL beyond the bound. */
void *parser_malloc(size_t size);
void *parser_realloc(void *p, size_t size);
void parser_free(void *p);
