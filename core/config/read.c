#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/config/check.h"
#include "core/config/keys.h"
#include "core/config/read.h"
#include "core/config/yamltree.h"

enum {
	FILE_BYTES = 256 * 1024,
	AMOUNT_DIGITS = 6,
};

/* What reading needs at every place. */
struct reading {
	struct config *config;
	const struct yamltree *yaml;
	runner_table runners;
	struct error *err;
};

/* ---- errors with a place --------------------------------------------------------------------- */

static int unknown_key(
	struct reading *r, const struct yaml_node *node, const struct config_key *keys)
{
	cleanup_strbuf struct strbuf known = STRBUF_INIT;
	cleanup_strvec struct strvec names = STRVEC_INIT;

	for (const struct config_key *k = keys; k->name; k++) {
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", k->name);
		strvec_push(&names, k->name);
	}
	if (config_key_is_reserved(node->key)) {
		yamltree_error_key(r->yaml, node, r->err, "`%s` is not supported by muster %s",
			node->key, MUSTER_VERSION);
		return error_help(r->err, "known keys here: %s", known.buf);
	}
	yamltree_error_key(r->yaml, node, r->err, "unknown key `%.60s`", node->key);
	const char *closest = text_closest(node->key, (const char *const *)names.v);
	if (closest && r->err) {
		size_t len = strlen(r->err->text);
		snprintf(r->err->text + len, sizeof(r->err->text) - len, " did you mean `%s`?",
			closest);
	}
	return error_help(r->err, "known keys here: %s", known.buf);
}

static int expect(
	struct reading *r, const struct yaml_node *node, enum yaml_kind kind, const char *what)
{
	if (node->kind == kind)
		return 0;
	return node->key ? yamltree_error(
				   r->yaml, node, r->err, "`%.60s` expects %s", node->key, what)
			 : yamltree_error(r->yaml, node, r->err, "expected %s", what);
}

/* ---- values ---------------------------------------------------------------------------------- */

static int read_list(struct reading *r, const struct yaml_node *node, struct strvec *list)
{
	if (node->kind == YAML_SCALAR && *node->text) {
		strvec_push(list, node->text);
		return 0;
	}
	if (expect(r, node, YAML_SEQUENCE, config_type_name(CONFIG_LIST)) < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (expect(r, item, YAML_SCALAR, "a text") < 0)
			return -1;
		strvec_push(list, item->text);
	}
	return 0;
}

static int read_map(struct reading *r, const struct yaml_node *node, struct strvec *list)
{
	if (expect(r, node, YAML_MAPPING, config_type_name(CONFIG_MAP)) < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (strchr(item->key, '=') || !*item->key)
			return yamltree_error_key(
				r->yaml, item, r->err, "this cannot be the name of a variable");
		if (expect(r, item, YAML_SCALAR, "a text") < 0)
			return -1;
		strvec_pushf(list, "%s=%s", item->key, item->text);
	}
	return 0;
}

static int read_retries(
	struct reading *r, const struct yaml_node *node, struct retry_counts *counts)
{
	const char *const *names = retry_kind_names;
	struct retry_counts read = {{-1, -1, -1}};

	for (const struct yaml_node *item = node->child; item; item = item->next) {
		const char *text = item->kind == YAML_SCALAR ? item->text : "";
		size_t digits = strspn(text, "0123456789");
		int kind = 0;
		while (kind < RETRY_KIND_COUNT && !streq(names[kind], item->key))
			kind++;
		if (kind == RETRY_KIND_COUNT) {
			yamltree_error_key(
				r->yaml, item, r->err, "unknown kind of test `%.60s`", item->key);
			return error_help(
				r->err, "known kinds: %s, %s, %s", names[0], names[1], names[2]);
		}
		if (!digits || digits > 3 || text[digits] || atoi(text) > RETRY_TRIES_MAX)
			return yamltree_error(r->yaml, item, r->err,
				"`%s` expects a whole number up to %d", item->key, RETRY_TRIES_MAX);
		read.of[kind] = atoi(text);
	}
	*counts = read;
	return 0;
}

static int read_amount(struct reading *r, const struct yaml_node *node, int *ret)
{
	const char *text = node->kind == YAML_SCALAR ? node->text : "";
	size_t digits = strspn(text, "0123456789");

	if (!digits || digits > AMOUNT_DIGITS || text[digits] || atoi(text) < 1)
		return yamltree_error(
			r->yaml, node, r->err, "`%.60s` expects a whole number from 1", node->key);
	*ret = atoi(text);
	return 0;
}

static int read_needs(struct reading *r, const struct yaml_node *node, struct suite *suite)
{
	int amount;

	if (expect(r, node, YAML_MAPPING, config_type_name(CONFIG_NEEDS)) < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (read_amount(r, item, &amount) < 0)
			return -1;
		suite->needs =
			xrealloc(suite->needs, (suite->need_count + 1) * sizeof(*suite->needs));
		suite->needs[suite->need_count++] = (struct suite_need){xstrdup(item->key), amount};
	}
	return 0;
}

static int read_resources(struct reading *r, const struct yaml_node *node, struct config *c)
{
	int amount;

	if (expect(r, node, YAML_MAPPING, config_type_name(CONFIG_RESOURCES)) < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (read_amount(r, item, &amount) < 0)
			return -1;
		c->resources =
			xrealloc(c->resources, (c->resource_count + 1) * sizeof(*c->resources));
		c->resources[c->resource_count++] =
			(struct config_resource){xstrdup(item->key), amount};
	}
	return 0;
}

/* A key that needs no section of its own. */
static int read_plain(
	struct reading *r, const struct yaml_node *node, const struct config_key *key, void *record)
{
	void *at = (char *)record + key->offset;
	struct error err = ERROR_INIT;

	if (key->type == CONFIG_LIST)
		return read_list(r, node, at);
	if (key->type == CONFIG_MAP)
		return read_map(r, node, at);
	if (key->type == CONFIG_NEEDS)
		return read_needs(r, node, record);
	if (key->type == CONFIG_RESOURCES)
		return read_resources(r, node, record);
	if (key->type == CONFIG_RETRIES && node->kind == YAML_MAPPING)
		return read_retries(r, node, at);
	if (expect(r, node, YAML_SCALAR, config_type_name(key->type)) < 0)
		return -1;
	if (config_key_set(key, record, node->text, &err) < 0)
		return yamltree_error(r->yaml, node, r->err, "%s", err.text);
	return 0;
}

/* ---- suites ---------------------------------------------------------------------------------- */

static const struct runner *suite_runner(struct reading *r, const struct yaml_node *node)
{
	const struct yaml_node *name = yamltree_member(node, "runner");
	cleanup_strvec struct strvec names = STRVEC_INIT;
	const struct runner *runner =
		name && name->kind == YAML_SCALAR ? runner_find(r->runners, name->text) : NULL;

	if (runner)
		return runner;
	for (runner_table t = r->runners; *t; t++)
		strvec_push(&names, (*t)->name);
	const char *const *known = (const char *const *)names.v;
	const char *word = name && name->kind == YAML_SCALAR ? name->text : "";
	if (!name)
		yamltree_error(r->yaml, node, r->err, "a suite needs a `runner`");
	else if (name->kind != YAML_SCALAR)
		yamltree_error(r->yaml, name, r->err, "`runner` expects a name");
	else if (text_closest(word, known))
		yamltree_error(r->yaml, name, r->err, "unknown runner `%.60s`", name->text);
	else
		yamltree_error(r->yaml, name, r->err, "the runner `%.60s` is not supported yet",
			name->text);
	error_help_names(r->err, word, known, "supported runners");
	return NULL;
}

/* The folder of a suite; links are resolved, so that none leads out of the project. */
static char *suite_root(struct reading *r, const struct yaml_node *node)
{
	const struct yaml_node *root = yamltree_member(node, "root");

	if (!root)
		return xstrdup(r->config->base);
	if (expect(r, root, YAML_SCALAR, config_type_name(CONFIG_FOLDER)) < 0)
		return NULL;
	cleanup_free char *joined = path_join(r->config->base, root->text);
	cleanup_free char *normal = path_normalize(joined);
	cleanup_free char *base = path_real(r->config->base);
	char *real = path_real(normal);
	if (!*root->text || !real || !path_is_dir(real))
		yamltree_error(
			r->yaml, root, r->err, "`root` is not a folder: `%.200s`", root->text);
	else if (!path_is_below(base ? base : r->config->base, real))
		yamltree_error(r->yaml, root, r->err, "`root` is outside of the project %s",
			r->config->base);
	else
		return real;
	free(real);
	return NULL;
}

static int finish_suite(struct reading *r, const struct yaml_node *node, struct suite *suite)
{
	const struct yaml_node *name = yamltree_member(node, "name");
	const struct yaml_node *config = yamltree_member(node, "config");

	if (suites_find(&r->config->suites, suite->name)) {
		yamltree_error(r->yaml, name ? name : node, r->err, "a second suite is named `%s`",
			suite->name);
		return error_help(r->err, "give each its own `name`");
	}
	if (!config)
		return 0;
	cleanup_free char *joined = path_join(suite->root, suite->config);
	free(suite->config);
	suite->config = path_normalize(joined);
	if (!path_exists(suite->config))
		return yamltree_error(r->yaml, config, r->err, "no such file: %s", suite->config);
	return 0;
}

static int read_suite(struct reading *r, const struct yaml_node *node)
{
	int result = 0;

	if (expect(r, node, YAML_MAPPING, "a suite: a mapping with a runner") < 0)
		return -1;
	for (const struct yaml_node *c = node->child; c; c = c->next)
		if (!config_key_find(config_suite_keys, c->key))
			return unknown_key(r, c, config_suite_keys);
	const struct runner *runner = suite_runner(r, node);
	cleanup_free char *root = runner ? suite_root(r, node) : NULL;
	if (!root)
		return -1;
	struct suite *suite = suite_new(runner->name, runner, root);
	suite->reason = xstrdup(r->yaml->path);
	for (const struct yaml_node *c = node->child; c && result == 0; c = c->next) {
		const struct config_key *key = config_key_find(config_suite_keys, c->key);
		if (key->type != CONFIG_RUNNER && key->type != CONFIG_FOLDER)
			result = read_plain(r, c, key, suite);
	}
	if (result == 0)
		result = finish_suite(r, node, suite);
	if (result == 0)
		suites_add(&r->config->suites, suite);
	else
		suite_free(suite);
	return result;
}

static int read_suites(struct reading *r, const struct yaml_node *node)
{
	if (expect(r, node, YAML_SEQUENCE, "a list of suites") < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next)
		if (read_suite(r, item) < 0)
			return -1;
	return 0;
}

/* ---- services -------------------------------------------------------------------------------- */

static int read_limits(struct reading *r, const struct yaml_node *node,
	const struct config_key *key, struct config_limits *limits);
static int read_modules(struct reading *r, const struct yaml_node *node);

static int read_section(struct reading *r, const struct yaml_node *node,
	const struct config_key *keys, void *record);

static int read_member(
	struct reading *r, const struct yaml_node *node, const struct config_key *key, void *record)
{
	switch (key->type) {
	case CONFIG_SECTION:
		return read_section(r, node, key->keys, record);
	case CONFIG_LIMITS:
		return read_limits(r, node, key, (void *)((char *)record + key->offset));
	case CONFIG_MODULES:
		return read_modules(r, node);
	default:
		return read_plain(r, node, key, record);
	}
}

static int read_section(struct reading *r, const struct yaml_node *node,
	const struct config_key *keys, void *record)
{
	if (expect(r, node, YAML_MAPPING, config_type_name(CONFIG_SECTION)) < 0)
		return -1;
	for (const struct yaml_node *c = node->child; c; c = c->next) {
		const struct config_key *key = config_key_find(keys, c->key);
		if (!key)
			return unknown_key(r, c, keys);
		if (read_member(r, c, key, record) < 0)
			return -1;
		enum config_origin *origin = config_origin_slot(r->config, key);
		if (origin)
			*origin = ORIGIN_FILE;
	}
	return 0;
}

static int read_service(
	struct reading *r, const struct yaml_node *node, struct config_service *service)
{
	if (read_section(r, node, config_service_keys, service) < 0)
		return -1;
	if (!service->command.n || !*service->command.v[0])
		return yamltree_error_key(r->yaml, node, r->err, "a service needs a `command`");
	if (service->ready_tcp && service->ready_log)
		return yamltree_error(r->yaml, yamltree_member(node, "ready"), r->err,
			"`ready` takes `tcp` or `log`, not both");
	return 0;
}

static int read_services(struct reading *r, const struct yaml_node *node)
{
	struct config *c = r->config;

	if (expect(r, node, YAML_MAPPING, "a mapping of names to services") < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		c->services = xrealloc(c->services, (c->service_count + 1) * sizeof(*c->services));
		struct config_service *s = &c->services[c->service_count++];
		*s = (struct config_service){.name = xstrdup(item->key),
			.command = STRVEC_INIT,
			.env = STRVEC_INIT,
			.ready_timeout_ms = 20000};
		if (read_service(r, item, s) < 0)
			return -1;
	}
	return 0;
}

/* ---- the file -------------------------------------------------------------------------------- */

static int read_switch(
	struct reading *r, const struct yaml_node *node, const struct config_key *key)
{
	bool off = node->kind == YAML_SCALAR &&
		   (streq(node->text, "off") || streq(node->text, "false"));

	r->config->no_gates = off;
	if (off)
		return 0;
	if (expect(r, node, YAML_MAPPING, config_type_name(key->type)) < 0)
		return -1;
	return read_section(r, node, key->keys, r->config);
}

/* Limits of coverage: one for all kinds, or a mapping; a kind that is not named keeps its default. */
static int read_limits(struct reading *r, const struct yaml_node *node,
	const struct config_key *key, struct config_limits *limits)
{
	struct error err = ERROR_INIT;

	if (node->kind == YAML_MAPPING)
		return read_section(r, node, key->keys, limits);
	if (expect(r, node, YAML_SCALAR, config_type_name(CONFIG_LIMITS)) < 0)
		return -1;
	const struct config_key plain = {key->name, CONFIG_LIMITS};
	if (config_key_set(&plain, limits, node->text, &err) < 0)
		return yamltree_error(r->yaml, node, r->err, "%s", err.text);
	return 0;
}

static int read_modules(struct reading *r, const struct yaml_node *node)
{
	struct config *c = r->config;

	if (expect(r, node, YAML_MAPPING, config_type_name(CONFIG_MODULES)) < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		c->gates.modules = xrealloc(
			c->gates.modules, (c->gates.module_count + 1) * sizeof(*c->gates.modules));
		struct config_module *m = &c->gates.modules[c->gates.module_count++];
		*m = (struct config_module){.glob = xstrdup(item->key)};
		const struct config_key key = {
			.name = "coverage_by", .type = CONFIG_LIMITS, .keys = config_limit_keys};
		config_key_set(&key, &m->limits, "off", NULL);
		if (read_limits(r, item, &key, &m->limits) < 0)
			return -1;
	}
	return 0;
}

static int read_toggle(
	struct reading *r, const struct yaml_node *node, const struct config_key *key)
{
	struct error err = ERROR_INIT;

	if (node->kind == YAML_MAPPING) {
		config_key_set(key, r->config, "on", NULL);
		return read_section(r, node, key->keys, r->config);
	}
	if (expect(r, node, YAML_SCALAR, config_type_name(key->type)) < 0)
		return -1;
	if (config_key_set(key, r->config, node->text, &err) < 0)
		return yamltree_error(r->yaml, node, r->err, "%s", err.text);
	return 0;
}

static int read_root(struct reading *r, const struct yaml_node *node)
{
	const struct config_key *key = config_key_find(config_root_keys, node->key);

	if (!key)
		return unknown_key(r, node, config_root_keys);
	*config_origin_slot(r->config, key) = ORIGIN_FILE;
	if (key->type == CONFIG_SWITCH)
		return read_switch(r, node, key);
	if (key->type == CONFIG_TOGGLE)
		return read_toggle(r, node, key);
	if (key->type == CONFIG_SECTION_LIST)
		return read_suites(r, node);
	if (key->type == CONFIG_SECTION_MAP)
		return read_services(r, node);
	return read_plain(r, node, key, r->config);
}

static int read_tree(struct reading *r)
{
	const struct yaml_node *root = r->yaml->root;

	if (!root || (root->kind == YAML_SCALAR && !*root->text))
		return 0;
	if (root->kind != YAML_MAPPING)
		return yamltree_error(r->yaml, root, r->err, "the file must be a mapping of keys");
	for (const struct yaml_node *n = root->child; n; n = n->next)
		if (read_root(r, n) < 0)
			return -1;
	return config_check(r->config, r->yaml, r->err);
}

int config_read_file(struct config *c, runner_table runners, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *shown = path_relative(c->base, c->path);

	if (file_read(c->path, FILE_BYTES, EXIT_CODE_USAGE, &text, err) < 0)
		return -1;
	struct yamltree *yaml = yamltree_parse(shown, text.buf, text.len, err);
	if (!yaml)
		return -1;
	struct reading r = {c, yaml, runners, err};
	int result = read_tree(&r);
	yamltree_free(yaml);
	return result;
}
