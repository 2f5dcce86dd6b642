/*
 * Whether a failed test runs again. Pure decisions over plain numbers: the engine counts and asks.
 *
 * A retry is meant for the odd flaky test. When much fails, something else is broken, and repeating
 * it costs time and hides nothing: then nobody gets one. The rules and why: docs/design/retries.md.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"
#include "core/base/strmap.h"

enum retry_kind { RETRY_NORMAL, RETRY_FLAKY, RETRY_QUARANTINED, RETRY_KIND_COUNT };

/* Further tries by kind of test. -1 = not said: what holds for RETRY_NORMAL holds. */
struct retry_counts {
	int of[RETRY_KIND_COUNT];
};

/* Time that all further tries of a run may take together; {0, 0} = no limit. */
struct retry_budget {
	int percent; /* of the work of the run: the time of workers, not of the clock */
	int64_t ms;  /* or so much */
};

/* How the run stands. A test counts once, with its first try. */
struct retry_tally {
	int64_t tests, failed;
	int64_t work_us; /* of first tries: what was predicted, or what they took when that is more */
	int64_t retry_us; /* of all further tries so far */
};

enum retry_decision {
	RETRY_AGAIN,
	RETRY_USED_UP,         /* it had its tries; nothing to tell */
	RETRY_TOO_MANY_FAILED, /* more than RETRY_FAILED_MAX */
	RETRY_SHARE_FAILED,    /* more than RETRY_FAILED_PERCENT of at least RETRY_SHARE_TESTS */
	RETRY_BUDGET_SPENT
};

enum {
	RETRY_FAILED_MAX = 10,
	RETRY_FAILED_PERCENT = 10,
	RETRY_SHARE_TESTS = 30,        /* below, a share says nothing */
	RETRY_BUDGET_LEAST_MS = 60000, /* a share of a short run would forbid its only retry */
	RETRY_TRIES_MAX = 100,         /* what a configuration can ask for */
};

extern const char *const retry_kind_names[RETRY_KIND_COUNT]; /* "default" "flaky" "quarantined" */

/* What holds for a suite: its own counts when it says any, else those of the run. */
int retry_count(
	const struct retry_counts *suite, const struct retry_counts *run, enum retry_kind kind);
/* `tries` were made, all failed; `count` further ones are allowed beside the first. */
enum retry_decision retry_decide(
	int count, int tries, const struct retry_tally *tally, const struct retry_budget *budget);
/* Why nobody gets a further try any more, for people. Nothing for AGAIN and USED_UP. */
void retry_reason(struct strbuf *out, enum retry_decision decision, const struct retry_tally *tally,
	const struct retry_budget *budget);

/* "2", or "default 1, flaky 3" (mapping form: "{default: 1, flaky: 3}"); nothing when not set. */
void retry_counts_text(const struct retry_counts *counts, struct strbuf *out);
/* "20%", "2m", "off" */
bool retry_budget_parse(const char *text, struct retry_budget *ret);

/* ---- which tests are known to be what -------------------------------------------------------- */

/* Tests of a kind other than RETRY_NORMAL, by file. Zeroed = none. */
struct retry_known {
	struct strmap files; /* "suite\x1fproject\x1ffile" -> struct retry_known_file */
};

struct retry_known_test {
	char *path; /* encoded */
	int occurrence;
	enum retry_kind kind;
};

struct retry_known_file {
	struct retry_known_test *tests;
	size_t count, cap;
};

void retry_known_release(struct retry_known *known);
/* A test that is told twice keeps the later kind: quarantine comes after flaky. */
void retry_known_add(struct retry_known *known, const char *suite, const char *project,
	const char *file, const char *test, int occurrence, enum retry_kind kind);
/* NULL = all its tests are normal. `known` may be NULL. */
const struct retry_known_file *retry_known_in(
	const struct retry_known *known, const char *suite, const char *project, const char *file);
enum retry_kind retry_known_kind(
	const struct retry_known_file *file, const char *test, int occurrence);
