/*
 * Settings of a run: flag > environment (MUSTER_<KEY>) > muster.yaml > default. One key table
 * (keys.c) drives parsing, `config show`, the man page and the JSON Schema.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strvec.h"
#include "core/coverage/coverage.h"
#include "core/flaky/retry.h"
#include "core/runner.h"
#include "core/suite.h"

enum config_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

struct config_resource {
	char *name;
	int amount;
};

struct config_service {
	char *name;
	struct strvec command; /* "${port}" is replaced by a free port */
	char *ready_tcp;       /* port or "${port}"; NULL = ready when started */
	char *ready_log;       /* text that its output must show; NULL = none */
	int64_t ready_timeout_ms;
	struct strvec env; /* "NAME=value", given to the suites that use it; "${port}" works */
};

/* What must be reached, in per cent, by coverage_kind; below 0 = no limit. */
struct config_limits {
	double pct[COVERAGE_KINDS];
};

struct config_module {
	char *glob; /* of folders or files, from the base */
	struct config_limits limits;
};

struct config_key;

enum { CONFIG_KEYS_MAX = 24 };

struct config {
	int version;
	char *base;          /* absolute folder of muster.yaml, or where detection starts */
	char *path;          /* of muster.yaml, NULL = none */
	int workers;         /* 0 = auto */
	int workers_percent; /* of the cores, when given as N%; 0 = not */
	int fail_fast;       /* failures that stop the run; 0 = never */
	struct retry_counts retries;
	struct retry_budget retry_budget;
	int early_detection; /* 1 = on */
	int fail_on_flaky;   /* likewise */
	char *quarantine;    /* file, from the base; "off" = none */
	int64_t timeout_ms;  /* one file */
	int64_t budget_ms;   /* whole run; 0 = none */
	int64_t slow_ms;     /* a running test gets a SLOW mark */
	struct {
		int enabled; /* 1 = collect, 0 = do not, -1 = nobody said */
		struct strvec include,
			exclude;       /* globs from the base; empty = the runner's rules */
		struct strvec reports; /* names */
	} coverage;
	struct {
		int64_t duration_ms; /* 0 = off */
		struct config_limits coverage, coverage_per_file, patch_coverage;
		struct config_module *modules; /* coverage_by */
		size_t module_count;
		double coverage_drop;            /* points it may lose; below 0 = off */
		double failure_rate, flaky_rate; /* per cent at most; below 0 = off */
	} gates;
	bool no_gates;
	struct suites suites; /* from the file; empty = detect */
	struct config_resource *resources;
	size_t resource_count;
	struct config_service *services;
	size_t service_count;
	struct strvec reporters; /* "tty", "junit=junit.xml" */

	/* by position in config_root_keys, config_gate_keys, config_coverage_keys */
	enum config_origin origins[CONFIG_KEYS_MAX], gate_origins[CONFIG_KEYS_MAX],
		coverage_origins[CONFIG_KEYS_MAX];
	const struct reporter *const *known_reporters; /* set before loading; NULL = any name */

	/* from flags only */
	struct strvec paths; /* files and folders to run; empty = all */
	struct strvec only_suites;
	char *test_regex; /* JavaScript regular expression; NULL = all */
	bool failed_only;
	bool changed_only;  /* what a change can touch */
	char *changed_rev;  /* since this commit; NULL = since the branch left its base */
	char *out_dir;      /* NULL = .muster/runs/<id> */
	char *history_path; /* NULL = .muster/history.db */
	bool no_history;
	struct strvec runner_args; /* behind -- */
	enum { NO_TESTS_FAIL, NO_TESTS_WARN, NO_TESTS_PASS } no_tests;
};

struct config *config_new(const char *base);
void config_free(struct config *config);

/* Read muster.yaml from `base` (or `explicit_path`), with the environment on top. Having none is
 * fine. */
int config_load(
	struct config *config, runner_table runners, const char *explicit_path, struct error *err);
/* Set one key from a flag or the environment, by its key path ("retries"). */
int config_set(struct config *config, const char *key, const char *value, enum config_origin origin,
	struct error *err);
enum config_origin config_origin(const struct config *config, const char *key);
/* Where the origin of a key is kept: of the root, of `gates`, of `coverage`; NULL for all others. */
enum config_origin *config_origin_slot(struct config *config, const struct config_key *key);
/* Whether coverage of this suite is collected. `coverage: off` and --coverage=off win over the
 * suite, the suite's own word over `coverage:` and --coverage. */
bool config_collects(const struct config *config, const struct suite *suite);
