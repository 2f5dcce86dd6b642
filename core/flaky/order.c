#include "core/base/base.h"

#include "core/base/strmap.h"
#include "core/event/journal.h"
#include "core/flaky/order.h"
#include "core/event/test_id.h"

void order_target_release(struct order_target *t)
{
	free(t->suite);
	free(t->project);
	free(t->file);
	free(t->test);
	strvec_release(&t->before);
	*t = (struct order_target){.before = STRVEC_INIT};
}

/* ---- the record of a run --------------------------------------------------------------------- */

struct start {
	int worker;
	char *suite, *project, *file;
};

struct record {
	const char *word, *suite;
	struct start *starts;
	size_t n, cap;
	struct order_target *target;
	size_t at;           /* of the target in starts, when it has a file */
	struct strvec names; /* of different tests that the word means */
};

static bool is_word(const struct record *r, const char *file, const char *test, int occurrence)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT, title = STRBUF_INIT;

	test_id_text(&text, test, occurrence);
	test_id_title(&title, test);
	if (streq(text.buf, r->word) || streq(title.buf, r->word))
		return true;
	size_t len = strlen(file), arrow = strlen(TEST_ID_ARROW);
	return strncmp(r->word, file, len) == 0 &&
	       strncmp(r->word + len, TEST_ID_ARROW, arrow) == 0 &&
	       streq(r->word + len + arrow, text.buf);
}

/* The newest start of this file in this worker. */
static bool find_start(const struct record *r, const struct event *e, size_t *ret)
{
	for (size_t i = r->n; i-- > 0;) {
		const struct start *s = &r->starts[i];
		if (s->worker != e->worker || !streq(s->file, e->file) ||
			!streq(s->suite, e->suite) ||
			!streq(s->project, e->project ? e->project : ""))
			continue;
		*ret = i;
		return true;
	}
	return false;
}

static void note(struct record *r, const struct event *e, const char *test, bool failed)
{
	struct order_target *t = r->target;
	size_t at;

	if ((t->failed && !failed) || !find_start(r, e, &at))
		return;
	order_target_release(t);
	*t = (struct order_target){
		.suite = xstrdup(e->suite),
		.project = xstrdup(e->project ? e->project : ""),
		.file = xstrdup(e->file),
		.test = test ? xstrdup(test) : NULL,
		.occurrence = e->occurrence,
		.failed = failed,
		.before = STRVEC_INIT,
	};
	r->at = at;
}

static void add_start(struct record *r, const struct event *e)
{
	GROW(r->starts, r->n + 1, r->cap);
	r->starts[r->n++] = (struct start){e->worker, xstrdup(e->suite),
		xstrdup(e->project ? e->project : ""), xstrdup(e->file)};
}

static void on_test(struct record *r, const struct event *e)
{
	cleanup_strbuf struct strbuf name = STRBUF_INIT;

	if (!e->test || !is_word(r, e->file, e->test, MAX(e->occurrence, 1)))
		return;
	strbuf_addf(&name, "%s%s", e->file, TEST_ID_ARROW);
	test_id_text(&name, e->test, e->occurrence);
	if (!strvec_has(&r->names, name.buf))
		strvec_push(&r->names, name.buf);
	note(r, e, e->test, e->outcome == OUTCOME_FAILED);
}

static void on_event(void *arg, struct event *e)
{
	struct record *r = arg;

	if (!e->file || !e->suite || e->repeat || (r->suite && !streq(r->suite, e->suite)))
		return;
	if (e->type == EVENT_FILE_STARTED)
		add_start(r, e);
	else if (e->type == EVENT_FILE_FINISHED && streq(e->file, r->word))
		note(r, e, NULL, e->outcome == OUTCOME_FAILED);
	else if (e->type == EVENT_TEST_FINISHED)
		on_test(r, e);
}

static void collect_before(struct record *r)
{
	struct order_target *t = r->target;

	if (!t->file)
		return;
	const struct start *own = &r->starts[r->at];
	for (size_t i = 0; i < r->at; i++)
		if (r->starts[i].worker == own->worker && !streq(r->starts[i].file, own->file) &&
			!strvec_has(&t->before, r->starts[i].file))
			strvec_push(&t->before, r->starts[i].file);
}

int order_find(const char *path, const char *word, const char *suite, struct order_target *ret,
	struct error *err)
{
	struct record r = {.word = word, .suite = suite, .target = ret, .names = STRVEC_INIT};
	struct journal_end end;

	*ret = (struct order_target){.before = STRVEC_INIT};
	int result = journal_read(path, on_event, &r, &end, err);
	if (result == 0 && r.names.n > 1) {
		cleanup_strbuf struct strbuf list = STRBUF_INIT;
		for (size_t i = 0; i < r.names.n && i < 5; i++)
			strbuf_addf(&list, "%s`%s`", i ? ", " : "", r.names.v[i]);
		error_set(err, EXIT_CODE_USAGE, "%zu tests are called `%s`", r.names.n, word);
		error_help(err, "say which: %s", list.buf);
		result = -1;
	}
	if (result == 0)
		collect_before(&r);
	else
		order_target_release(ret);
	for (size_t i = 0; i < r.n; i++) {
		free(r.starts[i].suite);
		free(r.starts[i].project);
		free(r.starts[i].file);
	}
	free(r.starts);
	strvec_release(&r.names);
	return result;
}

/* ---- delta debugging ------------------------------------------------------------------------- */

struct search {
	order_test_fn *fn;
	void *arg;
	int left;      /* calls that are allowed */
	size_t *items; /* the set at hand */
	size_t n;
	size_t *part; /* to be tried */
};

/* The items of chunk `index` of `chunks`, or all but these. */
static size_t choose(struct search *s, size_t index, size_t chunks, bool but)
{
	size_t from = s->n * index / chunks, to = s->n * (index + 1) / chunks, k = 0;

	for (size_t i = 0; i < s->n; i++)
		if ((i >= from && i < to) != but)
			s->part[k++] = s->items[i];
	return k;
}

/* 1: a smaller set shows it, and is the set now. 0: none of these does. -1 stop, -2 no calls left. */
static int reduce(struct search *s, size_t chunks, bool but)
{
	for (size_t i = 0; i < chunks; i++) {
		size_t k = choose(s, i, chunks, but);
		if (!s->left--)
			return -2;
		int result = s->fn(s->arg, s->part, k);
		if (result < 0)
			return -1;
		if (!result)
			continue;
		memcpy(s->items, s->part, k * sizeof(*s->items));
		s->n = k;
		return 1;
	}
	return 0;
}

static int search(struct search *s)
{
	size_t chunks = 2;

	while (s->n >= 2) {
		int result = reduce(s, chunks, false);
		if (result == 1) {
			chunks = 2;
			continue;
		}
		if (result == 0 && chunks > 2)
			result = reduce(s, chunks, true);
		if (result < 0)
			return result;
		if (result == 1) {
			chunks = MAX(chunks - 1, (size_t)2);
			continue;
		}
		if (chunks >= s->n)
			return 0;
		chunks = MIN(chunks * 2, s->n);
	}
	return 0;
}

int order_minimize(
	size_t n, order_test_fn *fn, void *arg, int max_tests, size_t *ret_items, size_t *ret_n)
{
	cleanup_free size_t *part = xcalloc(n + 1, sizeof(*part));
	struct search s = {fn, arg, max_tests, ret_items, n, part};

	for (size_t i = 0; i < n; i++)
		ret_items[i] = i;
	int result = search(&s);
	*ret_n = s.n;
	return result == -2 ? 1 : result;
}
