#include "core/base/base.h"

#include "core/base/text.h"
#include "reporters/tty_frame.h"

void tty_frame_erase(struct tty_frame *f)
{
	/* The cursor stands at the start of the line below the region. A terminal that has become
	 * narrower has wrapped its lines. */
	size_t columns = (size_t)MAX(f->sink->columns, 1);

	for (; f->lines; f->lines--)
		for (size_t w = f->widths[f->lines - 1], row = 0; row == 0 || row * columns < w;
			row++)
			sink_puts(f->sink, "\x1b[1A\x1b[2K");
}

size_t tty_frame_room(const struct tty_frame *f)
{
	/* A line that has left the screen at the top can never be erased. */
	if (f->sink->rows <= 0)
		return ARRAY_LEN(f->widths);
	return MIN((size_t)f->sink->rows - 1, ARRAY_LEN(f->widths));
}

void tty_frame_draw(struct tty_frame *f, const struct strvec *lines)
{
	/* One column is left free: a full line would wrap on some terminals. */
	size_t width = (size_t)MAX(f->sink->columns - 1, 1);

	f->lines = MIN(lines->n, tty_frame_room(f));
	for (size_t i = 0; i < f->lines; i++) {
		cleanup_strbuf struct strbuf cut = STRBUF_INIT;
		text_truncate(&cut, lines->v[i], width);
		f->widths[i] = text_width(cut.buf);
		sink_printf(f->sink, "%s\n", cut.buf);
	}
}
