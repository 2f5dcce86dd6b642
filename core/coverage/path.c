#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/coverage/parts.h"

#include <sys/stat.h>

/*
 * One source file has one path, however it is spelled: file:// addresses, Windows separators, "..",
 * the root of another machine, folders that are links here.
 */

static void free_name(void *name)
{
	free(((struct coverage_name *)name)->path);
	free(name);
}

void coverage_path_forget(struct coverage *c)
{
	strmap_release(&c->by_raw, free_name);
}

void coverage_set_root(struct coverage *c, const struct coverage_root *root)
{
	const char *from = root ? root->from : NULL, *to = root ? root->to : NULL;

	if (streq_null(from, c->from) && streq_null(to, c->to))
		return;
	free(c->from);
	free(c->to);
	c->from = from ? xstrdup(from) : NULL;
	c->to = to ? xstrdup(to) : NULL;
	coverage_path_forget(c);
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
}

/* file:///a%20b → /a b; file:///C:/a → C:/a */
static void from_url(struct strbuf *path)
{
	struct strbuf out = STRBUF_INIT;
	const char *p = path->buf + strlen("file://");

	if (starts_with(p, "localhost/"))
		p += strlen("localhost");
	for (; *p; p++) {
		int high = *p == '%' ? hex_digit(p[1]) : -1;
		int low = high < 0 ? -1 : hex_digit(p[2]);
		if (low >= 0 && (high || low)) {
			strbuf_addch(&out, (char)(high * 16 + low));
			p += 2;
		} else {
			strbuf_addch(&out, *p);
		}
	}
	strbuf_release(path);
	*path = out;
	if (path->buf[0] == '/' && path->buf[1] && path->buf[2] == ':')
		strbuf_remove(path, 0, 1);
}

static bool has_drive(const char *path)
{
	return (path[0] | 0x20) >= 'a' && (path[0] | 0x20) <= 'z' && path[1] == ':' &&
	       (path[2] == '\\' || path[2] == '/');
}

/* A backslash may be part of a name here; it is a separator where no slash can be one. */
static void from_windows(struct strbuf *path)
{
	if (!has_drive(path->buf) && !starts_with(path->buf, "\\\\") && strchr(path->buf, '/'))
		return;
	for (size_t i = 0; i < path->len; i++)
		if (path->buf[i] == '\\')
			path->buf[i] = '/';
}

static bool is_absolute(const char *path)
{
	return path[0] == '/' || has_drive(path);
}

static void move_root(struct coverage *c, struct strbuf *path)
{
	if (c->from && is_absolute(path->buf) && path_is_below(c->from, path->buf) && c->to) {
		cleanup_free char *rest = path_relative(c->from, path->buf);
		cleanup_free char *here = path_join(c->to, rest);
		strbuf_reset(path);
		strbuf_addstr(path, here);
	} else if (c->to && !is_absolute(path->buf)) {
		cleanup_free char *here = path_join(c->to, path->buf);
		strbuf_reset(path);
		strbuf_addstr(path, here);
	}
}

/* Where a folder really is; folders that are not here stay as they are. Folders lie in few others:
 * from where those are it is one step. */
static const char *real_dir(struct coverage *c, const char *dir)
{
	char *real = strmap_get(&c->dirs, dir);
	struct stat st;

	if (real)
		return real;
	cleanup_free char *parent = path_dirname(dir);
	real = streq(parent, dir) ? xstrdup(dir)
				  : path_join(real_dir(c, parent), path_basename(dir));
	if (lstat(real, &st) == 0 && S_ISLNK(st.st_mode)) {
		char *target = path_real(real);
		if (target) {
			free(real);
			real = target;
		}
	}
	strmap_put(&c->dirs, dir, real);
	return real;
}

static char *without_links(struct coverage *c, const char *path)
{
	cleanup_free char *dir = path_dirname(path);

	return path_join(real_dir(c, dir), path_basename(path));
}

static char *here(struct coverage *c, struct strbuf *path)
{
	if (starts_with(path->buf, "file://"))
		from_url(path);
	else if (strstr(path->buf, "://"))
		return xstrdup(path->buf); /* webpack:// and the like name no file */
	from_windows(path);
	cleanup_free char *normal = path_normalize(path->buf);
	strbuf_reset(path);
	strbuf_addstr(path, normal);
	move_root(c, path);
	cleanup_free char *moved = path_normalize(path->buf);
	return moved[0] == '/' ? without_links(c, moved) : xstrdup(moved);
}

struct coverage_name *coverage_path_here(
	struct coverage *c, const char *raw, size_t len, const char **ret_what)
{
	cleanup_strbuf struct strbuf path = STRBUF_INIT;
	struct coverage_name *known = strmap_get(&c->by_raw, raw);

	if (known)
		return known;
	stream_unescape(&path, raw, len);
	*ret_what = !path.len                       ? "a file without a path"
		    : memchr(path.buf, 0, path.len) ? "a path with a NUL in it"
						    : NULL;
	if (*ret_what)
		return NULL;
	known = xcalloc(1, sizeof(*known));
	known->path = here(c, &path);
	known->file = strmap_get(&c->by_path, known->path);
	strmap_put(&c->by_raw, raw, known);
	return known;
}

const char *coverage_path_plain(struct coverage *c, const char *path, const char **ret_what)
{
	cleanup_strbuf struct strbuf raw = STRBUF_INIT;

	jsonw_quote(&raw, path, strlen(path));
	strbuf_setlen(&raw, raw.len - 1);
	strbuf_remove(&raw, 0, 1);
	struct coverage_name *name = coverage_path_here(c, raw.buf, raw.len, ret_what);
	return name ? name->path : NULL;
}
