#include "core/base/base.h"

#include "core/base/path.h"
#include "runners/option.h"
#include "runners/registry.h"

#include <signal.h>

static const char *const config_files[] = {".mocharc.js", ".mocharc.cjs", ".mocharc.mjs",
	".mocharc.yaml", ".mocharc.yml", ".mocharc.jsonc", ".mocharc.json", NULL};
static const char *const programs[] = {"mocha", NULL};
static const char *const folders[] = {"test", NULL};
static const char *const mode_args[] = {"--parallel", "--jobs=1", NULL};

/* Node's flags have their value behind "=" only: Mocha itself takes every other form apart. */
static const struct option options[] = {
	{"--version -V --help -h --list-interfaces --list-reporters --dry-run", OPTION_FLAG,
		OPTION_REFUSE},
	{"--config", OPTION_ONE, OPTION_CONFIG},
	{"--reporter -R --reporter-option --reporter-options -O --watch-files "
	 "--watch-ignore",
		OPTION_ONE, OPTION_DROP},
	{"--jobs -j", OPTION_ONE, OPTION_SERIAL, "--jobs=1"},
	{"--parallel -p", OPTION_FLAG, OPTION_KEEP, "--parallel"},
	{"--watch -w --bail -b --color --colors -c --growl -G --inline-diffs", OPTION_FLAG,
		OPTION_DROP},
	{"--inspect --inspect-brk --inspect-wait --debug --debug-brk", OPTION_EQUALS, OPTION_DROP},
	{"--loader --import --experimental-loader --conditions --stack-trace-limit "
	 "--unhandled-rejections --es-module-specifier-resolution --max*",
		OPTION_ATTACHED, OPTION_NODE},
	{"--experimental-loader", OPTION_ONE, OPTION_KEEP},
	{"--throw-deprecation --enable-source-maps --expose-gc --expose_gc --no-warnings "
	 "--no-deprecation --preserve-symlinks --preserve-symlinks-main --pending-deprecation "
	 "--harmony* --experimental* --trace*",
		OPTION_EQUALS, OPTION_NODE},
	{NULL},
};

static bool detect(
	const struct package *package, const struct script_command *command, struct suite *suite)
{
	(void)package;
	return !command || option_apply(options, suite);
}

/* Files in `dir` may match the spec: its part before the first wildcard is above or below. */
static bool reaches(const char *root, const char *spec, const char *dir)
{
	cleanup_free char *fixed = xstrndup(spec, strcspn(spec, "*?[{"));
	char *slash = strrchr(fixed, '/');

	if (strlen(fixed) < strlen(spec))
		fixed[slash ? slash - fixed : 0] = '\0';
	cleanup_free char *joined = path_join(root, *fixed ? fixed : ".");
	cleanup_free char *full = path_normalize(joined);
	return path_is_below(dir, full) ||
	       (strlen(fixed) < strlen(spec) && path_is_below(full, dir) &&
		       !starts_with(spec + strlen(fixed) + (*fixed != '\0'), "*."));
}

/* Mocha runs what it is told: packages below only when a spec leads into them. */
static bool covers(const struct package *package, const struct suite *suite, const char *dir)
{
	const struct json *spec =
		suite->config ? NULL : json_path(package->json, "mocha", "spec", NULL);

	for (size_t i = 0; i < suite->args.n; i++)
		if (suite->args.v[i][0] != '-' && strchr(suite->args.v[i], '/') &&
			reaches(suite->root, suite->args.v[i], dir))
			return true;
	if (json_is_string(spec))
		return reaches(suite->root, json_string(spec, ""), dir);
	json_each (item, spec)
		if (reaches(suite->root, json_string(item, ""), dir))
			return true;
	return false;
}

const struct runner mocha_runner = {
	.name = "mocha",
	.package = "mocha",
	.oldest = 6,
	.adapter = "mocha.cjs",
	.config_files = config_files,
	.config_key = "mocha",
	.programs = programs,
	.folders = folders,
	.mode_args = mode_args,
	.serial = true,
	.groups = true,
	.stop_signal = SIGTERM,
	.detect = detect,
	.covers = covers,
};
