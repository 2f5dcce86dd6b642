/* The adapters, embedded: written side by side into one folder before the first worker starts. */
#pragma once

#include <stddef.h>

struct adapter_file {
	const char *name; /* "jest.cjs" */
	const unsigned char *data;
	size_t size;
};

extern const struct adapter_file adapter_files[]; /* ends with name NULL */
/* Over all names and contents: names the folder, so that versions never mix. 16 hex digits. */
extern const char adapter_files_digest[];
