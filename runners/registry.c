#include "core/base/base.h"

#include "runners/jest/jest.h"
#include "runners/mocha/mocha.h"
#include "runners/playwright/playwright.h"
#include "runners/registry.h"

const struct runner *const runners[] = {&runner_jest, &runner_mocha, &runner_playwright, NULL};
