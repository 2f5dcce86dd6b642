#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/sink.h"
#include "core/base/spool.h"

enum { BUFFER_BYTES = 64 * 1024 };

void sink_init_fd(struct sink *s, int fd)
{
	*s = (struct sink){.fd = fd, .buf = STRBUF_INIT, .columns = 80};
}

void sink_init_file(struct sink *s, const char *path)
{
	sink_init_fd(s, -1);
	s->path = xstrdup(path);
}

void sink_flush(struct sink *s)
{
	if (s->fd < 0 || !s->buf.len)
		return;
	if (!s->errnum && file_write_all(s->fd, s->buf.buf, s->buf.len) < 0)
		s->errnum = errno;
	strbuf_reset(&s->buf);
}

static int open_spool(struct sink *s, struct error *err)
{
	if (s->spool)
		return 0;
	s->spool = xcalloc(1, sizeof(*s->spool));
	if (spool_open(s->spool, s->path, err) == 0) {
		spool_make_private(s->spool);
		return 0;
	}
	free(s->spool);
	s->spool = NULL;
	return -1;
}

static void spill(struct sink *s)
{
	strbuf_add(&s->spool->buf, s->buf.buf, s->buf.len);
	strbuf_reset(&s->buf);
	spool_settle(s->spool);
}

static void settle(struct sink *s)
{
	if (s->buf.len <= BUFFER_BYTES)
		return;
	if (s->fd >= 0)
		sink_flush(s);
	else if (s->path && open_spool(s, NULL) == 0) /* else sink_close() tells why not */
		spill(s);
}

void sink_write(struct sink *s, const void *data, size_t len)
{
	strbuf_add(&s->buf, data, len);
	settle(s);
}

void sink_puts(struct sink *s, const char *text)
{
	sink_write(s, text, strlen(text));
}

void sink_printf(struct sink *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&s->buf, fmt, ap);
	va_end(ap);
	settle(s);
}

static int write_file(struct sink *s, struct error *err)
{
	if (open_spool(s, err) < 0)
		return -1;
	spill(s);
	int result = spool_commit(s->spool, err);
	spool_release(s->spool);
	free(s->spool);
	s->spool = NULL;
	return result;
}

int sink_close(struct sink *s, struct error *err)
{
	int result = 0;

	sink_flush(s);
	if (s->path)
		result = write_file(s, err);
	else if (s->errnum && s->errnum != EPIPE)
		result = error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, s->errnum, "cannot write output");
	if (s->owns_fd)
		close(s->fd);
	free(s->path);
	strbuf_release(&s->buf);
	s->path = NULL;
	s->fd = -1;
	s->owns_fd = false;
	return result;
}
