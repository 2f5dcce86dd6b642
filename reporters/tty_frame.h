/*
 * The region at the bottom of a terminal that is redrawn in place. It only ever moves the cursor
 * within its own lines: what scrolls above is never touched.
 */
#pragma once

#include "core/base/sink.h"
#include "core/base/strvec.h"

enum { TTY_FRAME_LINES = 10 };

struct tty_frame {
	struct sink *sink;
	size_t lines; /* on the screen now */
	size_t widths[TTY_FRAME_LINES];
};

/* Take the region off the screen, so that other lines can be written. */
void tty_frame_erase(struct tty_frame *f);
/* How many lines of it fit above the cursor. */
size_t tty_frame_room(const struct tty_frame *f);
/* Draw the region; each line is cut to the width of the terminal. */
void tty_frame_draw(struct tty_frame *f, const struct strvec *lines);
