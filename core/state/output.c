#include "core/base/base.h"

#include "core/state/output.h"

/* A quarter of a bound is for the beginning: the end tells more. What lies between is dropped. */
enum {
	FILE_BYTES = 128 * 1024,
	ALL_BYTES = 12 * 1024 * 1024, /* of all files; past it each keeps no more than … */
	LITTLE_BYTES = 4 * 1024,
};

void state_output_add(struct state *s, struct state_file *f, const char *text, size_t len)
{
	size_t before = f->output.len;
	size_t bound = s->output_bytes > ALL_BYTES ? MAX(LITTLE_BYTES, before) : FILE_BYTES;

	strbuf_add(&f->output, text, len);
	if (f->output.len > bound) {
		size_t over = f->output.len - bound;
		if (!f->output_dropped)
			f->output_head = bound / 4;
		strbuf_remove(&f->output, f->output_head, over);
		f->output_dropped += (int64_t)over;
	}
	s->output_bytes += f->output.len - before;
}

void state_output_forget(struct state *s, struct state_file *f)
{
	s->output_bytes -= f->output.len;
	strbuf_release(&f->output);
}
