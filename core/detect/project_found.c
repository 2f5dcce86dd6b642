#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/detect/project_found.h"

static bool in_list(const char *const *list, const char *word)
{
	for (; list && *list; list++)
		if (streq(*list, word))
			return true;
	return false;
}

static bool starts_runner(const struct script_command *command, const struct runner *runner)
{
	return in_list(runner->programs, command->program);
}

/* What makes a suite without any script: the configuration file or key. */
static char *config_reason(const struct package *package, const struct runner *runner)
{
	for (const char *const *name = runner->config_files; name && *name; name++)
		if (package_has_file(package, *name))
			return xstrdup(*name);
	const struct json *key =
		runner->config_key ? json_get(package->json, runner->config_key) : NULL;
	if (json_is_object(key) || json_is_string(key))
		return xasprintf("package.json `%s`", runner->config_key);
	return NULL;
}

static struct suite *make_suite(const struct package *package, const struct runner *runner,
	const struct script_command *command, const char *reason)
{
	cleanup_free char *joined =
		path_join(package->dir, command && command->dir ? command->dir : ".");
	cleanup_free char *root = path_normalize(joined);
	struct suite *suite = suite_new(runner->name, runner, root);

	suite->reason = xstrdup(reason);
	if (command) {
		package_expand(command, root, &suite->args);
		strvec_push_all(&suite->env, &command->env);
		strvec_push_all(&suite->node_options, &command->node_options);
		strvec_push_all(&suite->coverage_tool, &command->coverage_tool);
	}
	if (runner->detect && !runner->detect(package, command, suite)) {
		suite_free(suite);
		return NULL;
	}
	return suite;
}

/* `npm init` writes a script that only says there are no tests. */
static bool has_test_script(const struct package *package)
{
	const char *text = package_script(package, "test");

	return text && !strstr(text, "no test specified");
}

/* Commands of package managers are only there when they are for other packages. */
static bool hands_over(const struct package *package)
{
	static const char *const programs[] = {"npm", "pnpm", "yarn", "yarnpkg", "bun", "turbo",
		"lerna", "nx", "lage", "wsrun", NULL};

	for (size_t i = 0; i < package->command_count; i++) {
		const struct script_command *command = &package->commands[i];
		bool own = streq(command->program, "bun") && strvec_has(&command->args, "test");
		if (streq(command->entry, "test") && in_list(programs, command->program) &&
			command->args.n && !own)
			return true;
	}
	return false;
}

static void add(struct project_found *found, const struct package *package, struct suite *suite,
	const struct script_command *command)
{
	GROW(found->v, found->n + 1, found->cap);
	found->v[found->n++] = (struct project_item){
		.suite = suite,
		.package = package,
		.script = command ? xstrdup(command->script) : NULL,
		.from_test = command && streq(command->entry, "test"),
		.hands_over = hands_over(package),
		.test_is_other =
			has_test_script(package) && !(command && streq(command->entry, "test")),
	};
}

/* Suites from the commands of scripts for which `wanted` holds. Returns how many. */
static size_t add_commands(struct project_found *found, const struct package *package,
	const struct runner *runner, bool (*wanted)(const char *entry))
{
	size_t before = found->n;

	for (size_t i = 0; i < package->command_count; i++) {
		const struct script_command *command = &package->commands[i];
		if (!wanted(command->entry) || !starts_runner(command, runner))
			continue;
		cleanup_free char *reason = xasprintf("script `%s`", command->script);
		struct suite *suite = make_suite(package, runner, command, reason);
		if (suite)
			add(found, package, suite, command);
	}
	return found->n - before;
}

static bool same_list(const struct strvec *a, const struct strvec *b, const char *const *except)
{
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a->n && in_list(except, a->v[i]))
			i++;
		while (k < b->n && in_list(except, b->v[k]))
			k++;
		if (i == a->n || k == b->n)
			return i == a->n && k == b->n;
		if (!streq(a->v[i++], b->v[k++]))
			return false;
	}
}

/* The file is one that the runner finds by itself in the suite's root. */
static bool is_default_config(const struct suite *suite)
{
	cleanup_free char *dir = suite->config ? path_dirname(suite->config) : NULL;

	return !dir || (streq(dir, suite->root) &&
			       in_list(suite->runner->config_files, path_basename(suite->config)));
}

static bool same_suite(const struct suite *a, const struct suite *b)
{
	static const char *const mode_env[] = {"CI=true", "CI=1", NULL};

	return a->runner == b->runner && streq(a->root, b->root) &&
	       (streq_null(a->config, b->config) || (is_default_config(a) && is_default_config(b) &&
							    (!a->config || !b->config))) &&
	       same_list(&a->args, &b->args, a->runner->mode_args) &&
	       same_list(&a->env, &b->env, mode_env) &&
	       same_list(&a->node_options, &b->node_options, NULL);
}

/*
 * A suite because of a configuration file: when the package's scripts agree on how to start it, it
 * is started in that way.
 */
static bool add_config(
	struct project_found *found, const struct package *package, const struct runner *runner)
{
	cleanup_free char *reason = config_reason(package, runner);
	struct suite *agreed = NULL;
	bool differ = false;

	if (!reason)
		return false;
	for (size_t i = 0; i < package->command_count && !differ; i++) {
		const struct script_command *command = &package->commands[i];
		if (!starts_runner(command, runner))
			continue;
		struct suite *suite = make_suite(package, runner, command, reason);
		bool other =
			suite && (!streq(suite->root, package->dir) || !is_default_config(suite));
		differ = agreed && suite && !other && !same_suite(agreed, suite);
		if (!agreed && !other) {
			agreed = suite;
			suite = NULL;
		}
		suite_free(suite);
	}
	if (!agreed || differ) {
		suite_free(agreed);
		agreed = make_suite(package, runner, NULL, reason);
	}
	if (agreed)
		add(found, package, agreed, NULL);
	return agreed != NULL;
}

static void add_dependency(
	struct project_found *found, const struct package *package, const struct runner *runner)
{
	for (const char *const *name = runner->folders; name && *name; name++) {
		cleanup_free char *dir = path_join(package->dir, *name);
		if (!path_is_dir(dir))
			continue;
		cleanup_free char *reason =
			xasprintf("dependency `%s`, %s/", runner->package, *name);
		struct suite *suite = make_suite(package, runner, NULL, reason);
		if (suite)
			add(found, package, suite, NULL);
		return;
	}
}

static bool is_test(const char *entry)
{
	return streq(entry, "test");
}

static bool is_test_like(const char *entry)
{
	return starts_with(entry, "test") || ends_with(entry, ":test") || ends_with(entry, "-test");
}

bool project_found_entry_counts(const struct package *package, const char *entry)
{
	return has_test_script(package) ? is_test(entry) : is_test_like(entry);
}

/* `mocha` and `nyc mocha` are the same tests; the second tells how coverage is meant. */
static void take_tool(const struct package *package, struct suite *suite)
{
	for (size_t i = 0; i < package->command_count && !suite->coverage_tool.n; i++) {
		const struct script_command *command = &package->commands[i];
		if (!command->coverage_tool.n || !starts_runner(command, suite->runner))
			continue;
		struct suite *other = make_suite(package, suite->runner, command, suite->reason);
		if (other && same_suite(suite, other))
			strvec_push_all(&suite->coverage_tool, &other->coverage_tool);
		suite_free(other);
	}
}

void project_found_package(
	struct project_found *found, const struct package *package, runner_table runners)
{
	size_t before = found->n;

	for (size_t i = 0; runners[i]; i++)
		add_commands(found, package, runners[i], is_test);
	size_t after_test = found->n;
	for (size_t i = 0; runners[i]; i++) {
		bool has = false;
		for (size_t k = before; k < after_test; k++)
			has |= found->v[k].suite->runner == runners[i];
		if (has)
			continue;
		/* beside a `test` the scripts are variants as often as suites: the configuration
		 * counts more */
		if (after_test == before && add_commands(found, package, runners[i], is_test_like))
			continue;
		if (!add_config(found, package, runners[i]) && after_test > before)
			add_commands(found, package, runners[i], is_test_like);
	}
	for (size_t i = before; i < found->n; i++)
		take_tool(package, found->v[i].suite);
	if (found->n > before || has_test_script(package))
		return;
	for (size_t i = 0; runners[i]; i++)
		if (package_depends(package, runners[i]->package))
			add_dependency(found, package, runners[i]);
}

/* The one runner that the package depends on and that finds tests in any folder, or NULL. */
static const struct runner *only_dependency(const struct package *package, runner_table runners)
{
	const struct runner *only = NULL;

	for (size_t i = 0; runners[i]; i++) {
		if (!package_depends(package, runners[i]->package))
			continue;
		if (only)
			return NULL;
		only = runners[i];
	}
	return only && only->anywhere ? only : NULL;
}

void project_found_dependencies(
	struct project_found *found, const struct project_packages *packages, runner_table runners)
{
	for (size_t i = 0; i < packages->n; i++) {
		const struct package *package = packages->v[i];
		const struct runner *runner = only_dependency(package, runners);
		if (!runner || has_test_script(package))
			continue;
		cleanup_free char *reason = xasprintf("dependency `%s`", runner->package);
		struct suite *suite = make_suite(package, runner, NULL, reason);
		if (suite)
			add(found, package, suite, NULL);
	}
}

static void drop(struct project_found *found, size_t i)
{
	suite_free(found->v[i].suite);
	free(found->v[i].script);
	memmove(&found->v[i], &found->v[i + 1], (--found->n - i) * sizeof(*found->v));
}

/*
 * `outer` would run what `inner` runs. When the outer package's `test` does something else (it
 * hands over to the workspaces) and the inner one's starts the runner, the outer configuration is
 * only there to be inherited: then the inner suite is the one that counts. When it does both, so do
 * both: what a jest.config.js covers is not known before it is run.
 */
static bool covers(const struct project_item *outer, const struct project_item *inner)
{
	const struct suite *suite = outer->suite;

	return suite->runner == inner->suite->runner && outer->package != inner->package &&
	       !streq(suite->root, inner->suite->root) &&
	       path_is_below(suite->root, inner->suite->root) && suite->runner->covers &&
	       suite->runner->covers(outer->package, suite, inner->suite->root);
}

void project_found_drop_covered(struct project_found *found)
{
	bool *dropped = xcalloc(found->n + 1, sizeof(*dropped));

	for (size_t o = 0; o < found->n; o++) {
		const struct project_item *outer = &found->v[o];
		for (size_t i = 0; i < found->n && outer->test_is_other; i++)
			if (found->v[i].from_test &&
				path_is_below(outer->package->dir, found->v[i].package->dir) &&
				covers(outer, &found->v[i]))
				dropped[o] = true;
		for (size_t i = 0; i < found->n && !dropped[o]; i++)
			if (covers(outer, &found->v[i]) &&
				!(outer->hands_over && found->v[i].from_test))
				dropped[i] = true;
	}
	for (size_t i = found->n; i-- > 0;)
		if (dropped[i])
			drop(found, i);
	free(dropped);
}

void project_found_drop_equal(struct project_found *found)
{
	for (size_t i = 0; i < found->n; i++)
		for (size_t k = found->n - 1; k > i; k--)
			if (same_suite(found->v[i].suite, found->v[k].suite))
				drop(found, k);
}

/* "jest.e2e.config.js" -> "e2e", "jest.config.js" -> "", "config/unit.ts" -> "unit". */
static char *config_stem(const struct suite *suite)
{
	static const char *const noise[] = {"config", "jest", "mocha", "mocharc", "playwright",
		"js", "cjs", "mjs", "ts", "cts", "mts", "json", "jsonc", "yml", "yaml"};
	cleanup_strvec struct strvec parts = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT;
	cleanup_free char *name =
		suite->config ? xstrdup(path_basename(suite->config)) : xstrdup("");

	for (char *c = name; *c; c++)
		if (*c == '-' || *c == '_')
			*c = '.';
	strvec_split(&parts, name, '.');
	strvec_each (part, &parts) {
		bool skip = streq(part, suite->runner->name);
		for (size_t i = 0; i < ARRAY_LEN(noise); i++)
			skip |= streq(part, noise[i]);
		if (!skip)
			strbuf_addf(&out, "%s%s", out.len ? "-" : "", part);
	}
	return strbuf_detach(&out);
}

static size_t count(
	const struct project_found *found, const struct project_item *item, bool package)
{
	size_t n = 0;

	for (size_t i = 0; i < found->n; i++)
		n += found->v[i].suite->runner == item->suite->runner &&
		     (!package || found->v[i].package == item->package);
	return n;
}

static bool is_taken(const struct project_found *found, size_t before, const char *name)
{
	for (size_t i = 0; i < before; i++)
		if (streq(found->v[i].suite->name, name))
			return true;
	return false;
}

void project_found_name(struct project_found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		struct project_item *item = &found->v[i];
		const char *runner = item->suite->runner->name;
		size_t all = count(found, item, false), here = count(found, item, true);
		cleanup_free char *stem = config_stem(item->suite);
		cleanup_strbuf struct strbuf name = STRBUF_INIT;
		if (all > here)
			strbuf_addf(&name, "%s:", item->package->name);
		strbuf_addstr(&name, runner);
		if (here > 1 && (*stem || item->script))
			strbuf_addf(&name, ":%s", *stem ? stem : item->script);
		size_t len = name.len;
		for (int n = 2; is_taken(found, i, name.buf); n++) {
			strbuf_setlen(&name, len);
			strbuf_addf(&name, "-%d", n);
		}
		free(item->suite->name);
		item->suite->name = strbuf_detach(&name);
	}
}

void project_found_release(struct project_found *found)
{
	for (size_t i = 0; i < found->n; i++) {
		suite_free(found->v[i].suite);
		free(found->v[i].script);
	}
	free(found->v);
}
