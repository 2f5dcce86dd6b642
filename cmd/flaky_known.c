#include "core/base/base.h"

#include "cmd/flaky_known.h"
#include "core/history/list.h"

enum { TESTS_MAX = 2000 /* those that fail most; a summary shows 200 */ };

struct candidate {
	char *key;
	struct history_test test; /* its strings are gone */
};

struct candidates {
	struct candidate *v;
	size_t n, cap;
};

void flaky_known_init(struct flaky_known *k, struct history *const *history)
{
	*k = (struct flaky_known){.history = history, .texts = STRMAP_INIT};
}

void flaky_known_release(struct flaky_known *k)
{
	strmap_release(&k->texts, free);
}

static char *key_of(
	const char *suite, const char *project, const char *file, const char *test, int occurrence)
{
	return xasprintf("%s\x1e%s\x1e%s\x1e%d\x1e%s", suite, project, file, occurrence, test);
}

static int add(void *arg, const struct history_test *t)
{
	struct candidates *c = arg;

	GROW(c->v, c->n + 1, c->cap);
	c->v[c->n++] = (struct candidate){
		key_of(t->suite, t->project, t->file, t->test, t->occurrence), *t};
	return 0;
}

static void describe(struct flaky_known *k, const struct candidate *c)
{
	struct flaky_evidence e = history_evidence(&c->test.stats);
	enum flaky_class class = flaky_classify(&e);
	if (class == FLAKY_NONE)
		return;
	struct flaky_rate r = flaky_rate(&e);
	free(strmap_put(&k->texts, c->key,
		xasprintf("%s, %.0f %% (%.0f-%.0f %%) of %" PRId64 " runs", flaky_class_name(class),
			r.rate * 100, r.low * 100, r.high * 100, e.runs)));
}

/* A summary without it is a summary: errors of the history are told elsewhere. */
static void read_history(struct flaky_known *k)
{
	const struct history_filter faulty = {.faulty = true, .limit = TESTS_MAX};
	struct candidates c = {0};
	struct error err = ERROR_INIT;

	k->read = true;
	if (!*k->history)
		return;
	history_list_tests(*k->history, &faulty, HISTORY_BY_FAULTS, add, &c, &err);
	for (size_t i = 0; i < c.n; i++) {
		describe(k, &c.v[i]);
		free(c.v[i].key);
	}
	free(c.v);
}

void flaky_known_describe(void *arg, const struct state_test *t, struct strbuf *out)
{
	struct flaky_known *k = arg;
	const struct state_file *f = t->file;
	cleanup_free char *key =
		key_of(f->suite->name, f->project, f->file, t->path, t->occurrence);

	if (!k->read)
		read_history(k);
	const char *text = strmap_get(&k->texts, key);
	if (text)
		strbuf_addstr(out, text);
}
