#include "core/base/base.h"

#include "core/ci.h"

#include <ctype.h>
#include <sys/utsname.h>

struct provider {
	const char *name, *marker; /* variable that is set there */
	const char *commit, *branch, *url, *attempt, *label;
	const char *shard, *shards;
	int shard_base; /* number of the first shard */
};

static const struct provider providers[] = {
	{"github", "GITHUB_ACTIONS", "GITHUB_SHA", "GITHUB_REF_NAME", NULL, "GITHUB_RUN_ATTEMPT",
		"RUNNER_OS", NULL, NULL, 0},
	{"gitlab", "GITLAB_CI", "CI_COMMIT_SHA", "CI_COMMIT_REF_NAME", "CI_JOB_URL", NULL, NULL,
		"CI_NODE_INDEX", "CI_NODE_TOTAL", 1},
	{"circleci", "CIRCLECI", "CIRCLE_SHA1", "CIRCLE_BRANCH", "CIRCLE_BUILD_URL", NULL, NULL,
		"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0},
	{"buildkite", "BUILDKITE", "BUILDKITE_COMMIT", "BUILDKITE_BRANCH", "BUILDKITE_BUILD_URL",
		"BUILDKITE_RETRY_COUNT", NULL, "BUILDKITE_PARALLEL_JOB",
		"BUILDKITE_PARALLEL_JOB_COUNT", 0},
	{"jenkins", "JENKINS_URL", "GIT_COMMIT", "GIT_BRANCH", "BUILD_URL", NULL, NULL, NULL, NULL,
		0},
	{"azure", "TF_BUILD", "BUILD_SOURCEVERSION", "BUILD_SOURCEBRANCHNAME", NULL,
		"SYSTEM_JOBATTEMPT", "AGENT_OS", "SYSTEM_JOBPOSITIONINPHASE",
		"SYSTEM_TOTALJOBSINPHASE", 1},
};

static const char *value(ci_getenv_fn *get, const char *name)
{
	const char *v = name ? get(name) : NULL;

	return v && *v ? v : NULL;
}

static int number(ci_getenv_fn *get, const char *name)
{
	const char *v = value(get, name);

	return v && strspn(v, "0123456789") == strlen(v) && strlen(v) < 7 ? atoi(v) : -1;
}

void ci_read(struct ci_info *ret, ci_getenv_fn *get)
{
	const char *ci = value(get, "CI");

	*ret = (struct ci_info){.provider = ""};
	ret->is_ci = ci && !streq(ci, "false") && !streq(ci, "0");
	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		const struct provider *p = &providers[i];
		if (!value(get, p->marker))
			continue;
		int shards = number(get, p->shards);
		ret->provider = p->name;
		ret->is_ci = true;
		ret->commit = value(get, p->commit);
		ret->branch = value(get, p->branch);
		ret->run_url = value(get, p->url);
		ret->attempt = MAX(number(get, p->attempt), 0);
		ret->label = value(get, p->label);
		if (shards > 1 && number(get, p->shard) >= 0) {
			ret->shards = shards;
			ret->shard = number(get, p->shard) + 1 - p->shard_base;
		}
		return;
	}
}

void ci_platform(const struct ci_info *ci, char *buf, size_t size)
{
	struct utsname u;
	const char *arch = "unknown";

	if (uname(&u) < 0)
		memcpy(u.sysname, "unknown", 8);
	else
		arch = streq(u.machine, "x86_64")                                 ? "x64"
		       : streq(u.machine, "aarch64") || streq(u.machine, "arm64") ? "arm64"
										  : u.machine;
	for (char *c = u.sysname; *c; c++)
		*c = (char)tolower((unsigned char)*c);
	int n = snprintf(buf, size, "%.30s-%.30s", u.sysname, arch);
	if (ci->is_ci && n > 0 && (size_t)n < size)
		snprintf(buf + n, size - (size_t)n, "+%s%s%.40s",
			*ci->provider ? ci->provider : "ci", ci->label ? "-" : "",
			ci->label ? ci->label : "");
}

bool ci_env_is_secret(const char *name)
{
	static const char *const names[] = {
		"GITHUB_ENV",
		"GITHUB_PATH",
		"GITHUB_OUTPUT",
		"GITHUB_STATE",
		"GITHUB_STEP_SUMMARY",
		"ACTIONS_RUNTIME_TOKEN",
		"ACTIONS_CACHE_URL",
		"ACTIONS_RESULTS_URL",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(name, names[i]))
			return true;
	if (starts_with(name, "ACTIONS_ID_TOKEN_REQUEST_"))
		return true;
	return starts_with(name, "MUSTER_") &&
	       (ends_with(name, "_TOKEN") || ends_with(name, "_SECRET") ||
		       starts_with(name, "MUSTER_QUEUE"));
}
