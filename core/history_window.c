#include "core/base/base.h"

#include "core/history_pack.h"
#include "core/history_rows.h"
#include "core/history_window.h"

/* What was seen of each test at a commit: bit 0 passed, bit 1 failed. */
struct seen {
	int64_t commit;
	unsigned char *masks; /* [id - 1]; of chosen tests: by their place in `wanted` */
};

struct replay {
	struct history *h;
	struct history_window *window;
	int64_t *wanted; /* ids, ascending; NULL = all */
	size_t wanted_count;
	struct seen *seen;
	size_t seen_count, seen_cap;
	struct history_decay decay;
	int64_t behind; /* runs up to this one are in the statistics already */
	struct error *err;
};

void history_window_release(struct history_window *w)
{
	free(w->stats);
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

int history_wanted_init(struct history *h, struct history_wanted *ret, struct error *err)
{
	*ret = (struct history_wanted){0};
	if (count_tests(h, &ret->n, err) < 0)
		return -1;
	ret->tests = xcalloc(ret->n + 1, sizeof(*ret->tests));
	return 0;
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

static int mark(struct history *h, sqlite3_stmt *s, bool *marks, size_t n, struct error *err)
{
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

static int mark_faulty_in(struct history *h, int64_t since_ms, const char *branch, bool *marks,
	size_t n, struct error *err)
{
	sqlite3_stmt *runs = select_runs(h, since_ms, branch);
	int code = SQLITE_ERROR, result = 0;

	while (runs && result == 0 && (code = sqlite3_step(runs)) == SQLITE_ROW) {
		sqlite3_stmt *s = history_sql(h, SQL_FAULTY_IN_RUN);
		if (s)
			sqlite3_bind_int64(s, 1, sqlite3_column_int64(runs, 0));
		result = mark(h, s, marks, n, err);
	}
	if (result == 0)
		return runs ? history_finish(h, runs, code, err)
			    : history_error(h, err, "cannot read");
	sqlite3_reset(runs);
	return -1;
}

int history_wanted_faulty(struct history *h, int64_t since_ms, const char *branch,
	struct history_wanted *w, struct error *err)
{
	cleanup_free bool *marks = xcalloc(w->n + 1, sizeof(*marks));
	int result = since_ms > 0 || branch
			     ? mark_faulty_in(h, since_ms, branch, marks, w->n, err)
			     : mark(h, history_sql(h, SQL_FAULTY_TESTS), marks, w->n, err);
	sqlite3_stmt *ordered = history_sql(h, SQL_ORDERED_TESTS);

	if (result < 0)
		return -1;
	if (ordered)
		sqlite3_bind_int64(ordered, 1, since_ms);
	if (mark(h, ordered, marks, w->n, err) < 0)
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
	*seen = (struct seen){commit, xcalloc((r->wanted ? r->wanted_count : r->window->n) + 1, 1)};
	if (r->behind)
		see_before(r, seen);
	return seen->masks;
}

/* Failed attempts of one run, by test; they go in step with its pack. */
struct attempts {
	sqlite3_stmt *s;
	int code;
};

static void take_attempts(struct attempts *a, int64_t test_id, struct history_sample *x)
{
	for (; a->code == SQLITE_ROW && sqlite3_column_int64(a->s, 0) <= test_id;
		a->code = sqlite3_step(a->s)) {
		if (sqlite3_column_int64(a->s, 0) != test_id)
			continue;
		x->failed_attempts++;
		x->cost_us += MAX(sqlite3_column_int64(a->s, 2), 0);
		x->timeouts += sqlite3_column_int(a->s, 3) == FAILURE_TIMEOUT;
		x->message = sqlite3_column_int64(a->s, 4);
	}
	if (x->failed_attempts && x->outcome == OUTCOME_PASSED)
		x->cost_us += x->duration_us;
}

/* Of the tests that are wanted, or of all. */
static bool next_entry(const struct replay *r, const struct history_pack *pack, size_t *cursor,
	size_t *next, struct history_packed *ret)
{
	if (!r->wanted)
		return history_pack_next(pack, cursor, ret);
	while (*next < r->wanted_count)
		if (history_pack_find(pack, r->wanted[(*next)++], ret))
			return true;
	return false;
}

static int replay_run(
	struct replay *r, const struct history_sample *run, const struct history_pack *pack)
{
	struct attempts attempts = {.s = history_sql(r->h, SQL_REPLAY_FAILURES)};
	unsigned char *masks = masks_of(r, run->commit);
	struct history_packed p;
	size_t cursor = 0, next = 0;

	if (!attempts.s)
		return history_error(r->h, r->err, "cannot read");
	sqlite3_bind_int64(attempts.s, 1, run->run);
	attempts.code = sqlite3_step(attempts.s);
	while (next_entry(r, pack, &cursor, &next, &p)) {
		if (p.id < 1 || (size_t)p.id > r->window->n)
			continue;
		struct history_sample x = *run;
		x.outcome = p.outcome;
		x.duration_us = p.duration_us;
		take_attempts(&attempts, p.id, &x);
		if (masks && p.outcome <= OUTCOME_FAILED) {
			size_t place = r->wanted ? next - 1 : (size_t)p.id - 1;
			unsigned char before = masks[place];
			masks[place] |= (unsigned char)p.outcome;
			x.both = before != 3 && masks[place] == 3;
		}
		history_stats_add(&r->window->stats[p.id - 1], &x, &r->decay);
	}
	while (attempts.code == SQLITE_ROW)
		attempts.code = sqlite3_step(attempts.s);
	return history_finish(r->h, attempts.s, attempts.code, r->err);
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
	free(r->wanted);
}

/* What `order` proved is true of any window that has runs of the test. */
static int read_ordered(struct history *h, struct history_window *w, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_ORDERED_TESTS);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && (size_t)id <= w->n)
			w->stats[id - 1].ordered = true;
	}
	return history_finish(h, s, code, err);
}

static void list_wanted(struct replay *r, const struct history_wanted *wanted)
{
	r->wanted = xcalloc(wanted->n + 1, sizeof(*r->wanted));
	for (size_t i = 0; i < MIN(wanted->n, r->window->n); i++)
		if (wanted->tests[i])
			r->wanted[r->wanted_count++] = (int64_t)i + 1;
}

int history_window_read(struct history *h, int64_t since_ms, const char *branch,
	const struct history_wanted *wanted, struct history_window *ret, struct error *err)
{
	struct history_window window = {0};
	struct replay r = {.h = h, .window = &window, .decay = HISTORY_DECAY_INIT, .err = err};

	if (count_tests(h, &window.n, err) < 0)
		return -1;
	window.stats = xcalloc(window.n + 1, sizeof(*window.stats));
	if (wanted)
		list_wanted(&r, wanted);
	history_scan(h, true);
	int result = replay_runs(&r, select_runs(h, since_ms, branch));
	history_scan(h, false);
	if (result == 0)
		result = read_ordered(h, &window, err);
	release(&r);
	if (result == 0)
		*ret = window;
	else
		history_window_release(&window);
	return result;
}

/* ---- the running statistics ---------------------------------------------------------------------
 */

static int read_faults(struct history *h, struct history_window *w, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_GET_FAULTS);
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && (size_t)id <= w->n)
			history_row_faults(s, &w->stats[id - 1]);
	}
	return history_finish(h, s, code, err);
}

static bool is_wanted(const struct history_wanted *w, int64_t id)
{
	return !w || (id >= 1 && (size_t)id <= w->n && w->tests[id - 1]);
}

static bool is_wanted_file(const struct history_wanted *w, int64_t id)
{
	return !w || !w->files || (id >= 1 && (size_t)id <= w->file_count && w->files[id - 1]);
}

static int read_stats(struct history *h, const struct history_wanted *wanted,
	struct history_window *w, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_ALL_STATS);
	struct history_stats stats;
	int64_t id;
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		if (!is_wanted_file(wanted, sqlite3_column_int64(s, 0)))
			continue;
		const char *text = history_text(s, 1);
		while (history_stats_id(text, &id)) {
			if (!is_wanted(wanted, id))
				history_stats_skip(&text);
			else if (!history_stats_next(&text, &id, &stats))
				break;
			else if (id >= 1 && (size_t)id <= w->n)
				w->stats[id - 1] = stats;
		}
	}
	return history_finish(h, s, code, err);
}

int history_window_stored(struct history *h, const struct history_wanted *wanted,
	struct history_window *ret, struct error *err)
{
	struct history_window window = {0};

	if (count_tests(h, &window.n, err) < 0)
		return -1;
	window.stats = xcalloc(window.n + 1, sizeof(*window.stats));
	history_scan(h, true);
	int result = read_stats(h, wanted, &window, err);
	history_scan(h, false);
	if (result < 0 || read_faults(h, &window, err) < 0 ||
		read_ordered(h, &window, err) < 0) {
		history_window_release(&window);
		return -1;
	}
	*ret = window;
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
