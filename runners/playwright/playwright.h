/* Playwright Test: one configuration, one process that spreads itself over the slots. */
#pragma once

#include "core/runner.h"

extern const struct runner runner_playwright;
