#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/history/record.h"

/* What is left failed or not run, for `--failed`. A run of everything starts the list anew. One of
 * some files or tests settles only what it was asked for: what an earlier run left elsewhere stays,
 * so that a green rerun of one test does not pass for all that the first failure kept from running.
 * A row without a test is a whole file; one with an empty file name a suite whose files nobody saw.
 */

static int run_statement(
	struct recording *r, enum history_sql which, int64_t file_id, int64_t test_id)
{
	sqlite3_stmt *s = history_sql(r->h, which);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	if (test_id > 0)
		sqlite3_bind_int64(s, 2, test_id);
	else if (sqlite3_bind_parameter_count(s) > 1)
		sqlite3_bind_null(s, 2);
	return history_record_done(r, s);
}

static int add(struct recording *r, int64_t file_id, int64_t test_id)
{
	return run_statement(r, SQL_ADD_LEFT, file_id, test_id);
}

static bool has_rows(struct recording *r, int64_t file_id)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_HAS_LEFT);

	if (s)
		sqlite3_bind_int64(s, 1, file_id);
	return history_record_id(s) > 0;
}

static int64_t suite_file(struct recording *r, int64_t suite_id)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_FILE_ID);

	if (!s)
		return -1;
	sqlite3_bind_int64(s, 1, suite_id);
	sqlite3_bind_text(s, 2, "", -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, "", -1, SQLITE_STATIC);
	return history_record_id(s);
}

/* `--failed` was asked for all that is left of this suite: what did not turn up is gone. */
static int forget_gone(struct recording *r, int64_t suite_id, const char *file_ids)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_FORGET_LEFT);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, suite_id);
	sqlite3_bind_text(s, 2, file_ids, -1, SQLITE_STATIC);
	return history_record_done(r, s);
}

static int record_suites(struct recording *r)
{
	const struct state *st = r->state;
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;

	for (size_t i = 0; i < st->file_count; i++)
		strbuf_addf(&ids, "%s%" PRId64, i ? "," : "[", r->file_ids[i]);
	strbuf_addstr(&ids, ids.len ? "]" : "[]");
	for (size_t i = 0; i < st->suite_count; i++) {
		const struct state_suite *suite = st->suites[i];
		int64_t id = history_name_id(r->h, SQL_SUITE_ID, suite->name);
		if (!suite->discovered && add(r, suite_file(r, id), 0) < 0)
			return -1;
		if (suite->discovered && st->run.failed_only && forget_gone(r, id, ids.buf) < 0)
			return -1;
	}
	return 0;
}

static int record_test(
	struct recording *r, int64_t file_id, const struct state_test *t, bool chosen)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_TEST_ID);
	bool failed = t->outcome == OUTCOME_FAILED && !t->quarantined;
	bool settled = t->outcome != OUTCOME_NOT_RUN && t->outcome != OUTCOME_NONE;

	if (!s || (!failed && !chosen))
		return s ? 0 : history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	sqlite3_bind_text(s, 2, t->path, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 3, t->occurrence);
	int64_t id = history_record_id(s);
	if (failed || !settled)
		return add(r, file_id, id);
	return run_statement(r, SQL_SETTLE_LEFT, file_id, id);
}

/* Of the rest of its tests this run says nothing. */
static int record_chosen(struct recording *r, int64_t file_id, const struct state_file *f)
{
	bool broken = f->failure.kind != FAILURE_NONE || f->outcome == OUTCOME_NOT_RUN ||
		      f->outcome == OUTCOME_NONE;
	bool stopped = f->outcome == OUTCOME_FAILED && r->state->cancel != CANCEL_NONE;

	/* a test that was left and is not there any more */
	if (r->state->run.failed_only && !broken && !stopped &&
		run_statement(r, SQL_CLEAR_LEFT_FILE, file_id, 0) < 0)
		return -1;
	for (size_t k = 0; k < f->test_count; k++)
		if (record_test(r, file_id, f->tests[k], true) < 0)
			return -1;
	return broken && !has_rows(r, file_id) ? add(r, file_id, 0) : 0;
}

static int record_whole(struct recording *r, int64_t file_id, const struct state_file *f)
{
	bool whole = f->failure.kind != FAILURE_NONE || f->outcome == OUTCOME_NOT_RUN ||
		     f->outcome == OUTCOME_NONE;

	for (size_t k = 0; k < f->test_count; k++)
		whole |= f->tests[k]->outcome == OUTCOME_NOT_RUN;
	/* stopped at its first failure: the tests behind it are unknown */
	whole |= f->outcome == OUTCOME_FAILED && r->state->cancel != CANCEL_NONE;
	if (r->state->run.partial && run_statement(r, SQL_CLEAR_LEFT_FILE, file_id, 0) < 0)
		return -1;
	if (whole)
		return add(r, file_id, 0);
	for (size_t k = 0; k < f->test_count; k++)
		if (record_test(r, file_id, f->tests[k], false) < 0)
			return -1;
	return 0;
}

int history_left_record(struct recording *r)
{
	const struct state *st = r->state;

	if (!st->run.partial && history_record_done(r, history_sql(r->h, SQL_CLEAR_LEFT)) < 0)
		return -1;
	if (record_suites(r) < 0)
		return -1;
	for (size_t i = 0; i < st->file_count; i++) {
		const struct state_file *f = st->files[i];
		if ((f->chosen ? record_chosen : record_whole)(r, r->file_ids[i], f) < 0)
			return -1;
	}
	return 0;
}
