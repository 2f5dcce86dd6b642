/* Jest: finds its files anywhere below its root. */
#pragma once

#include "core/runner.h"

extern const struct runner runner_jest;
