#include "core/base/base.h"

#include "core/history_list.h"
#include "core/history_rows.h"
#include "core/history_window.h"
#include "core/test_id.h"

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

static void bind_text(sqlite3_stmt *s, int index, const char *text)
{
	if (text && *text)
		sqlite3_bind_text(s, index, text, -1, SQLITE_STATIC);
}

/* "cart › adds" as it is stored. */
static void encode_title(struct strbuf *out, const char *text)
{
	for (const char *arrow; text && (arrow = strstr(text, TEST_ID_ARROW));
		text = arrow + strlen(TEST_ID_ARROW)) {
		strbuf_add(out, text, (size_t)(arrow - text));
		strbuf_addch(out, TEST_ID_SEPARATOR);
	}
	strbuf_addstr(out, text ? text : "");
}

/* Forget the tests whose names do not match. */
static int match_names(struct history *h, const struct history_filter *filter,
	struct history_window *w, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_MATCHING_TESTS);
	cleanup_strbuf struct strbuf title = STRBUF_INIT;
	int code;

	if (!s)
		return history_error(h, err, "cannot read");
	cleanup_free bool *wanted = xcalloc(w->n + 1, sizeof(*wanted));
	bind_text(s, 1, filter->suite);
	bind_text(s, 2, filter->text);
	encode_title(&title, filter->text);
	sqlite3_bind_text(s, 3, title.buf, (int)title.len, SQLITE_STATIC);
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id >= 1 && (size_t)id <= w->n)
			wanted[id - 1] = true;
	}
	for (size_t i = 0; i < w->n; i++)
		if (!wanted[i])
			w->stats[i].last_ms = 0;
	return history_finish(h, s, code, err);
}

static int read_window(struct history *h, const struct history_filter *filter, bool faulty,
	struct history_window *w, struct error *err)
{
	int result =
		filter->since_ms > 0 || filter->branch
			? history_window_read(h, filter->since_ms, filter->branch, faulty, w, err)
			: history_window_stored(h, w, err);

	if (result < 0)
		return -1;
	if ((filter->suite || (filter->text && *filter->text)) &&
		match_names(h, filter, w, err) < 0) {
		history_window_release(w);
		return -1;
	}
	return 0;
}

/* 1: the callback wants no more. */
static int deliver(struct history *h, int64_t id, const struct history_stats *stats,
	history_test_fn *fn, void *arg)
{
	sqlite3_stmt *s = history_sql(h, SQL_TEST_ROW);
	int stopped = 0;

	if (!s)
		return 0;
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_int64(s, 2, stats->first_fail_run);
	sqlite3_bind_int64(s, 3, stats->first_fail_commit);
	sqlite3_bind_int64(s, 4, stats->last_fail_run);
	sqlite3_bind_int64(s, 5, stats->last_fail_commit);
	sqlite3_bind_int64(s, 6, stats->last_message);
	if (sqlite3_step(s) == SQLITE_ROW)
		stopped = fn(arg, &(struct history_test){
					  .id = id,
					  .suite = history_text(s, 0),
					  .project = history_text(s, 1),
					  .file = history_text(s, 2),
					  .test = history_text(s, 3),
					  .occurrence = sqlite3_column_int(s, 4),
					  .stats = *stats,
					  .first_fail_run = history_optional(s, 5),
					  .first_fail_commit = history_optional(s, 6),
					  .last_fail_run = history_optional(s, 7),
					  .last_fail_commit = history_optional(s, 8),
					  .message = history_optional(s, 9),
					  .fingerprint = sqlite3_column_int64(s, 10),
				  });
	sqlite3_reset(s);
	return stopped;
}

int history_list_tests(struct history *h, const struct history_filter *filter,
	enum history_order order, history_test_fn *fn, void *arg, struct error *err)
{
	bool faulty = filter->faulty || order == HISTORY_BY_FAULTS;
	struct history_window w;
	size_t n = 0;

	if (read_window(h, filter, faulty, &w, err) < 0)
		return -1;
	cleanup_free struct choice *v = xcalloc(w.n + 1, sizeof(*v));
	for (size_t i = 0; i < w.n; i++)
		if (w.stats[i].last_ms && (w.stats[i].faulty || !faulty))
			v[n++] = (struct choice){(int64_t)i + 1, key_of(&w.stats[i], order)};
	qsort(v, n, sizeof(*v), by_key);
	if (filter->limit > 0)
		n = MIN(n, (size_t)filter->limit);
	for (size_t i = 0; i < n; i++)
		if (deliver(h, v[i].id, &w.stats[v[i].id - 1], fn, arg))
			break;
	history_window_release(&w);
	return 0;
}
