#include "core/base/base.h"

#include "core/history/pack.h"
#include "core/history/rows.h"
#include "core/history/window.h"

/* What was seen of each test at a commit: bit 0 passed, bit 1 failed. */
struct seen {
	int64_t commit;
	unsigned char *masks; /* [id - 1]; of chosen tests: by place */
};

struct replay {
	struct history *h;
	struct history_window *window;
	struct history_packed *entries; /* of chosen tests, in the run at hand */
	struct seen *seen;
	size_t seen_count, seen_cap;
	struct history_decay decay;
	int64_t behind; /* runs up to this one are in the statistics already */
	struct error *err;
};

void history_window_release(struct history_window *w)
{
	free(w->stats);
	free(w->ids);
	free(w->places);
	*w = (struct history_window){0};
}

void history_wanted_release(struct history_wanted *w)
{
	free(w->tests);
	free(w->files);
	*w = (struct history_wanted){0};
}

static int count_tests(struct history *h, size_t *ret, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_MAX_TEST);

	if (!s || sqlite3_step(s) != SQLITE_ROW)
		return history_error(h, err, "cannot read");
	int64_t n = sqlite3_column_int64(s, 0);
	sqlite3_reset(s);
	if (n < 0 || n > INT32_MAX / 16)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "%s: too many tests", h->path);
	*ret = (size_t)n;
	return 0;
}

static int window_init(struct history *h, const struct history_wanted *wanted,
	struct history_window *w, struct error *err)
{
	*w = (struct history_window){0};
	if (count_tests(h, &w->tests, err) < 0)
		return -1;
	size_t n = wanted ? MIN(wanted->n, w->tests) : 0;
	if (wanted) {
		w->ids = xcalloc(n + 1, sizeof(*w->ids));
		w->places = xcalloc(w->tests + 1, sizeof(*w->places));
	}
	for (size_t i = 0; i < n; i++) {
		if (!wanted->tests[i])
			continue;
		w->ids[w->n++] = (int64_t)i + 1;
		w->places[i] = (uint32_t)w->n;
	}
	if (!wanted)
		w->n = w->tests;
	w->stats = xcalloc(w->n + 1, sizeof(*w->stats));
	return 0;
}

/* NULL: none of the window. */
static struct history_stats *stats_of(const struct history_window *w, int64_t id)
{
	if (id < 1 || (size_t)id > w->tests)
		return NULL;
	if (!w->places)
		return &w->stats[id - 1];
	return w->places[id - 1] ? &w->stats[w->places[id - 1] - 1] : NULL;
}

int history_wanted_init(struct history *h, struct history_wanted *ret, struct error *err)
{
	*ret = (struct history_wanted){0};
	if (count_tests(h, &ret->n, err) < 0)
		return -1;
	ret->tests = xcalloc(ret->n + 1, sizeof(*ret->tests));
	return 0;
}

static int mark(struct history *h, enum history_sql which, bool *marks, size_t n, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, which);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && (size_t)id <= n)
			marks[id - 1] = true;
	}
	return history_finish(h, s, code, err);
}

int history_wanted_faulty(struct history *h, struct history_wanted *w, struct error *err)
{
	cleanup_free bool *marks = xcalloc(w->n + 1, sizeof(*marks));

	if (mark(h, SQL_FAULTY, marks, w->n, err) < 0 ||
		mark(h, SQL_ORDERED_TESTS, marks, w->n, err) < 0)
		return -1;
	for (size_t i = 0; i < w->n; i++)
		w->tests[i] &= marks[i];
	return 0;
}

/* ---- made again from packs ---------------------------------------------------------------------
 */

/* What runs that are not replayed saw at this commit. */
static void see_before(struct replay *r, struct seen *seen)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_COMMIT_PACKS_UP_TO);
	struct history_packed p;

	if (!s)
		return;
	sqlite3_bind_int64(s, 1, seen->commit);
	sqlite3_bind_int64(s, 2, r->behind);
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct history_pack pack = history_row_pack(s, 0);
		for (size_t cursor = 0; history_pack_next(&pack, &cursor, &p);)
			if (p.id >= 1 && (size_t)p.id <= r->window->n &&
				p.outcome <= OUTCOME_FAILED)
				seen->masks[p.id - 1] |= (unsigned char)p.outcome;
	}
	sqlite3_reset(s);
}

static unsigned char *masks_of(struct replay *r, int64_t commit)
{
	if (!commit)
		return NULL;
	/* runs of one commit are near to each other */
	for (size_t i = r->seen_count; i-- > 0;)
		if (r->seen[i].commit == commit)
			return r->seen[i].masks;
	GROW(r->seen, r->seen_count + 1, r->seen_cap);
	struct seen *seen = &r->seen[r->seen_count++];
	*seen = (struct seen){commit, xcalloc(r->window->n + 1, 1)};
	if (r->behind)
		see_before(r, seen);
	return seen->masks;
}

/* Failed attempts of one run, by test; they go in step with its pack. */
struct attempts {
	sqlite3_stmt *s;
	int code;
	int64_t test; /* of the row at hand */
};

static void next_attempt(struct attempts *a)
{
	a->code = sqlite3_step(a->s);
	a->test = a->code == SQLITE_ROW ? sqlite3_column_int64(a->s, 0) : INT64_MAX;
}

static void take_attempts(struct attempts *a, int64_t test_id, struct history_sample *x)
{
	for (; a->test <= test_id; next_attempt(a)) {
		if (a->test != test_id)
			continue;
		x->failed_attempts++;
		x->cost_us += MAX(sqlite3_column_int64(a->s, 2), 0);
		x->timeouts += sqlite3_column_int(a->s, 3) == FAILURE_TIMEOUT;
		x->message = sqlite3_column_int64(a->s, 4);
	}
	if (x->failed_attempts && x->outcome == OUTCOME_PASSED)
		x->cost_us += x->duration_us;
}

/* `masks`: what was seen at this commit, NULL = the commit says nothing. */
static void replay_test(struct replay *r, const struct history_sample *run,
	const struct history_packed *p, size_t place, struct attempts *attempts,
	unsigned char *masks)
{
	struct history_sample x = *run;

	x.outcome = p->outcome;
	x.duration_us = p->duration_us;
	if (attempts->test <= p->id)
		take_attempts(attempts, p->id, &x);
	if (masks && p->outcome <= OUTCOME_FAILED) {
		unsigned char before = masks[place];
		masks[place] |= (unsigned char)p->outcome;
		x.both = before != 3 && masks[place] == 3;
	}
	history_stats_add(&r->window->stats[place], &x, &r->decay);
}

static int replay_run(
	struct replay *r, const struct history_sample *run, const struct history_pack *pack)
{
	struct attempts attempts = {.s = history_sql(r->h, SQL_REPLAY_FAILURES)};
	unsigned char *masks = masks_of(r, run->commit);
	const struct history_window *w = r->window;
	struct history_packed p;

	if (!attempts.s)
		return history_error(r->h, r->err, "cannot read");
	sqlite3_bind_int64(attempts.s, 1, run->run);
	next_attempt(&attempts);
	if (w->ids)
		history_pack_take(pack, w->ids, w->n, r->entries);
	for (size_t i = 0; w->ids && i < w->n; i++)
		if (r->entries[i].outcome != OUTCOME_NONE)
			replay_test(r, run, &r->entries[i], i, &attempts, masks);
	for (size_t cursor = 0; !w->ids && history_pack_next(pack, &cursor, &p);)
		if (p.id >= 1 && (size_t)p.id <= w->n)
			replay_test(r, run, &p, (size_t)p.id - 1, &attempts, masks);
	while (attempts.code == SQLITE_ROW)
		next_attempt(&attempts);
	return history_finish(r->h, attempts.s, attempts.code, r->err);
}

static sqlite3_stmt *select_runs(struct history *h, int64_t since_ms, const char *branch)
{
	sqlite3_stmt *s = history_sql(h, SQL_REPLAY_RUNS);

	if (!s)
		return NULL;
	sqlite3_bind_int64(s, 1, since_ms);
	if (branch)
		sqlite3_bind_text(s, 2, branch, -1, SQLITE_STATIC);
	return s;
}

static int replay_runs(struct replay *r, sqlite3_stmt *s)
{
	int code, result = 0;

	if (!s)
		return history_error(r->h, r->err, "cannot read");
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_sample run = {
			.run = sqlite3_column_int64(s, 0),
			.when_ms = MAX(sqlite3_column_int64(s, 1), 1),
			.commit = sqlite3_column_int(s, 3) ? sqlite3_column_int64(s, 2) : 0,
			.default_branch = history_is_default_branch(history_text(s, 4)),
		};
		struct history_pack pack = history_row_pack(s, 5);
		result = replay_run(r, &run, &pack);
	}
	if (result < 0) {
		sqlite3_reset(s);
		return -1;
	}
	return history_finish(r->h, s, code, r->err);
}

static void release(struct replay *r)
{
	for (size_t i = 0; i < r->seen_count; i++)
		free(r->seen[i].masks);
	free(r->seen);
	free(r->entries);
}

/* ---- rows beside the runs ---------------------------------------------------------------------- */

typedef void row_fn(sqlite3_stmt *row, struct history_stats *stats);

/* Rows that begin with the id of a test, each for its statistics in the window. */
static int read_rows(struct history *h, struct history_window *w, enum history_sql sql, row_fn *fn,
	struct error *err)
{
	sqlite3_stmt *s = history_sql(h, sql);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_stats *stats = stats_of(w, sqlite3_column_int64(s, 0));
		if (stats)
			fn(s, stats);
	}
	return history_finish(h, s, code, err);
}

/* What `order` proved is true of any window that has runs of the test. */
static void add_ordered(sqlite3_stmt *row, struct history_stats *stats)
{
	(void)row;
	stats->ordered = true;
}

int history_window_read(struct history *h, int64_t since_ms, const char *branch,
	const struct history_wanted *wanted, struct history_window *ret, struct error *err)
{
	struct replay r = {.h = h, .window = ret, .decay = HISTORY_DECAY_INIT, .err = err};

	if (window_init(h, wanted, ret, err) < 0)
		return -1;
	if (wanted)
		r.entries = xcalloc(ret->n + 1, sizeof(*r.entries));
	history_scan(h, true);
	int result = replay_runs(&r, select_runs(h, since_ms, branch));
	history_scan(h, false);
	if (result == 0)
		result = read_rows(h, ret, SQL_ORDERED_TESTS, add_ordered, err);
	release(&r);
	if (result < 0)
		history_window_release(ret);
	return result;
}

/* ---- the running statistics ------------------------------------------------------------------- */

static void read_file(struct history_window *w, const char *text)
{
	struct history_stats *stats;
	int64_t id;

	while (history_stats_id(text, &id)) {
		stats = stats_of(w, id);
		if (!stats)
			history_stats_skip(&text);
		else if (!history_stats_next(&text, &id, stats))
			break;
	}
}

static int read_stats(struct history *h, const struct history_wanted *wanted,
	struct history_window *w, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_ALL_STATS);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t file = sqlite3_column_int64(s, 0);
		if (wanted && wanted->files &&
			(file < 1 || (size_t)file > wanted->file_count || !wanted->files[file - 1]))
			continue;
		read_file(w, history_text(s, 1));
	}
	return history_finish(h, s, code, err);
}

int history_window_stored(struct history *h, const struct history_wanted *wanted,
	struct history_window *ret, struct error *err)
{
	if (window_init(h, wanted, ret, err) < 0)
		return -1;
	history_scan(h, true);
	int result = read_stats(h, wanted, ret, err);
	history_scan(h, false);
	if (result < 0 || read_rows(h, ret, SQL_GET_FAULTS, history_row_faults, err) < 0 ||
		read_rows(h, ret, SQL_ORDERED_TESTS, add_ordered, err) < 0) {
		history_window_release(ret);
		return -1;
	}
	return 0;
}

int history_window_add(struct history *h, int64_t run, struct history_window *w, struct error *err)
{
	struct replay r = {
		.h = h, .window = w, .decay = HISTORY_DECAY_INIT, .behind = run, .err = err};
	sqlite3_stmt *s = history_sql(h, SQL_RUNS_BEHIND);

	if (s)
		sqlite3_bind_int64(s, 1, run);
	int result = replay_runs(&r, s);
	release(&r);
	return result;
}

static int write_file(struct history *h, int64_t file_id, struct strbuf *text, struct error *err)
{
	int result = 0;

	strbuf_addch(text, ']');
	if (file_id)
		result = history_put_stats(h, file_id, "", text, err);
	strbuf_reset(text);
	return result;
}

int history_window_write(struct history *h, const struct history_window *w, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	sqlite3_stmt *s = history_sql(h, SQL_TEST_FILES);
	int64_t file = 0;
	int code, result = 0;

	if (!s)
		return history_error(h, err, "cannot read");
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 1);
		if (id < 1 || (size_t)id > w->n || !w->stats[id - 1].last_ms)
			continue;
		if (file != sqlite3_column_int64(s, 0)) {
			result = write_file(h, file, &text, err);
			file = sqlite3_column_int64(s, 0);
		}
		const struct history_stats *x = &w->stats[id - 1];
		strbuf_addch(&text, text.len ? ',' : '[');
		history_stats_write(&text, id, x);
		if (result == 0 && x->faulty)
			result = history_put_faults(h, id, x, err);
	}
	if (result == 0)
		result = write_file(h, file, &text, err);
	if (result < 0) {
		sqlite3_reset(s);
		return -1;
	}
	return history_finish(h, s, code, err);
}
