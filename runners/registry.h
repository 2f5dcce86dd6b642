/* All runners. Adding one: its folder, its row here, its adapter in meson.build. */
#pragma once

#include "core/runner.h"

extern const struct runner *const runners[]; /* NULL-ended */
