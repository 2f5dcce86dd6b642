#include "core/base/base.h"

#include "core/io/signals.h"

#include <signal.h>

#ifdef MUSTER_COVERAGE
void __gcov_dump(void);
#endif

static const int caught[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGWINCH, SIGTSTP, SIGCONT};

static void on_signal(uv_signal_t *handle, int signum)
{
	struct signals *s = handle->data;

	s->fn(s->arg, signum);
}

/* What the caller ignores (`nohup`) stays ignored. Not so SIGINT: sh ignores it for each job that a
 * script starts with `&`, and then neither `kill -INT` nor a cancelled CI job would stop the tests.
 */
static bool is_ignored(int signum)
{
	struct sigaction now;

	if (signum == SIGINT || signum == SIGTERM)
		return false;
	return sigaction(signum, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void signals_suspend(void)
{
	struct sigaction ours, usual = {.sa_handler = SIG_DFL};

	if (sigaction(SIGTSTP, &usual, &ours) < 0)
		return;
	raise(SIGTSTP);
	sigaction(SIGTSTP, &ours, NULL);
}

void signals_die(int signum)
{
#ifdef MUSTER_COVERAGE
	__gcov_dump(); /* which exit() would have done */
#endif
	signal(signum, SIG_DFL);
	raise(signum);
}

void signals_init(struct signals *s, uv_loop_t *loop, signals_fn *fn, void *arg)
{
	s->fn = fn;
	s->arg = arg;
	s->open = true;
	for (size_t i = 0; i < ARRAY_LEN(caught); i++) {
		uv_signal_init(loop, &s->handles[i]);
		s->handles[i].data = s;
		if (!is_ignored(caught[i]))
			uv_signal_start(&s->handles[i], on_signal, caught[i]);
		uv_unref((uv_handle_t *)&s->handles[i]);
	}
}

void signals_close(struct signals *s)
{
	if (!s->open)
		return;
	s->open = false;
	for (size_t i = 0; i < ARRAY_LEN(caught); i++)
		uv_close((uv_handle_t *)&s->handles[i], NULL);
}
