#include "core/base/base.h"

#include "core/history/list.h"
#include "core/state/state.h"

#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>

/*
 * The history at size: `bench-store FILE [RUNS [TESTS]]` records runs of seeded, realistic results
 * through history_record(), each in its own transaction as in life, then asks what the commands
 * ask; with 0 runs it only asks. Prints `name CPU-ms [bytes or rows]` a line. Only CPU time: the
 * machine may be busy.
 */
enum { TESTS_A_FILE = 50, RUNS_A_DAY = 8, DAY_MS = 24 * 3600 * 1000 };

static const int64_t first_ms = 1790000000000;

static uint64_t seed = 0x9e3779b97f4a7c15;

/* xorshift; 0 … 1 */
static double chance(void)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (double)(seed >> 11) / (double)(1ULL << 53);
}

static double cpu_ms(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000 +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1000;
}

/* What a test is like: 97 % always pass, 2 % fail now and then, 1 % break for a while. */
struct nature {
	double us, fails;
	int broken_from, broken_for; /* runs */
};

struct world {
	struct state state;
	struct nature *natures;
	struct state_attempt *earlier;
	char (*messages)[96];
	size_t tests;
};

static void make_test(struct world *w, struct state_file *f, size_t file, size_t k)
{
	static const char *const words[] = {
		"adds", "keeps", "rounds", "refuses", "sorts", "parses"};
	struct state_test *t = arena_alloc(&w->state.arena, sizeof(*t));
	cleanup_free char *path = xasprintf("module %zu\x1fwhen it %s items\x1f%s case %zu", file,
		words[k % 6], words[(k + file) % 6], k);
	struct nature *n = &w->natures[w->tests++];
	double kind = chance();

	t->path = arena_strdup(&w->state.arena, path);
	t->occurrence = 1;
	t->file = f;
	f->tests[f->test_count++] = t;
	n->us = exp(5.5 + 2.5 * (chance() + chance() - 1));
	n->fails = kind < 0.02 ? 0.01 + 0.2 * chance() : 0;
	if (kind > 0.99) {
		n->broken_from = (int)(chance() * 500);
		n->broken_for = 1 + (int)(chance() * 12);
	}
}

static void make_world(struct world *w, size_t tests)
{
	size_t files = (tests + TESTS_A_FILE - 1) / TESTS_A_FILE;
	struct state *s = &w->state;

	state_init(s);
	w->natures = xcalloc(files * TESTS_A_FILE, sizeof(*w->natures));
	w->earlier = xcalloc(files * TESTS_A_FILE, sizeof(*w->earlier));
	w->messages = xcalloc(files * TESTS_A_FILE, sizeof(*w->messages));
	s->suites = xcalloc(1, sizeof(*s->suites));
	s->suites[s->suite_count++] = arena_alloc(&s->arena, sizeof(**s->suites));
	*s->suites[0] = (struct state_suite){.name = "unit", .runner = "jest", .discovered = true};
	s->files = xcalloc(files, sizeof(*s->files));
	for (size_t i = 0; i < files; i++) {
		struct state_file *f = arena_alloc(&s->arena, sizeof(*f));
		cleanup_free char *path =
			xasprintf("packages/part%zu/src/module%zu.test.ts", i / 20, i);
		f->suite = s->suites[0];
		f->project = "";
		f->file = arena_strdup(&s->arena, path);
		f->output = (struct strbuf)STRBUF_INIT;
		f->tests = xcalloc(TESTS_A_FILE, sizeof(*f->tests));
		f->phase = FILE_DONE;
		f->known = true;
		s->files[s->file_count++] = f;
		for (size_t k = 0; k < TESTS_A_FILE; k++)
			make_test(w, f, i, k);
	}
}

/* How one test goes in one run. Returns its time. */
static int64_t play_test(struct world *w, size_t i, struct state_test *t, int run)
{
	const struct nature *n = &w->natures[i];
	double us = n->us * exp(0.3 * (chance() + chance() + chance() - 1.5));
	bool broken =
		n->broken_for && run >= n->broken_from && run < n->broken_from + n->broken_for;
	bool failed = broken || (n->fails > 0 && chance() < n->fails);

	t->duration_us = (int64_t)us;
	t->attempts = 1;
	t->earlier = NULL;
	t->failure = (struct failure){0};
	t->outcome = OUTCOME_PASSED;
	if (!failed)
		return t->duration_us;
	snprintf(w->messages[i], sizeof(w->messages[i]),
		"expect(received).toBe(expected)\nExpected: %d\nReceived: %d", (int)i, run);
	struct failure why = {.kind = chance() < 0.2 ? FAILURE_TIMEOUT : FAILURE_ASSERTION,
		.message = w->messages[i]};
	if (!broken && chance() < 0.7) {
		w->earlier[i] = (struct state_attempt){
			.attempt = 1, .duration_us = (int64_t)us, .failure = why};
		t->earlier = &w->earlier[i];
		t->attempts = 2;
	} else {
		t->outcome = OUTCOME_FAILED;
		t->failure = why;
	}
	return t->duration_us;
}

static void play(struct world *w, int run, char id[static 32], char commit[static 48])
{
	struct state *s = &w->state;
	size_t i = 0;

	snprintf(id, 32, "run-%06d", run);
	snprintf(commit, 48, "%040x", run / 2 * 7919);
	s->run = (struct run_info){.run_id = id,
		.platform = "linux-x64+github-ubuntu24",
		.commit = commit,
		.branch = run % 3 ? "main" : "feature/cart",
		.ci_attempt = 1,
		.workers = 4};
	s->started_ms = first_ms + (int64_t)run * (DAY_MS / RUNS_A_DAY);
	s->duration_us = 90000000;
	for (size_t f = 0; f < s->file_count; f++) {
		struct state_file *file = s->files[f];
		file->outcome = OUTCOME_PASSED;
		file->worker = 1 + (int)(f % 4);
		file->started_ms = s->started_ms + (int64_t)f * 100;
		file->duration_us = 0;
		for (size_t k = 0; k < file->test_count; k++) {
			file->duration_us += play_test(w, i++, file->tests[k], run);
			if (file->tests[k]->outcome == OUTCOME_FAILED)
				file->outcome = OUTCOME_FAILED;
		}
		file->first_duration_us = file->duration_us;
		file->estimate_ms = file->duration_us / 900;
	}
}

/* ---- questions --------------------------------------------------------------------------------- */

struct asked {
	double began, first_row;
	int64_t rows;
};

static int count(struct asked *a)
{
	if (!a->rows++)
		a->first_row = cpu_ms() - a->began;
	return 0;
}

static int count_test(void *arg, const struct history_test *t)
{
	(void)t;
	return count(arg);
}

static int count_run(void *arg, const struct history_run *r)
{
	(void)r;
	return count(arg);
}

static int count_outcome(void *arg, const struct history_outcome *o)
{
	(void)o;
	return count(arg);
}

enum question {
	FLAKY,
	FLAKY_WINDOW,
	FLAKY_BRANCH,
	SLOW,
	SLOW_WINDOW,
	ONE_TEST,
	RUNS,
	ALL_TESTS,
	FILE_OF,
	QUESTIONS
};

static const char *const names[QUESTIONS] = {"flaky", "flaky, 30 days", "flaky, one branch",
	"slow, 20", "slow, 20, 30 days", "one test, 100 runs", "runs, 20", "all tests",
	"one file's tests"};

static void ask(struct history *h, enum question q, int64_t newest_ms, struct asked *a)
{
	struct error err = ERROR_INIT;
	struct history_filter f = {0};
	int result = 0;

	switch (q) {
	case FLAKY_WINDOW:
		f.since_ms = newest_ms - 30LL * DAY_MS;
		result = history_list_tests(h, &f, HISTORY_BY_FAULTS, count_test, a, &err);
		break;
	case FLAKY_BRANCH:
		f.branch = "main";
		result = history_list_tests(h, &f, HISTORY_BY_FAULTS, count_test, a, &err);
		break;
	case FLAKY:
		result = history_list_tests(h, &f, HISTORY_BY_FAULTS, count_test, a, &err);
		break;
	case SLOW_WINDOW:
		f.since_ms = newest_ms - 30LL * DAY_MS;
		f.limit = 20;
		result = history_list_tests(h, &f, HISTORY_BY_DURATION, count_test, a, &err);
		break;
	case SLOW:
		f.limit = 20;
		result = history_list_tests(h, &f, HISTORY_BY_DURATION, count_test, a, &err);
		break;
	case ONE_TEST:
		f.limit = 100;
		result = history_list_outcomes(h, 777, &f, count_outcome, a, &err);
		break;
	case RUNS:
		f.limit = 20;
		result = history_list_runs(h, &f, count_run, a, &err);
		break;
	case ALL_TESTS:
		result = history_list_tests(h, &f, HISTORY_BY_ID, count_test, a, &err);
		break;
	case FILE_OF:
		f.text = "module17.test.ts";
		result = history_list_tests(h, &f, HISTORY_BY_ID, count_test, a, &err);
		break;
	case QUESTIONS:
		break;
	}
	if (result < 0)
		fprintf(stderr, "%s\n", err.text);
}

static int keep_start(void *arg, const struct history_run *r)
{
	*(int64_t *)arg = r->started_ms;
	return 1;
}

static int64_t newest_of(const char *path)
{
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	int64_t ms = 0;

	if (h)
		history_list_runs(h, &(struct history_filter){.limit = 1}, keep_start, &ms, NULL);
	history_close(h);
	return ms;
}

/* On a connection of its own, as a command would. */
static bool ask_once(
	const char *path, enum question q, int64_t newest_ms, struct asked *a, double *took)
{
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);

	*a = (struct asked){.began = cpu_ms()};
	if (!h)
		return false;
	history_map(h);
	ask(h, q, newest_ms, a);
	history_close(h);
	*took = cpu_ms() - a->began;
	return true;
}

/* The least of several: others use the machine, too. */
static void ask_all(const char *path)
{
	enum { TIMES = 7 };
	int64_t newest_ms = newest_of(path);

	for (enum question q = 0; q < QUESTIONS; q++) {
		double first = INFINITY, complete = INFINITY, took;
		struct asked a;
		for (int i = 0; i < TIMES; i++) {
			if (!ask_once(path, q, newest_ms, &a, &took))
				return;
			first = fmin(first, a.first_row);
			complete = fmin(complete, took);
		}
		printf("%s, first row\t%.3f\t\n%s\t%.3f\t%" PRId64 " rows\n", names[q], first,
			names[q], complete, a.rows);
	}
}

static int record_all(struct world *w, const char *path, int runs)
{
	struct error err = ERROR_INIT;
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	double total = 0, last = 0;
	char id[32], commit[48];

	for (int run = 0; h && run < runs; run++) {
		play(w, run, id, commit);
		double began = cpu_ms();
		if (history_record(h, &w->state, &err) < 0)
			break;
		last = cpu_ms() - began;
		total += last;
	}
	history_close(h);
	if (err.code != EXIT_CODE_PASSED) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("record\t%.1f\t%.0f attempts/CPU s\n", total,
		1000.0 * (double)w->tests * runs / total);
	printf("record, the last run\t%.1f\t%zu tests\n", last, w->tests);
	return 0;
}

int main(int argc, char **argv)
{
	int runs = argc > 2 ? atoi(argv[2]) : 500, tests = argc > 3 ? atoi(argv[3]) : 20000;
	struct world w = {0};
	struct stat st;

	if (argc < 2 || runs < 0 || tests < 1) {
		fprintf(stderr, "usage: bench-store FILE [RUNS [TESTS]]\n");
		return 2;
	}
	make_world(&w, (size_t)tests);
	if (runs && record_all(&w, argv[1], runs) != 0)
		return 1;
	if (stat(argv[1], &st) == 0)
		printf("size\t\t%.1f MB\n", (double)st.st_size / 1e6);
	ask_all(argv[1]);
	return 0;
}
