/* Where the one result of a command goes: -o FILE, a device, stdout, or nowhere (only --json). */
#pragma once

#include "cmd/options.h"
#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/spool.h"

struct target {
	const char *path; /* "-" is stdout; NULL: nowhere, only counted */
	bool stream;      /* written to, not replaced by a file */
};

/* From `--output`, else stdout. `name`: what a file of this kind is called, for messages. */
int target_find(
	const struct options *options, const char *name, struct target *ret, struct error *err);
int target_open(const struct target *t, struct spool *out, struct error *err);
/* What was written becomes the file, or goes out. */
int target_write(const struct target *t, struct spool *out, struct error *err);
