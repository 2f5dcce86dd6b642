#include "core/base/base.h"

#include "core/history_schema.h"

/*
 * Names are interned once. What is asked often stands ready: an estimate a file, running statistics
 * a test. What a run did is one packed blob (2 bits outcome, 1 byte logarithmic duration a test,
 * position = test id - first id) beside exact rows for whatever did not simply pass.
 */
static const char schema[] =
	"CREATE TABLE platforms(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE suites(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE files(id INTEGER PRIMARY KEY, suite_id INT NOT NULL, project TEXT NOT NULL,"
	" path TEXT NOT NULL, UNIQUE(path, suite_id, project));"
	"CREATE TABLE tests(id INTEGER PRIMARY KEY, file_id INT NOT NULL, path TEXT NOT NULL,"
	" occurrence INT NOT NULL, UNIQUE(file_id, path, occurrence));"
	"CREATE TABLE runs(id INTEGER PRIMARY KEY, uid TEXT NOT NULL UNIQUE, started_ms INT NOT "
	"NULL,"
	" duration_ms INT NOT NULL, platform_id INT NOT NULL, commit_hash TEXT, branch TEXT,"
	" exit_code INT NOT NULL, verdict TEXT NOT NULL, workers INT NOT NULL, files INT NOT NULL,"
	" tests INT NOT NULL, passed INT NOT NULL, failed INT NOT NULL, skipped INT NOT NULL,"
	" flaky INT NOT NULL, first_test INT NOT NULL, pack BLOB);"
	"CREATE TABLE file_stats(platform_id INT NOT NULL, file_id INT NOT NULL, estimate_ms REAL"
	" NOT NULL, samples INT NOT NULL, last_ms INT NOT NULL, rss_kb INT NOT NULL,"
	" PRIMARY KEY(platform_id, file_id)) WITHOUT ROWID;"
	"CREATE TABLE suite_stats(platform_id INT NOT NULL, suite_id INT NOT NULL, start_ms REAL,"
	" first_file_ms REAL, cpu_share REAL, rss_kb REAL, runs INT NOT NULL, spread INT NOT NULL,"
	" PRIMARY KEY(platform_id, suite_id)) WITHOUT ROWID;"
	"CREATE TABLE suite_walls(platform_id INT NOT NULL, suite_id INT NOT NULL, workers INT NOT"
	" NULL, wall_ms REAL NOT NULL, PRIMARY KEY(platform_id, suite_id, workers)) WITHOUT ROWID;"
	"CREATE TABLE test_stats(test_id INTEGER PRIMARY KEY, runs INT NOT NULL, failures INT NOT"
	" NULL, flaky INT NOT NULL, flips INT NOT NULL, recent INT NOT NULL, ewma_us REAL NOT NULL,"
	" max_us INT NOT NULL, last_run INT NOT NULL, last_outcome INT NOT NULL, streak INT NOT"
	" NULL);"
	"CREATE TABLE failures(test_id INT NOT NULL, run_id INT NOT NULL, attempt INT NOT NULL,"
	" outcome INT NOT NULL, duration_us INT NOT NULL, kind INT NOT NULL, message TEXT,"
	" PRIMARY KEY(test_id, run_id, attempt)) WITHOUT ROWID;"
	"CREATE TABLE leftovers(file_id INT NOT NULL, test_id INT);"
	"CREATE VIEW v_runs AS SELECT r.id, uid AS run, started_ms, duration_ms, p.name AS "
	"platform,"
	" commit_hash, branch, verdict, exit_code, workers, files, tests, passed, failed, skipped, "
	"flaky"
	" FROM runs r JOIN platforms p ON p.id = r.platform_id;"
	"CREATE VIEW v_files AS SELECT s.name AS suite, f.project, f.path AS file, p.name AS "
	"platform,"
	" estimate_ms, samples, last_ms, rss_kb FROM file_stats t JOIN files f ON f.id = t.file_id"
	" JOIN suites s ON s.id = f.suite_id JOIN platforms p ON p.id = t.platform_id;"
	"CREATE VIEW v_tests AS SELECT s.name AS suite, f.path AS file, replace(t.path, char(31),"
	" ' › ') AS test, t.occurrence, x.runs, x.failures, x.flaky, x.flips, x.ewma_us / 1000.0 AS"
	" mean_ms, x.max_us / 1000.0 AS max_ms, x.last_outcome, x.streak FROM test_stats x"
	" JOIN tests t ON t.id = x.test_id JOIN files f ON f.id = t.file_id"
	" JOIN suites s ON s.id = f.suite_id;";

static const char *const statements[SQL_COUNT] = {
	[SQL_PLATFORM_ID] = "INSERT INTO platforms(name) VALUES(?1) ON CONFLICT DO UPDATE SET"
			    " name = name RETURNING id",
	[SQL_SUITE_ID] = "INSERT INTO suites(name) VALUES(?1) ON CONFLICT DO UPDATE SET name = name"
			 " RETURNING id",
	[SQL_FILE_ID] = "INSERT INTO files(suite_id, project, path) VALUES(?1, ?2, ?3) ON CONFLICT"
			" DO UPDATE SET path = path RETURNING id",
	[SQL_TEST_ID] =
		"INSERT INTO tests(file_id, path, occurrence) VALUES(?1, ?2, ?3) ON CONFLICT"
		" DO UPDATE SET path = path RETURNING id",
	[SQL_HAS_RUN] = "SELECT 1 FROM runs WHERE uid = ?1",
	[SQL_ADD_RUN] =
		"INSERT INTO runs(uid, started_ms, duration_ms, platform_id, commit_hash,"
		" branch, exit_code, verdict, workers, files, tests, passed, failed, skipped,"
		" flaky, first_test, pack) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
		" ?12, ?13, ?14, ?15, ?16, ?17) RETURNING id",
	[SQL_GET_FILE] =
		"SELECT estimate_ms, samples, last_ms FROM file_stats WHERE platform_id ="
		" (SELECT id FROM platforms WHERE name = ?1) AND file_id = (SELECT f.id FROM"
		" files f JOIN suites s ON s.id = f.suite_id WHERE f.path = ?4 AND s.name = ?2"
		" AND f.project = ?3)",
	[SQL_PUT_FILE] = "INSERT OR REPLACE INTO file_stats(platform_id, file_id, estimate_ms,"
			 " samples, last_ms, rss_kb) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_GET_SUITE] =
		"SELECT start_ms, first_file_ms, cpu_share, rss_kb, runs, spread FROM suite_stats"
		" WHERE platform_id = (SELECT id FROM platforms WHERE name = ?1) AND suite_id ="
		" (SELECT id FROM suites WHERE name = ?2)",
	[SQL_PUT_SUITE] = "INSERT OR REPLACE INTO suite_stats(platform_id, suite_id, start_ms,"
			  " first_file_ms, cpu_share, rss_kb, runs, spread) VALUES(?1, ?2, ?3, ?4, "
			  "?5, ?6, ?7, ?8)",
	[SQL_GET_WALLS] =
		"SELECT workers, wall_ms FROM suite_walls WHERE platform_id = (SELECT id"
		" FROM platforms WHERE name = ?1) AND suite_id = (SELECT id FROM suites WHERE"
		" name = ?2)",
	[SQL_PUT_WALL] =
		"INSERT OR REPLACE INTO suite_walls(platform_id, suite_id, workers, wall_ms)"
		" VALUES(?1, ?2, ?3, ?4)",
	[SQL_GET_TEST] =
		"SELECT runs, failures, flaky, flips, recent, ewma_us, max_us, last_outcome,"
		" streak FROM test_stats WHERE test_id = ?1",
	[SQL_PUT_TEST] =
		"INSERT OR REPLACE INTO test_stats(test_id, runs, failures, flaky, flips,"
		" recent, ewma_us, max_us, last_run, last_outcome, streak) VALUES(?1, ?2, ?3,"
		" ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
	[SQL_ADD_FAILURE] = "INSERT OR REPLACE INTO failures(test_id, run_id, attempt, outcome,"
			    " duration_us, kind, message) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
	[SQL_CLEAR_LEFT] = "DELETE FROM leftovers",
	[SQL_ADD_LEFT] = "INSERT INTO leftovers(file_id, test_id) VALUES(?1, ?2)",
	[SQL_LEFT] =
		"SELECT s.name, f.project, f.path, t.path, t.occurrence FROM leftovers l"
		" JOIN files f ON f.id = l.file_id JOIN suites s ON s.id = f.suite_id"
		" LEFT JOIN tests t ON t.id = l.test_id ORDER BY s.name, f.path, f.project, t.id",
	[SQL_COUNT_RUNS] = "SELECT count(*) FROM runs WHERE platform_id = (SELECT id FROM platforms"
			   " WHERE name = ?1)",
	[SQL_MEDIAN_ALL] =
		"SELECT estimate_ms FROM file_stats WHERE platform_id = (SELECT id FROM"
		" platforms WHERE name = ?1) ORDER BY estimate_ms LIMIT 1 OFFSET (SELECT"
		" count(*) FROM file_stats WHERE platform_id = (SELECT id FROM platforms WHERE"
		" name = ?1)) / 2",
	[SQL_MEDIAN_SUITE] =
		"WITH known AS (SELECT estimate_ms FROM file_stats t JOIN files f ON f.id"
		" = t.file_id JOIN suites s ON s.id = f.suite_id WHERE platform_id ="
		" (SELECT id FROM platforms WHERE name = ?1) AND s.name = ?2) SELECT"
		" estimate_ms FROM known ORDER BY 1 LIMIT 1 OFFSET (SELECT count(*) FROM"
		" known) / 2",
	[SQL_LAST_PASSED] =
		"SELECT duration_ms, files FROM runs WHERE verdict = 'passed' AND platform_id ="
		" (SELECT id FROM platforms WHERE name = ?1) ORDER BY id DESC LIMIT 1",
	[SQL_LIST_RUNS] =
		"SELECT uid, started_ms, duration_ms, p.name, commit_hash, branch, verdict,"
		" exit_code, workers, files, tests, failed, skipped, flaky FROM runs r JOIN"
		" platforms p ON p.id = r.platform_id ORDER BY r.id DESC LIMIT ?1",
	[SQL_LIST_TESTS] =
		"SELECT s.name, f.path, t.path, t.occurrence, x.runs, x.failures, x.flaky,"
		" x.flips, x.recent, x.ewma_us, x.max_us FROM test_stats x JOIN tests t ON"
		" t.id = x.test_id JOIN files f ON f.id = t.file_id JOIN suites s ON s.id ="
		" f.suite_id WHERE instr(f.path, ?1) OR instr(replace(t.path, char(31),"
		" ' › '), ?1) ORDER BY x.ewma_us DESC LIMIT ?2",
	[SQL_FILE_TIMES] =
		"SELECT t.path, t.occurrence, CAST(x.ewma_us AS INT) FROM tests t JOIN test_stats"
		" x ON x.test_id = t.id WHERE t.file_id = (SELECT f.id FROM files f JOIN suites s"
		" ON s.id = f.suite_id WHERE f.path = ?3 AND s.name = ?1 AND f.project = ?2)"
		" AND x.last_run > (SELECT max(id) FROM runs) - 50 ORDER BY t.id",
	[SQL_PRUNE_RUNS] = "DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?1",
	[SQL_PRUNE_FAILURES] = "DELETE FROM failures WHERE run_id < (SELECT min(id) FROM runs)",
};

sqlite3_stmt *history_sql(struct history *h, enum history_sql which)
{
	sqlite3_stmt **s = &h->statements[which];

	if (*s) {
		sqlite3_reset(*s);
		sqlite3_clear_bindings(*s);
	} else if (sqlite3_prepare_v3(h->db, statements[which], -1, SQLITE_PREPARE_PERSISTENT, s,
			   NULL) != SQLITE_OK) {
		return NULL;
	}
	return *s;
}

int history_error(struct history *h, struct error *err, const char *what)
{
	return error_set(
		err, EXIT_CODE_INFRASTRUCTURE, "%s %s: %s", what, h->path, sqlite3_errmsg(h->db));
}

static int user_version(struct history *h)
{
	sqlite3_stmt *s = NULL;
	int version = -1;

	if (sqlite3_prepare_v2(h->db, "PRAGMA user_version", -1, &s, NULL) == SQLITE_OK &&
		sqlite3_step(s) == SQLITE_ROW)
		version = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	return version;
}

int history_migrate(struct history *h, struct error *err)
{
	int version = user_version(h);

	if (version == HISTORY_SCHEMA_VERSION)
		return 0;
	if (version > HISTORY_SCHEMA_VERSION)
		return error_set(err, EXIT_CODE_USAGE,
			"%s was written by a newer muster (schema %d, this one knows %d)", h->path,
			version, HISTORY_SCHEMA_VERSION);
	/* Two processes may be here at once: the second finds the work done. */
	if (sqlite3_exec(h->db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot write");
	if (user_version(h) == 0 && (sqlite3_exec(h->db, schema, NULL, NULL, NULL) != SQLITE_OK ||
					    sqlite3_exec(h->db, "PRAGMA user_version = 1", NULL,
						    NULL, NULL) != SQLITE_OK)) {
		history_error(h, err, "cannot create");
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
		return -1;
	}
	if (sqlite3_exec(h->db, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot create");
	return 0;
}
