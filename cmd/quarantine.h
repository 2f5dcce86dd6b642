/* The quarantine of the project that a command works in, beside what the history knows of it. */
#pragma once

#include "cmd/options.h"
#include "core/history/list.h"
#include "core/flaky/quarantine.h"

/* By the configuration of this invocation; none when it is switched off. `ret_path` (may be NULL):
 * where it is or would be, NULL when it is off; the caller frees. */
int quarantine_of_project(
	struct quarantine *q, const struct options *options, char **ret_path, struct error *err);

/* Of an entry: of the tests that it means the one that did worst. */
struct ward_entry {
	bool has_file, has_test;  /* the history has results of them */
	int64_t file_ms, test_ms; /* unix: when it had them last */
	int64_t runs, bad;        /* of the test: runs, and those with a failed attempt */
	int passes;               /* in a row, up to now, at most 64 */
};

/* The quarantine with its history. */
struct ward {
	struct quarantine quarantine;
	struct history *history; /* NULL = none */
	char *base, *path;
	int64_t tests;              /* that the history knows */
	struct ward_entry *entries; /* as in the quarantine */
};

/* Released in any case. */
int ward_open(struct ward *w, const struct options *options, struct error *err);
void ward_close(struct ward *w);
/* "active" "expiring" "expired" "unknown" */
const char *ward_status(const struct ward *w, size_t i);
/* It has passed so often in a row that it is no longer what it was put in for. */
bool ward_is_stable(const struct ward *w, size_t i);
/* What to put in and what to release, on stdout; as JSON on demand. */
int ward_suggest(struct ward *w, const struct options *options, struct error *err);
