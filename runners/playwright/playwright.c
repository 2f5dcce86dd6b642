#include "core/base/base.h"

#include "runners/option.h"
#include "runners/registry.h"

#include <signal.h>

static const char *const config_files[] = {"playwright.config.ts", "playwright.config.js",
	"playwright.config.mts", "playwright.config.mjs", "playwright.config.cts",
	"playwright.config.cjs", NULL};
static const char *const programs[] = {"playwright", NULL};
static const char *const folders[] = {"e2e", "tests", "test", NULL};
static const char *const mode_args[] = {"--workers=1", NULL};

static const struct option options[] = {
	{"--list --help -h --version -V", OPTION_FLAG, OPTION_REFUSE},
	{"--config -c", OPTION_ONE, OPTION_CONFIG},
	{"--workers -j", OPTION_ONE, OPTION_SERIAL, "--workers=1"},
	{"--reporter --ui-host --ui-port --max-failures --shard --update-source-method", OPTION_ONE,
		OPTION_DROP},
	{"--headed --debug --ui --quiet -x --last-failed", OPTION_FLAG, OPTION_DROP},
	{"--update-snapshots -u", OPTION_OPTIONAL, OPTION_FROZEN, "--update-snapshots=none"},
	{"--only-changed", OPTION_OPTIONAL, OPTION_DROP},
	{NULL},
};

/* `playwright test …`; its other commands (install, codegen) run no tests. */
static bool detect(
	const struct package *package, const struct script_command *command, struct suite *suite)
{
	(void)package;
	if (!command)
		return true;
	if (!suite->args.n || !streq(suite->args.v[0], "test"))
		return false;
	cleanup_strvec struct strvec rest = STRVEC_INIT;
	for (size_t i = 1; i < suite->args.n; i++)
		strvec_push(&rest, suite->args.v[i]);
	struct strvec old = suite->args;
	suite->args = rest;
	rest = old;
	return option_apply(options, suite);
}

/* Playwright reads no configuration below its own: a package with one is a suite of its own. */
const struct runner playwright_runner = {
	.name = "playwright",
	.package = "@playwright/test",
	.oldest = 1,
	.adapter = "playwright.cjs",
	.config_files = config_files,
	.programs = programs,
	.folders = folders,
	.anywhere = true,
	.mode_args = mode_args,
	.batch = true,
	.stop_signal = SIGINT, /* flushes traces, tears down web servers */
	.stop_grace_ms = 2500,
	.detect = detect,
};
