/* Digests that name content: 128 bits of XXH3. For identity among friends, not against forgery. */
#pragma once

#include "core/base/base.h"

enum { DIGEST_HEX_SIZE = 33 };

/* 32 lower-case hex digits and '\0'. The same on every machine. */
void digest_hex(const void *data, size_t len, char ret_hex[static DIGEST_HEX_SIZE]);
/* For tables in memory. */
uint64_t digest_hash(const void *data, size_t len);
