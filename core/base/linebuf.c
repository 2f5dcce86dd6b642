#include "core/base/base.h"

#include "core/base/linebuf.h"

void linebuf_init(struct linebuf *lb, size_t limit_bytes)
{
	*lb = (struct linebuf){.rest = STRBUF_INIT, .limit_bytes = limit_bytes};
}

void linebuf_release(struct linebuf *lb)
{
	strbuf_release(&lb->rest);
}

/* Hand out the whole lines in `rest`; returns the bytes used. */
static size_t drain(struct linebuf *lb, linebuf_fn *fn, void *arg)
{
	char *start = lb->rest.buf, *end = lb->rest.buf + lb->rest.len;

	for (char *nl; start < end && (nl = memchr(start, '\n', (size_t)(end - start)));) {
		*nl = '\0';
		char *line = start;
		start = nl + 1;
		if (lb->skipping)
			lb->skipping = false;
		else if (!fn(arg, line, (size_t)(nl - line), false))
			break;
	}
	return (size_t)(start - lb->rest.buf);
}

void linebuf_feed(struct linebuf *lb, const char *data, size_t len, linebuf_fn *fn, void *arg)
{
	strbuf_add(&lb->rest, data, len);
	strbuf_remove(&lb->rest, 0, drain(lb, fn, arg));
	if (lb->rest.len > lb->limit_bytes) {
		if (!lb->skipping) {
			strbuf_setlen(&lb->rest, lb->limit_bytes);
			lb->skipping = true;
			fn(arg, lb->rest.buf, lb->rest.len, true);
		}
		strbuf_reset(&lb->rest);
	}
}

void linebuf_finish(struct linebuf *lb, linebuf_fn *fn, void *arg)
{
	if (lb->rest.len && !lb->skipping)
		fn(arg, lb->rest.buf, lb->rest.len, false);
	strbuf_reset(&lb->rest);
	lb->skipping = false;
}
