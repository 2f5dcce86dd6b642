#include "core/base/base.h"

#include "cmd/outputs.h"
#include "core/base/clock.h"
#include "core/base/path.h"
#include "reporters/registry.h"
#include "reporters/summary.h"

#include <sys/ioctl.h>

struct output {
	const struct reporter *reporter;
	struct sink sink;
	void *self;
	bool stream;   /* stdout or stderr: flushed as the run goes */
	bool fenced;   /* GitHub obeys nothing that is printed here … */
	bool released; /* … until the run is over */
	bool failed;
};

int outputs_columns(int fd)
{
	struct winsize size;
	const char *env = getenv("COLUMNS");

	if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col;
	int columns = env ? atoi(env) : 0;
	return columns >= 20 && columns <= 1000 ? columns : 80;
}

static void fit(struct sink *s)
{
	struct winsize size;

	s->columns = outputs_columns(s->fd);
	s->rows = ioctl(s->fd, TIOCGWINSZ, &size) == 0 ? size.ws_row : 0;
}

static bool set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* A terminal that nobody has named is not trusted either. */
static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || streq(term, "dumb");
}

static bool can_redraw(int fd, bool ci)
{
	return isatty(fd) && !ci && !is_dumb();
}

bool outputs_color(int flag, int fd)
{
	const char *own = getenv("MUSTER_COLOR"), *force = getenv("FORCE_COLOR");

	if (flag >= 0)
		return flag;
	if (own && (streq(own, "always") || streq(own, "never")))
		return streq(own, "always");
	if (force && *force)
		return !streq(force, "0") && !streq(force, "false");
	if (set("NO_COLOR"))
		return false;
	return (isatty(fd) && !is_dumb()) || set("CLICOLOR_FORCE") || set("GITHUB_ACTIONS");
}

static void open_sink(struct output *out, const char *path, const struct outputs_options *o)
{
	if (path && !streq(path, "-")) {
		sink_init_file(&out->sink, path);
		return;
	}
	/* With --json stdout carries one document; what people read goes to stderr. */
	int fd = o->json && !streq(out->reporter->name, "json") ? STDERR_FILENO : STDOUT_FILENO;
	sink_init_fd(&out->sink, fd);
	out->stream = true;
	fit(&out->sink);
	out->sink.color = outputs_color(o->color, fd);
	out->sink.tty = can_redraw(fd, o->ci);
}

static const struct reporter *find(const char *spec, struct error *err)
{
	cleanup_free char *name = xstrndup(spec, strcspn(spec, "="));
	const struct reporter *reporter = reporter_find(reporters, name);
	cleanup_strvec struct strvec names = STRVEC_INIT;

	if (reporter)
		return reporter;
	for (reporter_table r = reporters; *r; r++)
		strvec_push(&names, (*r)->name);
	error_set(err, EXIT_CODE_USAGE, "unknown reporter `%s`", name);
	error_help_names(err, name, (const char *const *)names.v, "known reporters");
	return NULL;
}

int outputs_check(const struct strvec *names, struct error *err)
{
	for (size_t i = 0; i < names->n; i++)
		if (!find(names->v[i], err))
			return -1;
	return 0;
}

/* Titles, messages and output of tests may look like commands to GitHub's runner, which reads all
 * that is printed. The words between which it does not are known to nobody but us. */
static void fence_open(struct outputs *o, struct output *out)
{
	if (!out->stream || !out->reporter->terminal || !set("GITHUB_ACTIONS"))
		return;
	clock_token(o->fence);
	sink_printf(&out->sink, "::stop-commands::%s\n", o->fence);
	out->fenced = true;
}

/* Before other reporters, which have commands to give, go on with the same stream. */
static void fence_close(struct outputs *o, struct output *out)
{
	if (!out->fenced || out->released)
		return;
	sink_printf(&out->sink, "::%s::\n", o->fence);
	sink_flush(&out->sink);
	out->released = true;
}

/* One that was asked for, or the usual one, tells people of each failure where they see the run. */
static bool tells_people(const struct strvec *names)
{
	for (size_t i = 0; i < names->n; i++) {
		const char *equals = strchr(names->v[i], '=');
		const struct reporter *reporter = find(names->v[i], NULL);
		if (reporter && reporter->terminal && (!equals || streq(equals, "=-")))
			return true;
	}
	return !names->n;
}

/* Reports that have a usual place go there, unless stdout is wanted by nobody else: then
 * `muster --reporter junit` prints what `muster report --reporter junit` does. */
static bool takes_stdout(const struct reporter *reporter, const struct outputs_options *o)
{
	size_t n = 0;

	for (size_t i = 0; i < o->names->n; i++)
		n += !strchr(o->names->v[i], '=') || ends_with(o->names->v[i], "=-");
	return n <= 1 && !o->events && (!o->json || streq(reporter->name, "json"));
}

/* "name", "name=path" or "name=-". */
static int add(struct outputs *o, const char *spec, const struct outputs_options *options,
	struct error *err)
{
	const char *equals = strchr(spec, '=');
	const struct reporter *reporter = find(spec, err);
	cleanup_free char *path = equals ? xstrdup(equals + 1) : NULL;

	if (!reporter)
		return -1;
	if (path && !*path) {
		error_set(err, EXIT_CODE_USAGE, "reporter `%s` names no file", spec);
		return error_help(err, "NAME=PATH, or NAME alone for its usual place");
	}
	if (!path && reporter->default_path && options->run_dir && !takes_stdout(reporter, options))
		path = path_join(options->run_dir, reporter->default_path);
	struct output *out = &o->v[o->n++];
	*out = (struct output){.reporter = reporter};
	open_sink(out, path, options);
	fence_open(o, out);
	o->options.told = out->stream && tells_people(options->names);
	out->self = reporter->open(&o->options, &out->sink);
	return 0;
}

static bool has(const struct outputs *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (streq(o->v[i].reporter->name, name))
			return true;
	return false;
}

static bool prints(const struct outputs *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].stream && streq(o->v[i].reporter->name, name))
			return true;
	return false;
}

bool outputs_piped(const struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].stream && o->v[i].reporter->default_path)
			return true;
	return false;
}

/* One reporter for people, chosen by where the output goes; the files of the run beside it. */
static int add_usual(struct outputs *o, const struct outputs_options *options, struct error *err)
{
	bool tty = can_redraw(options->json ? STDERR_FILENO : STDOUT_FILENO, options->ci);

	if (!options->names->n && add(o, tty ? "tty" : "plain", options, err) < 0)
		return -1;
	if (options->json && !options->events && !prints(o, "json") &&
		add(o, "json=-", options, err) < 0)
		return -1;
	if (set("GITHUB_ACTIONS") && (options->live || options->merged) && !has(o, "github") &&
		!options->json && !outputs_piped(o) && add(o, "github", options, err) < 0)
		return -1;
	if (!options->run_dir)
		return 0;
	cleanup_free char *summary = xasprintf("json=%s/summary.json", options->run_dir);
	cleanup_free char *junit = xasprintf("junit=%s/junit.xml", options->run_dir);
	return add(o, summary, options, err) < 0 || add(o, junit, options, err) < 0 ? -1 : 0;
}

int outputs_open(struct outputs *o, const struct outputs_options *options, struct error *err)
{
	*o = (struct outputs){.v = xcalloc(options->names->n + 6, sizeof(*o->v))};
	o->options = (struct reporter_options){
		.live = options->live,
		.verbosity = options->verbosity,
		.ci = options->ci,
		.summary_path = getenv("GITHUB_STEP_SUMMARY"),
		.shard = options->shard,
		.known = options->known,
		.known_arg = options->known_arg,
	};
	for (size_t i = 0; i < options->names->n; i++)
		if (add(o, options->names->v[i], options, err) < 0)
			return -1;
	return add_usual(o, options, err);
}

static void hand_over(
	struct outputs *o, bool fenced, const struct event *event, const struct state *state)
{
	for (size_t i = 0; i < o->n; i++) {
		struct output *out = &o->v[i];
		if (out->fenced != fenced)
			continue;
		if (out->reporter->event && out->self)
			out->reporter->event(out->self, event, state);
		if (event->type == EVENT_RUN_FINISHED)
			fence_close(o, out);
	}
}

void outputs_event(void *outputs, const struct event *event, const struct state *state)
{
	if (event->type == EVENT_TICK) /* the signal of a new size may come after the next redraw */
		outputs_resize(outputs);
	hand_over(outputs, true, event, state);
	hand_over(outputs, false, event, state);
}

void outputs_flush(struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].stream)
			sink_flush(&o->v[i].sink);
}

void outputs_resize(struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].stream)
			fit(&o->v[i].sink);
}

static struct output *live(const struct outputs *o)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->v[i].sink.tty && o->v[i].reporter->show)
			return &o->v[i];
	return NULL;
}

bool outputs_live(const struct outputs *o)
{
	return live(o) != NULL;
}

static void show(struct outputs *o, const struct state *state, enum reporter_show what)
{
	struct output *out = live(o);

	out->reporter->show(out->self, what, state);
	sink_flush(&out->sink);
}

void outputs_running(struct outputs *o, const struct state *state)
{
	struct sink sink;

	if (live(o)) {
		show(o, state, REPORTER_SHOW_RUNNING);
		return;
	}
	sink_init_fd(&sink, STDERR_FILENO);
	summary_running(state, &sink);
	sink_close(&sink, NULL);
}

void outputs_hide(struct outputs *o, const struct state *state)
{
	if (live(o))
		show(o, state, REPORTER_SHOW_NOTHING);
}

int outputs_close(struct outputs *o, const struct state *state, struct error *err)
{
	int result = 0;

	for (size_t i = 0; i < o->n; i++) {
		struct output *out = &o->v[i];
		struct error own = ERROR_INIT;
		int bad = 0;
		if (state && out->self && out->reporter->finish)
			bad |= out->reporter->finish(out->self, state, &own);
		fence_close(o, out);
		if (out->reporter->close)
			out->reporter->close(out->self);
		bad |= sink_close(&out->sink, bad ? NULL : &own);
		if (bad && !result) {
			error_wrap(&own, "reporter %s", out->reporter->name);
			if (err)
				*err = own;
			result = -1;
		}
	}
	free(o->v);
	*o = (struct outputs){0};
	return result;
}
