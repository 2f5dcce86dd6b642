#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/config.h"
#include "core/config_keys.h"
#include "core/yamltree.h"

#include <ctype.h>

enum { FILE_BYTES = 256 * 1024 + 1 };

/* What reading needs at every place. */
struct reading {
	struct config *config;
	const struct yamltree *yaml;
	runner_table runners;
	struct error *err;
};

struct config *config_new(const char *base)
{
	struct config *c = xcalloc(1, sizeof(*c));

	c->base = xstrdup(base);
	strvec_init(&c->reporters);
	strvec_init(&c->paths);
	strvec_init(&c->only_suites);
	strvec_init(&c->runner_args);
	for (const struct config_key *k = config_root_keys; k->name; k++)
		if (k->fallback)
			config_key_set(k, c, k->fallback, NULL);
	return c;
}

static void service_release(struct config_service *s)
{
	free(s->name);
	free(s->ready_tcp);
	free(s->ready_log);
	strvec_release(&s->command);
	strvec_release(&s->env);
}

void config_free(struct config *c)
{
	if (!c)
		return;
	suites_release(&c->suites);
	for (size_t i = 0; i < c->resource_count; i++)
		free(c->resources[i].name);
	for (size_t i = 0; i < c->service_count; i++)
		service_release(&c->services[i]);
	free(c->resources);
	free(c->services);
	strvec_release(&c->reporters);
	strvec_release(&c->paths);
	strvec_release(&c->only_suites);
	strvec_release(&c->runner_args);
	free(c->base);
	free(c->path);
	free(c->test_regex);
	free(c->out_dir);
	free(c->history_path);
	free(c);
}

/* ---- errors with a place --------------------------------------------------------------------- */

static int fail(struct reading *r, const struct yaml_node *node, const char *text)
{
	size_t width = node->kind == YAML_SCALAR ? strlen(node->text) : 1;

	return yamltree_error(r->yaml, node->line, node->column, width, r->err, "%s", text);
}

static void list_keys(const struct config_key *keys, struct strbuf *out, struct strvec *names)
{
	for (; keys->name; keys++) {
		strbuf_addf(out, "%s%s", out->len ? ", " : "", keys->name);
		strvec_push(names, keys->name);
	}
}

static int unknown_key(
	struct reading *r, const struct yaml_node *node, const struct config_key *keys)
{
	cleanup_strbuf struct strbuf known = STRBUF_INIT;
	cleanup_strvec struct strvec names = STRVEC_INIT;

	list_keys(keys, &known, &names);
	yamltree_error(r->yaml, node->key_line, node->key_column, strlen(node->key), r->err,
		"unknown key `%s`", node->key);
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
	cleanup_free char *text =
		xasprintf("`%s` expects %s", node->key ? node->key : "this", what);
	return fail(r, node, text);
}

/* ---- values ---------------------------------------------------------------------------------- */

static int read_list(struct reading *r, const struct yaml_node *node, struct strvec *list)
{
	if (node->kind == YAML_SCALAR) {
		strvec_push(list, node->text);
		return 0;
	}
	if (expect(r, node, YAML_SEQUENCE, "a list of texts") < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (item->kind != YAML_SCALAR)
			return fail(r, item, "expected a text");
		strvec_push(list, item->text);
	}
	return 0;
}

static int read_map(struct reading *r, const struct yaml_node *node, struct strvec *list)
{
	if (expect(r, node, YAML_MAPPING, "a mapping of names to texts") < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		if (item->kind != YAML_SCALAR)
			return fail(r, item, "expected a text");
		if (strchr(item->key, '=') || !*item->key)
			return yamltree_error(r->yaml, item->key_line, item->key_column,
				strlen(item->key), r->err, "not a name for a variable");
		strvec_pushf(list, "%s=%s", item->key, item->text);
	}
	return 0;
}

static int read_needs(struct reading *r, const struct yaml_node *node, struct suite *suite)
{
	if (expect(r, node, YAML_MAPPING, "a mapping of resources to amounts") < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		int amount = item->kind == YAML_SCALAR ? atoi(item->text) : 0;
		if (amount < 1)
			return fail(r, item, "expected an amount of at least 1");
		suite->needs =
			xrealloc(suite->needs, (suite->need_count + 1) * sizeof(*suite->needs));
		suite->needs[suite->need_count++] = (struct suite_need){xstrdup(item->key), amount};
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
	if (expect(r, node, YAML_SCALAR, config_type_name(key->type)) < 0)
		return -1;
	if (config_key_set(key, record, node->text, &err) < 0)
		return fail(r, node, err.text);
	return 0;
}

/* ---- sections -------------------------------------------------------------------------------- */

static const struct yaml_node *member(const struct yaml_node *node, const char *key)
{
	for (const struct yaml_node *c = node->child; c; c = c->next)
		if (streq(c->key, key))
			return c;
	return NULL;
}

static int unknown_runner(struct reading *r, const struct yaml_node *node)
{
	cleanup_strbuf struct strbuf known = STRBUF_INIT;

	for (runner_table t = r->runners; *t; t++)
		strbuf_addf(&known, "%s%s", known.len ? ", " : "", (*t)->name);
	fail(r, node, "unknown runner");
	return error_help(r->err, "runners: %s", known.buf);
}

static int suite_root(struct reading *r, const struct yaml_node *node, char **ret)
{
	const struct yaml_node *root = member(node, "root");
	cleanup_free char *joined =
		path_join(r->config->base, root && root->kind == YAML_SCALAR ? root->text : ".");
	cleanup_free char *normal = path_normalize(joined);

	if (root && root->kind != YAML_SCALAR)
		return fail(r, root, "`root` expects a folder");
	if (!path_is_below(r->config->base, normal))
		return fail(r, root, "`root` is outside of the project");
	if (!path_is_dir(normal))
		return fail(r, root, "`root` is not a folder");
	*ret = xstrdup(normal);
	return 0;
}

static int finish_suite(struct reading *r, const struct yaml_node *node, struct suite *suite)
{
	if (suites_find(&r->config->suites, suite->name)) {
		suite_free(suite);
		return fail(r, node, "two suites have the same name; give one a `name`");
	}
	if (suite->config && suite->config[0] != '/') {
		cleanup_free char *old = suite->config;
		cleanup_free char *joined = path_join(suite->root, old);
		suite->config = path_normalize(joined);
	}
	suite->reason = xstrdup("muster.yaml");
	suites_add(&r->config->suites, suite);
	return 0;
}

static int read_suite(struct reading *r, const struct yaml_node *node)
{
	cleanup_free char *root = NULL;

	if (node->kind != YAML_MAPPING)
		return fail(r, node, "a suite is a mapping");
	const struct yaml_node *name = member(node, "runner");
	if (!name || name->kind != YAML_SCALAR)
		return fail(r, node, "a suite needs a `runner`");
	const struct runner *runner = runner_find(r->runners, name->text);
	if (!runner)
		return unknown_runner(r, name);
	if (suite_root(r, node, &root) < 0)
		return -1;
	struct suite *suite = suite_new(runner->name, runner, root);
	for (const struct yaml_node *c = node->child; c; c = c->next) {
		const struct config_key *key = config_key_find(config_suite_keys, c->key);
		int result = !key                          ? unknown_key(r, c, config_suite_keys)
			     : key->type == CONFIG_SECTION ? 0
							   : read_plain(r, c, key, suite);
		if (result < 0) {
			suite_free(suite);
			return -1;
		}
	}
	return finish_suite(r, node, suite);
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

static int read_resources(struct reading *r, const struct yaml_node *node)
{
	struct config *c = r->config;

	if (expect(r, node, YAML_MAPPING, "a mapping of names to amounts") < 0)
		return -1;
	for (const struct yaml_node *item = node->child; item; item = item->next) {
		int amount = item->kind == YAML_SCALAR ? atoi(item->text) : 0;
		if (amount < 1)
			return fail(r, item, "expected an amount of at least 1");
		c->resources =
			xrealloc(c->resources, (c->resource_count + 1) * sizeof(*c->resources));
		c->resources[c->resource_count++] =
			(struct config_resource){xstrdup(item->key), amount};
	}
	return 0;
}

static int read_ready(
	struct reading *r, const struct yaml_node *node, struct config_service *service)
{
	if (expect(r, node, YAML_MAPPING, "a mapping with tcp, log or timeout") < 0)
		return -1;
	for (const struct yaml_node *c = node->child; c; c = c->next) {
		const struct config_key *key = config_key_find(config_ready_keys, c->key);
		if (!key)
			return unknown_key(r, c, config_ready_keys);
		if (read_plain(r, c, key, service) < 0)
			return -1;
	}
	return 0;
}

static int read_service(
	struct reading *r, const struct yaml_node *node, struct config_service *service)
{
	if (expect(r, node, YAML_MAPPING, "a mapping with command and ready") < 0)
		return -1;
	for (const struct yaml_node *c = node->child; c; c = c->next) {
		const struct config_key *key = config_key_find(config_service_keys, c->key);
		if (!key)
			return unknown_key(r, c, config_service_keys);
		int result = streq(key->name, "ready") ? read_ready(r, c, service)
						       : read_plain(r, c, key, service);
		if (result < 0)
			return -1;
	}
	return service->command.n ? 0 : fail(r, node, "a service needs a `command`");
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

static const struct {
	const char *name;
	int (*read)(struct reading *r, const struct yaml_node *node);
} sections[] = {
	{"suites", read_suites},
	{"resources", read_resources},
	{"services", read_services},
};

static int read_root(struct reading *r, const struct yaml_node *node)
{
	const struct config_key *key = config_key_find(config_root_keys, node->key);

	if (!key)
		return unknown_key(r, node, config_root_keys);
	for (size_t i = 0; i < ARRAY_LEN(sections); i++)
		if (streq(sections[i].name, key->name))
			return sections[i].read(r, node);
	r->config->origins[key - config_root_keys] = ORIGIN_FILE;
	return read_plain(r, node, key, r->config);
}

/* Names that are used must exist. */
static int check_references(struct reading *r)
{
	const struct config *c = r->config;

	for (size_t i = 0; i < c->suites.n; i++) {
		const struct suite *suite = c->suites.v[i];
		for (size_t k = 0; k < suite->services.n; k++) {
			bool found = false;
			for (size_t s = 0; s < c->service_count; s++)
				found |= streq(c->services[s].name, suite->services.v[k]);
			if (!found)
				return error_set(r->err, EXIT_CODE_USAGE,
					"suite `%s` uses the service `%s`, which %s does not "
					"define",
					suite->name, suite->services.v[k], r->yaml->path);
		}
	}
	if (c->version != 1)
		return error_set(r->err, EXIT_CODE_USAGE,
			"%s has version %d; this program knows version 1", r->yaml->path,
			c->version);
	return 0;
}

static int read_file(struct config *c, runner_table runners, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *shown = path_relative(c->base, c->path);

	if (file_read(c->path, FILE_BYTES, EXIT_CODE_USAGE, &text, err) < 0)
		return -1;
	struct yamltree *yaml = yamltree_parse(shown, text.buf, text.len, err);
	if (!yaml)
		return -1;
	struct reading r = {c, yaml, runners, err};
	int result = 0;
	if (yaml->root && yaml->root->kind != YAML_MAPPING)
		result = fail(&r, yaml->root, "the file must be a mapping of keys");
	for (const struct yaml_node *n = yaml->root ? yaml->root->child : NULL; n && !result;
		n = n->next)
		result = read_root(&r, n);
	if (result == 0)
		result = check_references(&r);
	yamltree_free(yaml);
	return result;
}

/* ---- flags and environment ------------------------------------------------------------------- */

int config_set(struct config *c, const char *name, const char *value, enum config_origin origin,
	struct error *err)
{
	const struct config_key *key = config_key_find(config_root_keys, name);

	if (!key || key->type == CONFIG_SECTION)
		return error_set(err, EXIT_CODE_USAGE, "unknown key `%s`", name);
	enum config_origin *at = &c->origins[key - config_root_keys];
	if (*at > origin)
		return 0; /* a flag was there first */
	if (key->type == CONFIG_LIST && *at < origin)
		strvec_release((struct strvec *)(void *)((char *)c + key->offset));
	if (config_key_set(key, c, value, err) < 0)
		return -1;
	*at = origin;
	return 0;
}

enum config_origin config_origin(const struct config *c, const char *name)
{
	const struct config_key *key = config_key_find(config_root_keys, name);

	return key ? c->origins[key - config_root_keys] : ORIGIN_DEFAULT;
}

static int read_environment(struct config *c, struct error *err)
{
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		if (k->type == CONFIG_SECTION || streq(k->name, "version"))
			continue;
		cleanup_free char *name = xasprintf("MUSTER_%s", k->name);
		for (char *p = name; *p; p++)
			*p = (char)toupper((unsigned char)*p);
		const char *value = getenv(name);
		if (value && *value && config_set(c, k->name, value, ORIGIN_ENVIRONMENT, err) < 0)
			return error_wrap(err, "%s", name);
	}
	return 0;
}

int config_load(
	struct config *c, runner_table runners, const char *explicit_path, struct error *err)
{
	static const char *const names[] = {"muster.yaml", "muster.yml"};

	if (explicit_path) {
		cleanup_free char *cwd = path_cwd();
		cleanup_free char *joined = path_join(cwd, explicit_path);
		c->path = path_normalize(joined);
		free(c->base);
		c->base = path_dirname(c->path);
	}
	for (size_t i = 0; i < ARRAY_LEN(names) && !c->path; i++) {
		cleanup_free char *path = path_join(c->base, names[i]);
		if (path_exists(path))
			c->path = xstrdup(path);
	}
	if (c->path && read_file(c, runners, err) < 0)
		return -1;
	return read_environment(c, err);
}
