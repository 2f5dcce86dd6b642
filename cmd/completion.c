#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/help.h"
#include "core/base/strbuf.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/strvec.h"
#include "core/config/config.h"
#include "core/detect/project.h"
#include "reporters/registry.h"
#include "runners/registry.h"

/*
 * Completion scripts. All words in them come from our own tables; what is prose is quoted for the
 * shell all the same, since a help text may hold an apostrophe.
 */

static void single_quoted(struct strbuf *out, const char *text)
{
	strbuf_addch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'')
			strbuf_addstr(out, "'\\''");
		else
			strbuf_addch(out, *text);
	}
	strbuf_addch(out, '\'');
}

static void add_word(struct strbuf *out, const char *prefix, const char *word)
{
	strbuf_addf(out, "%s%s%s", out->len ? " " : "", prefix, word);
}

static void command_names(struct strbuf *out)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			add_word(out, "", (*c)->name);
}

/* Options and words of a command, as one list. */
static void command_words(struct strbuf *out, const struct command *command)
{
	const struct option *tables[4];

	for (const char *const *w = command->words; w && *w; w++)
		add_word(out, "", *w);
	command_tables(command, tables);
	for (size_t i = 0; tables[i]; i++)
		for (const struct option *o = tables[i]; o->name; o++)
			add_word(out, "--", o->name);
}

static void spaced(struct strbuf *out, const char *one_of)
{
	for (; *one_of; one_of++)
		strbuf_addch(out, *one_of == '|' ? ' ' : *one_of);
}

/* What `muster __complete` knows of this project for the value of an option; NULL = nothing. */
static const char *source_of(const struct option *o)
{
	static const struct {
		const char *option, *value, *source;
	} sources[] = {
		{"suite", "NAME", "suites"},
		{"reporter", "NAME[=PATH]", "reporters"},
		{"run", "RUN", "runs"},
	};

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (streq(o->name, sources[i].option) && streq(o->value, sources[i].value))
			return sources[i].source;
	return NULL;
}

/* The same for the words of a command. */
static const char *source_of_words(const struct command *c)
{
	if (streq(c->name, "help"))
		return "commands";
	return starts_with(c->usage + strlen(c->name), " [RUN]") ? "runs" : NULL;
}

#define ASK "muster __complete %s 2>/dev/null"

/* ---- bash ------------------------------------------------------------------------------------ */

/* Words that an option of a command (a pattern) takes; files for all other values. */
static void bash_values(struct strbuf *out, const char *command, const struct option *table)
{
	for (const struct option *o = table; o && o->name; o++) {
		if (o->kind != OPTION_VALUE)
			continue;
		strbuf_addf(out, "    %s:--%s", command, o->name);
		if (o->letter)
			strbuf_addf(out, "|%s:-%c", command, o->letter);
		strbuf_addstr(out, ") ");
		if (source_of(o)) {
			strbuf_addf(
				out, "words=$(" ASK "); [[ $words ]] || return ;;\n", source_of(o));
		} else if (o->one_of) {
			strbuf_addstr(out, "words='");
			spaced(out, o->value);
			strbuf_addstr(out, "' ;;\n");
		} else {
			strbuf_addstr(out, "return ;;\n");
		}
	}
}

static void bash_commands(struct strbuf *out)
{
	for (const struct command *const *c = commands; *c; c++) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		if ((*c)->hidden)
			continue;
		command_words(&words, *c);
		strbuf_addf(out, "    %s) words='%s'", (*c)->name, words.buf);
		if (source_of_words(*c))
			strbuf_addf(
				out, "; [[ $cur == -* ]] || words=$(" ASK ")", source_of_words(*c));
		strbuf_addstr(out, " ;;\n");
	}
}

static void bash(struct strbuf *out)
{
	cleanup_strbuf struct strbuf names = STRBUF_INIT, usual = STRBUF_INIT;

	command_names(&names);
	command_words(&usual, commands[0]);
	/* readline cuts words at : and =, as in the suite `shop:jest`; a reply goes behind that */
	strbuf_addstr(out, "_muster() {\n"
			   "  local cur=${COMP_LINE:0:COMP_POINT} prev words= start= word\n"
			   "  local breaks=${COMP_WORDBREAKS//[^:=]/}\n"
			   "  prev=${cur%\"${cur##*[[:space:]]}\"}; cur=${cur#\"$prev\"}\n"
			   "  prev=${prev%\"${prev##*[![:space:]]}\"}; prev=${prev##*[[:space:]]}\n"
			   "  if [[ $cur == --*=* ]]; then prev=${cur%%=*}; cur=${cur#*=}; fi\n"
			   "  if [[ $breaks ]]; then start=${cur%\"${cur##*[$breaks]}\"}; fi\n"
			   "  COMPREPLY=()\n"
			   "  case ${COMP_WORDS[1]}:$prev in\n");
	for (const struct command *const *c = commands; *c; c++)
		bash_values(out, (*c)->name, (*c)->options);
	bash_values(out, "*", config_options);
	bash_values(out, "*", common_options);
	strbuf_addf(out, "  esac\n"
			 "  if [[ -z $words ]]; then case ${COMP_WORDS[1]} in\n");
	bash_commands(out);
	strbuf_addf(out,
		"    *) words='%s' ;;\n"
		"  esac; fi\n"
		"  if (( COMP_CWORD == 1 )) && [[ ${COMP_WORDS[1]} != -* ]]; then words='%s'; fi\n"
		"  while IFS= read -r word; do COMPREPLY+=(\"${word#\"$start\"}\"); "
		"done < <(compgen -W \"$words\" -- \"$cur\")\n"
		"}\n"
		"complete -o default -F _muster muster\n",
		usual.buf, names.buf);
}

/* ---- zsh ------------------------------------------------------------------------------------- */

/* In `name:text` and `--name[text]` a colon or bracket of the text would end it. */
static void zsh_text(struct strbuf *out, const char *text)
{
	cleanup_strbuf struct strbuf escaped = STRBUF_INIT;

	for (; *text; text++) {
		if (strchr(":[]\\", *text))
			strbuf_addch(&escaped, '\\');
		strbuf_addch(&escaped, *text);
	}
	strbuf_addstr(out, escaped.buf);
}

static void zsh_ask(struct strbuf *out, const char *source)
{
	strbuf_addf(out, "{compadd -- ${(f)\"$(" ASK ")\"}}", source);
}

static void zsh_option(struct strbuf *out, const struct option *o)
{
	cleanup_strbuf struct strbuf spec = STRBUF_INIT;

	strbuf_addf(&spec, "*--%s%s[", o->name,
		o->kind == OPTION_VALUE      ? "="
		: o->kind == OPTION_OPTIONAL ? "=-"
					     : "");
	zsh_text(&spec, o->help);
	strbuf_addch(&spec, ']');
	if (o->kind != OPTION_FLAG) {
		strbuf_addstr(&spec, o->kind == OPTION_OPTIONAL ? "::" : ":");
		zsh_text(&spec, o->value);
		strbuf_addch(&spec, ':');
		if (source_of(o)) {
			zsh_ask(&spec, source_of(o));
		} else if (o->one_of) {
			strbuf_addch(&spec, '(');
			spaced(&spec, o->value);
			strbuf_addch(&spec, ')');
		} else if (strstr(o->value, "FILE") || strstr(o->value, "PATH") ||
			   strstr(o->value, "DIR")) {
			strbuf_addstr(&spec, "_files");
		}
	}
	strbuf_addstr(out, " \\\n      ");
	single_quoted(out, spec.buf);
}

static void zsh_command(struct strbuf *out, const struct command *c)
{
	const struct option *tables[4];

	strbuf_addf(out, "    %s) _arguments", c->name);
	command_tables(c, tables);
	for (size_t i = 0; tables[i]; i++)
		for (const struct option *o = tables[i]; o->name; o++)
			zsh_option(out, o);
	if (c->words) {
		cleanup_strbuf struct strbuf words = STRBUF_INIT;
		for (const char *const *w = c->words; *w; w++)
			add_word(&words, "", *w);
		strbuf_addf(out, " \\\n      '1:word:(%s)'", words.buf);
	} else if (source_of_words(c)) {
		strbuf_addstr(out, " \\\n      '1:word:");
		zsh_ask(out, source_of_words(c));
		strbuf_addch(out, '\'');
	} else if (c->max_words) {
		strbuf_addstr(out, " \\\n      '*:file:_files'");
	}
	strbuf_addstr(out, " ;;\n");
}

static void zsh(struct strbuf *out)
{
	strbuf_addstr(out, "#compdef muster\n_muster() {\n  local -a names\n  names=(\n");
	for (const struct command *const *c = commands; *c; c++) {
		cleanup_strbuf struct strbuf row = STRBUF_INIT;
		if ((*c)->hidden)
			continue;
		strbuf_addf(&row, "%s:", (*c)->name);
		zsh_text(&row, (*c)->summary);
		strbuf_addstr(out, "    ");
		single_quoted(out, row.buf);
		strbuf_addch(out, '\n');
	}
	strbuf_addf(out,
		"  )\n"
		"  if (( CURRENT == 2 )) && [[ $PREFIX != -* ]]; then\n"
		"    _describe -t commands command names\n    _files\n    return\n  fi\n"
		"  local name=$words[2]\n"
		"  if [[ -n ${names[(r)$name:*]} ]]; then shift words; (( CURRENT-- )); "
		"else name=%s; fi\n"
		"  case $name in\n",
		commands[0]->name);
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			zsh_command(out, *c);
	strbuf_addstr(out, "  esac\n}\ncompdef _muster muster\n");
}

/* ---- fish ------------------------------------------------------------------------------------ */

/* Inside single quotes fish knows \' and \\ only. */
static void fish_quoted(struct strbuf *out, const char *text)
{
	strbuf_addch(out, '\'');
	for (; *text; text++) {
		if (*text == '\'' || *text == '\\')
			strbuf_addch(out, '\\');
		strbuf_addch(out, *text);
	}
	strbuf_addch(out, '\'');
}

static void fish_option(struct strbuf *out, const char *condition, const struct option *o)
{
	strbuf_addf(out, "complete -c muster -n '%s' -l %s", condition, o->name);
	if (o->letter)
		strbuf_addf(out, " -s %c", o->letter);
	if (o->kind == OPTION_VALUE)
		strbuf_addstr(out, " -r");
	if (source_of(o)) {
		strbuf_addf(out, " -f -a '(" ASK ")'", source_of(o));
	} else if (o->one_of) {
		strbuf_addstr(out, " -f -a '");
		spaced(out, o->value);
		strbuf_addch(out, '\'');
	}
	strbuf_addstr(out, " -d ");
	fish_quoted(out, o->help);
	strbuf_addch(out, '\n');
}

static void fish(struct strbuf *out)
{
	for (const struct command *const *c = commands; *c; c++) {
		const struct option *tables[4];
		if ((*c)->hidden)
			continue;
		bool usual = *c == commands[0];
		cleanup_free char *condition = xasprintf("__fish_seen_subcommand_from %s%s",
			(*c)->name, usual ? "; or __fish_use_subcommand" : "");
		strbuf_addf(
			out, "complete -c muster -n __fish_use_subcommand -a %s -d ", (*c)->name);
		fish_quoted(out, (*c)->summary);
		strbuf_addch(out, '\n');
		for (const char *const *w = (*c)->words; w && *w; w++)
			strbuf_addf(out, "complete -c muster -n '%s' -f -a %s\n", condition, *w);
		if (source_of_words(*c))
			strbuf_addf(out, "complete -c muster -n '%s' -f -a '(" ASK ")'\n",
				condition, source_of_words(*c));
		command_tables(*c, tables);
		for (size_t i = 0; tables[i]; i++)
			for (const struct option *o = tables[i]; o->name; o++)
				fish_option(out, condition, o);
	}
}

/* ---- the command ----------------------------------------------------------------------------- */

static const char *const completion_words[] = {"bash", "zsh", "fish", NULL};
static void (*const writers[])(struct strbuf *out) = {bash, zsh, fish};

static int run_completion(const struct options *options, struct error *err)
{
	const char *shell = options->words.n ? options->words.v[0] : "";
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; completion_words[i]; i++)
		if (streq(completion_words[i], shell))
			writers[i](&out);
	if (out.len)
		return command_print_text(options, "muster/completion/1", NULL, out.buf, err);
	error_set(err, EXIT_CODE_USAGE, "`muster completion` needs a shell");
	return error_help(err, "muster completion bash|zsh|fish");
}

const struct command completion_cmd = {
	.name = "completion",
	.usage = "completion bash|zsh|fish",
	.summary = "print a completion script for a shell",
	.details = "bash  source <(muster completion bash)\n"
		   "zsh  muster completion zsh > DIR/_muster, where DIR is a folder of $fpath\n"
		   "fish  muster completion fish > ~/.config/fish/completions/muster.fish",
	.words = completion_words,
	.max_words = 1,
	.run = run_completion,
};

/* ---- what the scripts ask ---------------------------------------------------------------------- */

static void add_line(struct strbuf *out, const char *word)
{
	if (!strpbrk(word, "\n\r\x1b"))
		strbuf_addf(out, "%s\n", word);
}

static void complete_suites(struct strbuf *out)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	struct config *config = config_new(base);
	struct suites detected = SUITES_INIT;
	const struct suites *suites = &config->suites;

	if (config_load(config, runners, NULL, NULL) == 0 && !suites->n &&
		project_detect(base, runners, other_test_programs, &detected, NULL, NULL) == 0)
		suites = &detected;
	for (size_t i = 0; i < suites->n; i++)
		add_line(out, suites->v[i]->name);
	suites_release(&detected);
	config_free(config);
}

static void complete_reporters(struct strbuf *out)
{
	for (reporter_table r = reporters; *r; r++)
		add_line(out, (*r)->name);
}

static void complete_runs(struct strbuf *out)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	cleanup_free char *runs = path_join(base, ".muster/runs");
	cleanup_strvec struct strvec names = STRVEC_INIT;

	file_list_dir(runs, &names);
	for (size_t i = names.n; i-- > 0;)
		add_line(out, names.v[i]);
}

static void complete_commands(struct strbuf *out)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			add_line(out, (*c)->name);
	help_topic_names(out);
}

static int run_complete(const struct options *options, struct error *err)
{
	static const struct {
		const char *name;
		void (*write)(struct strbuf *out);
	} sources[] = {
		{"suites", complete_suites},
		{"reporters", complete_reporters},
		{"runs", complete_runs},
		{"commands", complete_commands},
	};
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(sources); i++)
		if (options->words.n && streq(options->words.v[0], sources[i].name))
			sources[i].write(&out);
	return out.len ? command_print(out.buf, out.len, err) : 0;
}

const struct command complete_cmd = {
	.name = "__complete",
	.usage = "__complete suites|reporters|runs|commands",
	.summary = "write the words that a completion script asks for",
	.max_words = 1,
	.hidden = true,
	.run = run_complete,
};
