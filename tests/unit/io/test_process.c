#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/io/loop.h"
#include "core/io/process.h"
#include "core/io/supervise.h"
#include "tests/support/temp.h"

#include <sched.h>
#include <signal.h>
#include <sys/wait.h>

struct seen {
	struct process *process;
	struct strbuf out, errors, lines;
	struct process_status status;
	bool truncated, ended;
	char answer_to; /* the first byte of a line that is answered by a stop ('S') or an echo
			   ('E') */
};

/* This program is its own supervisor, as muster is. */
__attribute__((constructor)) static void supervise(int argc, char **argv)
{
	if (argc > 1 && streq(argv[1], "__supervise"))
		exit(supervise_main(argc - 2, argv + 2));
}

static void on_line(void *arg, char *line, size_t len, bool truncated)
{
	struct seen *s = arg;

	s->truncated |= truncated;
	strbuf_add(&s->lines, line, MIN(len, 20));
	strbuf_addch(&s->lines, ';');
	if (*line == 'S')
		process_stop(s->process);
	if (*line == 'E')
		process_send(s->process, "answer\n", 7);
}

static void on_output(void *arg, bool is_stderr, const char *data, size_t len)
{
	struct seen *s = arg;

	strbuf_add(is_stderr ? &s->errors : &s->out, data, len);
}

static void on_exit_of(void *arg, const struct process_status *status)
{
	struct seen *s = arg;

	s->status = *status;
	s->ended = true;
}

static void run_with(struct seen *s, const char *script, int grace_ms, bool channel)
{
	const char *argv[] = {"sh", "-c", script, NULL};
	struct process_options options = {.supervisor = "/proc/self/exe",
		.argv = argv,
		.stop_signal = SIGTERM,
		.grace_ms = grace_ms,
		.channel = channel};
	struct process_callbacks callbacks = {on_line, on_output, on_exit_of};
	struct error err = ERROR_INIT;
	struct loop loop;
	int code;

	*s = (struct seen){.out = STRBUF_INIT, .errors = STRBUF_INIT, .lines = STRBUF_INIT};
	cr_assert_eq(loop_init(&loop, NULL, NULL, &err), 0, "%s", err.text);
	s->process = process_start(&loop.uv, &options, &callbacks, s, &code, &err);
	cr_assert_not_null(s->process, "%s", err.text);
	loop_run(&loop);
	loop_release(&loop);
	cr_assert(s->ended);
}

static void run(struct seen *s, const char *script, int grace_ms)
{
	run_with(s, script, grace_ms, true);
}

static void release(struct seen *s)
{
	strbuf_release(&s->out);
	strbuf_release(&s->errors);
	strbuf_release(&s->lines);
}

TEST(process, streams_stay_apart_and_the_status_is_told)
{
	struct seen s;

	run(&s, "echo out; echo err >&2; echo one >&3; printf two >&3; exit 3", 100);
	ASSERT_STR(s.out.buf, "out\n");
	ASSERT_STR(s.errors.buf, "err\n");
	cr_assert(starts_with(s.lines.buf, "one;"), "%s", s.lines.buf);
	ASSERT_INT(s.status.exit_status, 3);
	ASSERT_INT(s.status.signal, 0);
	ASSERT_INT(s.status.leaked, 0);
	cr_assert_gt(s.status.rss_kb, 0);
	release(&s);
}

TEST(process, the_channel_goes_both_ways)
{
	struct seen s;

	run(&s, "echo E >&3; read -r line <&3; echo \"got $line\"", 100);
	ASSERT_STR(s.out.buf, "got answer\n");
	release(&s);
}

TEST(process, who_resists_is_killed)
{
	struct seen s;

	run(&s, "trap '' TERM; echo S >&3; while :; do sleep 0.05; done", 50);
	ASSERT_INT(s.status.signal, SIGKILL);
	release(&s);
	run(&s, "trap 'echo bye; exit 5' TERM; echo S >&3; while :; do sleep 0.05; done", 5000);
	ASSERT_INT(s.status.exit_status, 5);
	ASSERT_STR(s.out.buf, "bye\n");
	release(&s);
}

TEST(process, what_a_worker_leaves_behind_is_gone)
{
	struct seen s;

	run(&s, "setsid sh -c 'trap \"\" TERM; while :; do sleep 0.05; done' & echo $!; exit 0",
		50);
	ASSERT_INT(s.status.exit_status, 0);
	cr_assert_gt(s.status.leaked, 0);
	cr_assert(kill(atoi(s.out.buf), 0) < 0 && errno == ESRCH);
	release(&s);
}

/* Its supervisor is killed: nobody but us can end what has a session of its own. */
TEST(process, nothing_outlives_a_supervisor_that_was_killed)
{
	struct seen s;
	int status;

	run(&s,
		"setsid sh -c 'trap \"\" TERM HUP; for i in $(seq 100); do sleep 0.1; done' & "
		"echo $!; sleep 0.3; kill -9 $PPID; sleep 100",
		50);
	ASSERT_INT(s.status.signal, SIGKILL);
	pid_t orphan = (pid_t)atoi(s.out.buf);
	cr_assert(orphan > 0);
	/* or its shell, which was killed after it, has taken notice of its end */
	if (waitpid(orphan, &status, 0) == orphan)
		cr_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	else
		cr_assert(kill(orphan, 0) < 0 && errno == ESRCH);
	release(&s);
}

TEST(process, a_line_without_end_is_cut)
{
	struct seen s;

	run(&s, "head -c 20000000 /dev/zero | tr '\\0' x >&3; echo >&3; echo next >&3", 100);
	cr_assert(s.truncated);
	cr_assert(ends_with(s.lines.buf, ";next;"), "%s", s.lines.buf);
	release(&s);
}

TEST(process, a_program_that_is_not_there)
{
	const char *argv[] = {"/nowhere/at/all", NULL};
	struct process_options options = {
		.supervisor = "/proc/self/exe", .argv = argv, .stop_signal = SIGTERM};
	struct process_callbacks callbacks = {on_line, on_output, on_exit_of};
	struct seen s = {.out = STRBUF_INIT, .errors = STRBUF_INIT, .lines = STRBUF_INIT};
	struct loop loop;
	int code;

	cr_assert_eq(loop_init(&loop, NULL, NULL, NULL), 0);
	s.process = process_start(&loop.uv, &options, &callbacks, &s, &code, NULL);
	cr_assert_not_null(s.process);
	loop_run(&loop);
	loop_release(&loop);
	ASSERT_INT(s.status.start_errno, ENOENT);
	release(&s);
}

#ifdef __linux__
/* Services have no channel. Their supervisor must wait for them, not ask again and again: asleep
 * (state S) whenever somebody looks. */
TEST(process, a_supervisor_without_a_channel_sleeps)
{
	static const char look[] =
		"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do\n"
		"  sleep 0.05; [ \"$(cut -d' ' -f3 /proc/$PPID/stat)\" = S ] && echo asleep\n"
		"done; [ -e /proc/self/fd/3 ] && echo leaked; :";
	struct seen s;

	run_with(&s, look, 100, false);
	cr_assert_not_null(strstr(s.out.buf, "asleep"));
	cr_assert_null(strstr(s.out.buf, "leaked"));
	release(&s);
}

/* Field 41 of stat: the scheduling class. */
TEST(process, we_give_way_and_workers_do_not)
{
	int before = sched_getscheduler(0);
	struct seen s;

	process_give_way();
	ASSERT_INT(sched_getscheduler(0), before == SCHED_OTHER ? SCHED_BATCH : before);
	run(&s, "cut -d' ' -f41 /proc/self/stat", 100);
	ASSERT_INT(atoi(s.out.buf), before == SCHED_BATCH ? SCHED_OTHER : before);
	release(&s);
}
#endif
