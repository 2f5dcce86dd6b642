#include "core/base/base.h"

#include "core/base/file.h"
#include "core/event/json.h"
#include "core/event/journal.h"
#include "core/event/test_id.h"
#include "tests/support/test.h"

static const char *const hostile[] = {"plain", "", "\"quotes\" \\ and / slashes",
	"line\nfeed\ttab\x01", "\xff\xfe invalid", "\xe2\x80\xae reversed", "{\"type\":\"x\"}",
	"\x7f"};

/* Every field that may travel, filled; what a reader gets back must be the same. */
static struct event full(enum event_type type, const char *text)
{
	static struct run_info run = {.run_id = "r",
		.version = "1",
		.base = "/b",
		.workers = 3,
		.history_runs = 2,
		.fail_fast = 1,
		.budget_ms = 5};

	return (struct event){
		.type = type,
		.time_ms = 1700000000123,
		.suite = "jest",
		.project = "web",
		.file = text,
		.test = type == EVENT_TEST_STARTED || type == EVENT_TEST_FINISHED ? "a\x1f"
										    "b"
										  : NULL,
		.occurrence = 2,
		.attempt = 3,
		.worker = 4,
		.outcome = OUTCOME_FAILED,
		.duration_us = 1234567,
		.failure = {.kind = FAILURE_HOOK,
			.message = text,
			.stack = "at x",
			.expected = text,
			.actual = "b",
			.line = 7,
			.column = 9,
			.file = "f.js"},
		.will_retry = true,
		.line = 11,
		.column = 12,
		.count = 5,
		.estimate_ms = 6,
		.known = true,
		.text = text,
		.text_len = strlen(text),
		.name = "n",
		.run = type == EVENT_RUN_STARTED ? &run : NULL,
		.cancel = CANCEL_DEADLINE,
	};
}

static void check_round_trip(enum event_type type, const char *text)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, again = STRBUF_INIT;
	struct arena arena = ARENA_INIT;
	struct error err = ERROR_INIT;
	struct event event = full(type, text), back;
	struct strbuf scratch = STRBUF_INIT;

	event_json_write(&line, &event);
	cr_assert(!memchr(line.buf, '\n', line.len - 1), "one line: %s", line.buf);
	cleanup_json struct json *object = json_parse(line.buf, line.len, &err);
	cr_assert(object, "%s: %s", err.text, line.buf);
	cr_assert_eq(event_json_read(object, &arena, &back, &err), 0, "%s: %s", err.text, line.buf);
	event_json_write(&again, &back);
	/* what is not valid UTF-8 is replaced once, and stays as it is afterwards */
	ASSERT_STR(again.buf, line.buf);
	arena_release(&arena);
	strbuf_setlen(&line, line.len - 1); /* the fast reader reads the same, or leaves it */
	if (event_json_read_line(line.buf, line.len, &scratch, &back)) {
		strbuf_reset(&again);
		event_json_write(&again, &back);
		strbuf_setlen(&again, again.len - 1);
		ASSERT_STR(again.buf, line.buf);
	}
	strbuf_release(&scratch);
}

TEST(events, round_trip)
{
	for (int type = 0; type < EVENT_TYPE_COUNT; type++)
		for (size_t i = 0; i < ARRAY_LEN(hostile); i++)
			check_round_trip((enum event_type)type, hostile[i]);
}

/* What runs are made of must not fall back to the slow reader; what is broken must. */
TEST(events, fast_lines)
{
	static const struct {
		const char *line;
		bool plain;
	} rows[] = {
		{"{\"type\":\"test_started\",\"ts\":1,\"suite\":\"s\",\"file\":\"f\","
		 "\"path\":[\"a\",\"b \\u00e4\"],\"occ\":1}",
			true},
		{"{\"type\":\"test_finished\",\"ts\":1,\"path\":[\"a\\n\\\"\\\\\"],\"outcome\":"
		 "\"failed\",\"ms\":1.5,\"failure\":{\"kind\":\"error\",\"message\":\"x\",\"line\":"
		 "3}}",
			true},
		{"{\"type\":\"output\",\"file\":\"f\",\"stream\":\"stderr\",\"text\":\"\"}", true},
		{"{\"type\":\"file_finished\",\"outcome\":\"passed\",\"ms\":12,\"will_retry\":"
		 "true}",
			true},
		{"{\"type\":\"test_started\",\"path\":[\"\\ud83d\\ude00\"]}", false},
		{"{\"type\":\"test_started\",\"path\":[\"\\u0000\"]}", false},
		{"{\"type\":\"test_started\",\"path\":[\"\\u001f\"]}", false},
		{"{\"type\":\"test_started\",\"path\":[\"a\",]}", false},
		{"{\"type\":\"test_started\",\"path\":[\"\"]}", false},
		{"{\"type\":\"test_started\"}", false},
		{"{\"type\":\"test_finished\",\"path\":[\"a\"]}", false},
		{"{\"type\":\"notice\",\"line\":1e3}", false},
		{"{\"type\":\"notice\",\"line\":99999999999}", false},
		{"{\"type\":\"notice\",\"ms\":1.2345}", false},
		{"{\"type\":\"notice\",\"ms\":-1}", false},
		{"{\"type\":\"notice\",\"unheard\":1}", false},
		{"{\"type\":\"notice\",\"name\":null}", false},
		{"{\"type\":\"notice\"", false},
		{"{\"type\":\"notice\"}x", false},
		{"{\"type\":\"notice\",}", false},
		{"{\"type\":\"notice\",\"name\":\"cut o", false},
		{"{\"type\":\"notice\",\"name\":\"cut \\", false},
		{"{\"ts\":1,\"type\":\"notice\"}", false},
		{"", false},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf scratch = STRBUF_INIT;
		struct event event;
		cr_assert_eq(
			event_json_read_line(rows[i].line, strlen(rows[i].line), &scratch, &event),
			rows[i].plain, "%s", rows[i].line);
	}
}

TEST(events, refused)
{
	static const char *const rows[][2] = {
		{"{\"type\":\"test_exploded\"}", "unknown type"},
		{"{}", "unknown type"},
		{"{\"type\":\"test_finished\",\"path\":[\"a\"]}", "outcome"},
		{"{\"type\":\"test_finished\",\"outcome\":\"passed\"}", "path"},
		{"{\"type\":\"test_finished\",\"path\":[],\"outcome\":\"passed\"}", "path"},
		{"{\"type\":\"test_finished\",\"path\":[1],\"outcome\":\"passed\"}", "path"},
		{"{\"type\":\"test_finished\",\"path\":[\"a\"],\"outcome\":\"fine\"}", "outcome"},
		{"{\"type\":\"notice\",\"text\":5}", "text"},
		{"{\"type\":\"file_finished\",\"ms\":\"soon\"}", "ms"},
		{"{\"type\":\"file_finished\",\"line\":1e12}", "line"},
		{"{\"type\":\"file_finished\",\"failure\":\"bad\"}", "failure"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct arena arena = ARENA_INIT;
		struct error err = ERROR_INIT;
		struct event event;
		cleanup_json struct json *object = json_parse(rows[i][0], strlen(rows[i][0]), &err);
		cr_assert_eq(event_json_read(object, &arena, &event, &err), -1, "%s", rows[i][0]);
		cr_assert(strstr(err.text, rows[i][1]), "%s: %s", rows[i][0], err.text);
		arena_release(&arena);
	}
}

TEST(events, title_paths)
{
	static const char *const rows[][2] = {
		{"[\"cart\",\"adds\"]", "cart \xe2\x80\xba adds"},
		{"[\"\",\"\"]", " \xe2\x80\xba "},
		{"[\"a\\u001fb\",\"c\\u001e\"]", NULL},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_json struct json *array = json_parse(rows[i][0], strlen(rows[i][0]), NULL);
		cleanup_strbuf struct strbuf path = STRBUF_INIT, out = STRBUF_INIT,
					     text = STRBUF_INIT;
		struct jsonw w;
		cr_assert(test_id_from_json(array, &path));
		jsonw_init(&w, &out, false);
		test_id_to_json(&w, NULL, path.buf);
		ASSERT_STR(out.buf, rows[i][0]);
		test_id_full(&text, path.buf, 1);
		if (rows[i][1])
			ASSERT_STR(text.buf, rows[i][1]);
	}
}

/* ---- the journal ---------------------------------------------------------------------------- */

static void write_journal(const char *path)
{
	struct error err = ERROR_INIT;
	struct state state;
	struct bus bus;
	struct journal *j = journal_create(path, &err);
	struct run_info run = {.run_id = "r1", .workers = 1};

	cr_assert(j, "%s", err.text);
	cr_assert(journal_is_live(path));
	state_init(&state);
	bus_init(&bus, &state);
	bus_subscribe(&bus, journal_event, j);
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_STARTED, .time_ms = 1, .run = &run});
	bus_publish(&bus, &(struct event){.type = EVENT_FILE_PLANNED,
				  .time_ms = 2,
				  .suite = "s",
				  .file = "a.js",
				  .estimate_ms = 5});
	bus_publish(&bus, &(struct event){.type = EVENT_TICK, .time_ms = 3});
	bus_publish(&bus, &(struct event){.type = EVENT_FILE_FINISHED,
				  .time_ms = 4,
				  .suite = "s",
				  .file = "a.js",
				  .outcome = OUTCOME_PASSED});
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_FINISHED, .time_ms = 5});
	cr_assert_eq(journal_close(j, &err), 0, "%s", err.text);
	cr_assert(!journal_is_live(path));
	state_release(&state);
}

static int replay(const char *path, struct state *state, struct journal_end *end)
{
	struct bus bus;

	state_init(state);
	bus_init(&bus, state);
	return journal_replay(path, &bus, end, NULL);
}

TEST(events, journal)
{
	char dir[] = "/tmp/muster-journal-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/journal.ndjson", dir);
	struct state state;
	struct journal_end end;

	write_journal(path);
	ASSERT_INT(replay(path, &state, &end), 0);
	cr_assert(end.finished && !end.truncated);
	ASSERT_INT(end.lines, 4); /* ticks are nobody's record */
	ASSERT_INT(state.file_counts.passed, 1);
	state_release(&state);

	/* Cut at every byte: never a crash, never a pass that was not there. */
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	file_read(path, 1 << 20, EXIT_CODE_USAGE, &text, NULL);
	for (size_t len = 0; len < text.len; len++) {
		cr_assert_eq(file_write(path, text.buf, len, true, NULL), 0);
		int result = replay(path, &state, &end);
		if (result == 0) {
			cr_assert(!end.finished);
			cr_assert(!streq(state_verdict(&state), "passed"));
		}
		state_release(&state);
	}
	file_remove_tree(dir, NULL);
}

/* A result of no suite or file counts nowhere, so what is behind it cannot be trusted. */
TEST(events, journal_of_nothing)
{
	static const char *const lines[] = {
		"{\"type\":\"file_planned\",\"ts\":2,\"file\":\"a.js\"}",
		"{\"type\":\"file_started\",\"ts\":2,\"suite\":\"s\"}",
		"{\"type\":\"file_finished\",\"ts\":2,\"outcome\":\"passed\"}",
		"{\"type\":\"test_finished\",\"ts\":2,\"suite\":\"s\",\"path\":[\"x\"]}",
	};
	char path[] = "/tmp/muster-journal-XXXXXX";
	int fd = mkstemp(path);

	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		struct journal_end end;
		struct state state;
		strbuf_addf(&text,
			"{\"type\":\"run_started\",\"ts\":1,\"run_id\":\"r1\"}\n%s\n"
			"{\"type\":\"run_finished\",\"ts\":3}\n",
			lines[i]);
		cr_assert_eq(file_write(path, text.buf, text.len, true, NULL), 0);
		ASSERT_INT(replay(path, &state, &end), 0);
		cr_assert(end.truncated && !end.finished, "%s", lines[i]);
		state_release(&state);
	}
	close(fd);
	unlink(path);
}

/* What is noticed before the run begins stands behind the header: the first line is always that. */
TEST(events, journal_notice_before_the_run)
{
	char dir[] = "/tmp/muster-journal-XXXXXX";
	cr_assert(mkdtemp(dir));
	cleanup_free char *path = xasprintf("%s/j", dir);
	struct run_info run = {.run_id = "r1"};
	struct error err = ERROR_INIT;
	struct journal_end end;
	struct state state;
	struct bus bus;
	struct journal *j = journal_create(path, &err);

	cr_assert(j, "%s", err.text);
	state_init(&state);
	bus_init(&bus, &state);
	bus_subscribe(&bus, journal_event, j);
	bus_publish(&bus,
		&(struct event){.type = EVENT_NOTICE, .name = "n", .text = "early", .text_len = 5});
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_STARTED, .time_ms = 1, .run = &run});
	bus_publish(&bus, &(struct event){.type = EVENT_RUN_FINISHED, .time_ms = 5});
	cr_assert_eq(journal_close(j, &err), 0, "%s", err.text);
	state_release(&state);
	state_init(&state);
	bus_init(&bus, &state);
	cr_assert_eq(journal_replay(path, &bus, &end, &err), 0, "%s", err.text);
	cr_assert(end.finished);
	cr_assert_eq(state.notice_count, 1);
	cr_assert_str_eq(state.notices[0].text, "early");
	state_release(&state);
	file_remove_tree(dir, NULL);
}
