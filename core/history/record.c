#include "core/base/base.h"

#include "core/plan/estimate.h"
#include "core/history/files.h"
#include "core/history/merge.h"
#include "core/history/parts.h"
#include "core/history/record.h"
#include "core/history/split.h"
#include "core/history/suite.h"

/* Recording one run: everything in one IMMEDIATE transaction, so that two processes that finish at
 * the same time wait for each other and a full disk leaves the file as it was. */

int64_t history_record_id(sqlite3_stmt *s)
{
	int64_t id = s && sqlite3_step(s) == SQLITE_ROW ? sqlite3_column_int64(s, 0) : -1;

	if (s)
		sqlite3_reset(s);
	return id;
}

static void text(sqlite3_stmt *s, int index, const char *value)
{
	if (value)
		sqlite3_bind_text(s, index, value, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, index);
}

int64_t history_name_id(struct history *h, enum history_sql which, const char *name)
{
	sqlite3_stmt *s = history_sql(h, which);

	if (s)
		text(s, 1, name);
	return history_record_id(s);
}

int history_record_done(struct recording *r, sqlite3_stmt *s)
{
	return history_write(r->h, s, r->err);
}

static void measure_speed(struct recording *r)
{
	const struct state *st = r->state;
	cleanup_free double *actual = xcalloc(st->file_count + 1, sizeof(*actual));
	cleanup_free double *expected = xcalloc(st->file_count + 1, sizeof(*expected));
	size_t n = 0;

	for (size_t i = 0; i < st->file_count; i++) {
		const struct state_file *f = st->files[i];
		struct history_file known;
		int64_t us = state_file_lesson_us(f);
		if (us <= 0 || !history_file(r->h, st->run.platform, f->suite->name, f->project,
				       f->file, &known))
			continue;
		actual[n] = (double)us / 1000;
		expected[n++] = known.estimate_ms;
	}
	r->speed = estimate_run_speed(actual, expected, n);
}

static int record_file(struct recording *r, size_t index)
{
	const struct state_file *f = r->state->files[index];
	struct history *h = r->h;
	int64_t suite = history_name_id(h, SQL_SUITE_ID, f->suite->name);
	sqlite3_stmt *s = history_sql(h, SQL_FILE_ID);
	struct history_file old = {0};

	if (!s)
		return history_error(h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, suite);
	text(s, 2, f->project);
	text(s, 3, f->file);
	int64_t id = r->file_ids[index] = history_record_id(s);
	if (id < 0)
		return history_error(h, r->err, "cannot write");
	int64_t us = history_part_has_file(r, f) ? state_file_lesson_us(f) : 0;
	r->file_ms[index] = (double)f->estimate_ms;
	if (us <= 0)
		return 0;
	history_file(h, r->state->run.platform, f->suite->name, f->project, f->file, &old);
	double ms = (double)us / 1000 / r->speed;
	double estimate = estimate_update(
		old.estimate_ms, ms, (double)(r->state->started_ms - old.last_ms), old.samples + 1);
	r->file_ms[index] = estimate;
	s = history_sql(h, SQL_PUT_FILE);
	sqlite3_bind_int64(s, 1, r->platform_id);
	sqlite3_bind_int64(s, 2, id);
	sqlite3_bind_double(s, 3, estimate);
	sqlite3_bind_int(s, 4, old.samples + 1);
	sqlite3_bind_int64(s, 5, r->state->started_ms);
	sqlite3_bind_int64(s, 6, f->rss_kb);
	return history_record_done(r, s);
}

/* ---- the run ----------------------------------------------------------------------------------- */

/* The longest shard, as planned and as it was; without shards only the latter is known. */
static void measure_makespan(const struct state *st, int64_t *predicted_ms, int64_t *actual_ms)
{
	*predicted_ms = *actual_ms = 0;
	for (size_t i = 0; i < st->shard_count; i++) {
		const struct state_shard *x = &st->shards[i];
		*predicted_ms = MAX(*predicted_ms, x->predicted_ms);
		*actual_ms = MAX(*actual_ms, x->duration_us / 1000);
	}
	if (!st->shard_count)
		*actual_ms = st->duration_us / 1000;
}

static int record_run(struct recording *r)
{
	const struct state *st = r->state;
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_RUN);
	int64_t predicted_ms, makespan_ms;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	measure_makespan(st, &predicted_ms, &makespan_ms);
	text(s, 1, st->run.run_id);
	sqlite3_bind_int64(s, 2, st->started_ms);
	sqlite3_bind_int64(s, 3, st->duration_us / 1000);
	sqlite3_bind_int64(s, 4, r->platform_id);
	if (r->commit_id)
		sqlite3_bind_int64(s, 5, r->commit_id);
	if (r->branch_id)
		sqlite3_bind_int64(s, 6, r->branch_id);
	sqlite3_bind_int(s, 7, r->commit_sure);
	sqlite3_bind_int(s, 8, st->run.ci_attempt);
	text(s, 9, st->run.run_url);
	sqlite3_bind_int64(s, 10, (int64_t)st->shard_count);
	sqlite3_bind_int64(s, 11, predicted_ms);
	sqlite3_bind_int64(s, 12, makespan_ms);
	sqlite3_bind_int(s, 13, st->exit_code);
	text(s, 14, state_verdict(st));
	sqlite3_bind_int(s, 15, st->run.workers);
	sqlite3_bind_int64(s, 16, st->file_counts.total);
	sqlite3_bind_int64(s, 17, st->test_counts.total);
	sqlite3_bind_int64(s, 18, st->test_counts.passed);
	sqlite3_bind_int64(s, 19, st->test_counts.failed);
	sqlite3_bind_int64(s, 20, st->test_counts.skipped);
	sqlite3_bind_int64(s, 21, st->test_counts.flaky);
	r->run_id = history_record_id(s);
	return r->run_id > 0 ? 0 : history_error(r->h, r->err, "cannot write");
}

static int record_shards(struct recording *r)
{
	for (size_t i = 0; i < r->state->shard_count; i++) {
		const struct state_shard *x = &r->state->shards[i];
		if (!history_part_is_new(r, x->source))
			continue;
		sqlite3_stmt *s = history_sql(r->h, SQL_ADD_SHARD);
		if (!s)
			return history_error(r->h, r->err, "cannot write");
		sqlite3_bind_int64(s, 1, r->run_id);
		sqlite3_bind_int(s, 2, x->shard);
		sqlite3_bind_int(s, 3, x->attempt);
		text(s, 4, x->status);
		sqlite3_bind_int64(s, 5, x->startup_us);
		sqlite3_bind_int64(s, 6, x->predicted_ms);
		sqlite3_bind_int64(s, 7, x->duration_us);
		sqlite3_bind_int64(s, 8, x->files);
		if (history_record_done(r, s) < 0)
			return -1;
	}
	return 0;
}

/* ---- the whole ----------------------------------------------------------------------------------
 */

/* A commit says what code ran where CI checked it out; a working tree may have changes. */
static int identify(struct recording *r)
{
	const struct run_info *run = &r->state->run;
	const char *platform = run->platform ? run->platform : "";

	r->platform_id = history_name_id(r->h, SQL_PLATFORM_ID, platform);
	r->commit_id =
		run->commit && *run->commit ? history_name_id(r->h, SQL_COMMIT_ID, run->commit) : 0;
	r->branch_id =
		run->branch && *run->branch ? history_name_id(r->h, SQL_BRANCH_ID, run->branch) : 0;
	if (r->platform_id < 0 || r->commit_id < 0 || r->branch_id < 0)
		return history_error(r->h, r->err, "cannot write");
	r->commit_sure = r->commit_id && (r->h->trust_commit || run->run_url ||
						 run->ci_attempt > 0 || strchr(platform, '+'));
	r->h->trust_commit = false;
	return 0;
}

static int record(struct recording *r)
{
	const struct state *st = r->state;

	if (identify(r) < 0)
		return -1;
	measure_speed(r);
	history_files_number(r);
	for (size_t i = 0; i < st->file_count; i++)
		if (record_file(r, i) < 0)
			return -1;
	for (size_t i = 0; i < st->suite_count; i++)
		if (history_suite_record(r, st->suites[i]) < 0)
			return -1;
	if (record_run(r) < 0 || history_parts_record(r) < 0 || record_shards(r) < 0 ||
		history_files_record(r) < 0 || history_record_tests(r) < 0 ||
		history_left_record(r) < 0 ||
		history_split_record(r->h, st, r->run_id, r->file_ids, r->err) < 0)
		return -1;
	return history_prune_in(r->h, &history_retention_default, st->now_ms, r->err);
}

void history_trust_commit(struct history *h)
{
	h->trust_commit = true;
}

/* In the transaction: somebody else may have recorded it by now. */
static int record_new(struct recording *r)
{
	if (history_has_run(r->h, r->state->run.run_id))
		return 0;
	if (history_parts_look_up(r) < 0)
		return -1;
	return history_parts_all_known(r) ? 0 : record(r);
}

int history_record_merged(struct history *h, const struct state *state, const char *const *sources,
	size_t n, struct error *err)
{
	struct recording r = {.h = h,
		.state = state,
		.sources = sources,
		.source_count = n,
		.err = err,
		.speed = 1};

	if (!state->run.run_id || history_has_run(h, state->run.run_id))
		return 0;
	if (history_exec(h, "BEGIN IMMEDIATE", "cannot write", err) < 0)
		return -1;
	r.file_ids = xcalloc(state->file_count + 1, sizeof(*r.file_ids));
	r.file_ms = xcalloc(state->file_count + 1, sizeof(*r.file_ms));
	int result = record_new(&r);
	free(r.file_ids);
	free(r.file_ms);
	free(r.positions);
	free(r.known);
	if (result == 0)
		result = history_exec(h, "COMMIT", "cannot write", err);
	if (result < 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

int history_record(struct history *h, const struct state *state, struct error *err)
{
	return history_record_merged(h, state, NULL, 0, err);
}
