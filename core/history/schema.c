#include "core/base/base.h"

#include "core/flaky/fingerprint.h"
#include "core/history/schema.h"
#include "core/history/window.h"

/*
 * Names are interned once. What is asked often stands ready: an estimate a file, running statistics
 * a test; what only tests that ever failed have is in a table of its own, so that questions about
 * flaky tests read nothing else. What a run did is one pack (core/history/pack.h) beside exact rows
 * for the attempts that failed.
 */
static const char names_tables[] =
	"CREATE TABLE platforms(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE suites(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE files(id INTEGER PRIMARY KEY, suite_id INT NOT NULL, project TEXT NOT"
	" NULL, path TEXT NOT NULL, UNIQUE(path, suite_id, project));"
	"CREATE TABLE tests(id INTEGER PRIMARY KEY, file_id INT NOT NULL, path TEXT NOT NULL,"
	" occurrence INT NOT NULL, UNIQUE(file_id, path, occurrence));"
	"CREATE TABLE file_stats(platform_id INT NOT NULL, file_id INT NOT NULL, estimate_ms"
	" REAL NOT NULL, samples INT NOT NULL, last_ms INT NOT NULL, rss_kb INT NOT NULL,"
	" PRIMARY KEY(platform_id, file_id)) WITHOUT ROWID;"
	"CREATE TABLE suite_stats(platform_id INT NOT NULL, suite_id INT NOT NULL, start_ms"
	" REAL, cpu_share REAL, rss_kb REAL, runs INT NOT NULL, spread INT NOT NULL, flags TEXT,"
	" PRIMARY KEY(platform_id, suite_id)) WITHOUT ROWID;"
	"CREATE TABLE leftovers(file_id INT NOT NULL, test_id INT);";

static const char trials_table[] =
	"CREATE TABLE suite_trials(platform_id INT NOT NULL, suite_id INT NOT NULL, workers INT"
	" NOT NULL, wall_ms REAL NOT NULL, cpu_ms REAL NOT NULL, work_ms REAL NOT NULL, runs INT"
	" NOT NULL, last_ms INT NOT NULL, PRIMARY KEY(platform_id, suite_id, workers)) WITHOUT"
	" ROWID;";

static const char evidence_tables[] =
	"CREATE TABLE commits(id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE);"
	"CREATE TABLE branches(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);"
	"CREATE TABLE messages(id INTEGER PRIMARY KEY, test_id INT NOT NULL, fingerprint INT NOT"
	" NULL, text TEXT NOT NULL, UNIQUE(test_id, fingerprint));"
	"CREATE TABLE runs(id INTEGER PRIMARY KEY AUTOINCREMENT, uid TEXT NOT NULL UNIQUE,"
	" started_ms INT NOT NULL, duration_ms INT NOT NULL, platform_id INT NOT NULL, commit_id"
	" INT, branch_id INT, commit_sure INT NOT NULL, ci_attempt INT NOT NULL, run_url TEXT,"
	" shards INT NOT NULL, predicted_ms INT NOT NULL, makespan_ms INT NOT NULL, exit_code"
	" INT NOT NULL, verdict TEXT NOT NULL, workers INT NOT NULL, files INT NOT NULL, tests"
	" INT NOT NULL, passed INT NOT NULL, failed INT NOT NULL, skipped INT NOT NULL, flaky"
	" INT NOT NULL);"
	"CREATE INDEX runs_started ON runs(started_ms);"
	"CREATE INDEX runs_commit ON runs(commit_id) WHERE commit_sure;"
	"CREATE TABLE packs(run_id INTEGER PRIMARY KEY, shape INT NOT NULL, first_test INT NOT"
	" NULL, pack BLOB NOT NULL);"
	"CREATE TABLE run_files(run_id INTEGER PRIMARY KEY, pack BLOB NOT NULL);"
	"CREATE TABLE run_shards(run_id INT NOT NULL, shard INT NOT NULL, ci_attempt INT NOT"
	" NULL, status TEXT NOT NULL, startup_us INT NOT NULL, predicted_ms INT NOT NULL,"
	" duration_us INT NOT NULL, files INT NOT NULL, PRIMARY KEY(run_id, shard)) WITHOUT"
	" ROWID;"
	"CREATE TABLE failures(run_id INT NOT NULL, test_id INT NOT NULL, attempt INT NOT NULL,"
	" duration_us INT NOT NULL, kind INT NOT NULL, message_id INT, worker INT NOT NULL,"
	" position INT NOT NULL, rss_kb INT NOT NULL, PRIMARY KEY(run_id, test_id, attempt))"
	" WITHOUT ROWID;"
	"CREATE INDEX failures_test ON failures(test_id, run_id, message_id, kind);"
	"CREATE TABLE file_tests(file_id INTEGER PRIMARY KEY, digest TEXT NOT NULL, stats TEXT"
	" NOT NULL);"
	"CREATE TABLE test_faults(test_id INTEGER PRIMARY KEY, failures INT NOT NULL, w_failures"
	" REAL NOT NULL, flaky INT NOT NULL, w_flaky REAL NOT NULL, same_commit INT NOT NULL,"
	" flips INT NOT NULL, streak INT NOT NULL, streak_default INT NOT NULL, timeouts INT NOT"
	" NULL, attempts INT NOT NULL, cost_us INT NOT NULL, recent_flaky INT NOT NULL,"
	" first_fail_run INT NOT NULL, first_fail_ms INT NOT NULL, first_fail_commit INT NOT"
	" NULL, last_fail_run INT NOT NULL, last_fail_ms INT NOT NULL, last_fail_commit INT NOT"
	" NULL, last_message INT NOT NULL, main_failed INT NOT NULL DEFAULT 0);";

/* What `muster order` proved: behind these files (a line each) the test fails, or only passes. */
static const char order_table[] =
	"CREATE TABLE order_findings(test_id INTEGER PRIMARY KEY, culprits TEXT NOT NULL, needed"
	" INT NOT NULL, found_ms INT NOT NULL, run TEXT NOT NULL);";

#define NAMES                                                                             \
	" s.name AS suite, f.project, f.path AS file, replace(t.path, char(31), ' › ')" \
	" AS test, t.occurrence"
#define NAMED                               \
	" JOIN files f ON f.id = t.file_id" \
	" JOIN suites s ON s.id = f.suite_id"

static const char views[] =
	"CREATE VIEW test_stats AS SELECT muster_number(j.value, 0) AS test_id,"
	" muster_number(j.value, 1) AS runs, muster_number(j.value, 2) / 1e6 AS w_runs,"
	" muster_number(j.value, 3) AS first_ms, muster_number(j.value, 4) AS last_ms,"
	" muster_number(j.value, 5) AS last_run, muster_number(j.value, 6) AS recent,"
	" muster_number(j.value, 7) AS recent_count, muster_number(j.value, 8) AS mean_us,"
	" muster_number(j.value, 9) AS max_us, muster_number(j.value, 10) AS last_outcome FROM"
	" file_tests h, json_each(h.stats) j WHERE last_ms > 0;"
	"CREATE VIEW v_runs AS SELECT r.id, r.uid AS run, r.started_ms, r.duration_ms, p.name AS"
	" platform, c.hash AS \"commit\", b.name AS branch, r.verdict, r.exit_code, r.workers,"
	" r.files, r.tests, r.passed, r.failed, r.skipped, r.flaky, r.shards, r.predicted_ms,"
	" r.makespan_ms, r.ci_attempt, r.run_url FROM runs r JOIN platforms p ON p.id ="
	" r.platform_id LEFT JOIN commits c ON c.id = r.commit_id LEFT JOIN branches b ON b.id ="
	" r.branch_id;"
	"CREATE VIEW v_files AS SELECT s.name AS suite, f.project, f.path AS file, p.name AS"
	" platform, x.estimate_ms, x.samples, x.last_ms, x.rss_kb FROM file_stats x JOIN files f"
	" ON f.id = x.file_id JOIN suites s ON s.id = f.suite_id JOIN platforms p ON p.id ="
	" x.platform_id;"
	"CREATE VIEW v_tests AS SELECT x.test_id AS id," NAMES
	", x.runs, coalesce(y.failures, 0) AS failures, coalesce(y.flaky, 0) AS flaky,"
	" coalesce(y.flips, 0) AS flips, coalesce(y.streak, 0) AS streak, x.mean_us / 1000.0 AS"
	" mean_ms, x.max_us / 1000.0 AS max_ms, CASE x.last_outcome WHEN 1 THEN 'passed' WHEN 2"
	" THEN 'failed' END AS last_outcome, x.first_ms, x.last_ms FROM test_stats x JOIN tests"
	" t ON t.id = x.test_id" NAMED " LEFT JOIN test_faults y ON y.test_id = x.test_id;"
	"CREATE VIEW v_attempts AS SELECT r.uid AS run, r.started_ms, c.hash AS"
	" \"commit\", b.name AS branch," NAMES
	", a.attempt, a.duration_us / 1000.0 AS duration_ms, CASE a.kind WHEN 1 THEN 'assertion'"
	" WHEN 2 THEN 'error' WHEN 3 THEN 'hook' WHEN 4 THEN 'timeout' WHEN 5 THEN 'load' WHEN 6"
	" THEN 'crash' WHEN 7 THEN 'protocol' END AS kind, a.worker, a.position, a.rss_kb,"
	" m.fingerprint, m.text AS message FROM failures a JOIN runs r ON r.id = a.run_id JOIN"
	" tests t ON t.id = a.test_id" NAMED
	" LEFT JOIN messages m ON m.id = a.message_id LEFT JOIN commits c ON c.id = r.commit_id"
	" LEFT JOIN branches b ON b.id = r.branch_id;"
	"CREATE VIEW v_flaky AS SELECT y.test_id AS id," NAMES
	", x.runs, y.failures, y.flaky AS retried_passes, y.same_commit, y.flips, y.streak,"
	" y.streak_default, y.timeouts, y.w_failures / x.w_runs AS failure_rate, y.w_flaky /"
	" x.w_runs AS retry_rate, x.w_runs, y.cost_us / 1000.0 AS cost_ms, y.first_fail_ms,"
	" y.last_fail_ms, c.hash AS last_fail_commit, m.fingerprint, m.text AS last_message,"
	" o.culprits AS behind FROM test_faults y JOIN test_stats x ON x.test_id = y.test_id JOIN"
	" tests t ON t.id = y.test_id" NAMED
	" LEFT JOIN commits c ON c.id = y.last_fail_commit LEFT JOIN messages m ON m.id ="
	" y.last_message LEFT JOIN order_findings o ON o.test_id = y.test_id WHERE y.flaky OR"
	" y.same_commit OR y.flips > 1 OR o.culprits IS NOT NULL;"
	"CREATE VIEW v_slow AS SELECT x.test_id AS id," NAMES
	", x.mean_us / 1000.0 AS mean_ms, x.max_us / 1000.0 AS max_ms, x.runs, x.last_ms FROM"
	" test_stats x JOIN tests t ON t.id = x.test_id" NAMED " ORDER BY x.mean_us DESC;";

/* ---- from version 1 -------------------------------------------------------------------------- */

static const char from_1[] = "DROP VIEW v_runs;"
			     " DROP VIEW v_files;"
			     " DROP VIEW v_tests;"
			     "ALTER TABLE runs RENAME TO runs_1;"
			     "ALTER TABLE test_stats RENAME TO test_stats_1;"
			     "ALTER TABLE failures RENAME TO failures_1;";

static const char copy_1[] =
	"INSERT INTO commits(hash) SELECT DISTINCT commit_hash FROM runs_1 WHERE commit_hash !="
	" '';"
	"INSERT INTO branches(name) SELECT DISTINCT branch FROM runs_1 WHERE branch != '';"
	"INSERT INTO runs SELECT r.id, uid, started_ms, duration_ms, platform_id, c.id, b.id,"
	" p.name LIKE '%+%', 0, NULL, 0, 0, 0, exit_code, verdict, workers, files, tests,"
	" passed, failed, skipped, flaky FROM runs_1 r JOIN platforms p ON p.id = r.platform_id"
	" LEFT JOIN commits c ON c.hash = r.commit_hash LEFT JOIN branches b ON b.name ="
	" r.branch;"
	"INSERT INTO packs SELECT id, 0, first_test, pack FROM runs_1 WHERE length(pack) > 0;"
	"INSERT OR REPLACE INTO messages(test_id, fingerprint, text) SELECT test_id,"
	" fingerprint(message), message FROM failures_1 WHERE fingerprint(message) != 0 ORDER BY"
	" run_id;"
	"INSERT INTO failures SELECT a.run_id, a.test_id, a.attempt, a.duration_us, a.kind,"
	" m.id, 0, 0, 0 FROM failures_1 a JOIN runs r ON r.id = a.run_id LEFT JOIN messages m ON"
	" m.test_id = a.test_id AND m.fingerprint = fingerprint(a.message);";

static const char drop_1[] = "DROP TABLE runs_1; DROP TABLE test_stats_1; DROP TABLE failures_1;";

/* The runs that are still there were replayed; of older ones only the sums are known. */
static void add_sums_1(sqlite3_stmt *s, struct history_stats *x)
{
	int64_t failures = sqlite3_column_int64(s, 2), flaky = sqlite3_column_int64(s, 3);

	if (!x->last_ms)
		x->first_ms = x->last_ms = MAX(sqlite3_column_int64(s, 10), 1);
	x->runs = MAX(x->runs, sqlite3_column_int64(s, 1));
	x->recent = (uint64_t)sqlite3_column_int64(s, 5);
	x->recent_count = (int)MIN(x->runs, HISTORY_RECENT);
	x->mean_us = sqlite3_column_double(s, 6);
	x->max_us = MAX(x->max_us, sqlite3_column_int64(s, 7));
	x->last_run = sqlite3_column_int64(s, 8);
	x->last_outcome = (enum outcome)(sqlite3_column_int(s, 9) & 3);
	if (failures <= 0 && flaky <= 0)
		return;
	if (!x->faulty)
		x->first_fail_ms = x->last_fail_ms = x->last_ms;
	x->faulty = true;
	x->failures = MAX(x->failures, failures);
	x->flaky = MAX(x->flaky, flaky);
	x->flips = MAX(x->flips, sqlite3_column_int64(s, 4));
	x->attempts = MAX(x->attempts, failures);
	x->streak = sqlite3_column_int64(s, 11);
}

static int rebuild_1(struct history *h, struct error *err)
{
	struct history_window window;
	sqlite3_stmt *s = NULL;

	if (history_window_read(h, 0, NULL, NULL, &window, err) < 0)
		return -1;
	int code = sqlite3_prepare_v2(h->db,
		"SELECT o.test_id, o.runs, o.failures, o.flaky, o.flips, o.recent, o.ewma_us,"
		" o.max_us, o.last_run, o.last_outcome, r.started_ms, o.streak FROM test_stats_1"
		" o LEFT JOIN runs r ON r.id = o.last_run",
		-1, &s, NULL);
	while (code == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && (size_t)id <= window.n)
			add_sums_1(s, &window.stats[id - 1]);
	}
	sqlite3_finalize(s);
	int result = code == SQLITE_OK ? history_window_write(h, &window, err)
				       : history_error(h, err, "cannot read");
	history_window_release(&window);
	return result;
}

/* n-th number of "[1,2,3]". SQLite's own json_extract() counts as unsafe in views (3.40). */
static void sql_number(sqlite3_context *context, int n, sqlite3_value **values)
{
	const char *text = (const char *)sqlite3_value_text(values[0]);

	(void)n;
	for (int skip = sqlite3_value_int(values[1]); text && skip > 0; skip--) {
		text = strchr(text, ',');
		text += text != NULL;
	}
	if (text)
		sqlite3_result_int64(context, strtoll(text + strspn(text, "["), NULL, 10));
}

int history_functions(struct history *h, struct error *err)
{
	int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;

	if (sqlite3_create_function_v2(h->db, "muster_number", 2, flags, NULL, sql_number, NULL,
		    NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot read");
	return 0;
}

static void sql_fingerprint(sqlite3_context *context, int n, sqlite3_value **values)
{
	(void)n;
	sqlite3_result_int64(context, fingerprint((const char *)sqlite3_value_text(values[0])));
}

static int migrate_1(struct history *h, struct error *err)
{
	static const char what[] = "cannot bring to this version";

	if (sqlite3_create_function_v2(h->db, "fingerprint", 1,
		    SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL, sql_fingerprint,
		    NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, what);
	if (history_exec(h, from_1, what, err) < 0 ||
		history_exec(h, evidence_tables, what, err) < 0 ||
		history_exec(h, order_table, what, err) < 0 ||
		history_exec(h, copy_1, what, err) < 0 || rebuild_1(h, err) < 0 ||
		history_exec(h, drop_1, what, err) < 0)
		return -1;
	return history_exec(h, views, what, err);
}

/* ---- from version 2 -------------------------------------------------------------------------- */

static const char from_2[] =
	"DROP VIEW v_runs; DROP VIEW v_files; DROP VIEW v_tests; DROP VIEW v_attempts;"
	"DROP VIEW v_flaky; DROP VIEW v_slow; DROP VIEW test_stats;"
	"ALTER TABLE test_faults ADD COLUMN main_failed INT NOT NULL DEFAULT 0;"
	"DROP INDEX failures_test;"
	"CREATE INDEX failures_test ON failures(test_id, run_id, message_id, kind);";

/* Outcomes on the default branch were not kept apart: the packs have them. */
static int add_main(struct history *h, struct history_window *stored, struct error *err)
{
	struct history_window replayed;

	if (history_window_read(h, 0, NULL, NULL, &replayed, err) < 0)
		return -1;
	for (size_t i = 0; i < MIN(stored->n, replayed.n); i++) {
		stored->stats[i].main_failed = replayed.stats[i].main_failed;
		stored->stats[i].main_count = replayed.stats[i].main_count;
	}
	history_window_release(&replayed);
	return history_window_write(h, stored, err);
}

static int migrate_2(struct history *h, struct error *err)
{
	static const char what[] = "cannot bring to this version";
	struct history_window stored;

	if (history_exec(h, from_2, what, err) < 0 || history_exec(h, order_table, what, err) < 0 ||
		history_exec(h, views, what, err) < 0 ||
		history_window_stored(h, NULL, &stored, err) < 0)
		return -1;
	int result = add_main(h, &stored, err);
	history_window_release(&stored);
	return result;
}

/* ---- from version 3 -------------------------------------------------------------------------- */

/* Wall times had in them what the machine did besides: they are measured anew. */
static int migrate_3(struct history *h, struct error *err)
{
	static const char what[] = "cannot bring to this version";

	if (history_exec(h,
		    "DROP TABLE suite_walls; ALTER TABLE suite_stats DROP COLUMN first_file_ms;"
		    " ALTER TABLE suite_stats ADD COLUMN flags TEXT;",
		    what, err) < 0)
		return -1;
	return history_exec(h, trials_table, what, err);
}

/* ---- a new one ------------------------------------------------------------------------------- */

static int create(struct history *h, struct error *err)
{
	static const char what[] = "cannot create";

	if (history_exec(h, names_tables, what, err) < 0 ||
		history_exec(h, trials_table, what, err) < 0 ||
		history_exec(h, evidence_tables, what, err) < 0 ||
		history_exec(h, order_table, what, err) < 0)
		return -1;
	return history_exec(h, views, what, err);
}

/* ---- versions -------------------------------------------------------------------------------- */

int64_t history_number(struct history *h, const char *sql)
{
	sqlite3_stmt *s = NULL;
	int64_t value = -1;

	if (sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) == SQLITE_OK &&
		sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return value;
}

/* A database of something else: its tables are not touched. Version 1 did not sign its file. */
static bool is_foreign(struct history *h, int64_t version)
{
	int64_t signature = history_number(h, "PRAGMA application_id");
	int64_t tables = history_number(h, "SELECT count(*) FROM sqlite_master");
	int64_t own = history_number(h,
		"SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name IN ('runs',"
		" 'tests', 'test_stats', 'failures', 'leftovers')");

	if (signature == HISTORY_APPLICATION_ID)
		return false;
	return version == 0 ? tables > 0 || signature != 0 : version > 1 || own != 5;
}

static int change_version(struct history *h, int64_t version, struct error *err)
{
	static int (*const steps[HISTORY_SCHEMA_VERSION])(
		struct history * h, struct error * err) = {create, migrate_1, migrate_2, migrate_3};

	if (steps[version](h, err) < 0)
		return -1;
	/* from the older ones to version 3 it is one step */
	if ((version == 1 || version == 2) && migrate_3(h, err) < 0)
		return -1;
	cleanup_free char *sql = xasprintf("PRAGMA user_version = %d; PRAGMA application_id = %d",
		HISTORY_SCHEMA_VERSION, HISTORY_APPLICATION_ID);
	return history_exec(h, sql, "cannot create", err);
}

int history_migrate(struct history *h, bool *ret_foreign, struct error *err)
{
	int64_t version = history_number(h, "PRAGMA user_version");

	*ret_foreign = false;
	if (version < 0)
		return history_error(h, err, "cannot read");
	if (is_foreign(h, version)) {
		*ret_foreign = true;
		return error_set(err, EXIT_CODE_USAGE, "%s is not a history of muster", h->path);
	}
	if (version == HISTORY_SCHEMA_VERSION)
		return 0;
	if (version > HISTORY_SCHEMA_VERSION)
		return error_set(err, EXIT_CODE_USAGE,
			"%s was written by a newer muster (schema %" PRId64 ", this one knows %d)",
			h->path, version, HISTORY_SCHEMA_VERSION);
	/* Two processes may be here at once: the second finds the work done. */
	if (history_exec(h, "BEGIN IMMEDIATE", "cannot write", err) < 0)
		return -1;
	version = history_number(h, "PRAGMA user_version");
	int result = version < HISTORY_SCHEMA_VERSION ? change_version(h, version, err) : 0;
	if (result == 0)
		result = history_exec(h, "COMMIT", "cannot write", err);
	if (result < 0)
		sqlite3_exec(h->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}
