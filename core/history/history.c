#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/history/merge.h"

#include <fcntl.h>
#include <math.h>

enum { BUSY_MS = 10000, RETRY_MS = 10, DAY_MS = 24 * 3600 * 1000 };

/* ---- opening --------------------------------------------------------------------------------- */

/* Two processes that make the same file at the same moment: who comes second is told BUSY at once,
 * the busy timeout does not count there. */
static int set_write_ahead(struct history *h)
{
	int64_t end_us = clock_mono_us() + (int64_t)BUSY_MS * 1000;

	for (;;) {
		int code = sqlite3_exec(h->db,
			"PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;", NULL, NULL, NULL);
		if (code != SQLITE_BUSY || clock_mono_us() >= end_us)
			return code;
		sqlite3_sleep(RETRY_MS);
	}
}

static int configure(struct history *h, enum history_mode mode, struct error *err)
{
	sqlite3_busy_timeout(h->db, BUSY_MS);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(h->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* Questions about several tests read the same packs again and again. */
	if (sqlite3_exec(h->db,
		    "PRAGMA cell_size_check=ON; PRAGMA mmap_size=0; PRAGMA cache_size=-16384;",
		    NULL, NULL, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot read");
	if (history_functions(h, err) < 0)
		return -1;
	if (mode == HISTORY_READ)
		return 0;
	if (set_write_ahead(h) != SQLITE_OK)
		return history_error(h, err, "cannot write");
	return 0;
}

static bool is_broken(int code)
{
	return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* Keep what cannot be read for a person to look at; start afresh. */
static char *set_aside(const char *path)
{
	static const char *const parts[] = {"-wal", "-shm"};
	cleanup_free char *aside = xasprintf("%s.broken-%" PRId64, path, clock_unix_ms() / 1000);

	if (rename(path, aside) < 0)
		return xasprintf("the history %s cannot be read and cannot be moved away", path);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		cleanup_free char *from = xasprintf("%s%s", path, parts[i]);
		cleanup_free char *to = xasprintf("%s%s", aside, parts[i]);
		rename(from, to);
	}
	return xasprintf(
		"the history was damaged; it is set aside as %s and learning starts afresh",
		path_basename(aside));
}

bool history_is_broken(const struct history *h)
{
	return h && h->broken;
}

char *history_set_aside(const struct history *h)
{
	return set_aside(h->path);
}

/* It holds what tests have said when they failed; SQLite's own default is readable by all. */
static void create_private(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd >= 0)
		close(fd);
}

static struct history *open_once(
	const char *path, enum history_mode mode, int *ret_code, struct error *err)
{
	struct history *h = xcalloc(1, sizeof(*h));
	int flags = mode == HISTORY_WRITE ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
					  : SQLITE_OPEN_READWRITE;

	h->path = xstrdup(path);
	bool foreign = false;

	if (mode == HISTORY_WRITE)
		create_private(path);
	*ret_code = sqlite3_open_v2(
		path, &h->db, flags | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_NOMUTEX, NULL);
	if (*ret_code == SQLITE_CANTOPEN && mode == HISTORY_READ) {
		sqlite3_close(h->db);
		*ret_code = sqlite3_open_v2(
			path, &h->db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	}
	if (*ret_code == SQLITE_OK && configure(h, mode, err) == 0 &&
		history_migrate(h, &foreign, err) == 0 && history_sql(h, SQL_COUNT_RUNS))
		return h;
	if (h->db) {
		*ret_code = foreign ? SQLITE_NOTADB : sqlite3_errcode(h->db);
		if (!err || err->code == EXIT_CODE_PASSED)
			history_error(h, err, "cannot open");
	}
	history_close(h);
	return NULL;
}

struct history *history_open_as_is(const char *path, struct error *err)
{
	int code;

	return open_once(path, HISTORY_READ, &code, err);
}

struct history *history_open(
	const char *path, enum history_mode mode, char **ret_notice, struct error *err)
{
	int code;

	if (mode == HISTORY_READ && !path_exists(path))
		return NULL;
	struct history *h = open_once(path, mode, &code, err);
	if (h || !is_broken(code))
		return h;
	char *notice = set_aside(path);
	if (ret_notice)
		*ret_notice = notice;
	else
		free(notice);
	if (err)
		err->code = EXIT_CODE_PASSED;
	return mode == HISTORY_READ ? NULL : open_once(path, mode, &code, err);
}

void history_close(struct history *h)
{
	if (!h)
		return;
	for (int i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(h->statements[i]);
	sqlite3_close(h->db);
	free(h->path);
	free(h);
}

void history_map(struct history *h)
{
	h->may_map = true;
}

/* Pages of a mapped file are not kept as they were checked: single rows take longer so. */
void history_scan(struct history *h, bool scan)
{
	if (h->may_map)
		sqlite3_exec(h->db, scan ? "PRAGMA mmap_size=1073741824" : "PRAGMA mmap_size=0",
			NULL, NULL, NULL);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void bind_text(sqlite3_stmt *s, int index, const char *text)
{
	sqlite3_bind_text(s, index, text ? text : "", -1, SQLITE_STATIC);
}

/* What a damaged or poisoned file may say is not believed: it could starve a worker. */
static bool believable(double ms)
{
	return isfinite(ms) && ms >= 0.01 && ms <= DAY_MS;
}

bool history_file(struct history *h, const char *platform, const char *suite, const char *project,
	const char *file, struct history_file *ret)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_GET_FILE) : NULL;

	if (!s)
		return false;
	bind_text(s, 1, platform);
	bind_text(s, 2, suite);
	bind_text(s, 3, project);
	bind_text(s, 4, file);
	bool found = sqlite3_step(s) == SQLITE_ROW && believable(sqlite3_column_double(s, 0));
	if (found)
		*ret = (struct history_file){
			.estimate_ms = sqlite3_column_double(s, 0),
			.samples = MAX(sqlite3_column_int(s, 1), 1),
			.last_ms = sqlite3_column_int64(s, 2),
		};
	sqlite3_reset(s);
	return found;
}

bool history_suite(
	struct history *h, const char *platform, const char *suite, struct history_suite *ret)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_GET_SUITE) : NULL;

	*ret = (struct history_suite){0};
	if (!s)
		return false;
	bind_text(s, 1, platform);
	bind_text(s, 2, suite);
	bool found = sqlite3_step(s) == SQLITE_ROW;
	if (found)
		*ret = (struct history_suite){
			.start_ms = sqlite3_column_double(s, 0),
			.cpu_share = sqlite3_column_double(s, 1),
			.rss_kb = sqlite3_column_double(s, 2),
			.runs = sqlite3_column_int(s, 3),
			.order = sqlite3_column_int(s, 4),
		};
	sqlite3_reset(s);
	s = history_sql(h, SQL_GET_TRIALS);
	if (!s)
		return found;
	bind_text(s, 1, platform);
	bind_text(s, 2, suite);
	while (sqlite3_step(s) == SQLITE_ROW) {
		int workers = sqlite3_column_int(s, 0);
		struct history_trial trial = {
			.wall_ms = sqlite3_column_double(s, 1),
			.cpu_ms = sqlite3_column_double(s, 2),
			.work_ms = sqlite3_column_double(s, 3),
			.runs = sqlite3_column_int(s, 4),
			.last_ms = sqlite3_column_int64(s, 5),
		};
		if (workers >= 1 && workers <= HISTORY_TRIALS && trial.runs > 0 &&
			believable(trial.wall_ms) && believable(trial.cpu_ms) &&
			believable(trial.work_ms))
			ret->trials[workers] = trial;
	}
	sqlite3_reset(s);
	return found;
}

void history_flags(struct history *h, const char *platform, const char *suite, struct strbuf *out)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_GET_FLAGS) : NULL;

	if (!s)
		return;
	bind_text(s, 1, platform);
	bind_text(s, 2, suite);
	if (sqlite3_step(s) == SQLITE_ROW && sqlite3_column_text(s, 0))
		strbuf_addstr(out, (const char *)sqlite3_column_text(s, 0));
	sqlite3_reset(s);
}

static double one_number(sqlite3_stmt *s)
{
	double value = 0;

	if (!s)
		return 0;
	if (sqlite3_step(s) == SQLITE_ROW)
		value = sqlite3_column_double(s, 0);
	sqlite3_reset(s);
	return isfinite(value) ? value : 0;
}

double history_median_ms(struct history *h, const char *platform, const char *suite)
{
	sqlite3_stmt *s = h ? history_sql(h, suite ? SQL_MEDIAN_SUITE : SQL_MEDIAN_ALL) : NULL;

	if (!s)
		return 0;
	bind_text(s, 1, platform);
	if (suite)
		bind_text(s, 2, suite);
	double ms = one_number(s);
	return believable(ms) ? ms : 0;
}

bool history_last_passed(
	struct history *h, const char *platform, int64_t *ret_ms, int64_t *ret_files)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_LAST_PASSED) : NULL;

	if (!s)
		return false;
	bind_text(s, 1, platform);
	bool found = sqlite3_step(s) == SQLITE_ROW;
	if (found) {
		*ret_ms = sqlite3_column_int64(s, 0);
		*ret_files = sqlite3_column_int64(s, 1);
	}
	sqlite3_reset(s);
	return found;
}

int history_run_count(struct history *h, const char *platform)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_COUNT_RUNS) : NULL;

	if (!s)
		return 0;
	bind_text(s, 1, platform);
	return (int)one_number(s);
}

bool history_has_run(struct history *h, const char *run_id)
{
	sqlite3_stmt *s = h ? history_sql(h, SQL_HAS_RUN) : NULL;

	if (!s)
		return false;
	bind_text(s, 1, run_id);
	return one_number(s) != 0;
}

int history_left(struct history *h, history_left_fn *fn, void *arg, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_LEFT);
	int result = 0, code;

	if (!s)
		return history_error(h, err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW && result == 0) {
		const char *test = (const char *)sqlite3_column_text(s, 3);
		result = fn(arg, (const char *)sqlite3_column_text(s, 0),
			(const char *)sqlite3_column_text(s, 1),
			(const char *)sqlite3_column_text(s, 2), test, sqlite3_column_int(s, 4));
	}
	sqlite3_reset(s);
	return code == SQLITE_DONE || result ? result : history_error(h, err, "cannot read");
}
