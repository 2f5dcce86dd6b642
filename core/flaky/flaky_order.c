#include "core/base/base.h"

#include "core/flaky/flaky_order.h"

/* The history holds the order of more runs, but reading it is what takes the time; a test that
 * failed less often is not looked at. */
enum { RUNS = 40, FAILURES_MIN = 3, MISSED_MIN = 3, DAY_MS = 24 * 3600 * 1000, UNSEEN_DAYS = 30 };
enum { ID_MAX = INT32_MAX / 16 /* of rows; more is damage */ };

struct place {
	int64_t file;
	int worker, position; /* 0 = never started */
	bool passed;
};

/* How a test did in a run; a zeroed one was not in it. */
struct result {
	bool ran, failed;
	int worker, position; /* of the failed attempt */
};

struct run_order {
	int64_t id, started_ms;
	bool telling; /* of the branch that tells what is there */
	struct place *places;
	size_t n, cap;
	uint32_t *at;           /* [file id]: its place + 1, 0 = it has none */
	size_t *suite_files;    /* [suite id]: how many files of it; with o->suites */
	struct result *results; /* [as tests] */
};

struct counts {
	int64_t behind, behind_failed;
};

struct flaky_orders {
	struct history *h;
	int64_t *tests; /* ascending */
	size_t test_count;
	struct run_order runs[RUNS];
	size_t n;
	bool branch;           /* the filter names one */
	struct counts *counts; /* [file id] */
	int64_t *suites;       /* [file id]; read when first needed */
	size_t *most_files;    /* [suite id]: of one of the runs, the most: files come and go */
	size_t suite_count;    /* above all ids */
	size_t file_count;     /* of both */
};

void flaky_orders_free(struct flaky_orders *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n; i++) {
		free(o->runs[i].places);
		free(o->runs[i].at);
		free(o->runs[i].suite_files);
		free(o->runs[i].results);
	}
	free(o->tests);
	free(o->counts);
	free(o->suites);
	free(o->most_files);
	free(o);
}

/* ---- reading ----------------------------------------------------------------------------------- */

static int add_run(void *arg, const struct history_run *run)
{
	struct flaky_orders *o = arg;

	o->runs[o->n++] = (struct run_order){
		.id = run->id,
		.started_ms = run->started_ms,
		.telling = o->branch || history_is_default_branch(run->branch),
		.results = xcalloc(o->test_count + 1, sizeof(struct result)),
	};
	return o->n == RUNS;
}

static int add_place(void *arg, const struct history_run_file *f)
{
	struct run_order *run = arg;

	if (f->file_id < 0 || f->file_id >= ID_MAX)
		return 0;
	GROW(run->places, run->n + 1, run->cap);
	run->places[run->n++] =
		(struct place){f->file_id, f->worker, f->position, f->outcome == OUTCOME_PASSED};
	return 0;
}

static void add_result(void *arg, const struct history_result *r)
{
	struct run_order *run = arg;

	run->results[r->test] = (struct result){true, r->failed, r->worker, r->position};
}

static int read_run(struct flaky_orders *o, struct run_order *run, struct error *err)
{
	if (history_list_run_files(o->h, run->id, add_place, run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->n; i++)
		o->file_count = MAX(o->file_count, (size_t)run->places[i].file + 1);
	return history_list_results(o->h, run->id, o->tests, o->test_count, add_result, run, err);
}

static void index_places(struct flaky_orders *o, struct run_order *run)
{
	run->at = xcalloc(o->file_count + 1, sizeof(*run->at));
	for (size_t i = run->n; i-- > 0;)
		run->at[run->places[i].file] = (uint32_t)i + 1;
}

static int by_id(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

struct flaky_orders *flaky_orders_read(struct history *h, const struct history_filter *filter,
	const int64_t *tests, size_t n, struct error *err)
{
	struct flaky_orders *o = xcalloc(1, sizeof(*o));
	const struct history_filter newest = {
		.since_ms = filter->since_ms, .branch = filter->branch, .limit = RUNS};

	o->h = h;
	o->tests = xcalloc(n + 1, sizeof(*o->tests));
	memcpy(o->tests, tests, n * sizeof(*tests));
	qsort(o->tests, n, sizeof(*o->tests), by_id);
	o->test_count = n;
	o->branch = filter->branch != NULL;
	int result = history_list_runs(h, &newest, add_run, o, err);
	for (size_t i = 0; i < o->n && result == 0; i++)
		result = read_run(o, &o->runs[i], err);
	if (result < 0) {
		flaky_orders_free(o);
		return NULL;
	}
	for (size_t i = 0; i < o->n; i++)
		index_places(o, &o->runs[i]);
	o->counts = xcalloc(o->file_count + 1, sizeof(*o->counts));
	return o;
}

/* ---- behind which file ------------------------------------------------------------------------- */

bool flaky_orders_wants(const struct history_stats *stats)
{
	/* of older runs nobody knows the order */
	return __builtin_popcountll(stats->recent | stats->recent_flaky) >= FAILURES_MIN;
}

static const struct place *place_of(
	const struct flaky_orders *o, const struct run_order *run, int64_t file)
{
	uint32_t at = file >= 0 && (size_t)file < o->file_count ? run->at[file] : 0;

	return at ? &run->places[at - 1] : NULL;
}

/* Where the test stood: its failed attempt says it, a pass stood where its file did. */
static struct result stood(
	const struct flaky_orders *o, const struct run_order *run, size_t test, int64_t own)
{
	struct result r = run->results[test];
	const struct place *p = r.ran && !r.failed ? place_of(o, run, own) : NULL;

	if (p) {
		r.worker = p->worker;
		r.position = p->position;
	}
	r.ran = r.ran && r.worker >= 1 && r.position >= 1;
	return r;
}

static void count_before(
	struct flaky_orders *o, const struct run_order *run, const struct result *at, int64_t own)
{
	for (size_t i = 0; i < run->n; i++) {
		const struct place *p = &run->places[i];
		if (p->worker != at->worker || p->position < 1 || p->position >= at->position ||
			p->file == own)
			continue;
		o->counts[p->file].behind++;
		o->counts[p->file].behind_failed += at->failed;
	}
}

static double difference(const struct flaky_order *o)
{
	return (double)o->behind_failed / (double)MAX(o->behind, 1) -
	       (double)o->other_failed / (double)MAX(o->other, 1);
}

static size_t index_of(const struct flaky_orders *o, int64_t test)
{
	size_t low = 0, high = o->test_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (o->tests[middle] < test)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

int64_t flaky_order_of(struct flaky_orders *o, int64_t test, struct flaky_order *ret)
{
	int64_t own = history_file_of(o->h, test), suspects = 0, suspect = 0, ran = 0, failed = 0;
	size_t index = index_of(o, test);

	*ret = (struct flaky_order){0};
	memset(o->counts, 0, o->file_count * sizeof(*o->counts));
	for (size_t i = 0; i < o->n; i++) {
		struct result at = stood(o, &o->runs[i], index, own);
		if (!at.ran)
			continue;
		ran++;
		failed += at.failed;
		count_before(o, &o->runs[i], &at, own);
	}
	for (size_t i = 0; i < o->file_count; i++) {
		const struct counts *c = &o->counts[i];
		struct flaky_order x = {
			.behind = c->behind,
			.behind_failed = c->behind_failed,
			.other = ran - c->behind,
			.other_failed = failed - c->behind_failed,
		};
		if (!x.behind || !x.other)
			continue;
		if (!suspects++ || difference(&x) > difference(ret)) {
			*ret = x;
			suspect = (int64_t)i;
		}
	}
	ret->suspects = suspects;
	return suspect;
}

/* ---- still there? ------------------------------------------------------------------------------ */

static void add_suite(void *arg, int64_t file, int64_t suite)
{
	struct flaky_orders *o = arg;

	if (file >= 0 && (size_t)file < o->file_count && suite >= 0 && suite < ID_MAX)
		o->suites[file] = suite;
}

static void count_suites(struct flaky_orders *o, struct run_order *run)
{
	run->suite_files = xcalloc(o->suite_count, sizeof(*run->suite_files));
	for (size_t i = 0; i < run->n; i++)
		run->suite_files[o->suites[run->places[i].file]]++;
	for (size_t i = 0; i < o->suite_count; i++)
		o->most_files[i] = MAX(o->most_files[i], run->suite_files[i]);
}

static void read_suites(struct flaky_orders *o)
{
	if (o->suites)
		return;
	o->suites = xcalloc(o->file_count + 1, sizeof(*o->suites));
	history_list_suites(o->h, add_suite, o);
	o->suite_count = 1;
	for (size_t i = 0; i < o->file_count; i++)
		o->suite_count = MAX(o->suite_count, (size_t)o->suites[i] + 1);
	o->most_files = xcalloc(o->suite_count, sizeof(*o->most_files));
	for (size_t i = 0; i < o->n; i++)
		count_suites(o, &o->runs[i]);
}

static bool misses(const struct flaky_orders *o, const struct run_order *run, size_t index,
	int64_t file, int64_t suite)
{
	const struct place *p = place_of(o, run, file);

	if (run->results[index].ran)
		return false;
	if (p)
		return p->passed && p->position >= 1;
	return (size_t)suite >= o->suite_count ||
	       run->suite_files[suite] * 10 >= o->most_files[suite] * 9;
}

bool flaky_orders_gone(struct flaky_orders *o, int64_t test, const struct history_stats *stats)
{
	size_t index = index_of(o, test);
	int missed = 0;

	if (!o->n || o->runs[0].started_ms <= stats->last_ms)
		return false;
	if (o->runs[0].started_ms - stats->last_ms > (int64_t)UNSEEN_DAYS * DAY_MS)
		return true;
	read_suites(o);
	int64_t file = history_file_of(o->h, test), suite = history_suite_of(o->h, file);
	for (size_t i = 0; i < o->n && missed < MISSED_MIN; i++) {
		const struct run_order *run = &o->runs[i];
		if (run->started_ms > stats->last_ms && run->telling && run->n)
			missed += misses(o, run, index, file, suite);
	}
	return missed >= MISSED_MIN;
}
