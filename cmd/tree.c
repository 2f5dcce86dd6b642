#include "core/base/base.h"

#include "cmd/tree.h"
#include "core/change/git_run.h"

#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

enum { WAIT_MS = 2000 };

void tree_ask(struct tree *t, const char *base)
{
	/* --branch: a line that says that git has worked; what follows it are changes */
	static const char *const words[] = {
		"--no-optional-locks", "status", "--porcelain=v1", "--branch", NULL};

	*t = (struct tree)TREE_INIT;
	t->fd = git_start(base, words, &t->pid);
}

bool tree_is_clean(struct tree *t)
{
	struct pollfd p = {.fd = t->fd, .events = POLLIN};
	char buf[4096];
	size_t len = 0;
	ssize_t n = -1;

	if (t->fd < 0)
		return false;
	while (len < sizeof(buf) && poll(&p, 1, WAIT_MS) > 0) {
		n = read(t->fd, buf + len, sizeof(buf) - len);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	const char *end = memchr(buf, '\n', len);
	return n == 0 && len > 3 && memcmp(buf, "## ", 3) == 0 && end == buf + len - 1;
}

void tree_release(struct tree *t)
{
	if (t->fd < 0)
		return;
	close(t->fd);
	kill(t->pid, SIGKILL);
	waitpid(t->pid, NULL, 0); /* may have been reaped already: all the same */
	*t = (struct tree)TREE_INIT;
}
