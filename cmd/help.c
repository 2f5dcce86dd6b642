#include "core/base/base.h"

#include "cmd/help.h"
#include "core/base/text.h"
#include "core/config_keys.h"

static const struct {
	const char *code, *meaning;
} exit_codes[] = {
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
};

/* "-j, --workers N" */
static void option_words(struct strbuf *out, const struct option *o)
{
	if (o->letter)
		strbuf_addf(out, "-%c, ", o->letter);
	strbuf_addf(out, "--%s", o->name);
	if (o->kind == OPTION_VALUE)
		strbuf_addf(out, " %s", o->value);
	else if (o->kind == OPTION_OPTIONAL)
		strbuf_addf(out, "[=%s]", o->value);
}

static void options_text(struct strbuf *out, const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		option_words(&words, o);
		strbuf_addf(
			out, "  %s%-*s", o->letter ? "" : "    ", o->letter ? 29 : 25, words.buf);
		strbuf_addf(out, " %s\n", o->help);
	}
}

static void overview(struct strbuf *out)
{
	strbuf_addstr(out, "muster " MUSTER_VERSION
			   ": runs all JavaScript test suites of a project in parallel\n\n"
			   "usage: muster [COMMAND] [OPTIONS] [PATH...] [-- RUNNER OPTIONS]\n\n"
			   "Without a command: run the tests (below PATH).\n\ncommands:\n");
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			strbuf_addf(out, "  %-12s %s\n", (*c)->name, (*c)->summary);
	strbuf_addstr(out, "\nrun options:\n");
	options_text(out, commands[0]->options);
	options_text(out, config_options);
	strbuf_addstr(out, "\nin every command:\n");
	options_text(out, common_options);
	strbuf_addstr(
		out, "\n`muster help COMMAND` tells more; `muster help exit-codes` lists them.\n");
}

static void command_text(struct strbuf *out, const struct command *c)
{
	strbuf_addf(out, "muster %s: %s\n\nusage: muster %s\n", c->name, c->summary, c->usage);
	if (c->details)
		strbuf_addf(out, "\n%s\n", c->details);
	strbuf_addstr(out, "\noptions:\n");
	options_text(out, c->options);
	if (c->takes_config)
		options_text(out, config_options);
	options_text(out, common_options);
}

int help_command(const struct command *command)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (command)
		command_text(&out, command);
	else
		overview(&out);
	command_print(out.buf, out.len);
	return 0;
}

static int run_help(const struct options *options, struct error *err)
{
	const char *topic = options->words.n ? options->words.v[0] : NULL;

	if (!topic)
		return help_command(NULL);
	if (streq(topic, "exit-codes")) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
			strbuf_addf(&out, "%-9s %s\n", exit_codes[i].code, exit_codes[i].meaning);
		command_print(out.buf, out.len);
		return 0;
	}
	const struct command *command = command_find(topic);
	if (command)
		return help_command(command);
	error_set(err, EXIT_CODE_USAGE, "no help on `%s`", topic);
	return error_help(err, "`muster help` lists the commands; another topic is exit-codes");
}

const struct command help_cmd = {
	.name = "help",
	.usage = "help [COMMAND|exit-codes]",
	.summary = "help on a command or topic",
	.run = run_help,
};

/* ---- manual pages ---------------------------------------------------------------------------- */

static void roff(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\')
			strbuf_addstr(out, "\\e");
		else if (*text == '-')
			strbuf_addstr(out, "\\-");
		else
			strbuf_addch(out, *text);
	}
}

static void roff_options(struct strbuf *out, const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		option_words(&words, o);
		strbuf_addstr(out, ".TP\n.B ");
		roff(out, words.buf);
		strbuf_addch(out, '\n');
		roff(out, o->help);
		strbuf_addch(out, '\n');
	}
}

void help_manual(struct strbuf *out)
{
	strbuf_addstr(out, ".TH MUSTER 1 \"\" \"muster " MUSTER_VERSION "\"\n.SH NAME\n"
			   "muster \\- run all JavaScript test suites of a project in parallel\n"
			   ".SH SYNOPSIS\n.B muster\n[COMMAND] [OPTIONS] [PATH...]\n"
			   ".SH COMMANDS\n");
	for (const struct command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		strbuf_addstr(out, ".SS muster ");
		roff(out, (*c)->usage);
		strbuf_addch(out, '\n');
		roff(out, (*c)->summary);
		strbuf_addstr(out, ".\n");
		if ((*c)->details) {
			strbuf_addstr(out, ".PP\n");
			roff(out, (*c)->details);
			strbuf_addch(out, '\n');
		}
		roff_options(out, (*c)->options);
	}
	strbuf_addstr(out, ".SH OPTIONS OF RUN AND LIST\n");
	roff_options(out, config_options);
	strbuf_addstr(out, ".SH COMMON OPTIONS\n");
	roff_options(out, common_options);
	strbuf_addstr(out, ".SH EXIT STATUS\n");
	for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++) {
		strbuf_addf(out, ".TP\n.B %s\n", exit_codes[i].code);
		roff(out, exit_codes[i].meaning);
		strbuf_addch(out, '\n');
	}
	strbuf_addstr(out, ".SH SEE ALSO\n.BR muster.yaml (5)\n");
}

static void roff_keys(struct strbuf *out, const char *title, const struct config_key *keys)
{
	strbuf_addf(out, ".SH %s\n", title);
	for (; keys->name; keys++) {
		strbuf_addf(out, ".TP\n.B %s\n", keys->name);
		roff(out, keys->help);
		if (keys->type != CONFIG_SECTION)
			strbuf_addf(out, " (%s", config_type_name(keys->type));
		if (keys->type != CONFIG_SECTION && keys->fallback)
			strbuf_addf(out, "; default %s", keys->fallback);
		strbuf_addstr(out, keys->type != CONFIG_SECTION ? ")\n" : "\n");
	}
}

void help_manual_config(struct strbuf *out)
{
	strbuf_addstr(out,
		".TH MUSTER.YAML 5 \"\" \"muster " MUSTER_VERSION "\"\n.SH NAME\n"
		"muster.yaml \\- configuration of muster\n.SH DESCRIPTION\n"
		"All keys are optional. A flag wins over MUSTER_<KEY> in the environment,\n"
		"which wins over this file.\n");
	roff_keys(out, "KEYS", config_root_keys);
	roff_keys(out, "KEYS OF A SUITE", config_suite_keys);
	roff_keys(out, "KEYS OF A SERVICE", config_service_keys);
	roff_keys(out, "KEYS OF READY", config_ready_keys);
}

/* ---- reference in Markdown ------------------------------------------------------------------- */

static void markdown_cell(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			strbuf_addch(out, '\\');
		strbuf_addch(out, *text);
	}
}

static void markdown_options(struct strbuf *out, const struct option *table)
{
	strbuf_addstr(out, "| option | meaning |\n|---|---|\n");
	for (const struct option *o = table; o && o->name; o++) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		option_words(&words, o);
		strbuf_addstr(out, "| `");
		markdown_cell(out, words.buf);
		strbuf_addstr(out, "` | ");
		markdown_cell(out, o->help);
		strbuf_addstr(out, " |\n");
	}
}

void help_options_markdown(struct strbuf *out)
{
	strbuf_addstr(out, "# Commands and options\n\nMade from the tables of the program: "
			   "`muster __docs options`.\n");
	for (const struct command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		strbuf_addf(out, "\n## `muster %s`\n\n%s.\n", (*c)->usage, (*c)->summary);
		if ((*c)->details)
			strbuf_addf(out, "\n%s\n", (*c)->details);
		if ((*c)->options) {
			strbuf_addch(out, '\n');
			markdown_options(out, (*c)->options);
		}
	}
	strbuf_addstr(out, "\n## Options of `run` and `list`\n\n");
	markdown_options(out, config_options);
	strbuf_addstr(out, "\n## In every command\n\n");
	markdown_options(out, common_options);
	strbuf_addstr(out, "\n## Exit codes\n\n| code | meaning |\n|---|---|\n");
	for (size_t i = 0; i < ARRAY_LEN(exit_codes); i++)
		strbuf_addf(out, "| %s | %s |\n", exit_codes[i].code, exit_codes[i].meaning);
}

static void markdown_keys(struct strbuf *out, const char *title, const struct config_key *keys)
{
	strbuf_addf(
		out, "\n## %s\n\n| key | value | default | meaning |\n|---|---|---|---|\n", title);
	for (; keys->name; keys++)
		strbuf_addf(out, "| `%s` | %s | %s | %s |\n", keys->name,
			config_type_name(keys->type), keys->fallback ? keys->fallback : "",
			keys->help);
}

void help_config_markdown(struct strbuf *out)
{
	strbuf_addstr(out, "# Keys of muster.yaml\n\nMade from the table of the program: "
			   "`muster __docs config`.\nA flag wins over `MUSTER_<KEY>` in the "
			   "environment, which wins over the file.\n");
	markdown_keys(out, "Top level", config_root_keys);
	markdown_keys(out, "A suite (`suites[]`)", config_suite_keys);
	markdown_keys(out, "A service (`services.<name>`)", config_service_keys);
	markdown_keys(out, "Readiness (`services.<name>.ready`)", config_ready_keys);
}

/* ---- hidden commands that write them --------------------------------------------------------- */

static int run_docs(const struct options *options, struct error *err)
{
	static const struct {
		const char *topic;
		void (*write)(struct strbuf *out);
	} topics[] = {
		{"options", help_options_markdown},
		{"config", help_config_markdown},
		{"man1", help_manual},
		{"man5", help_manual_config},
	};
	const char *topic = options->words.n ? options->words.v[0] : "";

	for (size_t i = 0; i < ARRAY_LEN(topics); i++) {
		if (!streq(topics[i].topic, topic))
			continue;
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		topics[i].write(&out);
		command_print(out.buf, out.len);
		return 0;
	}
	return error_set(err, EXIT_CODE_USAGE, "topics: options, config, man1, man5");
}

const struct command docs_cmd = {
	.name = "__docs",
	.usage = "__docs TOPIC",
	.summary = "write generated documentation",
	.hidden = true,
	.run = run_docs,
};
