/* The adapter scripts, embedded in the program (made by runners/embed.py). */
#pragma once

#include <stddef.h>

struct adapter_file {
	const char *name; /* "jest.cjs" */
	const char *data;
	size_t size;
};

extern const struct adapter_file adapter_files[]; /* ended by a NULL name */
extern const char adapter_files_digest[];         /* over all of them */
