/*
 * Detection: which suites a project has, from its packages, the runners' configuration files and
 * the npm scripts. Reads files, runs nothing.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"
#include "core/runner.h"
#include "core/suite.h"

/* What is to be told of a detection, each one line. */
struct project_notes {
	struct strbuf looked_for; /* what was looked for and where, for exit 4 */
	struct strbuf not_run;    /* tests of `others` that the scripts start; "" = none */
};

#define PROJECT_NOTES_INIT               \
	{                                \
		STRBUF_INIT, STRBUF_INIT \
	}

/*
 * Append the suites found in `base` and its workspaces. Rules (docs/design/detection.md): a package
 * has a suite of a runner when it has one of the runner's configuration files or keys, or a script
 * reached from `test` starts it; a suite at an outer folder with its own configuration covers the
 * packages below it. Names: the runner's name when unique, else "<package>:<runner>", with
 * ":<config or script>" behind it when a package has several suites of one runner.
 * `others`: programs of test frameworks without a runner, "NAME" or "NAME ARGUMENT"; NULL-ended.
 * `notes` may be NULL.
 */
int project_detect(const char *base, runner_table runners, const char *const *others,
	struct suites *suites, struct project_notes *notes, struct error *err);
void project_notes_release(struct project_notes *notes);
#define cleanup_project_notes __attribute__((cleanup(project_notes_release)))

/*
 * The folder that counts as the project, looking upwards from `start` to the one with .git: the
 * nearest with a muster.yaml; else the outermost package that lists the nearest package as its
 * workspace; else the nearest package (a package.json that only has `type` marks a folder and is
 * none); else the one with .git; else `start`.
 */
char *project_base(const char *start);
