#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/engine/run.h"

extern char **environ;

static bool same_name(const char *entry, const char *name, size_t len)
{
	return strncmp(entry, name, len) == 0 && (entry[len] == '=' || entry[len] == '\0');
}

/* "NAME=value" sets, "NAME" alone unsets. */
static void apply(struct strvec *env, const char *entry)
{
	const char *end = strchrnul(entry, '=');
	size_t len = (size_t)(end - entry);

	for (size_t i = 0; i < env->n; i++) {
		if (!same_name(env->v[i], entry, len))
			continue;
		free(env->v[i]);
		env->v[i] = env->v[env->n - 1];
		env->v[--env->n] = NULL;
		break;
	}
	if (*end)
		strvec_push(env, entry);
}

/* As npm does for its scripts: the bin folders of the suite's package and of those around it. */
static void add_bin_path(struct strvec *env, const char *root, const char *base)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	char *dir = xstrdup(root);
	const char *old = getenv("PATH");

	strbuf_addstr(&path, "PATH=");
	for (;;) {
		strbuf_addf(&path, "%s/node_modules/.bin:", streq(dir, "/") ? "" : dir);
		if (streq(dir, base) || streq(dir, "/"))
			break;
		char *parent = path_dirname(dir);
		free(dir);
		dir = parent;
	}
	free(dir);
	strbuf_addstr(&path, old ? old : "/usr/local/bin:/usr/bin:/bin");
	apply(env, path.buf);
}

static void apply_all(struct strvec *env, const struct strvec *entries)
{
	for (size_t i = 0; i < entries->n; i++)
		apply(env, entries->v[i]);
}

char **environment_for(const struct run_suite *suite, int slot)
{
	const struct engine_options *o = suite->run->options;
	struct strvec env = STRVEC_INIT;

	for (char **e = environ; *e; e++) {
		cleanup_free char *name = xstrndup(*e, (size_t)(strchrnul(*e, '=') - *e));
		if (o->env_is_secret && o->env_is_secret(name))
			continue;
		if (starts_with(name, "NODE_CHANNEL_") || starts_with(name, "MUSTER_TEST_"))
			continue;
		strvec_push(&env, *e);
	}
	add_bin_path(&env, suite->settings->root, o->config->base);
	apply_all(&env, &suite->settings->env);
	apply_all(&env, &suite->env);
	if (suite->settings->tmpdir_per_worker) {
		cleanup_free char *entry = xasprintf("TMPDIR=%s/tmp-%d", suite->cache_dir, slot);
		file_mkdirs(entry + strlen("TMPDIR="), NULL);
		apply(&env, entry);
	}
	return env.v;
}

void environment_free(char **env)
{
	if (!env)
		return;
	for (char **e = env; *e; e++)
		free(*e);
	free(env);
}
