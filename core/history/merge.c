#include "core/base/base.h"

#include "core/history/files.h"
#include "core/history/merge.h"
#include "core/history/parts.h"
#include "core/history/rows.h"
#include "core/history/window.h"

/* Names that both histories have got different row ids: each kind has a table from there to here. */
enum kind { PLATFORM, SUITE, COMMIT, BRANCH, FILE_NAME, TEST, MESSAGE, KINDS };

struct ids {
	int64_t *to; /* [id there]; 0 = not looked up yet */
	size_t n;
};

struct merging {
	struct history *h, *from;
	struct ids ids[KINDS];
	sqlite3_stmt *names[KINDS]; /* on `from`: row of an id */
	bool lost;                  /* an id could not be read or written */
	struct error *err;
};

/* Columns are bound to ?1 … of `put` as they are, but those that are ids themselves. */
static const struct {
	const char *sql;
	enum history_sql put;
	int columns;
	int refers; /* the column that is an id, or -1 */
	enum kind to;
} kinds[KINDS] = {
	[PLATFORM] = {"SELECT name FROM platforms WHERE id = ?1", SQL_PLATFORM_ID, 1, -1, 0},
	[SUITE] = {"SELECT name FROM suites WHERE id = ?1", SQL_SUITE_ID, 1, -1, 0},
	[COMMIT] = {"SELECT hash FROM commits WHERE id = ?1", SQL_COMMIT_ID, 1, -1, 0},
	[BRANCH] = {"SELECT name FROM branches WHERE id = ?1", SQL_BRANCH_ID, 1, -1, 0},
	[FILE_NAME] = {"SELECT suite_id, project, path FROM files WHERE id = ?1", SQL_FILE_ID, 3, 0,
		SUITE},
	[TEST] = {"SELECT file_id, path, occurrence FROM tests WHERE id = ?1", SQL_TEST_ID, 3, 0,
		FILE_NAME},
	[MESSAGE] = {"SELECT fingerprint, text, test_id FROM messages WHERE id = ?1",
		SQL_MESSAGE_ID, 3, 2, TEST},
};

/* The id here of what has that id there; 0 = there is no such thing, -1 = an error. */
static int64_t map_id(struct merging *m, enum kind kind, int64_t id);
static int64_t find_id(struct merging *m, enum kind kind, int64_t id)
{
	struct ids *ids = &m->ids[kind];
	sqlite3_stmt *s = m->names[kind];
	int64_t refers = 0;

	if (id < 1 || id > INT32_MAX)
		return 0;
	if ((size_t)id < ids->n && ids->to[id])
		return ids->to[id];
	sqlite3_reset(s);
	sqlite3_bind_int64(s, 1, id);
	int code = sqlite3_step(s);
	if (code != SQLITE_ROW)
		return code == SQLITE_DONE ? 0 : -1;
	if (kinds[kind].refers >= 0) {
		int64_t other = sqlite3_column_int64(s, kinds[kind].refers);
		refers = map_id(m, kinds[kind].to, other);
		if (refers <= 0)
			return refers;
	}
	sqlite3_stmt *put = history_sql(m->h, kinds[kind].put);
	if (!put)
		return -1;
	for (int i = 0; i < kinds[kind].columns; i++) {
		if (i == kinds[kind].refers)
			sqlite3_bind_int64(put, i + 1, refers);
		else
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(s, i));
	}
	int64_t found = history_record_id(put);
	if (found < 1)
		return -1;
	if ((size_t)id >= ids->n) {
		size_t n = MAX((size_t)id + 1, ids->n * 2);
		ids->to = xrealloc(ids->to, n * sizeof(*ids->to));
		memset(ids->to + ids->n, 0, (n - ids->n) * sizeof(*ids->to));
		ids->n = n;
	}
	return ids->to[id] = found;
}

static int64_t map_id(struct merging *m, enum kind kind, int64_t id)
{
	int64_t found = find_id(m, kind, id);

	m->lost |= found < 0;
	return found;
}

/* Rows of `from` end where they end, and not where they cannot be read any further. */
static int end_rows(struct merging *m, sqlite3_stmt *s, int result, int code)
{
	if (result == 0 && code != SQLITE_DONE)
		result = history_error(m->from, m->err, "cannot read");
	sqlite3_finalize(s);
	return result;
}

static sqlite3_stmt *select_run(struct merging *m, const char *sql, int64_t run)
{
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(m->from->db, sql, -1, &s, NULL) != SQLITE_OK) {
		history_error(m->from, m->err, "cannot read");
		return NULL;
	}
	sqlite3_bind_int64(s, 1, run);
	return s;
}

/* ---- one run ----------------------------------------------------------------------------------- */

static int copy_pack(struct merging *m, int64_t from, int64_t run)
{
	sqlite3_stmt *s =
		select_run(m, "SELECT shape, first_test, pack FROM packs WHERE run_id = ?1", from);
	cleanup_free struct history_packed *items = NULL;
	cleanup_strbuf struct strbuf data = STRBUF_INIT;
	struct history_packed p;
	size_t n = 0, cap = 0, cursor = 0;
	int result = s ? 0 : -1, code = s ? sqlite3_step(s) : SQLITE_DONE;

	if (code == SQLITE_ROW) {
		struct history_pack pack = history_row_pack(s, 0);
		while (result == 0 && history_pack_next(&pack, &cursor, &p)) {
			p.id = map_id(m, TEST, p.id);
			if (p.id < 0)
				result = history_error(m->h, m->err, "cannot write");
			if (p.id <= 0)
				continue;
			GROW(items, n + 1, cap);
			items[n++] = p;
		}
		code = SQLITE_DONE;
	}
	result = end_rows(m, s, result, code);
	if (result < 0 || !n)
		return result;
	struct history_pack pack;
	history_pack_make(items, n, &pack, &data);
	s = history_sql(m->h, SQL_ADD_PACK);
	if (s) {
		sqlite3_bind_int64(s, 1, run);
		sqlite3_bind_int(s, 2, pack.shape);
		sqlite3_bind_int64(s, 3, pack.first);
		sqlite3_bind_blob64(s, 4, pack.data, pack.len, SQLITE_STATIC);
	}
	return history_write(m->h, s, m->err);
}

/* Rows of a table, column by column; the first is the run. `maps[i]`: KINDS = as it is. */
static int copy_rows(struct merging *m, const char *sql, enum history_sql put,
	const enum kind *maps, int columns, int64_t from, int64_t run)
{
	sqlite3_stmt *s = select_run(m, sql, from);
	int result = s ? 0 : -1, code = SQLITE_DONE;

	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t ids[16] = {0};
		for (int i = 0; i < columns; i++)
			if (maps[i] != KINDS)
				ids[i] = map_id(m, maps[i], sqlite3_column_int64(s, i));
		sqlite3_stmt *to = history_sql(m->h, put);
		for (int i = 0; to && i < columns; i++) {
			if (i == 0)
				sqlite3_bind_int64(to, 1, run);
			else if (maps[i] == KINDS)
				sqlite3_bind_value(to, i + 1, sqlite3_column_value(s, i));
			else if (ids[i] > 0)
				sqlite3_bind_int64(to, i + 1, ids[i]);
		}
		result = history_write(m->h, to, m->err);
	}
	return end_rows(m, s, result, code);
}

static int copy_files(struct merging *m, int64_t from, int64_t run)
{
	sqlite3_stmt *s = select_run(m, "SELECT pack FROM run_files WHERE run_id = ?1", from);
	cleanup_strbuf struct strbuf pack = STRBUF_INIT;
	struct history_file_entry e;

	if (!s)
		return -1;
	int code = sqlite3_step(s);
	if (code == SQLITE_ROW) {
		const unsigned char *data = sqlite3_column_blob(s, 0);
		const unsigned char *end = data ? data + sqlite3_column_bytes(s, 0) : NULL;
		while (data && history_files_next(&data, end, &e)) {
			e.file_id = map_id(m, FILE_NAME, e.file_id);
			if (e.file_id > 0)
				history_files_put(&pack, &e);
		}
		code = SQLITE_DONE;
	}
	if (end_rows(m, s, 0, code) < 0)
		return -1;
	if (!pack.len)
		return 0;
	s = history_sql(m->h, SQL_ADD_RUN_FILES);
	if (s) {
		sqlite3_bind_int64(s, 1, run);
		sqlite3_bind_blob64(s, 2, pack.buf, pack.len, SQLITE_STATIC);
	}
	return history_write(m->h, s, m->err);
}

/* `s` is on a row of all_runs[]. Returns the id here, or -1. */
static int64_t add_run(struct merging *m, sqlite3_stmt *s)
{
	enum { FIRST = 1, PLATFORM_AT = 4, COMMIT_AT = 5, BRANCH_AT = 6, COLUMNS = 21 };
	int64_t ids[] = {map_id(m, PLATFORM, sqlite3_column_int64(s, PLATFORM_AT)),
		map_id(m, COMMIT, sqlite3_column_int64(s, COMMIT_AT)),
		map_id(m, BRANCH, sqlite3_column_int64(s, BRANCH_AT))};
	sqlite3_stmt *put = history_sql(m->h, SQL_ADD_RUN);

	for (int i = FIRST; put && i <= COLUMNS; i++) {
		if (i < PLATFORM_AT || i > BRANCH_AT)
			sqlite3_bind_value(put, i, sqlite3_column_value(s, i));
		else if (ids[i - PLATFORM_AT] > 0)
			sqlite3_bind_int64(put, i, ids[i - PLATFORM_AT]);
	}
	return history_record_id(put);
}

static const char all_runs[] =
	"SELECT id, uid, started_ms, duration_ms, platform_id, commit_id, branch_id, commit_sure,"
	" ci_attempt, run_url, shards, predicted_ms, makespan_ms, exit_code, verdict, workers, "
	"files,"
	" tests, passed, failed, skipped, flaky FROM runs ORDER BY started_ms, id";

static int copy_run(struct merging *m, sqlite3_stmt *s)
{
	static const enum kind failure_maps[] = {
		KINDS, TEST, KINDS, KINDS, KINDS, MESSAGE, KINDS, KINDS, KINDS};
	static const enum kind shard_maps[] = {
		KINDS, KINDS, KINDS, KINDS, KINDS, KINDS, KINDS, KINDS};
	int64_t from = sqlite3_column_int64(s, 0), run = add_run(m, s);

	if (run < 1)
		return history_error(m->h, m->err, "cannot write");
	if (history_parts_copy(m->h, m->from, from, run, m->err) < 0)
		return -1;
	if (copy_pack(m, from, run) < 0 || copy_files(m, from, run) < 0)
		return -1;
	if (copy_rows(m,
		    "SELECT run_id, test_id, attempt, duration_us, kind, message_id, worker,"
		    " position, rss_kb FROM failures WHERE run_id = ?1",
		    SQL_ADD_FAILURE, failure_maps, ARRAY_LEN(failure_maps), from, run) < 0)
		return -1;
	return copy_rows(m,
		"SELECT run_id, shard, ci_attempt, status, startup_us, predicted_ms, duration_us,"
		" files FROM run_shards WHERE run_id = ?1",
		SQL_ADD_SHARD, shard_maps, ARRAY_LEN(shard_maps), from, run);
}

/* ---- all of it --------------------------------------------------------------------------------- */

/* Estimates that are newer there. */
static int copy_estimates(struct merging *m)
{
	static const char sql[] =
		"SELECT platform_id, file_id, estimate_ms, samples, last_ms, rss_kb"
		" FROM file_stats";
	sqlite3_stmt *s = NULL, *put = NULL;
	int result = 0, code = SQLITE_DONE;

	if (sqlite3_prepare_v2(m->from->db, sql, -1, &s, NULL) != SQLITE_OK)
		return history_error(m->from, m->err, "cannot read");
	if (sqlite3_prepare_v2(m->h->db,
		    "INSERT INTO file_stats(platform_id, file_id, estimate_ms, samples, last_ms,"
		    " rss_kb) VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET estimate_ms "
		    "="
		    " excluded.estimate_ms, samples = max(samples, excluded.samples), last_ms ="
		    " excluded.last_ms, rss_kb = excluded.rss_kb WHERE excluded.last_ms > last_ms",
		    -1, &put, NULL) != SQLITE_OK)
		result = history_error(m->h, m->err, "cannot write");
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t platform = map_id(m, PLATFORM, sqlite3_column_int64(s, 0));
		int64_t file = map_id(m, FILE_NAME, sqlite3_column_int64(s, 1));
		if (platform < 1 || file < 1)
			continue;
		sqlite3_bind_int64(put, 1, platform);
		sqlite3_bind_int64(put, 2, file);
		for (int i = 2; i < 6; i++)
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(s, i));
		result = history_write(m->h, put, m->err);
	}
	sqlite3_finalize(put);
	return end_rows(m, s, result, code);
}

static int copy_orders(struct merging *m)
{
	sqlite3_stmt *s = NULL;
	int result = 0, code = SQLITE_DONE;

	if (sqlite3_prepare_v2(m->from->db,
		    "SELECT test_id, culprits, needed, found_ms, run FROM order_findings", -1, &s,
		    NULL) != SQLITE_OK)
		return history_error(m->from, m->err, "cannot read");
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t test = map_id(m, TEST, sqlite3_column_int64(s, 0));
		sqlite3_stmt *put = history_sql(m->h, SQL_PUT_ORDER);
		if (test < 1 || !put)
			continue;
		sqlite3_bind_int64(put, 1, test);
		for (int i = 1; i < 5; i++)
			sqlite3_bind_value(put, i + 1, sqlite3_column_value(s, i));
		result = history_write(m->h, put, m->err);
	}
	return end_rows(m, s, result, code);
}

static int copy_runs(struct merging *m, struct history_imported *ret)
{
	sqlite3_stmt *s = NULL;
	int result = 0, code = SQLITE_DONE;

	if (sqlite3_prepare_v2(m->from->db, all_runs, -1, &s, NULL) != SQLITE_OK)
		return history_error(m->from, m->err, "cannot read");
	while (result == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
		if (history_has_run(m->h, history_text(s, 1)) ||
			history_parts_are_here(m->h, m->from, sqlite3_column_int64(s, 0))) {
			ret->known++;
			continue;
		}
		result = copy_run(m, s);
		ret->runs++;
	}
	return end_rows(m, s, result, code);
}

static int merge(struct merging *m, struct history_imported *ret)
{
	struct history_window window;
	sqlite3_stmt *last = history_sql(m->h, SQL_LAST_RUN);
	int64_t newest = history_record_id(last);

	if (copy_runs(m, ret) < 0 || copy_estimates(m) < 0 || copy_orders(m) < 0)
		return -1;
	if (m->lost)
		return error_set(m->err, EXIT_CODE_INFRASTRUCTURE,
			"cannot take over all names of %s", m->from->path);
	if (!ret->runs)
		return 0;
	if (history_window_stored(m->h, NULL, &window, m->err) < 0)
		return -1;
	int result = history_window_add(m->h, newest, &window, m->err);
	if (result == 0)
		result = history_window_write(m->h, &window, m->err);
	history_window_release(&window);
	return result;
}

static bool is_empty(struct history *h)
{
	return history_record_id(history_sql(h, SQL_LAST_RUN)) < 1;
}

/* All pages, in one transaction of SQLite's own. */
static int take_whole(struct history *h, struct history *from, struct error *err)
{
	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_reset(h->statements[i]);
	sqlite3_backup *b = sqlite3_backup_init(h->db, "main", from->db, "main");
	if (!b)
		return history_error(h, err, "cannot write");
	sqlite3_backup_step(b, -1);
	return sqlite3_backup_finish(b) == SQLITE_OK ? 0 : history_error(h, err, "cannot write");
}

static int merge_rows(struct merging *m, struct history_imported *ret)
{
	if (history_begin(m->h, m->err) < 0)
		return -1;
	int result = history_parts_table(m->h, m->err);
	for (int i = 0; i < KINDS && result == 0; i++)
		if (sqlite3_prepare_v2(m->from->db, kinds[i].sql, -1, &m->names[i], NULL) !=
			SQLITE_OK)
			result = history_error(m->from, m->err, "cannot read");
	if (result == 0)
		result = merge(m, ret);
	for (int i = 0; i < KINDS; i++) {
		sqlite3_finalize(m->names[i]);
		free(m->ids[i].to);
	}
	return history_end(m->h, result, m->err);
}

int history_merge(
	struct history *h, struct history *from, struct history_imported *ret, struct error *err)
{
	struct merging m = {.h = h, .from = from, .err = err};

	if (!is_empty(h))
		return merge_rows(&m, ret);
	if (take_whole(h, from, err) < 0)
		return -1;
	sqlite3_stmt *s = history_sql(h, SQL_COUNT_ALL_RUNS);
	ret->runs = MAX(history_record_id(s), 0);
	return 0;
}
