#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/spool.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { BUFFER_BYTES = 256 * 1024 };

void spool_open_null(struct spool *s)
{
	*s = (struct spool){.buf = STRBUF_INIT, .fd = -1};
}

/* Nobody else can have made this name a trap: O_EXCL follows no link and takes no foreign file. */
static int open_named(const char *temp)
{
	int flags = O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = open(temp, flags, 0644);

	/* left behind by a process of our number that was killed */
	if (fd < 0 && errno == EEXIST && unlink(temp) == 0)
		fd = open(temp, flags, 0644);
	return fd;
}

static int open_in(struct spool *s, const char *dir, const char *stem)
{
#ifdef O_TMPFILE
	/* it gets its name through /proc, see give_name() */
	if (access("/proc/self/fd", X_OK) == 0)
		s->fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
	if (s->fd >= 0)
		return 0;
#endif
	s->temp = xasprintf("%s/%s.tmp.%d", dir, stem, (int)getpid());
	s->fd = open_named(s->temp);
	return s->fd < 0 ? -1 : 0;
}

int spool_open(struct spool *s, const char *path, struct error *err)
{
	const char *tmp = getenv("TMPDIR");
	cleanup_free char *dir = path ? path_dirname(path) : xstrdup(tmp && *tmp ? tmp : "/tmp");

	spool_open_null(s);
	if (path && file_mkdirs(dir, err) < 0)
		return -1;
	if (open_in(s, dir, path ? path_basename(path) : "muster-spool") < 0) {
		int saved = errno;
		spool_release(s);
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, saved, "cannot write %s", path ? path : dir);
	}
	s->path = path ? xstrdup(path) : NULL;
	if (!path && s->temp)
		unlink(s->temp);
	return 0;
}

void spool_make_private(struct spool *s)
{
	if (fchmod(s->fd, 0600) < 0)
		s->errnum = errno;
}

static void write_at(struct spool *s, int64_t position, const char *data, size_t len)
{
	while (len && s->fd >= 0 && !s->errnum) {
		ssize_t n = pwrite(s->fd, data, len, position);
		if (n < 0 && errno != EINTR)
			s->errnum = errno;
		if (n <= 0)
			continue;
		data += n;
		position += n;
		len -= (size_t)n;
	}
}

static void flush(struct spool *s)
{
	write_at(s, s->flushed, s->buf.buf, s->buf.len);
	s->flushed += (int64_t)s->buf.len;
	strbuf_reset(&s->buf);
}

void spool_settle(struct spool *s)
{
	if (s->buf.len > BUFFER_BYTES)
		flush(s);
}

void spool_rewind(struct spool *s, int64_t position)
{
	if (position >= s->flushed) {
		strbuf_setlen(&s->buf, (size_t)(position - s->flushed));
		return;
	}
	strbuf_reset(&s->buf);
	s->flushed = position;
}

void spool_patch(struct spool *s, int64_t position, const char *data, size_t len)
{
	if (position >= s->flushed) {
		memcpy(s->buf.buf + (position - s->flushed), data, len);
		return;
	}
	if (position + (int64_t)len > s->flushed)
		flush(s);
	write_at(s, position, data, len);
}

/* Everything is in the file, and nothing behind it that was taken back. */
static int complete(struct spool *s, struct error *err)
{
	flush(s);
	if (!s->errnum && s->fd >= 0 && ftruncate(s->fd, s->flushed) < 0)
		s->errnum = errno;
	if (s->errnum)
		return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, s->errnum, "cannot write %s",
			s->path ? s->path : "a temporary file");
	return 0;
}

/* The unnamed file gets a name of its own first: only rename() replaces what is there. */
static int give_name(struct spool *s)
{
	char self[64];

	if (s->temp)
		return 0;
	s->temp = xasprintf("%s.tmp.%d", s->path, (int)getpid());
	snprintf(self, sizeof(self), "/proc/self/fd/%d", s->fd);
	if (linkat(AT_FDCWD, self, AT_FDCWD, s->temp, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	if (errno == EEXIST && unlink(s->temp) == 0 &&
		linkat(AT_FDCWD, self, AT_FDCWD, s->temp, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	free(s->temp);
	s->temp = NULL;
	return -1;
}

int spool_commit(struct spool *s, struct error *err)
{
	if (s->fd < 0)
		return 0;
	if (complete(s, err) < 0)
		return -1;
	if (fsync(s->fd) < 0 || give_name(s) < 0 || rename(s->temp, s->path) < 0)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", s->path);
	free(s->temp);
	s->temp = NULL;
	return 0;
}

int spool_copy(struct spool *s, int fd, struct error *err)
{
	cleanup_free char *block = xmalloc(BUFFER_BYTES);

	if (s->fd < 0)
		return 0;
	if (complete(s, err) < 0)
		return -1;
	for (int64_t at = 0; at < s->flushed;) {
		ssize_t n = pread(s->fd, block, BUFFER_BYTES, at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, n ? errno : EIO,
				"cannot read a temporary file");
		if (file_write_all(fd, block, (size_t)n) < 0)
			return errno == EPIPE ? 0
					      : error_set_errno(err, EXIT_CODE_INFRASTRUCTURE,
							errno, "cannot write output");
		at += n;
	}
	return 0;
}

void spool_release(struct spool *s)
{
	if (s->fd >= 0)
		close(s->fd);
	if (s->temp && s->path)
		unlink(s->temp);
	free(s->temp);
	free(s->path);
	strbuf_release(&s->buf);
	spool_open_null(s);
}
