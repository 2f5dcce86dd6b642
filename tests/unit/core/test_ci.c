#include "core/base/base.h"

#include "core/ci.h"
#include "tests/support/test.h"

/* The environment of the row under test: "NAME=value", NULL-ended. */
static const char *const *environment;

static char *get(const char *name)
{
	size_t n = strlen(name);

	for (const char *const *e = environment; *e; e++)
		if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
			return (char *)*e + n + 1;
	return NULL;
}

static const char *text(const char *s)
{
	return s ? s : "-";
}

TEST(ci, providers)
{
	static const struct {
		const char *env[12];
		const char *info; /* provider ci commit branch url shard/shards attempt label */
	} rows[] = {
		{{NULL}, "'' 0 - - '' 0/0 0 -"},
		{{"CI=false"}, "'' 0 - - '' 0/0 0 -"},
		{{"CI="}, "'' 0 - - '' 0/0 0 -"},
		{{"CI=1"}, "'' 1 - - '' 0/0 0 -"},
		{{"GITHUB_ACTIONS=true", "GITHUB_SHA=abc", "GITHUB_REF_NAME=main",
			 "GITHUB_SERVER_URL=https://x", "GITHUB_REPOSITORY=a/b", "GITHUB_RUN_ID=7",
			 "GITHUB_RUN_ATTEMPT=2", "RUNNER_OS=Linux", "ImageOS=ubuntu24",
			 "GITHUB_HEAD_REF="},
			"'github' 1 abc main 'https://x/a/b/actions/runs/7' 0/0 2 ubuntu24"},
		{{"GITHUB_ACTIONS=true", "GITHUB_REF_NAME=7/merge", "GITHUB_HEAD_REF=fix",
			 "RUNNER_OS=Linux"},
			"'github' 1 - fix '' 0/0 0 Linux"},
		{{"GITLAB_CI=true", "CI_NODE_INDEX=2", "CI_NODE_TOTAL=3", "CI_COMMIT_SHA=abc",
			 "CI_COMMIT_REF_NAME=b", "CI_JOB_URL=https://g/1"},
			"'gitlab' 1 abc b 'https://g/1' 2/3 0 -"},
		{{"GITLAB_CI=true", "CI_JOB_RETRY_COUNT=0"}, "'gitlab' 1 - - '' 0/0 1 -"},
		{{"GITLAB_CI=true", "CI_JOB_RETRY_COUNT=2"}, "'gitlab' 1 - - '' 0/0 3 -"},
		{{"GITLAB_CI=true", "CI_NODE_INDEX=4", "CI_NODE_TOTAL=3"},
			"'gitlab' 1 - - '' 0/0 0 -"},
		{{"CIRCLECI=true", "CIRCLE_NODE_INDEX=0", "CIRCLE_NODE_TOTAL=2", "CIRCLE_BRANCH=b"},
			"'circleci' 1 - b '' 1/2 0 -"},
		{{"CIRCLECI=true", "CIRCLE_NODE_INDEX=0", "CIRCLE_NODE_TOTAL=1"},
			"'circleci' 1 - - '' 0/0 0 -"},
		{{"CIRCLECI=true", "CIRCLE_NODE_INDEX=x", "CIRCLE_NODE_TOTAL=-2"},
			"'circleci' 1 - - '' 0/0 0 -"},
		{{"BUILDKITE=true", "BUILDKITE_RETRY_COUNT=0", "BUILDKITE_PARALLEL_JOB=1",
			 "BUILDKITE_PARALLEL_JOB_COUNT=2", "BUILDKITE_AGENT_META_DATA_QUEUE=big"},
			"'buildkite' 1 - - '' 2/2 1 big"},
		{{"BUILDKITE=true", "BUILDKITE_RETRY_COUNT=2", "BUILDKITE_COMMIT=c",
			 "BUILDKITE_BRANCH=b", "BUILDKITE_BUILD_URL=https://b/1"},
			"'buildkite' 1 c b 'https://b/1' 0/0 3 -"},
		{{"TF_BUILD=True", "SYSTEM_JOBPOSITIONINPHASE=2", "SYSTEM_TOTALJOBSINPHASE=4",
			 "BUILD_SOURCEVERSION=c", "SYSTEM_PULLREQUEST_SOURCEBRANCH=refs/heads/p",
			 "BUILD_SOURCEBRANCH=refs/pull/1/merge", "AGENT_OS=Linux"},
			"'azure' 1 c p '' 2/4 0 Linux"},
		{{"GITLAB_CI=true", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME=mr",
			 "CI_COMMIT_REF_NAME=b", "CI_NODE_INDEX=1", "CI_NODE_TOTAL=1"},
			"'gitlab' 1 - mr '' 0/0 0 -"},
		{{"CIRCLECI=true", "CIRCLE_NODE_INDEX=1", "CIRCLE_NODE_TOTAL=2", "CIRCLE_SHA1=c",
			 "CIRCLE_BUILD_URL=https://c/1"},
			"'circleci' 1 c - 'https://c/1' 2/2 0 -"},
		{{"JENKINS_URL=https://j", "CHANGE_BRANCH=pr", "BRANCH_NAME=PR-1"},
			"'jenkins' 1 - pr '' 0/0 0 -"},
		{{"JENKINS_URL=https://j", "GIT_COMMIT=c", "GIT_BRANCH=origin/x", "BRANCH_NAME=x",
			 "BUILD_URL=https://j/1"},
			"'jenkins' 1 c x 'https://j/1' 0/0 0 -"},
		{{"TF_BUILD=True", "BUILD_SOURCEBRANCH=refs/heads/a/b", "SYSTEM_JOBATTEMPT=3",
			 "SYSTEM_COLLECTIONURI=https://d/", "SYSTEM_TEAMPROJECT=p",
			 "BUILD_BUILDID=9"},
			"'azure' 1 - a/b 'https://d/p/_build/results?buildId=9' 0/0 3 -"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct ci_info ci;
		environment = rows[i].env;
		ci_read(&ci, get);
		cleanup_free char *got = xasprintf("'%s' %d %s %s '%s' %d/%d %d %s", ci.provider,
			ci.is_ci, text(ci.commit), text(ci.branch), ci.run_url, ci.shard, ci.shards,
			ci.attempt, text(ci.label));
		cr_expect_str_eq(got, rows[i].info, "row %zu: %s", i, got);
	}
}

TEST(ci, platform)
{
	static const char *const plain[] = {NULL};
	static const char *const github[] = {"GITHUB_ACTIONS=1", "ImageOS=ubuntu24", NULL};
	struct ci_info ci;
	char here[64], there[64], cut[8];

	environment = plain;
	ci_read(&ci, get);
	ci_platform(&ci, here, sizeof(here));
	cr_assert(strchr(here, '-') && !strchr(here, '+') && !strpbrk(here, " A"), "%s", here);
	environment = github;
	ci_read(&ci, get);
	ci_platform(&ci, there, sizeof(there));
	cr_assert(starts_with(there, here) && ends_with(there, "+github-ubuntu24"), "%s", there);
	ci_platform(&ci, cut, sizeof(cut));
	cr_assert(strlen(cut) < sizeof(cut));
}

TEST(ci, secrets)
{
	static const struct {
		const char *name;
		bool secret;
	} rows[] = {
		{"GITHUB_ENV", true},
		{"GITHUB_PATH", true},
		{"GITHUB_OUTPUT", true},
		{"GITHUB_STATE", true},
		{"GITHUB_STEP_SUMMARY", true},
		{"ACTIONS_RUNTIME_TOKEN", true},
		{"ACTIONS_ID_TOKEN_REQUEST_URL", true},
		{"ACTIONS_ID_TOKEN_REQUEST_TOKEN", true},
		{"ACTIONS_CACHE_URL", true},
		{"ACTIONS_RESULTS_URL", true},
		{"CI_JOB_TOKEN", true},
		{"CI_JOB_JWT_V2", true},
		{"CI_REGISTRY_PASSWORD", true},
		{"CIRCLE_OIDC_TOKEN_V2", true},
		{"BUILDKITE_AGENT_ACCESS_TOKEN", true},
		{"CI_COMMIT_SHA", false},
		{"MUSTER_QUEUE", true},
		{"MUSTER_QUEUE_URL", true},
		{"MUSTER_SLACK_TOKEN", true},
		{"MUSTER_WEBHOOK_SECRET", true},
		{"MUSTER_WORKERS", false},
		{"GITHUB_SHA", false},
		{"GITHUB_ENVIRONMENT", false},
		{"GITHUB_TOKEN", false}, /* the workflow handed it over on purpose */
		{"PATH", false},
		{"", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_expect_eq(ci_env_is_secret(rows[i].name), rows[i].secret, "%s", rows[i].name);
}
