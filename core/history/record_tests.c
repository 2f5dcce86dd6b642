#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/flaky/fingerprint.h"
#include "core/history/pack.h"
#include "core/history/parts.h"
#include "core/history/record.h"
#include "core/history/rows.h"

enum { MESSAGE_BYTES = 2000 };

/* A test of the run with what is known of it. */
struct entry {
	const struct state_test *test;
	int64_t id;
	size_t file; /* position in state->files */
	struct history_stats stats;
};

/* The tests of the file at hand: statistics are large, so they are held for one file only. */
struct file {
	size_t index; /* in state->files */
	struct entry *v;
	size_t n, cap;
	char digest[DIGEST_HEX_SIZE];
	struct strbuf rest; /* statistics of its tests that this run did not have, as text */
};

/* What is known of the tests before this run: [id - 1]. Bit 0 and 1: at this commit it was seen to
 * pass, to fail (the values of enum outcome); bit 2: it has a row of faults. */
enum { HAS_FAULTS = 4 };
struct seen {
	unsigned char *masks;
	size_t n;
};

struct tests {
	struct file file;
	struct history_packed *items; /* of all files */
	size_t item_count;
	struct seen seen;
	struct history_sample sample; /* what all of them have in common */
	struct history_decay decay;
};

/* ---- names ------------------------------------------------------------------------------------- */

/* In the order of the index on tests, so that the two lists are merged in one pass. */
static int by_name(const void *a, const void *b)
{
	const struct state_test *x = *(const struct state_test *const *)a;
	const struct state_test *y = *(const struct state_test *const *)b;
	int order = strcmp(x->path, y->path);

	return order ? order : (x->occurrence > y->occurrence) - (x->occurrence < y->occurrence);
}

static int compare_row(const struct state_test *t, sqlite3_stmt *s)
{
	int order = strcmp(t->path, history_text(s, 1)), occurrence = sqlite3_column_int(s, 2);

	return order ? order : (t->occurrence > occurrence) - (t->occurrence < occurrence);
}

/* ids[i] of sorted[i]; 0 = not known. */
static int find_ids(struct recording *r, const struct state_test **sorted, int64_t *ids, size_t n,
	int64_t file_id)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_FILE_TESTS);
	size_t i = 0;
	int code;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	while ((code = sqlite3_step(s)) == SQLITE_ROW && i < n) {
		int order = -1;
		while (i < n && (order = compare_row(sorted[i], s)) < 0)
			i++;
		if (i < n && order == 0)
			ids[i++] = sqlite3_column_int64(s, 0);
	}
	sqlite3_reset(s);
	return code == SQLITE_ROW || code == SQLITE_DONE
		       ? 0
		       : history_error(r->h, r->err, "cannot write");
}

static int add_test(struct recording *r, struct entry *e, int64_t file_id)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_TEST);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	sqlite3_bind_text(s, 2, e->test->path, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 3, e->test->occurrence);
	if (history_record_done(r, s) < 0)
		return -1;
	e->id = sqlite3_last_insert_rowid(r->h->db);
	return 0;
}

/* The titles are not those of the last time: look every one up. New tests get their ids in the
 * order of the file, which is how they are shown. */
static int look_up(struct recording *r, struct entry *v, size_t n, int64_t file_id)
{
	cleanup_free const struct state_test **sorted = xcalloc(n, sizeof(*sorted));
	cleanup_free int64_t *ids = xcalloc(n, sizeof(*ids));
	int result = 0;

	for (size_t i = 0; i < n; i++)
		sorted[i] = v[i].test;
	qsort(sorted, n, sizeof(*sorted), by_name);
	if (find_ids(r, sorted, ids, n, file_id) < 0)
		return -1;
	for (size_t i = 0; i < n && result == 0; i++) {
		const struct state_test **at = bsearch(&v[i].test, sorted, n, sizeof(*at), by_name);
		v[i].id = ids[at - sorted];
		if (!v[i].id)
			result = add_test(r, &v[i], file_id);
	}
	return result;
}

/* Names the titles of the tests in their order. */
static void digest_titles(const struct state_file *f, char digest[static DIGEST_HEX_SIZE])
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t k = 0; k < f->test_count; k++) {
		strbuf_add(&text, f->tests[k]->path, strlen(f->tests[k]->path) + 1);
		strbuf_add(&text, &f->tests[k]->occurrence, sizeof(f->tests[k]->occurrence));
	}
	digest_hex(text.buf, text.len, digest);
}

/* ---- statistics of a file ---------------------------------------------------------------------- */

/* Statistics by id, of the tests that ran and, behind them, of those that did not. */
static void take_stats(struct entry *v, size_t n, const char *text, bool same, struct strbuf *rest)
{
	struct history_stats stats;
	int64_t id;
	size_t at = 0;

	while (history_stats_next(&text, &id, &stats)) {
		if (same && at < n) {
			v[at].id = id;
			v[at++].stats = stats;
			continue;
		}
		/* most often they follow each other */
		size_t i = 0;
		while (i < n && v[(at + i) % n].id != id)
			i++;
		if (i < n) {
			at = (at + i) % n;
			v[at].stats = stats;
			at = (at + 1) % n;
		} else {
			strbuf_addch(rest, ',');
			history_stats_write(rest, id, &stats);
		}
	}
}

static bool has_as_many(const char *text, size_t n)
{
	for (; n && (text = strchr(text, ']')); text++)
		n--;
	return !n;
}

static int load_faults(struct recording *r, struct entry *e)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_TEST_FAULTS);
	int code;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, e->id);
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		history_row_faults(s, &e->stats);
	return history_finish(r->h, s, code, r->err);
}

static unsigned char seen_mask(const struct seen *seen, int64_t id)
{
	return id >= 1 && (size_t)id <= seen->n ? seen->masks[id - 1] : 0;
}

static int load_stats(struct recording *r, struct file *file)
{
	int64_t file_id = r->file_ids[file->index];
	sqlite3_stmt *s = history_sql(r->h, SQL_GET_STATS);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	digest_titles(r->state->files[file->index], file->digest);
	sqlite3_bind_int64(s, 1, file_id);
	bool found = sqlite3_step(s) == SQLITE_ROW;
	const char *text = found ? history_text(s, 1) : "";
	bool same = found && streq(history_text(s, 0), file->digest) && has_as_many(text, file->n);
	int result = same ? 0 : look_up(r, file->v, file->n, file_id);
	if (result == 0)
		take_stats(file->v, file->n, text, same, &file->rest);
	if (result == 0 && !file->v[file->n - 1].id) /* a damaged text */
		result = look_up(r, file->v, file->n, file_id);
	sqlite3_reset(s);
	return result;
}

/* False: it has no tests. */
static bool start_file(struct recording *r, struct file *file, size_t index)
{
	const struct state_file *f = r->state->files[index];

	if (!f->test_count || !history_part_has_file(r, f))
		return false;
	file->index = index;
	file->n = f->test_count;
	GROW(file->v, file->n, file->cap);
	for (size_t k = 0; k < file->n; k++)
		file->v[k] = (struct entry){.test = f->tests[k], .file = index};
	strbuf_reset(&file->rest);
	return true;
}

static int load_file(struct recording *r, struct file *file, const struct seen *seen)
{
	if (load_stats(r, file) < 0)
		return -1;
	for (size_t k = 0; k < file->n; k++)
		if (seen_mask(seen, file->v[k].id) & HAS_FAULTS && load_faults(r, &file->v[k]) < 0)
			return -1;
	return 0;
}

static int save_file(struct recording *r, const struct file *file)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < file->n; i++) {
		strbuf_addch(&text, text.len ? ',' : '[');
		history_stats_write(&text, file->v[i].id, &file->v[i].stats);
	}
	strbuf_add(&text, file->rest.buf, file->rest.len);
	strbuf_addch(&text, ']');
	return history_put_stats(r->h, r->file_ids[file->index], file->digest, &text, r->err);
}

/* ---- what is new of a test --------------------------------------------------------------------- */

static bool has_new_attempt(const struct recording *r, const struct state_test *t)
{
	for (const struct state_attempt *a = t->earlier; a; a = a->next)
		if (history_part_is_new(r, a->source))
			return true;
	return false;
}

/* OUTCOME_NONE: nothing. When the run that passed it is known and an older one that is not had it
 * fail, then that is what is new. */
static enum outcome new_outcome(const struct recording *r, const struct state_test *t)
{
	if (t->outcome == OUTCOME_NOT_RUN)
		return OUTCOME_NONE;
	if (history_part_is_new(r, t->source))
		return t->outcome;
	return has_new_attempt(r, t) ? OUTCOME_FAILED : OUTCOME_NONE;
}

/* ---- the pack ---------------------------------------------------------------------------------- */

static int put_pack(struct recording *r, const struct tests *all)
{
	cleanup_strbuf struct strbuf data = STRBUF_INIT;
	struct history_pack pack;

	if (!all->item_count)
		return 0;
	history_pack_make(all->items, all->item_count, &pack, &data);
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_PACK);
	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, r->run_id);
	sqlite3_bind_int(s, 2, pack.shape);
	sqlite3_bind_int64(s, 3, pack.first);
	sqlite3_bind_blob64(s, 4, pack.data, pack.len, SQLITE_STATIC);
	return history_record_done(r, s);
}

/* ---- what is known already --------------------------------------------------------------------- */

static void see(struct seen *seen, const struct history_pack *pack)
{
	struct history_packed p;
	size_t cursor = 0;

	while (history_pack_next(pack, &cursor, &p))
		if (p.id >= 1 && (size_t)p.id <= seen->n && p.outcome <= OUTCOME_FAILED)
			seen->masks[p.id - 1] |= (unsigned char)p.outcome;
}

static int look_at_commit(struct recording *r, struct seen *seen)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_COMMIT_PACKS);
	int code;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, r->commit_id);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_pack pack = history_row_pack(s, 0);
		see(seen, &pack);
	}
	return history_finish(r->h, s, code, r->err);
}

/* Faults are few: which tests have some is asked once. */
static int look_at_faults(struct recording *r, struct seen *seen)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_FAULTY);
	int code;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && (size_t)id <= seen->n)
			seen->masks[id - 1] |= HAS_FAULTS;
	}
	return history_finish(r->h, s, code, r->err);
}

/* Before this run adds tests and its own pack. */
static int look_back(struct recording *r, struct seen *seen)
{
	seen->n = (size_t)MAX(history_record_id(history_sql(r->h, SQL_MAX_TEST)), 0);
	seen->masks = xcalloc(seen->n + 1, 1);
	if (r->commit_sure && look_at_commit(r, seen) < 0)
		return -1;
	return look_at_faults(r, seen);
}

/* ---- failed attempts --------------------------------------------------------------------------- */

/* The newest text stands for all messages of a test with this fingerprint. */
static int64_t message_id(struct recording *r, int64_t test_id, const char *message)
{
	int64_t print = fingerprint(message);
	sqlite3_stmt *s = print ? history_sql(r->h, SQL_MESSAGE_ID) : NULL;

	if (!s)
		return 0;
	sqlite3_bind_int64(s, 1, print);
	sqlite3_bind_int64(s, 3, test_id);
	sqlite3_bind_text(s, 2, message, (int)strnlen(message, MESSAGE_BYTES), SQLITE_STATIC);
	return MAX(history_record_id(s), 0);
}

static int put_attempt(struct recording *r, const struct entry *e, int attempt, int64_t us,
	const struct failure *failure, struct history_sample *x)
{
	const struct state_file *f = r->state->files[e->file];

	x->failed_attempts++;
	x->timeouts += failure->kind == FAILURE_TIMEOUT;
	x->cost_us += us;
	x->message = message_id(r, e->id, failure->message);
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_FAILURE);
	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, r->run_id);
	sqlite3_bind_int64(s, 2, e->id);
	sqlite3_bind_int(s, 3, attempt);
	sqlite3_bind_int64(s, 4, us);
	sqlite3_bind_int(s, 5, failure->kind);
	if (x->message)
		sqlite3_bind_int64(s, 6, x->message);
	sqlite3_bind_int(s, 7, f->worker);
	sqlite3_bind_int(s, 8, r->positions[e->file]);
	sqlite3_bind_int64(s, 9, f->rss_kb);
	return history_record_done(r, s);
}

static int put_attempts(struct recording *r, const struct entry *e, struct history_sample *x)
{
	const struct state_test *t = e->test;

	for (const struct state_attempt *a = t->earlier; a; a = a->next)
		if (history_part_is_new(r, a->source) &&
			put_attempt(r, e, a->attempt, a->duration_us, &a->failure, x) < 0)
			return -1;
	if (!history_part_is_new(r, t->source))
		return 0;
	if (t->outcome == OUTCOME_FAILED)
		return put_attempt(r, e, t->attempts, t->duration_us, &t->failure, x);
	if (x->failed_attempts)
		x->cost_us += t->duration_us;
	return 0;
}

static int record_test(struct recording *r, struct entry *e, struct tests *all)
{
	struct history_sample x = all->sample;

	x.outcome = new_outcome(r, e->test);
	x.duration_us = e->test->duration_us;
	if (x.outcome == OUTCOME_NONE)
		return 0;
	all->items[all->item_count++] = (struct history_packed){e->id, x.outcome, x.duration_us};
	if ((e->test->earlier || x.outcome == OUTCOME_FAILED) && put_attempts(r, e, &x) < 0)
		return -1;
	if (x.outcome <= OUTCOME_FAILED) {
		unsigned before = seen_mask(&all->seen, e->id) & 3;
		x.both = before != 3 && (before | x.outcome) == 3;
	}
	history_stats_add(&e->stats, &x, &all->decay);
	return e->stats.faulty ? history_put_faults(r->h, e->id, &e->stats, r->err) : 0;
}

static int record_tests_of(struct recording *r, struct tests *all, size_t index)
{
	struct file *file = &all->file;

	if (!start_file(r, file, index))
		return 0;
	if (load_file(r, file, &all->seen) < 0)
		return -1;
	for (size_t i = 0; i < file->n; i++)
		if (record_test(r, &file->v[i], all) < 0)
			return -1;
	return save_file(r, file);
}

int history_record_tests(struct recording *r)
{
	struct tests all = {
		.file = {.rest = STRBUF_INIT},
		.sample =
			{
				.run = r->run_id,
				.commit = r->commit_id,
				.when_ms = MAX(r->state->started_ms, 1),
				.default_branch = history_is_default_branch(r->state->run.branch),
			},
		.decay = HISTORY_DECAY_INIT,
	};
	size_t tests = 0;

	for (size_t i = 0; i < r->state->file_count; i++)
		tests += r->state->files[i]->test_count;
	all.items = xcalloc(tests + 1, sizeof(*all.items));
	int result = look_back(r, &all.seen);
	for (size_t i = 0; i < r->state->file_count && result == 0; i++)
		result = record_tests_of(r, &all, i);
	if (result == 0)
		result = put_pack(r, &all);
	strbuf_release(&all.file.rest);
	free(all.file.v);
	free(all.seen.masks);
	free(all.items);
	return result;
}
