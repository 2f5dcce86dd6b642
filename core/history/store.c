#include "core/base/base.h"

#include "core/history/pack.h"
#include "core/history/rows.h"
#include "core/history/merge.h"
#include "core/history/parts.h"
#include "core/history/record.h"

const struct history_retention history_retention_default = {
	.keep_runs = 2000,
	.max_age_ms = 400LL * 24 * 3600 * 1000,
	.min_runs = 100,
	.max_bytes = 512LL * 1024 * 1024,
};

int history_begin(struct history *h, struct error *err)
{
	return history_exec(h, "BEGIN IMMEDIATE", "cannot write", err);
}

int history_end(struct history *h, int result, struct error *err)
{
	if (result == 0)
		result = history_exec(h, "COMMIT", "cannot write", err);
	if (result < 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}

/* ---- retention --------------------------------------------------------------------------------- */

static int64_t used_bytes(struct history *h)
{
	return (history_number(h, "PRAGMA page_count") -
		       history_number(h, "PRAGMA freelist_count")) *
	       history_number(h, "PRAGMA page_size");
}

/* Runs that are gone leave nothing behind but what they taught. */
static int delete_orphans(struct history *h, struct error *err)
{
	if (history_parts_table(h, err) < 0)
		return -1;
	return history_exec(h,
		"DELETE FROM packs WHERE run_id NOT IN (SELECT id FROM runs);"
		"DELETE FROM run_files WHERE run_id NOT IN (SELECT id FROM runs);"
		"DELETE FROM run_shards WHERE run_id NOT IN (SELECT id FROM runs);"
		"DELETE FROM run_parts WHERE run_id NOT IN (SELECT id FROM runs);"
		"DELETE FROM failures WHERE run_id NOT IN (SELECT id FROM runs);",
		"cannot write", err);
}

/* A clock that is wrong for one run makes all others old: the newest stay, whatever it says. */
static int delete_old(
	struct history *h, const struct history_retention *keep, int64_t now_ms, struct error *err)
{
	cleanup_free char *sql = xasprintf("DELETE FROM runs WHERE started_ms < %" PRId64
					   " AND id NOT IN (SELECT id FROM runs ORDER BY started_ms"
					   " DESC, id DESC LIMIT %" PRId64 ")",
		now_ms - keep->max_age_ms, keep->min_runs);

	return history_exec(h, sql, "cannot write", err);
}

/* The oldest tenth, until the rest fits. */
static int prune_to_size(struct history *h, int64_t max_bytes, struct error *err)
{
	while (used_bytes(h) > max_bytes) {
		int64_t runs = history_number(h, "SELECT count(*) FROM runs");
		cleanup_free char *sql =
			xasprintf("DELETE FROM runs WHERE id IN (SELECT id FROM runs ORDER BY"
				  " started_ms, id LIMIT %" PRId64 ")",
				MAX(runs / 10, 1));
		if (runs <= 1)
			return 0;
		if (history_exec(h, sql, "cannot write", err) < 0 || delete_orphans(h, err) < 0)
			return -1;
	}
	return 0;
}

int history_prune_in(
	struct history *h, const struct history_retention *keep, int64_t now_ms, struct error *err)
{
	static const char newest_files[] =
		"DELETE FROM run_files WHERE run_id NOT IN (SELECT run_id FROM run_files ORDER BY"
		" run_id DESC LIMIT 100)";
	static const char oldest[] =
		"id NOT IN (SELECT id FROM runs ORDER BY started_ms DESC, id DESC LIMIT";
	cleanup_free char *sql =
		xasprintf("DELETE FROM runs WHERE %s %" PRId64 ")", oldest, keep->keep_runs);

	sqlite3_int64 changes = sqlite3_total_changes64(h->db);

	if (keep->keep_runs && history_number(h, "SELECT count(*) FROM runs") > keep->keep_runs &&
		history_exec(h, sql, "cannot write", err) < 0)
		return -1;
	if (keep->max_age_ms && delete_old(h, keep, now_ms, err) < 0)
		return -1;
	/* only now and then there are some, and looking for them takes time */
	if (sqlite3_total_changes64(h->db) != changes && delete_orphans(h, err) < 0)
		return -1;
	if (history_exec(h, newest_files, "cannot write", err) < 0)
		return -1;
	return keep->max_bytes ? prune_to_size(h, keep->max_bytes, err) : 0;
}

int history_prune(struct history *h, const struct history_retention *keep, int64_t now_ms,
	int64_t *ret_runs, struct error *err)
{
	if (history_begin(h, err) < 0)
		return -1;
	int64_t before = history_number(h, "SELECT count(*) FROM runs");
	int result = history_prune_in(h, keep, now_ms, err);
	*ret_runs = before - history_number(h, "SELECT count(*) FROM runs");
	return history_end(h, result, err);
}

int history_compact(struct history *h, struct error *err)
{
	return history_exec(h, "VACUUM; PRAGMA wal_checkpoint(TRUNCATE)", "cannot compact", err);
}

/* ---- what it costs ----------------------------------------------------------------------------- */

static void measure_tables(struct history *h, struct history_info *ret)
{
	static const char sql[] =
		"SELECT m.name, (SELECT sum(d.pgsize) FROM dbstat d JOIN sqlite_master i ON i.name "
		"="
		" d.name WHERE i.tbl_name = m.name) FROM sqlite_master m WHERE m.type = 'table'"
		" AND m.name NOT LIKE 'sqlite_%' ORDER BY 2 DESC, 1";
	static const char without_bytes[] = "SELECT name, -1 FROM sqlite_master WHERE type = "
					    "'table' AND name NOT LIKE 'sqlite_%'"
					    " ORDER BY 1";
	sqlite3_stmt *s = NULL;

	if (sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) != SQLITE_OK &&
		sqlite3_prepare_v2(h->db, without_bytes, -1, &s, NULL) != SQLITE_OK)
		return;
	while (ret->table_count < HISTORY_TABLES_MAX && sqlite3_step(s) == SQLITE_ROW) {
		size_t i = ret->table_count++;
		cleanup_free char *count =
			xasprintf("SELECT count(*) FROM \"%s\"", history_text(s, 0));
		snprintf(
			ret->tables[i].name, sizeof(ret->tables[i].name), "%s", history_text(s, 0));
		ret->tables[i].rows = history_number(h, count);
		ret->tables[i].bytes = sqlite3_column_int64(s, 1);
	}
	sqlite3_finalize(s);
}

int history_info(struct history *h, struct history_info *ret, struct error *err)
{
	*ret = (struct history_info){
		.schema = (int)history_number(h, "PRAGMA user_version"),
		.bytes = history_number(h, "PRAGMA page_count") *
			 history_number(h, "PRAGMA page_size"),
		.free_bytes = history_number(h, "PRAGMA freelist_count") *
			      history_number(h, "PRAGMA page_size"),
		.runs = history_number(h, "SELECT count(*) FROM runs"),
		.files = history_number(h, "SELECT count(*) FROM files WHERE path != ''"),
		.tests = history_number(h, "SELECT count(*) FROM tests"),
		.faulty_tests = history_number(h, "SELECT count(*) FROM test_faults"),
		.failed_attempts = history_number(h, "SELECT count(*) FROM failures"),
		.first_ms = history_number(h, "SELECT coalesce(min(started_ms), 0) FROM runs"),
		.last_ms = history_number(h, "SELECT coalesce(max(started_ms), 0) FROM runs"),
	};
	if (ret->runs < 0 || ret->failed_attempts < 0)
		return history_error(h, err, "cannot read");
	measure_tables(h, ret);
	return 0;
}

/* ---- is it whole ------------------------------------------------------------------------------- */

static const struct {
	const char *sql, *text;
} invariants[] = {
	{"SELECT count(*) FROM tests WHERE file_id NOT IN (SELECT id FROM files)",
		"tests of unknown files"},
	{"SELECT count(*) FROM files WHERE suite_id NOT IN (SELECT id FROM suites)",
		"files of unknown suites"},
	{"SELECT count(*) FROM packs WHERE run_id NOT IN (SELECT id FROM runs)",
		"results of unknown runs"},
	{"SELECT count(*) FROM failures WHERE run_id NOT IN (SELECT id FROM runs)",
		"failures of unknown runs"},
	{"SELECT count(*) FROM failures WHERE test_id NOT IN (SELECT id FROM tests)",
		"failures of unknown tests"},
	{"SELECT count(*) FROM test_faults WHERE test_id NOT IN (SELECT id FROM tests)",
		"statistics of unknown tests"},
	{"SELECT count(*) FROM file_tests WHERE NOT json_valid(stats)", "damaged statistics"},
	{"SELECT count(*) FROM file_stats WHERE NOT estimate_ms > 0", "impossible estimates"},
};

/* Every pack gives at least one result. */
static int64_t damaged_packs(struct history *h)
{
	sqlite3_stmt *s = NULL;
	int64_t bad = 0;

	if (sqlite3_prepare_v2(h->db, "SELECT shape, first_test, pack FROM packs", -1, &s, NULL) !=
		SQLITE_OK)
		return -1;
	while (sqlite3_step(s) == SQLITE_ROW) {
		struct history_pack pack = history_row_pack(s, 0);
		struct history_packed p;
		size_t cursor = 0;
		bad += !history_pack_next(&pack, &cursor, &p);
	}
	sqlite3_finalize(s);
	return bad;
}

static void complain(history_problem_fn *fn, void *arg, int64_t n, const char *text)
{
	cleanup_free char *line = n < 0 ? xasprintf("cannot look for %s", text)
					: xasprintf("%" PRId64 " %s", n, text);

	if (n)
		fn(arg, line);
}

int history_check(struct history *h, history_problem_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = NULL;
	int code;

	if (sqlite3_prepare_v2(h->db, "PRAGMA integrity_check(20)", -1, &s, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW)
		if (!streq(history_text(s, 0), "ok"))
			fn(arg, history_text(s, 0));
	sqlite3_finalize(s);
	if (code != SQLITE_DONE)
		return history_error(h, err, "cannot read");
	for (size_t i = 0; i < ARRAY_LEN(invariants); i++)
		complain(fn, arg, history_number(h, invariants[i].sql), invariants[i].text);
	complain(fn, arg, damaged_packs(h), "damaged results");
	return 0;
}

/* ---- timings of others ------------------------------------------------------------------------- */

int history_put_timing(struct history *h, const struct history_timing *t, struct error *err)
{
	struct history_file known;
	int64_t platform = history_name_id(h, SQL_PLATFORM_ID, t->platform);
	sqlite3_stmt *s = history_sql(h, SQL_FILE_ID);

	if (history_file(h, t->platform, t->suite, t->project, t->file, &known) &&
		known.last_ms >= t->when_ms)
		return 0;
	if (s) {
		sqlite3_bind_int64(s, 1, history_name_id(h, SQL_SUITE_ID, t->suite));
		sqlite3_bind_text(s, 2, t->project, -1, SQLITE_STATIC);
		sqlite3_bind_text(s, 3, t->file, -1, SQLITE_STATIC);
	}
	int64_t file = history_record_id(s);
	s = history_sql(h, SQL_PUT_FILE);
	if (platform < 0 || file < 0 || !s)
		return history_error(h, err, "cannot write");
	sqlite3_bind_int64(s, 1, platform);
	sqlite3_bind_int64(s, 2, file);
	sqlite3_bind_double(s, 3, MAX(t->ms, 0.01));
	sqlite3_bind_int(s, 4, 1);
	sqlite3_bind_int64(s, 5, t->when_ms);
	sqlite3_bind_int64(s, 6, 0);
	return history_write(h, s, err);
}
