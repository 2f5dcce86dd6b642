/*
 * Errors travel up as values and gain context on the way; only main prints them.
 *
 * A fallible function returns 0 or -1 (or a pointer or NULL) and takes `struct error *err` last. It
 * sets and returns in one line: `return error_set(err, EXIT_CODE_USAGE, "…")`. On success err is
 * untouched. Text: lower case, no full stop, what and where (`file:line:col`). `help` says the way
 * out. The struct lives on the caller's stack: nothing to free, long text is cut.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/exit_code.h"

struct error {
	enum exit_code code;
	char text[1024]; /* first line: the message; further lines: a source frame with a caret */
	char help[512];  /* "" or what to do */
};

#define ERROR_INIT                       \
	{                                \
		EXIT_CODE_PASSED, "", "" \
	}

/* Set the message, clear the help. Returns -1. `err` may be NULL (the error is dropped). */
int error_set(struct error *err, enum exit_code code, const char *fmt, ...) FORMAT(3, 4);

/* As error_set(), with ": <strerror(errnum)>" at the end. */
int error_set_errno(struct error *err, enum exit_code code, int errnum, const char *fmt, ...)
	FORMAT(4, 5);

/* Set the help line. Returns -1. */
int error_help(struct error *err, const char *fmt, ...) FORMAT(2, 3);

/* Set the help for a name that is none of `names` (NULL-ended): "did you mean `a`? <known>: a, b",
 * without the question where no name is near. Returns -1. */
int error_help_names(
	struct error *err, const char *name, const char *const *names, const char *known);

/* Put "<context>: " before the message. Returns -1. */
int error_wrap(struct error *err, const char *fmt, ...) FORMAT(2, 3);
