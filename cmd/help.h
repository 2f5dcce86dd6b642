/*
 * Help, manual pages and the references, all from the command, option and key tables.
 */
#pragma once

#include "cmd/command.h"
#include "core/base/strbuf.h"

struct help_row {
	const char *name, *text;
};

/* Ended by a NULL name. */
extern const struct help_row help_exit_codes[];
extern const struct help_row help_environment[]; /* beside MUSTER_<KEY> */

struct config_key;
/* "a runner: jest, mocha" */
void help_key_type(struct strbuf *out, const struct config_key *key);
/* "-j, --workers N" */
void help_option_words(struct strbuf *out, const struct option *option);
/* Its help, with the choices that found no room behind the option. */
void help_option_text(struct strbuf *out, const struct option *option);
/* "NAME  text": the text, and the name, which the caller frees. NULL: the line is no row. */
const char *help_row_of(const char *line, char **ret_name);
/* Of `muster help`, beside the commands: a line each. */
void help_topic_names(struct strbuf *out);
/* Roff of muster(1) and muster.yaml(5). */
void manual_program(struct strbuf *out);
void manual_config(struct strbuf *out);
/* Markdown for docs/: options, and the tables of configuration keys. */
void reference_options(struct strbuf *out);
void reference_config(struct strbuf *out);
