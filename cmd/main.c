#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/outputs.h"
#include "core/base/ansi.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/io/signals.h"
#include "core/io/supervise.h"

#include <fcntl.h>
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
	command_print(out.buf, out.len, NULL);
}

static void print_part(const char *word, enum ansi_style style, const char *text, bool color)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	strbuf_addf(&out, "%s%s%s:%s ", ansi(ANSI_BOLD, color), ansi(style, color), word,
		ansi(ANSI_RESET, color));
	/* It may quote an argument, a file, a name: nothing in it may drive the terminal. */
	ansi_filter(&out, text, strlen(text), false);
	strbuf_addch(&out, '\n');
	file_write_all(STDERR_FILENO, out.buf, out.len);
}

static void print_error(const struct error *err, int color_flag)
{
	bool color = outputs_color(color_flag, STDERR_FILENO);

	print_part("error", ANSI_RED, err->text, color);
	if (*err->help)
		print_part("help", ANSI_CYAN, err->help, color);
	if (err->code == EXIT_CODE_INTERNAL)
		print_part("note", ANSI_YELLOW,
			"this is a bug of muster " MUSTER_VERSION
			"; please report it with the command that led here",
			color);
}

/* For an error in the options themselves: what is behind it was not parsed any more. */
static bool wants_json(int argc, char **argv)
{
	for (int i = 1; i < argc && !streq(argv[i], "--"); i++)
		if (streq(argv[i], "--json"))
			return true;
	return false;
}

/* The first file that is opened would take the place of a closed one, and what is printed would
 * land in it: the journal has been there. Opened the wrong way round, so that printing fails. */
static void keep_standard_fds(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Who started us may have left some blocked: the end of a worker would never be seen. */
static void unblock_signals(void)
{
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Every command looks for its project from here. */
static int check_folder(struct error *err)
{
	cleanup_free char *cwd = getcwd(NULL, 0);

	if (cwd)
		return 0;
	error_set_errno(err, EXIT_CODE_USAGE, errno, "cannot tell the current folder");
	return error_help(err, "it was removed, or cannot be read: cd to where the project is");
}

int main(int argc, char **argv)
{
	struct error err = ERROR_INIT;
	struct options options = OPTIONS_INIT;

	if (argc > 1 && streq(argv[1], "__supervise"))
		return supervise_main(argc - 2, argv + 2);
	keep_standard_fds();
	unblock_signals();
	signal(SIGXFSZ, SIG_IGN); /* a file at its limit is an error like a full disk */
	const struct command *command = command_parse(argc, argv, &options, &err);
	int code = command && check_folder(&err) == 0 ? command->run(&options, &err) : -1;
	if (code < 0) {
		int color = -1;
		command_color(&options, &color, NULL);
		code = (int)err.code;
		print_error(&err, color);
		if (wants_json(argc, argv))
			print_json_error(&err);
	}
	options_release(&options);
	/* Whoever waits for us must see that a signal ended this. */
	if (code == EXIT_CODE_INTERRUPTED || code == EXIT_CODE_TERMINATED)
		signals_die(code - 128);
	return code;
}
