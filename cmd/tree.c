#include "core/base/base.h"

#include "cmd/tree.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

enum { WAIT_MS = 2000 };

extern char **environ;

void tree_ask(struct tree *t, const char *base)
{
	/* --branch: a line that says that git has worked; what follows it are changes */
	char *const argv[] = {(char *)"git", (char *)"--no-optional-locks", (char *)"-C",
		(char *)base, (char *)"status", (char *)"--porcelain=v1", (char *)"--branch", NULL};
	posix_spawn_file_actions_t actions;
	int fds[2];

	*t = (struct tree)TREE_INIT;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, fds[1], STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int code = posix_spawnp(&t->pid, "git", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(fds[1]);
	if (code == 0)
		t->fd = fds[0];
	else
		close(fds[0]);
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
