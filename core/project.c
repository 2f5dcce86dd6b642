#include "core/base/base.h"

#include "core/base/json.h"
#include "core/base/path.h"
#include "core/package.h"
#include "core/project.h"

#include <signal.h>

/* ---- one suite from one command or configuration --------------------------------------------- */

/* Take the runner's options apart: what names the configuration, what only concerns output. */
static void take_args(struct suite *suite, const struct script_command *command)
{
	const struct runner *r = suite->runner;
	char **v = command->args.v;

	if (r->subcommand && *v && streq(*v, r->subcommand))
		v++;
	for (; *v; v++) {
		bool value = false;
		if (runner_has_flag(r->config_flags, *v, &value)) {
			const char *equals = strchr(*v, '=');
			const char *path = equals ? equals + 1 : v[1];
			if (path && *path != '{') { /* Jest takes JSON there, too */
				free(suite->config);
				cleanup_free char *joined = path_join(suite->root, path);
				suite->config = path_normalize(joined);
				v += equals ? 0 : 1;
				continue;
			}
		}
		if (runner_has_flag(r->dropped, *v, &value)) {
			v += value && v[1] ? 1 : 0;
			continue;
		}
		strvec_push(&suite->args, *v);
		if (runner_has_flag(r->value_flags, *v, &value) && value && v[1])
			strvec_push(&suite->args, *++v);
	}
}

static bool same_list(const struct strvec *a, const struct strvec *b)
{
	if (a->n != b->n)
		return false;
	for (size_t i = 0; i < a->n; i++)
		if (!streq(a->v[i], b->v[i]))
			return false;
	return true;
}

static bool same_suite(const struct suite *a, const struct suite *b)
{
	return a->runner == b->runner && streq(a->root, b->root) &&
	       streq_null(a->config, b->config) && same_list(&a->args, &b->args);
}

static void add(struct suites *suites, struct suite *suite)
{
	for (size_t i = 0; i < suites->n; i++) {
		if (same_suite(suites->v[i], suite)) {
			suite_free(suite);
			return;
		}
	}
	suites_add(suites, suite);
}

static struct suite *from_command(
	const struct package *p, const struct runner *r, const struct script_command *command)
{
	struct suite *suite = suite_new(r->name, r, p->dir);

	take_args(suite, command);
	strvec_push_all(&suite->env, &command->env);
	strvec_push_all(&suite->node_options, &command->node_options);
	suite->reason = xasprintf("script `%s`", command->script);
	return suite;
}

/* ---- the suites of one runner in one package -------------------------------------------------- */

static bool starts(const struct script_command *c, const struct runner *r)
{
	bool found = false;

	for (const char *const *name = r->programs; *name; name++)
		found |= streq(c->program, *name);
	if (found && r->subcommand)
		return c->args.n && streq(c->args.v[0], r->subcommand);
	return found;
}

/* Configuration file or key that means a suite, or NULL. */
static const char *config_reason(const struct package *p, const struct runner *r, char **ret_reason)
{
	for (const char *const *name = r->config_files; *name; name++) {
		if (strvec_has(&p->files, *name)) {
			*ret_reason = xstrdup(*name);
			return *name;
		}
	}
	if (r->config_key && json_get(p->json, r->config_key)) {
		*ret_reason = xasprintf("package.json `%s`", r->config_key);
		return r->config_key;
	}
	return NULL;
}

/*
 * Commands reached from `test` count and nothing else; when there are none, other scripts that
 * sound like tests: a plain one alone, else each that differs.
 */
static size_t add_commands(struct suites *suites, const struct package *p, const struct runner *r)
{
	size_t before = suites->n;
	bool any_from_test = false;

	for (size_t i = 0; i < p->command_count; i++)
		any_from_test |= starts(&p->commands[i], r) && p->commands[i].from_test;
	for (size_t i = 0; i < p->command_count; i++) {
		const struct script_command *c = &p->commands[i];
		if (!starts(c, r) || c->from_test != any_from_test)
			continue;
		struct suite *suite = from_command(p, r, c);
		bool plain = !any_from_test && !suite->args.n && !suite->config;
		if (plain) {
			while (suites->n > before)
				suite_free(suites->v[--suites->n]);
		}
		add(suites, suite);
		if (plain)
			break;
	}
	return suites->n - before;
}

static bool has_default_dir(const struct package *p, const struct runner *r)
{
	for (const char *const *dir = r->default_dirs; dir && *dir; dir++)
		if (strvec_has(&p->files, *dir))
			return true;
	return false;
}

static void add_suites(struct suites *suites, const struct package *p, const struct runner *r)
{
	char *reason = NULL;

	if (add_commands(suites, p, r))
		return;
	if (!config_reason(p, r, &reason)) {
		if (p->command_count || !package_depends(p, r->package) || !has_default_dir(p, r))
			return;
		reason = xasprintf("dependency `%s`", r->package);
	}
	struct suite *suite = suite_new(r->name, r, p->dir);
	suite->reason = reason;
	add(suites, suite);
}

/* An outer suite of the same runner covers what lies below it. */
static bool covered(const struct suites *suites, size_t n, const struct runner *r, const char *dir)
{
	for (size_t i = 0; i < n; i++)
		if (suites->v[i]->runner == r && path_is_below(suites->v[i]->root, dir))
			return true;
	return false;
}

/* ---- names ----------------------------------------------------------------------------------- */

static size_t count_named(const struct suites *suites, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < suites->n; i++)
		n += streq(suites->v[i]->name, name);
	return n;
}

/* "jest" while it is the only one; then by folder, then by configuration, then by number. */
static void name_suites(struct suites *suites, const char *base)
{
	for (size_t i = 0; i < suites->n; i++) {
		struct suite *s = suites->v[i];
		cleanup_free char *where = path_relative(base, s->root);
		bool unique = true;
		for (size_t k = 0; k < suites->n; k++)
			unique &= k == i || suites->v[k]->runner != s->runner;
		if (unique)
			continue;
		free(s->name);
		if (!streq(where, "."))
			s->name = xasprintf("%s:%s", where, s->runner->name);
		else if (s->config)
			s->name = xasprintf("%s:%s", s->runner->name, path_basename(s->config));
		else if (starts_with(s->reason, "script `"))
			s->name = xasprintf("%s:%.*s", s->runner->name,
				(int)strlen(s->reason + 8) - 1, s->reason + 8);
		else
			s->name = xstrdup(s->runner->name);
	}
	for (size_t i = 0; i < suites->n; i++) {
		struct suite *s = suites->v[i];
		for (int number = 2; count_named(suites, s->name) > 1; number++) {
			cleanup_free char *old = s->name;
			s->name = xasprintf("%.*s#%d", (int)strcspn(old, "#"), old, number);
		}
	}
}

/* ---- the project ----------------------------------------------------------------------------- */

static int detect_package(
	const char *dir, runner_table runners, struct suites *suites, struct error *err)
{
	struct package *p = package_read(dir, err);
	size_t outer = suites->n;

	if (!p)
		return -1;
	for (runner_table r = runners; *r; r++)
		if (!covered(suites, outer, *r, dir))
			add_suites(suites, p, *r);
	package_free(p);
	return 0;
}

static void describe_search(runner_table runners, size_t packages, struct strbuf *out)
{
	strbuf_addf(out, "looked in %zu package%s for ", packages, packages == 1 ? "" : "s");
	for (runner_table r = runners; *r; r++) {
		strbuf_addf(out, "%s%s", r == runners ? "" : "; ", (*r)->name);
		strbuf_addf(out, " (%s, script `%s`)", (*r)->config_files[0], (*r)->programs[0]);
	}
	strbuf_addstr(out, "; or name suites in muster.yaml (`muster init`)");
}

int project_detect(const char *base, runner_table runners, struct suites *suites,
	struct strbuf *looked_for, struct error *err)
{
	cleanup_strvec struct strvec dirs = STRVEC_INIT;
	struct package *root = package_read(base, err);

	if (!root)
		return -1;
	int result = package_workspaces(root, &dirs, err);
	package_free(root);
	if (result < 0 || detect_package(base, runners, suites, err) < 0)
		return -1;
	for (size_t i = 0; i < dirs.n; i++)
		if (!streq(dirs.v[i], base) && detect_package(dirs.v[i], runners, suites, err) < 0)
			return -1;
	name_suites(suites, base);
	if (looked_for)
		describe_search(runners, dirs.n + 1, looked_for);
	return 0;
}

/* True when the package in `dir` lists `inner` among its workspaces. */
static bool lists_workspace(const char *dir, const char *inner)
{
	cleanup_strvec struct strvec dirs = STRVEC_INIT;
	struct package *p = package_read(dir, NULL);
	bool found = p && package_workspaces(p, &dirs, NULL) == 0 && strvec_has(&dirs, inner);

	package_free(p);
	return found;
}

static bool has(const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);

	return path_exists(path);
}

char *project_base(const char *start)
{
	char *package = NULL; /* nearest package.json */
	char *at = xstrdup(start);

	for (;;) {
		bool config = has(at, "muster.yaml") || has(at, "muster.yml");
		bool json = has(at, "package.json");
		if (config || (json && package && lists_workspace(at, package))) {
			free(package);
			return at;
		}
		if (json && !package)
			package = xstrdup(at);
		if (has(at, ".git") || streq(at, "/"))
			break;
		char *parent = path_dirname(at);
		free(at);
		at = parent;
	}
	free(at);
	return package ? package : xstrdup(start);
}
