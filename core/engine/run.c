#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/base/file.h"
#include "core/engine/run.h"
#include "core/io/process.h"
#include "core/event/test_id.h"

#include <signal.h>
#include <sys/resource.h>

enum {
	TICK_MS = 100,
	PAUSE_MS = 2000,          /* without a tick: we were suspended, or the machine was */
	CANCEL_LIMIT_MS = 4500,   /* a first Ctrl-C ends in at most 5 s */
	TEARDOWN_LIMIT_MS = 3000, /* for a global teardown after a cancel */
};

void run_publish(struct run *run, struct event *event)
{
	bus_publish(run->options->bus, event);
}

void run_notice(struct run *run, enum severity severity, const char *name, const char *suite,
	const char *file, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	run_publish(run, &(struct event){
				 .type = EVENT_NOTICE,
				 .severity = severity,
				 .name = name,
				 .suite = suite,
				 .file = file,
				 .text = text.buf,
				 .text_len = text.len,
			 });
}

/* The holder of a global set-up gets a chance to tear it down; everybody else is stopped. */
static void cancel_worker(struct worker *w)
{
	if (w->phase == WORKER_HOLDING && w->stop == STOP_NONE && w->suite->phase >= SUITE_READY) {
		worker_send_simple(w, "teardown");
		w->deadline_us = clock_mono_us() + (int64_t)TEARDOWN_LIMIT_MS * 1000;
	} else {
		worker_stop(w, STOP_CANCEL, NULL);
		if (!w->item_count) /* it has nothing that a gentle end would save */
			process_kill(w->process);
	}
}

void run_cancel(struct run *run, enum cancel_reason reason, const char *text)
{
	if (run->cancel || run->finished)
		return;
	run->cancel = reason;
	run->cancel_deadline_us = clock_mono_us() + (int64_t)CANCEL_LIMIT_MS * 1000;
	run_publish(run, &(struct event){.type = EVENT_RUN_CANCELLED,
				 .cancel = reason,
				 .text = text,
				 .text_len = strlen(text)});
	for (size_t i = 0; i < run->worker_count; i++)
		cancel_worker(run->workers[i]);
	services_stop(run);
}

void run_suite_failed(struct run_suite *suite, enum exit_code code, const char *text)
{
	struct run *run = suite->run;

	if (suite->phase == SUITE_FAILED)
		return;
	suite->phase = SUITE_FAILED;
	run->worst = run->worst ? exit_code_worst(run->worst, code) : code;
	run_notice(run, SEVERITY_ERROR, "suite_failed", suite->settings->name, NULL, "%s", text);
	run_cancel(run, CANCEL_INFRASTRUCTURE, "a suite cannot run");
}

static void kill_all(struct run *run)
{
	for (size_t i = 0; i < run->worker_count; i++)
		process_kill(run->workers[i]->process);
	services_kill(run);
}

static void pause_all(struct run *run, bool paused)
{
	for (size_t i = 0; i < run->worker_count; i++)
		process_pause(run->workers[i]->process, paused);
	services_pause(run, paused);
}

/* Ctrl-Z: the workers are in sessions of their own, where the terminal's signal does not reach. */
static void suspend(struct run *run)
{
	pause_all(run, true);
	if (run->options->on_signal)
		run->options->on_signal(run->options->arg, SIGTSTP);
	keys_pause(&run->keys);
	signals_suspend();
	keys_resume(&run->keys);
	pause_all(run, false);
}

static void on_key(void *arg, char key)
{
	struct run *run = arg;

	if ((key == 't' || key == 'T') && run->options->on_signal)
		run->options->on_signal(run->options->arg, SIGUSR1);
}

static void on_signal(void *arg, int signum)
{
	struct run *run = arg;

	if (signum == SIGUSR1 || signum == SIGWINCH) {
		if (run->options->on_signal)
			run->options->on_signal(run->options->arg, signum);
		return;
	}
	if (signum == SIGTSTP || signum == SIGCONT) {
		if (signum == SIGTSTP)
			suspend(run);
		keys_resume(&run->keys); /* from the background to the foreground */
		return;
	}
	if (run->signal) {
		kill_all(run); /* the second time: at once */
		return;
	}
	run->signal = signum;
	if (!run->cancel) /* else it was ending already */
		run_cancel(run, signum == SIGINT ? CANCEL_INTERRUPTED : CANCEL_TERMINATED,
			signum == SIGINT ? "interrupted" : "terminated");
	if (signum == SIGQUIT)
		kill_all(run);
	run_tick(run);
}

static void forgive_pause(struct run *run, int64_t now)
{
	int64_t pause = run->ticked_us ? now - run->ticked_us : 0;

	run->ticked_us = now;
	if (pause < (int64_t)PAUSE_MS * 1000)
		return;
	if (run->cancel_deadline_us)
		run->cancel_deadline_us += pause;
	for (size_t i = 0; i < run->worker_count; i++)
		worker_shift_time(run->workers[i], pause);
}

static void on_tick(struct deadline *d)
{
	struct run *run = CONTAINER_OF(d, struct run, tick);
	int64_t now = clock_mono_us();

	forgive_pause(run, now);
	run_publish(run, &(struct event){.type = EVENT_TICK});
	budget_check(run, now);
	if (run->cancel && now > run->cancel_deadline_us)
		kill_all(run);
	for (size_t i = run->worker_count; i-- > 0;)
		worker_check_time(run->workers[i], now);
	run_tick(run);
}

static void on_quarantine(void *arg, enum severity severity, const char *name, const char *suite,
	const char *file, const char *text)
{
	run_notice(arg, severity, name, suite, file, "%s", text);
}

/* What the suites were asked for, when that left nothing. */
static void describe_nothing(const struct run *run, struct strbuf *out)
{
	const struct config *c = run->options->config;

	if (!run->suite_count)
		strbuf_addf(out, "no test suite found in %s", c->base);
	else if (c->test_regex)
		strbuf_addf(out, "none matches -t %s", c->test_regex);
	else if (c->changed_only)
		strbuf_addstr(out, "the change touches no test file");
	else if (c->failed_only)
		strbuf_addstr(out, "what was left of the last run is not there any more");
	else if (c->paths.n)
		strbuf_addstr(out, "no suite has test files below the named paths");
	else if (run->options->bus->state->file_count)
		strbuf_addstr(out, "there is none in the test files");
	else
		for (size_t i = 0; i < run->suite_count; i++) {
			const struct suite *settings = run->suites[i].settings;
			cleanup_free char *root = path_relative(c->base, settings->root);
			strbuf_addf(out, "%s%s found no test file in %s", i ? ", " : "",
				settings->name, root);
		}
}

static void tell_nothing(struct run *run)
{
	const struct engine_options *o = run->options;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (run->worst ||
		(o->list_only ? o->bus->state->file_count > 0
			      : o->config->no_tests == NO_TESTS_PASS ||
					state_exit_code(o->bus->state, true) != EXIT_CODE_NO_TESTS))
		return;
	describe_nothing(run, &text);
	run_notice(run, SEVERITY_WARNING, "no_tests", NULL, NULL, "%s: %s",
		o->list_only ? "no test file" : "no test ran", text.buf);
}

static void finish(struct run *run)
{
	const struct engine_options *o = run->options;
	struct state *state = o->bus->state;
	int code;

	if (o->before_verdict && !o->list_only)
		o->before_verdict(o->arg);
	run->finished = true;
	if (!o->list_only)
		quarantine_judge(o->quarantine, state,
			!o->select && !o->config->test_regex && !run->cancel, on_quarantine, run);
	tell_nothing(run);
	if (o->list_only)
		code = state->file_count || o->config->no_tests != NO_TESTS_FAIL
			       ? EXIT_CODE_PASSED
			       : EXIT_CODE_NO_TESTS;
	else
		code = (int)state_exit_code(state, o->config->no_tests == NO_TESTS_FAIL);
	if (run->worst)
		code = (int)exit_code_worst((enum exit_code)code, run->worst);
	run_publish(run, &(struct event){
				 .type = EVENT_RUN_FINISHED,
				 .exit_code = code,
				 .duration_us = clock_mono_us() - run->started_us,
			 });
	deadline_close(&run->tick);
	keys_close(&run->keys);
	signals_close(&run->signals);
}

void run_tick(struct run *run)
{
	if (run->finished)
		return;
	if (!run->cancel) {
		discover_start(run);
		dispatch(run);
	}
	bool open = false;
	for (size_t i = 0; i < run->suite_count && !run->cancel; i++)
		open |= run->suites[i].phase != SUITE_DONE && run->suites[i].phase != SUITE_FAILED;
	if (open || run->worker_count)
		return;
	services_stop(run);
	if (services_gone(run))
		finish(run);
}

/* All that the workers said while we were away is taken in: what follows is decided once. */
static void before_sleep(void *arg)
{
	struct run *run = arg;

	if (run->stale)
		run_tick(run);
	run->stale = false;
	if (run->options->before_sleep)
		run->options->before_sleep(run->options->arg);
}

/* A worker larger than its share of the memory is replaced; without a limit they only grow. */
static int64_t worker_limit_kb(int slots)
{
	long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);

	if (pages <= 0 || page <= 0)
		return 0;
	return (int64_t)pages * page / 1024 * 6 / 10 / slots;
}

static void init_suite(struct run *run, struct run_suite *rs, const struct suite *settings)
{
	const struct engine_options *o = run->options;

	*rs = (struct run_suite){
		.run = run,
		.settings = settings,
		.env = STRVEC_INIT,
		.node_options = STRVEC_INIT,
		.cache_dir = path_join(o->cache_dir, settings->name),
	};
	for (char *c = rs->cache_dir + strlen(o->cache_dir) + 1; *c; c++)
		if (*c == '/' || *c == ':')
			*c = '-';
	file_mkdirs(rs->cache_dir, NULL); /* an adapter that cannot write there says so itself */
	strvec_push_all(&rs->node_options, &settings->node_options);
	discover_recall_flags(rs);
	history_suite(o->history, o->info->platform, settings->name, &rs->model);
	cover_init(rs);
}

static void init(struct run *run)
{
	const struct engine_options *options = run->options;
	struct rlimit files;

	/* Each worker takes half a dozen descriptors: use all that the system allows. */
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur < files.rlim_max) {
		files.rlim_cur = MIN(files.rlim_max, (rlim_t)65536);
		setrlimit(RLIMIT_NOFILE, &files);
	}
	signal(SIGPIPE, SIG_IGN);
	run->slots = MAX(options->info->workers, 1);
	run->worker_limit_kb = options->in_order ? 0 : worker_limit_kb(run->slots);
	run->suite_count = options->suites->n;
	run->suites = xcalloc(run->suite_count, sizeof(*run->suites));
	for (size_t i = 0; i < run->suite_count; i++)
		init_suite(run, &run->suites[i], options->suites->v[i]);
	discover_index(run);
	signals_init(&run->signals, &run->loop.uv, on_signal, run);
	if (options->keys)
		keys_init(&run->keys, &run->loop.uv, on_key, run);
	deadline_init(&run->tick, &run->loop.uv, on_tick);
	deadline_start(&run->tick, TICK_MS, TICK_MS);
}

void run_free_tests(struct run_test *tests, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(tests[i].path);
	free(tests);
}

void run_free_file(struct run_file *file)
{
	run_free_tests(file->only, file->only_count);
	run_free_tests(file->failed, file->failed_count);
	run_free_tests(file->fresh, file->fresh_count);
	free(file->file);
	free(file->project);
	output_forget(&file->output);
	free(file);
}

static void release(struct run *run)
{
	for (size_t i = 0; i < run->suite_count; i++) {
		struct run_suite *suite = &run->suites[i];
		for (size_t k = 0; k < suite->file_count; k++)
			run_free_file(suite->files[k]);
		free(suite->files);
		free(suite->pending);
		free(suite->plan_path);
		free(suite->cache_dir);
		free(suite->coverage_dir);
		strvec_release(&suite->env);
		strvec_release(&suite->node_options);
		strmap_release(&suite->index, NULL);
	}
	services_release(run);
	free(run->suites);
	free(run->workers);
	strmap_release(&run->resources, NULL);
	strmap_release(&run->selected, NULL);
	arena_release(&run->arena);
	strbuf_release(&run->scratch);
	loop_release(&run->loop);
}

int engine_run(const struct engine_options *options, struct error *err)
{
	struct run run = {
		.options = options, .scratch = STRBUF_INIT, .started_us = clock_mono_us()};

	if (loop_init(&run.loop, before_sleep, &run, err) < 0)
		return -1;
	init(&run);
	process_give_way(); /* else each message of one worker interrupts another */
	run_publish(&run, &(struct event){.type = EVENT_RUN_STARTED, .run = options->info});
	budget_check(&run, run.started_us); /* waiting may have used all of it */
	run_tick(&run);
	loop_run(&run.loop);
	release(&run);
	return run.signal;
}
