/* Files that are part of the program (made into C by core/base/embed.py). */
#pragma once

#include <stddef.h>

struct embedded_file {
	const char *name; /* without folder */
	const char *data;
	size_t size;
};
