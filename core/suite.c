#include "core/base/base.h"

#include "core/suite.h"

struct suite *suite_new(const char *name, const struct runner *runner, const char *root)
{
	struct suite *suite = xcalloc(1, sizeof(*suite));

	*suite = (struct suite){
		.name = xstrdup(name),
		.runner = runner,
		.root = xstrdup(root),
		.files = STRVEC_INIT,
		.args = STRVEC_INIT,
		.env = STRVEC_INIT,
		.node_options = STRVEC_INIT,
		.services = STRVEC_INIT,
		.coverage_tool = STRVEC_INIT,
		.coverage = -1,
		.retries = {{-1, -1, -1}},
		.timeout_ms = -1,
		.split = 1,
	};
	return suite;
}

void suite_free(struct suite *suite)
{
	if (!suite)
		return;
	free(suite->name);
	free(suite->root);
	free(suite->config);
	free(suite->reason);
	strvec_release(&suite->files);
	strvec_release(&suite->args);
	strvec_release(&suite->env);
	strvec_release(&suite->node_options);
	for (size_t i = 0; i < suite->need_count; i++)
		free(suite->needs[i].resource);
	free(suite->needs);
	strvec_release(&suite->services);
	strvec_release(&suite->coverage_tool);
	free(suite);
}

void suites_add(struct suites *suites, struct suite *suite)
{
	GROW(suites->v, suites->n + 1, suites->cap);
	suites->v[suites->n++] = suite;
}

struct suite *suites_find(const struct suites *suites, const char *name)
{
	for (size_t i = 0; i < suites->n; i++)
		if (streq(suites->v[i]->name, name))
			return suites->v[i];
	return NULL;
}

void suites_release(struct suites *suites)
{
	for (size_t i = 0; i < suites->n; i++)
		suite_free(suites->v[i]);
	free(suites->v);
	*suites = (struct suites)SUITES_INIT;
}

static const char *const isolations[] = {
	[SUITE_ISOLATE_RUNNER] = "runner",
	[SUITE_ISOLATE_FILE] = "file",
	[SUITE_ISOLATE_PROCESS] = "process",
};

const char *suite_isolation_name(enum suite_isolation isolation)
{
	return isolations[isolation];
}

bool suite_isolation_parse(const char *name, enum suite_isolation *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(isolations); i++) {
		if (!streq(isolations[i], name))
			continue;
		*ret = (enum suite_isolation)i;
		return true;
	}
	return false;
}
