#include "core/base/base.h"

#include "cmd/target.h"
#include "core/base/path.h"

#include <fcntl.h>
#include <sys/stat.h>

/* A device or pipe is written to; it must not be replaced by a file. */
static bool is_stream(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0 || S_ISREG(st.st_mode) || S_ISDIR(st.st_mode))
		return false;
	return !S_ISLNK(st.st_mode) || starts_with(path, "/dev/");
}

int target_find(
	const struct options *options, const char *name, struct target *ret, struct error *err)
{
	const char *path = options_value(options, "output", NULL);
	bool json = options_has(options, "json");

	if (path && json && streq(path, "-")) {
		error_set(err, EXIT_CODE_USAGE, "`--json` and `-o -` both write to stdout");
		return error_help(err, "name a file for the report: -o FILE");
	}
	if (path && path_is_dir(path)) {
		error_set(err, EXIT_CODE_USAGE, "%s is a folder", path);
		return error_help(err, "name the file in it: -o %s/%s", path, name);
	}
	*ret = (struct target){path ? path : json ? NULL : "-", false};
	ret->stream = ret->path && (streq(ret->path, "-") || is_stream(ret->path));
	return 0;
}

int target_open(const struct target *t, struct spool *out, struct error *err)
{
	if (t->path)
		return spool_open(out, t->stream ? NULL : t->path, err);
	spool_open_null(out);
	return 0;
}

int target_write(const struct target *t, struct spool *out, struct error *err)
{
	if (!t->path)
		return 0;
	if (!t->stream)
		return spool_commit(out, err);
	if (streq(t->path, "-"))
		return spool_copy(out, STDOUT_FILENO, err);
	cleanup_close int fd = open(t->path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", t->path);
	return spool_copy(out, fd, err);
}
