#include "core/base/base.h"

#include "cmd/help.h"
#include "cmd/outputs.h"
#include "core/base/strvec.h"
#include "core/base/text.h"
#include "core/config/keys.h"
#include "runners/registry.h"

#include <ctype.h>

enum {
	NAME_COLUMNS = 28, /* fits "-j, --workers N|N%|auto" */
	MARGIN = 2,
	MANY_CHOICES = 50,
};

const struct help_row help_exit_codes[] = {
	{"0", "passed"},
	{"1", "tests failed"},
	{"2", "usage or configuration"},
	{"3", "internal error"},
	{"4", "no tests ran"},
	{"5", "incomplete: a planned file has no result and nobody can say why"},
	{"6", "a gate failed"},
	{"7", "infrastructure: a worker cannot start, an output cannot be written"},
	{"124", "budget or timeout of the run exceeded"},
	{"130, 143", "interrupted, terminated: cleaned up, then the signal is raised again"},
	{NULL},
};

const struct help_row help_environment[] = {
	{"MUSTER_COLOR", "always or never: colours; --color wins over it"},
	{"MUSTER_HISTORY", "history file; --history wins over it"},
	{"FORCE_COLOR, NO_COLOR", "colours on or off, as in other programs"},
	{"COLUMNS", "width of the output where it is no terminal"},
	{"TERM", "dumb or not set: no live display, no colours"},
	{"CI", "no live display, one line for each file"},
	{"XDG_CACHE_HOME", "where caches of the runs go (default: ~/.cache)"},
	{NULL},
};

/* Too many choices to stand behind the option. */
static bool has_many_choices(const struct option *o)
{
	return o->one_of && strlen(o->value) > MANY_CHOICES;
}

void help_option_words(struct strbuf *out, const struct option *o)
{
	cleanup_free char *name = xstrdup(o->name);

	for (char *c = name; *c; c++)
		*c = (char)toupper((unsigned char)*c);
	if (o->letter)
		strbuf_addf(out, "-%c, ", o->letter);
	strbuf_addf(out, "--%s", o->name);
	if (o->kind == OPTION_VALUE)
		strbuf_addf(out, " %s", has_many_choices(o) ? name : o->value);
	else if (o->kind == OPTION_OPTIONAL)
		strbuf_addf(out, "[=%s]", o->value);
}

void help_option_text(struct strbuf *out, const struct option *o)
{
	cleanup_strvec struct strvec choices = STRVEC_INIT;

	strbuf_addstr(out, o->help);
	if (has_many_choices(o))
		strvec_split(&choices, o->value, '|');
	for (size_t i = 0; i < choices.n; i++)
		strbuf_addf(out, "%s %s", i ? "," : ":", choices.v[i]);
}

const char *help_row_of(const char *line, char **ret_name)
{
	const char *gap = strstr(line, "  ");

	if (!gap)
		return NULL;
	*ret_name = xstrndup(line, (size_t)(gap - line));
	return gap + 2;
}

void help_key_type(struct strbuf *out, const struct config_key *key)
{
	strbuf_addstr(out, config_type_name(key->type));
	if (key->type != CONFIG_RUNNER)
		return;
	for (runner_table r = runners; *r; r++)
		strbuf_addf(out, "%s%s", r == runners ? ": " : ", ", (*r)->name);
}

/* ---- layout ---------------------------------------------------------------------------------- */

/* `text` behind what is on the line already, broken at blanks; further lines start at `indent`. */
static void wrap(struct strbuf *out, const char *text, size_t indent)
{
	size_t columns = (size_t)outputs_columns(STDOUT_FILENO), at = indent;

	columns = MAX(columns, indent + 24);
	for (bool first = true; *text; first = false) {
		size_t len = strcspn(text, *text == '[' ? "]" : " "); /* "[-o FILE]" stays whole */
		len += strcspn(text + len, " ");
		cleanup_free char *word = xstrndup(text, len);
		size_t width = text_width(word);
		if (!first && at + 1 + width > columns) {
			strbuf_addch(out, '\n');
			strbuf_addchn(out, ' ', indent);
			at = indent;
		} else if (!first) {
			strbuf_addch(out, ' ');
			at++;
		}
		strbuf_addstr(out, word);
		at += width;
		text += len + strspn(text + len, " ");
	}
	strbuf_addch(out, '\n');
}

/* Two columns; a name that does not fit gets a line of its own. */
static void row(struct strbuf *out, const char *name, size_t shift, const char *text)
{
	size_t indent = MARGIN + NAME_COLUMNS + MARGIN;

	strbuf_addchn(out, ' ', MARGIN + shift);
	strbuf_addstr(out, name);
	size_t width = MARGIN + shift + text_width(name);
	if (width + MARGIN > indent) {
		strbuf_addch(out, '\n');
		width = 0;
	}
	strbuf_addchn(out, ' ', indent - width);
	wrap(out, text, indent);
}

static void rows(struct strbuf *out, const struct help_row *table)
{
	for (; table->name; table++)
		row(out, table->name, 0, table->text);
}

static void option_rows(struct strbuf *out, const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		help_option_words(&words, o);
		help_option_text(&text, o);
		row(out, words.buf, o->letter ? 0 : strlen("-x, "), text.buf);
	}
}

/* ---- topics ---------------------------------------------------------------------------------- */

static void topic_exit_codes(struct strbuf *out)
{
	strbuf_addstr(out, "exit codes of muster:\n");
	rows(out, help_exit_codes);
	strbuf_addstr(out, "When several hold, the first of 2 3 7 124 1 5 6 4 0 is the code.\n");
}

static void topic_environment(struct strbuf *out)
{
	strbuf_addstr(out, "variables of the environment:\n");
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_free char *name = config_key_variable(k);
		cleanup_free char *text = xasprintf("%s (%s)", k->help, config_type_name(k->type));
		if (name)
			row(out, name, 0, text);
	}
	rows(out, help_environment);
}

static void key_rows(struct strbuf *out, const char *title, const struct config_key *keys)
{
	strbuf_addf(out, "%s%s:\n", out->len ? "\n" : "", title);
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		strbuf_addf(&text, "%s (", k->help);
		help_key_type(&text, k);
		if (k->fallback)
			strbuf_addf(&text, "; default %s", k->fallback);
		strbuf_addstr(&text, ")");
		row(out, k->name, 0, text.buf);
	}
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_free char *path = xasprintf("%s in `%s`", title, k->name);
		if (k->keys)
			key_rows(out, path, k->keys);
	}
}

static void topic_keys(struct strbuf *out)
{
	key_rows(out, "keys of muster.yaml", config_root_keys);
}

static const struct {
	const char *name, *summary;
	void (*write)(struct strbuf *out);
} topics[] = {
	{"exit-codes", "what each exit code says", topic_exit_codes},
	{"environment", "variables that muster reads", topic_environment},
	{"muster.yaml", "keys of the configuration file", topic_keys},
};

void help_topic_names(struct strbuf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		strbuf_addf(out, "%s\n", topics[i].name);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void overview(struct strbuf *out)
{
	strbuf_addstr(out, "muster " MUSTER_VERSION
			   ": runs all JavaScript test suites of a project in parallel\n\n"
			   "usage: muster [COMMAND] [OPTIONS] [PATH...] [-- RUNNER OPTIONS]\n\n"
			   "Without a command: run the tests (below PATH).\n\ncommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			row(out, (*c)->name, 0, (*c)->summary);
	strbuf_addstr(out, "\nrun options:\n");
	option_rows(out, commands[0]->options);
	option_rows(out, config_options);
	strbuf_addstr(out, "\nin every command:\n");
	option_rows(out, common_options);
	strbuf_addstr(out, "\n`muster help COMMAND` tells more. Topics of `muster help`:\n");
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		row(out, topics[i].name, 0, topics[i].summary);
}

static void details(struct strbuf *out, const char *text)
{
	cleanup_strvec struct strvec lines = STRVEC_INIT;

	strvec_split(&lines, text, '\n');
	strbuf_addch(out, '\n');
	strvec_each (line, &lines) {
		cleanup_free char *name = NULL;
		const char *right = help_row_of(line, &name);
		if (right)
			row(out, name, 0, right);
		else
			wrap(out, line, 0);
	}
}

static void command_text(struct strbuf *out, const struct command *c)
{
	static const char usage[] = "usage: muster ";
	cleanup_free char *title = xasprintf("muster %s: %s", c->name, c->summary);

	wrap(out, title, 0);
	strbuf_addf(out, "\n%s", usage);
	wrap(out, c->usage, strlen(usage));
	if (c->details)
		details(out, c->details);
	strbuf_addstr(out, "\noptions:\n");
	option_rows(out, c->options);
	if (c->takes_config)
		option_rows(out, config_options);
	option_rows(out, common_options);
}

static int no_help(const char *topic, struct error *err)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			strvec_push(&names, (*c)->name);
	for (size_t i = 0; i < ARRAY_LEN(topics); i++)
		strvec_push(&names, topics[i].name);
	error_set(err, EXIT_CODE_USAGE, "no help on `%s`", topic);
	const char *closest = text_closest(topic, (const char *const *)names.v);
	if (closest)
		return error_help(err, "did you mean `muster help %s`?", closest);
	return error_help(err, "`muster help` lists the commands and topics");
}

static int run_help(const struct options *options, struct error *err)
{
	const char *topic = options->words.n ? options->words.v[0] : NULL;
	const struct command *command = topic ? command_find(topic) : NULL;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (!topic)
		overview(&out);
	else if (command)
		command_text(&out, command);
	for (size_t i = 0; topic && i < ARRAY_LEN(topics); i++)
		if (streq(topics[i].name, topic))
			topics[i].write(&out);
	if (!out.len)
		return no_help(topic, err);
	return command_print_text(options, "muster/help/1", NULL, out.buf, err);
}

const struct command help_cmd = {
	.name = "help",
	.usage = "help [COMMAND|TOPIC]",
	.summary = "help on a command or topic",
	.details = "Topics: exit-codes, environment, muster.yaml.",
	.max_words = 1,
	.run = run_help,
};
