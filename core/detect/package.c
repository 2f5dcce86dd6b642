#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/detect/package.h"
#include "core/detect/script.h"

#include <glob.h>

enum { EXPANDED_MAX = 20000 };

static const char *environment(const char *name)
{
	return getenv(name);
}

static void read_commands(struct package *package)
{
	const struct json *scripts = json_get(package->json, "scripts");
	const struct json *wireit = json_get(package->json, "wireit");
	struct script_commands commands = SCRIPT_COMMANDS_INIT;

	if (!json_is_object(scripts))
		return;
	script_collect(scripts, wireit, "test", environment, &commands);
	json_each (script, scripts)
		if (!streq(json_key(script), "test"))
			script_collect(scripts, wireit, json_key(script), environment, &commands);
	package->commands = commands.v;
	package->command_count = commands.n;
}

struct package *package_read(const char *dir, struct error *err)
{
	struct package *package = xcalloc(1, sizeof(*package));
	cleanup_free char *path = path_join(dir, "package.json");

	package->dir = xstrdup(dir);
	strvec_init(&package->files);
	file_list_dir(dir, &package->files);
	if (package_has_file(package, "package.json")) {
		package->json = json_parse_file(path, EXIT_CODE_USAGE, err);
		if (!package->json) {
			package_free(package);
			return NULL;
		}
	}
	const char *name = json_get_string(package->json, "name", "");
	package->name = xstrdup(*name ? name : path_basename(dir));
	read_commands(package);
	return package;
}

void package_free(struct package *package)
{
	if (!package)
		return;
	struct script_commands commands = {
		package->commands, package->command_count, package->command_count};
	script_commands_release(&commands);
	free(package->dir);
	free(package->name);
	json_free(package->json);
	strvec_release(&package->files);
	free(package);
}

bool package_has_file(const struct package *package, const char *name)
{
	return strvec_has(&package->files, name);
}

const char *package_script(const struct package *package, const char *name)
{
	return json_string(json_path(package->json, "scripts", name, NULL), NULL);
}

const struct script_command *package_command(
	const struct package *package, const char *const *programs)
{
	for (size_t i = 0; i < package->command_count; i++)
		for (const char *const *p = programs; p && *p; p++)
			if (streq(package->commands[i].program, *p))
				return &package->commands[i];
	return NULL;
}

bool package_depends(const struct package *package, const char *name)
{
	static const char *const keys[] = {
		"dependencies", "devDependencies", "peerDependencies", "optionalDependencies"};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++)
		if (json_get(json_get(package->json, keys[i]), name))
			return true;
	return false;
}

static void add_escaped(struct strbuf *out, const char *s)
{
	for (; *s; s++) {
		if (strchr("*?[]\\", *s))
			strbuf_addch(out, '\\');
		strbuf_addch(out, *s);
	}
}

/* Returns false when nothing matches: then sh leaves the word as it is. */
static bool expand_glob(const char *pattern, const char *dir, struct strvec *ret_args)
{
	cleanup_strbuf struct strbuf full = STRBUF_INIT;
	bool relative = pattern[0] != '/';
	size_t skip = relative ? strlen(dir) + 1 : 0;
	glob_t found;

	if (relative) {
		add_escaped(&full, dir);
		strbuf_addch(&full, '/');
	}
	strbuf_addstr(&full, pattern);
	if (glob(full.buf, 0, NULL, &found) != 0)
		return false;
	bool fits = found.gl_pathc <= EXPANDED_MAX;
	for (size_t i = 0; fits && i < found.gl_pathc; i++)
		strvec_push(ret_args, found.gl_pathv[i] + skip);
	globfree(&found);
	return fits;
}

void package_expand(const struct script_command *command, const char *dir, struct strvec *ret_args)
{
	for (size_t i = 0; i < command->args.n; i++)
		if (!command->globs.v[i][0] || !expand_glob(command->globs.v[i], dir, ret_args))
			strvec_push(ret_args, command->args.v[i]);
}
