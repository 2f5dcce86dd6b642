#include "core/base/base.h"

#include "core/estimate.h"
#include "core/history_schema.h"

#include <math.h>

/* Recording one run: everything in one IMMEDIATE transaction, so that two processes that finish at
 * the same time wait for each other and a full disk leaves the file as it was. */
enum { KEEP_RUNS = 2000, MESSAGE_BYTES = 2000, PACK_TESTS_MAX = 2000000 };

struct recording {
	struct history *h;
	const struct state *state;
	int64_t platform_id, run_id;
	double speed;      /* of this run against the history */
	int64_t *file_ids; /* by position in state->files */
	struct error *err;
};

static int64_t step_id(struct history *h, sqlite3_stmt *s)
{
	int64_t id = -1;

	if (sqlite3_step(s) == SQLITE_ROW)
		id = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	(void)h;
	return id;
}

static void text(sqlite3_stmt *s, int index, const char *value)
{
	if (value)
		sqlite3_bind_text(s, index, value, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, index);
}

static int64_t name_id(struct history *h, enum history_sql which, const char *name)
{
	sqlite3_stmt *s = history_sql(h, which);

	if (!s)
		return -1;
	text(s, 1, name);
	return step_id(h, s);
}

static int done(struct recording *r, sqlite3_stmt *s)
{
	int code = s ? sqlite3_step(s) : SQLITE_ERROR;

	if (s)
		sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : history_error(r->h, r->err, "cannot write");
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
	int64_t suite = name_id(h, SQL_SUITE_ID, f->suite->name);
	sqlite3_stmt *s = history_sql(h, SQL_FILE_ID);
	struct history_file old = {0};

	if (!s)
		return history_error(h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, suite);
	text(s, 2, f->project);
	text(s, 3, f->file);
	int64_t id = r->file_ids[index] = step_id(h, s);
	if (id < 0)
		return history_error(h, r->err, "cannot write");
	int64_t us = state_file_lesson_us(f);
	if (us <= 0)
		return 0;
	history_file(h, r->state->run.platform, f->suite->name, f->project, f->file, &old);
	double ms = (double)us / 1000 / r->speed;
	double estimate = estimate_update(
		old.estimate_ms, ms, (double)(r->state->started_ms - old.last_ms), old.samples + 1);
	s = history_sql(h, SQL_PUT_FILE);
	sqlite3_bind_int64(s, 1, r->platform_id);
	sqlite3_bind_int64(s, 2, id);
	sqlite3_bind_double(s, 3, estimate);
	sqlite3_bind_int(s, 4, old.samples + 1);
	sqlite3_bind_int64(s, 5, r->state->started_ms);
	sqlite3_bind_int64(s, 6, f->rss_kb);
	return done(r, s);
}

/* ---- tests ----------------------------------------------------------------------------------- */

/* One byte: 8 steps an octave of microseconds; 4.4 % at worst. */
static unsigned char pack_duration(int64_t us)
{
	double v = us < 1 ? 0 : log2((double)us) * 8;

	return (unsigned char)MIN(v + 0.5, 255.0);
}

struct pack {
	int64_t *ids;
	const struct state_test **tests;
	size_t n;
	int64_t first, last;
};

static int record_failures(struct recording *r, int64_t test_id, const struct state_test *t)
{
	for (const struct state_attempt *a = t->earlier;; a = a->next) {
		const struct failure *f = a ? &a->failure : &t->failure;
		if (!a && t->outcome != OUTCOME_FAILED)
			return 0;
		sqlite3_stmt *s = history_sql(r->h, SQL_ADD_FAILURE);
		if (!s)
			return history_error(r->h, r->err, "cannot write");
		sqlite3_bind_int64(s, 1, test_id);
		sqlite3_bind_int64(s, 2, r->run_id);
		sqlite3_bind_int(s, 3, a ? a->attempt : t->attempts);
		sqlite3_bind_int(s, 4, OUTCOME_FAILED);
		sqlite3_bind_int64(s, 5, a ? a->duration_us : t->duration_us);
		sqlite3_bind_int(s, 6, f->kind);
		if (f->message)
			sqlite3_bind_text(s, 7, f->message,
				(int)MIN(strlen(f->message), (size_t)MESSAGE_BYTES), SQLITE_STATIC);
		if (done(r, s) < 0)
			return -1;
		if (!a)
			return 0;
	}
}

/* Running statistics: they survive the pruning of the runs that made them. */
static int record_test(struct recording *r, int64_t id, const struct state_test *t)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_GET_TEST);
	int64_t runs = 0, failures = 0, flaky = 0, flips = 0, recent = 0, max_us = 0, streak = 0;
	int last = OUTCOME_NONE;
	double ewma = 0;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, id);
	if (sqlite3_step(s) == SQLITE_ROW) {
		runs = sqlite3_column_int64(s, 0);
		failures = sqlite3_column_int64(s, 1);
		flaky = sqlite3_column_int64(s, 2);
		flips = sqlite3_column_int64(s, 3);
		recent = sqlite3_column_int64(s, 4);
		ewma = sqlite3_column_double(s, 5);
		max_us = sqlite3_column_int64(s, 6);
		last = sqlite3_column_int(s, 7);
		streak = sqlite3_column_int64(s, 8);
	}
	bool failed = t->outcome == OUTCOME_FAILED, judged = failed || t->outcome == OUTCOME_PASSED;
	if (judged) {
		runs++;
		failures += failed;
		flaky += t->flaky;
		flips += (last == OUTCOME_PASSED && failed) || (last == OUTCOME_FAILED && !failed);
		recent = (int64_t)((uint64_t)recent << 1 | failed);
		streak = failed ? streak + 1 : 0;
		last = t->outcome;
		if (!failed) {
			ewma = ewma > 0 ? ewma + 0.3 * ((double)t->duration_us - ewma)
					: (double)t->duration_us;
			max_us = MAX(max_us, t->duration_us);
		}
	}
	s = history_sql(r->h, SQL_PUT_TEST);
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_int64(s, 2, runs);
	sqlite3_bind_int64(s, 3, failures);
	sqlite3_bind_int64(s, 4, flaky);
	sqlite3_bind_int64(s, 5, flips);
	sqlite3_bind_int64(s, 6, recent);
	sqlite3_bind_double(s, 7, ewma);
	sqlite3_bind_int64(s, 8, max_us);
	sqlite3_bind_int64(s, 9, r->run_id);
	sqlite3_bind_int(s, 10, last);
	sqlite3_bind_int64(s, 11, streak);
	return done(r, s);
}

static int intern_tests(struct recording *r, struct pack *pack)
{
	const struct state *st = r->state;
	size_t cap = 0, tests_cap = 0;

	for (size_t i = 0; i < st->file_count; i++) {
		for (size_t k = 0; k < st->files[i]->test_count; k++) {
			const struct state_test *t = st->files[i]->tests[k];
			sqlite3_stmt *s = history_sql(r->h, SQL_TEST_ID);
			if (!s)
				return history_error(r->h, r->err, "cannot write");
			sqlite3_bind_int64(s, 1, r->file_ids[i]);
			text(s, 2, t->path);
			sqlite3_bind_int(s, 3, t->occurrence);
			int64_t id = step_id(r->h, s);
			if (id < 0)
				return history_error(r->h, r->err, "cannot write");
			GROW(pack->ids, pack->n + 1, cap);
			GROW(pack->tests, pack->n + 1, tests_cap);
			pack->ids[pack->n] = id;
			pack->tests[pack->n++] = t;
			pack->first = pack->first ? MIN(pack->first, id) : id;
			pack->last = MAX(pack->last, id);
		}
	}
	return 0;
}

/* 2 bits of outcome for each id from first to last, then 1 byte of duration for each. */
static void make_blob(const struct pack *pack, struct strbuf *blob)
{
	int64_t span = pack->n ? pack->last - pack->first + 1 : 0;

	if (!span || span > PACK_TESTS_MAX)
		return;
	size_t bits = (size_t)(span + 3) / 4;
	strbuf_addchn(blob, '\0', bits + (size_t)span);
	for (size_t i = 0; i < pack->n; i++) {
		size_t at = (size_t)(pack->ids[i] - pack->first);
		enum outcome outcome = pack->tests[i]->outcome;
		unsigned code = outcome <= OUTCOME_SKIPPED ? outcome : OUTCOME_NONE;
		blob->buf[at / 4] |= (char)(code << (at % 4 * 2));
		blob->buf[bits + at] = (char)pack_duration(pack->tests[i]->duration_us);
	}
}

static int add_run(struct recording *r, const struct pack *pack)
{
	const struct state *st = r->state;
	cleanup_strbuf struct strbuf blob = STRBUF_INIT;
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_RUN);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	make_blob(pack, &blob);
	text(s, 1, st->run.run_id);
	sqlite3_bind_int64(s, 2, st->started_ms);
	sqlite3_bind_int64(s, 3, st->duration_us / 1000);
	sqlite3_bind_int64(s, 4, r->platform_id);
	text(s, 5, st->run.commit);
	text(s, 6, st->run.branch);
	sqlite3_bind_int(s, 7, st->exit_code);
	text(s, 8, state_verdict(st));
	sqlite3_bind_int(s, 9, st->run.workers);
	sqlite3_bind_int64(s, 10, st->file_counts.total);
	sqlite3_bind_int64(s, 11, st->test_counts.total);
	sqlite3_bind_int64(s, 12, st->test_counts.passed);
	sqlite3_bind_int64(s, 13, st->test_counts.failed);
	sqlite3_bind_int64(s, 14, st->test_counts.skipped);
	sqlite3_bind_int64(s, 15, st->test_counts.flaky);
	sqlite3_bind_int64(s, 16, pack->first);
	sqlite3_bind_blob64(s, 17, blob.buf, blob.len, SQLITE_STATIC);
	r->run_id = step_id(r->h, s);
	return r->run_id > 0 ? 0 : history_error(r->h, r->err, "cannot write");
}

static int record_tests(struct recording *r)
{
	struct pack pack = {0};
	int result = intern_tests(r, &pack);

	if (result == 0)
		result = add_run(r, &pack);
	for (size_t i = 0; i < pack.n && result == 0; i++) {
		const struct state_test *t = pack.tests[i];
		if (t->outcome == OUTCOME_NONE || t->outcome == OUTCOME_NOT_RUN)
			continue;
		result = record_test(r, pack.ids[i], t);
		if (result == 0 && (t->earlier || t->outcome == OUTCOME_FAILED))
			result = record_failures(r, pack.ids[i], t);
	}
	free(pack.ids);
	free(pack.tests);
	return result;
}

/* ---- suites ---------------------------------------------------------------------------------- */

static double blend(double old, double now, int runs)
{
	if (!(now > 0) || !isfinite(now))
		return old;
	return old > 0 ? old + MAX(0.3, 1.0 / (runs + 1)) * (now - old) : now;
}

/* Wall time of the suite alone in its run: from its first worker's start to its last file's end. */
static int record_wall(struct recording *r, const struct state_suite *suite, int64_t suite_id,
	int workers, int64_t first_start_ms, const struct history_suite *old)
{
	int64_t wall = suite->last_file_ms - first_start_ms;

	if (r->state->suite_count != 1 || workers < 1 || workers > 8 || wall <= 0 ||
		r->state->cancel != CANCEL_NONE || r->state->file_counts.failed)
		return 0;
	sqlite3_stmt *s = history_sql(r->h, SQL_PUT_WALL);
	sqlite3_bind_int64(s, 1, r->platform_id);
	sqlite3_bind_int64(s, 2, suite_id);
	sqlite3_bind_int(s, 3, workers);
	sqlite3_bind_double(s, 4, blend(old->wall_ms[workers], (double)wall, 1));
	return done(r, s);
}

/* Whether the files of the suite may be spread: learned from a run in which they were. */
static int order_of(const struct state *st, const struct state_suite *suite, int workers, int old)
{
	bool failed = false, fell_back = false;

	for (size_t i = 0; i < st->file_count; i++)
		failed |= st->files[i]->suite == suite && st->files[i]->outcome != OUTCOME_PASSED &&
			  st->files[i]->outcome != OUTCOME_SKIPPED;
	for (size_t i = 0; i < st->notice_count; i++)
		fell_back |= streq(st->notices[i].name, "order_dependent") &&
			     streq_null(st->notices[i].suite, suite->name);
	if (fell_back)
		return failed ? old : -1; /* failing in order, too, it proved nothing */
	return workers > 1 && !failed && old == 0 ? 1 : old;
}

static int record_suite(struct recording *r, const struct state_suite *suite)
{
	const struct state *st = r->state;
	struct history_suite m;
	double start = 0, cpu = 0, busy = 0, rss = 0;
	int workers = 0, started = 0;
	int64_t first_start = 0, suite_id = name_id(r->h, SQL_SUITE_ID, suite->name);

	history_suite(r->h, st->run.platform, suite->name, &m);
	for (size_t i = 0; i < st->worker_count; i++) {
		const struct state_worker *w = &st->workers[i];
		if (!w->suite || !streq(w->suite, suite->name) || !w->files)
			continue;
		workers += (int)w->slots;
		first_start = first_start ? MIN(first_start, w->started_ms) : w->started_ms;
		cpu += (double)w->cpu_us;
		busy += (double)w->busy_us;
		rss = MAX(rss, (double)w->rss_kb);
		if (w->first_file_ms) {
			start += (double)(w->first_file_ms - w->started_ms);
			started++;
		}
	}
	if (!workers)
		return 0;
	sqlite3_stmt *s = history_sql(r->h, SQL_PUT_SUITE);
	sqlite3_bind_int64(s, 1, r->platform_id);
	sqlite3_bind_int64(s, 2, suite_id);
	sqlite3_bind_double(s, 3, blend(m.start_ms, started ? start / started : 0, m.runs));
	sqlite3_bind_double(s, 4, m.first_file_ms);
	sqlite3_bind_double(s, 5, blend(m.cpu_share, busy > 0 ? cpu / busy : 0, m.runs));
	sqlite3_bind_double(s, 6, blend(m.rss_kb, rss, m.runs));
	sqlite3_bind_int(s, 7, m.runs + 1);
	sqlite3_bind_int(s, 8, order_of(st, suite, workers, m.order));
	if (done(r, s) < 0)
		return -1;
	return record_wall(r, suite, suite_id, workers, first_start, &m);
}

/* ---- what the run left ----------------------------------------------------------------------- */

static int add_left(struct recording *r, int64_t file_id, int64_t test_id)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_LEFT);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	if (test_id)
		sqlite3_bind_int64(s, 2, test_id);
	return done(r, s);
}

/* Stopped before its files were known: all of it is left, under an empty file name. */
static int add_left_suite(struct recording *r, const struct state_suite *suite)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_FILE_ID);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, name_id(r->h, SQL_SUITE_ID, suite->name));
	text(s, 2, "");
	text(s, 3, "");
	return add_left(r, step_id(r->h, s), 0);
}

static int record_left(struct recording *r)
{
	const struct state *st = r->state;

	if (done(r, history_sql(r->h, SQL_CLEAR_LEFT)) < 0)
		return -1;
	for (size_t i = 0; i < st->suite_count; i++)
		if (!st->suites[i]->discovered && add_left_suite(r, st->suites[i]) < 0)
			return -1;
	for (size_t i = 0; i < st->file_count; i++) {
		const struct state_file *f = st->files[i];
		bool whole = f->failure.kind != FAILURE_NONE || f->outcome == OUTCOME_NOT_RUN ||
			     f->outcome == OUTCOME_NONE;
		for (size_t k = 0; k < f->test_count; k++)
			whole |= f->tests[k]->outcome == OUTCOME_NOT_RUN;
		/* stopped at its first failure: the tests behind it are unknown */
		whole |= f->outcome == OUTCOME_FAILED && st->cancel != CANCEL_NONE;
		if (whole && add_left(r, r->file_ids[i], 0) < 0)
			return -1;
		for (size_t k = 0; k < f->test_count && !whole; k++) {
			const struct state_test *t = f->tests[k];
			sqlite3_stmt *s = history_sql(r->h, SQL_TEST_ID);
			if (t->outcome != OUTCOME_FAILED)
				continue;
			sqlite3_bind_int64(s, 1, r->file_ids[i]);
			text(s, 2, t->path);
			sqlite3_bind_int(s, 3, t->occurrence);
			if (add_left(r, r->file_ids[i], step_id(r->h, s)) < 0)
				return -1;
		}
	}
	return 0;
}

static int prune(struct recording *r)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_PRUNE_RUNS);

	sqlite3_bind_int(s, 1, KEEP_RUNS);
	if (done(r, s) < 0)
		return -1;
	return done(r, history_sql(r->h, SQL_PRUNE_FAILURES));
}

static int record(struct recording *r)
{
	const struct state *st = r->state;

	r->platform_id = name_id(r->h, SQL_PLATFORM_ID, st->run.platform ? st->run.platform : "");
	if (r->platform_id < 0)
		return history_error(r->h, r->err, "cannot write");
	measure_speed(r);
	for (size_t i = 0; i < st->file_count; i++)
		if (record_file(r, i) < 0)
			return -1;
	for (size_t i = 0; i < st->suite_count; i++)
		if (record_suite(r, st->suites[i]) < 0)
			return -1;
	if (record_tests(r) < 0 || record_left(r) < 0)
		return -1;
	return prune(r);
}

int history_record(struct history *h, const struct state *state, struct error *err)
{
	struct recording r = {.h = h, .state = state, .err = err, .speed = 1};

	if (!state->run.run_id || history_has_run(h, state->run.run_id))
		return 0;
	if (sqlite3_exec(h->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot write");
	r.file_ids = xcalloc(state->file_count + 1, sizeof(*r.file_ids));
	int result = history_has_run(h, state->run.run_id) ? 0 : record(&r);
	free(r.file_ids);
	if (result == 0 && sqlite3_exec(h->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		result = history_error(h, err, "cannot write");
	if (result < 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}
