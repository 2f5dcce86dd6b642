#include "core/base/base.h"

#include "core/base/linebuf.h"
#include "core/io/deadline.h"
#include "core/io/descendants.h"
#include "core/io/process.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { LINGER_MS = 300, READ_BYTES = 64 * 1024 };
enum stream { OUT, ERR, CHANNEL, LIFELINE, STREAM_COUNT };

struct process {
	uv_process_t child; /* the supervisor */
	uv_pipe_t streams[STREAM_COUNT];
	bool opened[STREAM_COUNT];
	struct deadline linger; /* supervisor gone, pipes not: give up on them */
	struct linebuf lines;
	struct strbuf report; /* what the supervisor said */
	struct process_callbacks callbacks;
	void *arg;
	struct process_status status;
	int open_handles; /* handles whose close callback is still to come */
	bool child_exited, finished;
	bool orphaned; /* the supervisor was killed: what it watched over is ours to end */
	bool drained;  /* since the last read from the channel */
	char *read_buf;
};

struct write_request {
	uv_write_t req;
	char data[];
};

/* False: the supervisor has said nothing, it was killed. */
static bool parse_report(struct process *p, int64_t exit_status, int signal)
{
	struct process_status *s = &p->status;

	if (sscanf(p->report.buf, "exit %d %d %" SCNd64 " %" SCNd64 " %" SCNd64 " %d",
		    &s->exit_status, &s->signal, &s->rss_kb, &s->cpu_us, &s->delay_us,
		    &s->leaked) == 6)
		return true;
	if (sscanf(p->report.buf, "fail %d", &s->start_errno) == 1)
		return true;
	s->exit_status = (int)exit_status;
	s->signal = signal ? signal : SIGKILL;
	return false;
}

struct child {
	pid_t pid;
	bool supervised;
};

static void compare(uv_handle_t *handle, void *arg)
{
	struct child *child = arg;

	child->supervised |= handle->type == UV_PROCESS && uv_is_active(handle) &&
			     ((uv_process_t *)handle)->pid == child->pid;
}

/* Supervisors that live; and what is in our session, git: workers have others. */
static bool is_ours(pid_t pid, void *loop)
{
	struct child child = {.pid = pid};

	uv_walk(loop, compare, &child);
	return child.supervised || getsid(pid) == getsid(0);
}

static void end_orphans(struct process *p)
{
	descendants_signal(getpid(), SIGKILL, is_ours, p->child.loop);
}

static void on_closed(uv_handle_t *handle)
{
	struct process *p = handle->data;

	if (--p->open_handles || !p->finished)
		return;
	p->callbacks.exit(p->arg, &p->status);
	linebuf_release(&p->lines);
	strbuf_release(&p->report);
	free(p->read_buf);
	free(p);
}

static void close_stream(struct process *p, enum stream which)
{
	if (!p->opened[which])
		return;
	p->opened[which] = false;
	uv_close((uv_handle_t *)&p->streams[which], on_closed);
}

/* Gone = exit + every pipe at EOF. The last close callback tells the owner. */
static void finish_if_gone(struct process *p)
{
	if (!p->child_exited || p->finished || p->orphaned)
		return;
	for (int i = 0; i < STREAM_COUNT; i++)
		if (p->opened[i])
			return;
	p->finished = true;
	uv_close((uv_handle_t *)&p->child, on_closed);
	p->linger.open = false;
	uv_close((uv_handle_t *)&p->linger.timer, on_closed);
}

static bool on_line(void *arg, char *line, size_t len, bool truncated)
{
	struct process *p = arg;

	p->callbacks.line(p->arg, line, len, truncated);
	return true;
}

static void hand_out(struct process *p, enum stream which, const char *data, size_t len)
{
	if (which == CHANNEL) {
		p->drained = false;
		linebuf_feed(&p->lines, data, len, on_line, p);
	} else if (which == LIFELINE) {
		strbuf_add(&p->report, data, MIN(len, (size_t)512));
	} else {
		p->callbacks.output(p->arg, which == ERR, data, len);
	}
}

static enum stream stream_of(struct process *p, uv_stream_t *stream)
{
	return (enum stream)((uv_pipe_t *)stream - p->streams);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct process *p = handle->data;

	(void)suggested;
	*buf = uv_buf_init(p->read_buf, READ_BYTES);
}

static void on_read(uv_stream_t *stream, ssize_t n, const uv_buf_t *buf)
{
	struct process *p = stream->data;
	enum stream which = stream_of(p, stream);

	if (n > 0) {
		hand_out(p, which, buf->base, (size_t)n);
	} else if (n < 0) {
		if (which == CHANNEL)
			linebuf_finish(&p->lines, on_line, p);
		close_stream(p, which);
		finish_if_gone(p);
	}
}

void process_drain(struct process *p)
{
	static char data[READ_BYTES]; /* not read_buf: we may be inside its read callback */

	/* What was printed before any of the messages read together was there at the first. */
	if (p->drained)
		return;
	p->drained = true;
	for (int which = OUT; which <= ERR; which++) {
		uv_os_fd_t fd;
		if (!p->opened[which] || uv_fileno((uv_handle_t *)&p->streams[which], &fd) < 0)
			continue;
		for (ssize_t n; (n = read(fd, data, sizeof(data))) > 0;)
			p->callbacks.output(p->arg, which == ERR, data, (size_t)n);
	}
}

static void on_linger(struct deadline *d)
{
	struct process *p = CONTAINER_OF(d, struct process, linger);

	if (p->orphaned)
		end_orphans(p); /* what was just being started the first time */
	p->orphaned = false;
	for (int i = 0; i < STREAM_COUNT; i++)
		close_stream(p, (enum stream)i);
	finish_if_gone(p);
}

static void on_child_exit(uv_process_t *child, int64_t exit_status, int signal)
{
	struct process *p = child->data;
	uv_os_fd_t fd;

	/* The report is in the socket already; its EOF may come later than this callback. */
	if (p->opened[LIFELINE] && uv_fileno((uv_handle_t *)&p->streams[LIFELINE], &fd) == 0) {
		char data[256];
		for (ssize_t n; (n = read(fd, data, sizeof(data))) > 0;)
			hand_out(p, LIFELINE, data, (size_t)n);
	}
	p->orphaned = !parse_report(p, exit_status, signal);
	if (p->orphaned)
		end_orphans(p);
	p->child_exited = true;
	close_stream(p, LIFELINE);
	deadline_start(&p->linger, LINGER_MS, 0);
	finish_if_gone(p);
}

/* stdout and stderr are pipes, not sockets: programs re-open /dev/stdout. */
static int open_output(struct process *p, enum stream which, int *ret_child_fd)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	int code = uv_pipe_open(&p->streams[which], fds[0]);
	if (code < 0) {
		close(fds[0]);
		close(fds[1]);
		return code;
	}
	*ret_child_fd = fds[1];
	return 0;
}

static void supervisor_argv(const struct process_options *o, const char **argv, char (*numbers)[16])
{
	size_t n = 0;

	snprintf(numbers[0], 16, "%d", o->stop_signal);
	snprintf(numbers[1], 16, "%d", o->grace_ms);
	argv[n++] = o->supervisor;
	argv[n++] = "__supervise";
	argv[n++] = numbers[0];
	argv[n++] = numbers[1];
	argv[n++] = "--";
	for (size_t i = 0; o->argv[i]; i++)
		argv[n++] = o->argv[i];
	argv[n] = NULL;
}

static int spawn(struct process *p, uv_loop_t *loop, const struct process_options *o, int *fds)
{
	size_t argc = 0;
	while (o->argv[argc])
		argc++;
	cleanup_free const char **argv = xcalloc(argc + 6, sizeof(*argv));
	char numbers[2][16];
	uv_stdio_flags duplex = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE;
	uv_stdio_container_t stdio[5] = {
		{.flags = UV_IGNORE},
		{.flags = UV_INHERIT_FD, .data.fd = fds[OUT]},
		{.flags = UV_INHERIT_FD, .data.fd = fds[ERR]},
		{.flags = o->channel ? duplex : UV_IGNORE,
			.data.stream = (uv_stream_t *)&p->streams[CHANNEL]},
		{.flags = duplex, .data.stream = (uv_stream_t *)&p->streams[LIFELINE]},
	};
	supervisor_argv(o, argv, numbers);
	uv_process_options_t options = {
		.exit_cb = on_child_exit,
		.file = o->supervisor,
		.args = (char **)argv,
		.env = (char **)o->env,
		.cwd = o->cwd,
		.flags = UV_PROCESS_DETACHED,
		.stdio_count = 5,
		.stdio = stdio,
	};
	return uv_spawn(loop, &p->child, &options);
}

static void init_handles(struct process *p, uv_loop_t *loop, bool channel)
{
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (i == CHANNEL && !channel)
			continue;
		uv_pipe_init(loop, &p->streams[i], 0);
		p->streams[i].data = p;
		p->opened[i] = true;
		p->open_handles++;
	}
	deadline_init(&p->linger, loop, on_linger);
	p->linger.timer.data = p;
	p->child.data = p;
	p->open_handles += 2;
}

/* uv_close() of a uv_process_t wants a handle that uv_spawn() has initialised: fail one. */
static void never_spawned(struct process *p, uv_loop_t *loop)
{
	static char empty[] = "";
	char *argv[] = {empty, NULL};
	uv_process_options_t nothing = {.file = "", .args = argv, .exit_cb = on_child_exit};

	uv_spawn(loop, &p->child, &nothing);
}

/* Frees a process that never was one: no callback is made. */
static void never_started(void *arg, const struct process_status *status)
{
	(void)arg;
	(void)status;
}

struct process *process_start(uv_loop_t *loop, const struct process_options *options,
	const struct process_callbacks *callbacks, void *arg, int *ret_uv_code, struct error *err)
{
	struct process *p = xcalloc(1, sizeof(*p));
	int fds[2] = {-1, -1};

#ifdef __linux__
	prctl(PR_SET_CHILD_SUBREAPER, 1); /* see end_orphans() */
#endif
	p->callbacks = *callbacks;
	p->arg = arg;
	p->report = (struct strbuf)STRBUF_INIT;
	p->read_buf = xmalloc(READ_BYTES);
	linebuf_init(&p->lines, PROCESS_LINE_BYTES);
	init_handles(p, loop, options->channel);
	int code = open_output(p, OUT, &fds[OUT]);
	if (code == 0)
		code = open_output(p, ERR, &fds[ERR]);
	if (code == 0)
		code = spawn(p, loop, options, fds);
	else
		never_spawned(p, loop);
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (code < 0) {
		*ret_uv_code = code;
		p->callbacks.exit = never_started;
		p->child_exited = true;
		for (int i = 0; i < STREAM_COUNT; i++)
			close_stream(p, (enum stream)i);
		finish_if_gone(p);
		error_set(err, EXIT_CODE_INFRASTRUCTURE, "cannot start %s: %s", options->argv[0],
			uv_strerror(code));
		return NULL;
	}
	for (int i = 0; i < STREAM_COUNT; i++)
		if (p->opened[i])
			uv_read_start((uv_stream_t *)&p->streams[i], on_alloc, on_read);
	return p;
}

static void on_written(uv_write_t *req, int status)
{
	(void)status; /* a child that no longer reads is noticed by its end */
	free(CONTAINER_OF(req, struct write_request, req));
}

static void send_on(struct process *p, enum stream which, const char *data, size_t len)
{
	if (!p->opened[which])
		return;
	struct write_request *w = xmalloc(sizeof(*w) + len);
	memcpy(w->data, data, len);
	uv_buf_t buf = uv_buf_init(w->data, (unsigned)len);
	if (uv_write(&w->req, (uv_stream_t *)&p->streams[which], &buf, 1, on_written) < 0)
		free(w);
}

void process_send(struct process *p, const char *data, size_t len)
{
	send_on(p, CHANNEL, data, len);
}

void process_stop(struct process *p)
{
	send_on(p, LIFELINE, "S", 1);
}

void process_kill(struct process *p)
{
	send_on(p, LIFELINE, "K", 1);
}

void process_pause(struct process *p, bool paused)
{
	send_on(p, LIFELINE, paused ? "Z" : "C", 1);
}

int process_pid(const struct process *p)
{
	return p->child.pid;
}

int64_t process_delay_us(int pid)
{
	char path[64], text[128];
	int64_t cpu_ns, delay_ns;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", pid);
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%" SCNd64 " %" SCNd64, &cpu_ns, &delay_ns) == 2 ? delay_ns / 1000 : 0;
}

void process_give_way(void)
{
#ifdef SCHED_BATCH
	if (sched_getscheduler(0) == SCHED_OTHER)
		sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
#endif
}
