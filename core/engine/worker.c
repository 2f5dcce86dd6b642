#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/engine/run.h"

/*
 * A worker's life. Happy path: spawn → `init` and `discover` (or `plan`) → `discovered`/`ready` →
 * `run`… → `stop` → `end` → process gone. Failure modes: it never gets ready (START_LIMIT_MS), it
 * dies (result_worker_lost), it breaks the protocol or a file runs out of time (worker_stop), it
 * does not leave after `stop` (END_LIMIT_MS, then its supervisor ends it).
 */
enum {
	START_LIMIT_MS = 120 * 1000,
	BATCH_START_LIMIT_MS = 600 * 1000, /* its web servers may be slow */
	END_LIMIT_MS = 5 * 1000,
	BATCH_END_LIMIT_MS = 30 * 1000, /* it tears down web servers */
	STOP_GRACE_MS = 500,
	LEAVE_MS = 10 * 1000, /* for the file at hand of one that is not wanted any more */
	LOOSE_BYTES = 16 * 1024,
};

void worker_send(struct worker *w, const struct strbuf *message)
{
	process_send(w->process, message->buf, message->len);
}

void worker_send_simple(struct worker *w, const char *type)
{
	cleanup_strbuf struct strbuf message = STRBUF_INIT;

	strbuf_addf(&message, "{\"type\":\"%s\"}\n", type);
	worker_send(w, &message);
}

void worker_send_plan(struct worker *w)
{
	cleanup_strbuf struct strbuf message = STRBUF_INIT;

	protocol_plan(&message, w->suite);
	worker_send(w, &message);
	w->planned = true;
}

void worker_assign(struct worker *w, struct run_file **files, size_t n, int claim)
{
	cleanup_strbuf struct strbuf message = STRBUF_INIT;

	protocol_run(&message, w->next_run_id++, files, n, claim);
	GROW(w->items, w->item_count + n, w->item_cap);
	for (size_t i = 0; i < n; i++) {
		files[i]->phase = RUN_FILE_ASSIGNED;
		w->items[w->item_count++] = files[i];
	}
	w->phase = WORKER_BUSY;
	w->claim = claim;
	w->speculative = false;
	w->spent = w->suite->settings->runner->batch;
	if (!w->deadline_us)
		w->deadline_us = clock_mono_us() + (int64_t)START_LIMIT_MS * 1000;
	worker_send(w, &message);
}

void worker_forget_test(struct worker *w, size_t index)
{
	free(w->tests[index].path);
	w->tests[index] = w->tests[--w->test_count];
}

static void worker_free(struct worker *w)
{
	while (w->test_count)
		worker_forget_test(w, 0);
	free(w->tests);
	free(w->items);
	free(w->failure);
	strbuf_release(&w->loose);
	output_forget(&w->output);
	free(w);
}

static void on_line(void *arg, char *line, size_t len, bool truncated)
{
	message_line(arg, line, len, truncated);
}

static void on_output(void *arg, bool is_stderr, const char *data, size_t len)
{
	struct worker *w = arg;

	bool batch = w->suite->settings->runner->batch;
	struct run_file *file = batch ? NULL : result_current_file(w);

	if (!file && w->loose.len < LOOSE_BYTES)
		strbuf_add(&w->loose, data, MIN(len, LOOSE_BYTES - w->loose.len));
	output_take(w, file, is_stderr, data, len);
}

/* What a person can do about a worker that the system did not start. */
static const char *remedy(int errnum)
{
	switch (errnum) {
	case EMFILE:
	case ENFILE:
		return "too few files may be open: raise `ulimit -n`, or `-j 1`";
	case EAGAIN:
		return "too few processes may run: raise `ulimit -u` (in a container its limit of "
		       "processes), or `-j 1`";
	case ENOMEM:
		return "too little memory is free: `-j 1`";
	case E2BIG:
		return "the environment is too large for the system: `env | wc -c`";
	default:
		return "Node 18 or newer runs the tests; PATH must lead to it (`muster doctor`)";
	}
}

/* Why a worker that never got ready is no use: the last words it printed are the best hint. */
static void start_failed(struct worker *w, const struct process_status *status)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	/* an exit of its own, once our part ran: the project's (Playwright ends so when its
	 * configuration does not load) */
	bool own = w->pid && !w->failure && !status->signal;

	if (status->start_errno)
		strbuf_addf(&text, "cannot start node: %s\nhelp: %s", strerror(status->start_errno),
			remedy(status->start_errno));
	else if (w->failure)
		strbuf_addstr(&text, w->failure);
	else if (status->signal)
		strbuf_addf(&text, "the worker was killed by signal %d (%s) while it started",
			status->signal, strsignal(status->signal));
	else
		strbuf_addf(&text, "the worker exited with status %d while it started",
			status->exit_status);
	strbuf_rtrim(&w->loose);
	if (w->loose.len)
		strbuf_addf(&text, "\n%s", w->loose.buf);
	if (!w->pid && !w->failure && !status->start_errno)
		strbuf_addstr(&text,
			"\nhelp: the `node` that PATH leads to must be Node 18 or newer, "
			"and work: `node --version`, `muster doctor`");
	run_suite_failed(w->suite, own ? EXIT_CODE_USAGE : EXIT_CODE_INFRASTRUCTURE, text.buf);
}

/* No file was running; what it did after the last one nobody knows. One that was too slow to leave
 * was ended by us; one that died has not proven that all went well. */
static void tell_lost(const struct worker *w, const struct process_status *status)
{
	bool died = w->stop == STOP_NONE || w->stop == STOP_ORDERLY;
	cleanup_strbuf struct strbuf how = STRBUF_INIT;

	if (status->signal)
		strbuf_addf(&how, "signal %d", status->signal);
	else
		strbuf_addf(&how, "exit status %d", status->exit_status);
	run_notice(w->run, died ? SEVERITY_ERROR : SEVERITY_WARNING, "worker_lost",
		w->suite->settings->name, NULL, "a worker %s without saying that it was done (%s)",
		died ? "ended" : "was ended", how.buf);
	if (died)
		result_count_failure(w->run);
}

static void on_exit_of(void *arg, const struct process_status *status)
{
	struct worker *w = arg;
	struct run *run = w->run;
	bool left = w->stop == STOP_ORDERLY || w->phase == WORKER_ENDING;
	bool lost = !w->ended && (w->stop == STOP_NONE || left);
	struct event event = {
		.type = EVENT_WORKER_EXITED,
		.worker = w->number,
		.suite = w->suite->settings->name,
		.exit_status = status->exit_status,
		.signal = status->signal,
		.rss_kb = MAX(status->rss_kb, w->rss_kb),
		.cpu_us = status->cpu_us,
		.delay_us = status->delay_us,
		.count = status->leaked,
	};

	if (w->phase == WORKER_STARTING && lost && !run->cancel)
		start_failed(w, status);
	else if (w->phase == WORKER_HOLDING && lost && !run->cancel)
		run_suite_failed(w->suite, EXIT_CODE_INFRASTRUCTURE,
			"the process that holds the global set-up died");
	else if (lost && !run->cancel && w->files_sent && !result_current_file(w) &&
		 w->suite->collector != w)
		tell_lost(w, status);
	output_flush(w, NULL);
	result_worker_lost(w, status);
	if (status->leaked)
		run_notice(run, SEVERITY_WARNING, "leaked_processes", w->suite->settings->name,
			NULL, "%d process%s outlived a worker of %s and had to be killed",
			status->leaked, status->leaked == 1 ? "" : "es", w->suite->settings->name);
	run_publish(run, &event);
	for (size_t i = 0; i < run->worker_count; i++)
		if (run->workers[i] == w)
			run->workers[i] = run->workers[--run->worker_count];
	if (w->suite->holder == w)
		w->suite->holder = NULL;
	if (!run->cancel)
		cover_lost(w);
	worker_free(w);
	run_tick(run);
}

/* The lowest slot number that no living worker of the suite has. */
static int free_slot(const struct run_suite *suite)
{
	for (int slot = 1;; slot++) {
		bool taken = false;
		for (size_t i = 0; i < suite->run->worker_count; i++) {
			const struct worker *w = suite->run->workers[i];
			taken |= w->suite == suite && w->slot == slot && w->phase != WORKER_HOLDING;
		}
		if (!taken)
			return slot;
	}
}

static struct process *spawn(struct worker *w, int *ret_uv_code, struct error *err)
{
	static const struct process_callbacks callbacks = {on_line, on_output, on_exit_of};
	const struct engine_options *o = w->run->options;
	const struct runner *runner = w->suite->settings->runner;
	cleanup_strvec struct strvec argv = STRVEC_INIT;
	cleanup_free char *adapter = path_join(o->adapters_dir, runner->adapter);

	strvec_push(&argv, "node");
	strvec_push_all(&argv, &w->suite->node_options);
	strvec_push(&argv, adapter);
	char **env = environment_for(w->suite, w->slot);
	struct process *p = process_start(&w->run->loop.uv,
		&(struct process_options){
			.supervisor = o->program,
			.argv = (const char *const *)argv.v,
			.env = env,
			.cwd = w->suite->settings->root,
			.stop_signal = runner->stop_signal,
			.grace_ms = runner->stop_grace_ms ? runner->stop_grace_ms : STOP_GRACE_MS,
			.channel = true,
		},
		&callbacks, w, ret_uv_code, err);
	environment_free(env);
	return p;
}

static int64_t start_limit_ms(const struct run_suite *suite)
{
	return suite->settings->runner->batch ? BATCH_START_LIMIT_MS : START_LIMIT_MS;
}

struct worker *worker_start(struct run_suite *suite, bool discoverer)
{
	struct run *run = suite->run;
	struct worker *w = xcalloc(1, sizeof(*w));
	struct error err = ERROR_INIT;
	int code = 0;

	*w = (struct worker){
		.run = run,
		.suite = suite,
		.number = run->next_worker + 1,
		.slot = free_slot(suite),
		.discoverer = discoverer,
		.claim = 1,
		.spawned_us = clock_mono_us(),
		.loose = STRBUF_INIT,
		.output.tail = STRBUF_INIT,
	};
	w->bin = w->slot - 1;
	w->process = spawn(w, &code, &err);
	if (!w->process) {
		worker_free(w);
		/* Out of descriptors or processes while others run: fewer slots, same work. */
		if (run->worker_count &&
			(code == UV_EMFILE || code == UV_EAGAIN || code == UV_ENOMEM)) {
			run->slots = MAX(1, (int)run->worker_count);
			return NULL;
		}
		cleanup_free char *text = xasprintf("%s\nhelp: %s", err.text, remedy(-code));
		run_suite_failed(suite, EXIT_CODE_INFRASTRUCTURE, text);
		return NULL;
	}
	run->next_worker++;
	GROW(run->workers, run->worker_count + 1, run->worker_cap);
	run->workers[run->worker_count++] = w;
	w->deadline_us = w->spawned_us + start_limit_ms(suite) * 1000;
	run_publish(run, &(struct event){
				 .type = EVENT_WORKER_STARTED,
				 .worker = w->number,
				 .suite = suite->settings->name,
				 .pid = process_pid(w->process),
			 });
	cleanup_strbuf struct strbuf init = STRBUF_INIT;
	protocol_init(&init, w);
	worker_send(w, &init);
	if (discoverer) {
		worker_send_simple(w, "discover");
		w->planned = true;
	}
	return w;
}

void worker_end(struct worker *w)
{
	if (w->stop != STOP_NONE)
		return;
	w->stop = STOP_ORDERLY;
	w->phase = WORKER_ENDING;
	int64_t limit_ms = w->suite->settings->runner->batch ? BATCH_END_LIMIT_MS : END_LIMIT_MS;
	w->deadline_us = clock_mono_us() + limit_ms * 1000;
	worker_send_simple(w, "stop");
}

void worker_stop(struct worker *w, enum worker_stop why, const char *failure)
{
	bool again = w->stop != STOP_NONE && w->stop != STOP_ORDERLY;

	if (again && why != STOP_CANCEL)
		return;
	if (!again) {
		w->stop = why;
		free(w->failure);
		w->failure = failure ? xstrdup(failure) : NULL;
	}
	w->deadline_us = 0;
	if (why == STOP_TIMEOUT || why == STOP_PROTOCOL)
		process_kill(w->process); /* it had its time; a busy loop ignores TERM anyway */
	else
		process_stop(w->process);
}

void worker_leave(struct worker *w)
{
	if (w->stop != STOP_NONE && w->stop != STOP_ORDERLY)
		return;
	worker_send_simple(w, "stop");
	w->stop = STOP_RECYCLE;
	w->deadline_us = clock_mono_us() + (int64_t)LEAVE_MS * 1000;
}

static void check_slow_tests(struct worker *w, int64_t now_us)
{
	int64_t slow_us = w->run->options->config->slow_ms * 1000;

	for (size_t i = 0; slow_us > 0 && i < w->test_count; i++) {
		struct worker_test *t = &w->tests[i];
		if (t->slow || now_us - t->started_us < slow_us)
			continue;
		t->slow = true;
		run_publish(w->run, &(struct event){
					    .type = EVENT_TEST_SLOW,
					    .suite = w->suite->settings->name,
					    .project = t->file->project,
					    .file = t->file->file,
					    .test = t->path,
					    .occurrence = t->occurrence,
					    .attempt = t->attempt,
					    .worker = w->number,
					    .duration_us = now_us - t->started_us,
				    });
	}
}

/* A batch spreads the tests of a file over its whole run and has limits of its own for each test:
 * there a file's limit counts only when somebody asked for it. */
static int64_t file_limit_ms(const struct worker *w)
{
	const struct config *config = w->run->options->config;
	int64_t own = w->suite->settings->timeout_ms;

	if (own >= 0)
		return own;
	if (w->suite->settings->runner->batch && config_origin(config, "timeout") == ORIGIN_DEFAULT)
		return 0;
	return config->timeout_ms;
}

/* The file that has used up its time, or NULL. */
static struct run_file *overdue(const struct worker *w, int64_t now_us)
{
	int64_t limit_us = file_limit_ms(w) * 1000;

	for (size_t i = 0; limit_us > 0 && i < w->item_count; i++)
		if (w->items[i]->phase == RUN_FILE_RUNNING &&
			now_us - w->items[i]->started_us > limit_us)
			return w->items[i];
	return NULL;
}

void worker_shift_time(struct worker *w, int64_t by_us)
{
	if (w->deadline_us)
		w->deadline_us += by_us;
	for (size_t i = 0; i < w->test_count; i++)
		w->tests[i].started_us += by_us;
	for (size_t i = 0; i < w->item_count; i++)
		if (w->items[i]->phase == RUN_FILE_RUNNING)
			w->items[i]->started_us += by_us;
}

void worker_check_time(struct worker *w, int64_t now_us)
{
	if (w->stop == STOP_RECYCLE && w->deadline_us && now_us >= w->deadline_us)
		process_kill(w->process);
	if (w->stop != STOP_NONE && w->stop != STOP_ORDERLY)
		return;
	check_slow_tests(w, now_us);
	struct run_file *late = overdue(w, now_us);
	if (late) {
		late->crashes = INT_MAX; /* guilty: the others on this worker run elsewhere */
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		strbuf_addf(&text, "still running after its limit of %.1f s (timeout)",
			(double)file_limit_ms(w) / 1000);
		worker_stop(w, STOP_TIMEOUT, text.buf);
		return;
	}
	if (!w->deadline_us || now_us < w->deadline_us)
		return;
	if (w->phase == WORKER_STARTING) {
		worker_stop(w, STOP_PROTOCOL, "the worker did not get ready in time");
		run_suite_failed(w->suite, EXIT_CODE_INFRASTRUCTURE, w->failure);
	} else if (w->phase == WORKER_ENDING || w->phase == WORKER_HOLDING) {
		worker_stop(w, w->ended ? STOP_ORDERLY : STOP_PROTOCOL, NULL);
		process_stop(w->process);
	} else if (w->phase == WORKER_BUSY) {
		worker_stop(w, STOP_PROTOCOL,
			w->item_count ? "the worker took a file and never started it"
				      : "the worker did not answer in time");
	}
}
