#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/project.h"
#include "runners/registry.h"

/* A YAML scalar in single quotes: nothing in it has a meaning. */
static void quoted(struct strbuf *out, const char *text)
{
	strbuf_addch(out, '\'');
	for (; *text; text++)
		strbuf_addstr(out, *text == '\'' ? "''" : (char[]){*text, '\0'});
	strbuf_addch(out, '\'');
}

static void quoted_list(struct strbuf *out, const char *key, const struct strvec *list)
{
	if (!list->n)
		return;
	strbuf_addf(out, "    %s: [", key);
	for (size_t i = 0; i < list->n; i++) {
		strbuf_addstr(out, i ? ", " : "");
		quoted(out, list->v[i]);
	}
	strbuf_addstr(out, "]\n");
}

static void write_suite(struct strbuf *out, const char *base, const struct suite *s)
{
	cleanup_free char *root = path_relative(base, s->root);

	strbuf_addf(out, "  - name: ");
	quoted(out, s->name);
	strbuf_addf(out, " # detected: %s\n    runner: %s\n    root: ", s->reason, s->runner->name);
	quoted(out, root);
	strbuf_addch(out, '\n');
	if (s->config) {
		cleanup_free char *config = path_relative(s->root, s->config);
		strbuf_addstr(out, "    config: ");
		quoted(out, config);
		strbuf_addch(out, '\n');
	}
	quoted_list(out, "args", &s->args);
	quoted_list(out, "node_options", &s->node_options);
	if (s->env.n)
		strbuf_addstr(out, "    env:\n");
	for (size_t i = 0; i < s->env.n; i++) {
		const char *value = strchr(s->env.v[i], '=') + 1;
		strbuf_addf(out, "      %.*s: ", (int)(value - s->env.v[i] - 1), s->env.v[i]);
		quoted(out, value);
		strbuf_addch(out, '\n');
	}
}

static int run_init(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	cleanup_free char *path = path_join(base, "muster.yaml");
	cleanup_strbuf struct strbuf out = STRBUF_INIT, looked_for = STRBUF_INIT;
	struct suites suites = SUITES_INIT;

	if (!options_has(options, "print") && path_exists(path)) {
		error_set(err, EXIT_CODE_USAGE, "%s is there already", path);
		return error_help(err, "`muster init --print` shows what would be written");
	}
	if (project_detect(base, runners, &suites, &looked_for, err) < 0)
		return -1;
	strbuf_addstr(&out,
		"# All keys are optional: `muster config show` prints what is in force,\n"
		"# `man muster.yaml` explains them.\nversion: 1\n# workers: auto\n"
		"# fail_fast: 1\n# retries: 0\n# timeout: 5m\n");
	strbuf_addstr(&out, suites.n ? "suites:\n" : "# suites:\n#   - runner: jest\n");
	for (size_t i = 0; i < suites.n; i++)
		write_suite(&out, base, suites.v[i]);
	suites_release(&suites);
	if (options_has(options, "print"))
		return command_print(out.buf, out.len, err);
	if (file_write(path, out.buf, out.len, false, err) < 0)
		return -1;
	fprintf(stderr, "wrote %s\n", path);
	return 0;
}

static const struct option init_options[] = {
	{"print", 0, OPTION_FLAG, NULL, "print the file instead of writing it"},
	{NULL},
};

const struct command init_cmd = {
	.name = "init",
	.usage = "init [--print]",
	.summary = "write a muster.yaml for the detected suites",
	.details = "Not needed to run tests: only to change what is detected.",
	.options = init_options,
	.run = run_init,
};
