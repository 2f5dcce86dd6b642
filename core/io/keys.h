/*
 * Single keys from the terminal that this program was started on, as callbacks of the loop.
 *
 * While it is open keys come at once and are not echoed; Ctrl-C and Ctrl-Z stay signals. Only a
 * foreground process may do that: in the background nothing is read or changed. keys_close() leaves
 * the terminal as it was found.
 */
#pragma once

#include "core/base/base.h"

#include <termios.h>
#include <uv.h>

typedef void keys_fn(void *arg, char key);

struct keys {
	uv_poll_t poll;
	keys_fn *fn;
	void *arg;
	struct termios before;
	int fd;
	bool open;   /* the handle is */
	bool active; /* the terminal is ours */
};

/* Does nothing when stdin is no terminal. */
void keys_init(struct keys *k, uv_loop_t *loop, keys_fn *fn, void *arg);
/* Give the terminal back, before a stop; and take it again, when we are in the foreground. */
void keys_pause(struct keys *k);
void keys_resume(struct keys *k);
void keys_close(struct keys *k);
