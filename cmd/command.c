#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/config.h"
#include "core/project.h"
#include "runners/registry.h"

const struct option common_options[] = {
	{"json", 0, OPTION_FLAG, NULL, "one JSON document on stdout; people's text goes to stderr"},
	{"color", 0, OPTION_VALUE, "auto|always|never", "colours"},
	{"quiet", 'q', OPTION_FLAG, NULL, "only failures and the summary"},
	{"verbose", 'v', OPTION_FLAG, NULL, "every test"},
	{"help", 'h', OPTION_FLAG, NULL, "this help"},
	{NULL},
};

const struct option config_options[] = {
	{"workers", 'j', OPTION_VALUE, "N|N%|auto", "worker processes at a time", "workers"},
	{"suite", 0, OPTION_VALUE, "NAME", "only this suite (repeats)"},
	{"fail-fast", 0, OPTION_OPTIONAL, "N", "stop after N failures (default 1)", "fail_fast",
		"1"},
	{"no-fail-fast", 0, OPTION_FLAG, NULL, "run everything whatever fails", "fail_fast", "0"},
	{"retries", 0, OPTION_VALUE, "N", "further tries of a failed test", "retries"},
	{"timeout", 0, OPTION_VALUE, "DUR", "limit for one file", "timeout"},
	{"budget", 0, OPTION_VALUE, "DUR", "limit for the whole run", "budget"},
	{"slow", 0, OPTION_VALUE, "DUR", "a test that runs longer gets a SLOW mark", "slow"},
	{"test", 't', OPTION_VALUE, "REGEX",
		"only tests whose title path matches (JavaScript, case-sensitive)"},
	{"failed", 0, OPTION_FLAG, NULL, "what the last run left failed or not run"},
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	{"reporter", 0, OPTION_VALUE, "NAME[=PATH]", "reporter (repeats)", "reporters"},
	{"out", 0, OPTION_VALUE, "DIR", "folder of the run (default: .muster/runs/<id>)"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{"no-history", 0, OPTION_FLAG, NULL, "neither read nor write the history"},
	{"no-tests", 0, OPTION_VALUE, "fail|warn|pass", "what it means when no test ran"},
	{NULL},
};

const struct command *command_find(const char *name)
{
	for (const struct command *const *c = commands; *c; c++)
		if (streq((*c)->name, name))
			return *c;
	return NULL;
}

void command_tables(const struct command *command, const struct option **ret)
{
	size_t n = 0;

	if (command->options)
		ret[n++] = command->options;
	if (command->takes_config)
		ret[n++] = config_options;
	ret[n++] = common_options;
	ret[n] = NULL;
}

/* ---- flags into the configuration ------------------------------------------------------------ */

static char *absolute(const char *path)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *joined = path_join(cwd, path);

	return path_normalize(joined);
}

static int set_no_tests(struct config *c, const char *value, struct error *err)
{
	static const char *const words[] = {"fail", "warn", "pass"};

	for (int i = 0; i < 3; i++) {
		if (streq(value, words[i])) {
			c->no_tests = i;
			return 0;
		}
	}
	return error_set(
		err, EXIT_CODE_USAGE, "`--no-tests` expects fail, warn or pass, not `%s`", value);
}

static int apply_use(struct config *c, const struct option_use *use, struct error *err)
{
	const struct option *o = use->option;

	if (o->key) {
		if (config_set(c, o->key, use->value ? use->value : o->fixed, ORIGIN_FLAG, err) < 0)
			return error_wrap(err, "--%s", o->name);
		return 0;
	}
	if (streq(o->name, "suite"))
		strvec_push(&c->only_suites, use->value);
	else if (streq(o->name, "test")) {
		free(c->test_regex);
		c->test_regex = xstrdup(use->value);
	} else if (streq(o->name, "failed"))
		c->failed_only = true;
	else if (streq(o->name, "out"))
		c->out_dir = absolute(use->value);
	else if (streq(o->name, "history"))
		c->history_path = absolute(use->value);
	else if (streq(o->name, "no-history"))
		c->no_history = true;
	else if (streq(o->name, "no-tests"))
		return set_no_tests(c, use->value, err);
	return 0;
}

static int add_path(struct config *c, const char *word, struct error *err)
{
	cleanup_free char *path = absolute(word);
	cleanup_free char *real = path_real(path);

	if (!real) {
		error_set(err, EXIT_CODE_USAGE, "no such file or folder: %s", word);
		if (!strpbrk(word, "/."))
			return error_help(err, "`muster help` lists the commands");
		return error_help(err, "paths are relative to the current folder");
	}
	if (!path_is_below(c->base, real))
		return error_set(
			err, EXIT_CODE_USAGE, "%s is outside of the project %s", word, c->base);
	strvec_push(&c->paths, real);
	return 0;
}

struct config *command_config(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	struct config *c = config_new(base);
	int result = config_load(c, runners, options_value(options, "config", NULL), err);

	for (size_t i = 0; i < options->n && result == 0; i++)
		result = apply_use(c, &options->v[i], err);
	for (size_t i = 0; i < options->words.n && result == 0; i++)
		result = add_path(c, options->words.v[i], err);
	strvec_push_all(&c->runner_args, &options->rest);
	if (result == 0)
		return c;
	config_free(c);
	return NULL;
}

int command_color(const struct options *options, int *ret, struct error *err)
{
	const char *value = options_value(options, "color", "auto");

	*ret = streq(value, "always") ? 1 : streq(value, "never") ? 0 : -1;
	if (*ret == -1 && !streq(value, "auto"))
		return error_set(err, EXIT_CODE_USAGE,
			"`--color` expects auto, always or never, not `%s`", value);
	return 0;
}

int command_verbosity(const struct options *options)
{
	return options_has(options, "verbose") - options_has(options, "quiet");
}

void command_print(const char *text, size_t len)
{
	file_write_all(STDOUT_FILENO, text, len);
	if (!len || text[len - 1] != '\n')
		file_write_all(STDOUT_FILENO, "\n", 1);
}
