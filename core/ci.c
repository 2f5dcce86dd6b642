#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/ci.h"

#include <ctype.h>
#include <sys/utsname.h>

enum { CANDIDATES = 3 };

struct provider {
	const char *name, *marker; /* variable that is set there */
	const char *commit;
	const char *branch[CANDIDATES]; /* the first that is set; a "refs/heads/" is taken off */
	const char *url;                /* with {VARIABLE} */
	const char *attempt, *shard, *shards;
	int attempt_base, shard_base; /* number of the first one */
	const char *label[CANDIDATES];
};

static const struct provider providers[] = {
	{"github", "GITHUB_ACTIONS", "GITHUB_SHA", {"GITHUB_HEAD_REF", "GITHUB_REF_NAME"},
		"{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
		"GITHUB_RUN_ATTEMPT", NULL, NULL, 1, 0, {"ImageOS", "RUNNER_OS"}},
	{"gitlab", "GITLAB_CI", "CI_COMMIT_SHA",
		{"CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME"}, "{CI_JOB_URL}",
		"CI_JOB_RETRY_COUNT", "CI_NODE_INDEX", "CI_NODE_TOTAL", 0, 1, {NULL}},
	{"circleci", "CIRCLECI", "CIRCLE_SHA1", {"CIRCLE_BRANCH"}, "{CIRCLE_BUILD_URL}", NULL,
		"CIRCLE_NODE_INDEX", "CIRCLE_NODE_TOTAL", 0, 0, {NULL}},
	{"buildkite", "BUILDKITE", "BUILDKITE_COMMIT", {"BUILDKITE_BRANCH"},
		"{BUILDKITE_BUILD_URL}", "BUILDKITE_RETRY_COUNT", "BUILDKITE_PARALLEL_JOB",
		"BUILDKITE_PARALLEL_JOB_COUNT", 0, 0, {"BUILDKITE_AGENT_META_DATA_QUEUE"}},
	{"jenkins", "JENKINS_URL", "GIT_COMMIT", {"CHANGE_BRANCH", "BRANCH_NAME", "GIT_BRANCH"},
		"{BUILD_URL}", NULL, NULL, NULL, 0, 0, {NULL}},
	{"azure", "TF_BUILD", "BUILD_SOURCEVERSION",
		{"SYSTEM_PULLREQUEST_SOURCEBRANCH", "BUILD_SOURCEBRANCH", "BUILD_SOURCEBRANCHNAME"},
		"{SYSTEM_COLLECTIONURI}{SYSTEM_TEAMPROJECT}/_build/results?buildId={BUILD_BUILDID}",
		"SYSTEM_JOBATTEMPT", "SYSTEM_JOBPOSITIONINPHASE", "SYSTEM_TOTALJOBSINPHASE", 1, 1,
		{"ImageOS", "AGENT_OS"}},
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

static const char *first(ci_getenv_fn *get, const char *const names[CANDIDATES])
{
	const char *found = NULL;

	for (size_t i = 0; i < CANDIDATES && names[i] && !found; i++)
		found = value(get, names[i]);
	return found;
}

/* Put the values into the pattern; a variable that is not set leaves `buf` empty. */
static void fill(ci_getenv_fn *get, const char *pattern, char *buf, size_t size)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	while (*pattern) {
		size_t n = strcspn(pattern, "{");
		strbuf_add(&out, pattern, n);
		pattern += n;
		if (!*pattern)
			break;
		n = strcspn(pattern, "}");
		cleanup_free char *name = xstrndup(pattern + 1, n - 1);
		const char *v = value(get, name);
		if (!v)
			return;
		strbuf_addstr(&out, v);
		pattern += n + 1;
	}
	if (out.len < size)
		memcpy(buf, out.buf, out.len + 1);
}

static void read_provider(struct ci_info *ret, ci_getenv_fn *get, const struct provider *p)
{
	int shards = number(get, p->shards), shard = number(get, p->shard);
	int attempt = number(get, p->attempt);

	ret->provider = p->name;
	ret->is_ci = true;
	ret->commit = value(get, p->commit);
	ret->branch = first(get, p->branch);
	if (ret->branch && starts_with(ret->branch, "refs/heads/"))
		ret->branch += strlen("refs/heads/");
	fill(get, p->url, ret->run_url, sizeof(ret->run_url));
	ret->attempt = attempt < 0 ? 0 : MAX(attempt + 1 - p->attempt_base, 0);
	ret->label = first(get, p->label);
	shard += 1 - p->shard_base;
	if (shards > 1 && shard >= 1 && shard <= shards) {
		ret->shards = shards;
		ret->shard = shard;
	}
}

void ci_read(struct ci_info *ret, ci_getenv_fn *get)
{
	const char *ci = value(get, "CI");

	*ret = (struct ci_info){.provider = ""};
	ret->is_ci = ci && !streq(ci, "false") && !streq(ci, "0");
	for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
		if (value(get, providers[i].marker)) {
			read_provider(ret, get, &providers[i]);
			return;
		}
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
		"CI_JOB_TOKEN", /* GitLab; the next two have the same value */
		"CI_REGISTRY_PASSWORD",
		"CI_DEPENDENCY_PROXY_PASSWORD",
		"BUILDKITE_AGENT_ACCESS_TOKEN",
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (streq(name, names[i]))
			return true;
	if (starts_with(name, "ACTIONS_ID_TOKEN_REQUEST_") || starts_with(name, "CI_JOB_JWT") ||
		starts_with(name, "CIRCLE_OIDC_TOKEN"))
		return true;
	return starts_with(name, "MUSTER_") &&
	       (ends_with(name, "_TOKEN") || ends_with(name, "_SECRET") ||
		       starts_with(name, "MUSTER_QUEUE"));
}

const char *ci_target_branch(ci_getenv_fn *get)
{
	static const char *const names[] = {"GITHUB_BASE_REF",
		"CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
		"CHANGE_TARGET", "SYSTEM_PULLREQUEST_TARGETBRANCHNAME"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *branch = value(get, names[i]);
		if (branch && *branch != '-')
			return branch;
	}
	return NULL;
}
