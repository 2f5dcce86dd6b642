#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/ansi.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/io/supervise.h"
#include "cmd/help.h"
#include "cmd/outputs.h"

#include <signal.h>

/* The only place that prints errors and decides the exit status. */

static void print_json_error(const struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;

	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/error/1");
	jsonw_string(&w, "error", err->text);
	jsonw_string(&w, "help", *err->help ? err->help : NULL);
	jsonw_int(&w, "exit_code", err->code);
	jsonw_string(&w, "exit_reason", exit_code_reason(err->code));
	jsonw_object_end(&w);
	command_print(out.buf, out.len);
}

static void print_error(const struct error *err)
{
	bool color = outputs_color(-1, STDERR_FILENO);

	fprintf(stderr, "%s%serror:%s %s\n", ansi(ANSI_BOLD, color), ansi(ANSI_RED, color),
		ansi(ANSI_RESET, color), err->text);
	if (*err->help)
		fprintf(stderr, "%shelp:%s %s\n", ansi(ANSI_CYAN, color), ansi(ANSI_RESET, color),
			err->help);
	if (err->code == EXIT_CODE_INTERNAL)
		fprintf(stderr, "note: this is a bug of muster " MUSTER_VERSION
				"; please report it with the command that led here\n");
}

static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && !streq(argv[i], "--"); i++)
		if (streq(argv[i], "--json"))
			return true;
	return false;
}

/* A first word that is neither a command nor a path is most likely a misspelt command. */
static int check_word(const char *word, struct error *err)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	if (strpbrk(word, "/.*") || path_exists(word))
		return 0;
	for (const struct command *const *c = commands; *c; c++)
		if (!(*c)->hidden)
			strvec_push(&names, (*c)->name);
	error_set(err, EXIT_CODE_USAGE, "no such command, file or folder: %s", word);
	const char *closest = text_closest(word, (const char *const *)names.v);
	if (closest)
		return error_help(err, "did you mean `muster %s`?", closest);
	return error_help(err, "`muster help` lists the commands");
}

static int run_command(int argc, char **argv, struct error *err)
{
	const struct command *command = argc > 1 ? command_find(argv[1]) : NULL;
	const struct option *tables[4];
	struct options options;
	int skip = command ? 2 : 1;

	if (argc > 1 && (streq(argv[1], "--version") || streq(argv[1], "-V"))) {
		command = command_find("version");
		skip = 2;
	}
	if (!command) {
		command = commands[0];
		if (argc > 1 && argv[1][0] != '-' && check_word(argv[1], err) < 0)
			return -1;
	}
	command_tables(command, tables);
	int result = options_parse(&options, argc - skip, argv + skip, tables, err);
	if (result == 0 && options_has(&options, "help"))
		result = help_command(skip == 1 ? NULL : command);
	else if (result == 0)
		result = command->run(&options, err);
	options_release(&options);
	return result;
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;

	if (argc > 1 && streq(argv[1], "__supervise"))
		return supervise_main(argc - 2, argv + 2);
	int code = run_command(argc, argv, &err);
	if (code < 0) {
		code = (int)err.code;
		print_error(&err);
		if (wants_json(argc, argv))
			print_json_error(&err);
	}
	/* Whoever waits for us must see that a signal ended this. */
	if (code == EXIT_CODE_INTERRUPTED || code == EXIT_CODE_TERMINATED) {
		int sig = code - 128;
		signal(sig, SIG_DFL);
		raise(sig);
	}
	return code;
}
