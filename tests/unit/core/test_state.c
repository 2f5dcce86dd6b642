#include "core/base/base.h"

#include "core/event/bus.h"
#include "tests/support/test.h"

/* A run is told as a word a step: "plan a", "start a", "pass a x", "fail a x", … */
static void step(struct bus *bus, const char *text)
{
	static int64_t clock = 1000;
	char verb[16] = "", file[16] = "", test[16] = "";
	struct event e = {
		.time_ms = clock++, .suite = "s", .worker = 1, .attempt = 1, .duration_us = 1000};

	sscanf(text, "%15s %15s %15s", verb, file, test);
	e.file = *file ? file : NULL;
	e.test = *test ? test : NULL;
	e.occurrence = 1;
	if (streq(verb, "plan"))
		e.type = EVENT_FILE_PLANNED;
	else if (streq(verb, "start"))
		e.type = EVENT_FILE_STARTED;
	else if (streq(verb, "pass") || streq(verb, "fail") || streq(verb, "skip") ||
		 streq(verb, "retry"))
		e.type = e.test ? EVENT_TEST_FINISHED : EVENT_FILE_FINISHED;
	else if (streq(verb, "crash"))
		e.type = EVENT_FILE_FINISHED;
	else if (streq(verb, "cancel"))
		e.type = EVENT_RUN_CANCELLED;
	else
		e.type = EVENT_RUN_FINISHED;
	e.outcome = streq(verb, "pass")   ? OUTCOME_PASSED
		    : streq(verb, "skip") ? OUTCOME_SKIPPED
					  : OUTCOME_FAILED;
	e.will_retry = streq(verb, "retry");
	if (streq(verb, "crash"))
		e.failure = (struct failure){.kind = FAILURE_CRASH, .message = "dead"};
	if (e.type == EVENT_RUN_CANCELLED)
		e.cancel = cancel_reason_parse(file);
	bus_publish(bus, &e);
}

TEST(state, verdicts)
{
	static const struct {
		const char *steps;
		const char *verdict;
		int code;
		int passed, failed, flaky, files_failed, not_run;
	} rows[] = {
		{"plan a,start a,pass a x,pass a,end", "passed", 0, 1, 0, 0, 0, 0},
		{"plan a,start a,fail a x,fail a,end", "failed", 1, 0, 1, 0, 1, 0},
		/* tried again by its framework, by the engine, and in vain */
		{"plan a,start a,retry a x,pass a x,pass a,end", "passed", 0, 1, 0, 1, 0, 0},
		{"plan a,start a,retry a x,retry a,start a,pass a x,pass a,end", "passed", 0, 1, 0,
			1, 0, 0},
		{"plan a,start a,retry a x,retry a,start a,fail a x,fail a,end", "failed", 1, 0, 1,
			0, 1, 0},
		{"plan a,start a,crash a,end", "failed", 1, 0, 0, 0, 1, 0},
		/* a file that claims to have passed though a test of it failed */
		{"plan a,start a,fail a x,pass a,end", "failed", 1, 0, 1, 0, 1, 0},
		/* no result, and nobody knows why */
		{"plan a,plan b,start a,pass a x,pass a,end", "incomplete", 5, 1, 0, 0, 0, 1},
		{"plan a,start a,pass a x,end", "incomplete", 5, 1, 0, 0, 0, 1},
		/* a result for a file that nobody planned */
		{"plan a,start a,pass a x,pass a,start b,pass b y,pass b,end", "incomplete", 5, 2,
			0, 0, 0, 0},
		/* stopped for a reason */
		{"plan a,plan b,start a,fail a x,cancel fail_fast,fail a,end", "failed", 1, 0, 1, 0,
			1, 1},
		{"plan a,plan b,cancel interrupted,end", "cancelled", 130, 0, 0, 0, 0, 2},
		{"plan a,plan b,cancel deadline,end", "cancelled", 124, 0, 0, 0, 0, 2},
		{"plan a,start a,fail a x,fail a,cancel interrupted,end", "failed", 130, 0, 1, 0, 1,
			0},
		/* nothing ran */
		{"plan a,start a,skip a,end", "passed", 4, 0, 0, 0, 0, 0},
		{"end", "passed", 4, 0, 0, 0, 0, 0},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct state s;
		struct bus bus;
		cleanup_free char *steps = xstrdup(rows[i].steps);
		state_init(&s);
		bus_init(&bus, &s);
		for (char *save, *one = strtok_r(steps, ",", &save); one;
			one = strtok_r(NULL, ",", &save))
			step(&bus, one);
		ASSERT_STR(state_verdict(&s), rows[i].verdict);
		cr_assert_eq((int)state_exit_code(&s, true), rows[i].code, "%s: %d", rows[i].steps,
			(int)state_exit_code(&s, true));
		cr_assert_eq(s.test_counts.passed, rows[i].passed, "%s", rows[i].steps);
		cr_assert_eq(s.test_counts.failed, rows[i].failed, "%s", rows[i].steps);
		cr_assert_eq(s.test_counts.flaky, rows[i].flaky, "%s", rows[i].steps);
		cr_assert_eq(s.file_counts.failed, rows[i].files_failed, "%s", rows[i].steps);
		cr_assert_eq(s.file_counts.not_run, rows[i].not_run, "%s", rows[i].steps);
		state_release(&s);
	}
}

TEST(state, exit_codes_in_order)
{
	static const int order[] = {130, 2, 3, 7, 124, 1, 5, 6, 4, 0};

	for (size_t i = 0; i < ARRAY_LEN(order); i++)
		for (size_t k = i; k < ARRAY_LEN(order); k++) {
			ASSERT_INT(
				exit_code_worst((enum exit_code)order[i], (enum exit_code)order[k]),
				order[i]);
			ASSERT_INT(
				exit_code_worst((enum exit_code)order[k], (enum exit_code)order[i]),
				order[i]);
		}
}

/* A test that passed and runs again because it is new: only a failure changes anything. */
TEST(state, repeats)
{
	struct state s;
	struct bus bus;
	struct event e = {.suite = "s",
		.file = "a",
		.test = "x",
		.occurrence = 1,
		.worker = 1,
		.outcome = OUTCOME_PASSED,
		.duration_us = 7};

	state_init(&s);
	bus_init(&bus, &s);
	step(&bus, "plan a");
	step(&bus, "start a");
	step(&bus, "pass a x");
	step(&bus, "pass a");
	for (int i = 1; i <= 3; i++) {
		e.repeat = i;
		e.attempt = i + 1;
		e.outcome = i < 3 ? OUTCOME_PASSED : OUTCOME_FAILED;
		e.failure.kind = i < 3 ? FAILURE_NONE : FAILURE_ASSERTION;
		e.type = EVENT_FILE_STARTED;
		bus_publish(&bus, &e);
		cr_assert(s.files[0]->repeating_ms && s.files[0]->phase == FILE_DONE);
		e.type = EVENT_TEST_FINISHED;
		bus_publish(&bus, &e);
		e.type = EVENT_FILE_FINISHED;
		e.failure.kind = FAILURE_NONE;
		bus_publish(&bus, &e);
	}
	const struct state_test *t = s.files[0]->tests[0];
	cr_assert(t->flaky_new && t->outcome == OUTCOME_FAILED && !t->flaky);
	cr_assert_eq(t->repeats, 3);
	cr_assert_eq(t->duration_us, 1000); /* of the first time */
	cr_assert_eq(s.early.tests, 1);
	cr_assert_eq(s.early.repeats, 3);
	cr_assert_eq(s.early.flaky, 1);
	cr_assert_eq(s.early.cost_us, 21);
	cr_assert_eq(s.test_counts.total, 1);
	cr_assert_eq(s.test_counts.failed, 1);
	cr_assert_eq(s.file_counts.failed, 1);
	cr_assert_eq(s.files[0]->tries, 1);
	cr_assert_eq(s.failure_count, 1);
	step(&bus, "end");
	cr_assert_eq(state_unexplained(&s), 0);
	state_release(&s);
}

TEST(state, running)
{
	struct state state;
	struct bus bus;

	state_init(&state);
	bus_init(&bus, &state);
	struct event e = {.suite = "s", .file = "a", .worker = 1, .attempt = 1, .time_ms = 1000};
	e.type = EVENT_FILE_STARTED;
	bus_publish(&bus, &e);
	const struct state_file *f = state.files[0];
	cr_expect_eq(f->phase, FILE_RUNNING);
	/* its worker goes before it has finished: it waits for another one … */
	bus_publish(&bus,
		&(struct event){
			.type = EVENT_WORKER_EXITED, .suite = "s", .worker = 1, .time_ms = 2000});
	cr_expect_eq(f->phase, FILE_PLANNED);
	/* … where it has run since then, although its first start was earlier */
	e.worker = 2;
	e.time_ms = 5000;
	bus_publish(&bus, &e);
	cr_expect_eq(f->running_ms, 5000);
	cr_expect_eq(f->started_ms, 1000);
	state_release(&state);
}
