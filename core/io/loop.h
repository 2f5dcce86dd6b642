/*
 * The event loop, and a hook that runs after each batch of callbacks, before the loop sleeps: the
 * place where buffered output leaves the process.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"

#include <uv.h>

typedef void loop_fn(void *arg);

struct loop {
	uv_loop_t uv;
	uv_prepare_t prepare;
	loop_fn *before_sleep;
	void *arg;
};

/* Fails when the system has no descriptors left. */
int loop_init(struct loop *loop, loop_fn *before_sleep, void *arg, struct error *err);
/* Until nothing is open any more. */
void loop_run(struct loop *loop);
/* Aborts when a handle was left open: a leak of ours. */
void loop_release(struct loop *loop);
