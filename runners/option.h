/*
 * Options that stand behind a runner in a script. What concerns output or the way of running is
 * taken off, the configuration file goes to the suite, everything else is kept as it is.
 */
#pragma once

#include "core/base/base.h"
#include "core/suite.h"

enum option_action {
	OPTION_DROP,
	OPTION_CONFIG, /* the value is the suite's configuration file */
	OPTION_NODE,   /* meant for node: moves to the suite's node options */
	OPTION_SERIAL, /* a value of 1 keeps the suite in one process: kept in the form `keep_as` */
	OPTION_FROZEN, /* a value of `none` is kept, in the form `keep_as`: write no snapshots */
	OPTION_KEEP,   /* kept, in the form `keep_as` when there is one */
	OPTION_REFUSE, /* no test run: the suite is none */
};

enum option_value {
	OPTION_FLAG,     /* no value; "true" or "false" may follow */
	OPTION_ONE,      /* --x VALUE or --x=VALUE */
	OPTION_NUMBER,   /* a value follows only when it is a number */
	OPTION_EQUALS,   /* --x or --x=VALUE */
	OPTION_OPTIONAL, /* --x, --x=VALUE, or --x VALUE where no option follows */
	OPTION_ATTACHED, /* --x=VALUE; without a value it is left alone */
	OPTION_MANY,     /* all words up to the next option */
};

struct option {
	const char *names; /* "--max-workers -w --trace*": compared without inner dashes and case */
	enum option_value value;
	enum option_action action;
	const char *keep_as;
};

/* Go over suite->args with a table that ends with `names` NULL. False: a command that runs no
 * tests. A configuration path is taken relative to suite->root. */
bool option_apply(const struct option *table, struct suite *suite);
