#include "core/base/base.h"

#include "core/base/text.h"
#include "reporters/tty_frame.h"

void tty_frame_erase(struct tty_frame *f)
{
	/* The cursor stands at the start of the line below the region. */
	for (; f->lines; f->lines--)
		sink_puts(f->sink, "\x1b[1A\x1b[2K");
}

void tty_frame_draw(struct tty_frame *f, const struct strvec *lines)
{
	/* One column is left free: a full line would wrap on some terminals. */
	size_t width = (size_t)MAX(f->sink->columns - 1, 1);

	for (size_t i = 0; i < lines->n; i++) {
		cleanup_strbuf struct strbuf cut = STRBUF_INIT;
		text_truncate(&cut, lines->v[i], width);
		sink_printf(f->sink, "%s\n", cut.buf);
	}
	f->lines = lines->n;
}
