/*
 * Tests in quarantine: they run, but their failures do not count, until somebody has mended them or
 * the entry expires. A list in a file of the project (quarantine.yaml):
 *
 *   - file: test/cart.spec.js         one of file and test, or both
 *     test: "cart › adds item"        as every report prints it; without it: all tests of the file
 *     suite: unit                     only there; default: any suite
 *     owner: "@shop/checkout"         who mends it
 *     reason: races with the clock
 *     expires: 2026-12-24             the last day (UTC)
 *
 * The list stands at the top, or under `tests:` of a mapping. What fails beside its tests (a file
 * that cannot be loaded, a crash) always counts: tests behind it have no result then.
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/base.h"
#include "core/base/error.h"
#include "core/base/strbuf.h"
#include "core/state/state.h"
#include "core/config/yamltree.h"

enum { QUARANTINE_SOON_DAYS = 7 /* before it expires, a run warns */ };

struct quarantine_entry {
	const char *file;  /* NULL = any; relative to the base, normal */
	const char *test;  /* title path as text; NULL = all tests of the file */
	const char *suite; /* NULL = any */
	const char *owner, *reason;
	const char *expires; /* "2026-12-24" */
	int64_t ends_ms;     /* unix: the first moment after it */
	bool expired;        /* at the time of reading: protects nothing */
	int line, column;    /* of the entry, from 1 */
	const struct yaml_node *node;
};

struct quarantine {
	struct arena arena;
	struct yamltree *yaml; /* NULL = no file */
	int64_t now_ms;
	struct quarantine_entry *entries; /* in the order of the file */
	size_t n, cap;
};

void quarantine_init(struct quarantine *q);
void quarantine_release(struct quarantine *q);
/* Read the text of the file; `path` is only for messages. Exit code 2 with the place on error. */
int quarantine_parse(struct quarantine *q, const char *path, const char *text, size_t len,
	int64_t now_ms, struct error *err);
/* Read the file; an absent one is empty unless `required`. */
int quarantine_read(
	struct quarantine *q, const char *path, bool required, int64_t now_ms, struct error *err);

/* The entry that a test is meant by, the expired ones last; NULL = none. `test` is encoded. */
const struct quarantine_entry *quarantine_find(const struct quarantine *q, const char *suite,
	const char *file, const char *test, int occurrence);
/* Its failure does not count: an entry that has not expired means it. `q` may be NULL. */
bool quarantine_covers(const struct quarantine *q, const char *suite, const char *file,
	const char *test, int occurrence);
/* An entry that has not expired and means this file, one of its tests, or a test of any file. */
bool quarantine_may_mean(const struct quarantine_entry *entry, const char *suite, const char *file);
/* "test/a.js › cart › adds item", for people; what is hostile in it is filtered. */
void quarantine_entry_text(struct strbuf *out, const struct quarantine_entry *entry);

/*
 * What the run says about the entries of the files that it ran, each as a notice:
 *   "quarantine_expired"  error    it protects no more; the run ends with exit code 2
 *   "quarantine_soon"     warning  it expires within QUARANTINE_SOON_DAYS
 *   "quarantine_unknown"  warning  its file ran as a whole, and there is no such test
 * `whole`: no tests were left out by a selection, so that a missing test is unknown.
 */
typedef void quarantine_notice_fn(void *arg, enum severity severity, const char *name,
	const char *suite, const char *file, const char *text);
void quarantine_judge(const struct quarantine *q, const struct state *state, bool whole,
	quarantine_notice_fn *fn, void *arg);

/* ---- changing the file: what is not concerned stays as it is, comments included --------------- */

struct quarantine_add {
	const char *file, *test, *suite; /* NULL = left out */
	const char *owner, *reason, *expires;
};

/* Append to `out` the text with one entry more, or without that entry. Exit code 2 when the file is
 * written so that this cannot be done (a list within brackets). */
int quarantine_text_add(const struct quarantine *q, const struct quarantine_add *entry,
	struct strbuf *out, struct error *err);
int quarantine_text_remove(const struct quarantine *q, const struct quarantine_entry *entry,
	struct strbuf *out, struct error *err);
/* Unix ms of the end of that day ("2026-12-24"), or -1. */
int64_t quarantine_day(const char *text);
