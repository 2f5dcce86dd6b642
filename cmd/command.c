#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/help.h"
#include "cmd/outputs.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "core/detect/project.h"
#include "reporters/registry.h"
#include "runners/registry.h"

#include <ctype.h>

extern char **environ;

const struct option common_options[] = {
	{"json", 0, OPTION_FLAG, NULL, "one JSON document on stdout; people's text goes to stderr"},
	{"color", 0, OPTION_VALUE, "auto|always|never", "colours", .one_of = true},
	{"quiet", 'q', OPTION_FLAG, NULL, "only failures and the summary"},
	{"verbose", 'v', OPTION_FLAG, NULL, "every test"},
	{"help", 'h', OPTION_FLAG, NULL, "this help"},
	{"version", 'V', OPTION_FLAG, NULL, "the version"},
	{NULL},
};

const struct option config_options[] = {
	{"workers", 'j', OPTION_VALUE, "N|N%|auto", "worker processes at a time", "workers"},
	{"suite", 0, OPTION_VALUE, "NAME", "only this suite (repeats)"},
	{"fail-fast", 0, OPTION_OPTIONAL, "N", "stop after N failures (default 1)", "fail_fast",
		"1"},
	{"fail-on-flaky", 0, OPTION_FLAG, NULL, "fail when a test passes only on a further try",
		"fail_on_flaky", "on"},
	{"no-fail-fast", 0, OPTION_FLAG, NULL, "run everything whatever fails", "fail_fast", "0"},
	{"retries", 0, OPTION_VALUE, "N", "further tries of a failed test", "retries"},
	{"timeout", 0, OPTION_VALUE, "DUR", "limit for one file", "timeout"},
	{"budget", 0, OPTION_VALUE, "DUR", "limit for the whole run", "budget"},
	{"slow", 0, OPTION_VALUE, "DUR", "a test that runs longer gets a SLOW mark", "slow"},
	{"test", 't', OPTION_VALUE, "REGEX",
		"only tests whose title path matches (JavaScript, case-sensitive)"},
	{"failed", 0, OPTION_FLAG, NULL, "what is left failed or not run"},
	{"changed", 0, OPTION_OPTIONAL, "REF",
		"test files that the change since REF can touch (default: since the base branch)"},
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	{"reporter", 0, OPTION_VALUE, "NAME[=PATH]", "reporter (repeats)", "reporters"},
	{"out", 0, OPTION_VALUE, "DIR", "folder of the run (default: .muster/runs/<id>)"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{"no-history", 0, OPTION_FLAG, NULL, "neither read nor write the history"},
	{"coverage", 0, OPTION_OPTIONAL, "off", "collect coverage (=off: do not, whatever is set)",
		"coverage", "on"},
	{"no-gates", 0, OPTION_FLAG, NULL, "enforce no gates", "gates", "off"},
	{"no-services", 0, OPTION_FLAG, NULL, "start no services: they are up already"},
	{"no-tests", 0, OPTION_VALUE, "fail|warn|pass", "what it means when no test ran",
		.one_of = true},
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

/* ---- which command --------------------------------------------------------------------------- */

static const char *closest_command(const char *word)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			strvec_push(&names, (*c)->name);
	const char *name = text_closest(word, (const char *const *)names.v);
	return name ? command_find(name)->name : NULL;
}

/* A first word that is neither a command nor a path is most likely a misspelt command. */
static int check_path_word(const char *word, struct error *err)
{
	if (strchr(word, '/') || path_exists(word))
		return 0;
	error_set(err, EXIT_CODE_USAGE, "no such command, file or folder: %s", word);
	const char *closest = closest_command(word);
	if (closest)
		return error_help(err, "did you mean `muster %s`?", closest);
	return error_help(err, "`muster help` lists the commands");
}

static int check_words(const struct command *command, const struct options *o, struct error *err)
{
	const char *first = o->words.n ? o->words.v[0] : NULL;

	if (!command->takes_rest && o->rest.n) {
		error_set(err, EXIT_CODE_USAGE, "`muster %s` takes nothing behind `--`",
			command->name);
		return error_help(err, "usage: muster %s", command->usage);
	}
	if (command->max_words >= 0 && o->words.n > (size_t)command->max_words) {
		error_set(err, EXIT_CODE_USAGE, "`muster %s` does not take `%s`", command->name,
			o->words.v[command->max_words]);
		return error_help(err, "usage: muster %s", command->usage);
	}
	if (!command->words || !first)
		return 0;
	for (const char *const *w = command->words; *w; w++)
		if (streq(*w, first))
			return 0;
	error_set(err, EXIT_CODE_USAGE, "`muster %s` does not know `%s`", command->name, first);
	const char *closest = text_closest(first, command->words);
	if (closest && *closest == *first) /* the words are short: `tcsh` is near to `bash` */
		return error_help(err, "did you mean `muster %s %s`?", command->name, closest);
	return error_help(err, "usage: muster %s", command->usage);
}

const struct command *command_parse(int argc, char **argv, struct options *o, struct error *err)
{
	const struct option *tables[4];
	cleanup_free char **rest = xcalloc((size_t)argc + 1, sizeof(*rest));
	const struct command *command = NULL;
	int n = argc - 1;

	memcpy(rest, argv + 1, (size_t)MAX(n, 0) * sizeof(*rest));
	command_tables(commands[0], tables);
	int at = options_first_word(n, rest, tables);
	if (at < n && !streq(rest[at], "--"))
		command = command_find(rest[at]);
	bool named = command != NULL;
	if (named) {
		memmove(rest + at, rest + at + 1, (size_t)(n - at) * sizeof(*rest));
		n--;
	} else {
		command = commands[0];
	}
	command_tables(command, tables);
	if (options_parse(o, n, rest, tables, err) < 0)
		return NULL;
	if (options_has(o, "version"))
		return command_find("version");
	if (options_has(o, "help")) {
		strvec_release(&o->words);
		if (named)
			strvec_push(&o->words, command->name);
		return command_find("help");
	}
	if (!named && o->words.n && check_path_word(o->words.v[0], err) < 0)
		return NULL;
	return check_words(command, o, err) < 0 ? NULL : command;
}

/* ---- flags into the configuration ------------------------------------------------------------ */

static char *absolute(const char *path)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *joined = path_join(cwd, path);

	return path_normalize(joined);
}

static void set_path(char **at, const char *path)
{
	free(*at);
	*at = absolute(path);
}

static int apply_use(struct config *c, const struct option_use *use, struct error *err)
{
	const struct option *o = use->option;
	const char *value = use->value;

	if (o->key) {
		if (config_set(c, o->key, value ? value : o->fixed, ORIGIN_FLAG, err) < 0)
			return error_wrap(err, "--%s", o->name);
		return 0;
	}
	if (streq(o->name, "suite")) {
		strvec_push(&c->only_suites, value);
	} else if (streq(o->name, "test")) {
		free(c->test_regex);
		c->test_regex = xstrdup(value);
	} else if (streq(o->name, "failed")) {
		c->failed_only = true;
	} else if (streq(o->name, "changed")) {
		c->changed_only = true;
		free(c->changed_rev);
		c->changed_rev = value ? xstrdup(value) : NULL;
	} else if (streq(o->name, "out")) {
		set_path(&c->out_dir, value);
	} else if (streq(o->name, "history")) {
		set_path(&c->history_path, value);
	} else if (streq(o->name, "no-history")) {
		c->no_history = true;
	} else if (streq(o->name, "no-services")) {
		for (size_t i = 0; i < c->suites.n; i++)
			strvec_release(&c->suites.v[i]->services);
	} else if (streq(o->name, "no-tests")) {
		c->no_tests = streq(value, "pass")   ? NO_TESTS_PASS
			      : streq(value, "warn") ? NO_TESTS_WARN
						     : NO_TESTS_FAIL;
	}
	return 0;
}

/* "a.js" of "a.js:14" and "a.js:14:5", as failures name their place; NULL = there is no line. */
static char *without_line(const char *word)
{
	size_t n = strlen(word);

	for (int i = 0; i < 2; i++) {
		size_t digits = 0;
		while (digits < n && isdigit((unsigned char)word[n - 1 - digits]))
			digits++;
		if (digits && digits < n && word[n - 1 - digits] == ':')
			n -= digits + 1;
	}
	return word[n] ? xstrndup(word, n) : NULL;
}

static int add_path(struct config *c, const char *word, struct error *err)
{
	cleanup_free char *path = absolute(word);
	cleanup_free char *real = path_real(path);

	if (!real) {
		error_set(err, EXIT_CODE_USAGE, "no such file or folder: %s", word);
		cleanup_free char *file = without_line(word);
		if (file && path_exists(file))
			return error_help(err,
				"a line selects nothing: `muster %s` runs the file, "
				"-t NAME a test of it",
				file);
		if (strpbrk(word, "*?["))
			return error_help(err, "name files or folders; without quotes the shell "
					       "replaces a pattern by what matches it");
		return error_help(err, "paths are relative to the current folder");
	}
	if (!path_is_below(c->base, real))
		return error_set(
			err, EXIT_CODE_USAGE, "%s is outside of the project %s", word, c->base);
	strvec_push(&c->paths, real);
	return 0;
}

/* Nobody would tell that a misspelt one does nothing. Others than ours may begin like ours, too. */
static void warn_of_variables(void)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_free char *name = config_key_variable(k);
		if (name)
			strvec_push(&names, name);
	}
	for (const struct help_row *r = help_environment; r->name; r++)
		strvec_push(&names, r->name);
	for (char **v = environ; *v; v++) {
		cleanup_free char *name = xstrndup(*v, strcspn(*v, "="));
		const char *closest = starts_with(name, "MUSTER_") && !strvec_has(&names, name)
					      ? text_closest(name, (const char *const *)names.v)
					      : NULL;
		if (closest)
			fprintf(stderr,
				"warning: muster reads no variable `%s`; did you mean `%s`?\n",
				name, closest);
	}
}

static struct config *read_config(const struct options *options, bool paths, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	struct config *c = config_new(base);

	c->known_reporters = reporters;
	warn_of_variables();
	int result = config_load(c, runners, options_value(options, "config", NULL), err);

	for (size_t i = 0; i < options->n && result == 0; i++)
		result = apply_use(c, &options->v[i], err);
	for (size_t i = 0; i < options->words.n && result == 0 && paths; i++)
		result = add_path(c, options->words.v[i], err);
	if (result == 0)
		result = outputs_check(&c->reporters, err);
	strvec_push_all(&c->runner_args, &options->rest);
	if (result == 0)
		return c;
	config_free(c);
	return NULL;
}

struct config *command_config(const struct options *options, struct error *err)
{
	return read_config(options, true, err);
}

struct config *command_config_only(const struct options *options, struct error *err)
{
	return read_config(options, false, err);
}

char *command_history(const char *base, const char *given)
{
	const char *own = getenv("MUSTER_HISTORY");

	if (!given && own && *own)
		given = own;
	return given ? absolute(given) : path_join(base, ".muster/history.db");
}

static bool is_run(const char *dir)
{
	cleanup_free char *journal = path_join(dir, "journal.ndjson");

	return path_exists(journal);
}

char *command_find_run(const char *base, const char *word, struct error *err)
{
	cleanup_free char *cwd = path_cwd(), *runs = path_join(base, ".muster/runs");
	cleanup_free char *named = word ? path_join(cwd, word) : NULL;
	cleanup_strvec struct strvec ids = STRVEC_INIT;
	const char *found = NULL;
	size_t n = 0;

	if (word && is_run(named))
		return path_join(cwd, word);
	file_list_dir(runs, &ids);
	for (size_t i = 0; word && *word && i < ids.n; i++) {
		if (!starts_with(ids.v[i], word))
			continue;
		found = ids.v[i];
		n++;
	}
	cleanup_free char *dir = found ? path_join(runs, found) : path_join(base, ".muster/latest");
	if (n > 1)
		error_set(err, EXIT_CODE_USAGE, "the ids of %zu runs start with %s", n, word);
	else if ((found || !word || streq(word, "latest")) && is_run(dir))
		return xstrdup(dir);
	else if (word)
		error_set(err, EXIT_CODE_USAGE, "no recorded run is called `%s`", word);
	else
		error_set(err, EXIT_CODE_USAGE, "no run was recorded in %s", base);
	error_help(err, "`muster runs` lists what is there");
	return NULL;
}

int command_color(const struct options *options, int *ret, struct error *err)
{
	const char *value = options_value(options, "color", "auto");

	(void)err; /* the parser has checked the word */
	*ret = streq(value, "always") ? 1 : streq(value, "never") ? 0 : -1;
	return 0;
}

int command_verbosity(const struct options *options)
{
	return options_has(options, "verbose") - options_has(options, "quiet");
}

int command_print(const char *text, size_t len, struct error *err)
{
	bool newline = !len || text[len - 1] != '\n';

	if (file_write_all(STDOUT_FILENO, text, len) == 0 &&
		(!newline || file_write_all(STDOUT_FILENO, "\n", 1) == 0))
		return 0;
	if (errno == EPIPE)
		return 0;
	return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write to stdout");
}

int command_print_text(const struct options *options, const char *schema, const char *path,
	const char *text, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;

	if (!options_has(options, "json"))
		return command_print(text, strlen(text), err);
	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", schema);
	jsonw_string(&w, "path", path);
	jsonw_string(&w, "text", text);
	jsonw_object_end(&w);
	return command_print(out.buf, out.len, err);
}
