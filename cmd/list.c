#include "core/base/base.h"

#include "cmd/list.h"
#include "cmd/machine.h"
#include "core/base/ansi.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/event/bus.h"
#include "core/engine/engine.h"
#include "core/history/testmap.h"

/* Suites are discovered side by side and come as they are done; a list is the same each time:
 * suites as they were detected or configured, the files of each as its runner has them. */
static void put_in_order(struct state *s, const struct suites *suites)
{
	struct state_suite **in_turn = xcalloc(s->suite_count + 1, sizeof(struct state_suite *));
	struct state_file **files = xcalloc(s->file_count + 1, sizeof(struct state_file *));
	size_t n = 0, file_count = 0;

	for (size_t i = 0; i < suites->n; i++) {
		const char *name = suites->v[i]->name;
		for (size_t k = 0; k < s->suite_count; k++)
			if (streq(s->suites[k]->name, name))
				in_turn[n++] = s->suites[k];
		for (size_t k = 0; k < s->file_count; k++)
			if (streq(s->files[k]->suite->name, name))
				files[file_count++] = s->files[k];
	}
	if (n && n == s->suite_count)
		memcpy(s->suites, in_turn, n * sizeof(struct state_suite *));
	if (file_count && file_count == s->file_count)
		memcpy(s->files, files, file_count * sizeof(struct state_file *));
	free(in_turn);
	free(files);
}

int list_collect(struct setup *setup, struct state *state, struct error *err)
{
	struct bus bus;

	bus_init(&bus, state);
	if (setup_adapters(setup, err) < 0)
		return -1;
	struct engine_options o = {
		.config = setup->config,
		.suites = setup->suites,
		.bus = &bus,
		.history = setup->history,
		.info = &setup->info,
		.program = setup->program,
		.adapters_dir = setup->adapters_dir,
		.cores = machine_cores(),
		.cache_dir = setup->cache_dir,
		.ci = setup->ci.is_ci,
		.env_is_secret = ci_env_is_secret,
		.impact = setup->config->changed_only ? &setup->impact : NULL,
		.list_only = true,
	};
	if (engine_run(&o, err) < 0)
		return -1;
	put_in_order(state, setup->suites);
	return state->exit_code;
}

void list_problems(const struct state *s)
{
	for (size_t i = 0; i < s->notice_count; i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		if (s->notices[i].severity != SEVERITY_ERROR)
			continue;
		/* The words of a runner, or of what it has loaded: they must not drive the
		 * terminal. */
		ansi_filter(&text, s->notices[i].text, strlen(s->notices[i].text), false);
		fprintf(stderr, "error: %s: %s\n",
			s->notices[i].suite ? s->notices[i].suite : "muster", text.buf);
	}
	for (size_t i = 0; i < s->suite_count; i++)
		if (s->suites[i]->discovered)
			fprintf(stderr, "%s: %s %s, %" PRId64 " file%s (%s)\n", s->suites[i]->name,
				s->suites[i]->runner,
				s->suites[i]->version ? s->suites[i]->version : "",
				s->suites[i]->file_count, s->suites[i]->file_count == 1 ? "" : "s",
				s->suites[i]->reason ? s->suites[i]->reason : "");
}

/* Why the list is empty. */
static void list_nothing(const struct state *s)
{
	for (size_t i = 0; i < s->notice_count; i++)
		if (!s->notices[i].suite && streq(s->notices[i].name, "no_tests"))
			fprintf(stderr, "warning: %s\n", s->notices[i].text);
}

static void notice_json(struct jsonw *w, const char *severity, const char *suite, const char *text)
{
	jsonw_object_begin(w, NULL);
	jsonw_string(w, "severity", severity);
	jsonw_string(w, "suite", suite);
	jsonw_string(w, "text", text);
	jsonw_object_end(w);
}

static void list_json(struct strbuf *out, const struct state *s, const char *not_run)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/list/1");
	jsonw_array_begin(&w, "suites");
	for (size_t i = 0; i < s->suite_count; i++) {
		const struct state_suite *suite = s->suites[i];
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "suite", suite->name);
		jsonw_string(&w, "runner", *suite->runner ? suite->runner : NULL);
		jsonw_string(&w, "version", suite->version);
		jsonw_string(&w, "root", suite->root);
		jsonw_string(&w, "reason", suite->reason);
		jsonw_int(&w, "files", suite->file_count);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_array_begin(&w, "files");
	for (size_t i = 0; i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "suite", f->suite->name);
		jsonw_string(&w, "project", *f->project ? f->project : NULL);
		jsonw_string(&w, "file", f->file);
		jsonw_int(&w, "estimate_ms", f->estimate_ms);
		jsonw_bool(&w, "known", f->known);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_array_begin(&w, "notices");
	for (size_t i = 0; i < s->notice_count; i++)
		if (s->notices[i].severity == SEVERITY_ERROR)
			notice_json(&w, "error", s->notices[i].suite, s->notices[i].text);
	if (not_run)
		notice_json(&w, "warning", NULL, not_run);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

static void list_text(struct strbuf *out, const struct state *s)
{
	for (size_t i = 0; i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		strbuf_addf(out, "%s\t%s", f->suite->name, f->file);
		if (*f->project)
			strbuf_addf(out, "\t%s", f->project);
		strbuf_addch(out, '\n');
	}
}

/* ---- --covering ------------------------------------------------------------------------------ */

struct covering {
	struct strbuf out;
	struct jsonw w;
	bool json;
};

static int add_covering(void *arg, const char *suite, const char *project, const char *file)
{
	struct covering *c = arg;

	if (!c->json) {
		strbuf_addf(&c->out, "%s\t%s%s%s\n", suite, file, *project ? "\t" : "", project);
		return 0;
	}
	jsonw_object_begin(&c->w, NULL);
	jsonw_string(&c->w, "suite", suite);
	jsonw_string(&c->w, "project", *project ? project : NULL);
	jsonw_string(&c->w, "file", file);
	jsonw_object_end(&c->w);
	return 0;
}

static int no_testmap(struct error *err)
{
	error_set(err, EXIT_CODE_USAGE, "the history does not know yet which test covers what");
	return error_help(err, "run `muster --coverage` once; every such run keeps it up to date");
}

static int list_covering(struct setup *setup, const char *name, bool json, struct error *err)
{
	struct covering c = {.out = STRBUF_INIT, .json = json};
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *joined = path_join(cwd, name);
	cleanup_free char *path = path_normalize(joined);
	cleanup_free char *source = path_relative(setup->config->base, path);

	if (!setup->history || !history_has_testmap(setup->history))
		return no_testmap(err);
	jsonw_init(&c.w, &c.out, true);
	if (json) {
		jsonw_object_begin(&c.w, NULL);
		jsonw_string(&c.w, "schema", "muster/covering/1");
		jsonw_string(&c.w, "source", source);
		jsonw_array_begin(&c.w, "files");
	}
	int code = history_covering(setup->history, source, add_covering, &c, err);
	if (json) {
		jsonw_array_end(&c.w);
		jsonw_object_end(&c.w);
	}
	if (code == 0 && c.out.len)
		code = command_print(c.out.buf, c.out.len, err);
	strbuf_release(&c.out);
	return code;
}

static int run_list(const struct options *options, struct error *err)
{
	struct setup setup = {0};
	struct state state;
	struct config *config = command_config(options, err);

	if (!config)
		return -1;
	state_init(&state);
	const char *covering = options_value(options, "covering", NULL);
	int code = covering ? setup_init_without_suites(&setup, config, err)
			    : setup_init(&setup, config, err);
	if (code == 0 && covering)
		code = list_covering(&setup, covering, options_has(options, "json"), err);
	else if (code == 0)
		code = list_collect(&setup, &state, err);
	if (state.finished) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		if (options_has(options, "json"))
			list_json(&out, &state, setup.not_run_notice);
		else
			list_text(&out, &state);
		list_problems(&state);
		if (config->no_tests != NO_TESTS_PASS)
			list_nothing(&state);
		if (setup.not_run_notice)
			fprintf(stderr, "warning: %s\n", setup.not_run_notice);
		if (out.len && command_print(out.buf, out.len, err) < 0)
			code = -1;
	}
	state_release(&state);
	setup_release(&setup);
	return code;
}

static const struct option list_options[] = {
	{"covering", 0, OPTION_VALUE, "SOURCE",
		"test files that touched this source when they ran last with --coverage"},
	{NULL},
};

const struct command list_cmd = {
	.name = "list",
	.usage = "list [--json] [OPTIONS] [PATH...]",
	.summary = "show the test files that would run",
	.details = "One line a file: suite, path, project. What was detected, and why, goes to "
		   "stderr.",
	.options = list_options,
	.max_words = -1,
	.takes_rest = true,
	.takes_config = true,
	.run = run_list,
};
