#include "core/base/base.h"

#include "core/history/list.h"
#include "core/history/store.h"
#include "core/event/journal.h"
#include "core/merge/merge.h"
#include "tests/support/temp.h"

/*
 * Bundles are written by the journal itself, found, chosen and merged as the command does it. The
 * plan has three shards of two files, each with two tests.
 */
enum { SHARDS = 3, FILES = 2, TESTS = 2 };
static const int64_t start = 1790000000000;

struct job {
	int shard, attempt;
	int64_t at;           /* ms after the plan was made */
	const char *outcomes; /* of its tests, in order: . passed, F failed, x the job ends here */
	const char *commit;   /* NULL = "c0ffee" */
	const char *plan_id;  /* NULL = that of the plan */
	bool unended;
};

static void make_plan(struct plan *plan)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	plan_init(plan);
	for (int s = 1; s <= SHARDS; s++)
		for (int f = 1; f <= FILES; f++) {
			cleanup_free char *name = xasprintf("s%d/f%d.js", s, f);
			plan_add(plan, &(struct plan_item){.suite = "u",
					       .project = "",
					       .file = name,
					       .us = 1000,
					       .known = true,
					       .shard = s});
		}
	plan->commit = "c0ffee";
	plan->platform = "linux-x64+ci";
	plan->config_digest = "";
	plan->created_ms = start;
	plan_settle(plan, SHARDS);
	plan_write(plan, &text);
}

static void publish_test(struct bus *bus, struct event e, int number, char how)
{
	char title[16];

	snprintf(title, sizeof(title), "t%d", number);
	e.type = EVENT_TEST_FINISHED;
	e.test = title;
	e.occurrence = 1;
	e.duration_us = 5000;
	e.outcome = how == 'F' ? OUTCOME_FAILED : OUTCOME_PASSED;
	if (how == 'F')
		e.failure = (struct failure){.kind = FAILURE_ASSERTION, .message = "no"};
	bus_publish(bus, &e);
}

/* False: the job ended inside. */
static bool publish_file(struct bus *bus, int shard, int file, const char *outcomes, int64_t at)
{
	cleanup_free char *name = xasprintf("s%d/f%d.js", shard, file);
	struct event e = {.type = EVENT_FILE_STARTED,
		.time_ms = at,
		.suite = "u",
		.file = name,
		.worker = 1,
		.attempt = 1};
	bool failed = false;

	bus_publish(bus, &e);
	e.time_ms = at + 50;
	for (int t = 0; t < TESTS; t++) {
		if (outcomes[t] == 'x')
			return false;
		failed |= outcomes[t] == 'F';
		publish_test(bus, e, t, outcomes[t]);
	}
	e.type = EVENT_FILE_FINISHED;
	e.outcome = failed ? OUTCOME_FAILED : OUTCOME_PASSED;
	e.duration_us = 50000;
	e.count = TESTS;
	bus_publish(bus, &e);
	return true;
}

static void publish_job(struct bus *bus, const struct plan *plan, const struct job *job)
{
	char id[40];
	snprintf(id, sizeof(id), "run-%d-%d-%d", job->shard, job->attempt, (int)job->at);
	struct run_info run = {.run_id = id,
		.version = "0",
		.base = "/p",
		.platform = "linux-x64+ci",
		.commit = job->commit ? job->commit : "c0ffee",
		.plan_id = job->plan_id ? job->plan_id : plan->plan_id,
		.plan_ms = plan->created_ms,
		.shard = job->shard,
		.shards = SHARDS,
		.ci_attempt = job->attempt,
		.workers = 1};
	int64_t at = start + job->at;

	bus_publish(bus, &(struct event){.type = EVENT_RUN_STARTED, .time_ms = at, .run = &run});
	bus_publish(bus,
		&(struct event){
			.type = EVENT_WORKER_STARTED, .time_ms = at, .worker = 1, .suite = "u"});
	for (int f = 0; f < FILES; f++, at += 100)
		if (!publish_file(bus, job->shard, f + 1, job->outcomes + f * TESTS, at + 100))
			return;
	if (!job->unended)
		bus_publish(bus, &(struct event){.type = EVENT_RUN_FINISHED,
					 .time_ms = at,
					 .exit_code = strchr(job->outcomes, 'F') != NULL,
					 .duration_us = (at - start - job->at) * 1000});
}

static void write_bundle(
	const char *dir, const char *name, const struct plan *plan, const struct job *job)
{
	struct error err = ERROR_INIT;
	cleanup_free char *folder = path_join(dir, name);
	cleanup_free char *path = path_join(folder, "journal.ndjson");
	struct state state;
	struct bus bus;

	cr_assert_eq(file_mkdirs(folder, &err), 0, "%s", err.text);
	struct journal *journal = journal_create(path, &err);
	cr_assert(journal, "%s", err.text);
	state_init(&state);
	bus_init(&bus, &state);
	bus_subscribe(&bus, journal_event, journal);
	publish_job(&bus, plan, job);
	cr_assert_eq(journal_close(journal, &err), 0, "%s", err.text);
	state_release(&state);
}

/* ---- merging ----------------------------------------------------------------------------------- */

struct merged {
	struct bundles bundles;
	struct state state;
	char run_id[23];
};

static void merge_of(struct merged *m, const struct plan *plan, const char *const *dirs, size_t n)
{
	struct error err = ERROR_INIT;
	struct bus bus;

	bundles_init(&m->bundles);
	state_init(&m->state);
	bus_init(&bus, &m->state);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(bundles_find(&m->bundles, dirs[i], &err), 0, "%s", err.text);
	bundles_choose(&m->bundles, plan->plan_id);
	merge_run_id(&m->bundles, m->run_id);
	struct merge_options options = {.bundles = &m->bundles, .plan = plan, .bus = &bus};
	cr_assert_eq(merge_run(&options, &err), 0, "%s", err.text);
}

static void merged_release(struct merged *m)
{
	state_release(&m->state);
	bundles_release(&m->bundles);
}

/* Everything that a verdict is made of, as one text. */
static char *told(const struct state *s)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	strbuf_addf(&out,
		"%s %d; tests %" PRId64 " passed %" PRId64 " failed %" PRId64 " flaky %" PRId64
		"; files %" PRId64 " not run %" PRId64 ";",
		state_verdict(s), s->exit_code, s->test_counts.total, s->test_counts.passed,
		s->test_counts.failed, s->test_counts.flaky, s->file_counts.passed,
		s->file_counts.not_run);
	for (size_t i = 0; i < s->shard_count; i++)
		strbuf_addf(&out, " %d %s%s%s", s->shards[i].shard, s->shards[i].status,
			s->shards[i].run_id ? " " : "",
			s->shards[i].run_id ? s->shards[i].run_id : "");
	for (size_t i = 0; i < s->notice_count; i++)
		strbuf_addf(&out, "\n%s", s->notices[i].name);
	for (size_t i = 0; i < s->failure_count; i++)
		strbuf_addf(&out, "\n%s %s", s->failures[i]->file->file, s->failures[i]->path);
	return strbuf_detach(&out);
}

#define GOOD(shard)                                       \
	{                                                 \
		shard, 1, 1000, "....", NULL, NULL, false \
	}

/* What is done to the three good jobs, and what merge says of it. */
struct row {
	const char *name;
	struct job jobs[6];
	size_t n;
	const char *says;
};

static const struct row rows[] = {
	{"all there", {GOOD(1), GOOD(2), GOOD(3)}, 3,
		"passed 0; tests 12 passed 12 failed 0 flaky 0; files 6 not run 0; 1 passed "
		"run-1-1-1000 2 passed run-2-1-1000 3 passed run-3-1-1000"},
	{"missing", {GOOD(1), GOOD(3)}, 2,
		"incomplete 5; tests 8 passed 8 failed 0 flaky 0; files 4 not run 2; 1 passed "
		"run-1-1-1000 2 missing 3 passed run-3-1-1000\nmissing"},
	{"doubled: the same attempt twice",
		{GOOD(1), GOOD(2), GOOD(3), {2, 1, 90000, "....", NULL, NULL, false}}, 4,
		"incomplete 5; tests 8 passed 8 failed 0 flaky 0; files 4 not run 2; 1 passed "
		"run-1-1-1000 2 doubled run-2-1-90000 3 passed run-3-1-1000\ndoubled"},
	{"doubled: no numbers, at the same time",
		{{1, 0, 1000, "....", NULL, NULL, false}, {1, 0, 1100, "....", NULL, NULL, false},
			GOOD(2), GOOD(3)},
		4,
		"incomplete 5; tests 8 passed 8 failed 0 flaky 0; files 4 not run 2; 1 doubled "
		"run-1-0-1100 2 passed run-2-1-1000 3 passed run-3-1-1000\ndoubled"},
	{"again: the number says so",
		{GOOD(1), {2, 1, 1000, "..F.", NULL, NULL, false},
			{2, 2, 9000, "....", NULL, NULL, false}, GOOD(3)},
		4,
		"passed 0; tests 12 passed 12 failed 0 flaky 1; files 6 not run 0; 1 passed "
		"run-1-1-1000 2 passed run-2-2-9000 3 passed run-3-1-1000\nstale"},
	{"again: no numbers, one after the other",
		{{1, 0, 1000, "....", NULL, NULL, false}, {2, 0, 1000, "..F.", NULL, NULL, false},
			{2, 0, 1200, "F...", NULL, NULL, false},
			{2, 0, 99000, "....", NULL, NULL, false},
			{3, 0, 1000, "....", NULL, NULL, false}},
		5,
		"passed 0; tests 12 passed 12 failed 0 flaky 2; files 6 not run 0; 1 passed "
		"run-1-0-1000 2 passed run-2-0-99000 3 passed run-3-0-1000\nstale\nstale"},
	{"again at another commit: no evidence",
		{GOOD(1), {2, 1, 1000, "..F.", "dead", NULL, false},
			{2, 2, 9000, "....", NULL, NULL, false}, GOOD(3)},
		4,
		"passed 0; tests 12 passed 12 failed 0 flaky 0; files 6 not run 0; 1 passed "
		"run-1-1-1000 2 passed run-2-2-9000 3 passed run-3-1-1000\nstale"},
	{"again, and it died: the first attempt does not stand in for it",
		{GOOD(1), GOOD(2), {2, 2, 9000, ".x", NULL, NULL, true}, GOOD(3)}, 4,
		"incomplete 5; tests 9 passed 9 failed 0 flaky 0; files 4 not run 2; 1 passed "
		"run-1-1-1000 2 unfinished run-2-2-9000 3 passed run-3-1-1000\nstale\nunfinished"},
	{"foreign", {GOOD(1), GOOD(2), {3, 1, 1000, "....", NULL, "ff", false}}, 3,
		"incomplete 5; tests 8 passed 8 failed 0 flaky 0; files 4 not run 2; 1 passed "
		"run-1-1-1000 2 passed run-2-1-1000 3 missing\nforeign\nmissing"},
	{"a shard that there is not",
		{GOOD(1), GOOD(2), GOOD(3), {9, 1, 1000, "....", NULL, NULL, false}}, 4,
		"incomplete 5; tests 12 passed 12 failed 0 flaky 0; files 6 not run 0; 1 passed "
		"run-1-1-1000 2 passed run-2-1-1000 3 passed run-3-1-1000\nforeign"},
	{"failures, the earliest first",
		{{1, 1, 5000, "...F", NULL, NULL, false}, {2, 1, 1000, "F...", NULL, NULL, false},
			GOOD(3)},
		3,
		"failed 1; tests 12 passed 10 failed 2 flaky 0; files 4 not run 0; 1 failed "
		"run-1-1-5000 2 failed run-2-1-1000 3 passed run-3-1-1000\ns2/f1.js t0\n"
		"s1/f2.js t1"},
};

/* Whatever is done to the bundles, in whatever order they come, however often: one answer. */
TEST(merge, one_answer_in_any_order)
{
	struct plan plan;

	make_plan(&plan);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct row *row = &rows[i];
		char *dir = temp_new(), *paths[12];
		char first_id[23] = "";
		for (size_t k = 0; k < row->n; k++) {
			cleanup_free char *name = xasprintf("b%zu", k);
			write_bundle(dir, name, &plan, &row->jobs[k]);
			paths[k] = path_join(dir, name);
		}
		for (unsigned turn = 0; turn < 2 * row->n; turn++) {
			const char *dirs[12];
			struct merged m;
			for (size_t k = 0; k < row->n; k++) /* forwards, backwards, rotated */
				dirs[turn & 1 ? row->n - 1 - k : k] =
					paths[(k + turn / 2) % row->n];
			merge_of(&m, &plan, dirs, row->n);
			cleanup_free char *got = told(&m.state);
			cr_expect_str_eq(got, row->says, "%s, turn %u: %s", row->name, turn, got);
			if (!turn)
				memcpy(first_id, m.run_id, sizeof(first_id));
			cr_expect_str_eq(m.run_id, first_id);
			merged_release(&m);
		}
		for (size_t k = 0; k < row->n; k++)
			free(paths[k]);
		temp_free(dir);
	}
	plan_release(&plan);
}

/* A journal may end anywhere: never a pass, never a crash, and what is whole counts. */
TEST(merge, cut_off_anywhere)
{
	struct error err = ERROR_INIT;
	struct plan plan;
	char *dir = temp_new();
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int64_t last = 0;

	make_plan(&plan);
	write_bundle(dir, "1", &plan, &(struct job)GOOD(1));
	write_bundle(dir, "2", &plan, &(struct job)GOOD(2));
	write_bundle(dir, "3", &plan, &(struct job)GOOD(3));
	cleanup_free char *path = path_join(dir, "2/journal.ndjson");
	cr_assert_eq(file_read(path, 1 << 20, EXIT_CODE_USAGE, &text, &err), 0);
	const char *dirs[] = {dir};
	for (size_t len = 0; len < text.len; len += len + 40 < text.len ? 13 : 1) {
		struct merged m;
		cr_assert_eq(file_write(path, text.buf, len, false, &err), 0);
		merge_of(&m, &plan, dirs, 1);
		cr_assert_eq(m.state.exit_code, EXIT_CODE_INCOMPLETE, "cut at %zu", len);
		cr_assert(m.state.test_counts.passed >= last, "cut at %zu", len);
		cr_assert(m.state.test_counts.passed >= 8);
		last = m.state.test_counts.passed;
		merged_release(&m);
	}
	ASSERT_INT(last, 12);
	plan_release(&plan);
	temp_free(dir);
}

/* Names that would break a key, a path or a line do not. */
TEST(merge, hostile_names)
{
	static const char *const names[] = {"a b", "\x1b[31mred", "..", "-rf", "\xff\xfe", "$(x)"};
	struct plan plan;
	char *dir = temp_new();

	make_plan(&plan);
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		cleanup_free char *name = xasprintf("%zu %s", i, names[i]);
		write_bundle(dir, name, &plan,
			&(struct job){.shard = i < 3 ? (int)i + 1 : 2,
				.attempt = i < 3 ? 1 : (int)i,
				.at = 1000 + (int64_t)i * 1000,
				.outcomes = i == 1 ? "F.F." : "....",
				.plan_id = i == 5 ? names[1] : NULL});
	}
	temp_write(dir, "rubbish/journal.ndjson", "{\"schema\":\"other/1\"}\n");
	temp_write(dir, "huge/journal.ndjson",
		"{\"type\":\"run_started\",\"ts\":1,\"schema\":\"muster/journal/1\",\"run_id\":"
		"\"x\",\"shard\":2147483647,\"shards\":-1}\n");
	const char *dirs[] = {dir};
	struct merged m;
	merge_of(&m, &plan, dirs, 1);
	ASSERT_INT(m.bundles.n, 6);
	ASSERT_INT(m.bundles.unreadable.n, 2);
	ASSERT_INT(m.state.test_counts.passed, 12);
	ASSERT_INT(m.state.test_counts.flaky, 2);
	ASSERT_INT(m.state.exit_code, EXIT_CODE_INCOMPLETE); /* two are unreadable, one foreign */
	merged_release(&m);
	plan_release(&plan);
	temp_free(dir);
}

/* ---- into the history -------------------------------------------------------------------------- */

static void remember(const char *history, const struct merged *m)
{
	struct error err = ERROR_INIT;
	cleanup_strvec struct strvec sources = STRVEC_INIT;
	struct history *h = history_open(history, HISTORY_WRITE, NULL, &err);

	cr_assert(h, "%s", err.text);
	for (size_t i = 0; i < m->bundles.n; i++) {
		cleanup_free char *uid = bundle_uid(&m->bundles.v[i]);
		strvec_push(&sources, uid);
	}
	cr_assert_eq(history_record_merged(
			     h, &m->state, (const char *const *)sources.v, sources.n, &err),
		0, "%s", err.text);
	history_close(h);
}

/* The bundles whose letters are in `which`, merged into the history. */
static void merge_some(
	const char *dir, const char *history, const struct plan *plan, const char *which)
{
	char *paths[8] = {0};
	size_t n = 0;
	struct merged m;

	for (; which[n]; n++)
		paths[n] = xasprintf("%s/%c", dir, which[n]);
	merge_of(&m, plan, (const char *const *)paths, n);
	remember(history, &m);
	merged_release(&m);
	while (n)
		free(paths[--n]);
}

static int add_test(void *arg, const struct history_test *t)
{
	const struct history_stats *x = &t->stats;
	int64_t *sums = arg;

	sums[0] += x->runs;
	sums[1] += x->failures;
	sums[2] += x->flaky + x->same_commit;
	sums[3] += x->attempts;
	return 0;
}

static char *learned(const char *path)
{
	struct history *h = history_open(path, HISTORY_READ, NULL, NULL);
	struct history_filter filter = {0};
	struct history_file file;
	struct error err = ERROR_INIT;
	int64_t sums[4] = {0};

	cr_assert(h);
	history_list_tests(h, &filter, HISTORY_BY_ID, add_test, sums, &err);
	cr_assert(history_file(h, "linux-x64+ci", "u", "", "s1/f1.js", &file));
	char *text = xasprintf("%d runs; tests %" PRId64 " failed %" PRId64 " flaky %" PRId64
			       " attempts %" PRId64 "; s1/f1.js x%d",
		history_run_count(h, "linux-x64+ci"), sums[0], sums[1], sums[2], sums[3],
		file.samples);
	history_close(h);
	return text;
}

/* After "re-run failed jobs" merge sees the jobs that did not run again once more. */
TEST(merge, a_result_is_recorded_once)
{
	/* a, b, c: the first attempt, in which one test of b failed; B: b again */
	static const struct job jobs[] = {
		{1, 1, 1000, "....", NULL, NULL, false},
		{2, 1, 1000, "..F.", NULL, NULL, false},
		{3, 1, 1000, "....", NULL, NULL, false},
		{2, 2, 9000, "....", NULL, NULL, false},
	};
	static const struct {
		const char *merges; /* one after the other */
		const char *learned;
	} orders[] = {
		{"abc", "1 runs; tests 12 failed 1 flaky 0 attempts 1; s1/f1.js x1"},
		{"abc abc cba", "1 runs; tests 12 failed 1 flaky 0 attempts 1; s1/f1.js x1"},
		/* the usual case: 12 results, then the 4 of the job that ran again */
		{"abc abcB", "2 runs; tests 16 failed 1 flaky 1 attempts 1; s1/f1.js x1"},
		{"abc abcB abcB abc", "2 runs; tests 16 failed 1 flaky 1 attempts 1; s1/f1.js x1"},
		/* the merge of the first attempt never ran, or runs late */
		{"abcB", "1 runs; tests 12 failed 0 flaky 1 attempts 1; s1/f1.js x1"},
		{"abcB abc", "1 runs; tests 12 failed 0 flaky 1 attempts 1; s1/f1.js x1"},
		{"abcB abc abcB", "1 runs; tests 12 failed 0 flaky 1 attempts 1; s1/f1.js x1"},
		/* an artifact that came late */
		{"ac abc", "2 runs; tests 12 failed 1 flaky 0 attempts 1; s1/f1.js x1"},
		{"aBc abc", "2 runs; tests 16 failed 1 flaky 1 attempts 1; s1/f1.js x1"},
		{"aBc abcB", "2 runs; tests 13 failed 1 flaky 1 attempts 1; s1/f1.js x1"},
	};
	struct plan plan;
	char *dir = temp_new();

	make_plan(&plan);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		write_bundle(dir, (char[]){"abcB"[i], '\0'}, &plan, &jobs[i]);
	for (size_t i = 0; i < ARRAY_LEN(orders); i++) {
		cleanup_free char *history = xasprintf("%s/%zu.db", dir, i);
		cleanup_strvec struct strvec merges = STRVEC_INIT;
		strvec_split(&merges, orders[i].merges, ' ');
		strvec_each (which, &merges)
			merge_some(dir, history, &plan, which);
		cleanup_free char *got = learned(history);
		cr_expect_str_eq(got, orders[i].learned, "%s: %s", orders[i].merges, got);
	}
	plan_release(&plan);
	temp_free(dir);
}

static struct history_imported import_into(const char *path, const char *from, const char *file)
{
	struct error err = ERROR_INIT;
	struct history_imported done = {0};
	struct history *h = history_open(from, HISTORY_READ, NULL, &err);

	cr_assert_eq(history_export(h, file, &err), 0, "%s", err.text);
	history_close(h);
	h = history_open(path, HISTORY_WRITE, NULL, &err);
	cr_assert_eq(history_import(h, file, &done, &err), 0, "%s", err.text);
	history_close(h);
	return done;
}

/* Parts travel with the runs: what is imported is not merged in again, and the other way round. */
TEST(merge, import_knows_the_parts)
{
	static const struct job jobs[] = {
		{1, 1, 1000, "....", NULL, NULL, false},
		{2, 1, 1000, "..F.", NULL, NULL, false},
		{3, 1, 1000, "....", NULL, NULL, false},
		{2, 2, 9000, "....", NULL, NULL, false},
		{1, 1, 500000, "....", NULL, NULL, false},
	};
	struct plan plan;
	char *dir = temp_new();
	cleanup_free char *first = path_join(dir, "1.db"), *both = path_join(dir, "2.db"),
			  *other = path_join(dir, "3.db"), *file = path_join(dir, "x.zst");

	make_plan(&plan);
	for (size_t i = 0; i < ARRAY_LEN(jobs); i++)
		write_bundle(dir, (char[]){"abcBo"[i], '\0'}, &plan, &jobs[i]);
	merge_some(dir, first, &plan, "abc");
	merge_some(dir, both, &plan, "abcB");
	merge_some(dir, other, &plan, "o");
	struct history_imported done = import_into(both, first, file);
	ASSERT_INT(done.runs, 0);
	ASSERT_INT(done.known, 1);
	done = import_into(other, both, file);
	ASSERT_INT(done.runs, 1);
	cleanup_free char *before = learned(other);
	ASSERT_STR(before, "2 runs; tests 16 failed 0 flaky 1 attempts 1; s1/f1.js x1");
	merge_some(dir, other, &plan, "abB");
	merge_some(dir, other, &plan, "abc");
	cleanup_free char *after = learned(other);
	ASSERT_STR(after, before);
	plan_release(&plan);
	temp_free(dir);
}

/* A run that recorded itself and is merged later. */
TEST(merge, not_what_recorded_itself)
{
	struct error err = ERROR_INIT;
	struct plan plan;
	char *dir = temp_new();
	cleanup_free char *path = xasprintf("%s/h.db", dir);
	cleanup_free char *journal = xasprintf("%s/a/journal.ndjson", dir);
	struct journal_end end;
	struct state state;
	struct bus bus;

	make_plan(&plan);
	write_bundle(dir, "a", &plan, &(struct job){.outcomes = "....", .at = 1000});
	state_init(&state);
	bus_init(&bus, &state);
	cr_assert_eq(journal_replay(journal, &bus, &end, &err), 0);
	struct history *h = history_open(path, HISTORY_WRITE, NULL, &err);
	cr_assert_eq(history_record(h, &state, &err), 0);
	history_close(h);
	state_release(&state);

	struct merged m;
	cleanup_free char *bundle = xasprintf("%s/a", dir);
	const char *dirs[] = {bundle};
	merge_of(&m, &plan, dirs, 1);
	remember(path, &m);
	h = history_open(path, HISTORY_READ, NULL, NULL);
	ASSERT_INT(history_run_count(h, "linux-x64+ci"), 1);
	history_close(h);
	merged_release(&m);
	plan_release(&plan);
	temp_free(dir);
}
