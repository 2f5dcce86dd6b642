#include "core/base/base.h"

#include "core/base/path.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "core/config/read.h"

struct config *config_new(const char *base)
{
	struct config *c = xcalloc(1, sizeof(*c));

	c->base = xstrdup(base);
	strvec_init(&c->reporters);
	strvec_init(&c->paths);
	strvec_init(&c->coverage.include);
	strvec_init(&c->coverage.exclude);
	strvec_init(&c->coverage.reports);
	strvec_init(&c->only_suites);
	strvec_init(&c->runner_args);
	for (const struct config_key *k = config_root_keys; k->name; k++)
		if (k->fallback)
			config_key_set(k, c, k->fallback, NULL);
	for (const struct config_key *k = config_gate_keys; k->name; k++)
		if (k->fallback)
			config_key_set(k, c, k->fallback, NULL);
	c->coverage.enabled = -1;
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
	for (size_t i = 0; i < c->gates.module_count; i++)
		free(c->gates.modules[i].glob);
	free(c->gates.modules);
	free(c->resources);
	free(c->services);
	strvec_release(&c->reporters);
	strvec_release(&c->paths);
	strvec_release(&c->coverage.include);
	strvec_release(&c->coverage.exclude);
	strvec_release(&c->coverage.reports);
	strvec_release(&c->only_suites);
	strvec_release(&c->runner_args);
	free(c->base);
	free(c->path);
	free(c->quarantine);
	free(c->test_regex);
	free(c->changed_rev);
	free(c->out_dir);
	free(c->history_path);
	free(c);
}

/* ---- flags and environment ------------------------------------------------------------------- */

int config_set(struct config *c, const char *name, const char *value, enum config_origin origin,
	struct error *err)
{
	const struct config_key *key = config_key_find(config_root_keys, name);

	if (!key || !config_key_is_word(key))
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

enum config_origin *config_origin_slot(struct config *c, const struct config_key *key)
{
	const struct {
		const struct config_key *keys;
		enum config_origin *origins;
	} tables[] = {{config_root_keys, c->origins}, {config_gate_keys, c->gate_origins},
		{config_coverage_keys, c->coverage_origins}};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (config_key_find(tables[i].keys, key->name) == key)
			return &tables[i].origins[key - tables[i].keys];
	return NULL;
}

enum config_origin config_origin(const struct config *c, const char *name)
{
	const struct config_key *key = config_key_find(config_root_keys, name);

	return key ? c->origins[key - config_root_keys] : ORIGIN_DEFAULT;
}

bool config_collects(const struct config *c, const struct suite *suite)
{
	if (c->coverage.enabled == 0)
		return false;
	return suite->coverage >= 0 ? suite->coverage > 0 : c->coverage.enabled > 0;
}

/* A list is separated by commas here. */
static int set_from_variable(
	struct config *c, const struct config_key *key, const char *value, struct error *err)
{
	cleanup_strvec struct strvec items = STRVEC_INIT;

	if (key->type == CONFIG_LIST)
		strvec_split(&items, value, ',');
	else
		strvec_push(&items, value);
	for (size_t i = 0; i < items.n; i++)
		if (config_set(c, key->name, items.v[i], ORIGIN_ENVIRONMENT, err) < 0)
			return -1;
	return 0;
}

static int read_environment(struct config *c, struct error *err)
{
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_free char *name = config_key_variable(k);
		const char *value = name ? getenv(name) : NULL;
		if (value && *value && set_from_variable(c, k, value, err) < 0)
			return error_wrap(err, "%s", name);
	}
	return 0;
}

/* The file that was named: its folder becomes the base. */
static int use_file(struct config *c, const char *path, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *joined = path_join(cwd, path);
	cleanup_free char *normal = path_normalize(joined);
	cleanup_free char *dir = path_dirname(normal);
	char *base = path_real(dir);

	if (!base || !path_exists(normal)) {
		free(base);
		return error_set(err, EXIT_CODE_USAGE, "no such configuration file: %s", path);
	}
	free(c->base);
	c->base = base;
	c->path = path_join(base, path_basename(normal));
	return 0;
}

static int find_file(struct config *c, struct error *err)
{
	cleanup_free char *yaml = path_join(c->base, "muster.yaml");
	cleanup_free char *yml = path_join(c->base, "muster.yml");
	bool has_yaml = path_exists(yaml), has_yml = path_exists(yml);

	if (has_yaml && has_yml) {
		error_set(
			err, EXIT_CODE_USAGE, "both muster.yaml and muster.yml are in %s", c->base);
		return error_help(err, "keep one of them, or name it: --config FILE");
	}
	if (has_yaml || has_yml)
		c->path = xstrdup(has_yaml ? yaml : yml);
	return 0;
}

int config_load(
	struct config *c, runner_table runners, const char *explicit_path, struct error *err)
{
	if ((explicit_path ? use_file(c, explicit_path, err) : find_file(c, err)) < 0)
		return -1;
	if (c->path && config_read_file(c, runners, err) < 0)
		return -1;
	return read_environment(c, err);
}
