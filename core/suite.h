/*
 * A suite: a runner, a root and settings. Suites come from detection or from muster.yaml; from then
 * on nobody asks where they came from, except to print it.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strvec.h"
#include "core/flaky/retry.h"

struct runner;

struct suite_need {
	char *resource;
	int amount;
};

/* What is shared between the files of one worker. */
enum suite_isolation {
	SUITE_ISOLATE_RUNNER, /* what the runner shares */
	SUITE_ISOLATE_FILE,   /* neither modules nor globals */
	SUITE_ISOLATE_PROCESS /* nothing: a process for each file */
};

struct suite {
	char *name;                  /* unique in the run */
	const struct runner *runner; /* from the registry, never NULL */
	char *root;                  /* absolute; the working directory of its workers */
	char *config;        /* the runner's own configuration file, absolute; NULL = its rules */
	char *reason;        /* why it was detected: "jest.config.js", "script `test`" */
	struct strvec files; /* globs or paths relative to root; empty = the runner's rules */
	struct strvec args;  /* the runner's own options */
	struct strvec env;   /* "NAME=value" */
	struct strvec node_options;  /* flags for the worker's node */
	struct retry_counts retries; /* all -1 = as the run */
	int64_t timeout_ms;          /* one file; -1 = as the run */
	struct suite_need *needs;
	size_t need_count;
	struct strvec services;      /* names */
	int coverage;                /* 1 = collect, 0 = do not, -1 = as the run */
	struct strvec coverage_tool; /* of a script: "nyc" or "c8" and its options; empty = none */
	bool tmpdir_per_worker;      /* `tmpdir: worker` */
	enum suite_isolation isolate;
	int split; /* 1 = long files may be split between tests */
};

struct suite *suite_new(const char *name, const struct runner *runner, const char *root);
void suite_free(struct suite *suite);

const char *suite_isolation_name(enum suite_isolation isolation);
bool suite_isolation_parse(const char *name, enum suite_isolation *ret);

struct suites {
	struct suite **v;
	size_t n, cap;
};

#define SUITES_INIT        \
	{                  \
		NULL, 0, 0 \
	}
void suites_add(struct suites *suites, struct suite *suite); /* takes it over */
struct suite *suites_find(const struct suites *suites, const char *name);
void suites_release(struct suites *suites);
