/*
 * A runner: support for one test framework. Here it is data only: how to recognise the framework in
 * a project. The work inside Node is done by its adapter, a .cjs file that speaks the worker
 * protocol (docs/design/worker-protocol.md). Adding a runner is one file here, one adapter, one row
 * in the registry.
 */
#pragma once

#include "core/base/base.h"
#include "core/suite.h"

struct runner {
	const char *name;    /* "jest" */
	const char *package; /* npm package that must be resolvable: "jest", "@playwright/test" */
	const char *adapter; /* name of the embedded script, "jest.cjs" */
	const char *const *config_files; /* file names that mean a suite; NULL-ended */
	const char *config_key;          /* key in package.json that means the same, or NULL */
	const char *const *programs;     /* words that start it in an npm script; NULL-ended */

	/* One process takes the whole suite and spreads it over the slots it is given. */
	bool batch;
	/* First signal of a stop (Playwright needs SIGINT to flush), and the time it has, ms. */
	int stop_signal;
	int stop_grace_ms;

	/* Words behind the program that must be there ("test" for Playwright); NULL = none. */
	const char *subcommand;
	/* Options of scripts that speak of output or mode only: left out. "--x=" takes a value. */
	const char *const *dropped;
	/* Options that name the configuration file. */
	const char *const *config_flags;
	/* Options that take a value, so that it is not taken for a path; NULL-ended. */
	const char *const *value_flags;
	/* Folders that hold tests by the framework's own default: with one of them, depending on
	 * the package is enough. NULL = the dependency alone never is. */
	const char *const *default_dirs;
};

/* NULL-ended table, passed in by cmd: core never names a runner. */
typedef const struct runner *const *runner_table;

const struct runner *runner_find(runner_table table, const char *name);

/* True when `option` (as written, maybe "--x=v") is in the list; *ret_value tells that the list
 * says it takes a value and none is attached. */
bool runner_has_flag(const char *const *list, const char *option, bool *ret_value);
