/*
 * The subset of sh that npm scripts use, read without executing anything: words with quotes and
 * escapes, operators, subshells, `$NAME`. What cannot be known without executing it (`$(…)`,
 * `${a:-b}`, here documents, what stands inside `if` and loops) makes a command `opaque`.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strvec.h"

enum shell_join { SHELL_FIRST, SHELL_AND, SHELL_OR, SHELL_PIPE, SHELL_NEXT };

struct shell_command {
	enum shell_join join; /* how it follows the command before it */
	int level;            /* of `( … )` */
	bool opaque;
	struct strvec words; /* assignments in front included, redirections taken off */
	struct strvec globs; /* for each word: the pattern sh would expand it as, or "" */
};

struct shell_script {
	struct shell_command *v;
	size_t n, cap;
};

#define SHELL_SCRIPT_INIT  \
	{                  \
		NULL, 0, 0 \
	}
#define cleanup_shell __attribute__((cleanup(shell_release)))

/* Value of a variable, or NULL when it is not set. */
typedef const char *shell_lookup_fn(const char *name);

void shell_parse(const char *text, shell_lookup_fn *lookup, struct shell_script *out);
void shell_release(struct shell_script *script);
/* Length of NAME when `word` is `NAME=…`, else 0. */
size_t shell_assignment(const char *word);
