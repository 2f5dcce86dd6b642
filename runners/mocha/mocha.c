#include "core/base/base.h"

#include "runners/registry.h"

#include <signal.h>

static const char *const config_files[] = {".mocharc.js", ".mocharc.cjs", ".mocharc.mjs",
	".mocharc.yaml", ".mocharc.yml", ".mocharc.jsonc", ".mocharc.json", NULL};
static const char *const programs[] = {"mocha", NULL};
static const char *const config_flags[] = {"--config=", NULL};
static const char *const dropped[] = {
	"--reporter=", "-R=", "--reporter-option=", "--reporter-options=", "-O=", "--bail", "-b",
	"--watch", "-w", "--color", "--colors", "-c", "--no-color", "--no-colors", "--diff",
	"--full-trace", "--inline-diffs", "--jobs=", "-j=", "--exit", "--no-exit", NULL};
static const char *const value_flags[] = {"--require=", "-r=", "--timeout=", "-t=", "--timeouts=",
	"--slow=", "-s=", "--ui=", "-u=", "--file=", "--ignore=", "--exclude=", "--extension=",
	"--grep=", "-g=", "--fgrep=", "-f=", "--retries=", "--spec=", "--package=", "--opts=",
	"--import=", "--loader=", "--node-option=", "-n=", "--globals=", "--global=", NULL};

const struct runner mocha_runner = {
	.name = "mocha",
	.package = "mocha",
	.adapter = "mocha.cjs",
	.config_files = config_files,
	.config_key = "mocha",
	.programs = programs,
	.stop_signal = SIGTERM,
	.dropped = dropped,
	.config_flags = config_flags,
	.value_flags = value_flags,
	.default_dirs = (const char *const[]){"test", NULL},
};
