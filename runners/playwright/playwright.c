#include "core/base/base.h"

#include "runners/registry.h"

#include <signal.h>

static const char *const config_files[] = {"playwright.config.ts", "playwright.config.js",
	"playwright.config.mts", "playwright.config.mjs", "playwright.config.cts",
	"playwright.config.cjs", NULL};
static const char *const programs[] = {"playwright", NULL};
static const char *const config_flags[] = {"--config=", "-c=", NULL};
static const char *const dropped[] = {"--reporter=", "--workers=", "-j=", "--max-failures=", "-x",
	"--ui", "--headed", "--debug", "--quiet", "--output=", "--trace=", "--shard=", "--list",
	"--last-failed", NULL};
static const char *const value_flags[] = {"--project=", "--grep=", "-g=", "--grep-invert=",
	"--repeat-each=", "--retries=", "--timeout=", "--global-timeout=", "--tsconfig=",
	"--browser=", "--update-snapshots=", "-u=", "--only-changed=", "--test-list=", NULL};

const struct runner playwright_runner = {
	.name = "playwright",
	.package = "@playwright/test",
	.adapter = "playwright.cjs",
	.config_files = config_files,
	.programs = programs,
	.batch = true,
	.stop_signal = SIGINT, /* flushes traces, tears down web servers */
	.stop_grace_ms = 2500,
	.subcommand = "test",
	.dropped = dropped,
	.config_flags = config_flags,
	.value_flags = value_flags,
};
