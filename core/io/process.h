/*
 * A child process under a supervisor: its command, a channel on fd 3, stdout and stderr apart.
 *
 * Happy path: process_start() → lines and output arrive → the child ends → the supervisor sweeps
 * and reports → every pipe is at EOF → exit callback, the last one. Failure modes: the program
 * cannot be started (exit callback with `start_errno`); the supervisor itself dies (reported as
 * killed); a pipe stays open though the supervisor is gone (closed by us after a moment). After the
 * exit callback has returned the object is freed: never touch it again.
 *
 * A line longer than PROCESS_LINE_BYTES is handed out cut, with `truncated`.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"

#include <uv.h>

enum { PROCESS_LINE_BYTES = 16 * 1024 * 1024 };

struct process_status {
	int start_errno; /* 0 = it ran */
	int exit_status; /* when signal is 0 */
	int signal;
	int64_t rss_kb;   /* peak of the largest process of the tree */
	int64_t cpu_us;   /* user and system, of the whole waited-for tree */
	int64_t delay_us; /* its first thread waited for a processor; 0 = not known */
	int leaked;       /* processes it left behind, killed by the supervisor */
};

struct process_options {
	const char *supervisor;  /* path of this program */
	const char *const *argv; /* NULL-ended; argv[0] is looked up in PATH */
	char *const *env;        /* NULL-ended; NULL = ours */
	const char *cwd;
	int stop_signal;
	int grace_ms;
	bool channel; /* make fd 3 */
};

struct process_callbacks {
	void (*line)(void *arg, char *line, size_t len, bool truncated); /* with a channel */
	void (*output)(void *arg, bool is_stderr, const char *data, size_t len);
	void (*exit)(void *arg, const struct process_status *status);
};

struct process;

/* NULL when not even the supervisor can be started; errno-like libuv code in *ret_uv_code. */
struct process *process_start(uv_loop_t *loop, const struct process_options *options,
	const struct process_callbacks *callbacks, void *arg, int *ret_uv_code, struct error *err);
/* Queue bytes for the channel; silently dropped when the child has closed it. */
void process_send(struct process *p, const char *data, size_t len);
/* Ask for an end: the stop signal, then after the grace period KILL. */
void process_stop(struct process *p);
void process_kill(struct process *p);
/* Suspend it with all its descendants, or let them go on. */
void process_pause(struct process *p, bool paused);
/* Hand out now what is waiting in stdout and stderr: what a child printed before it sent a line is
 * then known before the line is looked at. */
void process_drain(struct process *p);
int process_pid(const struct process *p); /* of the supervisor */
/* This process takes the processor from nobody any more: when all are busy it waits for its turn, a
 * few milliseconds, and then meets what has come in by then in one go. Supervisors and what they
 * start are not meant. Nothing where the system knows no such class. */
void process_give_way(void);
/* How long the first thread of a process was ready to run without a processor; it may have ended,
 * as long as nobody has waited for it. 0 where the system does not tell. */
int64_t process_delay_us(int pid);
