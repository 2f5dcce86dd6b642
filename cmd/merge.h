/* The command `merge`: the results of many jobs as one run. */
#pragma once

#include "cmd/command.h"

extern const struct command merge_cmd;
