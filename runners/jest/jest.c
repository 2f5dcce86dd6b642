#include "core/base/base.h"

#include "core/base/path.h"
#include "runners/option.h"
#include "runners/registry.h"

#include <signal.h>

static const char *const config_files[] = {"jest.config.js", "jest.config.ts", "jest.config.mjs",
	"jest.config.cjs", "jest.config.mts", "jest.config.cts", "jest.config.json", NULL};
static const char *const programs[] = {"jest", "jest-cli", NULL};
static const char *const folders[] = {"__tests__", "test", "tests", "src/__tests__", NULL};
static const char *const mode_args[] = {"--runInBand", "--ci", NULL};

/* --ci stays: with it a missing snapshot is a failure, without it is written. */
static const struct option options[] = {
	{"--version --help -h --init --showConfig --listTests --clearCache", OPTION_FLAG,
		OPTION_REFUSE},
	{"--config -c", OPTION_ONE, OPTION_CONFIG},
	{"--runInBand -i", OPTION_FLAG, OPTION_KEEP, "--runInBand"},
	{"--maxWorkers -w", OPTION_ONE, OPTION_SERIAL, "--runInBand"},
	{"--coverage --collectCoverage --verbose --silent --watch --watchAll --updateSnapshot -u "
	 "--notify --logHeapUsage --detectOpenHandles --forceExit --color --colors "
	 "--onlyChanged -o --onlyFailures -f --lastCommit --json --useStderr --debug --cache "
	 "--watchman --noStackTrace --showSeed",
		OPTION_FLAG, OPTION_DROP},
	{"--bail -b", OPTION_NUMBER, OPTION_DROP},
	{"--outputFile --testResultsProcessor --coverageDirectory --changedSince --notifyMode "
	 "--workerThreads --workerIdleMemoryLimit --openHandlesTimeout",
		OPTION_ONE, OPTION_DROP},
	{"--reporters --coverageReporters --watchPathIgnorePatterns", OPTION_MANY, OPTION_DROP},
	{NULL},
};

/* Programs that bring a hidden Jest configuration: a `jest` key means nothing without them. */
static bool has_other_starter(const struct package *package)
{
	static const char *const starters[] = {"react-scripts", "react-app-rewired", "craco",
		"vue-cli-service", "wp-scripts", "umi-test", "tsdx", NULL};
	const struct script_command *command = package_command(package, starters);

	return command && streq(command->entry, "test");
}

/* Who has moved to vitest often leaves the configuration file behind. */
static bool is_left_behind(const struct package *package)
{
	static const char *const successors[] = {"vitest", NULL};

	return package_command(package, successors) && !package_command(package, programs);
}

static bool detect(
	const struct package *package, const struct script_command *command, struct suite *suite)
{
	if (command)
		return option_apply(options, suite);
	return !has_other_starter(package) && !is_left_behind(package);
}

/* `<rootDir>/x` and relative paths, as seen from the suite's root; "" for what cannot be known. */
static bool reaches(const char *root, const char *path, const char *dir)
{
	if (starts_with(path, "<rootDir>")) {
		path += strlen("<rootDir>");
		path += strspn(path, "/");
	}
	cleanup_free char *joined = path_join(root, *path ? path : ".");
	cleanup_free char *named = path_normalize(joined);
	/* a project may be named by its configuration file */
	cleanup_free char *full = *path_extension(named) ? path_dirname(named) : xstrdup(named);

	if (strpbrk(full, "*?[{"))
		return path_glob(full, dir) || path_glob(full, root);
	return path_is_below(full, dir) || path_is_below(dir, full);
}

static bool any_reaches(const struct json *list, const char *root, const char *dir)
{
	json_each (item, list)
		if (!json_is_string(item) || reaches(root, json_string(item, "."), dir))
			return true;
	return !json_count(list);
}

static bool covers(const struct package *package, const struct suite *suite, const char *dir)
{
	const struct json *config = suite->config ? NULL : json_get(package->json, "jest");
	const char *root_dir = json_get_string(config, "rootDir", ".");

	for (size_t i = 0; i < suite->args.n; i++) {
		const char *arg = suite->args.v[i];
		if (starts_with(arg, "--rootDir="))
			root_dir = arg + strlen("--rootDir=");
		else if (streq(arg, "--rootDir") && suite->args.v[i + 1])
			root_dir = suite->args.v[i + 1];
	}
	cleanup_free char *joined = path_join(suite->root, root_dir);
	cleanup_free char *root = path_normalize(joined);
	return path_is_below(root, dir) && any_reaches(json_get(config, "roots"), root, dir) &&
	       any_reaches(json_get(config, "projects"), root, dir);
}

const struct runner jest_runner = {
	.name = "jest",
	.package = "jest",
	.oldest = 27,
	.adapter = "jest.cjs",
	.config_files = config_files,
	.config_key = "jest",
	.programs = programs,
	.folders = folders,
	.anywhere = true,
	.mode_args = mode_args,
	.stop_signal = SIGTERM,
	.detect = detect,
	.covers = covers,
};
