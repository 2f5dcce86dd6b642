#include "core/base/base.h"

#include "core/io/keys.h"

#include <fcntl.h>

static void on_readable(uv_poll_t *poll, int status, int events)
{
	struct keys *k = CONTAINER_OF(poll, struct keys, poll);
	char keys[64];
	ssize_t n = status == 0 && events ? read(k->fd, keys, sizeof(keys)) : -1;

	if (n <= 0) { /* hung up */
		keys_pause(k);
		return;
	}
	for (ssize_t i = 0; i < n && k->active; i++)
		k->fn(k->arg, keys[i]);
}

/* Opened anew: a poll handle does not block, and that would hold for whatever shares stdin, our own
 * stdout and the shell included. */
static int open_terminal(void)
{
	char name[128];
	bool named = ttyname_r(STDIN_FILENO, name, sizeof(name)) == 0;

	return open(named ? name : "/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
}

void keys_init(struct keys *k, uv_loop_t *loop, keys_fn *fn, void *arg)
{
	*k = (struct keys){.fn = fn, .arg = arg, .fd = -1};
	if (isatty(STDIN_FILENO))
		k->fd = open_terminal();
	if (k->fd < 0)
		return;
	if (uv_poll_init(loop, &k->poll, k->fd) < 0) {
		close(k->fd);
		return;
	}
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
	if (tcgetpgrp(k->fd) == getpgrp())
		tcsetattr(k->fd, TCSADRAIN, &k->before);
}

void keys_resume(struct keys *k)
{
	if (!k->open || k->active || tcgetpgrp(k->fd) != getpgrp() ||
		tcgetattr(k->fd, &k->before) < 0)
		return;
	struct termios now = k->before;
	now.c_lflag &= (tcflag_t) ~(ICANON | ECHO);
	now.c_cc[VMIN] = 0;
	now.c_cc[VTIME] = 0;
	if (tcsetattr(k->fd, TCSADRAIN, &now) < 0)
		return;
	k->active = true;
	uv_poll_start(&k->poll, UV_READABLE, on_readable);
}

void keys_close(struct keys *k)
{
	keys_pause(k);
	if (!k->open)
		return;
	k->open = false;
	uv_close((uv_handle_t *)&k->poll, NULL);
	close(k->fd);
}
