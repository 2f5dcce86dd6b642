/* The targets under libFuzzer: FUZZ=coverage build-fuzz/tests/fuzz tests/fuzz/seeds/coverage */
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const struct fuzz_target *target;

	if (!target) {
		const char *name = getenv("FUZZ");
		target = name ? fuzz_target_find(name) : NULL;
		if (!target) {
			fputs("FUZZ must name one of:", stderr);
			for (const struct fuzz_target *t = fuzz_targets; t->name; t++)
				fprintf(stderr, " %s", t->name);
			fputs("\n", stderr);
			exit(2);
		}
	}
	target->run((const char *)data, len);
	return 0;
}
