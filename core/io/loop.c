#include "core/base/base.h"

#include "core/io/loop.h"

static void on_prepare(uv_prepare_t *prepare)
{
	struct loop *loop = prepare->data;

	if (loop->before_sleep)
		loop->before_sleep(loop->arg);
}

int loop_init(struct loop *loop, loop_fn *before_sleep, void *arg, struct error *err)
{
	int code = uv_loop_init(&loop->uv);

	if (code < 0)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "cannot wait for events: %s",
			uv_strerror(code));
	loop->before_sleep = before_sleep;
	loop->arg = arg;
	uv_prepare_init(&loop->uv, &loop->prepare);
	loop->prepare.data = loop;
	uv_prepare_start(&loop->prepare, on_prepare);
	uv_unref((uv_handle_t *)&loop->prepare);
	return 0;
}

void loop_run(struct loop *loop)
{
	uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_release(struct loop *loop)
{
	uv_close((uv_handle_t *)&loop->prepare, NULL);
	uv_run(&loop->uv, UV_RUN_DEFAULT);
	if (uv_loop_close(&loop->uv) < 0)
		abort();
}
