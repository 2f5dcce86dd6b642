/* All runners; adding one is a row here. */
#pragma once

#include "core/runner.h"

extern const struct runner jest_runner;
extern const struct runner mocha_runner;
extern const struct runner playwright_runner;

extern const struct runner *const runners[]; /* NULL-ended */
/* Programs of other test frameworks, as they stand in npm scripts: "vitest", "ng test". */
extern const char *const other_test_programs[]; /* NULL-ended */
