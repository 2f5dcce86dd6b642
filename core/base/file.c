#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

int file_read(const char *path, size_t max_bytes, enum exit_code code, struct strbuf *out,
	struct error *err)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set_errno(err, code, errno, "cannot read %s", path);
	if (S_ISDIR(st.st_mode))
		return error_set(err, code, "cannot read %s: it is a directory", path);
	size_t start = out->len;
	for (;;) {
		strbuf_grow(out, 64 * 1024);
		ssize_t n = read(fd, out->buf + out->len, out->cap - out->len - 1);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set_errno(err, code, errno, "cannot read %s", path);
		if (n == 0)
			return 0;
		strbuf_setlen(out, out->len + (size_t)n);
		if (out->len - start > max_bytes)
			return error_set(err, code, "%s is larger than %zu bytes", path, max_bytes);
	}
}

/* Whoever shares a pipe or a terminal with us may have made it one that does not block. */
static bool wait_for_room(int fd)
{
	struct pollfd room = {fd, POLLOUT, 0};

	return poll(&room, 1, -1) >= 0 || errno == EINTR;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = write(fd, p, len);
		if (n < 0 && (errno == EINTR || (errno == EAGAIN && wait_for_room(fd))))
			continue;
		if (n < 0)
			return -1;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

static int write_whole(
	const char *path, const void *data, size_t len, mode_t mode, bool sync, struct error *err)
{
	cleanup_free char *tmp = xasprintf("%s.tmp.%d", path, (int)getpid());
	cleanup_close int fd =
		open(tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode);

	if (fd < 0)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", path);
	if (file_write_all(fd, data, len) < 0 || (sync && fsync(fd) < 0) || rename(tmp, path) < 0) {
		int saved = errno;
		unlink(tmp);
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, saved, "cannot write %s", path);
	}
	return 0;
}

int file_write(const char *path, const void *data, size_t len, bool private, struct error *err)
{
	return write_whole(path, data, len, private ? 0600 : 0644, true, err);
}

int file_write_many(const char *path, const void *data, size_t len, struct error *err)
{
	return write_whole(path, data, len, 0644, false, err);
}

int file_mkdirs(const char *path, struct error *err)
{
	if (path_is_dir(path))
		return 0;
	if (mkdir(path, 0755) == 0 || errno == EEXIST) {
		if (path_is_dir(path))
			return 0;
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, ENOTDIR, "cannot create %s", path);
	}
	if (errno != ENOENT)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot create %s", path);
	cleanup_free char *parent = path_dirname(path);
	if (streq(parent, path) || file_mkdirs(parent, err) < 0)
		return -1;
	if (mkdir(path, 0755) < 0 && errno != EEXIST)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot create %s", path);
	return 0;
}

static int remove_at(int dirfd_, const char *name)
{
	if (unlinkat(dirfd_, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	int fd = openat(dirfd_, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	if (!dir) {
		if (fd >= 0)
			close(fd);
		return -1;
	}
	int result = 0;
	for (struct dirent *e; (e = readdir(dir));)
		if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
			result |= remove_at(fd, e->d_name);
	closedir(dir);
	return result | unlinkat(dirfd_, name, AT_REMOVEDIR);
}

int file_remove_tree(const char *path, struct error *err)
{
	if (remove_at(AT_FDCWD, path) < 0)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot remove %s", path);
	return 0;
}

void file_list_dir(const char *path, struct strvec *ret_names)
{
	DIR *dir = opendir(path);

	if (!dir)
		return;
	for (struct dirent *e; (e = readdir(dir));)
		if (!streq(e->d_name, ".") && !streq(e->d_name, ".."))
			strvec_push(ret_names, e->d_name);
	closedir(dir);
	strvec_sort(ret_names);
}
