#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/base/strvec.h"

#include <sys/stat.h>

char *path_join(const char *dir, const char *name)
{
	if (name[0] == '/' || !dir[0])
		return xstrdup(name);
	return xasprintf(ends_with(dir, "/") ? "%s%s" : "%s/%s", dir, name);
}

char *path_dirname(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	return slash == path ? xstrdup("/") : xstrndup(path, (size_t)(slash - path));
}

const char *path_basename(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

const char *path_extension(const char *path)
{
	const char *base = path_basename(path);
	const char *dot = strrchr(base, '.');

	return dot && dot != base ? dot : "";
}

char *path_normalize(const char *path)
{
	bool absolute = path[0] == '/';
	cleanup_strvec struct strvec in = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT;
	size_t depth = 0; /* parts in out that ".." can take away */

	strvec_split(&in, path, '/');
	if (absolute)
		strbuf_addch(&out, '/');
	for (size_t i = 0; i < in.n; i++) {
		const char *part = in.v[i];
		if (streq(part, "."))
			continue;
		if (streq(part, "..") && depth) {
			char *slash = strrchr(out.buf, '/');
			size_t keep = slash ? (size_t)(slash - out.buf) : 0;
			strbuf_setlen(&out, absolute && keep == 0 ? 1 : keep);
			depth--;
			continue;
		}
		if (streq(part, "..") && absolute)
			continue;
		if (out.len && !ends_with(out.buf, "/"))
			strbuf_addch(&out, '/');
		strbuf_addstr(&out, part);
		if (!streq(part, ".."))
			depth++;
	}
	if (!out.len)
		strbuf_addch(&out, '.');
	return strbuf_detach(&out);
}

bool path_is_below(const char *dir, const char *path)
{
	size_t n = strlen(dir);

	if (streq(dir, "/"))
		return path[0] == '/';
	return strncmp(dir, path, n) == 0 && (path[n] == '/' || path[n] == '\0');
}

char *path_relative(const char *base, const char *path)
{
	if (streq(base, path))
		return xstrdup(".");
	if (path_is_below(base, path))
		return xstrdup(path + strlen(base) + (streq(base, "/") ? 0 : 1));
	size_t common = 0; /* length of the shared leading directories, without their last slash */
	for (size_t i = 0;; i++) {
		bool base_end = base[i] == '\0' || base[i] == '/';
		bool path_end = path[i] == '\0' || path[i] == '/';
		if (base_end && path_end)
			common = i;
		if (base[i] != path[i] || !base[i])
			break;
	}
	struct strbuf out = STRBUF_INIT;
	for (const char *p = base + common; *p; p++)
		if (*p == '/' && p[1])
			strbuf_addstr(&out, out.len ? "/.." : "..");
	const char *rest = path + common;
	while (*rest == '/')
		rest++;
	if (*rest)
		strbuf_addf(&out, "%s%s", out.len ? "/" : "", rest);
	return strbuf_detach(&out);
}

bool path_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool path_is_dir(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

char *path_real(const char *path)
{
	return realpath(path, NULL);
}

char *path_cwd(void)
{
	char *cwd = getcwd(NULL, 0);

	return cwd ? cwd : xstrdup("/");
}
