#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/init_ci.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "core/change/git.h"
#include "core/detect/project.h"
#include "runners/registry.h"

#include <fcntl.h>

/* Behind `#`: one line, whatever the text holds. */
static void comment(struct strbuf *out, const char *text)
{
	strbuf_addstr(out, " # ");
	for (; *text; text++)
		strbuf_addch(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	strbuf_addch(out, '\n');
}

/* A string of JSON is one of YAML, and nothing in it has a meaning. */
static void quoted(struct strbuf *out, const char *text)
{
	jsonw_quote(out, text, strlen(text));
}

static void quoted_path(struct strbuf *out, const char *key, const char *from, const char *to)
{
	cleanup_free char *path = path_relative(from, to);

	strbuf_addf(out, "    %s: ", key);
	quoted(out, path);
	strbuf_addch(out, '\n');
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

static void quoted_env(struct strbuf *out, const struct strvec *env)
{
	if (env->n)
		strbuf_addstr(out, "    env:\n");
	for (size_t i = 0; i < env->n; i++) {
		const char *equals = strchr(env->v[i], '=');
		cleanup_free char *name = xstrndup(env->v[i], (size_t)(equals - env->v[i]));
		strbuf_addstr(out, "      ");
		quoted(out, name);
		strbuf_addstr(out, ": ");
		quoted(out, equals + 1);
		strbuf_addch(out, '\n');
	}
}

static void write_suite(struct strbuf *out, const char *base, const struct suite *s)
{
	cleanup_free char *reason = xasprintf("detected: %s", s->reason);

	strbuf_addstr(out, "  - name: ");
	quoted(out, s->name);
	comment(out, reason);
	strbuf_addf(out, "    runner: %s\n", s->runner->name);
	quoted_path(out, "root", base, s->root);
	if (s->config)
		quoted_path(out, "config", s->root, s->config);
	quoted_list(out, "files", &s->files);
	quoted_list(out, "args", &s->args);
	quoted_list(out, "node_options", &s->node_options);
	quoted_env(out, &s->env);
	if (s->tmpdir_per_worker)
		strbuf_addstr(out, "    tmpdir: worker\n");
}

/* The settings of a run that people change, as comments with their defaults. */
static void write_settings(struct strbuf *out)
{
	strbuf_addstr(out, "# All keys are optional: `muster config` prints what is in force,\n"
			   "# `muster help muster.yaml` explains them.\nversion: 1\n\n");
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_free char *setting = xasprintf("# %s: %s", k->name, k->fallback);
		if (!k->fallback || k->type == CONFIG_VERSION)
			continue;
		strbuf_addf(out, "%-20s", setting);
		comment(out, k->help);
	}
	strbuf_addch(out, '\n');
}

static int refuse(const char *path, struct error *err)
{
	/* a link that leads nowhere is somebody's, too */
	if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	error_set(err, EXIT_CODE_USAGE, "%s is there already", path);
	return error_help(err, "`muster init --print` shows what would be written, --force "
			       "writes over it");
}

static int refuse_existing(const char *base, struct error *err)
{
	static const char *const names[] = {"muster.yaml", "muster.yml"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		cleanup_free char *path = path_join(base, names[i]);
		if (refuse(path, err) < 0)
			return -1;
	}
	return 0;
}

static int deliver(const struct options *options, const char *path, const struct strbuf *text,
	struct error *err)
{
	if (options_has(options, "print"))
		return command_print_text(options, "muster/init/1", NULL, text->buf, err);
	if (file_write(path, text->buf, text->len, false, err) < 0)
		return -1;
	fprintf(stderr, "wrote %s\n", path);
	return options_has(options, "json")
		       ? command_print_text(options, "muster/init/1", path, text->buf, err)
		       : 0;
}

static int init_yaml(const struct options *options, const char *base, struct error *err)
{
	cleanup_free char *path = path_join(base, "muster.yaml");
	cleanup_free char *other = path_join(base, "muster.yml");
	cleanup_project_notes struct project_notes notes = PROJECT_NOTES_INIT;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct suites suites = SUITES_INIT;

	if (!options_has(options, "print") && !options_has(options, "force") &&
		refuse_existing(base, err) < 0)
		return -1;
	if (project_detect(base, runners, other_test_programs, &suites, &notes, err) < 0) {
		suites_release(&suites);
		return -1;
	}
	write_settings(&out);
	strbuf_addstr(&out, suites.n ? "suites:" : "# No suite was detected.");
	if (notes.not_run.len)
		comment(&out, notes.not_run.buf);
	else
		strbuf_addch(&out, '\n');
	if (!suites.n)
		strbuf_addstr(&out, "# suites:\n#   - runner: jest\n#     root: .\n");
	for (size_t i = 0; i < suites.n; i++)
		write_suite(&out, base, suites.v[i]);
	suites_release(&suites);
	/* --force: one of the two at a time */
	return deliver(options, !path_exists(path) && path_exists(other) ? other : path, &out, err);
}

/* ---- --github ---------------------------------------------------------------------------------- */

/* No login of GitHub has two underscores, so what is not replaced finds nobody's repository. */
#define ACTION_SOMEWHERE  "OWNER_OF_MUSTER/muster/.github/actions/muster@main"
#define ACTION_OF_PROJECT ".github/actions/muster"

static char *find_action(const struct options *options, const char *top, struct error *err)
{
	const char *given = options_value(options, "action", NULL);
	cleanup_free char *own = path_join(top, ACTION_OF_PROJECT "/action.yml");

	if (given)
		return init_ci_action(given, err);
	return xstrdup(path_exists(own) ? "./" ACTION_OF_PROJECT : ACTION_SOMEWHERE);
}

static int write_github(const struct options *options, struct init_ci *ci, struct error *err)
{
	cleanup_free char *action = find_action(options, ci->top, err);
	cleanup_free char *path = path_join(ci->top, ".github/workflows/tests.yml");
	cleanup_free char *dir = path_dirname(path);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	bool to_file = !options_has(options, "print");

	if (!action)
		return -1;
	if (to_file && !options_has(options, "force") && refuse(path, err) < 0)
		return -1;
	ci->action = action;
	if (init_ci_github(ci, &out, err) < 0 || (to_file && file_mkdirs(dir, err) < 0) ||
		deliver(options, path, &out, err) < 0)
		return -1;
	if (streq(action, ACTION_SOMEWHERE))
		fprintf(stderr, "note: replace OWNER_OF_MUSTER by who has the repository of muster "
				"you trust, or say it: --action OWNER/REPO@REF\n");
	return 0;
}

static int init_github(
	const struct options *options, const char *cwd, const char *base, struct error *err)
{
	struct config *config = config_new(base);
	struct suites detected = SUITES_INIT;
	cleanup_project_notes struct project_notes notes = PROJECT_NOTES_INIT;
	struct git_head git;
	int code = config_load(config, runners, NULL, err);

	git_head(cwd, &git);
	if (code == 0 && !config->suites.n)
		code = project_detect(base, runners, other_test_programs, &detected, &notes, err);
	struct init_ci ci = {
		.config = config,
		.suites = config->suites.n ? &config->suites : &detected,
		.top = git.root && path_is_below(git.root, base) ? git.root : base,
	};
	if (code == 0 && !ci.suites->n) {
		error_set(err, EXIT_CODE_NO_TESTS, "no test suite found in %s", base);
		code = error_help(err, "%s", notes.looked_for.buf);
	}
	if (code == 0)
		code = write_github(options, &ci, err);
	git_head_release(&git);
	suites_release(&detected);
	config_free(config);
	return code;
}

static int run_init(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);

	if (options_has(options, "github"))
		return init_github(options, cwd, base, err);
	if (options_has(options, "action"))
		return error_set(err, EXIT_CODE_USAGE, "--action is for --github");
	return init_yaml(options, base, err);
}

static const struct option init_options[] = {
	{"github", 0, OPTION_FLAG, NULL, "write a workflow of GitHub Actions instead"},
	{"action", 0, OPTION_VALUE, "OWNER/REPO@REF", "where the workflow finds muster's action"},
	{"print", 0, OPTION_FLAG, NULL, "print the file instead of writing it"},
	{"force", 0, OPTION_FLAG, NULL, "write over a file that is there"},
	{NULL},
};

const struct command init_cmd = {
	.name = "init",
	.usage = "init [--github] [--print] [--force]",
	.summary = "write a muster.yaml, or a CI workflow, for the detected suites",
	.details = "Not needed to run tests: only to change what is detected. --github writes "
		   ".github/workflows/tests.yml: the suites over parallel jobs, as the lock "
		   "file, the version of Node and Playwright's browsers call for.",
	.options = init_options,
	.run = run_init,
};
