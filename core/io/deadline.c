#include "core/base/base.h"

#include "core/io/deadline.h"

void deadline_init(struct deadline *d, uv_loop_t *loop, deadline_fn *fn)
{
	uv_timer_init(loop, &d->timer);
	d->fn = fn;
	d->open = true;
}

static void on_timer(uv_timer_t *timer)
{
	struct deadline *d = CONTAINER_OF(timer, struct deadline, timer);

	d->fn(d);
}

void deadline_start(struct deadline *d, int64_t ms, int64_t repeat_ms)
{
	uv_timer_start(&d->timer, on_timer, (uint64_t)MAX(ms, 0), (uint64_t)MAX(repeat_ms, 0));
}

void deadline_stop(struct deadline *d)
{
	uv_timer_stop(&d->timer);
}

void deadline_close(struct deadline *d)
{
	if (!d->open)
		return;
	d->open = false;
	uv_close((uv_handle_t *)&d->timer, NULL);
}
