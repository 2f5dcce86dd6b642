#include "core/base/base.h"

#include "core/history/rows.h"
#include "core/history/schema.h"

static const char *const statements[SQL_COUNT] = {
	[SQL_PLATFORM_ID] =
		"INSERT INTO platforms(name) VALUES(?1) ON CONFLICT DO UPDATE SET name = name"
		" RETURNING id",
	[SQL_SUITE_ID] = "INSERT INTO suites(name) VALUES(?1) ON CONFLICT DO UPDATE SET name = name"
			 " RETURNING id",
	[SQL_COMMIT_ID] =
		"INSERT INTO commits(hash) VALUES(?1) ON CONFLICT DO UPDATE SET hash = hash"
		" RETURNING id",
	[SQL_BRANCH_ID] =
		"INSERT INTO branches(name) VALUES(?1) ON CONFLICT DO UPDATE SET name = name"
		" RETURNING id",
	[SQL_FILE_ID] =
		"INSERT INTO files(suite_id, project, path) VALUES(?1, ?2, ?3) ON CONFLICT DO"
		" UPDATE SET path = path RETURNING id",
	[SQL_TEST_ID] =
		"INSERT INTO tests(file_id, path, occurrence) VALUES(?1, ?2, ?3) ON CONFLICT DO"
		" UPDATE SET path = path RETURNING id",
	[SQL_ADD_TEST] = "INSERT INTO tests(file_id, path, occurrence) VALUES(?1, ?2, ?3)",
	[SQL_MESSAGE_ID] =
		"INSERT INTO messages(fingerprint, text, test_id) VALUES(?1, ?2, ?3) ON CONFLICT"
		" DO UPDATE SET text = excluded.text RETURNING id",
	[SQL_HAS_RUN] = "SELECT 1 FROM runs WHERE uid = ?1",
	[SQL_ADD_RUN] =
		"INSERT INTO runs(uid, started_ms, duration_ms, platform_id, commit_id,"
		" branch_id, commit_sure, ci_attempt, run_url, shards, predicted_ms,"
		" makespan_ms, exit_code, verdict, workers, files, tests, passed, failed,"
		" skipped, flaky) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
		" ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21) RETURNING id",
	[SQL_ADD_PACK] =
		"INSERT INTO packs(run_id, shape, first_test, pack) VALUES(?1, ?2, ?3, ?4)",
	[SQL_ADD_RUN_FILES] = "INSERT INTO run_files(run_id, pack) VALUES(?1, ?2)",
	[SQL_ADD_SHARD] =
		"INSERT OR REPLACE INTO run_shards(run_id, shard, ci_attempt, status,"
		" startup_us, predicted_ms, duration_us, files) VALUES(?1, ?2, ?3, ?4, ?5, ?6,"
		" ?7, ?8)",
	[SQL_HAS_PART] = "SELECT run_id FROM run_parts WHERE part = ?1",
	[SQL_ADD_PART] = "INSERT OR IGNORE INTO run_parts(part, run_id) VALUES(?1, ?2)",
	[SQL_RUN_PARTS] = "SELECT part FROM run_parts WHERE run_id = ?1",
	[SQL_GET_FILE] =
		"SELECT estimate_ms, samples, last_ms FROM file_stats WHERE platform_id ="
		" (SELECT id FROM platforms WHERE name = ?1) AND file_id = (SELECT f.id FROM"
		" files f JOIN suites s ON s.id = f.suite_id WHERE f.path = ?4 AND s.name = ?2"
		" AND f.project = ?3)",
	[SQL_PUT_FILE] =
		"INSERT OR REPLACE INTO file_stats(platform_id, file_id, estimate_ms, samples,"
		" last_ms, rss_kb) VALUES(?1, ?2, ?3, ?4, ?5, ?6)",
	[SQL_GET_SUITE] =
		"SELECT start_ms, cpu_share, rss_kb, runs, spread FROM"
		" suite_stats WHERE platform_id = (SELECT id FROM platforms WHERE name = ?1) AND"
		" suite_id = (SELECT id FROM suites WHERE name = ?2)",
	[SQL_PUT_SUITE] =
		"INSERT OR REPLACE INTO suite_stats(platform_id, suite_id, start_ms, cpu_share,"
		" rss_kb, runs, spread, flags) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SQL_GET_FLAGS] =
		"SELECT flags FROM suite_stats WHERE platform_id = (SELECT id FROM platforms"
		" WHERE name = ?1) AND suite_id = (SELECT id FROM suites WHERE name = ?2)",
	[SQL_GET_TRIALS] =
		"SELECT workers, wall_ms, cpu_ms, work_ms, runs, last_ms FROM suite_trials WHERE"
		" platform_id = (SELECT id FROM platforms WHERE name = ?1) AND suite_id = (SELECT"
		" id FROM suites WHERE name = ?2)",
	[SQL_PUT_TRIAL] =
		"INSERT OR REPLACE INTO suite_trials(platform_id, suite_id, workers, wall_ms,"
		" cpu_ms, work_ms, runs, last_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
	[SQL_FILE_TESTS] =
		"SELECT id, path, occurrence FROM tests WHERE file_id = ?1 ORDER BY path,"
		" occurrence",
	[SQL_GET_STATS] = "SELECT digest, stats FROM file_tests WHERE file_id = ?1",
	[SQL_ALL_STATS] = "SELECT file_id, stats FROM file_tests",
	[SQL_GET_FAULTS] = "SELECT " HISTORY_FAULT_COLUMNS " FROM test_faults y",
	[SQL_FAULTY] = "SELECT test_id FROM test_faults",
	[SQL_TEST_FAULTS] =
		"SELECT " HISTORY_FAULT_COLUMNS " FROM test_faults y WHERE y.test_id = ?1",
	[SQL_TEST_FILES] = "SELECT file_id, id FROM tests ORDER BY file_id, id",
	[SQL_TEST_BY_ID] = "SELECT path, occurrence FROM tests WHERE id = ?1 AND file_id = ?2",
	[SQL_PUT_STATS] =
		"INSERT OR REPLACE INTO file_tests(file_id, digest, stats) VALUES(?1, ?2, ?3)",
	[SQL_PUT_FAULTS] =
		"INSERT OR REPLACE INTO test_faults VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
		" ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)",
	[SQL_ADD_FAILURE] =
		"INSERT OR REPLACE INTO failures(run_id, test_id, attempt, duration_us, kind,"
		" message_id, worker, position, rss_kb) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8,"
		" ?9)",
	[SQL_COMMIT_PACKS] =
		"SELECT p.shape, p.first_test, p.pack FROM runs r JOIN packs p ON p.run_id ="
		" r.id WHERE r.commit_id = ?1 AND r.commit_sure ORDER BY r.id DESC LIMIT 64",
	[SQL_CLEAR_LEFT] = "DELETE FROM leftovers",
	[SQL_CLEAR_LEFT_FILE] = "DELETE FROM leftovers WHERE file_id = ?1",
	[SQL_SETTLE_LEFT] = "DELETE FROM leftovers WHERE file_id = ?1 AND test_id = ?2",
	[SQL_FORGET_LEFT] =
		"DELETE FROM leftovers WHERE file_id IN (SELECT id FROM files WHERE suite_id ="
		" ?1) AND file_id NOT IN (SELECT value FROM json_each(?2))",
	[SQL_HAS_LEFT] = "SELECT count(*) FROM leftovers WHERE file_id = ?1",
	[SQL_ADD_LEFT] =
		"INSERT INTO leftovers(file_id, test_id) SELECT ?1, ?2 WHERE NOT EXISTS (SELECT 1"
		" FROM leftovers WHERE file_id = ?1 AND test_id IS ?2)",
	[SQL_LEFT] =
		"SELECT s.name, f.project, f.path, t.path, t.occurrence FROM leftovers l JOIN"
		" files f ON f.id = l.file_id JOIN suites s ON s.id = f.suite_id LEFT JOIN tests"
		" t ON t.id = l.test_id ORDER BY s.name, f.path, f.project, t.id",
	[SQL_COUNT_ALL_RUNS] = "SELECT count(*) FROM runs",
	[SQL_LAST_RUN] = "SELECT max(id) FROM runs",
	[SQL_RUNS_BEHIND] =
		"SELECT r.id, r.started_ms, r.commit_id, r.commit_sure, b.name, k.shape,"
		" k.first_test, k.pack FROM runs r JOIN packs k ON k.run_id = r.id LEFT JOIN"
		" branches b ON b.id = r.branch_id WHERE r.id > ?1 ORDER BY r.started_ms, r.id",
	[SQL_COMMIT_PACKS_UP_TO] =
		"SELECT p.shape, p.first_test, p.pack FROM runs r JOIN packs p ON p.run_id = r.id"
		" WHERE r.commit_id = ?1 AND r.commit_sure AND r.id <= ?2",
	[SQL_COUNT_RUNS] =
		"SELECT count(*) FROM runs WHERE platform_id = (SELECT id FROM platforms WHERE"
		" name = ?1)",
	[SQL_MEDIAN_ALL] =
		"SELECT estimate_ms FROM file_stats WHERE platform_id = (SELECT id FROM"
		" platforms WHERE name = ?1) ORDER BY estimate_ms LIMIT 1 OFFSET (SELECT"
		" count(*) FROM file_stats WHERE platform_id = (SELECT id FROM platforms WHERE"
		" name = ?1)) / 2",
	[SQL_MEDIAN_SUITE] =
		"WITH known AS (SELECT estimate_ms FROM file_stats t JOIN files f ON f.id ="
		" t.file_id JOIN suites s ON s.id = f.suite_id WHERE platform_id = (SELECT id"
		" FROM platforms WHERE name = ?1) AND s.name = ?2) SELECT estimate_ms FROM known"
		" ORDER BY 1 LIMIT 1 OFFSET (SELECT count(*) FROM known) / 2",
	[SQL_LAST_PASSED] =
		"SELECT duration_ms, files FROM runs WHERE verdict = 'passed' AND platform_id ="
		" (SELECT id FROM platforms WHERE name = ?1) ORDER BY id DESC LIMIT 1",
	[SQL_KNOWN_TESTS] =
		"SELECT count(*) FROM tests t JOIN files f ON f.id = t.file_id WHERE f.suite_id ="
		" (SELECT id FROM suites WHERE name = ?1)",
	[SQL_KNOWS_TEST] =
		"SELECT 1 FROM tests t JOIN files f ON f.id = t.file_id JOIN suites s ON s.id ="
		" f.suite_id WHERE f.path = ?3 AND s.name = ?1 AND f.project = ?2 AND t.path = ?4"
		" AND t.occurrence = ?5",
	[SQL_LIST_RUNS] =
		"SELECT r.uid, r.started_ms, r.duration_ms, p.name, c.hash, b.name, r.verdict,"
		" r.exit_code, r.workers, r.files, r.tests, r.failed, r.skipped, r.flaky, r.id,"
		" r.passed, r.shards, r.predicted_ms, r.makespan_ms, r.ci_attempt, r.run_url,"
		" r.commit_sure FROM runs r JOIN platforms p ON p.id = r.platform_id LEFT JOIN"
		" commits c ON c.id = r.commit_id LEFT JOIN branches b ON b.id = r.branch_id"
		" WHERE r.started_ms >= ?1 AND (?2 IS NULL OR coalesce(b.name, '') GLOB ?2)"
		" ORDER BY r.started_ms DESC, r.id DESC LIMIT ?3",
	[SQL_LIST_RUN_FILES] = "SELECT pack FROM run_files WHERE run_id = ?1",
	[SQL_LIST_MESSAGES] =
		"SELECT a.message_id, a.run_id, a.kind, r.started_ms FROM failures a JOIN runs r"
		" ON r.id = a.run_id WHERE a.test_id = ?1 AND a.message_id IS NOT NULL AND"
		" r.started_ms >= ?2 ORDER BY a.run_id",
	[SQL_MESSAGE] = "SELECT fingerprint, text FROM messages WHERE id = ?1",
	[SQL_LIST_OUTCOMES] =
		"SELECT r.uid, r.started_ms, r.duration_ms, p.name, c.hash, b.name, r.verdict,"
		" r.exit_code, r.workers, r.files, r.tests, r.failed, r.skipped, r.flaky, r.id,"
		" r.passed, r.shards, r.predicted_ms, r.makespan_ms, r.ci_attempt, r.run_url,"
		" r.commit_sure, k.shape, k.first_test, k.pack FROM runs r JOIN platforms p ON"
		" p.id = r.platform_id LEFT JOIN commits c ON c.id = r.commit_id LEFT JOIN"
		" branches b ON b.id = r.branch_id JOIN packs k ON k.run_id = r.id WHERE"
		" r.started_ms >= ?1 AND (?2 IS NULL OR coalesce(b.name, '') GLOB ?2) ORDER BY"
		" r.started_ms DESC, r.id DESC",
	[SQL_OUTCOME_FAILURES] =
		"SELECT count(*) OVER (), a.duration_us, a.kind, m.fingerprint, m.text,"
		" a.worker, a.position, a.rss_kb FROM failures a LEFT JOIN messages m ON m.id ="
		" a.message_id WHERE a.run_id = ?1 AND a.test_id = ?2 ORDER BY a.attempt DESC"
		" LIMIT 1",
	[SQL_REPLAY_RUNS] =
		"SELECT r.id, r.started_ms, r.commit_id, r.commit_sure, b.name, k.shape,"
		" k.first_test, k.pack FROM runs r JOIN packs k ON k.run_id = r.id LEFT JOIN"
		" branches b ON b.id = r.branch_id WHERE r.started_ms >= ?1 AND (?2 IS NULL OR"
		" coalesce(b.name, '') GLOB ?2) ORDER BY r.started_ms, r.id",
	[SQL_REPLAY_FAILURES] =
		"SELECT test_id, attempt, duration_us, kind, message_id FROM failures WHERE"
		" run_id = ?1 ORDER BY test_id, attempt",
	[SQL_ORDERED_TESTS] = "SELECT test_id FROM order_findings",
	[SQL_ORDER_TESTS] =
		"SELECT t.id, o.culprits FROM files f JOIN suites s ON s.id = f.suite_id JOIN tests"
		" t ON t.file_id = f.id LEFT JOIN order_findings o ON o.test_id = t.id WHERE f.path"
		" = ?3 AND s.name = ?1 AND f.project = ?2 AND (?4 IS NULL OR (t.path = ?4 AND"
		" t.occurrence = ?5))",
	[SQL_PUT_ORDER] =
		"INSERT INTO order_findings(test_id, culprits, needed, found_ms, run) VALUES(?1, "
		"?2,"
		" ?3, ?4, ?5) ON CONFLICT DO UPDATE SET culprits = excluded.culprits, needed ="
		" excluded.needed, found_ms = excluded.found_ms, run = excluded.run WHERE"
		" excluded.found_ms >= found_ms",
	[SQL_DROP_ORDER] = "DELETE FROM order_findings WHERE test_id = ?1",
	[SQL_FILE_NAMES] =
		"SELECT f.id, s.name, f.path FROM files f JOIN suites s ON s.id = f.suite_id",
	[SQL_TESTS_OF_FILE] = "SELECT id, file_id FROM tests WHERE file_id = ?1",
	[SQL_TESTS_BY_TITLE] = "SELECT id, file_id FROM tests WHERE instr(path, ?1)",
	[SQL_TEST_ROW] =
		"SELECT s.name, f.project, f.path, t.path, t.occurrence, (SELECT uid FROM runs"
		" WHERE id = ?2), (SELECT hash FROM commits WHERE id = ?3), (SELECT uid FROM"
		" runs WHERE id = ?4), (SELECT hash FROM commits WHERE id = ?5), m.text,"
		" m.fingerprint, t.file_id, o.culprits, o.needed, o.run FROM tests t JOIN files f"
		" ON f.id = t.file_id JOIN suites s ON s.id = f.suite_id LEFT JOIN messages m ON"
		" m.id = ?6 LEFT JOIN order_findings o ON o.test_id = t.id WHERE t.id = ?1",
	[SQL_FILE_OF_TEST] = "SELECT file_id FROM tests WHERE id = ?1",
	[SQL_SUITE_OF_FILE] = "SELECT suite_id FROM files WHERE id = ?1",
	[SQL_FILE_SUITES] = "SELECT id, suite_id FROM files",
	[SQL_RUN_PACK] = "SELECT shape, first_test, pack FROM packs WHERE run_id = ?1",
	[SQL_RUN_FAILURES] =
		"SELECT test_id, worker, position FROM failures WHERE run_id = ?1 ORDER BY test_id,"
		" attempt",
	[SQL_FILE_PATH] = "SELECT path FROM files WHERE id = ?1",
	[SQL_MAX_TEST] = "SELECT max(id) FROM tests",
	[SQL_FORECAST_SHARDS] =
		"SELECT x.startup_us FROM runs r JOIN run_shards x ON x.run_id = r.id WHERE"
		" r.platform_id = (SELECT id FROM platforms WHERE name = ?1) AND x.startup_us >"
		" 0 ORDER BY r.id DESC, x.shard LIMIT ?2",
	[SQL_FORECAST_FILES] =
		"SELECT x.pack, r.files, CASE WHEN r.shards > 1 THEN (SELECT sum(duration_us)"
		" FROM run_shards WHERE run_id = r.id) END FROM runs r JOIN run_files x ON "
		"x.run_id = r.id WHERE"
		" r.platform_id = (SELECT id FROM platforms WHERE name = ?1) AND r.verdict ="
		" 'passed' ORDER BY r.id DESC LIMIT ?2",
	[SQL_FILE_TIMES] =
		"SELECT h.stats, (SELECT max(id) FROM runs), f.id FROM files f JOIN suites s ON"
		" s.id = f.suite_id JOIN file_tests h ON h.file_id = f.id WHERE f.path = ?3 AND"
		" s.name = ?1 AND f.project = ?2",
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
	int code = sqlite3_errcode(h->db);

	h->broken |= code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
	return error_set(
		err, EXIT_CODE_INFRASTRUCTURE, "%s %s: %s", what, h->path, sqlite3_errmsg(h->db));
}

int history_exec(struct history *h, const char *sql, const char *what, struct error *err)
{
	return sqlite3_exec(h->db, sql, NULL, NULL, NULL) == SQLITE_OK
		       ? 0
		       : history_error(h, err, what);
}

const char *history_text(sqlite3_stmt *s, int column)
{
	const char *value = (const char *)sqlite3_column_text(s, column);

	return value ? value : "";
}

const char *history_optional(sqlite3_stmt *s, int column)
{
	const char *value = history_text(s, column);

	return *value ? value : NULL;
}

int history_write(struct history *h, sqlite3_stmt *s, struct error *err)
{
	int code = s ? sqlite3_step(s) : SQLITE_ERROR;

	if (s)
		sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : history_error(h, err, "cannot write");
}

int history_finish(struct history *h, sqlite3_stmt *s, int code, struct error *err)
{
	int result = code == SQLITE_DONE ? 0 : history_error(h, err, "cannot read");

	sqlite3_reset(s);
	return result;
}
