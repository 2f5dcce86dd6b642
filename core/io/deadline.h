/* A timer: once after some time, or repeating. Embedded in its owner. */
#pragma once

#include "core/base/base.h"

#include <uv.h>

struct deadline;
typedef void deadline_fn(struct deadline *d);

struct deadline {
	uv_timer_t timer;
	deadline_fn *fn;
	bool open;
};

void deadline_init(struct deadline *d, uv_loop_t *loop, deadline_fn *fn);
void deadline_start(struct deadline *d, int64_t ms, int64_t repeat_ms);
void deadline_stop(struct deadline *d);
/* The struct must live until the loop has run once more. */
void deadline_close(struct deadline *d);
