#include "core/base/base.h"

#include "core/base/strmap.h"
#include "core/flaky_order.h"

/* The history holds the order of more runs, but reading it is what takes the time; a test that
 * failed less often is not looked at. */
enum { RUNS = 40, FAILURES_MIN = 3 };

struct place {
	size_t file; /* index in orders->files */
	int worker, position;
};

struct run_order {
	int64_t id;
	struct place *places;
	size_t n, cap;
};

struct flaky_orders {
	struct history *h;
	bool read;
	struct strmap files; /* "suite\x1e…" -> index + 1 */
	struct run_order runs[RUNS];
	size_t n;
};

struct flaky_orders *flaky_orders_new(struct history *h)
{
	struct flaky_orders *o = xcalloc(1, sizeof(*o));

	o->h = h;
	return o;
}

void flaky_orders_free(struct flaky_orders *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++)
		free(o->runs[i].places);
	strmap_release(&o->files, NULL);
	free(o);
}

/* ---- the order of the runs --------------------------------------------------------------------- */

/* The file comes last, so that the key ends with its name. */
static size_t file_index(
	struct flaky_orders *o, const char *suite, const char *project, const char *file)
{
	cleanup_free char *key = xasprintf("%s\x1e%s\x1e%s", suite, project, file);
	uintptr_t found = (uintptr_t)strmap_get(&o->files, key);

	if (!found) {
		found = o->files.n + 1;
		strmap_put(&o->files, key, (void *)found);
	}
	return found - 1;
}

static int add_run(void *arg, const struct history_run *run)
{
	struct flaky_orders *o = arg;

	o->runs[o->n++].id = run->id;
	return o->n == RUNS;
}

struct reading {
	struct flaky_orders *orders;
	struct run_order *run;
};

static int add_place(void *arg, const struct history_run_file *f)
{
	struct reading *r = arg;
	struct run_order *run = r->run;

	if (f->worker < 1 || f->position < 1)
		return 0;
	GROW(run->places, run->n + 1, run->cap);
	run->places[run->n++] = (struct place){
		file_index(r->orders, f->suite, f->project, f->file), f->worker, f->position};
	return 0;
}

static int read_orders(struct flaky_orders *o, struct error *err)
{
	const struct history_filter newest = {.limit = RUNS};

	if (o->read)
		return 0;
	o->read = true;
	if (history_list_runs(o->h, &newest, add_run, o, err) < 0)
		return -1;
	for (size_t i = 0; i < o->n; i++) {
		struct reading r = {o, &o->runs[i]};
		if (history_list_run_files(o->h, o->runs[i].id, add_place, &r, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- one test ---------------------------------------------------------------------------------- */

struct counts {
	int64_t behind, behind_failed;
};

struct trial {
	struct flaky_orders *orders;
	size_t own;
	struct counts *counts; /* by file */
	int64_t runs, failed;
};

static const struct run_order *order_of(const struct flaky_orders *o, int64_t id)
{
	for (size_t i = 0; i < o->n; i++)
		if (o->runs[i].id == id)
			return &o->runs[i];
	return NULL;
}

/* Where the test stood: its failed attempt says it, a pass stood where its file did. */
static struct place place_of(
	const struct run_order *run, const struct history_outcome *o, size_t own, bool failed)
{
	if (failed)
		return (struct place){own, o->worker, o->position};
	for (size_t i = 0; i < run->n; i++)
		if (run->places[i].file == own)
			return run->places[i];
	return (struct place){0};
}

static int add_outcome(void *arg, const struct history_outcome *o)
{
	struct trial *t = arg;
	const struct run_order *run = order_of(t->orders, o->run->id);
	bool failed = o->outcome == OUTCOME_FAILED || o->flaky;

	if (!run || (o->outcome != OUTCOME_PASSED && !failed))
		return 0;
	struct place at = place_of(run, o, t->own, failed);
	if (at.worker < 1 || at.position < 1)
		return 0;
	t->runs++;
	t->failed += failed;
	for (size_t i = 0; i < run->n; i++) {
		const struct place *p = &run->places[i];
		if (p->worker != at.worker || p->position >= at.position || p->file == t->own)
			continue;
		t->counts[p->file].behind++;
		t->counts[p->file].behind_failed += failed;
	}
	return 0;
}

static double difference(const struct flaky_order *o)
{
	return (double)o->behind_failed / (double)MAX(o->behind, 1) -
	       (double)o->other_failed / (double)MAX(o->other, 1);
}

static void choose(const struct trial *t, struct flaky_order *ret, const char **ret_file)
{
	int64_t suspects = 0;
	const char *key = NULL;

	for (size_t i = 0; i < t->orders->files.n; i++) {
		const struct counts *c = &t->counts[i];
		struct flaky_order o = {
			.behind = c->behind,
			.behind_failed = c->behind_failed,
			.other = t->runs - c->behind,
			.other_failed = t->failed - c->behind_failed,
		};
		if (!o.behind || !o.other)
			continue;
		if (!suspects++ || difference(&o) > difference(ret)) {
			*ret = o;
			key = t->orders->files.entries[i].key;
		}
	}
	ret->suspects = suspects;
	if (key)
		*ret_file = strrchr(key, '\x1e') + 1;
}

int flaky_orders_read(struct flaky_orders *o, const struct history_test *test,
	const struct history_filter *filter, struct flaky_order *ret, const char **ret_file,
	struct error *err)
{
	struct history_filter last = {
		.since_ms = filter->since_ms, .branch = filter->branch, .limit = RUNS};

	*ret = (struct flaky_order){0};
	*ret_file = NULL;
	if (__builtin_popcountll(test->stats.recent | test->stats.recent_flaky) < FAILURES_MIN)
		return 0; /* of older runs nobody knows the order */
	if (read_orders(o, err) < 0)
		return -1;
	size_t own = file_index(o, test->suite, test->project, test->file);
	cleanup_free struct counts *counts = xcalloc(o->files.n, sizeof(*counts));
	struct trial t = {.orders = o, .own = own, .counts = counts};
	if (history_list_outcomes(o->h, test->id, &last, add_outcome, &t, err) < 0)
		return -1;
	choose(&t, ret, ret_file);
	return 0;
}
