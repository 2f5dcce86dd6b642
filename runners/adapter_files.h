/* The adapter scripts, embedded in the program. */
#pragma once

#include "core/base/embedded.h"

extern const struct embedded_file adapter_files[]; /* ended by a NULL name */
extern const char adapter_files_digest[];          /* over all of them */
