/* Help, manual pages and the option reference, all from the command and option tables. */
#pragma once

#include "cmd/command.h"
#include "core/base/strbuf.h"

/* Print the help of a command, or the overview for NULL. Returns 0. */
int help_command(const struct command *command);
/* roff of muster(1). */
void help_manual(struct strbuf *out);
/* roff of muster.yaml(5). */
void help_manual_config(struct strbuf *out);
/* Markdown for docs/reference: options, configuration keys. */
void help_options_markdown(struct strbuf *out);
void help_config_markdown(struct strbuf *out);
