#include "core/base/base.h"

#include "core/base/strvec.h"
#include "core/change/git_run.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

const char *const git_usual_branches[] = {
	"origin/HEAD", "origin/main", "origin/master", "main", "master", NULL};

static int spawn(char *const *argv, int write_end, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, write_end, STDOUT_FILENO);
	posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
	int code = posix_spawnp(ret_pid, "git", &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return code;
}

int git_start(const char *dir, const char *const *words, pid_t *ret_pid)
{
	static const char *const first[] = {"git", "-c", "core.quotePath=false", "-c",
		"diff.external=", "-c", "core.fsmonitor=false", "-C", NULL};
	cleanup_strvec struct strvec argv = STRVEC_INIT;
	int ends[2];

	for (const char *const *w = first; *w; w++)
		strvec_push(&argv, *w);
	strvec_push(&argv, dir);
	for (; *words; words++)
		strvec_push(&argv, *words);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	int code = spawn(argv.v, ends[1], ret_pid);
	close(ends[1]);
	if (code == 0)
		return ends[0];
	close(ends[0]);
	return -1;
}

static int read_all(int fd, struct strbuf *out)
{
	char chunk[64 * 1024];

	for (;;) {
		ssize_t n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		if (out->len + (size_t)n > GIT_OUTPUT_BYTES)
			return -1;
		strbuf_add(out, chunk, (size_t)n);
	}
}

int git_run(const char *dir, const char *const *words, struct strbuf *out)
{
	int status = 0;
	pid_t pid;
	int fd = git_start(dir, words, &pid);

	strbuf_reset(out);
	if (fd < 0)
		return -1;
	int result = read_all(fd, out);
	close(fd);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return result < 0 || !WIFEXITED(status) ? -1 : WEXITSTATUS(status);
}
