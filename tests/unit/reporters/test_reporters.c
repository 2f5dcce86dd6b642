#include "core/base/base.h"

#include "core/event/bus.h"
#include "core/base/text.h"
#include "reporters/failure.h"
#include "reporters/difference.h"
#include "reporters/registry.h"
#include "tests/support/test.h"

enum { ROWS = 200, COLUMNS = 400 };

/* As much of a terminal as the display may use; anything else is a failure of the test. */
struct screen {
	char cells[ROWS][COLUMNS];
	int row, column;
	int height, bottom; /* what has scrolled out at the top is out of reach */
};

static void screen_write(struct screen *s, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (text[i] == '\n') {
			s->row++;
			s->column = 0;
			s->bottom = MAX(s->bottom, s->row);
		} else if (text[i] == '\x1b') {
			cr_assert(text[i + 1] == '[');
			if (strncmp(text + i, "\x1b[1A", 4) == 0) {
				cr_assert(s->row > 0, "the cursor left its region");
				cr_assert(!s->height || s->row > s->bottom - s->height + 1,
					"the region is taller than the terminal");
				s->row--;
			} else {
				cr_assert(
					strncmp(text + i, "\x1b[2K", 4) == 0, "%.8s", text + i + 1);
				memset(s->cells[s->row], 0, COLUMNS);
			}
			i += 3;
		} else {
			cr_assert(s->column < COLUMNS - 1);
			s->cells[s->row][s->column++] = text[i];
		}
		cr_assert(s->row < ROWS);
	}
}

struct fixture {
	struct state state;
	struct bus bus;
	struct sink sink;
	const struct reporter *reporter;
	void *self;
	struct screen screen;
	size_t shown;
};

static void on_event(void *arg, const struct event *event, const struct state *state)
{
	struct fixture *f = arg;

	if (f->reporter->event)
		f->reporter->event(f->self, event, state);
	if (f->reporter->terminal && streq(f->reporter->name, "tty")) {
		screen_write(&f->screen, f->sink.buf.buf + f->shown, f->sink.buf.len - f->shown);
		f->shown = f->sink.buf.len;
		for (int row = 0; row < ROWS; row++)
			cr_assert(
				!strstr(f->screen.cells[row], "Running") ||
					text_width(f->screen.cells[row]) < (size_t)f->sink.columns,
				"%s", f->screen.cells[row]);
	}
}

static void open_with(struct fixture *f, const char *name, int columns, bool shard)
{
	const struct reporter_options options = {.live = true, .shard = shard};

	*f = (struct fixture){.reporter = reporter_find(reporters, name)};
	state_init(&f->state);
	bus_init(&f->bus, &f->state);
	sink_init_fd(&f->sink, -1);
	f->sink.columns = columns;
	f->sink.tty = true;
	f->self = f->reporter->open(&options, &f->sink);
	bus_subscribe(&f->bus, on_event, f);
}

static void open_fixture(struct fixture *f, const char *name, int columns)
{
	open_with(f, name, columns, false);
}

static void close_fixture(struct fixture *f)
{
	if (f->reporter->close)
		f->reporter->close(f->self);
	sink_close(&f->sink, NULL);
	state_release(&f->state);
}

static void publish(struct fixture *f, struct event event)
{
	static int64_t now;

	now = event.type == EVENT_RUN_STARTED ? 1700000000000 : now + 250;
	event.time_ms = now;
	event.suite = event.suite ? event.suite : "jest";
	event.worker = 1;
	event.attempt = event.attempt ? event.attempt : 1;
	event.occurrence = 1;
	bus_publish(&f->bus, &event);
}

#define E(kind, ...) publish(f, (struct event){.type = EVENT_##kind, ##__VA_ARGS__})

static const char hostile[] =
	"\x1b]0;owned\x07\x1b[2J::set-output name=a::b ##[add-mask]x ]]> <b> & \x01";

/* Two files: one passes and is flaky, one has a failure with everything hostile about it. */
static void tell(struct fixture *f)
{
	static struct run_info run = {
		.run_id = "r1", .version = "0", .base = "/p", .workers = 2, .history_runs = -1};

	E(RUN_STARTED, .run = &run);
	E(WORKER_STARTED);
	E(SUITE_DISCOVERED, .runner = "jest", .version = "30.0.0", .reason = "jest.config.js",
		.count = 2);
	E(FILE_PLANNED, .file = "src/a.test.js", .estimate_ms = 100);
	E(FILE_PLANNED, .file = "src/a-rather-long-folder/with-a-rather-long-name/b.test.js",
		.estimate_ms = 100);
	E(FILE_STARTED, .file = "src/a.test.js");
	E(TEST_STARTED, .file = "src/a.test.js",
		.test = "cart\x1f"
			"adds");
	E(TICK);
	E(TEST_FINISHED, .file = "src/a.test.js",
		.test = "cart\x1f"
			"adds",
		.outcome = OUTCOME_FAILED, .will_retry = true,
		.failure = {.kind = FAILURE_ERROR, .message = "first time"});
	E(TEST_FINISHED, .file = "src/a.test.js",
		.test = "cart\x1f"
			"adds",
		.outcome = OUTCOME_PASSED, .attempt = 2, .duration_us = 1500);
	E(TEST_FINISHED, .file = "src/a.test.js",
		.test = "cart\x1f"
			"later",
		.outcome = OUTCOME_SKIPPED);
	E(FILE_FINISHED, .file = "src/a.test.js", .outcome = OUTCOME_PASSED, .count = 2,
		.duration_us = 4000);
	E(TICK);
	const char *b = "src/a-rather-long-folder/with-a-rather-long-name/b.test.js";
	E(FILE_STARTED, .file = b);
	E(TEST_STARTED, .file = b, .test = hostile);
	E(TICK);
	E(OUTPUT, .file = b, .text = hostile, .text_len = strlen(hostile));
	E(TEST_FINISHED, .file = b, .test = hostile, .outcome = OUTCOME_FAILED, .duration_us = 7000,
		.failure = {.kind = FAILURE_ASSERTION,
			.message = hostile,
			.expected = "1",
			.actual = "2",
			.stack = "    at f (/p/src/b.js:3:4)\n    at file:///p/src/c.mjs:5:6\n    "
				 "at g "
				 "(/p/node_modules/x/y.js:1:1)"});
	E(FILE_FINISHED, .file = b, .outcome = OUTCOME_FAILED, .count = 1, .duration_us = 9000);
	E(RUN_FINISHED, .exit_code = 1, .duration_us = 2000000, .token = "0123456789abcdef");
	if (f->reporter->finish)
		cr_assert_eq(f->reporter->finish(f->self, &f->state, NULL), 0);
}

TEST(reporters, nothing_foreign_acts_on_a_terminal)
{
	static const char *const names[] = {"plain", "dot", "github", "tty"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct fixture f;
		open_fixture(&f, names[i], 80);
		tell(&f);
		for (const char *c = f.sink.buf.buf; *c; c++)
			cr_assert((unsigned char)*c >= 0x20 || *c == '\n' || streq(names[i], "tty"),
				"%s", names[i]);
		close_fixture(&f);
	}
}

TEST(reporters, plain)
{
	static const char *const lines[] = {"Starting  run r1\n",
		"Detected  jest 30.0.0 \xc2\xb7 2 files (jest.config.js)\n",
		"Using     2 workers \xc2\xb7 no timing history yet\n",
		"  RETRY [   0.000s] jest        src/a.test.js \xe2\x80\xba cart \xe2\x80\xba adds "
		"(try 1 failed)\n",
		"  FLAKY [   0.002s] jest        src/a.test.js \xe2\x80\xba cart \xe2\x80\xba adds "
		"(passed on attempt 2 of 2)\n",
		"   PASS [   0.004s] jest        src/a.test.js (2)\n",
		"      at f (src/b.js:3:4)\n      at src/c.mjs:5:6\n",
		"Summary [   2.000s] 3 tests in 2 files: 1 passed (1 flaky), 1 failed, 1 skipped"};
	struct fixture f;
	const char *at;

	open_fixture(&f, "plain", 80);
	tell(&f);
	at = f.sink.buf.buf;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		at = strstr(at, lines[i]);
		cr_assert(at, "missing or out of order: %s\n%s", lines[i], f.sink.buf.buf);
	}
	cr_assert(!strstr(f.sink.buf.buf, "node_modules"));
	close_fixture(&f);
}

/* The region is gone at the end, every line stands once, and nothing above it was overwritten. */
TEST(reporters, tty)
{
	static const int widths[] = {40, 80, 120};

	for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
		struct fixture f;
		int passed = 0, running = 0, summary = 0;
		open_fixture(&f, "tty", widths[i]);
		tell(&f);
		for (int row = 0; row < ROWS; row++) {
			passed += strstr(f.screen.cells[row], "PASS") != NULL;
			running += strstr(f.screen.cells[row], "Running") != NULL;
			summary += strstr(f.screen.cells[row], "Summary") != NULL;
		}
		cr_assert(passed == 1 && running == 0 && summary == 1, "%d: %d %d %d", widths[i],
			passed, running, summary);
		cr_assert(starts_with(f.screen.cells[0], "Starting"));
		close_fixture(&f);
	}
}

/* On the screen now: what runs is counted even where there is no room for all of it. */
TEST(reporters, tty_region_fits_the_height)
{
	static const struct {
		int rows, shown, counted;
	} cases[] = {{0, 8, 4}, {24, 8, 4}, {11, 8, 4}, {6, 3, 9}, {3, 1, 0}, {2, 0, 0}, {1, 0, 0}};
	static struct run_info run = {
		.run_id = "r1", .version = "0", .base = "/p", .workers = 12, .history_runs = -1};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fixture fixture, *f = &fixture;
		char name[20], more[20];
		int running = 0, counted = 0;
		open_fixture(f, "tty", 80);
		f->sink.rows = f->screen.height = cases[i].rows;
		E(RUN_STARTED, .run = &run);
		E(SUITE_DISCOVERED, .runner = "jest", .count = 12);
		for (int file = 0; file < 12; file++) {
			snprintf(name, sizeof(name), "file%d.js", file);
			E(FILE_PLANNED, .file = name);
			E(FILE_STARTED, .file = name);
			E(TICK);
		}
		snprintf(more, sizeof(more), "and %d more", cases[i].counted);
		for (int row = 0; row < f->screen.row; row++) {
			running += strstr(f->screen.cells[row], "jest        file") != NULL;
			counted += strstr(f->screen.cells[row], more) != NULL;
		}
		cr_assert(running == cases[i].shown && counted == (cases[i].counted > 0),
			"%d rows: %d, %d", cases[i].rows, running, counted);
		E(RUN_FINISHED, .exit_code = 0, .token = "0123456789abcdef");
		close_fixture(f);
	}
}

static int count(const char *text, const char *word)
{
	int n = 0;

	for (; (text = strstr(text, word)); text += strlen(word))
		n++;
	return n;
}

TEST(reporters, junit)
{
	struct fixture f;

	open_fixture(&f, "junit", 80);
	tell(&f);
	const char *xml = f.sink.buf.buf;
	cr_assert(strstr(xml, "<testsuites name=\"muster\" tests=\"3\" failures=\"1\" errors=\"0\" "
			      "skipped=\"1\""));
	ASSERT_INT(count(xml, "<testcase "), 3);
	ASSERT_INT(count(xml, "<flakyFailure "), 1);
	ASSERT_INT(count(xml, "<failure "), 1);
	ASSERT_INT(count(xml, "<skipped"), 1);
	ASSERT_INT(count(xml, "<testsuite "), count(xml, "</testsuite>"));
	cr_assert(!strstr(xml, "<b>") && strstr(xml, "&lt;b&gt; &amp;"));
	close_fixture(&f);
}

TEST(reporters, github_obeys_nothing_foreign)
{
	struct fixture f;
	bool fenced = false;

	open_fixture(&f, "github", 80);
	tell(&f);
	for (char *save, *line = strtok_r(f.sink.buf.buf, "\n", &save); line;
		line = strtok_r(NULL, "\n", &save)) {
		if (starts_with(line, "::stop-commands::0123456789abcdef"))
			fenced = true;
		else if (streq(line, "::0123456789abcdef::"))
			fenced = false;
		else if (!fenced)
			cr_assert(starts_with(line, "::group::") || streq(line, "::endgroup::") ||
					  starts_with(line, "::error file="),
				"%s", line);
	}
	cr_assert(!fenced);
	close_fixture(&f);
}

/* GitHub shows ten annotations: the merge has them, of all jobs. */
TEST(reporters, github_shard_leaves_annotations_to_the_merge)
{
	for (int shard = 0; shard < 2; shard++) {
		struct fixture f;
		open_with(&f, "github", 80, shard);
		tell(&f);
		ASSERT_INT(count(f.sink.buf.buf, "::error file="), shard ? 0 : 1);
		ASSERT_INT(count(f.sink.buf.buf, "::group::"), 1);
		close_fixture(&f);
	}
}

TEST(reporters, rerun_command_is_exact)
{
	static const char *const titles[] = {"adds item", "costs $5 (or \"more\") [a|b]*",
		"it's `x` $(y)", "a/b\\c", "\xe2\x80\xba arrow"};

	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		struct state state;
		struct state_suite suite = {.name = "jest", .runner = "jest"};
		struct state_file file = {
			.suite = &suite, .project = "", .file = "it's/a b.test.js"};
		struct state_test test = {.path = titles[i], .occurrence = 2, .file = &file};
		cleanup_strbuf struct strbuf command = STRBUF_INIT, got = STRBUF_INIT,
					     want = STRBUF_INIT;
		state_init(&state);
		strbuf_addstr(&command, "muster() { printf '%s\\n' \"$@\"; }\n");
		failure_rerun(&command, &state, &file, &test);
		FILE *p = popen(command.buf, "r");
		for (int c; (c = fgetc(p)) != EOF;)
			strbuf_addch(&got, (char)c);
		pclose(p);
		strbuf_addstr(&want, "run\nit's/a b.test.js\n-t\n^#2: ");
		text_regex_escape(&want, titles[i]);
		strbuf_addstr(&want, "$\n");
		ASSERT_STR(got.buf, want.buf);
		state_release(&state);
	}
}

/* A log of CI that shows nothing for long is taken for dead. */
TEST(reporters, plain_says_what_runs_when_nothing_else_is_said_for_a_minute)
{
	static struct run_info run = {.run_id = "r1", .workers = 1, .history_runs = -1};
	static const char file[] = "a.test.js";
	struct fixture fixture, *f = &fixture;

	open_fixture(f, "plain", 80);
	E(RUN_STARTED, .run = &run);
	E(FILE_PLANNED, .file = file);
	E(FILE_PLANNED, .file = "b.test.js");
	E(FILE_STARTED, .file = file);
	E(TEST_STARTED, .file = file, .test = "waits");
	for (int i = 0; i < 2 * 60 * 4 + 8; i++) /* four a second */
		E(TICK);
	const char *first = strstr(f->sink.buf.buf, "still running: 0 of 2 files done\nRUNNING [");
	cr_assert(first, "%s", f->sink.buf.buf);
	cr_assert(strstr(first, "a.test.js \xe2\x80\xba waits\n"), "%s", first);
	const char *second = strstr(first + 1, "still running");
	cr_assert(second && !strstr(second + 1, "still running"), "%s", f->sink.buf.buf);
	close_fixture(f);
}

/* What it says must run this test and no other: its file may be in other suites and projects. */
TEST(failure, the_rerun_command_names_suite_and_project_where_they_matter)
{
	struct suite_file {
		const char *suite, *project, *file, *want;
	} rows[] = {
		{"e2e", "firefox", "a.spec.js", "muster run a.spec.js -t '^\\[firefox\\] adds$'"},
		{"e2e", "webkit", "a.spec.js", "muster run a.spec.js -t '^\\[webkit\\] adds$'"},
		{"e2e", "webkit", "b.spec.js", "muster run b.spec.js -t '^adds$'"},
		{"unit", "", "c.test.js", "muster run --suite unit c.test.js -t '^adds$'"},
		{"browser", "", "c.test.js", "muster run --suite browser c.test.js -t '^adds$'"},
		{"unit", "", "-d.test.js", "muster run ./-d.test.js -t '^adds$'"},
	};
	struct fixture fixture, *f = &fixture;

	open_fixture(f, "plain", 80);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		E(FILE_PLANNED, .suite = rows[i].suite, .project = rows[i].project,
			.file = rows[i].file);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf command = STRBUF_INIT;
		const struct state_test test = {
			.path = "adds", .occurrence = 1, .file = f->state.files[i]};
		failure_rerun(&command, &f->state, f->state.files[i], &test);
		ASSERT_STR(command.buf, rows[i].want);
	}
	close_fixture(f);
}

/* Two workers cannot share one file. */
TEST(reporters, predicted)
{
	static struct run_info run = {
		.run_id = "r", .version = "0", .base = "/p", .workers = 2, .history_runs = 1};
	struct fixture fixture, *f = &fixture;

	open_fixture(f, "plain", 80);
	E(RUN_STARTED, .run = &run);
	E(FILE_PLANNED, .file = "a.js", .estimate_ms = 4000, .known = true);
	E(FILE_PLANNED, .file = "b.js", .estimate_ms = 1000, .known = true);
	E(SUITE_DISCOVERED, .runner = "jest", .version = "30.0.0", .reason = "x", .count = 2);
	E(FILE_STARTED, .file = "a.js");
	E(FILE_FINISHED, .file = "a.js", .outcome = OUTCOME_PASSED);
	E(RUN_FINISHED, .exit_code = 0);
	cr_assert(strstr(f->sink.buf.buf, "predicted 4.0 s"), "%s", f->sink.buf.buf);
	close_fixture(f);
}

/* Where a suite lies is said when it is not the project's folder; that a suite has none of the
 * named files is not. */
TEST(reporters, detected)
{
	static struct run_info all = {.run_id = "r", .version = "0", .base = "/p", .workers = 1};
	static struct run_info some = {
		.run_id = "r", .version = "0", .base = "/p", .workers = 1, .partial = true};

	for (int partial = 0; partial < 2; partial++) {
		struct fixture fixture, *f = &fixture;
		open_fixture(f, "plain", 80);
		E(RUN_STARTED, .run = partial ? &some : &all);
		E(SUITE_DISCOVERED, .runner = "jest", .version = "30.0.0",
			.reason = "script `test`", .root = "packages/a", .count = 1 - partial);
		ASSERT_INT(count(f->sink.buf.buf, "1 file (script `test` in packages/a)\n"),
			1 - partial);
		ASSERT_INT(count(f->sink.buf.buf, "Detected"), 1 - partial);
		E(RUN_FINISHED, .exit_code = 0);
		close_fixture(f);
	}
}

TEST(reporters, difference)
{
	static const char *const rows[][3] = {
		{"a\nb\nc", "a\nx\nc", "  a\n- b\n+ x\n  c\n"},
		{"1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12", "1\n2\n3\n4\n5\n6!\n7\n8\n9\n10\n11",
			"  \u2026\n  3\n  4\n  5\n- 6\n+ 6!\n  7\n  8\n  9\n  10\n  11\n- 12\n"},
		{"a\nb\nc\nd", "b\nc\nz", "- a\n  b\n  c\n- d\n+ z\n"},
		{"", "a\n\nb", "+ a\n  \n+ b\n"},
		{"a\nb", "a\nb\n", "  both look alike\n"},
		{"a\x1b[2J\nb", "a\x1b[2J\nc", "  a\n- b\n+ c\n"},
	};
	cleanup_strbuf struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct sink s;
		sink_init_fd(&s, -1);
		difference_write(&s, rows[i][0], rows[i][1], "");
		const char *head = "- expected\n+ actual\n";
		cr_assert(starts_with(s.buf.buf, head), "%s", s.buf.buf);
		cr_expect_str_eq(
			s.buf.buf + strlen(head), rows[i][2], "row %zu:\n%s", i, s.buf.buf);
		sink_close(&s, NULL);
	}
	/* everything differs: bounded in time and in what is shown */
	for (int i = 0; i < 20000; i++) {
		strbuf_addf(&old, "old %d\n", i);
		strbuf_addf(&new, "new %d\n", i);
	}
	struct sink s;
	sink_init_fd(&s, -1);
	difference_write(&s, old.buf, new.buf, "");
	cr_assert(strstr(s.buf.buf, "- old 79\n") && !strstr(s.buf.buf, "old 80") &&
		  strstr(s.buf.buf, "39920 lines more"));
	sink_close(&s, NULL);
}
