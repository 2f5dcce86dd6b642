#include "core/base/base.h"

#include "core/io/descendants.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

enum { DEPTH_MAX = 64 };

/* False when it has ended meanwhile. */
static bool read_stat(pid_t pid, char *ret_state, pid_t *ret_parent)
{
	char path[64], stat[512];
	int parent;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof(stat) - 1);
	if (n <= 0)
		return false;
	stat[n] = '\0';
	const char *end = strrchr(stat, ')'); /* the name may hold anything */
	if (!end || sscanf(end + 1, " %c %d", ret_state, &parent) != 2)
		return false;
	*ret_parent = (pid_t)parent;
	return true;
}

static int signal_below(pid_t root, int signum, descendants_spare_fn *spare, void *arg, int depth)
{
	DIR *proc = depth < DEPTH_MAX ? opendir("/proc") : NULL;
	int count = 0;

	if (!proc)
		return 0;
	for (struct dirent *e; (e = readdir(proc));) {
		pid_t pid = (pid_t)atoi(e->d_name), parent;
		char state;
		if (pid <= 0 || !read_stat(pid, &state, &parent) || parent != root ||
			(spare && spare(pid, arg)))
			continue;
		count += signal_below(pid, signum, NULL, NULL, depth + 1);
		if (state != 'Z') {
			kill(pid, signum);
			count++;
		}
	}
	closedir(proc);
	return count;
}

int descendants_signal(pid_t parent, int signum, descendants_spare_fn *spare, void *arg)
{
	return signal_below(parent, signum, spare, arg, 0);
}
