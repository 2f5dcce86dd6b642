/* Time. The only place that asks the system for it; tests set MUSTER_TEST_NOW (unix ms). */
#pragma once

#include "core/base/base.h"

int64_t clock_unix_ms(void); /* wall clock, milliseconds since 1970 */
int64_t clock_mono_us(void); /* monotonic, microseconds; for durations only */
/* "2026-11-24T10:21:39.123Z"; buf holds at least 25 bytes. */
void clock_iso8601(int64_t unix_ms, char buf[static 25]);
/* Unix milliseconds of such a text (fraction optional, UTC); 0 when it is not one. */
int64_t clock_parse_iso8601(const char *text);
/* A fresh run id, sortable by time: "20261124-102139-1a2b3c". buf holds at least 23 bytes. */
void clock_run_id(char buf[static 23]);
/* `len` bytes of the system's randomness. */
void clock_random(void *buf, size_t len);
enum { CLOCK_TOKEN_SIZE = 33 };
/* A word that nobody can guess: 128 random bits in hex. */
void clock_token(char ret[static CLOCK_TOKEN_SIZE]);
