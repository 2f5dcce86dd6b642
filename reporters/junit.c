#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/clock.h"
#include "core/base/strmap.h"
#include "core/base/text.h"
#include "core/event/test_id.h"
#include "reporters/failure.h"
#include "reporters/registry.h"

/*
 * JUnit XML as Jenkins, GitLab, CircleCI and dorny/test-reporter read it: a suite a file (of each
 * project and suite that it runs in), classname = name of the suite, name = full title (unique
 * inside of it), flakyFailure and rerunFailure in surefire's order. What a report may consist of:
 * tests/support/junit_rules.py.
 */
enum { TEXT_BYTES = 64 * 1024, LINE_BYTES = 1000 };

static void *junit_open(const struct reporter_options *options, struct sink *sink)
{
	(void)options;
	return sink;
}

/* XML 1.0 knows no control characters but tab and line feed: they become U+FFFD. */
#define UNKNOWN "\xef\xbf\xbd"

/* What stands for a character of ASCII; NULL: itself. */
static const char *const stands_for[128] = {
	[0 ... 8] = UNKNOWN,
	['\t'] = "&#9;",
	['\n'] = "&#10;",
	[0x0b ... 0x1f] = UNKNOWN,
	['"'] = "&quot;",
	['&'] = "&amp;",
	['<'] = "&lt;",
	['>'] = "&gt;",
	[0x7f] = UNKNOWN,
};

/* One character beyond ASCII, or one byte that is none; returns its bytes. */
static size_t escape_wide(struct strbuf *out, const char *s, size_t left)
{
	size_t n = text_utf8_len(s, left);
	bool noncharacter = n == 3 && memcmp(s, "\xef\xbf", 2) == 0 &&
			    (unsigned char)s[2] >= 0xbe; /* U+FFFE, U+FFFF */

	if (n && !noncharacter)
		strbuf_add(out, s, n);
	else
		strbuf_addstr(out, UNKNOWN);
	return n ? n : 1;
}

static void escape(struct strbuf *out, const char *s, size_t len)
{
	for (const char *end = s + len; s < end;) {
		const char *run = s;
		while (s < end && !(*s & 0x80) && !stands_for[(unsigned char)*s])
			s++;
		strbuf_add(out, run, (size_t)(s - run));
		if (s == end)
			break;
		if (*s & 0x80)
			s += escape_wide(out, s, (size_t)(end - s));
		else
			strbuf_addstr(out, stands_for[(unsigned char)*s++]);
	}
}

static void attribute(struct strbuf *out, const char *name, const char *value)
{
	strbuf_addch(out, ' ');
	strbuf_addstr(out, name);
	strbuf_addstr(out, "=\"");
	escape(out, value, strlen(value));
	strbuf_addch(out, '"');
}

/* Text content: line feeds stay as they are, colours go. */
static void content(struct strbuf *out, const char *text, size_t len)
{
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;
	const char *s;

	ansi_filter(&clean, text, len, false);
	s = clean.buf;
	while (*s) {
		size_t n = strcspn(s, "\n");
		escape(out, s, n);
		s += n;
		if (*s) {
			strbuf_addch(out, '\n');
			s++;
		}
	}
}

static void failure_text(struct strbuf *out, const struct failure *f)
{
	if (f->message)
		content(out, f->message, MIN(strlen(f->message), (size_t)TEXT_BYTES));
	if (f->stack) {
		strbuf_addch(out, '\n');
		content(out, f->stack, MIN(strlen(f->stack), (size_t)TEXT_BYTES));
	}
}

/* The first line of what is said, with `prefix` in front. */
static void message_attribute(struct strbuf *out, const char *prefix, const struct failure *f)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;

	strbuf_addstr(&line, prefix);
	failure_first_line(&line, f);
	if (line.len > LINE_BYTES) {
		size_t end = LINE_BYTES;
		while ((line.buf[end] & 0xc0) == 0x80) /* in the middle of a character */
			end--;
		strbuf_setlen(&line, end);
	}
	attribute(out, "message", line.buf);
}

static void line_attribute(struct strbuf *out, int line)
{
	if (line <= 0)
		return;
	strbuf_addstr(out, " line=\"");
	strbuf_addu(out, (uint64_t)line);
	strbuf_addch(out, '"');
}

/* <failure>, <error>: the text is the content; <flakyFailure>, <rerunFailure>: in <stackTrace>. */
static void failure_element(struct strbuf *out, const char *name, const char *prefix,
	const struct failure *f, bool again)
{
	strbuf_addf(out, "      <%s", name);
	message_attribute(out, prefix, f);
	attribute(out, "type", failure_kind_name(f->kind));
	strbuf_addstr(out, again ? "><stackTrace>" : ">");
	failure_text(out, f);
	strbuf_addf(out, again ? "</stackTrace></%s>\n" : "</%s>\n", name);
}

static void seconds(struct strbuf *out, int64_t us)
{
	int64_t ms = us > 0 ? (us + 500) / 1000 : 0;
	int rest = (int)(ms % 1000);

	strbuf_addstr(out, " time=\"");
	strbuf_addu(out, (uint64_t)ms / 1000);
	strbuf_addstr(out, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
	strbuf_addu(out, (uint64_t)rest);
	strbuf_addch(out, '"');
}

/* As surefire writes it: the first attempt is the failure, those that followed are reruns. */
static void failed_elements(struct strbuf *out, const struct state_test *t)
{
	const struct state_attempt *first = t->earlier;

	failure_element(out, "failure", t->flaky_new ? "flaky (new, and passed before): " : "",
		first ? &first->failure : &t->failure, false);
	for (const struct state_attempt *a = first ? first->next : NULL; a; a = a->next)
		failure_element(out, "rerunFailure", "", &a->failure, true);
	if (first)
		failure_element(out, "rerunFailure", "", &t->failure, true);
}

/* Readers count a test case with <failure> as failed whatever stands beside it, and one with
 * <skipped> as skipped (Jenkins, GitLab): so that is what it is, and its failure is its output. */
static void quarantined_elements(struct strbuf *out, const struct failure *f)
{
	strbuf_addstr(out,
		"      <properties><property name=\"muster.quarantined\" value=\"true\"/>"
		"</properties>\n      <skipped");
	message_attribute(out, "quarantined: ", f);
	strbuf_addstr(out, "/>\n      <system-out>");
	failure_text(out, f);
	strbuf_addstr(out, "</system-out>\n");
}

static void test_case(struct strbuf *out, const struct state_test *t, const char *class)
{
	cleanup_strbuf struct strbuf name = STRBUF_INIT;

	test_id_text(&name, t->path, t->occurrence);
	strbuf_addstr(out, "    <testcase");
	attribute(out, "classname", class);
	attribute(out, "name", name.buf);
	attribute(out, "file", t->file->file);
	line_attribute(out, t->line);
	seconds(out, t->duration_us);
	size_t head = out->len;
	strbuf_addstr(out, ">\n");
	size_t body = out->len;
	if (t->outcome == OUTCOME_FAILED && t->quarantined)
		quarantined_elements(out, &t->failure);
	else if (t->outcome == OUTCOME_FAILED)
		failed_elements(out, t);
	for (const struct state_attempt *a = t->flaky ? t->earlier : NULL; a; a = a->next)
		failure_element(out, "flakyFailure", "", &a->failure, true);
	if (t->outcome == OUTCOME_SKIPPED)
		strbuf_addstr(out, "      <skipped/>\n");
	if (t->outcome == OUTCOME_NOT_RUN)
		strbuf_addstr(out, "      <skipped message=\"not run\"/>\n");
	if (out->len == body) {
		strbuf_setlen(out, head);
		strbuf_addstr(out, "/>\n");
	} else {
		strbuf_addstr(out, "    </testcase>\n");
	}
}

struct counts {
	int64_t tests, failures, errors, skipped, flakes;
};

static struct counts count(const struct state_file *f)
{
	struct counts c = {0};

	for (size_t i = 0; i < f->test_count; i++) {
		enum outcome o = f->tests[i]->outcome;
		bool quarantined = o == OUTCOME_FAILED && f->tests[i]->quarantined;
		c.tests += o != OUTCOME_NONE;
		c.failures += o == OUTCOME_FAILED && !quarantined;
		c.skipped += o == OUTCOME_SKIPPED || o == OUTCOME_NOT_RUN || quarantined;
		c.flakes += f->tests[i]->flaky;
	}
	bool own = f->failure.kind != FAILURE_NONE && f->outcome == OUTCOME_FAILED;
	c.tests += own;
	c.errors += own;
	return c;
}

static void timestamp(struct strbuf *out, int64_t ms)
{
	char text[25];

	clock_iso8601(ms, text);
	strbuf_addf(out, " timestamp=\"%.19s\"", text);
}

/* Files that run in more than one suite. */
static void find_shared(const struct state *s, struct strmap *ret)
{
	struct strmap suites = STRMAP_INIT;

	for (size_t i = 0; i < s->file_count; i++) {
		struct state_file *f = s->files[i];
		const struct state_suite *other = strmap_get(&suites, f->file);
		if (!other)
			strmap_put(&suites, f->file, f->suite);
		else if (other != f->suite)
			strmap_put(ret, f->file, f);
	}
	strmap_release(&suites, NULL);
}

/* No two alike: Jenkins makes suites of one name one suite, GitLab shows the first of two tests
 * that agree in suite, class and name. */
static void suite_name(struct strbuf *out, const struct state_file *f, const struct strmap *shared)
{
	strbuf_addstr(out, f->file);
	if (strmap_has(shared, f->file))
		strbuf_addf(out, " [%s]", f->suite->name);
	if (*f->project)
		strbuf_addf(out, " [%s]", f->project);
}

static void system_out(struct strbuf *out, const struct state_file *f)
{
	size_t head = f->output_dropped ? f->output_head : f->output.len;

	strbuf_addstr(out, "    <system-out>");
	content(out, f->output.buf, head);
	if (f->output_dropped)
		strbuf_addf(out, "\n[muster: %" PRId64 " bytes of output left out]\n",
			f->output_dropped);
	content(out, f->output.buf + head, f->output.len - head);
	strbuf_addstr(out, "</system-out>\n");
}

/* A failure of the file and of none of its tests. */
static void file_case(struct strbuf *out, const struct state_file *f, const char *class)
{
	const struct failure *own = &f->failure;

	strbuf_addstr(out, "    <testcase");
	attribute(out, "classname", class);
	attribute(out, "name", "the file itself");
	attribute(out, "file", f->file);
	line_attribute(out, own->file && streq(own->file, f->file) ? own->line : 0);
	strbuf_addstr(out, " time=\"0.000\">\n");
	failure_element(out, "error", "", own, false);
	strbuf_addstr(out, "    </testcase>\n");
}

static void test_suite(struct strbuf *out, const struct state_file *f, const struct strmap *shared)
{
	struct counts c = count(f);
	cleanup_strbuf struct strbuf name = STRBUF_INIT;

	suite_name(&name, f, shared);
	strbuf_addstr(out, "  <testsuite");
	attribute(out, "name", name.buf);
	attribute(out, "file", f->file);
	timestamp(out, f->started_ms);
	strbuf_addf(out,
		" tests=\"%" PRId64 "\" failures=\"%" PRId64 "\" errors=\"%" PRId64
		"\" skipped=\"%" PRId64 "\"",
		c.tests, c.failures, c.errors, c.skipped);
	if (c.flakes)
		strbuf_addf(out, " flakes=\"%" PRId64 "\"", c.flakes);
	seconds(out, f->duration_us);
	strbuf_addstr(out, ">\n    <properties><property name=\"muster.suite\"");
	attribute(out, "value", f->suite->name);
	strbuf_addstr(out, "/></properties>\n");
	if (c.errors)
		file_case(out, f, name.buf);
	for (size_t i = 0; i < f->test_count; i++)
		if (f->tests[i]->outcome != OUTCOME_NONE)
			test_case(out, f->tests[i], name.buf);
	if (f->outcome == OUTCOME_FAILED && f->output.len)
		system_out(out, f);
	strbuf_addstr(out, "  </testsuite>\n");
}

static int junit_finish(void *self, const struct state *s, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct strmap shared = STRMAP_INIT;
	struct counts all = {0};

	(void)err;
	for (size_t i = 0; i < s->file_count; i++) {
		struct counts c = count(s->files[i]);
		all.tests += c.tests;
		all.failures += c.failures;
		all.errors += c.errors;
		all.skipped += c.skipped;
	}
	strbuf_addf(&out,
		"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"muster\" "
		"tests=\"%" PRId64 "\" failures=\"%" PRId64 "\" errors=\"%" PRId64
		"\" skipped=\"%" PRId64 "\"",
		all.tests, all.failures, all.errors, all.skipped);
	seconds(&out, s->duration_us);
	timestamp(&out, s->started_ms);
	strbuf_addstr(&out, ">\n");
	find_shared(s, &shared);
	for (size_t i = 0; i < s->file_count; i++) {
		if (!s->files[i]->started_ms && !s->files[i]->test_count)
			continue;
		test_suite(&out, s->files[i], &shared);
		sink_write(self, out.buf, out.len);
		strbuf_reset(&out);
	}
	strmap_release(&shared, NULL);
	strbuf_addstr(&out, "</testsuites>\n");
	sink_write(self, out.buf, out.len);
	return 0;
}

const struct reporter junit_reporter = {
	.name = "junit",
	.summary = "JUnit XML, as CI systems read it",
	.default_path = "junit.xml",
	.open = junit_open,
	.finish = junit_finish,
};
