/*
 * A command: one file, one row in commands.c. Its tables make help, manual and completions.
 */
#pragma once

#include "cmd/options.h"
#include "core/base/base.h"
#include "core/base/error.h"

struct command {
	const char *name;
	const char *usage;   /* behind "muster": "run [PATH…]" */
	const char *summary; /* one line */
	/* For --help and the manual, or NULL. A line is a paragraph, or "NAME  text" a row. */
	const char *details;
	const struct option *options; /* beside the common ones */
	const char *const *words;     /* what the one word can be, NULL-ended; NULL = anything */
	int max_words;                /* -1 = any number; more are an error */
	bool takes_rest;              /* takes what is behind `--` */
	bool takes_config;            /* also takes the options that set configuration */
	bool hidden;
	/* Returns an exit code, or -1 with err. */
	int (*run)(const struct options *options, struct error *err);
};

extern const struct command *const commands[]; /* NULL-ended; the first is the default */
extern const struct option common_options[];   /* --help, --json, --color, -q, -v … */
extern const struct option
	config_options[]; /* those that set configuration, shared by run and list */

const struct command *command_find(const char *name);
/*
 * Which command a command line means, and its options, parsed and checked against its tables. The
 * first word that is no option decides; without one, or when it is a path, it is the default
 * command. `--version` anywhere is the command `version`, and `--help` the
 * command `help` on the one that was named. A word that is neither a command nor a
 * path is an error that names the closest command. NULL on error; `o` starts as OPTIONS_INIT and is
 * released by the caller in any case.
 */
const struct command *command_parse(int argc, char **argv, struct options *o, struct error *err);
/* The tables a command takes; `ret` holds at least 4. */
void command_tables(const struct command *command, const struct option **ret);

struct config;
/* Where the history is: `given` (--history, or NULL), else MUSTER_HISTORY, else the project's own. */
char *command_history(const char *base, const char *given);
/* A configuration for this invocation: file, environment and the command's flags. NULL on error. */
struct config *command_config(const struct options *options, struct error *err);
/* The same for commands whose words are not paths of tests. */
struct config *command_config_only(const struct options *options, struct error *err);
/*
 * The folder of the recorded run that `word` means, below the project `base`: a folder with a run
 * in it, an id or the one that starts so, "latest" or NULL. NULL with err when there is none.
 */
char *command_find_run(const char *base, const char *word, struct error *err);
/* -1 auto, 0 never, 1 always. */
int command_color(const struct options *options, int *ret, struct error *err);
int command_verbosity(const struct options *options);
/* Print a document on stdout, with a newline. -1: it cannot be written (infrastructure). A reader
 * that has gone away (EPIPE) wanted no more: 0. */
int command_print(const char *text, size_t len, struct error *err);
/* The same for a text that is meant for people or programs; with --json it is in a document of this
 * schema, beside the file that was made (NULL = none). */
int command_print_text(const struct options *options, const char *schema, const char *path,
	const char *text, struct error *err);
