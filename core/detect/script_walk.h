/* Between script.c (follows scripts) and script_wrapper.c (takes wrappers off). */
#pragma once

#include "core/base/base.h"
#include "core/base/json.h"
#include "core/detect/script.h"

/* What holds for a command from the outside: set by the commands that led to it. */
struct script_context {
	const char *script;
	const char *dir; /* NULL = the package */
	struct strvec env, node_options;
	struct strvec coverage_tool; /* "nyc" or "c8" and its options */
};

/* Words from `pos` on are still to be looked at. */
struct script_words {
	const struct strvec *words, *globs;
	size_t pos;
};

struct script_walk {
	const struct json *scripts;
	const struct json *wireit; /* NULL = none */
	const char *entry;
	shell_lookup_fn *lookup;
	struct script_commands *out;
	struct strvec stack; /* scripts that are being followed */
	int steps;           /* texts read so far; bounds what scripts can make of each other */
};

/* Read a piece of shell text; `extra` (may be NULL) is appended to its last command. */
void script_walk_text(struct script_walk *walk, const struct script_context *context,
	const char *text, const struct script_words *extra);
/* Follow a script by name; unknown ones and those that are being followed are left out. */
void script_walk_follow(struct script_walk *walk, const struct script_context *context,
	const char *name, const struct script_words *extra);
void script_walk_emit(struct script_walk *walk, const struct script_context *context,
	const char *program, const struct script_words *args);

enum script_step {
	SCRIPT_PLAIN, /* not a wrapper: the words are a program and its arguments */
	SCRIPT_AGAIN, /* one wrapper taken off; look again */
	SCRIPT_DONE,  /* nothing left to do */
};
/* Look at the words and take one wrapper off. */
enum script_step script_unwrap(
	struct script_walk *walk, struct script_context *context, struct script_words *words);

/* Name of the program that a word of a command starts: "jest" for node_modules/.bin/jest and
 * jest@30; the path itself for a file of the project. */
char *script_program(const char *word);
