#include "core/base/base.h"

#include "core/base/spool.h"
#include "core/junit/inputs.h"
#include "core/junit/merge.h"
#include "core/junit/repair.h"
#include "core/junit/seen.h"
#include "tests/support/temp.h"

/* ---- reading --------------------------------------------------------------------------------- */

static void see_start(void *arg, const struct junit_tag *tag)
{
	const char *name = junit_attribute(tag, "name");

	strbuf_addf(arg, "<%d:%s%s%s ", (int)tag->element, tag->name, name ? "=" : "",
		name ? name : "");
}

static void see_text(void *arg, const char *text, size_t len)
{
	strbuf_add(arg, text, len);
}

static void see_end(void *arg, const struct junit_tag *tag)
{
	strbuf_addf(arg, "/%s> ", tag->name);
}

static const struct junit_events seeing = {see_start, see_text, see_end};

static int see(const char *content, size_t len, struct strbuf *ret, struct junit_report *report)
{
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "a.xml");
	struct error err = ERROR_INIT;

	cr_assert_eq(file_write(path, content, len, false, NULL), 0);
	int result = junit_read(path, &seeing, ret, report, &err);
	cr_assert_eq(result < 0, report->fault != JUNIT_WHOLE);
	cr_assert_eq(*err.text != '\0', result < 0);
	temp_free(dir);
	return result;
}

TEST(junit_read, events)
{
	static const struct {
		const char *content, *events;
		enum junit_fault fault;
		int line, column;
	} rows[] = {
		{"<testsuites><testsuite name='a'><testcase name='b'/></testsuite></testsuites>",
			"<1:testsuites <2:testsuite=a <3:testcase=b /testcase> /testsuite> "
			"/testsuites> "},
		{"<testsuite><testcase><flakyError>x&amp;<![CDATA[<y>]]></flakyError></testcase>"
		 "<other/></testsuite>",
			"<2:testsuite <3:testcase <11:flakyError x&<y>/flakyError> /testcase> "
			"<0:other /other> /testsuite> "},
		/* other text around it, and more than one report */
		{"$ npm test\n<testsuite/>\n<div>\n<?xml version='1.0'?><testsuites/>done",
			"<2:testsuite /testsuite> <1:testsuites /testsuites> "},
		{"\xef\xbb\xbf\n <testsuite name='\xc3\xa4'/>",
			"<2:testsuite=\xc3\xa4 /testsuite> "},
		{"<?xml version='1.0' encoding='ISO-8859-1'?><testsuite name='\xe4'/>",
			"<2:testsuite=\xc3\xa4 /testsuite> "},
		{"<!DOCTYPE testsuite SYSTEM 'file:///etc/passwd'><testsuite/>",
			"<2:testsuite /testsuite> "},
		/* what cannot be read */
		{"", "", JUNIT_EMPTY, 0, 0},
		{" \n ", "", JUNIT_EMPTY, 0, 0},
		{"no tests\nat all", "", JUNIT_NOT_XML, 1, 1},
		{"{\"a\": \"<b>\"}", "", JUNIT_NOT_XML, 1, 1},
		{"<<<", "", JUNIT_NOT_XML, 1, 2},
		{"\n<html><testsuite/></html>", "", JUNIT_FOREIGN, 2, 1},
		{"<testsuite>\n<testcase></testsuite>", "<2:testsuite \n<3:testcase ",
			JUNIT_MALFORMED, 2, 13},
		{"<testsuite>\n<testcase na", "<2:testsuite \n", JUNIT_TRUNCATED, 2, 1},
		{"<testsuite>a & b</testsuite>", "<2:testsuite a ", JUNIT_MALFORMED, 1, 15},
		{"<?xml version='1.0' encoding='EBCDIC-XY'?><testsuite/>", "", JUNIT_ENCODING, 1,
			31},
		/* bombs */
		{"<!DOCTYPE a [<!ENTITY b 'c'>]><testsuite>&b;</testsuite>", "", JUNIT_REFUSED, 1,
			13},
		{"<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><testsuite/>", "",
			JUNIT_REFUSED, 1, 13},
		{"<!DOCTYPE a SYSTEM 'x' [<!ENTITY % b SYSTEM 'file:///etc/passwd'> %b;]>"
		 "<testsuite/>",
			"", JUNIT_REFUSED, 1, 24},
		{"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><testsuite>&b;</testsuite>",
			"<2:testsuite ", JUNIT_MALFORMED, 1, 52},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf seen = STRBUF_INIT;
		struct junit_report report;
		see(rows[i].content, strlen(rows[i].content), &seen, &report);
		ASSERT_STR(seen.buf, rows[i].events);
		cr_assert_eq(report.fault, rows[i].fault, "%s: %s", rows[i].content, report.what);
		cr_assert_eq(report.line, rows[i].line, "%s: line %d", rows[i].content,
			(int)report.line);
		cr_assert_eq(report.column, rows[i].column, "%s: column %d", rows[i].content,
			(int)report.column);
	}
}

TEST(junit_read, wide)
{
	static const char text[] = "<testsuite name='a'>\x01</testsuite>";
	struct strbuf wide = STRBUF_INIT, seen = STRBUF_INIT;
	struct junit_report report;

	strbuf_add(&wide, "\xff\xfe", 2);
	for (const char *s = text; *s; s++)
		strbuf_add(&wide, (char[]){*s == 1 ? 'b' : *s, 0}, 2);
	strbuf_add(&wide, "\n\0", 2);
	see(wide.buf, wide.len, &seen, &report);
	ASSERT_INT(report.fault, JUNIT_WHOLE);
	ASSERT_INT(report.passed_over, 0);
	ASSERT_STR(seen.buf, "<2:testsuite=a b/testsuite> ");
	strbuf_release(&wide);
	strbuf_release(&seen);
}

static void add_many(struct strbuf *out, const char *s, size_t n)
{
	while (n--)
		strbuf_addstr(out, s);
}

TEST(junit_read, limits)
{
	static const struct {
		size_t attribute, depth, names;
		enum junit_fault fault;
	} rows[] = {
		{JUNIT_TAG_BYTES - 100, 1, 0, JUNIT_WHOLE},
		{JUNIT_TAG_BYTES, 1, 0, JUNIT_LIMIT},
		{8 * JUNIT_TAG_BYTES, 1, 0, JUNIT_LIMIT},
		{1, JUNIT_DEPTH_MAX - 1, 0, JUNIT_WHOLE},
		{1, JUNIT_DEPTH_MAX, 0, JUNIT_LIMIT},
		{1, 1, 400000, JUNIT_LIMIT},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct strbuf in = STRBUF_INIT, seen = STRBUF_INIT;
		struct junit_report report;
		strbuf_addstr(&in, "<testsuite><testcase a='");
		strbuf_addchn(&in, 'x', rows[i].attribute);
		strbuf_addstr(&in, "'/>");
		add_many(&in, "<b>", rows[i].depth);
		add_many(&in, "</b>", rows[i].depth);
		for (size_t k = 0; k < rows[i].names; k++)
			strbuf_addf(&in, "<n%zu/>", k);
		strbuf_addstr(&in, "</testsuite>");
		see(in.buf, in.len, &seen, &report);
		cr_assert_eq(report.fault, rows[i].fault, "row %zu: %s", i, report.what);
		strbuf_release(&in);
		strbuf_release(&seen);
	}
}

TEST(junit_read, long_text)
{
	struct strbuf in = STRBUF_INIT, seen = STRBUF_INIT;
	struct junit_report report;

	strbuf_addstr(&in, "<testsuite>\n<system-out>");
	strbuf_addchn(&in, 'x', JUNIT_TEXT_BYTES + 1000);
	strbuf_addstr(&in, "</system-out><system-err>y</system-err></testsuite>");
	see(in.buf, in.len, &seen, &report);
	ASSERT_INT(report.cut, 1);
	ASSERT_INT(report.cut_line, 2);
	cr_assert(strstr(seen.buf, "xx\n[cut here: the text is too long]/system-out> "));
	cr_assert(strstr(seen.buf, "y/system-err> "));
	cr_assert_lt(seen.len, (size_t)JUNIT_TEXT_BYTES + 200);
	strbuf_release(&in);
	strbuf_release(&seen);
}

/* ---- repair ---------------------------------------------------------------------------------- */

#define BAD "\xef\xbf\xbd"

static const struct {
	const char *in, *out;
	int count;
} repairs[] = {
	{"<a>plain text, long enough for words of eight</a>", NULL, 0},
	{"\x1b[31mred\x1b[0m", BAD "[31mred" BAD "[0m", 2},
	{"a&#x1b;b&#27;c&#0;d", "a" BAD "b" BAD "c" BAD "d", 3},
	{"&#10;&#x9;&#65;&#x10FFFF;&amp;&#;&#x;&", NULL, 0},
	{"&#x110000;&#xD800;&#xFFFE;", BAD BAD BAD, 3},
	{"\xe2\x80\xba\xc3\xa4\xf0\x9f\x98\x80", NULL, 0},
	{"\xff\xc3(\xe2\x80 \xed\xa0\x80\xf5\x80\x80\x80\xc0\xaf\xef\xbf\xbf",
		BAD BAD "(" BAD BAD " " BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD BAD, 16},
	{"<![CDATA[&#x1b;\x01]]>&#x1b;]]<![CDATA[&#x1b;]]&#x1b;",
		"<![CDATA[&#x1b;" BAD "]]>" BAD "]]<![CDATA[&#x1b;]]&#x1b;", 2},
};

/* What comes out does not depend on where the parts are cut; CDATA is what a parser would say. */
static void repair_cut(const char *in, size_t cut, struct strbuf *out, int64_t *ret_count)
{
	struct junit_repair r;
	const char *clean;
	size_t len, total = strlen(in);

	junit_repair_init(&r, JUNIT_BYTES_UTF8);
	size_t taken = junit_repair(&r, in, cut, false, false, &clean, &len);
	strbuf_add(out, clean, len);
	const char *open = NULL, *close = NULL;
	for (size_t i = 0; i < taken; i++) {
		if (starts_with(in + i, "<![CDATA["))
			open = in + i;
		if (starts_with(in + i, "]]>"))
			close = in + i;
	}
	bool in_cdata = open && (!close || close < open);
	taken += junit_repair(&r, in + taken, total - taken, true, in_cdata, &clean, &len);
	strbuf_add(out, clean, len);
	ASSERT_INT(taken, total);
	*ret_count = r.count;
	junit_repair_release(&r);
}

TEST(junit_repair, any_cut)
{
	for (size_t i = 0; i < ARRAY_LEN(repairs); i++)
		for (size_t cut = 0; cut <= strlen(repairs[i].in); cut++) {
			cleanup_strbuf struct strbuf out = STRBUF_INIT;
			int64_t count;
			repair_cut(repairs[i].in, cut, &out, &count);
			ASSERT_STR(out.buf, repairs[i].out ? repairs[i].out : repairs[i].in);
			ASSERT_INT(count, repairs[i].count);
		}
}

TEST(junit_repair, detect)
{
	static const struct {
		const char *head;
		enum junit_bytes bytes;
	} rows[] = {
		{"<testsuites>", JUNIT_BYTES_UTF8},
		{"<?xml version=\"1.0\" encoding=\"utf-8\"?>", JUNIT_BYTES_UTF8},
		{"<?xml version='1.0' encoding = 'UTF-8' ?>", JUNIT_BYTES_UTF8},
		{"<?xml version='1.0' encoding='latin1'?>", JUNIT_BYTES_ASCII},
		{"\xfe\xff", JUNIT_BYTES_WIDE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_eq(junit_repair_detect(rows[i].head, strlen(rows[i].head)), rows[i].bytes,
			"%s", rows[i].head);
}

/* ---- counting -------------------------------------------------------------------------------- */

TEST(junit_count, time)
{
	static const struct {
		const char *text;
		int64_t ns;
	} rows[] = {
		{"1.5", 1500000000},
		{"0.000000001", 1},
		{"1,234.5", 1234500000000},
		{"7.7e-5", 77000},
		{".25", 250000000},
		{"12", 12000000000},
		{"", 0},
		{"NaN", 0},
		{"-1", 0},
		{"1.5s", 0},
		{"1e300", INT64_MAX / 4},
		{"99999999999999999999", INT64_MAX / 4},
		{NULL, 0},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_eq(junit_time_ns(rows[i].text), rows[i].ns, "%s", rows[i].text);
}

TEST(junit_seen, many)
{
	struct junit_seen seen = {.n = 0};
	char name[32];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 100000; i++) {
			int len = snprintf(name, sizeof(name), "test %d", i);
			uint64_t digest = junit_seen_digest(7, name, (size_t)len);
			ASSERT_INT(
				junit_seen_add(&seen, digest, round + i % 3), round ? i % 3 : -1);
		}
	ASSERT_INT(seen.n, 100000);
	junit_seen_release(&seen);
}

/* ---- merging --------------------------------------------------------------------------------- */

struct merged {
	struct strbuf xml;
	struct junit_counts counts;
	struct problems problems;
	int64_t files, duplicates;
};

static void merge(
	struct merged *ret, const char *dir, const char *const *names, enum junit_time time)
{
	cleanup_free char *path = path_join(dir, "out/merged.xml");
	struct error err = ERROR_INIT;
	struct spool out;

	*ret = (struct merged){.xml = STRBUF_INIT};
	cr_assert_eq(spool_open(&out, path, &err), 0, "%s", err.text);
	struct junit_merge *m = junit_merge_new(&out, &ret->problems, time);
	for (; *names; names++) {
		cleanup_free char *file = path_join(dir, *names);
		junit_merge_file(m, file, true);
	}
	junit_merge_finish(m);
	cr_assert_eq(spool_commit(&out, &err), 0, "%s", err.text);
	ret->counts = *junit_merge_counts(m);
	ret->files = junit_merge_files(m);
	ret->duplicates = junit_merge_duplicates(m);
	cr_assert_eq(file_read(path, SIZE_MAX / 2, EXIT_CODE_INTERNAL, &ret->xml, &err), 0);
	junit_merge_free(m);
	spool_release(&out);
}

static void merged_release(struct merged *m)
{
	strbuf_release(&m->xml);
	problems_release(&m->problems);
}

static const char sample[] =
	"<?xml version=\"1.0\"?>\n"
	"<testsuites tests=\"4\" failures=\"1\">\n"
	"<testcase name=\"a\" time=\"0.5\"/>"
	"<testsuite name=\"\xc3\xa4\"><properties><property name=\"p\" "
	"value=\"&lt;\"/></properties>\n"
	"  <testcase name=\"b\"><system-out><![CDATA[x]]></system-out>"
	"<rerunError/><failure>no</failure></testcase>\n"
	"  <testsuite name=\"c\"><testcase name=\"d\"><skipped/></testcase></testsuite>"
	"<testcase name=\"e\"><flakyFailure><stackTrace>y</stackTrace></flakyFailure></testcase>"
	"<system-out>z</system-out></testsuite>\n"
	"</testsuites>\n";

TEST(junit_merge, whole)
{
	char *dir = temp_new();
	struct merged m;

	temp_write(dir, "s.xml", sample);
	merge(&m, dir, (const char *const[]){"s.xml", NULL}, JUNIT_TIME_SUM);
	ASSERT_INT(m.problems.n, 0);
	ASSERT_INT(m.counts.tests, 4);
	ASSERT_INT(m.counts.failures, 1);
	ASSERT_INT(m.counts.skipped, 1);
	ASSERT_INT(m.counts.flaky, 1);
	ASSERT_INT(m.counts.time_ns, 500000000);
	cr_assert(strstr(m.xml.buf,
		"<testsuites name=\"merged\" tests=\"4\" failures=\"1\" errors=\"0\" "
		"skipped=\"1\" time=\"0.500000\">"));
	/* surefire's order, Jenkins' names */
	cr_assert(strstr(m.xml.buf,
		"    <testcase name=\"b\">\n      <failure>no</failure>\n"
		"      <rerunFailure/>\n      <system-out>x</system-out>\n    </testcase>"));
	cr_assert(strstr(m.xml.buf, "<property name=\"p\" value=\"&lt;\"/>"));
	merged_release(&m);
	temp_free(dir);
}

static int count_of(const char *text, size_t len, const char *what)
{
	int n = 0;
	const char *end = text + len;

	for (const char *s = text; (s = memmem(s, (size_t)(end - s), what, strlen(what))); s++)
		n++;
	return n;
}

/* Wherever a file ends: the complete test cases are there, and the result is a whole report. */
TEST(junit_merge, truncated_everywhere)
{
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "s.xml");
	const char *end = strstr(sample, "</testsuites>") + strlen("</testsuites>");

	for (size_t cut = 0; cut <= strlen(sample); cut++) {
		int complete = count_of(sample, cut, "</testcase>") +
			       count_of(sample, cut, "time=\"0.5\"/>");
		bool whole = cut >= (size_t)(end - sample);
		struct merged m, again;
		cr_assert_eq(file_write(path, sample, cut, false, NULL), 0);
		merge(&m, dir, (const char *const[]){"s.xml", NULL}, JUNIT_TIME_SUM);
		cr_assert_eq(m.counts.tests, complete, "cut at %zu: %d", cut, (int)m.counts.tests);
		cr_assert_eq(m.problems.lost, whole ? 0 : 1, "cut at %zu", cut);
		temp_write(dir, "m.xml", m.xml.buf);
		merge(&again, dir, (const char *const[]){"m.xml", NULL}, JUNIT_TIME_SUM);
		cr_assert_eq(again.problems.n, 0, "cut at %zu: %s", cut, m.xml.buf);
		cr_assert_eq(memcmp(&again.counts, &m.counts, sizeof(m.counts)), 0);
		merged_release(&m);
		merged_release(&again);
	}
	temp_free(dir);
}

/* A test case that does not fit into memory is written and taken back again. */
TEST(junit_merge, large_case_taken_back)
{
	char *dir = temp_new();
	cleanup_strbuf struct strbuf in = STRBUF_INIT;
	struct merged m;

	strbuf_addstr(&in, "<testsuite name='s'><testcase name='a'/><testcase name='b'><failure>");
	strbuf_addchn(&in, 'x', 3 * 1024 * 1024);
	temp_write(dir, "s.xml", in.buf);
	merge(&m, dir, (const char *const[]){"s.xml", NULL}, JUNIT_TIME_SUM);
	ASSERT_INT(m.counts.tests, 1);
	cr_assert_lt(m.xml.len, (size_t)1000);
	cr_assert(strstr(m.xml.buf, "<testcase name=\"a\"/>\n  </testsuite>\n</testsuites>\n"));
	merged_release(&m);
	temp_free(dir);
}

/* Totals do not depend on the order of the files, whatever is in them. */
TEST(junit_merge, any_order)
{
	static const char *const names[] = {"a.xml", "b.xml", "c.xml", "d.xml"};
	char *dir = temp_new();
	struct merged first, m;

	temp_write(dir, "a.xml", sample);
	temp_write(dir, "b.xml", "<testsuite><testcase name='x' time='0.1'/></testsuite>");
	temp_write(dir, "c.xml", "<testsuite><testcase name='x' time='1e-7'/><testcase>");
	temp_write(dir, "d.xml", "<testsuite><testcase time='0.2'><error/></testcase></testsuite>");
	for (int i = 0; i < 24; i++) {
		const char *order[] = {names[0], names[1], names[2], names[3], NULL};
		for (int k = 4, code = i; k > 1; code /= k, k--) {
			const char *last = order[k - 1];
			order[k - 1] = order[code % k];
			order[code % k] = last;
		}
		merge(i ? &m : &first, dir, order, JUNIT_TIME_SUM);
		if (!i)
			continue;
		cr_assert_eq(memcmp(&m.counts, &first.counts, sizeof(m.counts)), 0);
		ASSERT_INT(m.files, 4);
		ASSERT_INT(m.duplicates, 1);
		ASSERT_INT(m.xml.len, first.xml.len);
		merged_release(&m);
	}
	ASSERT_INT(first.counts.tests, 7);
	ASSERT_INT(first.counts.time_ns, 800000100);
	merged_release(&first);
	temp_free(dir);
}

TEST(junit_merge, problems)
{
	static const struct {
		const char *content, *kind, *text;
		bool lost;
	} rows[] = {
		{"<testsuite tests='3' failures='1' errors='1'><testcase><failure/></testcase>"
		 "</testsuite>",
			"totals", "(tests: 3 claimed, 1 counted; failures and errors: 2 claimed, 1",
			false},
		{"<testsuite tests='1' failures='0' errors='1'><testcase><failure/></testcase>"
		 "</testsuite>",
			NULL, NULL, false},
		{"<testsuite><testcase name='\x1b'/></testsuite>", "repaired",
			"1 character that XML forbids", false},
		{"> mocha\n<testsuite/>", "other-text", "6 bytes of other text", false},
		{"<testsuite/><testsuite/>", "several-reports", "2 reports in one file", false},
		{"<testsuite><testcase/><b", "truncated",
			"the file ends inside of <testsuite>; 1 complete test case before it is "
			"kept",
			true},
		{"<testsuite><testcase>", "truncated", "nothing of it is kept", true},
		{"<html/>", "wrong-root", "its root is <html>", true},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *dir = temp_new();
		struct merged m;
		temp_write(dir, "a.xml", rows[i].content);
		merge(&m, dir, (const char *const[]){"a.xml", NULL}, JUNIT_TIME_SUM);
		ASSERT_INT(m.problems.n, rows[i].kind != NULL);
		if (rows[i].kind) {
			ASSERT_STR(m.problems.v[0].kind, rows[i].kind);
			cr_assert(strstr(m.problems.v[0].text, rows[i].text), "%s",
				m.problems.v[0].text);
			ASSERT_INT(m.problems.v[0].lost, rows[i].lost);
		}
		merged_release(&m);
		temp_free(dir);
	}
}

TEST(junit_merge, times)
{
	static const char *const names[] = {"a.xml", "b.xml", NULL};
	char *dir = temp_new();
	struct merged m;

	temp_write(dir, "a.xml", "<testsuites time='9'><testcase time='1'/></testsuites>");
	temp_write(dir, "b.xml", "<testsuites><testcase time='2'/></testsuites>");
	merge(&m, dir, names, JUNIT_TIME_SUM);
	ASSERT_INT(m.counts.time_ns, 3000000000);
	merged_release(&m);
	merge(&m, dir, names, JUNIT_TIME_MAX);
	ASSERT_INT(m.counts.time_ns, 9000000000);
	merged_release(&m);
	temp_free(dir);
}

/* ---- files ----------------------------------------------------------------------------------- */

TEST(junit_inputs, words)
{
	char *dir = temp_new();
	struct junit_inputs in;
	struct problems problems = {NULL};
	cleanup_strvec struct strvec words = STRVEC_INIT;
	cleanup_free char *output = path_join(dir, "out.xml");

	temp_write(dir, "a/z.xml", "");
	temp_write(dir, "a/b/c.xml", "");
	temp_write(dir, "a-b.xml", "");
	temp_write(dir, "a/no.txt", "");
	temp_write(dir, "out.xml", "");
	cleanup_free char *link = path_join(dir, "link.xml");
	cr_assert_eq(symlink("a/z.xml", link), 0);
	cr_assert_eq(chdir(dir), 0);
	strvec_push(&words, ".");
	strvec_push(&words, "a/z.xml");
	strvec_push(&words, "missing.xml");
	junit_inputs_init(&in, output);
	junit_inputs_add(&in, &words, &problems);
	ASSERT_INT(in.named, 2);
	ASSERT_INT(in.paths.n, 4);
	ASSERT_STR(in.paths.v[0], "a/z.xml");
	ASSERT_STR(in.paths.v[1], "missing.xml");
	ASSERT_STR(in.paths.v[2], "./a-b.xml");
	ASSERT_STR(in.paths.v[3], "./a/b/c.xml");
	ASSERT_INT(problems.n, 3); /* the link, the file named before, the output */
	ASSERT_INT(problems.lost, 0);
	junit_inputs_release(&in);
	problems_release(&problems);
	temp_free(dir);
}
