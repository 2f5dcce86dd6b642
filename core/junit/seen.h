/*
 * Which test cases were in which file: a set of 64-bit digests with the number of the file, to
 * notice a test case that comes again. Bounded: 8 bytes a slot, at most JUNIT_SEEN_MAX test cases;
 * those behind are not looked for.
 */
#pragma once

#include "core/base/base.h"

enum { JUNIT_SEEN_MAX = 3 * 1000 * 1000, JUNIT_SEEN_PARTS = 256 };

struct junit_seen_part {
	uint64_t *slots; /* digest with the file in the low 16 bits; 0 = free */
	uint32_t size;   /* power of two */
	uint32_t n;
};

struct junit_seen {
	/* Each grows alone: never the old and the new copy of everything at a time. */
	struct junit_seen_part parts[JUNIT_SEEN_PARTS];
	size_t n;
};

/* Digest of `s` on top of `seed` (another digest, or 0). */
uint64_t junit_seen_digest(uint64_t seed, const char *s, size_t len);
/* Add a test case of file number `file` (0…). Returns the file it was in before, -1 when it is new.
 */
int junit_seen_add(struct junit_seen *seen, uint64_t digest, int file);
/* It will be added soon: begin to fetch its slot, which is not in the cache of a large set. */
void junit_seen_prefetch(const struct junit_seen *seen, uint64_t digest);
void junit_seen_release(struct junit_seen *seen);
