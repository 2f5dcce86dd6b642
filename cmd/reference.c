#include "core/base/base.h"

#include "cmd/help.h"
#include "core/base/strvec.h"
#include "core/config/keys.h"

/* ---- manual pages ---------------------------------------------------------------------------- */

enum { FILL_COLUMNS = 60 };

/* On one line: what stands behind a request. */
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

/* A text of its own, which is filled. */
static void roff_text(struct strbuf *out, const char *text)
{
	while (*text) {
		size_t len = strlen(text), n = MIN(len, (size_t)FILL_COLUMNS);
		n += strcspn(text + n, " ");
		cleanup_free char *line = xstrndup(text, n);
		if (*line == '.' || *line == '\'')
			strbuf_addstr(out, "\\&");
		roff(out, line);
		strbuf_addch(out, '\n');
		text += n + strspn(text + n, " ");
	}
}

static void roff_row(struct strbuf *out, const char *name, const char *text)
{
	strbuf_addstr(out, ".TP\n\\fB");
	roff(out, name);
	strbuf_addstr(out, "\\fR\n");
	roff_text(out, text);
}

static void roff_rows(struct strbuf *out, const struct help_row *table)
{
	for (; table->name; table++)
		roff_row(out, table->name, table->text);
}

static void roff_options(struct strbuf *out, const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		help_option_words(&words, o);
		help_option_text(&text, o);
		roff_row(out, words.buf, text.buf);
	}
}

static void roff_details(struct strbuf *out, const char *details)
{
	cleanup_strvec struct strvec lines = STRVEC_INIT;

	strvec_split(&lines, details, '\n');
	strvec_each (line, &lines) {
		cleanup_free char *name = NULL;
		const char *text = help_row_of(line, &name);
		if (text) {
			roff_row(out, name, text);
			continue;
		}
		strbuf_addstr(out, ".PP\n");
		roff_text(out, line);
	}
}

/* Ragged and without hyphens: names and options stay whole. */
#define ROFF_HEAD "\"muster " MUSTER_VERSION "\"\n.ad l\n.nh\n.SH NAME\n"

void manual_program(struct strbuf *out)
{
	strbuf_addstr(out, ".TH MUSTER 1 \"\" " ROFF_HEAD
			   "muster \\- run all JavaScript test suites of a project in parallel\n"
			   ".SH SYNOPSIS\n\\fBmuster\\fR "
			   "[COMMAND] [OPTIONS] [PATH...] [\\-\\- RUNNER OPTIONS]\n"
			   ".SH COMMANDS\n");
	for (const struct command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		strbuf_addstr(out, ".SS muster ");
		roff(out, (*c)->usage);
		strbuf_addch(out, '\n');
		cleanup_free char *sentence = xasprintf("%s.", (*c)->summary);
		roff_text(out, sentence);
		if ((*c)->details)
			roff_details(out, (*c)->details);
		roff_options(out, (*c)->options);
	}
	strbuf_addstr(out, ".SH OPTIONS OF RUN, LIST AND CONFIG\n");
	roff_options(out, config_options);
	strbuf_addstr(out, ".SH COMMON OPTIONS\n");
	roff_options(out, common_options);
	strbuf_addstr(out, ".SH EXIT STATUS\n");
	roff_rows(out, help_exit_codes);
	strbuf_addstr(out, ".SH ENVIRONMENT\nEach key of muster.yaml that is a single value can be "
			   "set by \\fBMUSTER_\\fRKEY.\n");
	roff_rows(out, help_environment);
	strbuf_addstr(out, ".SH SEE ALSO\n.BR muster.yaml (5)\n");
}

static void key_text(struct strbuf *out, const struct config_key *key)
{
	cleanup_free char *variable = config_key_variable(key);

	strbuf_addf(out, "%s (", key->help);
	help_key_type(out, key);
	if (key->fallback)
		strbuf_addf(out, "; default %s", key->fallback);
	if (variable)
		strbuf_addf(out, "; %s", variable);
	strbuf_addstr(out, key->required ? "; required)" : ")");
}

static void roff_keys(struct strbuf *out, const char *title, const struct config_key *keys)
{
	strbuf_addf(out, ".SH %s\n", title);
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		key_text(&text, k);
		roff_row(out, k->name, text.buf);
	}
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_free char *sub = xasprintf("KEYS IN %s", k->name);
		if (k->keys)
			roff_keys(out, sub, k->keys);
	}
}

void manual_config(struct strbuf *out)
{
	strbuf_addstr(out, ".TH MUSTER.YAML 5 \"\" " ROFF_HEAD
			   "muster.yaml \\- configuration of muster\n.SH DESCRIPTION\n"
			   "All keys are optional. A flag wins over the environment,\n"
			   "which wins over this file.\n");
	roff_keys(out, "KEYS", config_root_keys);
	strbuf_addstr(out, ".SH SEE ALSO\n.BR muster (1)\n");
}

/* ---- Markdown -------------------------------------------------------------------------------- */

static void cell(struct strbuf *out, const char *text)
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
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		help_option_words(&words, o);
		help_option_text(&text, o);
		strbuf_addstr(out, "| `");
		cell(out, words.buf);
		strbuf_addstr(out, "` | ");
		cell(out, text.buf);
		strbuf_addstr(out, " |\n");
	}
}

static void markdown_rows(
	struct strbuf *out, const char *left, const char *right, const struct help_row *table)
{
	strbuf_addf(out, "| %s | %s |\n|---|---|\n", left, right);
	for (; table->name; table++)
		strbuf_addf(out, "| %s | %s |\n", table->name, table->text);
}

static void markdown_details(struct strbuf *out, const char *details)
{
	cleanup_strvec struct strvec lines = STRVEC_INIT;

	strvec_split(&lines, details, '\n');
	strbuf_addch(out, '\n');
	strvec_each (line, &lines) {
		cleanup_free char *name = NULL;
		const char *text = help_row_of(line, &name);
		if (text)
			strbuf_addf(out, "- `%s`: %s\n", name, text);
		else
			strbuf_addf(out, "%s\n", line);
	}
}

void reference_options(struct strbuf *out)
{
	strbuf_addstr(out, "# Commands and options\n\nMade from the tables of the program: "
			   "`muster __docs options`.\n");
	for (const struct command *const *c = commands; *c; c++) {
		if ((*c)->hidden)
			continue;
		strbuf_addf(
			out, "\n## `muster %s`\n\nIn one line: %s.\n", (*c)->usage, (*c)->summary);
		if ((*c)->details)
			markdown_details(out, (*c)->details);
		if ((*c)->options) {
			strbuf_addch(out, '\n');
			markdown_options(out, (*c)->options);
		}
	}
	strbuf_addstr(out, "\n## Options of `run`, `list` and `config`\n\n");
	markdown_options(out, config_options);
	strbuf_addstr(out, "\n## In every command\n\n");
	markdown_options(out, common_options);
	strbuf_addstr(out, "\n## Exit codes\n\n");
	markdown_rows(out, "code", "meaning", help_exit_codes);
	strbuf_addstr(out, "\nWhen several hold, the first of 2 3 7 124 1 5 6 4 0 is the code.\n");
	strbuf_addstr(out, "\n## Environment\n\nEach key of `muster.yaml` that is a single value "
			   "can be set by `MUSTER_<KEY>`.\n\n");
	markdown_rows(out, "variable", "meaning", help_environment);
}

static const char *flag_of(const struct config_key *key)
{
	for (const struct option *o = config_options; config_key_is_root(key) && o->name; o++)
		if (o->key && streq(o->key, key->name))
			return o->name;
	return NULL;
}

static void markdown_keys(struct strbuf *out, const char *title, const struct config_key *keys)
{
	strbuf_addf(out,
		"\n### %s\n\n| key | value | default | flag | meaning |\n|---|---|---|---|---|\n",
		title);
	for (const struct config_key *k = keys; k->name; k++) {
		const char *flag = flag_of(k);
		cleanup_strbuf struct strbuf type = STRBUF_INIT;
		help_key_type(&type, k);
		strbuf_addf(out, "| `%s`%s | %s | %s | %s%s%s | %s |\n", k->name,
			k->required ? " (required)" : "", type.buf, k->fallback ? k->fallback : "",
			flag ? "`--" : "", flag ? flag : "", flag ? "`" : "", k->help);
	}
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_free char *sub = xasprintf("In `%s`", k->name);
		if (k->keys)
			markdown_keys(out, sub, k->keys);
	}
}

void reference_config(struct strbuf *out)
{
	strbuf_addstr(out, "## All keys\n\nMade from the table of the program: "
			   "`muster __docs config`.\n");
	markdown_keys(out, "At the top", config_root_keys);
}

/* ---- the hidden commands that write them ----------------------------------------------------- */

struct topic {
	const char *name;
	void (*write)(struct strbuf *out);
};

static int write_topic(const struct topic *topics, const struct options *options, struct error *err)
{
	const char *name = options->words.n ? options->words.v[0] : "";
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	for (; topics->name; topics++)
		if (streq(topics->name, name))
			topics->write(&out);
	if (!out.len)
		return error_set(err, EXIT_CODE_USAGE, "no such document: `%s`", name);
	return command_print(out.buf, out.len, err);
}

static int run_docs(const struct options *options, struct error *err)
{
	static const struct topic topics[] = {
		{"options", reference_options},
		{"config", reference_config},
		{NULL},
	};

	return write_topic(topics, options, err);
}

static int run_man(const struct options *options, struct error *err)
{
	static const struct topic topics[] = {
		{"1", manual_program},
		{"5", manual_config},
		{NULL},
	};

	return write_topic(topics, options, err);
}

const struct command docs_cmd = {
	.name = "__docs",
	.usage = "__docs options|config",
	.summary = "write generated documentation",
	.max_words = 1,
	.hidden = true,
	.run = run_docs,
};

const struct command man_cmd = {
	.name = "__man",
	.usage = "__man 1|5",
	.summary = "write a manual page",
	.max_words = 1,
	.hidden = true,
	.run = run_man,
};
