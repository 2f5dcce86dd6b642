#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/event/bus.h"
#include "core/flaky/quarantine.h"
#include "tests/support/test.h"

#define REST "owner: o, reason: r, expires: 2026-12-24"

static int64_t day(const char *text)
{
	return quarantine_day(text) - 86400000;
}

static int parse(struct quarantine *q, const char *text, const char *today, struct error *err)
{
	quarantine_init(q);
	return quarantine_parse(q, "q.yaml", text, strlen(text), day(today), err);
}

TEST(quarantine, days)
{
	static const char *const bad[] = {"", "2026-12", "2026-02-30", "2026-13-01", "24.12.2026",
		"2026-12-24T00", "2026 12 24"};
	char text[25];

	clock_iso8601(quarantine_day("2026-12-31"), text);
	ASSERT_STR(text, "2027-01-01T00:00:00.000Z");
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_expect_lt(quarantine_day(bad[i]), 0, "%s", bad[i]);
}

TEST(quarantine, whom_it_means)
{
	static const char text[] =
		"- {file: ./test/a.js, test: \"cart › adds item\", suite: unit, " REST "}\n"
		"- {test: \"test/b.js › cart › adds\", " REST "}\n"
		"- {file: test/c.js, " REST "}\n"
		"- {test: \"twice #2\", " REST "}\n"
		"- {file: test/d.js, test: old, owner: o, reason: r, expires: 2026-11-24}\n";
	static const struct {
		const char *suite, *file, *test;
		int occurrence;
		bool found, covered;
	} rows[] = {
		{"unit", "test/a.js",
			"cart\x1f"
			"adds item",
			1, true, true},
		{"unit", "test/a.js",
			"cart\x1f"
			"adds item",
			2, false, false},
		{"e2e", "test/a.js",
			"cart\x1f"
			"adds item",
			1, false, false},
		{"unit", "test/aa.js",
			"cart\x1f"
			"adds item",
			1, false, false},
		{"unit", "test/b.js",
			"cart\x1f"
			"adds",
			1, true, true},
		{"unit", "b.js",
			"cart\x1f"
			"adds",
			1, false, false},
		{"x", "test/c.js", "anything", 7, true, true},
		{"x", "y.js", "twice", 2, true, true},
		{"x", "y.js", "twice", 1, false, false},
		{"x", "test/d.js", "old", 1, true, false},
	};
	struct error err = ERROR_INIT;
	struct quarantine q;

	cr_assert_eq(parse(&q, text, "2026-11-25", &err), 0, "%s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cr_expect_eq(quarantine_find(&q, rows[i].suite, rows[i].file, rows[i].test,
				     rows[i].occurrence) != NULL,
			rows[i].found, "row %zu", i);
		cr_expect_eq(quarantine_covers(&q, rows[i].suite, rows[i].file, rows[i].test,
				     rows[i].occurrence),
			rows[i].covered, "row %zu", i);
	}
	cr_assert_not(quarantine_covers(NULL, "x", "test/c.js", "t", 1));
	/* without a test at hand: its file, any file, another suite, expired */
	cr_assert(quarantine_may_mean(&q.entries[0], "unit", "test/a.js"));
	cr_assert_not(quarantine_may_mean(&q.entries[0], "unit", "test/b.js"));
	cr_assert_not(quarantine_may_mean(&q.entries[0], "e2e", "test/a.js"));
	cr_assert(quarantine_may_mean(&q.entries[1], "unit", "test/a.js"));
	cr_assert_not(quarantine_may_mean(&q.entries[4], "unit", "test/d.js"));
	quarantine_release(&q);
	/* the last day counts to its end */
	cr_assert_eq(parse(&q, text, "2026-11-24", &err), 0);
	cr_assert(quarantine_covers(&q, "x", "test/d.js", "old", 1));
	quarantine_release(&q);
}

TEST(quarantine, errors_have_a_place)
{
	static const struct {
		const char *text, *message;
	} rows[] = {
		{"- {tset: x, " REST "}", "unknown key `tset` in q.yaml:1:4"},
		{"- {owner: o, reason: r, expires: 2026-12-24}",
			"needs a `file`, a `test` or both"},
		{"- {test: x, owner: \"@me\", expires: 2026-12-24}",
			"an entry needs `reason` (owner: @me) in q.yaml:1:3"},
		{"- {test: x, owner: o, reason: r, expires: soon}", "`expires` expects a day"},
		{"- {test: [x], " REST "}", "`test` expects a text"},
		{"- {test: x, " REST "}\n- {test: x, " REST "}", "the same test as in line 1"},
		{"tests: 5", "`tests` expects a list"},
		{"test: []", "unknown key `test`"},
		{"- x", "expected an entry"},
		{"x", "expected a list"},
		{"- &a {test: x, " REST "}", "q.yaml:1:3"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_INIT;
		struct quarantine q;
		cr_expect_eq(parse(&q, rows[i].text, "2026-11-25", &err), -1, "%s", rows[i].text);
		cr_expect(strstr(err.text, rows[i].message), "%s: %s", rows[i].text, err.text);
		ASSERT_INT(err.code, EXIT_CODE_USAGE);
		quarantine_release(&q);
	}
	static const char *const fine[] = {
		"", "# nothing\n", "[]", "tests:\n", "version: 1\ntests: []\n"};
	for (size_t i = 0; i < ARRAY_LEN(fine); i++) {
		struct error err = ERROR_INIT;
		struct quarantine q;
		cr_expect_eq(parse(&q, fine[i], "2026-11-25", &err), 0, "%s", err.text);
		ASSERT_INT(q.n, 0);
		quarantine_release(&q);
	}
}

/* ---- editing ----------------------------------------------------------------------------------- */

static const char one[] =
	"# head\n- file: a.js\n  test: x\n  owner: o\n  # why\n  reason: >\n    long\n\n"
	"    text\n  expires: 2026-12-24\n\n# about b\n- file: b.js\n  owner: o\n  reason: r\n"
	"  expires: 2026-12-24\n# tail\n";

TEST(quarantine, edits_keep_what_they_do_not_concern)
{
	static const struct {
		const char *before, *after; /* adding c.js */
	} rows[] = {
		{"", "- file: \"c.js\"\n  test: \"a \\\"b\\\" #2\"\n  owner: \"@o\"\n  reason: "
		     "\"r\"\n"
		     "  expires: \"2026-12-24\"\n"},
		{"# only this",
			"# only this\n- file: \"c.js\"\n  test: \"a \\\"b\\\" #2\"\n  owner: "
			"\"@o\"\n  reason: \"r\"\n  expires: \"2026-12-24\"\n"},
		{"tests:\n    - file: b.js\n      owner: o\n      reason: r\n      expires: "
		 "2026-12-24\n# tail\n",
			"tests:\n    - file: b.js\n      owner: o\n      reason: r\n      expires: "
			"2026-12-24\n    - file: \"c.js\"\n      test: \"a \\\"b\\\" #2\"\n      "
			"owner: "
			"\"@o\"\n      reason: \"r\"\n      expires: \"2026-12-24\"\n# tail\n"},
	};
	static const struct quarantine_add entry = {.file = "c.js",
		.test = "a \"b\" #2",
		.owner = "@o",
		.reason = "r",
		.expires = "2026-12-24"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_INIT;
		struct quarantine q;
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		cr_assert_eq(parse(&q, rows[i].before, "2026-11-25", &err), 0);
		cr_assert_eq(quarantine_text_add(&q, &entry, &out, &err), 0, "%s", err.text);
		ASSERT_STR(out.buf, rows[i].after);
		quarantine_release(&q);
	}
}

TEST(quarantine, removing)
{
	struct error err = ERROR_INIT;
	struct quarantine q;
	cleanup_strbuf struct strbuf first = STRBUF_INIT, second = STRBUF_INIT;

	cr_assert_eq(parse(&q, one, "2026-11-25", &err), 0, "%s", err.text);
	ASSERT_INT(q.n, 2);
	cr_assert_eq(quarantine_text_remove(&q, &q.entries[0], &first, &err), 0, "%s", err.text);
	ASSERT_STR(first.buf, "# head\n\n# about b\n- file: b.js\n  owner: o\n  reason: r\n"
			      "  expires: 2026-12-24\n# tail\n");
	cr_assert_eq(quarantine_text_remove(&q, &q.entries[1], &second, &err), 0, "%s", err.text);
	cr_assert(strstr(second.buf, "# about b\n# tail\n"));
	quarantine_release(&q);
	/* within brackets: told, not spoilt */
	cr_assert_eq(parse(&q, "[{test: x, " REST "}]", "2026-11-25", &err), 0);
	cr_assert_eq(quarantine_text_remove(&q, &q.entries[0], &first, &err), -1);
	cr_assert(strstr(err.text, "a form that is not edited"));
	quarantine_release(&q);
}

/* ---- in a run ---------------------------------------------------------------------------------- */

static void publish(struct bus *bus, enum event_type type, const char *file, const char *test,
	enum outcome outcome, bool quarantined)
{
	bus_publish(
		bus, &(struct event){.type = type,
			     .time_ms = 1,
			     .suite = "s",
			     .file = file,
			     .test = test,
			     .occurrence = 1,
			     .attempt = 1,
			     .outcome = outcome,
			     .quarantined = quarantined,
			     .failure.kind = test && outcome == OUTCOME_FAILED ? FAILURE_ASSERTION
									       : FAILURE_NONE});
}

static void on_notice(void *arg, enum severity severity, const char *name, const char *suite,
	const char *file, const char *text)
{
	(void)suite;
	(void)text;
	strbuf_addf(arg, "%s %d %s\n", name, severity, file);
}

TEST(quarantine, a_failure_in_it_does_not_count)
{
	struct state state;
	struct bus bus;

	state_init(&state);
	bus_init(&bus, &state);
	publish(&bus, EVENT_FILE_PLANNED, "a.js", NULL, OUTCOME_NONE, false);
	publish(&bus, EVENT_FILE_STARTED, "a.js", NULL, OUTCOME_NONE, false);
	publish(&bus, EVENT_TEST_FINISHED, "a.js", "x", OUTCOME_FAILED, true);
	publish(&bus, EVENT_TEST_FINISHED, "a.js", "y", OUTCOME_PASSED, true);
	publish(&bus, EVENT_FILE_FINISHED, "a.js", NULL, OUTCOME_PASSED, false);
	ASSERT_INT(state.test_counts.quarantined, 1);
	ASSERT_INT(state.test_counts.failed, 0);
	ASSERT_INT(state.test_counts.passed, 1);
	ASSERT_INT(state.test_counts.total, 2);
	ASSERT_INT(state.failure_count, 0);
	ASSERT_INT(state_exit_code(&state, true), EXIT_CODE_PASSED);
	/* the same test again, out of it */
	publish(&bus, EVENT_FILE_STARTED, "a.js", NULL, OUTCOME_NONE, false);
	publish(&bus, EVENT_TEST_FINISHED, "a.js", "x", OUTCOME_FAILED, false);
	ASSERT_INT(state.test_counts.quarantined, 0);
	ASSERT_INT(state.test_counts.failed, 1);
	ASSERT_INT(state_exit_code(&state, true), EXIT_CODE_FAILED);
	state_release(&state);
}

TEST(quarantine, what_a_run_says_of_it)
{
	static const char text[] =
		"- {file: a.js, test: x, owner: o, reason: r, expires: 2026-11-01}\n"
		"- {file: a.js, test: y, owner: o, reason: r, expires: 2026-11-28}\n"
		"- {file: a.js, test: z, owner: o, reason: r, expires: 2027-11-28}\n"
		"- {file: b.js, test: x, owner: o, reason: r, expires: 2026-11-01}\n";
	cleanup_strbuf struct strbuf told = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct quarantine q;
	struct state state;
	struct bus bus;

	cr_assert_eq(parse(&q, text, "2026-11-25", &err), 0, "%s", err.text);
	state_init(&state);
	bus_init(&bus, &state);
	publish(&bus, EVENT_FILE_PLANNED, "a.js", NULL, OUTCOME_NONE, false);
	publish(&bus, EVENT_FILE_STARTED, "a.js", NULL, OUTCOME_NONE, false);
	publish(&bus, EVENT_TEST_FINISHED, "a.js", "x", OUTCOME_PASSED, false);
	publish(&bus, EVENT_TEST_FINISHED, "a.js", "y", OUTCOME_FAILED, true);
	publish(&bus, EVENT_FILE_FINISHED, "a.js", NULL, OUTCOME_PASSED, false);
	quarantine_judge(&q, &state, true, on_notice, &told);
	ASSERT_STR(told.buf, "quarantine_expired 2 a.js\nquarantine_soon 1 a.js\n"
			     "quarantine_unknown 1 a.js\n");
	strbuf_reset(&told);
	quarantine_judge(&q, &state, false, on_notice, &told);
	cr_assert_null(strstr(told.buf, "unknown"));
	state_release(&state);
	quarantine_release(&q);
}

TEST(quarantine, fail_on_flaky)
{
	struct run_info info = {.run_id = "r", .fail_on_flaky = true};
	struct state state;
	struct bus bus;

	state_init(&state);
	bus_init(&bus, &state);
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_STARTED, .time_ms = 1, .run = &info});
	publish(&bus, EVENT_FILE_PLANNED, "a.js", NULL, OUTCOME_NONE, false);
	publish(&bus, EVENT_FILE_STARTED, "a.js", NULL, OUTCOME_NONE, false);
	for (int attempt = 1; attempt <= 2; attempt++)
		bus_publish(
			&bus, &(struct event){.type = EVENT_TEST_FINISHED,
				      .time_ms = 1,
				      .suite = "s",
				      .file = "a.js",
				      .test = "x",
				      .attempt = attempt,
				      .will_retry = attempt == 1,
				      .outcome = attempt == 1 ? OUTCOME_FAILED : OUTCOME_PASSED});
	publish(&bus, EVENT_FILE_FINISHED, "a.js", NULL, OUTCOME_PASSED, false);
	ASSERT_INT(state_counted_flaky(&state), 1);
	ASSERT_INT(state_exit_code(&state, true), EXIT_CODE_FAILED);
	ASSERT_STR(state_verdict(&state), "failed");
	state.run.fail_on_flaky = false;
	ASSERT_INT(state_exit_code(&state, true), EXIT_CODE_PASSED);
	state_release(&state);
}
