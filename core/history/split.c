#include "core/base/base.h"

#include "core/base/strmap.h"
#include "core/history/schema.h"
#include "core/history/split.h"

enum { FORGET_RUNS = 200 };

#define NOTICE "split_dependent" /* of the engine: the whole file passed, a part did not */

/* Few statements, used for few files: not worth keeping. NULL: the table is not there, or broken. */
static sqlite3_stmt *prepare(struct history *h, const char *sql)
{
	sqlite3_stmt *s = NULL;

	return h && sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) == SQLITE_OK ? s : NULL;
}

static int put(struct history *h, int64_t file_id, int64_t run_id, int verdict, struct error *err)
{
	sqlite3_stmt *s = prepare(h, "INSERT OR REPLACE INTO split_files VALUES(?1, ?2, ?3)");

	sqlite3_bind_int64(s, 1, file_id);
	sqlite3_bind_int64(s, 2, run_id);
	sqlite3_bind_int(s, 3, verdict);
	int code = s ? sqlite3_step(s) : SQLITE_ERROR;
	sqlite3_finalize(s);
	return code == SQLITE_DONE ? 0 : history_error(h, err, "cannot write");
}

static char *key_of(const char *suite, const char *file)
{
	return xasprintf("%s\x1f%s", suite, file);
}

static void list_whole(struct strmap *whole, const struct state *state)
{
	for (size_t i = 0; i < state->notice_count; i++) {
		const struct state_notice *n = &state->notices[i];
		if (!streq(n->name, NOTICE) || !n->suite || !n->file)
			continue;
		cleanup_free char *key = key_of(n->suite, n->file);
		strmap_put(whole, key, whole);
	}
}

int history_split_record(struct history *h, const struct state *state, int64_t run_id,
	const int64_t *file_ids, struct error *err)
{
	struct strmap whole = STRMAP_INIT;
	int result = 0;

	if (sqlite3_exec(h->db,
		    "CREATE TABLE IF NOT EXISTS split_files(file_id INTEGER PRIMARY KEY, run_id INT"
		    " NOT NULL, verdict INT NOT NULL);",
		    NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot write");
	list_whole(&whole, state);
	for (size_t i = 0; i < state->file_count && result == 0; i++) {
		const struct state_file *f = state->files[i];
		if (!f->parts || f->outcome != OUTCOME_PASSED)
			continue;
		cleanup_free char *key = key_of(f->suite->name, f->file);
		result = put(h, file_ids[i], run_id, strmap_has(&whole, key) ? -1 : 1, err);
	}
	strmap_release(&whole, NULL);
	return result;
}

int history_split_verdict(
	struct history *h, const char *suite, const char *project, const char *file)
{
	sqlite3_stmt *s =
		prepare(h, "SELECT verdict FROM split_files WHERE file_id = (SELECT f.id "
			   "FROM files f JOIN suites s ON s.id = f.suite_id WHERE f.path "
			   "= ?3 AND s.name = ?1 AND f.project = ?2) AND run_id > (SELECT "
			   "max(id) FROM runs) - ?4");
	int verdict = 0;

	if (!s)
		return 0;
	sqlite3_bind_text(s, 1, suite, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 2, project, -1, SQLITE_STATIC);
	sqlite3_bind_text(s, 3, file, -1, SQLITE_STATIC);
	sqlite3_bind_int(s, 4, FORGET_RUNS);
	if (sqlite3_step(s) == SQLITE_ROW)
		verdict = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return verdict;
}
