#include "core/base/base.h"

#include "core/io/keys.h"

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct keys *k = CONTAINER_OF(poll, struct keys, poll);
	char keys[64];
	ssize_t n = status == 0 && events ? read(STDIN_FILENO, keys, sizeof(keys)) : -1;

	if (n <= 0) { /* hung up */
		keys_pause(k);
		return;
	}
	for (ssize_t i = 0; i < n && k->active; i++)
		k->fn(k->arg, keys[i]);
}

void keys_init(struct keys *k, uv_loop_t *loop, keys_fn *fn, void *arg)
{
	*k = (struct keys){.fn = fn, .arg = arg};
	if (!isatty(STDIN_FILENO) || uv_poll_init(loop, &k->poll, STDIN_FILENO) < 0)
		return;
	k->open = true;
	uv_unref((uv_handle_t *)&k->poll);
	keys_resume(k);
}

void keys_pause(struct keys *k)
{
	if (!k->active)
		return;
	k->active = false;
	uv_poll_stop(&k->poll);
	/* From the background this would stop us; the shell has set its own mode then. */
	if (tcgetpgrp(STDIN_FILENO) == getpgrp())
		tcsetattr(STDIN_FILENO, TCSADRAIN, &k->before);
}

void keys_resume(struct keys *k)
{
	if (!k->open || k->active || tcgetpgrp(STDIN_FILENO) != getpgrp() ||
		tcgetattr(STDIN_FILENO, &k->before) < 0)
		return;
	struct termios now = k->before;
	now.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	now.c_cc[VMIN] = 0;
	now.c_cc[VTIME] = 0;
	if (tcsetattr(STDIN_FILENO, TCSADRAIN, &now) < 0)
		return;
	k->active = true;
	uv_poll_start(&k->poll, UV_READABLE, on_readable);
}

void keys_close(struct keys *k)
{
	keys_pause(k);
	if (k->open)
		uv_close((uv_handle_t *)&k->poll, NULL);
	k->open = false;
}
