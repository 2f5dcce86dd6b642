/*
 * What every file of the project starts with: the C library, allocation that cannot fail, cleanup
 * by attribute, and the list of banned functions.
 *
 * Memory: allocation failure aborts the program (a message on stderr, exit code 3). There are
 * three lifetimes: the run (arena), the object (x_new/x_free), the callback (borrowed, copy to
 * keep). A `const char *` is borrowed; a `char *` returned is the caller's to free.
 */
#pragma once

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#include "core/base/banned.h"

#define ARRAY_LEN(a)                    (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define FORMAT(f, a)                    __attribute__((format(printf, f, a)))
#define MAX(a, b)                       ((a) > (b) ? (a) : (b))
#define MIN(a, b)                       ((a) < (b) ? (a) : (b))

void *xmalloc(size_t size);
void *xcalloc(size_t n, size_t size);
void *xrealloc(void *p, size_t size);
char *xstrdup(const char *s);
char *xstrndup(const char *s, size_t len);
char *xasprintf(const char *fmt, ...) FORMAT(1, 2);
char *xvasprintf(const char *fmt, va_list ap) FORMAT(1, 0);

/* Grow array `a` of `cap` elements so that it holds `need`; amortised doubling. */
#define GROW(a, need, cap)                                                \
	do {                                                              \
		if ((size_t)(need) > (size_t)(cap)) {                     \
			(cap) = MAX((size_t)(need), (size_t)(cap)*2 + 8); \
			(a) = xrealloc((a), (cap) * sizeof(*(a)));        \
		}                                                         \
	} while (0)

static inline bool streq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

/* NULL equals only NULL. */
static inline bool streq_null(const char *a, const char *b)
{
	return a && b ? streq(a, b) : a == b;
}

static inline bool starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static inline bool ends_with(const char *s, const char *suffix)
{
	size_t n = strlen(s), m = strlen(suffix);

	return n >= m && memcmp(s + n - m, suffix, m) == 0;
}

/* Cleanup with the variable: `cleanup_free char *s = NULL;` */
static inline void base_free_ptr(void *p)
{
	free(*(void **)p);
}
static inline void base_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}
static inline void base_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}
#define cleanup_free   __attribute__((cleanup(base_free_ptr)))
#define cleanup_close  __attribute__((cleanup(base_close_fd)))
#define cleanup_fclose __attribute__((cleanup(base_fclose)))
