#include "core/base/base.h"

#include "core/history_list.h"
#include "core/history_rows.h"
#include "core/history_window.h"

/* Columns 0 … 5; then those of struct history_stats; then what its ids stand for. */
#define NAME_COLUMNS "t.id, s.name, f.project, f.path, t.path, t.occurrence, "
enum { STATS = 6, REFERENCES = STATS + HISTORY_STATS_COLUMN_COUNT };
#define REFERENCE_COLUMNS(first_run, first_commit, last_run, last_commit) \
	", (SELECT uid FROM runs WHERE id = " first_run ")"               \
	", (SELECT hash FROM commits WHERE id = " first_commit ")"        \
	", (SELECT uid FROM runs WHERE id = " last_run ")"                \
	", (SELECT hash FROM commits WHERE id = " last_commit ")"         \
	", m.text, m.fingerprint "

static const char named[] =
	" JOIN tests t ON t.id = x.test_id JOIN files f ON f.id = t.file_id JOIN suites"
	" s ON s.id = f.suite_id";
static const char matching[] =
	" WHERE (?1 IS NULL OR s.name = ?1) AND (?2 IS NULL OR instr(f.path, ?2) OR"
	" instr(replace(t.path, char(31), ' › '), ?2))";

static const char *optional(sqlite3_stmt *s, int column)
{
	const char *value = history_text(s, column);

	return *value ? value : NULL;
}

static int deliver(
	sqlite3_stmt *s, const struct history_stats *stats, history_test_fn *fn, void *arg)
{
	return fn(arg, &(struct history_test){
			       .id = sqlite3_column_int64(s, 0),
			       .suite = history_text(s, 1),
			       .project = history_text(s, 2),
			       .file = history_text(s, 3),
			       .test = history_text(s, 4),
			       .occurrence = sqlite3_column_int(s, 5),
			       .stats = *stats,
			       .first_fail_run = optional(s, REFERENCES),
			       .first_fail_commit = optional(s, REFERENCES + 1),
			       .last_fail_run = optional(s, REFERENCES + 2),
			       .last_fail_commit = optional(s, REFERENCES + 3),
			       .message = optional(s, REFERENCES + 4),
			       .fingerprint = sqlite3_column_int64(s, REFERENCES + 5),
		       });
}

static void bind_text(sqlite3_stmt *s, int index, const char *text)
{
	if (text && *text)
		sqlite3_bind_text(s, index, text, -1, SQLITE_STATIC);
}

/* ---- the running statistics -------------------------------------------------------------------- */

/* First the rows are chosen by the one column that orders them, then they are read in full. */
static char *statement(const struct history_filter *filter, enum history_order order)
{
	static const char *const keys[] = {
		[HISTORY_BY_ID] = "x.test_id",
		[HISTORY_BY_DURATION] = "-x.mean_us",
		[HISTORY_BY_FAULTS] = "-y.w_failures - y.w_flaky",
	};
	bool faulty = filter->faulty || order == HISTORY_BY_FAULTS;
	bool names = filter->suite || (filter->text && *filter->text);

	return xasprintf("SELECT " NAME_COLUMNS HISTORY_STATS_COLUMNS REFERENCE_COLUMNS(
				 "y.first_fail_run", "y.first_fail_commit", "y.last_fail_run",
				 "y.last_fail_commit") "FROM (SELECT x.test_id AS id, %s AS key "
						       "FROM %s%s%s ORDER BY 2, 1 LIMIT ?3) c"
						       " JOIN test_stats x ON x.test_id = c.id "
						       "LEFT JOIN test_faults y ON y.test_id ="
						       " c.id%s LEFT JOIN messages m ON m.id = "
						       "y.last_message ORDER BY c.key, c.id",
		keys[order],
		faulty ? "test_faults y JOIN test_stats x ON x.test_id = y.test_id"
		       : "test_stats x",
		names ? named : "", names ? matching : "", named);
}

static int list_all(struct history *h, const struct history_filter *filter,
	enum history_order order, history_test_fn *fn, void *arg, struct error *err)
{
	cleanup_free char *sql = statement(filter, order);
	struct history_stats stats;
	sqlite3_stmt *s = NULL;
	int code, stopped = 0;

	if (sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot read");
	bind_text(s, 1, filter->suite);
	bind_text(s, 2, filter->text);
	sqlite3_bind_int(s, 3, filter->limit > 0 ? filter->limit : -1);
	while (!stopped && (code = sqlite3_step(s)) == SQLITE_ROW) {
		history_row_stats(s, STATS, &stats);
		stopped = deliver(s, &stats, fn, arg);
	}
	int result = stopped || code == SQLITE_DONE ? 0 : history_error(h, err, "cannot read");
	sqlite3_finalize(s);
	return result;
}

/* ---- a window ---------------------------------------------------------------------------------- */

struct choice {
	int64_t id;
	double key; /* largest first */
};

static int by_key(const void *a, const void *b)
{
	const struct choice *x = a, *y = b;

	if (x->key != y->key)
		return x->key > y->key ? -1 : 1;
	return (x->id > y->id) - (x->id < y->id);
}

static double key_of(const struct history_stats *s, enum history_order order)
{
	switch (order) {
	case HISTORY_BY_DURATION:
		return s->mean_us;
	case HISTORY_BY_FAULTS:
		return s->w_failures + s->w_flaky;
	case HISTORY_BY_ID:
		break;
	}
	return 0;
}

/* Names and references of one test of the window, in the columns of list_all(). */
static bool select_named(sqlite3_stmt *s, const struct history_filter *filter, int64_t id,
	const struct history_stats *stats)
{
	sqlite3_reset(s);
	bind_text(s, 1, filter->suite);
	bind_text(s, 2, filter->text);
	sqlite3_bind_int64(s, 3, id);
	sqlite3_bind_int64(s, 4, stats->first_fail_run);
	sqlite3_bind_int64(s, 5, stats->first_fail_commit);
	sqlite3_bind_int64(s, 6, stats->last_fail_run);
	sqlite3_bind_int64(s, 7, stats->last_fail_commit);
	sqlite3_bind_int64(s, 8, stats->last_message);
	return sqlite3_step(s) == SQLITE_ROW;
}

static int list_chosen(struct history *h, const struct history_filter *filter,
	const struct history_window *w, const struct choice *v, size_t n, history_test_fn *fn,
	void *arg, struct error *err)
{
	cleanup_free char *sql =
		xasprintf("SELECT " NAME_COLUMNS HISTORY_STATS_COLUMNS REFERENCE_COLUMNS("?4", "?5",
				  "?6", "?7") "FROM test_stats x LEFT JOIN test_faults y ON "
					      "y.test_id = x.test_id%s LEFT JOIN"
					      " messages m ON m.id = ?8%s AND x.test_id = ?3",
			named, matching);
	sqlite3_stmt *s = NULL;
	int left = filter->limit > 0 ? filter->limit : -1, stopped = 0;

	if (sqlite3_prepare_v2(h->db, sql, -1, &s, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot read");
	for (size_t i = 0; i < n && left && !stopped; i++) {
		const struct history_stats *stats = &w->stats[v[i].id - 1];
		if (!select_named(s, filter, v[i].id, stats))
			continue;
		stopped = deliver(s, stats, fn, arg);
		left -= left > 0;
	}
	sqlite3_finalize(s);
	return 0;
}

static int list_window(struct history *h, const struct history_filter *filter,
	enum history_order order, history_test_fn *fn, void *arg, struct error *err)
{
	bool faulty = filter->faulty || order == HISTORY_BY_FAULTS;
	struct history_window w;
	size_t n = 0;

	if (history_window_read(h, filter->since_ms, filter->branch, faulty, &w, err) < 0)
		return -1;
	cleanup_free struct choice *v = xcalloc(w.n + 1, sizeof(*v));
	for (size_t i = 0; i < w.n; i++)
		if (w.stats[i].last_ms && (w.stats[i].faulty || !faulty))
			v[n++] = (struct choice){(int64_t)i + 1, key_of(&w.stats[i], order)};
	qsort(v, n, sizeof(*v), by_key);
	int result = list_chosen(h, filter, &w, v, n, fn, arg, err);
	history_window_release(&w);
	return result;
}

int history_list_tests(struct history *h, const struct history_filter *filter,
	enum history_order order, history_test_fn *fn, void *arg, struct error *err)
{
	if (filter->since_ms > 0 || filter->branch)
		return list_window(h, filter, order, fn, arg, err);
	return list_all(h, filter, order, fn, arg, err);
}
