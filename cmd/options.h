/*
 * Options of a command line, from tables that also make the help, the manual and the completions.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strvec.h"

enum option_kind {
	OPTION_FLAG,     /* --json */
	OPTION_VALUE,    /* --retries N, --retries=N */
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
};

struct option_use {
	const struct option *option;
	const char *value; /* NULL for flags and OPTIONAL without a value; borrowed from argv */
};

struct options {
	struct option_use *v;
	size_t n;
	struct strvec words; /* what is no option */
	struct strvec rest;  /* behind `--` */
};

void options_release(struct options *o);
/* Parse argv[0..argc) against the tables (NULL-ended list). Exit code 2 on error. */
int options_parse(struct options *o, int argc, char **argv, const struct option *const *tables,
	struct error *err);
bool options_has(const struct options *o, const char *name);
/* The last value given, or `fallback`. */
const char *options_value(const struct options *o, const char *name, const char *fallback);
