/*
 * A runner: support for one test framework. It is pure: it looks at a package and says what it
 * found; the work inside Node is done by its adapter, a .cjs file that speaks the worker protocol
 * (docs/design/worker-protocol.md). Adding a runner is one file here, one adapter, one row in the
 * registry.
 */
#pragma once

#include "core/base/base.h"
#include "core/detect/package.h"
#include "core/suite.h"

struct runner {
	const char *name;    /* "jest" */
	const char *package; /* npm package that must be resolvable: "jest", "@playwright/test" */
	int oldest;          /* major version that works */
	const char *adapter; /* name of the embedded script, "jest.cjs" */
	const char *const *config_files; /* file names that mean a suite; NULL-ended */
	const char *config_key;          /* key in package.json that means the same, or NULL */
	const char *const *programs;     /* words that start it in an npm script; NULL-ended */

	const char *const *folders; /* where its tests are when nothing says so; NULL-ended */
	bool anywhere;              /* by itself it finds tests in any folder of the package */
	/* Arguments that are kept but say only how to run: suites that differ in nothing else are
	 * the same suite. NULL-ended. */
	const char *const *mode_args;

	/* Its own default is one process for all files: none is added on a guess. */
	bool serial;
	/* One process takes the whole suite and spreads it over the slots it is given. */
	bool batch;
	/* Several files may be given to a worker at once: it loads them together, and runs them one
	 * after another. */
	bool groups;
	/* First signal of a stop (Playwright needs SIGINT to flush), and the time it has, ms. */
	int stop_signal;
	int stop_grace_ms;

	/*
	 * May be NULL. Called for a package where a configuration file, the key, or a script was
	 * found; refines the suite (config, args, node_options) or refuses it by returning false.
	 * `command` is the script's command that starts the runner, or NULL; its arguments
	 * (patterns expanded), env, node options and folder are in the suite already.
	 */
	bool (*detect)(const struct package *package, const struct script_command *command,
		struct suite *suite);
	/*
	 * May be NULL = never. Does `suite`, found in the package, also run the tests in the folder
	 * `dir` below it, whose package would make a suite of its own?
	 */
	bool (*covers)(const struct package *package, const struct suite *suite, const char *dir);
};

/* NULL-ended table, passed in by cmd: core never names a runner. */
typedef const struct runner *const *runner_table;

const struct runner *runner_find(runner_table table, const char *name);
