/*
 * Signals as callbacks of the loop: SIGINT, SIGTERM, SIGHUP end the run in order; SIGUSR1 asks what
 * is running; SIGWINCH tells a new size of the terminal.
 */
#pragma once

#include "core/base/base.h"

#include <uv.h>

typedef void signals_fn(void *arg, int signum);

struct signals {
	uv_signal_t handles[5];
	signals_fn *fn;
	void *arg;
	bool open;
};

void signals_init(struct signals *s, uv_loop_t *loop, signals_fn *fn, void *arg);
void signals_close(struct signals *s);
