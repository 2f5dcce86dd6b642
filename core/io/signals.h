/*
 * Signals as callbacks of the loop: SIGINT, SIGTERM, SIGHUP end the run in order, SIGQUIT at once;
 * SIGUSR1 asks what is running; SIGWINCH tells a new size of the terminal; SIGTSTP (Ctrl-Z) and
 * SIGCONT suspend and resume it. A signal that was ignored when we were started stays ignored.
 */
#pragma once

#include "core/base/base.h"

#include <uv.h>

typedef void signals_fn(void *arg, int signum);

struct signals {
	uv_signal_t handles[8];
	signals_fn *fn;
	void *arg;
	bool open;
};

void signals_init(struct signals *s, uv_loop_t *loop, signals_fn *fn, void *arg);
/* What SIGTSTP does by itself; returns when we were continued. */
void signals_suspend(void);
/* End as this signal by itself would have ended us. */
void signals_die(int signum);
void signals_close(struct signals *s);
