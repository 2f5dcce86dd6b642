#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/package.h"
#include "core/script.h"

/* ---- scripts -------------------------------------------------------------------------------- */

struct scripts {
	struct package *package;
	const struct json *table; /* package.json `scripts` */
	struct strvec open;       /* scripts being followed: a cycle ends there */
	struct strvec seen;       /* scripts that were followed to their end */
	char *const *extra_args;  /* of the reference that is being followed */
};

static void read_script(struct scripts *s, const char *name, char *const *extra_args);

static void on_command(void *arg, struct script_command *command)
{
	struct scripts *s = arg;
	struct package *p = s->package;

	for (char *const *a = s->extra_args; a && *a; a++)
		strvec_push(&command->args, *a);
	p->commands = xrealloc(p->commands, (p->command_count + 1) * sizeof(*p->commands));
	p->commands[p->command_count++] = *command;
}

/* `run-s test:*` names many; `**` is not used by anybody we know. */
static void on_reference(void *arg, const char *name, char *const *extra_args)
{
	struct scripts *s = arg;

	if (!strchr(name, '*')) {
		read_script(s, name, extra_args);
		return;
	}
	json_each (script, s->table)
		if (path_glob(name, json_key(script)))
			read_script(s, json_key(script), extra_args);
}

static void read_script(struct scripts *s, const char *name, char *const *extra_args)
{
	const char *text = json_get_string(s->table, name, NULL);
	char *const *outer = s->extra_args;

	if (!text || strvec_has(&s->open, name))
		return;
	strvec_push(&s->open, name);
	if (!strvec_has(&s->seen, name))
		strvec_push(&s->seen, name);
	s->extra_args = extra_args && *extra_args ? extra_args : outer;
	script_parse(name, text, on_command, on_reference, s);
	s->extra_args = outer;
	free(s->open.v[--s->open.n]);
	s->open.v[s->open.n] = NULL;
}

/* Scripts by another name that test: `test:unit`, `unit:test`, `e2e`. */
static bool sounds_like_tests(const char *name)
{
	static const char *const modes[] = {"watch", "debug", "update", "coverage", "cover", "cov",
		"ui", "open", "dev", "report", "snapshot", "bench", "lint", "types", NULL};

	if (!starts_with(name, "test") && !ends_with(name, ":test") && !ends_with(name, "-test") &&
		!starts_with(name, "e2e") && !ends_with(name, "e2e"))
		return false;
	for (const char *const *m = modes; *m; m++)
		if (strstr(name, *m))
			return false;
	return true;
}

static void read_scripts(struct package *p)
{
	struct scripts s = {
		.package = p,
		.table = json_get(p->json, "scripts"),
		.open = STRVEC_INIT,
		.seen = STRVEC_INIT,
	};

	read_script(&s, "test", NULL);
	for (size_t i = 0; i < p->command_count; i++)
		p->commands[i].from_test = true;
	json_each (script, s.table)
		if (sounds_like_tests(json_key(script)) && !strvec_has(&s.seen, json_key(script)))
			read_script(&s, json_key(script), NULL);
	strvec_release(&s.open);
	strvec_release(&s.seen);
}

/* ---- the package ---------------------------------------------------------------------------- */

struct package *package_read(const char *dir, struct error *err)
{
	struct package *p = xcalloc(1, sizeof(*p));
	cleanup_free char *path = path_join(dir, "package.json");

	p->dir = xstrdup(dir);
	strvec_init(&p->files);
	file_list_dir(dir, &p->files);
	if (strvec_has(&p->files, "package.json")) {
		p->json = json_parse_file(path, EXIT_CODE_USAGE, err);
		if (!p->json) {
			package_free(p);
			return NULL;
		}
	}
	p->name = xstrdup(json_get_string(p->json, "name", path_basename(dir)));
	read_scripts(p);
	return p;
}

void package_free(struct package *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->command_count; i++)
		script_command_release(&p->commands[i]);
	free(p->commands);
	free(p->dir);
	free(p->name);
	json_free(p->json);
	strvec_release(&p->files);
	free(p);
}

const struct script_command *package_command(const struct package *p, const char *const *programs)
{
	for (size_t i = 0; i < p->command_count; i++)
		for (const char *const *name = programs; *name; name++)
			if (streq(p->commands[i].program, *name))
				return &p->commands[i];
	return NULL;
}

bool package_depends(const struct package *p, const char *name)
{
	static const char *const tables[] = {
		"dependencies", "devDependencies", "peerDependencies", "optionalDependencies"};

	for (size_t i = 0; i < ARRAY_LEN(tables); i++)
		if (json_get(json_get(p->json, tables[i]), name))
			return true;
	return false;
}

/* ---- workspaces ----------------------------------------------------------------------------- */

/* Walk a pattern part by part; `*` lists a folder, `**` descends. Links are not followed twice. */
static void expand(const char *dir, const char *pattern, struct strvec *out, int depth)
{
	while (starts_with(pattern, "./"))
		pattern += 2;
	if (!*pattern) {
		cleanup_free char *package = path_join(dir, "package.json");
		if (path_exists(package) && !strvec_has(out, dir))
			strvec_push(out, dir);
		return;
	}
	if (depth > 8)
		return;
	const char *end = strchrnul(pattern, '/');
	const char *rest = *end ? end + 1 : end;
	cleanup_free char *part = xstrndup(pattern, (size_t)(end - pattern));
	if (!strpbrk(part, "*?[{")) {
		cleanup_free char *next = path_join(dir, part);
		if (path_is_dir(next))
			expand(next, rest, out, depth + 1);
		return;
	}
	bool deep = streq(part, "**");
	if (deep)
		expand(dir, rest, out, depth + 1);
	cleanup_strvec struct strvec names = STRVEC_INIT;
	file_list_dir(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		if (names.v[i][0] == '.' || streq(names.v[i], "node_modules"))
			continue;
		cleanup_free char *next = path_join(dir, names.v[i]);
		if ((deep || path_glob(part, names.v[i])) && path_is_dir(next))
			expand(next, deep ? pattern : rest, out, depth + 1);
	}
}

/* The `packages:` list of pnpm-workspace.yaml, which is all we need of it: lines "- 'glob'". */
static void pnpm_patterns(const char *dir, struct strvec *patterns)
{
	cleanup_free char *path = path_join(dir, "pnpm-workspace.yaml");
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_strvec struct strvec lines = STRVEC_INIT;
	bool inside = false;

	if (file_read(path, 1024 * 1024, EXIT_CODE_USAGE, &text, NULL) < 0)
		return;
	strvec_split(&lines, text.buf, '\n');
	for (size_t i = 0; i < lines.n; i++) {
		char *line = lines.v[i] + strspn(lines.v[i], " \t");
		if (*line == '-' && inside) {
			line += 1 + strspn(line + 1, " \t'\"");
			line[strcspn(line, "'\" \t\r#")] = '\0';
			if (*line)
				strvec_push(patterns, line);
		} else if (*line && *line != '#') {
			inside = starts_with(line, "packages:");
		}
	}
}

static void json_patterns(const struct json *list, struct strvec *patterns)
{
	json_each (item, list)
		if (json_is_string(item))
			strvec_push(patterns, json_string(item, ""));
}

int package_workspaces(const struct package *p, struct strvec *ret_dirs, struct error *err)
{
	cleanup_strvec struct strvec patterns = STRVEC_INIT;
	const struct json *workspaces = json_get(p->json, "workspaces");

	json_patterns(json_is_array(workspaces) ? workspaces : json_get(workspaces, "packages"),
		&patterns);
	if (strvec_has(&p->files, "pnpm-workspace.yaml"))
		pnpm_patterns(p->dir, &patterns);
	if (!patterns.n && strvec_has(&p->files, "lerna.json")) {
		cleanup_free char *path = path_join(p->dir, "lerna.json");
		cleanup_json struct json *lerna = json_parse_file(path, EXIT_CODE_USAGE, err);
		if (!lerna)
			return -1;
		json_patterns(json_get(lerna, "packages"), &patterns);
	}
	for (size_t i = 0; i < patterns.n; i++)
		if (patterns.v[i][0] != '!')
			expand(p->dir, patterns.v[i], ret_dirs, 0);
	for (size_t i = 0; i < patterns.n; i++) {
		if (patterns.v[i][0] != '!')
			continue;
		for (size_t k = ret_dirs->n; k-- > 0;) {
			cleanup_free char *rel = path_relative(p->dir, ret_dirs->v[k]);
			if (!path_glob(patterns.v[i] + 1, rel))
				continue;
			free(ret_dirs->v[k]);
			memmove(&ret_dirs->v[k], &ret_dirs->v[k + 1],
				(ret_dirs->n - k) * sizeof(*ret_dirs->v));
			ret_dirs->n--;
		}
	}
	strvec_sort(ret_dirs);
	return 0;
}
