#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/base/strmap.h"
#include "core/base/strvec.h"
#include "core/history/schema.h"
#include "core/history/testmap.h"

/*
 * The sources of a test file are one blob: ids ascending, each as the difference to the one before,
 * seven bits a byte. A project of 2,000 test files with 100 sources each takes some 300 KB, and a
 * question reads all of it in a few milliseconds.
 */
static const char tables[] =
	"CREATE TABLE IF NOT EXISTS testmap_sources(id INTEGER PRIMARY KEY, path TEXT NOT NULL"
	" UNIQUE);"
	"CREATE TABLE IF NOT EXISTS testmap(suite TEXT NOT NULL, project TEXT NOT NULL,"
	" file TEXT NOT NULL, sources BLOB NOT NULL, PRIMARY KEY(suite, file, project))"
	" WITHOUT ROWID;"
	"CREATE TABLE IF NOT EXISTS coverage_totals(run TEXT PRIMARY KEY, branch TEXT, time_ms INT"
	" NOT NULL, lines_covered INT, lines INT, statements_covered INT, statements INT,"
	" functions_covered INT, functions INT, branches_covered INT, branches INT);";

enum { BLOB_BYTES = 16 * 1024 * 1024 };

static sqlite3_stmt *prepare(struct history *h, const char *sql)
{
	sqlite3_stmt *s = NULL;

	return sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) == SQLITE_OK ? s : NULL;
}

static void bind(sqlite3_stmt *s, int at, const char *text)
{
	sqlite3_bind_text(s, at, text, -1, SQLITE_TRANSIENT);
}

/* ---- sets of ids ------------------------------------------------------------------------------ */

static void put_number(struct strbuf *out, uint64_t n)
{
	for (; n >= 0x80; n >>= 7)
		strbuf_addch(out, (char)(n | 0x80));
	strbuf_addch(out, (char)n);
}

/* The next id of a set; false at its end. */
static bool blob_next(const unsigned char **at, const unsigned char *end, int64_t *id)
{
	uint64_t n = 0;

	for (int shift = 0; *at < end && shift < 64; shift += 7) {
		unsigned char byte = *(*at)++;
		n |= (uint64_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		*id = (int64_t)((uint64_t)*id + n);
		return true;
	}
	return false;
}

static bool blob_has(const unsigned char *blob, size_t len, int64_t wanted)
{
	const unsigned char *end = blob + len;
	int64_t id = 0;

	while (blob_next(&blob, end, &id))
		if (id >= wanted)
			return id == wanted;
	return false;
}

static int by_value(const void *pa, const void *pb)
{
	const int64_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* ---- recording -------------------------------------------------------------------------------- */

struct ids {
	int64_t *v;
	size_t n, cap;
};

static int source_id(sqlite3_stmt *s, const char *path, int64_t *ret)
{
	sqlite3_reset(s);
	bind(s, 1, path);
	if (sqlite3_step(s) != SQLITE_ROW)
		return -1;
	*ret = sqlite3_column_int64(s, 0);
	return 0;
}

static int collect_ids(sqlite3_stmt *s, const char *sources, struct ids *ids)
{
	cleanup_strvec struct strvec paths = STRVEC_INIT;

	strvec_split(&paths, sources, '\n');
	for (size_t i = 0; i < paths.n; i++) {
		GROW(ids->v, ids->n + 1, ids->cap);
		if (source_id(s, paths.v[i], &ids->v[ids->n]) < 0)
			return -1;
		ids->n++;
	}
	if (ids->n)
		qsort(ids->v, ids->n, sizeof(*ids->v), by_value);
	return 0;
}

static int record_one(sqlite3_stmt *source, sqlite3_stmt *put, const struct history_touch *t)
{
	struct ids ids = {0};
	cleanup_strbuf struct strbuf blob = STRBUF_INIT;
	int64_t last = 0;

	int result = collect_ids(source, t->sources, &ids);
	for (size_t i = 0; i < ids.n; i++) {
		if (i && ids.v[i] == last)
			continue;
		put_number(&blob, (uint64_t)(ids.v[i] - last));
		last = ids.v[i];
	}
	free(ids.v);
	if (result < 0)
		return -1;
	sqlite3_reset(put);
	bind(put, 1, t->suite);
	bind(put, 2, t->project ? t->project : "");
	bind(put, 3, t->file);
	sqlite3_bind_blob(put, 4, blob.buf ? blob.buf : "", (int)MIN(blob.len, (size_t)BLOB_BYTES),
		SQLITE_TRANSIENT);
	return sqlite3_step(put) == SQLITE_DONE ? 0 : -1;
}

static int record_all(struct history *h, const struct history_touch *v, size_t n)
{
	if (sqlite3_exec(h->db, tables, NULL, NULL, NULL) != SQLITE_OK)
		return -1;
	sqlite3_stmt *source = prepare(h, "INSERT INTO testmap_sources(path) VALUES(?1) ON CONFLICT"
					  " DO UPDATE SET path = path RETURNING id");
	sqlite3_stmt *put = prepare(h,
		"INSERT OR REPLACE INTO testmap(suite, project, file, sources) VALUES(?1, ?2, ?3,"
		" ?4)");
	int result = source && put ? 0 : -1;
	for (size_t i = 0; i < n && result == 0; i++)
		result = record_one(source, put, &v[i]);
	sqlite3_finalize(source);
	sqlite3_finalize(put);
	return result;
}

int history_testmap_record(
	struct history *h, const struct history_touch *v, size_t n, struct error *err)
{
	if (sqlite3_exec(h->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot write");
	if (record_all(h, v, n) == 0 &&
		sqlite3_exec(h->db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK)
		return 0;
	history_error(h, err, "cannot write the test map to");
	sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return -1;
}

/* ---- asking ----------------------------------------------------------------------------------- */

bool history_has_testmap(struct history *h)
{
	sqlite3_stmt *s = prepare(h, "SELECT 1 FROM testmap LIMIT 1");
	bool has = s && sqlite3_step(s) == SQLITE_ROW;

	sqlite3_finalize(s);
	return has;
}

static int64_t known_source(struct history *h, const char *path)
{
	sqlite3_stmt *s = prepare(h, "SELECT id FROM testmap_sources WHERE path = ?1");
	int64_t id = -1;

	if (s)
		bind(s, 1, path);
	if (s && sqlite3_step(s) == SQLITE_ROW)
		id = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return id;
}

int history_covering(struct history *h, const char *source, history_covering_fn *fn, void *arg,
	struct error *err)
{
	int64_t id = known_source(h, source);
	int result = 0, code;

	if (!history_has_testmap(h))
		return 0;
	sqlite3_stmt *s = prepare(h,
		"SELECT suite, project, file, sources FROM testmap ORDER BY suite, file, project");
	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW && result == 0) {
		const char *suite = (const char *)sqlite3_column_text(s, 0);
		const char *project = (const char *)sqlite3_column_text(s, 1);
		const char *file = (const char *)sqlite3_column_text(s, 2);
		const unsigned char *blob = sqlite3_column_blob(s, 3);
		size_t len = (size_t)sqlite3_column_bytes(s, 3);
		if (!suite || !project || !file)
			continue;
		if (streq(file, source) || (id > 0 && blob && blob_has(blob, len, id)))
			result = fn(arg, suite, project, file);
	}
	sqlite3_finalize(s);
	if (result == 0 && code != SQLITE_DONE)
		return history_error(h, err, "cannot read");
	return result;
}

struct wanted {
	int64_t id;
	const char *source;
};

static int by_id(const void *pa, const void *pb)
{
	const struct wanted *a = pa, *b = pb;

	return a->id < b->id ? -1 : a->id > b->id;
}

/* Both are sorted by id. */
static int match_row(
	sqlite3_stmt *s, const struct wanted *v, size_t n, history_match_fn *fn, void *arg)
{
	const char *suite = (const char *)sqlite3_column_text(s, 0);
	const char *project = (const char *)sqlite3_column_text(s, 1);
	const char *file = (const char *)sqlite3_column_text(s, 2);
	const unsigned char *blob = sqlite3_column_blob(s, 3);
	const unsigned char *end = blob + sqlite3_column_bytes(s, 3);
	int64_t id = 0;

	if (!suite || !project || !file)
		return 0;
	int result = fn(arg, suite, project, file, NULL);
	for (size_t i = 0; blob && result == 0 && i < n && blob_next(&blob, end, &id);) {
		while (i < n && v[i].id < id)
			i++;
		if (i < n && v[i].id == id)
			result = fn(arg, suite, project, file, v[i].source);
	}
	return result;
}

int history_testmap_match(struct history *h, const struct strmap *sources, history_match_fn *fn,
	void *arg, struct error *err)
{
	cleanup_free struct wanted *wanted = xcalloc(sources->n + 1, sizeof(*wanted));
	size_t n = 0;
	int result = 0, code;

	if (!history_has_testmap(h))
		return 0;
	strmap_each (e, sources) {
		int64_t id = known_source(h, e->key);
		if (id > 0)
			wanted[n++] = (struct wanted){id, e->key};
	}
	qsort(wanted, n, sizeof(*wanted), by_id);
	sqlite3_stmt *s = prepare(h, "SELECT suite, project, file, sources FROM testmap");
	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW && result == 0)
		result = match_row(s, wanted, n, fn, arg);
	sqlite3_finalize(s);
	if (result == 0 && code != SQLITE_DONE)
		return history_error(h, err, "cannot read");
	return result;
}

bool history_has_test_file(struct history *h, const char *file)
{
	sqlite3_stmt *s = prepare(h, "SELECT 1 FROM files WHERE path = ?1 LIMIT 1");

	if (s)
		bind(s, 1, file);
	bool has = s && sqlite3_step(s) == SQLITE_ROW;
	sqlite3_finalize(s);
	return has;
}

/* ---- totals ----------------------------------------------------------------------------------- */

int history_coverage_record(struct history *h, const char *run_id, const char *branch,
	int64_t time_ms, const struct coverage_totals *totals, struct error *err)
{
	if (sqlite3_exec(h->db, tables, NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot write");
	sqlite3_stmt *s = prepare(h,
		"INSERT OR REPLACE INTO coverage_totals VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
		" ?10, ?11)");
	if (!s)
		return history_error(h, err, "cannot write");
	bind(s, 1, run_id);
	bind(s, 2, branch);
	sqlite3_bind_int64(s, 3, time_ms);
	for (int k = 0; k < COVERAGE_KINDS; k++) {
		sqlite3_bind_int64(s, 4 + 2 * k, totals->of[k].covered);
		sqlite3_bind_int64(s, 5 + 2 * k, totals->of[k].total);
	}
	int code = sqlite3_step(s);
	sqlite3_finalize(s);
	return code == SQLITE_DONE ? 0 : history_error(h, err, "cannot write");
}

bool history_coverage_last(
	struct history *h, const char *branch, const char *run_id, struct coverage_totals *ret)
{
	sqlite3_stmt *s = h ? prepare(h, "SELECT * FROM coverage_totals WHERE (?1 IS NULL OR branch"
					 " = ?1) AND run IS NOT ?2 ORDER BY time_ms DESC LIMIT 1")
			    : NULL;

	if (s && branch)
		bind(s, 1, branch);
	if (s && run_id)
		bind(s, 2, run_id);
	bool found = s && sqlite3_step(s) == SQLITE_ROW;
	for (int k = 0; k < COVERAGE_KINDS && found; k++)
		ret->of[k] = (struct coverage_count){
			sqlite3_column_int64(s, 3 + 2 * k), sqlite3_column_int64(s, 4 + 2 * k)};
	sqlite3_finalize(s);
	return found;
}
