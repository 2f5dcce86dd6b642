#include "core/base/base.h"

#include "core/history/list.h"
#include "core/history/rows.h"
#include "core/history/window.h"
#include "core/event/test_id.h"

struct choice {
	int64_t id;
	size_t place; /* in the window */
	double key;   /* largest first */
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

/* ---- which tests ------------------------------------------------------------------------------- */

/* What the filter says about a file by its name. */
enum fit {
	FIT_NOT,
	FIT_TITLES, /* its tests with such a title */
	FIT_REST, /* it is what stands before the first arrow: also those with the rest as title */
	FIT_ALL,
};

struct matching {
	struct history *h;
	const struct history_filter *filter;
	struct history_wanted *wanted;
	unsigned char *fits; /* [file id - 1] */
	size_t n, cap;
	struct error *err;
};

static enum fit fit_of(const struct history_filter *f, const char *suite, const char *file)
{
	bool text = f->text && *f->text;

	if ((f->suite && !streq(suite, f->suite)) ||
		(f->wants_file && !f->wants_file(f->wants_arg, file)))
		return FIT_NOT;
	if (!text || strstr(file, f->text))
		return FIT_ALL;
	const char *arrow = strstr(f->text, TEST_ID_ARROW);
	size_t len = arrow ? (size_t)(arrow - f->text) : 0, n = strlen(file);
	return len && len <= n && strncmp(file + n - len, f->text, len) == 0 ? FIT_REST
									     : FIT_TITLES;
}

static int read_fits(struct matching *m)
{
	sqlite3_stmt *s = history_sql(m->h, SQL_FILE_NAMES);
	int code;

	if (!s)
		return history_error(m->h, m->err, "cannot read");
	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0);
		if (id < 1 || id > INT32_MAX / 16)
			continue;
		size_t had = m->cap;
		GROW(m->fits, (size_t)id, m->cap);
		memset(m->fits + had, FIT_NOT, m->cap - had);
		m->n = MAX(m->n, (size_t)id);
		m->fits[id - 1] =
			(unsigned char)fit_of(m->filter, history_text(s, 1), history_text(s, 2));
	}
	return history_finish(m->h, s, code, m->err);
}

/* The tests that `s` lists, where their file fits at least so well. */
static int want(struct matching *m, sqlite3_stmt *s, enum fit least)
{
	struct history_wanted *w = m->wanted;
	int code;

	while ((code = sqlite3_step(s)) == SQLITE_ROW) {
		int64_t id = sqlite3_column_int64(s, 0), file = sqlite3_column_int64(s, 1);
		if (id < 1 || (size_t)id > w->n || file < 1 || (size_t)file > m->n ||
			m->fits[file - 1] < (unsigned char)least)
			continue;
		w->tests[id - 1] = true;
		w->files[file - 1] = true;
	}
	return history_finish(m->h, s, code, m->err);
}

static int want_titles(struct matching *m, const char *text, enum fit least)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT;
	sqlite3_stmt *s = history_sql(m->h, SQL_TESTS_BY_TITLE);

	if (!s)
		return history_error(m->h, m->err, "cannot read");
	encode_title(&title, text);
	sqlite3_bind_text(s, 1, title.buf, (int)title.len, SQLITE_STATIC);
	return want(m, s, least);
}

static int want_matching(struct matching *m)
{
	if (read_fits(m) < 0)
		return -1;
	m->wanted->files = xcalloc(m->n + 1, sizeof(*m->wanted->files));
	m->wanted->file_count = m->n;
	for (size_t i = 0; i < m->n; i++) {
		if (m->fits[i] != FIT_ALL)
			continue;
		sqlite3_stmt *s = history_sql(m->h, SQL_TESTS_OF_FILE);
		if (!s)
			return history_error(m->h, m->err, "cannot read");
		sqlite3_bind_int64(s, 1, (int64_t)i + 1);
		if (want(m, s, FIT_ALL) < 0)
			return -1;
	}
	const char *text = m->filter->text, *arrow = text ? strstr(text, TEST_ID_ARROW) : NULL;
	if (!text || !*text)
		return 0;
	if (arrow && want_titles(m, arrow + strlen(TEST_ID_ARROW), FIT_REST) < 0)
		return -1;
	return want_titles(m, text, FIT_TITLES);
}

static bool asks_all(const struct history_filter *f)
{
	return !f->suite && !f->wants_file && !(f->text && *f->text);
}

static int choose_tests(struct history *h, const struct history_filter *filter, bool faulty,
	struct history_wanted *ret, struct error *err)
{
	struct matching m = {.h = h, .filter = filter, .wanted = ret, .err = err};
	int result = 0;

	if (history_wanted_init(h, ret, err) < 0)
		return -1;
	if (asks_all(filter))
		memset(ret->tests, true, ret->n);
	else
		result = want_matching(&m);
	free(m.fits);
	if (result == 0 && faulty)
		result = history_wanted_faulty(h, ret, err);
	return result;
}

/* ---- the first of them ------------------------------------------------------------------------- */

struct choices {
	struct choice *v;
	size_t n, cap;
	size_t limit; /* 0 = all */
};

/* Kept in order when they are few of many, else put in order at the end. */
static void add_choice(struct choices *c, struct choice new)
{
	if (!c->limit) {
		GROW(c->v, c->n + 1, c->cap);
		c->v[c->n++] = new;
		return;
	}
	if (c->n == c->limit && by_key(&new, &c->v[c->n - 1]) > 0)
		return;
	GROW(c->v, c->n + 1, c->cap);
	size_t at = c->n < c->limit ? c->n++ : c->n - 1;
	for (; at && by_key(&new, &c->v[at - 1]) < 0; at--)
		c->v[at] = c->v[at - 1];
	c->v[at] = new;
}

static void rank(struct choices *c, const struct history_window *w, enum history_order order,
	bool faulty, size_t limit)
{
	*c = (struct choices){.limit = limit < w->n ? limit : 0};
	for (size_t i = 0; i < w->n; i++) {
		const struct history_stats *s = &w->stats[i];
		if (s->last_ms && (s->faulty || s->ordered || !faulty))
			add_choice(c, (struct choice){w->ids ? w->ids[i] : (int64_t)i + 1, i,
					      key_of(s, order)});
	}
	if (!c->limit && c->n)
		qsort(c->v, c->n, sizeof(*c->v), by_key);
	c->n = limit ? MIN(c->n, limit) : c->n;
}

/*
 * The slowest tests of a window, without a look at all that every run of it did: taken from the
 * slowest there are, ever more of them, until enough have runs in the window. Their statistics, and
 * with them their order, are those of the window.
 */
static int read_slowest(struct history *h, const struct history_filter *filter,
	struct history_wanted *wanted, struct history_window *ret, struct error *err)
{
	size_t limit = (size_t)filter->limit, found = 0;
	struct history_window all;
	struct choices c = {0};
	int result = history_window_stored(h, wanted, &all, err);

	if (result < 0)
		return -1;
	for (size_t tried = 2 * limit + 40; found < limit; tried *= 4) {
		free(c.v);
		rank(&c, &all, HISTORY_BY_DURATION, false, tried);
		memset(wanted->tests, false, wanted->n);
		for (size_t i = 0; i < c.n; i++)
			wanted->tests[c.v[i].id - 1] = true;
		if (found)
			history_window_release(ret);
		found = 0;
		result = history_window_read(h, filter->since_ms, filter->branch, wanted, ret, err);
		for (size_t i = 0; i < ret->n && result == 0; i++)
			found += ret->stats[i].last_ms != 0;
		if (result < 0 || c.n < tried)
			break;
	}
	free(c.v);
	history_window_release(&all);
	return result;
}

static int read_window(struct history *h, const struct history_filter *filter,
	enum history_order order, bool faulty, struct history_window *ret, struct error *err)
{
	struct history_wanted wanted;
	bool windowed = filter->since_ms > 0 || filter->branch;
	int result = choose_tests(h, filter, faulty, &wanted, err);

	if (result == 0 && windowed && !faulty && filter->limit && order == HISTORY_BY_DURATION)
		result = read_slowest(h, filter, &wanted, ret, err);
	else if (result == 0 && windowed)
		result =
			history_window_read(h, filter->since_ms, filter->branch, &wanted, ret, err);
	else if (result == 0)
		result = history_window_stored(h, &wanted, ret, err);
	history_wanted_release(&wanted);
	return result;
}

/* ---- the questions ----------------------------------------------------------------------------- */

bool history_name_test(
	struct history *h, int64_t id, const struct history_stats *stats, struct history_test *ret)
{
	sqlite3_stmt *s = history_sql(h, SQL_TEST_ROW);

	if (!s)
		return false;
	sqlite3_bind_int64(s, 1, id);
	sqlite3_bind_int64(s, 2, stats->first_fail_run);
	sqlite3_bind_int64(s, 3, stats->first_fail_commit);
	sqlite3_bind_int64(s, 4, stats->last_fail_run);
	sqlite3_bind_int64(s, 5, stats->last_fail_commit);
	sqlite3_bind_int64(s, 6, stats->last_message);
	if (sqlite3_step(s) != SQLITE_ROW)
		return false;
	*ret = (struct history_test){
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
		.file_id = sqlite3_column_int64(s, 11),
		.culprits = history_optional(s, 12),
		.needed = sqlite3_column_int(s, 13) != 0,
		.order_run = history_optional(s, 14),
	};
	return true;
}

int history_list_stats(struct history *h, const struct history_filter *filter,
	enum history_order order, history_stats_fn *fn, void *arg, struct error *err)
{
	bool faulty = filter->faulty || order == HISTORY_BY_FAULTS;
	struct history_window w;
	struct choices c;

	if (read_window(h, filter, order, faulty, &w, err) < 0)
		return -1;
	rank(&c, &w, order, faulty, (size_t)MAX(filter->limit, 0));
	for (size_t i = 0; i < c.n; i++)
		if (fn(arg, c.v[i].id, &w.stats[c.v[i].place]))
			break;
	free(c.v);
	history_window_release(&w);
	return 0;
}

struct naming {
	struct history *h;
	history_test_fn *fn;
	void *arg;
};

static int name(void *arg, int64_t id, const struct history_stats *stats)
{
	struct naming *n = arg;
	struct history_test test;

	return history_name_test(n->h, id, stats, &test) ? n->fn(n->arg, &test) : 0;
}

int history_list_tests(struct history *h, const struct history_filter *filter,
	enum history_order order, history_test_fn *fn, void *arg, struct error *err)
{
	struct naming naming = {h, fn, arg};
	int result = history_list_stats(h, filter, order, name, &naming, err);

	history_sql(h, SQL_TEST_ROW); /* resets it */
	return result;
}
