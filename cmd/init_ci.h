/*
 * A workflow of GitHub Actions for a project: it follows what the project has, which is lock file,
 * version of Node, suites, services of muster.yaml.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"
#include "core/config/config.h"
#include "core/suite.h"

struct init_ci {
	const struct config *config;
	const struct suites *suites;
	const char *top;    /* working tree of git, or the project's folder; absolute */
	const char *action; /* where the action is, as `uses:` wants it */
};

/* What `uses:` wants, from "./PATH", "OWNER/REPO@REF" or "OWNER/REPO/PATH@REF"; NULL when it is
 * none of them (exit code 2). Caller frees. */
char *init_ci_action(const char *given, struct error *err);
/* -1: a folder has a name that GitHub would take for an expression (exit code 2). */
int init_ci_github(const struct init_ci *ci, struct strbuf *out, struct error *err);
