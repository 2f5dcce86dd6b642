#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/strbuf.h"

static void names(struct strbuf *out, const char *separator)
{
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			strbuf_addf(out, "%s%s", out->len ? separator : "", (*c)->name);
}

static void flags(struct strbuf *out, const struct command *command)
{
	const struct option *tables[4];

	command_tables(command, tables);
	for (size_t i = 0; tables[i]; i++)
		for (const struct option *o = tables[i]; o->name; o++)
			strbuf_addf(out, "%s--%s", out->len ? " " : "", o->name);
}

static void bash(struct strbuf *out)
{
	cleanup_strbuf struct strbuf list = STRBUF_INIT;

	names(&list, " ");
	strbuf_addf(out, "_muster() {\n"
			 "  local cur=${COMP_WORDS[COMP_CWORD]} cmd=${COMP_WORDS[1]} words\n"
			 "  case $cmd in\n");
	for (const struct command *const *c = commands; *c; c++) {
		cleanup_strbuf struct strbuf f = STRBUF_INIT;
		if ((*c)->hidden)
			continue;
		flags(&f, *c);
		strbuf_addf(out, "    %s) words='%s' ;;\n", (*c)->name, f.buf);
	}
	cleanup_strbuf struct strbuf run = STRBUF_INIT;
	flags(&run, commands[0]);
	strbuf_addf(out,
		"    *) words='%s' ;;\n  esac\n"
		"  [[ $COMP_CWORD == 1 && $cur != -* ]] && words='%s'\n"
		"  [[ $cur == -* || $COMP_CWORD == 1 ]] && "
		"COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
		"}\ncomplete -o default -F _muster muster\n",
		run.buf, list.buf);
}

static void zsh(struct strbuf *out)
{
	strbuf_addstr(out, "#compdef muster\nlocal -a commands\ncommands=(\n");
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			strbuf_addf(out, "  '%s:%s'\n", (*c)->name, (*c)->summary);
	strbuf_addstr(out, ")\nif (( CURRENT == 2 )); then _describe command commands; fi\n"
			   "case $words[2] in\n");
	for (const struct command *const *c = commands; *c; c++) {
		cleanup_strbuf struct strbuf f = STRBUF_INIT;
		if ((*c)->hidden)
			continue;
		flags(&f, *c);
		strbuf_addf(out, "  %s) compadd -- %s ;;\n", (*c)->name, f.buf);
	}
	strbuf_addstr(out, "esac\n_files\n");
}

static void fish(struct strbuf *out)
{
	for (const struct command *const *c = commands; *c; c++) {
		const struct option *tables[4];
		if ((*c)->hidden)
			continue;
		strbuf_addf(out, "complete -c muster -n __fish_use_subcommand -a %s -d '%s'\n",
			(*c)->name, (*c)->summary);
		command_tables(*c, tables);
		for (size_t i = 0; tables[i]; i++)
			for (const struct option *o = tables[i]; o->name; o++)
				strbuf_addf(out,
					"complete -c muster -n '__fish_seen_subcommand_from %s' -l "
					"%s\n",
					(*c)->name, o->name);
	}
}

static int run_completion(const struct options *options, struct error *err)
{
	static const struct {
		const char *shell;
		void (*write)(struct strbuf *out);
	} shells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
	const char *shell = options->words.n ? options->words.v[0] : "";

	for (size_t i = 0; i < ARRAY_LEN(shells); i++) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		if (!streq(shells[i].shell, shell))
			continue;
		shells[i].write(&out);
		return command_print(out.buf, out.len, err);
	}
	error_set(err, EXIT_CODE_USAGE, "`completion` needs a shell");
	return error_help(err, "muster completion bash|zsh|fish");
}

const struct command completion_cmd = {
	.name = "completion",
	.usage = "completion bash|zsh|fish",
	.summary = "print a completion script for a shell",
	.run = run_completion,
};
