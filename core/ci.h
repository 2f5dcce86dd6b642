/* What the environment tells about a CI system: GitHub, GitLab, CircleCI, Buildkite, Jenkins,
 * Azure. */
#pragma once

#include "core/base/base.h"

struct ci_info {
	const char *provider; /* "github" …; "" = none known */
	bool is_ci;           /* a provider, or CI is set to something true */
	const char *commit;   /* borrowed from the environment; NULL = unknown */
	const char *branch;   /* likewise; of a pull request: the one it comes from */
	char run_url[512];    /* page of the CI run; "" = unknown */
	int shard, shards;    /* from 1, when the provider splits by itself; 0 = not */
	int attempt;          /* of this job or the whole CI run, from 1; 0 = not told */
	const char *label;    /* machine class of the provider, or NULL */
};

typedef char *ci_getenv_fn(const char *name);

void ci_read(struct ci_info *ret, ci_getenv_fn *get);
/* Class of machine for the history: "linux-x64", in CI "linux-x64+github-ubuntu24". */
void ci_platform(const struct ci_info *ci, char *buf, size_t size);
/* The branch that a pull request goes to, or NULL. */
const char *ci_target_branch(ci_getenv_fn *get);
/* Variables that tests have no business with: tokens and command files of the CI system, and ours. */
bool ci_env_is_secret(const char *name);
