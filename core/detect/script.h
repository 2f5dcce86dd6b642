/*
 * What an npm script starts: its simple commands with wrappers taken off and references to other
 * scripts (`npm run x`, `run-s a b`) followed. Nothing is executed; what cannot be known is left
 * out. Commands behind `||` are left out, too: they run only when something has gone wrong.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/json.h"
#include "core/detect/package.h"
#include "core/detect/shell.h"

struct script_commands {
	struct script_command *v;
	size_t n, cap;
};

#define SCRIPT_COMMANDS_INIT \
	{                    \
		NULL, 0, 0   \
	}

/* Append the commands that `npm run <entry>` starts. `scripts` and `wireit` (may be NULL) are the
 * objects in package.json. */
void script_collect(const struct json *scripts, const struct json *wireit, const char *entry,
	shell_lookup_fn *lookup, struct script_commands *out);
void script_commands_release(struct script_commands *commands);
