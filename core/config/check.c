#include "core/base/base.h"

#include "core/config/check.h"
#include "core/coverage/report.h"
#include "core/reporter.h"

struct checking {
	const struct config *config;
	const struct yamltree *yaml;
	struct error *err;
};

/* The place of an item: in a list its own, in a single text the whole. */
static const struct yaml_node *item_of(const struct yaml_node *list, const char *text)
{
	for (const struct yaml_node *c = list->child; c; c = c->next)
		if (streq(c->text, text))
			return c;
	return list;
}

static int check_services(
	const struct checking *r, const struct yaml_node *node, const struct suite *suite)
{
	const struct config *c = r->config;
	const struct yaml_node *list = yamltree_member(node, "services");

	for (size_t i = 0; i < suite->services.n; i++) {
		const char *name = suite->services.v[i];
		bool found = false;
		for (size_t s = 0; s < c->service_count; s++)
			found |= streq(c->services[s].name, name);
		if (found)
			continue;
		yamltree_error(
			r->yaml, item_of(list, name), r->err, "no service is named `%.60s`", name);
		return error_help(r->err, "define it under `services`");
	}
	return 0;
}

static int check_needs(
	const struct checking *r, const struct yaml_node *node, const struct suite *suite)
{
	const struct config *c = r->config;
	const struct yaml_node *needs = yamltree_member(node, "needs");

	for (size_t i = 0; i < suite->need_count; i++) {
		const struct suite_need *need = &suite->needs[i];
		const struct yaml_node *place = yamltree_member(needs, need->resource);
		int amount = 0;
		for (size_t k = 0; k < c->resource_count; k++)
			if (streq(c->resources[k].name, need->resource))
				amount = c->resources[k].amount;
		if (!amount) {
			yamltree_error_key(r->yaml, place, r->err, "no resource is named `%.60s`",
				need->resource);
			return error_help(r->err, "say how much there is: resources: {%.60s: %d}",
				need->resource, need->amount);
		}
		if (need->amount > amount)
			return yamltree_error(r->yaml, place, r->err,
				"this needs %d of `%.60s`, and there are %d", need->amount,
				need->resource, amount);
	}
	return 0;
}

/* A batch has workers of its own. */
static int check_isolation(
	const struct checking *r, const struct yaml_node *node, const struct suite *suite)
{
	if (!suite->runner->batch || suite->isolate == SUITE_ISOLATE_RUNNER)
		return 0;
	return yamltree_error(r->yaml, yamltree_member(node, "isolate"), r->err,
		"`isolate` is for runners whose files share a worker, %s is none of them",
		suite->runner->name);
}

static int check_suites(const struct checking *r)
{
	const struct yaml_node *list = yamltree_member(r->yaml->root, "suites");
	const struct yaml_node *node = list ? list->child : NULL;

	for (size_t i = 0; i < r->config->suites.n && node; i++, node = node->next) {
		const struct suite *suite = r->config->suites.v[i];
		if (check_services(r, node, suite) < 0 || check_needs(r, node, suite) < 0 ||
			check_isolation(r, node, suite) < 0)
			return -1;
	}
	return 0;
}

/* ---- names of reports ------------------------------------------------------------------------- */

/* Every name is one of `known`; what stands behind `end` is not part of it. */
static int check_names(const struct checking *r, const struct yaml_node *list,
	const struct strvec *names, const struct strvec *known, const char *what, const char *end)
{
	strvec_each (item, names) {
		cleanup_free char *name = xstrndup(item, strcspn(item, end));
		if (strvec_has(known, name))
			continue;
		yamltree_error(
			r->yaml, item_of(list, item), r->err, "unknown %s `%.60s`", what, name);
		return error_help_names(r->err, name, (const char *const *)known->v, "known here");
	}
	return 0;
}

static int check_reporters(const struct checking *r)
{
	const struct yaml_node *list = yamltree_member(r->yaml->root, "reporters");
	cleanup_strvec struct strvec known = STRVEC_INIT;

	if (!list || !r->config->known_reporters)
		return 0;
	for (reporter_table t = r->config->known_reporters; *t; t++)
		strvec_push(&known, (*t)->name);
	return check_names(r, list, &r->config->reporters, &known, "reporter", "=");
}

static int check_coverage_reports(const struct checking *r)
{
	const struct yaml_node *coverage = yamltree_member(r->yaml->root, "coverage");
	const struct yaml_node *list = coverage ? yamltree_member(coverage, "reports") : NULL;
	cleanup_strvec struct strvec known = STRVEC_INIT;

	if (!list)
		return 0;
	for (const struct coverage_report *c = coverage_reports; c->name; c++)
		strvec_push(&known, c->name);
	return check_names(r, list, &r->config->coverage.reports, &known, "report", "");
}

int config_check(const struct config *config, const struct yamltree *yaml, struct error *err)
{
	const struct checking r = {config, yaml, err};

	return check_suites(&r) < 0 || check_reporters(&r) < 0 || check_coverage_reports(&r) < 0
		       ? -1
		       : 0;
}
