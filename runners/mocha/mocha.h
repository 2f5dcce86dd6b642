/* Mocha: runs what its arguments or its configuration name, else test/. */
#pragma once

#include "core/runner.h"

extern const struct runner runner_mocha;
