#include "core/base/base.h"

#include "core/base/digest.h"

#include <xxhash.h>

void digest_hex(const void *data, size_t len, char ret_hex[static DIGEST_HEX_SIZE])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, XXH3_128bits(data, len));
	for (size_t i = 0; i < sizeof(canonical.digest); i++)
		snprintf(ret_hex + 2 * i, 3, "%02x", canonical.digest[i]);
}

uint64_t digest_hash(const void *data, size_t len)
{
	return XXH3_64bits(data, len);
}
