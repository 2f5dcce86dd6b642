/*
 * What an npm script starts: a tokenizer for the part of sh that such scripts use, and the taking
 * off of wrappers. Nothing is executed; what cannot be understood is left out, never guessed.
 */
#pragma once

#include "core/base/base.h"
#include "core/package.h"

/* Called for each simple command; `command` is given away (release with script_command_release). */
typedef void script_fn(void *arg, struct script_command *command);

/* Parse the text of one script. Commands that only run other scripts (`npm run x`, `run-s a b`) are
 * reported through `reference` with the script's name and the arguments behind it, in place. */
typedef void script_reference_fn(void *arg, const char *name, char *const *extra_args);

void script_parse(const char *name, const char *text, script_fn *fn, script_reference_fn *reference,
	void *arg);
void script_command_release(struct script_command *command);
