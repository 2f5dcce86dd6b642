/* Workspaces of a package: which patterns it has, and the folders they stand for. */
#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/detect/package.h"

#include <sys/stat.h>

enum { DEPTH_MAX = 8, FOLDERS_MAX = 20000, YAML_BYTES_MAX = 256 * 1024 };

static void add_strings(const struct json *array, struct strvec *patterns)
{
	json_each (item, array)
		if (json_is_string(item))
			strvec_push(patterns, json_string(item, ""));
}

/* One item of a YAML list of plain or quoted strings: quotes and a comment behind it go. */
static void add_yaml_item(const char *s, size_t len, struct strvec *patterns)
{
	while (len && strchr(" \t", *s)) {
		s++;
		len--;
	}
	char quote = len && (*s == '\'' || *s == '"') ? *s : '\0';
	size_t n = 0;
	if (quote) {
		const char *end = memchr(s + 1, quote, len - 1);
		n = end ? (size_t)(end - s - 1) : 0;
		s++;
	} else {
		while (n < len && !(s[n] == '#' && n && strchr(" \t", s[n - 1])))
			n++;
		while (n && strchr(" \t\r", s[n - 1]))
			n--;
	}
	cleanup_free char *text = xstrndup(s, n);
	if (*text)
		strvec_push(patterns, text);
}

static void add_yaml_flow(const char *s, struct strvec *patterns)
{
	while (*s && *s != ']') {
		size_t n = strcspn(s, ",]");
		add_yaml_item(s, n, patterns);
		s += n + (s[n] == ',');
	}
}

/* `packages:` of pnpm-workspace.yaml: a block or a flow list of strings, which is all that pnpm's
 * own documentation knows. */
static int add_pnpm(const char *dir, struct strvec *patterns, struct error *err)
{
	cleanup_free char *path = path_join(dir, "pnpm-workspace.yaml");
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	bool inside = false;

	if (!path_exists(path))
		return 0;
	if (file_read(path, YAML_BYTES_MAX, EXIT_CODE_USAGE, &text, err) < 0)
		return -1;
	for (const char *line = text.buf; *line;) {
		const char *end = strchrnul(line, '\n');
		const char *s = line + strspn(line, " \t");
		if (starts_with(line, "packages:")) {
			inside = true;
			s = strchr(line, ':') + 1;
			s += strspn(s, " \t");
			if (*s == '[')
				add_yaml_flow(s + 1, patterns);
		} else if (inside && s < end && s[0] == '-' && strchr(" \t", s[1])) {
			add_yaml_item(s + 1, (size_t)(end - s - 1), patterns);
		} else if (s == line && s < end && !strchr("#\r]", *s)) {
			inside = false;
		}
		line = *end ? end + 1 : end;
	}
	return 0;
}

static int read_patterns(const struct package *package, struct strvec *patterns, struct error *err)
{
	const struct json *workspaces = json_get(package->json, "workspaces");

	if (json_is_object(workspaces))
		workspaces = json_get(workspaces, "packages");
	add_strings(workspaces, patterns);
	if (package_has_file(package, "pnpm-workspace.yaml") &&
		add_pnpm(package->dir, patterns, err) < 0)
		return -1;
	if (!patterns->n && package_has_file(package, "lerna.json")) {
		cleanup_free char *path = path_join(package->dir, "lerna.json");
		cleanup_json struct json *lerna = json_parse_file(path, EXIT_CODE_USAGE, err);
		if (!lerna)
			return -1;
		add_strings(json_get(lerna, "packages"), patterns);
	}
	return 0;
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Follow the pattern's parts from `dir` down; only folders that a part names are opened. */
static void walk(
	const char *dir, const struct strvec *parts, size_t i, int depth, struct strvec *ret_dirs)
{
	if (depth > DEPTH_MAX || ret_dirs->n >= FOLDERS_MAX)
		return;
	if (i == parts->n) {
		cleanup_free char *file = path_join(dir, "package.json");
		if (path_exists(file))
			strvec_push(ret_dirs, dir);
		return;
	}
	const char *part = parts->v[i];
	bool deep = streq(part, "**");
	if (deep)
		walk(dir, parts, i + 1, depth, ret_dirs);
	if (!strpbrk(part, "*?[{")) {
		cleanup_free char *below = path_join(dir, part);
		if (path_is_dir(below))
			walk(below, parts, i + 1, depth + 1, ret_dirs);
		return;
	}
	cleanup_strvec struct strvec names = STRVEC_INIT;
	file_list_dir(dir, &names);
	strvec_each (name, &names) {
		cleanup_free char *below = path_join(dir, name);
		if (streq(name, "node_modules") || (name[0] == '.' && part[0] != '.'))
			continue;
		if ((deep ? is_link(below) : !path_glob(part, name)) || !path_is_dir(below))
			continue;
		walk(below, parts, deep ? i : i + 1, depth + 1, ret_dirs);
	}
}

/* Patterns that start with "!" take folders away, whatever their order. */
static bool is_excluded(const char *base, const struct strvec *patterns, const char *dir)
{
	cleanup_free char *relative = path_relative(base, dir);

	for (size_t i = 0; i < patterns->n; i++) {
		const char *pattern = patterns->v[i];
		if (pattern[0] != '!')
			continue;
		pattern += starts_with(pattern, "!./") ? 3 : 1;
		cleanup_free char *bare = xstrdup(pattern);
		for (size_t n = strlen(bare); n && bare[n - 1] == '/';)
			bare[--n] = '\0';
		if (path_glob(bare, relative))
			return true;
	}
	return false;
}

int package_workspaces(const struct package *package, struct strvec *ret_dirs, struct error *err)
{
	cleanup_strvec struct strvec patterns = STRVEC_INIT, found = STRVEC_INIT;

	if (read_patterns(package, &patterns, err) < 0)
		return -1;
	for (size_t i = 0; i < patterns.n; i++) {
		cleanup_free char *pattern = path_normalize(patterns.v[i]);
		cleanup_strvec struct strvec parts = STRVEC_INIT;
		/* a workspace outside of the project is somebody else's */
		if (pattern[0] == '!' || pattern[0] == '/' || starts_with(pattern, ".."))
			continue;
		strvec_split(&parts, pattern, '/');
		walk(package->dir, &parts, 0, 0, &found);
	}
	strvec_sort(&found);
	for (size_t i = 0; i < found.n; i++) {
		const char *dir = found.v[i];
		if ((i && streq(dir, found.v[i - 1])) || streq(dir, package->dir))
			continue;
		cleanup_free char *self = xasprintf("%s/.", package->dir);
		if (!streq(dir, self) && !is_excluded(package->dir, &patterns, dir))
			strvec_push(ret_dirs, dir);
	}
	return 0;
}
