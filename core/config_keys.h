/*
 * The one table of configuration keys: it drives reading, `config show`, the reference, the manual
 * and the JSON Schema.
 */
#pragma once

#include "core/config.h"

enum config_type {
	CONFIG_INT,       /* whole number, 0 and up */
	CONFIG_WORKERS,   /* N, N% or auto */
	CONFIG_FAIL_FAST, /* N, or a boolean */
	CONFIG_DURATION,  /* 500ms, 30s, 10m; off */
	CONFIG_BOOL,
	CONFIG_STRING,
	CONFIG_PATH,    /* relative to the file's folder */
	CONFIG_LIST,    /* sequence of strings, or one string */
	CONFIG_MAP,     /* mapping of string to string: "NAME=value" */
	CONFIG_TMPDIR,  /* shared or worker */
	CONFIG_NEEDS,   /* mapping of resource to amount */
	CONFIG_SECTION, /* has its own table */
};

struct config_key {
	const char *name;
	enum config_type type;
	size_t offset;        /* in struct config or struct suite */
	const char *fallback; /* default, as text; NULL = none */
	const char *help;     /* one line for the reference */
};

/* Ended by a NULL name. */
extern const struct config_key config_root_keys[];
extern const struct config_key config_suite_keys[];
extern const struct config_key config_service_keys[];
extern const struct config_key config_ready_keys[];

const struct config_key *config_key_find(const struct config_key *keys, const char *name);
/* Set a scalar of `record` from text; -1 with a message "expected …, got …" that names no place. */
int config_key_set(const struct config_key *key, void *record, const char *text, struct error *err);
/* What a value of this type looks like, for messages and the reference. */
const char *config_type_name(enum config_type type);
/* The value as text, for `config show`. */
void config_key_text(const struct config_key *key, const void *record, struct strbuf *out);
