#include "core/base/base.h"

#include "core/base/path.h"
#include "core/detect/project.h"
#include "core/detect/project_found.h"

/* Programs that `npm test` starts instead, so that the text can say so. */
static void tell_test_programs(const struct package *package, struct strbuf *out)
{
	cleanup_strvec struct strvec programs = STRVEC_INIT;

	for (size_t i = 0; i < package->command_count; i++) {
		const struct script_command *command = &package->commands[i];
		if (streq(command->entry, "test") && !strvec_has(&programs, command->program))
			strvec_push(&programs, command->program);
	}
	if (!programs.n)
		return;
	strbuf_addstr(out, "; script `test` starts ");
	for (size_t i = 0; i < MIN(programs.n, (size_t)3); i++)
		strbuf_addf(out, "%s`%.40s`", i ? ", " : "", programs.v[i]);
	strbuf_addstr(out, ", of which muster runs no tests");
}

/* One line for exit 4: where was looked, for what, what was there instead, and the way out. */
static void tell_looked_for(
	const struct project_packages *packages, runner_table runners, struct strbuf *out)
{
	strbuf_addf(out, "looked in %zu package%s for ", packages->n, packages->n == 1 ? "" : "s");
	for (size_t i = 0; runners[i]; i++) {
		const struct runner *runner = runners[i];
		strbuf_addf(out, "%s%s (", i ? ", " : "", runner->name);
		if (runner->config_files && runner->config_files[0])
			strbuf_addf(out, "%s, ", runner->config_files[0]);
		strbuf_addf(out, "script that starts %s)", runner->name);
	}
	tell_test_programs(packages->v[0], out);
	strbuf_addstr(out, "; or name suites in muster.yaml (`muster init`)");
}

/* Is `command` one of `others`? Returns its name there, or NULL. */
static const char *other_of(const char *const *others, const struct script_command *command)
{
	for (; *others; others++) {
		size_t n = strcspn(*others, " ");
		if (strlen(command->program) != n || strncmp(command->program, *others, n))
			continue;
		if (!(*others)[n] || strvec_has(&command->args, *others + n + 1))
			return *others;
	}
	return NULL;
}

/* Tests that `npm test` runs and muster does not: a green run must not pass for them, too. */
static void tell_not_run(const struct project_packages *packages, runner_table runners,
	const char *const *others, struct strbuf *out)
{
	cleanup_strvec struct strvec told = STRVEC_INIT;

	for (size_t p = 0; p < packages->n; p++) {
		const struct package *package = packages->v[p];
		for (size_t i = 0; i < package->command_count; i++) {
			const struct script_command *command = &package->commands[i];
			const char *other = project_found_entry_counts(package, command->entry)
						    ? other_of(others, command)
						    : NULL;
			if (!other || strvec_has(&told, other))
				continue;
			strvec_push(&told, other);
			cleanup_free char *dir = path_relative(packages->v[0]->dir, package->dir);
			strbuf_addf(out, "%s`%s` (script `%.60s`%s%.120s)",
				out->len ? ", " : "not run: ", other, command->script,
				p ? " of " : "", p ? dir : "");
		}
	}
	if (!out->len)
		return;
	strbuf_addstr(out, "; muster runs");
	for (size_t i = 0; runners[i]; i++)
		strbuf_addf(out, "%s%s", i ? ", " : " ", runners[i]->name);
	strbuf_addstr(out, " only");
}

static void packages_add(struct project_packages *packages, struct package *package)
{
	GROW(packages->v, packages->n + 1, packages->cap);
	packages->v[packages->n++] = package;
}

static void packages_release(struct project_packages *packages)
{
	for (size_t i = 0; i < packages->n; i++)
		package_free(packages->v[i]);
	free(packages->v);
}

/* A folder that is no package itself (backend/ beside frontend/): one level down. */
static void list_folders(const struct package *base, struct strvec *ret_dirs)
{
	strvec_each (name, &base->files) {
		cleanup_free char *dir = path_join(base->dir, name);
		cleanup_free char *file = path_join(dir, "package.json");
		if (name[0] != '.' && !streq(name, "node_modules") && path_exists(file))
			strvec_push(ret_dirs, dir);
	}
}

static int read_packages(const char *base, struct project_packages *packages, struct error *err)
{
	cleanup_strvec struct strvec dirs = STRVEC_INIT;
	struct package *package = package_read(base, err);

	if (!package)
		return -1;
	packages_add(packages, package);
	if (package_workspaces(package, &dirs, err) < 0)
		return -1;
	if (!package->json && !dirs.n)
		list_folders(package, &dirs);
	strvec_each (dir, &dirs) {
		package = package_read(dir, err);
		if (!package)
			return -1;
		packages_add(packages, package);
	}
	return 0;
}

int project_detect(const char *base, runner_table runners, const char *const *others,
	struct suites *suites, struct project_notes *notes, struct error *err)
{
	cleanup_free char *dir = path_normalize(base);
	struct project_packages packages = {NULL, 0, 0};
	struct project_found found = {NULL, 0, 0};
	int result = read_packages(dir, &packages, err);

	if (result == 0) {
		for (size_t i = 0; i < packages.n; i++)
			project_found_package(&found, packages.v[i], runners);
		if (!found.n)
			project_found_dependencies(&found, &packages, runners);
		project_found_drop_covered(&found);
		project_found_drop_equal(&found);
		project_found_name(&found);
		for (size_t i = 0; i < found.n; i++) {
			suites_add(suites, found.v[i].suite);
			found.v[i].suite = NULL;
		}
		if (notes) {
			tell_looked_for(&packages, runners, &notes->looked_for);
			tell_not_run(&packages, runners, others, &notes->not_run);
		}
	}
	project_found_release(&found);
	packages_release(&packages);
	return result;
}

void project_notes_release(struct project_notes *notes)
{
	strbuf_release(&notes->looked_for);
	strbuf_release(&notes->not_run);
}

/* A package.json that only says `"type": "module"` marks a folder, it does not make a project. */
static bool is_project(const struct package *package)
{
	static const char *const keys[] = {
		"name", "scripts", "workspaces", "dependencies", "devDependencies", "private"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get(package->json, keys[i]))
			return true;
	return false;
}

static bool has(const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);

	return path_exists(path);
}

/* Does `outer` list `inner` (absolute) among its workspaces? */
static bool lists(const char *outer, const char *inner)
{
	cleanup_strvec struct strvec dirs = STRVEC_INIT;
	struct package *package = package_read(outer, NULL);
	bool listed = package && package_workspaces(package, &dirs, NULL) == 0 &&
		      strvec_has(&dirs, inner);

	package_free(package);
	return listed;
}

static bool is_package_dir(const char *dir)
{
	if (!has(dir, "package.json"))
		return false;
	struct package *package = package_read(dir, NULL);
	bool yes = !package || is_project(package); /* a broken one is told later */
	package_free(package);
	return yes;
}

char *project_base(const char *start)
{
	cleanup_free char *dir = path_normalize(start);
	cleanup_free char *nearest = NULL, *outermost = NULL;

	for (;;) {
		if (has(dir, "muster.yaml") || has(dir, "muster.yml"))
			return xstrdup(dir);
		if (!nearest && is_package_dir(dir)) {
			nearest = xstrdup(dir);
		} else if (nearest &&
			   (has(dir, "package.json") || has(dir, "pnpm-workspace.yaml")) &&
			   lists(dir, nearest)) {
			free(outermost);
			outermost = xstrdup(dir);
		}
		bool top = has(dir, ".git");
		cleanup_free char *parent = path_dirname(dir);
		if (top || streq(parent, dir) || streq(dir, ".")) {
			if (outermost || nearest)
				return xstrdup(outermost ? outermost : nearest);
			return top ? xstrdup(dir) : path_normalize(start);
		}
		char *next = parent;
		parent = dir;
		dir = next;
	}
}
