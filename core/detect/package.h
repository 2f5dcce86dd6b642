/*
 * A package of the project: a folder with a package.json, what its scripts start, and which
 * workspaces it has. Read once, pure data afterwards.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/json.h"
#include "core/base/strvec.h"

/*
 * One simple command of an npm script, with wrappers (npx, cross-env, c8, nyc, node) taken off.
 * NODE_OPTIONS stays in `env`, where node itself finds it; `node_options` has only what stood on
 * the command line, so nothing is applied twice.
 */
struct script_command {
	char *entry;                 /* the script that was started: "test" */
	char *script;                /* name of the npm script it was found in */
	char *dir;                   /* `cd DIR` before it, relative to the package; NULL = none */
	struct strvec env;           /* "NAME=value" set before the command, cross-env's too */
	struct strvec node_options;  /* flags given to node before the program */
	struct strvec coverage_tool; /* that it is wrapped in: "nyc" or "c8", then its options */
	char *program; /* "mocha", "jest", "playwright" … ; a path when it is the project's own */
	struct strvec args;
	struct strvec globs; /* for each arg: the pattern that sh would expand, or "" */
};

struct package {
	char *dir;           /* absolute */
	char *name;          /* or the folder's name */
	struct json *json;   /* package.json; NULL when there is none */
	struct strvec files; /* names in the folder */
	struct script_command
		*commands; /* what the scripts start, those reached from `test` first */
	size_t command_count;
};

/* A folder without package.json is a package without scripts. Broken package.json: error. */
struct package *package_read(const char *dir, struct error *err);
void package_free(struct package *package);
/* The command's arguments as the program would see them: patterns that match files are expanded
 * (sorted by bytes), others stay as they are, as sh does. `dir` is absolute. */
void package_expand(const struct script_command *command, const char *dir, struct strvec *ret_args);
bool package_has_file(const struct package *package, const char *name);
/* Text of a script, or NULL. */
const char *package_script(const struct package *package, const char *name);
/* The first command whose program is one of `programs` (NULL-ended), or NULL. */
const struct script_command *package_command(
	const struct package *package, const char *const *programs);
/* True when dependencies, devDependencies, peer- or optionalDependencies name it. */
bool package_depends(const struct package *package, const char *name);
/* Folders of the workspaces (package.json `workspaces`, pnpm-workspace.yaml, lerna.json), absolute,
 * sorted; without node_modules. */
int package_workspaces(const struct package *package, struct strvec *ret_dirs, struct error *err);
