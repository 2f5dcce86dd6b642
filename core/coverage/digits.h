/* Small numbers in JSON without a branch for each digit: their lengths cannot be predicted. */
#pragma once

#include "core/base/base.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first digit is in the lowest byte");

/* How many digits stand at `p`, and their number. 0: none, more than seven, or a zero in front,
 * which the long way looks at. Reads eight bytes. */
static inline unsigned coverage_digits(const char *p, uint32_t *ret)
{
	uint64_t v;

	*ret = 0;
	memcpy(&v, p, sizeof(v));
	v ^= 0x3030303030303030; /* digits are 0 to 9 now; all others get their highest bit */
	uint64_t others = ((v + 0x7676767676767676) | v) & 0x8080808080808080;
	unsigned n = others ? (unsigned)__builtin_ctzll(others) / 8 : 0;
	if (!n || (n > 1 && *p == '0'))
		return 0;
	v <<= 64 - 8 * n;      /* zeros in front */
	v = v * 10 + (v >> 8); /* pairs, in every other byte; then all four of them */
	*ret = (uint32_t)(((v & 0x000000ff000000ff) * (100 + (UINT64_C(1000000) << 32)) +
				  ((v >> 16) & 0x000000ff000000ff) *
					  (1 + (UINT64_C(10000) << 32))) >>
			  32);
	return n;
}
