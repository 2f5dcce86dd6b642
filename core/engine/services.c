#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "core/engine/run.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>

/*
 * Services of muster.yaml: a server that suites need. Started with the first suite that names it,
 * under a supervisor like any worker; ready when its port answers or its output shows a text; its
 * environment goes to the suites; stopped when the run ends.
 *
 *  DOWN ─► COMING ─► UP ─► STOPPING ─► GONE
 *             └───────┴──── dies: the suites that need it fail
 */
enum service_phase { SERVICE_DOWN, SERVICE_COMING, SERVICE_UP, SERVICE_STOPPING, SERVICE_GONE };

struct service {
	struct run *run;
	const struct config_service *settings;
	enum service_phase phase;
	struct process *process;
	struct deadline poll;
	int port;
	int probe; /* the connection that found the port open, until the server has ended it; or -1 */
	int64_t limit_us;
	struct strbuf output; /* the last of it, for errors and for `ready: log` */
	bool log_seen;
};

enum { POLL_MS = 20, OUTPUT_BYTES = 16 * 1024, STOP_GRACE_MS = 2000 };

/* A port nobody listens on, chosen by the system. */
static int free_port(void)
{
	cleanup_close int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in addr = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(addr);

	if (fd < 0 || bind(fd, (struct sockaddr *)&addr, len) < 0 ||
		getsockname(fd, (struct sockaddr *)&addr, &len) < 0)
		return 0;
	return ntohs(addr.sin_port);
}

/* Loopback answers or refuses at once: no need to wait. A connection, our side of it closed. */
static int connect_over(int family, int port)
{
	cleanup_close int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in v4 = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6,
		.sin6_port = htons((uint16_t)port),
		.sin6_addr = IN6ADDR_LOOPBACK_INIT};
	bool old = family == AF_INET;

	if (fd < 0 || connect(fd, old ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6,
			      old ? sizeof(v4) : sizeof(v6)) < 0)
		return -1;
	shutdown(fd, SHUT_WR);
	fcntl(fd, F_SETFL, O_NONBLOCK);
	int result = fd;
	fd = -1;
	return result;
}

/* A server at "localhost" listens at one of the two, which one is the system's choice. */
static int connect_to(int port)
{
	int fd = connect_over(AF_INET, port);

	return fd >= 0 ? fd : connect_over(AF_INET6, port);
}

/* Close the probe once the server has said all it had to say: closed earlier, a server that greets
 * its clients gets a reset, and one that expects none may die of it. */
static bool probe_ended(struct service *s)
{
	char greeting[4096];
	ssize_t n;

	do
		n = read(s->probe, greeting, sizeof(greeting));
	while (n > 0 || (n < 0 && errno == EINTR));
	if (n < 0 && errno == EAGAIN)
		return false;
	close(s->probe);
	s->probe = -1;
	return true;
}

static char *expand(const char *text, int port)
{
	struct strbuf out = STRBUF_INIT;
	static const char mark[] = "${port}";

	for (const char *at; (at = strstr(text, mark)); text = at + strlen(mark)) {
		strbuf_add(&out, text, (size_t)(at - text));
		strbuf_addf(&out, "%d", port);
	}
	strbuf_addstr(&out, text);
	return strbuf_detach(&out);
}

static bool needs(const struct run_suite *suite, const struct service *s)
{
	return strvec_has(&suite->settings->services, s->settings->name);
}

static void failed(struct service *s, const char *why)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_addf(&text, "service %s %s", s->settings->name, why);
	strbuf_rtrim(&s->output);
	if (s->output.len)
		strbuf_addf(&text, "\n%s", s->output.buf);
	for (size_t i = 0; i < s->run->suite_count; i++)
		if (needs(&s->run->suites[i], s) && s->run->suites[i].phase != SUITE_DONE)
			run_suite_failed(&s->run->suites[i], EXIT_CODE_INFRASTRUCTURE, text.buf);
}

static void on_output(void *arg, bool is_stderr, const char *data, size_t len)
{
	struct service *s = arg;

	(void)is_stderr;
	strbuf_add(&s->output, data, len);
	if (s->settings->ready_log && memmem(s->output.buf, s->output.len, s->settings->ready_log,
					      strlen(s->settings->ready_log)))
		s->log_seen = true;
	if (s->output.len > 2 * OUTPUT_BYTES)
		strbuf_remove(&s->output, 0, s->output.len - OUTPUT_BYTES);
}

static void on_service_exit(void *arg, const struct process_status *status)
{
	struct service *s = arg;
	bool expected = s->phase == SERVICE_STOPPING;
	const char *when = s->phase == SERVICE_UP ? "" : " before it was ready";
	cleanup_strbuf struct strbuf why = STRBUF_INIT;

	s->phase = SERVICE_GONE;
	s->process = NULL;
	deadline_close(&s->poll);
	if (!expected) {
		if (status->start_errno)
			strbuf_addf(&why, "cannot be started: %s: %s", s->settings->command.v[0],
				strerror(status->start_errno));
		else if (status->signal)
			strbuf_addf(&why, "was killed by signal %d (%s)%s", status->signal,
				strsignal(status->signal), when);
		else
			strbuf_addf(&why, "ended with exit status %d%s", status->exit_status, when);
		failed(s, why.buf);
	}
	run_tick(s->run);
}

static bool is_ready(struct service *s)
{
	if (s->settings->ready_log)
		return s->log_seen;
	if (!s->settings->ready_tcp)
		return true;
	cleanup_free char *port = expand(s->settings->ready_tcp, s->port);
	s->probe = connect_to(atoi(port));
	return s->probe >= 0;
}

/* What was waited for, so that a wrong port can be told from a slow start. */
static void too_late(struct service *s)
{
	const struct config_service *settings = s->settings;
	cleanup_strbuf struct strbuf why = STRBUF_INIT;

	strbuf_addstr(&why, "was not ready after ");
	text_duration(&why, settings->ready_timeout_ms);
	if (settings->ready_log) {
		strbuf_addf(&why, ": its output does not show `%s`", settings->ready_log);
	} else {
		cleanup_free char *port = expand(settings->ready_tcp, s->port);
		strbuf_addf(&why, ": nothing answers at port %s", port);
	}
	strbuf_addstr(&why, " (`ready` in muster.yaml)");
	failed(s, why.buf);
}

static void on_poll(struct deadline *d)
{
	struct service *s = CONTAINER_OF(d, struct service, poll);

	if (s->phase == SERVICE_UP && (s->probe < 0 || probe_ended(s)))
		deadline_stop(d);
	if (s->phase != SERVICE_COMING)
		return;
	if (is_ready(s)) {
		s->phase = SERVICE_UP;
		run_tick(s->run);
	} else if (clock_mono_us() > s->limit_us) {
		deadline_stop(d);
		too_late(s);
	}
}

static void start(struct service *s)
{
	static const struct process_callbacks callbacks = {
		.output = on_output, .exit = on_service_exit};
	cleanup_strvec struct strvec argv = STRVEC_INIT;
	struct error err = ERROR_INIT;
	int code;

	s->port = free_port();
	for (size_t i = 0; i < s->settings->command.n; i++) {
		cleanup_free char *word = expand(s->settings->command.v[i], s->port);
		strvec_push(&argv, word);
	}
	deadline_init(&s->poll, &s->run->loop.uv, on_poll);
	s->process = process_start(&s->run->loop.uv,
		&(struct process_options){
			.supervisor = s->run->options->program,
			.argv = (const char *const *)argv.v,
			.cwd = s->run->options->config->base,
			.stop_signal = SIGTERM,
			.grace_ms = STOP_GRACE_MS,
		},
		&callbacks, s, &code, &err);
	if (!s->process) {
		s->phase = SERVICE_GONE;
		deadline_close(&s->poll);
		failed(s, "cannot be started");
		return;
	}
	s->phase = SERVICE_COMING;
	s->limit_us = clock_mono_us() + s->settings->ready_timeout_ms * 1000;
	deadline_start(&s->poll, 0, POLL_MS);
}

static void init(struct run *run)
{
	const struct config *config = run->options->config;

	if (run->services || !config->service_count)
		return;
	run->services = xcalloc(config->service_count, sizeof(*run->services));
	run->service_count = config->service_count;
	for (size_t i = 0; i < run->service_count; i++)
		run->services[i] = (struct service){.run = run,
			.settings = &config->services[i],
			.probe = -1,
			.output = STRBUF_INIT};
}

int services_start(struct run *run, struct run_suite *suite)
{
	int result = 1;

	if (suite->services_up || !suite->settings->services.n)
		return 1;
	init(run);
	for (size_t i = 0; i < run->service_count; i++) {
		struct service *s = &run->services[i];
		if (!needs(suite, s))
			continue;
		if (s->phase == SERVICE_DOWN)
			start(s);
		if (s->phase == SERVICE_GONE)
			return -1;
		if (s->phase != SERVICE_UP)
			result = 0;
	}
	for (size_t i = 0; result == 1 && i < run->service_count; i++) {
		struct service *s = &run->services[i];
		for (size_t k = 0; needs(suite, s) && k < s->settings->env.n; k++) {
			cleanup_free char *entry = expand(s->settings->env.v[k], s->port);
			strvec_push(&suite->env, entry);
		}
	}
	suite->services_up = result == 1;
	return result;
}

void services_stop(struct run *run)
{
	for (size_t i = 0; i < run->service_count; i++) {
		struct service *s = &run->services[i];
		if (!s->process || s->phase == SERVICE_STOPPING)
			continue;
		s->phase = SERVICE_STOPPING;
		deadline_stop(&s->poll);
		process_stop(s->process);
	}
}

void services_kill(struct run *run)
{
	for (size_t i = 0; i < run->service_count; i++)
		if (run->services[i].process)
			process_kill(run->services[i].process);
}

void services_pause(struct run *run, bool paused)
{
	for (size_t i = 0; i < run->service_count; i++)
		if (run->services[i].process)
			process_pause(run->services[i].process, paused);
}

bool services_gone(const struct run *run)
{
	for (size_t i = 0; i < run->service_count; i++)
		if (run->services[i].process)
			return false;
	return true;
}

void services_release(struct run *run)
{
	for (size_t i = 0; i < run->service_count; i++) {
		strbuf_release(&run->services[i].output);
		if (run->services[i].probe >= 0)
			close(run->services[i].probe);
	}
	free(run->services);
}
