/*
 * The one table of configuration keys: it drives reading, `config show`, the reference, the manual
 * and the JSON Schema.
 */
#pragma once

#include "core/base/jsonw.h"
#include "core/config/config.h"

enum config_type {
	CONFIG_VERSION,      /* 1 */
	CONFIG_INT,          /* whole number, 0 and up */
	CONFIG_WORKERS,      /* N, N% or auto */
	CONFIG_FAIL_FAST,    /* N, or a boolean */
	CONFIG_RETRIES,      /* N, or a mapping of kinds of tests to N */
	CONFIG_BUDGET,       /* a share of the work, a duration, or off */
	CONFIG_ON_OFF,       /* on or off (or true, false); an int, -1 when nobody said */
	CONFIG_DURATION,     /* 500ms, 30s, 10m; off */
	CONFIG_WAIT,         /* a duration that is not 0 */
	CONFIG_NAME,         /* something to call it by on a line */
	CONFIG_STRING,       /* any text */
	CONFIG_PORT,         /* number or ${port} */
	CONFIG_PERCENT,      /* 90, 90%, 0.5; off */
	CONFIG_RUNNER,       /* name of a runner */
	CONFIG_FOLDER,       /* below the base, exists */
	CONFIG_PATH,         /* relative to the suite's root, exists */
	CONFIG_LIST,         /* sequence of strings, or one string */
	CONFIG_MAP,          /* mapping of variable to string: "NAME=value" */
	CONFIG_TMPDIR,       /* shared or worker */
	CONFIG_ISOLATION,    /* runner, file or process */
	CONFIG_NEEDS,        /* mapping of resource to amount, of a suite */
	CONFIG_RESOURCES,    /* mapping of resource to amount, of the root */
	CONFIG_SECTION,      /* mapping with the keys of its own table */
	CONFIG_SWITCH,       /* the same, or `off` */
	CONFIG_TOGGLE,       /* the same, or `on`, or `off` */
	CONFIG_LIMITS,       /* mapping of kinds of coverage to per cent, one for all, or off */
	CONFIG_MODULES,      /* mapping of globs to such limits */
	CONFIG_SECTION_LIST, /* sequence of such mappings */
	CONFIG_SECTION_MAP,  /* mapping of names to such mappings */
	CONFIG_TYPE_COUNT
};

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset;                 /* in struct config, suite or config_service */
	const char *fallback;          /* default, as text; NULL = none */
	const char *help;              /* one line for the reference */
	const struct config_key *keys; /* of a section */
	bool required;
};

/* Ended by a NULL name. */
extern const struct config_key config_root_keys[];
extern const struct config_key config_suite_keys[];
extern const struct config_key config_service_keys[];
extern const struct config_key config_ready_keys[];
extern const struct config_key config_gate_keys[];
extern const struct config_key config_coverage_keys[];
extern const struct config_key config_limit_keys[];
extern const struct config_key config_patch_keys[];

const struct config_key *config_key_find(const struct config_key *keys, const char *name);
bool config_key_is_root(const struct config_key *key);
/* True for what flags, variables and config_key_set() can set: one value, a plain list, and
 * sections that one word can switch on or off. */
bool config_key_is_word(const struct config_key *key);
/* "MUSTER_FAIL_FAST", or NULL for keys that cannot come from the environment. Caller frees. */
char *config_key_variable(const struct config_key *key);
/* A key of the plan for this file that this version does not enforce yet, so refuses. */
bool config_key_is_reserved(const char *name);
/* Set a plain key of `record` from text; -1 with a message "`key` expects …, not `…`" that names no
 * place. A list gets one more item. */
int config_key_set(const struct config_key *key, void *record, const char *text, struct error *err);
/* What a value of this type looks like, for messages and the reference. */
const char *config_type_name(enum config_type type);
/* The value in the notation of the file, for people. Nothing for keys that are not set. */
void config_key_text(const struct config_key *key, const void *record, struct strbuf *out);
/* The value as JSON, `name` as for jsonw; null when it is not set. Sections are the caller's. */
void config_key_json(
	const struct config_key *key, const void *record, struct jsonw *w, const char *name);
