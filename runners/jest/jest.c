#include "core/base/base.h"

#include "runners/registry.h"

#include <signal.h>

static const char *const config_files[] = {"jest.config.js", "jest.config.ts", "jest.config.cjs",
	"jest.config.mjs", "jest.config.json", "jest.config.mts", "jest.config.cts", NULL};
static const char *const programs[] = {"jest", "jest-cli", NULL};
static const char *const config_flags[] = {"--config=", "-c=", NULL};
static const char *const dropped[] = {"--coverage", "--collectCoverage",
	"--coverageReporters=", "--coverageDirectory=", "--collectCoverageFrom=", "--verbose",
	"--watch", "--watchAll", "--silent", "--bail", "-b",
	"--maxWorkers=", "-w=", "--maxConcurrency=", "--colors", "--color", "--no-color", "--json",
	"--outputFile=", "--reporters=", "--notify", "--detectOpenHandles", "--forceExit",
	"--logHeapUsage", "--expand", "-e", "--debug", "--no-watchman", "--watchman", "--useStderr",
	"--errorOnDeprecated", "--workerIdleMemoryLimit=", "--showSeed", "--no-coverage", NULL};
static const char *const value_flags[] = {"-t=", "--testNamePattern=", "--env=", "--rootDir=",
	"--testPathPattern=", "--testPathPatterns=", "--testPathIgnorePatterns=",
	"--selectProjects=", "--projects=", "--testTimeout=", "--setupFiles=",
	"--setupFilesAfterEach=", "--roots=", "--globals=", "--testMatch=", "--testRegex=",
	"--testEnvironment=", "--runner=", "--ignoreProjects=", "--shard=", "--seed=", NULL};

const struct runner jest_runner = {
	.name = "jest",
	.package = "jest",
	.adapter = "jest.cjs",
	.config_files = config_files,
	.config_key = "jest",
	.programs = programs,
	.stop_signal = SIGTERM,
	.dropped = dropped,
	.config_flags = config_flags,
	.value_flags = value_flags,
	.default_dirs = (const char *const[]){"__tests__", "src", "test", "tests", NULL},
};
