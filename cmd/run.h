/* Running tests: the engine between a setup and its outputs. */
#pragma once

#include "cmd/command.h"

extern const struct command run_cmd;
