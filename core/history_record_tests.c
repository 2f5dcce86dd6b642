#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/fingerprint.h"
#include "core/history_pack.h"
#include "core/history_parts.h"
#include "core/history_record.h"
#include "core/history_rows.h"

enum { MESSAGE_BYTES = 2000 };

/* A test of the run with what is known of it. */
struct entry {
	const struct state_test *test;
	int64_t id;
	size_t file; /* position in state->files */
	struct history_stats stats;
};

/* The tests of one file in `entries`. */
struct file {
	size_t index, from, n; /* index: in state->files */
	char digest[DIGEST_HEX_SIZE];
	struct strbuf rest; /* statistics of its tests that this run did not have, as text */
};

struct entries {
	struct entry *v;
	size_t n, cap;
	struct file *files;
	size_t file_count;
};

/* What earlier runs saw at this commit: [id - 1], bit 0 passed, bit 1 failed. */
struct seen {
	unsigned char *masks;
	size_t n;
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
	sqlite3_stmt *s = history_sql(r->h, SQL_TEST_ID);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, file_id);
	sqlite3_bind_text(s, 2, e->test->path, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 3, e->test->occurrence);
	e->id = history_record_id(s);
	return e->id > 0 ? 0 : history_error(r->h, r->err, "cannot write");
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

static int load_file(struct recording *r, struct file *file, struct entry *v)
{
	const struct state_file *f = r->state->files[file->index];
	int64_t file_id = r->file_ids[file->index];
	sqlite3_stmt *s = history_sql(r->h, SQL_GET_STATS);

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	digest_titles(f, file->digest);
	sqlite3_bind_int64(s, 1, file_id);
	bool found = sqlite3_step(s) == SQLITE_ROW;
	const char *text = found ? history_text(s, 1) : "";
	bool same = found && streq(history_text(s, 0), file->digest) && has_as_many(text, file->n);
	int result = same ? 0 : look_up(r, v, file->n, file_id);
	if (result == 0)
		take_stats(v, file->n, text, same, &file->rest);
	if (result == 0 && !v[file->n - 1].id) /* a damaged text */
		result = look_up(r, v, file->n, file_id);
	sqlite3_reset(s);
	return result;
}

static int add_file(struct recording *r, struct entries *all, size_t index)
{
	const struct state_file *f = r->state->files[index];
	struct file *file = &all->files[all->file_count];

	if (!f->test_count || !history_part_has_file(r, f))
		return 0;
	*file = (struct file){
		.index = index, .from = all->n, .n = f->test_count, .rest = STRBUF_INIT};
	all->file_count++;
	GROW(all->v, all->n + f->test_count, all->cap);
	for (size_t k = 0; k < f->test_count; k++)
		all->v[all->n++] = (struct entry){.test = f->tests[k], .file = index};
	return load_file(r, file, all->v + file->from);
}

static int save_file(struct recording *r, const struct entries *all, const struct file *file)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	for (size_t i = 0; i < file->n; i++) {
		const struct entry *e = &all->v[file->from + i];
		strbuf_addch(&text, text.len ? ',' : '[');
		history_stats_write(&text, e->id, &e->stats);
	}
	strbuf_add(&text, file->rest.buf, file->rest.len);
	strbuf_addch(&text, ']');
	return history_put_stats(r->h, r->file_ids[file->index], file->digest, &text, r->err);
}

/* Faults are few: all of them are read, each finds its test. */
static int load_faults(struct recording *r, struct entries *all)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_GET_FAULTS);
	int64_t last = 0;
	int code;

	if (!s)
		return history_error(r->h, r->err, "cannot write");
	for (size_t i = 0; i < all->n; i++)
		last = MAX(last, all->v[i].id);
	cleanup_free uint32_t *places = xcalloc((size_t)last + 1, sizeof(*places));
	for (size_t i = 0; i < all->n; i++)
		places[all->v[i].id] = (uint32_t)i + 1;
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && id <= last && places[id])
			history_row_faults(s, &all->v[places[id] - 1].stats);
	}
	return history_finish(r->h, s, code, r->err);
}

/* ---- what is new of a test
 * ----------------------------------------------------------------------- */

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

static int put_pack(struct recording *r, const struct entries *all)
{
	cleanup_free struct history_packed *items = xcalloc(all->n + 1, sizeof(*items));
	cleanup_strbuf struct strbuf data = STRBUF_INIT;
	struct history_pack pack;
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		const struct state_test *t = all->v[i].test;
		enum outcome outcome = new_outcome(r, t);
		if (outcome != OUTCOME_NONE)
			items[n++] = (struct history_packed){all->v[i].id, outcome, t->duration_us};
	}
	if (!n)
		return 0;
	history_pack_make(items, n, &pack, &data);
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_PACK);
	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, r->run_id);
	sqlite3_bind_int(s, 2, pack.shape);
	sqlite3_bind_int64(s, 3, pack.first);
	sqlite3_bind_blob64(s, 4, pack.data, pack.len, SQLITE_STATIC);
	return history_record_done(r, s);
}

static void see(struct seen *seen, const struct history_pack *pack)
{
	struct history_packed p;
	size_t cursor = 0;

	while (history_pack_next(pack, &cursor, &p))
		if (p.id >= 1 && (size_t)p.id <= seen->n && p.outcome <= OUTCOME_FAILED)
			seen->masks[p.id - 1] |= (unsigned char)p.outcome;
}

/* Before the own pack is written. */
static int look_at_commit(struct recording *r, const struct entries *all, struct seen *seen)
{
	sqlite3_stmt *s = history_sql(r->h, SQL_COMMIT_PACKS);
	int code;

	for (size_t i = 0; i < all->n; i++)
		seen->n = MAX(seen->n, (size_t)all->v[i].id);
	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, r->commit_id);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		struct history_pack pack = history_row_pack(s, 0);
		if (!seen->masks)
			seen->masks = xcalloc(seen->n + 1, 1);
		see(seen, &pack);
	}
	return history_finish(r->h, s, code, r->err);
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

static int record_test(struct recording *r, struct entry *e, struct history_sample x,
	const struct seen *seen, struct history_decay *decay)
{
	x.outcome = new_outcome(r, e->test);
	x.duration_us = e->test->duration_us;
	if (x.outcome == OUTCOME_NONE)
		return 0;
	if ((e->test->earlier || x.outcome == OUTCOME_FAILED) && put_attempts(r, e, &x) < 0)
		return -1;
	if (seen->masks && x.outcome <= OUTCOME_FAILED) {
		unsigned before = seen->masks[e->id - 1];
		x.both = before != 3 && (before | x.outcome) == 3;
	}
	history_stats_add(&e->stats, &x, decay);
	return e->stats.faulty ? history_put_faults(r->h, e->id, &e->stats, r->err) : 0;
}

int history_record_tests(struct recording *r)
{
	struct entries all = {0};
	struct seen seen = {0};
	struct history_decay decay = HISTORY_DECAY_INIT;
	const struct history_sample x = {
		.run = r->run_id,
		.commit = r->commit_id,
		.when_ms = MAX(r->state->started_ms, 1),
		.default_branch = history_is_default_branch(r->state->run.branch),
	};
	int result = 0;

	all.files = xcalloc(r->state->file_count + 1, sizeof(*all.files));
	for (size_t i = 0; i < r->state->file_count && result == 0; i++)
		result = add_file(r, &all, i);
	if (result == 0)
		result = load_faults(r, &all);
	if (result == 0 && r->commit_sure)
		result = look_at_commit(r, &all, &seen);
	if (result == 0)
		result = put_pack(r, &all);
	for (size_t i = 0; i < all.n && result == 0; i++)
		result = record_test(r, &all.v[i], x, &seen, &decay);
	for (size_t i = 0; i < all.file_count && result == 0; i++)
		result = save_file(r, &all, &all.files[i]);
	for (size_t i = 0; i < all.file_count; i++)
		strbuf_release(&all.files[i].rest);
	free(seen.masks);
	free(all.files);
	free(all.v);
	return result;
}
