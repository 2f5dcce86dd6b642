/* `muster gate` and `muster coverage check`: gates on what is there already. */
#pragma once

#include "cmd/command.h"

extern const struct command gate_cmd;
/* Gates of coverage alone; `inputs` are files, folders or run directories (none = the latest run). */
int gate_check_coverage(
	const struct options *options, const struct strvec *inputs, struct error *err);
