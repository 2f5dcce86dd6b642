#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/io/descendants.h"
#include "core/io/process.h"
#include "core/io/supervise.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

enum { LIFELINE_FD = 4 };

/*
 *            worker ends                       no child left
 *  RUNNING ───────────────► SWEEPING ─────────────────────────► done
 *     │ stop, lifeline lost    ▲
 *     ▼                        │ worker ends, or grace over: KILL
 *  STOPPING ───────────────────┘
 */
enum phase { RUNNING, STOPPING, SWEEPING };

struct supervisor {
	enum phase phase;
	pid_t worker;
	int stop_signal;
	int grace_ms;
	bool stopped_by_us;
	int64_t deadline_us; /* of the phase: 0 = none */
	bool termed;         /* SWEEPING: orphans have got their first signal */
	bool ended_alone; /* the worker ended before anybody stopped it: what it left is a leak */
	int leaked;       /* processes that had to be killed then */
	int status;
	struct rusage usage;
	int64_t delay_us; /* it was ready to run, and waited for a processor */
	bool lost;
};

static int wake_fd[2];

static void on_sigchld(int sig)
{
	int saved = errno;
	ssize_t n = write(wake_fd[1], "", 1);

	(void)n;
	(void)sig;
	errno = saved;
}

static void enter(struct supervisor *s, enum phase phase, int ms)
{
	s->phase = phase;
	s->deadline_us = clock_mono_us() + (int64_t)ms * 1000;
}

static void stop_worker(struct supervisor *s, int sig, int grace_ms)
{
	s->stopped_by_us = true;
	if (s->phase != RUNNING && sig != SIGKILL)
		return;
	if (s->phase == SWEEPING) {
		s->deadline_us = clock_mono_us();
		return;
	}
	kill(-s->worker, sig);
	kill(-s->worker, SIGCONT); /* a stopped process would take only KILL */
	enter(s, STOPPING, grace_ms);
}

/* While the worker lies there to be waited for, /proc still knows it. */
static void look_at_ended(struct supervisor *s)
{
	siginfo_t info = {0};

	if (waitid(P_PID, (id_t)s->worker, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid)
		s->delay_us = process_delay_us(s->worker);
}

/* Reap all that has ended. Returns false when no child is left at all. */
static bool reap(struct supervisor *s)
{
	for (;;) {
		struct rusage usage;
		int status;
		look_at_ended(s);
		pid_t pid = wait4(-1, &status, WNOHANG, &usage);
		if (pid == 0)
			return true;
		if (pid < 0)
			return errno == EINTR;
		if (pid != s->worker)
			continue;
		s->status = status;
		s->usage = usage;
		s->ended_alone = !s->stopped_by_us;
		/* With nobody stopping, what is left gets a moment to end by itself. */
		enter(s, SWEEPING, s->stopped_by_us ? 0 : SUPERVISE_LEAK_WAIT_MS);
	}
}

static void on_deadline(struct supervisor *s)
{
	if (s->phase == STOPPING) {
		kill(-s->worker, SIGKILL);
		descendants_signal(getpid(), SIGKILL, NULL, NULL);
		s->deadline_us = clock_mono_us() + 20000;
	} else if (s->phase == SWEEPING) {
		bool gentle = !s->stopped_by_us && !s->termed;
		int n = descendants_signal(getpid(), gentle ? SIGTERM : SIGKILL, NULL, NULL);
		if (s->ended_alone)
			s->leaked = MAX(s->leaked, n);
		s->termed = true;
		s->deadline_us = clock_mono_us() + (gentle ? 100000 : 10000);
	}
}

static void on_lifeline(struct supervisor *s)
{
	char c;
	ssize_t n = read(LIFELINE_FD, &c, 1);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		s->lost = true;
		stop_worker(s, s->stop_signal, MIN(s->grace_ms, (int)SUPERVISE_LOST_GRACE_MS));
	} else if (c == 'Z' || c == 'C') {
		descendants_signal(getpid(), c == 'Z' ? SIGSTOP : SIGCONT, NULL, NULL);
	} else if (c == 'K') {
		stop_worker(s, SIGKILL, 0);
	} else {
		stop_worker(s, s->stop_signal, s->grace_ms);
	}
}

static int wait_ms(const struct supervisor *s)
{
	if (!s->deadline_us)
		return -1;
	int64_t left = s->deadline_us - clock_mono_us();
	return left <= 0 ? 0 : (int)(left / 1000) + 1;
}

static void supervise_loop(struct supervisor *s)
{
	while (reap(s)) {
		struct pollfd fds[2] = {{wake_fd[0], POLLIN, 0}, {LIFELINE_FD, POLLIN, 0}};
		int n = poll(fds, s->lost ? 1 : 2, wait_ms(s));
		if (n > 0 && fds[0].revents) {
			char drop[64];
			ssize_t got = read(wake_fd[0], drop, sizeof(drop));
			(void)got;
		}
		if (n > 0 && !s->lost && fds[1].revents)
			on_lifeline(s);
		if (s->deadline_us && clock_mono_us() >= s->deadline_us)
			on_deadline(s);
	}
}

/* In the child: a session of its own, default signals, no core files; then the program. */
static void become_worker(pid_t supervisor, char **argv, int report_fd)
{
	struct rlimit no_core = {0, 0};
	sigset_t none;

	setsid();
#ifdef __linux__
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != supervisor) /* it is dead already */
		_exit(127);
#endif
	setrlimit(RLIMIT_CORE, &no_core);
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close(LIFELINE_FD);
	execvp(argv[0], argv);
	int errnum = errno;
	ssize_t n = write(report_fd, &errnum, sizeof(errnum));
	(void)n;
	_exit(127);
}

/* 0, or the errno of a program that cannot be started. */
static int start_worker(struct supervisor *s, char **argv)
{
	int report[2], errnum = 0;
	pid_t own = getpid();

	if (pipe2(report, O_CLOEXEC) < 0)
		return errno;
	s->worker = fork();
	if (s->worker < 0)
		return errno;
	if (s->worker == 0)
		become_worker(own, argv, report[1]);
	close(report[1]);
	/* The worker's ends must be the worker's alone, or nobody would see their EOF. */
	int null = open("/dev/null", O_RDWR);
	for (int fd = 0; fd <= 3; fd++)
		dup2(null, fd);
	if (null > LIFELINE_FD)
		close(null);
	ssize_t n = read(report[0], &errnum, sizeof(errnum));
	close(report[0]);
	return n == sizeof(errnum) ? errnum : 0;
}

static void report(const struct supervisor *s, int errnum)
{
	char line[160];
	int n;

	if (errnum) {
		n = snprintf(line, sizeof(line), "fail %d\n", errnum);
	} else {
		int64_t cpu =
			(int64_t)(s->usage.ru_utime.tv_sec + s->usage.ru_stime.tv_sec) * 1000000 +
			s->usage.ru_utime.tv_usec + s->usage.ru_stime.tv_usec;
		n = snprintf(line, sizeof(line), "exit %d %d %ld %" PRId64 " %" PRId64 " %d\n",
			WIFEXITED(s->status) ? WEXITSTATUS(s->status) : 0,
			WIFSIGNALED(s->status) ? WTERMSIG(s->status) : 0, s->usage.ru_maxrss, cpu,
			s->delay_us, s->leaked);
	}
	ssize_t sent = write(LIFELINE_FD, line, (size_t)n);
	(void)sent; /* when nobody listens any more, nobody needs it */
}

int supervise_main(int argc, char **argv)
{
	if (argc < 4 || !streq(argv[2], "--") || fcntl(LIFELINE_FD, F_GETFD) < 0)
		return EXIT_FAILURE;
	struct supervisor s = {.stop_signal = atoi(argv[0]), .grace_ms = atoi(argv[1])};
	struct sigaction chld = {.sa_handler = on_sigchld, .sa_flags = SA_RESTART};

	setsid(); /* fails when the engine did it already */
#ifdef __linux__
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	/* The engine gives way (process_give_way), workers and those who stop them do not. */
	if (sched_getscheduler(0) == SCHED_BATCH)
		sched_setscheduler(0, SCHED_OTHER, &(struct sched_param){0});
#endif
	/* A Ctrl-C or a stray signal must not take the supervisor away from its worker. */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTSTP, SIG_IGN);
	fcntl(LIFELINE_FD, F_SETFD, FD_CLOEXEC);
	/* Without a channel 3 is free, and start_worker() would put /dev/null over what took it. */
	if (fcntl(LIFELINE_FD - 1, F_GETFD) < 0)
		open("/dev/null", O_RDWR | O_CLOEXEC);
	if (pipe2(wake_fd, O_CLOEXEC | O_NONBLOCK) < 0)
		return EXIT_FAILURE;
	sigaction(SIGCHLD, &chld, NULL);
	int errnum = start_worker(&s, argv + 3);
	if (!errnum)
		supervise_loop(&s);
	report(&s, errnum);
	return 0;
}
