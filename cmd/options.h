/*
 * Options of a command line, from tables that also make the help, the manual and the completions.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strvec.h"

enum option_kind {
	OPTION_FLAG,     /* --json */
	OPTION_VALUE,    /* --retries N, --retries=N, -j2 */
	OPTION_OPTIONAL, /* --fail-fast, --fail-fast=N: a value only with '=' */
};

struct option {
	const char *name; /* without dashes; a NULL name ends the table */
	char letter;      /* 0 = none */
	enum option_kind kind;
	const char *value; /* what it takes, for the help: "N|N%|auto" */
	const char *help;  /* one line */
	const char *key;   /* configuration key that it sets, or NULL */
	const char *fixed; /* value to set for a flag with a key */
	bool one_of;       /* `value` is the list of all words that it takes: "fail|warn|pass" */
};

struct option_use {
	const struct option *option;
	const char *value; /* NULL for flags and OPTIONAL without a value; borrowed from argv */
};

struct options {
	struct option_use *v;
	size_t n, cap;
	struct strvec words; /* what is no option */
	struct strvec rest;  /* behind `--` */
};

#define OPTIONS_INIT                                 \
	{                                            \
		NULL, 0, 0, STRVEC_INIT, STRVEC_INIT \
	}

void options_release(struct options *o);
/* Parse argv[0..argc) against the tables (NULL-ended list) into `o`, which starts as OPTIONS_INIT
 * and must be released on error, too. Exit code 2 on error. */
int options_parse(struct options *o, int argc, char **argv, const struct option *const *tables,
	struct error *err);
/* Index of the first word that is neither an option nor the value of one; argc when there is none
 * before `--`. An option that no table knows is taken for a flag. */
int options_first_word(int argc, char **argv, const struct option *const *tables);
bool options_has(const struct options *o, const char *name);
/* The last value given, or `fallback`. */
const char *options_value(const struct options *o, const char *name, const char *fallback);
/* The option of that name or letter (0 = by name), or NULL. */
const struct option *options_find(
	const struct option *const *tables, const char *name, size_t len, char letter);
