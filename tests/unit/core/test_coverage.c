#include "core/base/base.h"

#include "core/coverage/coverage.h"
#include "core/coverage/digits.h"
#include "core/coverage/report.h"
#include "tests/support/temp.h"

#define LOC(l, c, el, ec)                                                                          \
	"{\"start\":{\"line\":" #l ",\"column\":" #c "},\"end\":{\"line\":" #el ",\"column\":" #ec \
	"}}"
#define ENTRY(path, s0, s1)                                                                        \
	"\"" path "\":{\"path\":\"" path "\",\"statementMap\":{\"0\":" LOC(1, 0, 1,                \
		9) ",\"1\":" LOC(3, 0, 4, 2) "},\"fnMap\":{\"0\":{\"name\":\"f\",\"decl\":" LOC(1, \
		0, 1, 3) ",\"loc\":" LOC(1, 0, 4,                                                  \
		2) ",\"line\":1}},\"branchMap\":{"                                                 \
		   "\"0\":{\"loc\":" LOC(3, 0, 4, 2) ",\"type\":\"if\",\"locations\":[" LOC(       \
			   3, 0, 4, 2) ",{}],\"line\":3}},\"s\":{\"0\":" #s0 ",\"1\":" #s1         \
				       "},\"f\":{\"0\":" #s0 "},\"b\":{\"0\":[" #s1 ",0]}}"

static int add_bytes(struct coverage *c, const char *content, size_t len, struct error *err)
{
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "in");

	cr_assert_eq(file_write(path, content, len, false, NULL), 0);
	int result = coverage_add(c, path, &(struct coverage_root){NULL, "/p"}, err);
	temp_free(dir);
	return result;
}

static int add(struct coverage *c, const char *content, struct error *err)
{
	return add_bytes(c, content, strlen(content), err);
}

static char *totals(const struct coverage *c)
{
	struct coverage_totals t = coverage_totals_of(c);
	struct strbuf out = STRBUF_INIT;

	for (int kind = 0; kind < COVERAGE_KINDS; kind++)
		strbuf_addf(&out, "%s%d/%d", kind ? " " : "", (int)t.of[kind].covered,
			(int)t.of[kind].total);
	return strbuf_detach(&out);
}

/* ---- what is broken -------------------------------------------------------------------------- */

TEST(coverage, broken_inputs)
{
	static const struct {
		const char *content;
		int files; /* that are kept */
		const char *error;
	} rows[] = {
		{"", 0, "at byte 0: the file is empty"},
		{" \n", 0, "the file is empty"},
		{"hello", 0, "at byte 0: not coverage"},
		{"[1]", 0, "at byte 0: not coverage"},
		{"{\"a\":1}", 0, "at byte 5: expected an object"},
		{"{" ENTRY("/a.js", 1, 0) ",", 1, "the file ends here; 1 file before it is kept"},
		{"{" ENTRY("/a.js", 1, 0) "} x", 1, "more text behind the end of the map"},
		{"{" ENTRY("/a.js", 1, 0) ENTRY("/b.js", 1, 0) "}", 1, "expected `,`"},
		{"{" ENTRY("/a.js", 1, 0) "," ENTRY("/b.js", -1, 0) "}", 1, "a count below zero"},
		{"{" ENTRY("/b.js", null, 0) "}", 0, "a count that is no number"},
		{"{" ENTRY("/b.js", 01, 0) "}", 0, "not a number"},
		{"{" ENTRY("", 1, 0) "}", 0, "a file without a path"},
		{"{" ENTRY("a\\u0000b", 1, 0) "}", 0, "a path with a NUL in it"},
		{"{" ENTRY("a\\x", 1, 0) "}", 0, "an escape that JSON does not know"},
		{"{" ENTRY("a\nb", 1, 0) "}", 0, "a control character in a string"},
		{"{\"a\":{\"path\":\"a\",\"s\":{},\"f\":{},\"b\":{}}}", 0, "is missing"},
		{"{\"a\":{\"path\":\"a\",\"s\":{\"x\":1}}}", 0, "an id that is no number"},
		{"{\"a\":{\"path\":\"a\",\"s\":{\"1\":1,}}}", 0, "expected a count"},
		{"{\"a\":{\"statementMap\":{\"0\":{\"start\":{}}}}}", 0, "without a line"},
		{"{\"a\":{\"statementMap\":{\"0\":{\"start\":{\"line\":1.5}}}}}", 0,
			"expected a whole number"},
		{"TN:\nSF:a.js\nDA:1,1\nend_of_record\nSF:b.js\nDA:x,1\nend_of_record\n", 1,
			"at byte 41: DA is not LINE,HITS; 1 file before it is kept"},
		{"SF:a.js\nDA:1,1\n", 0, "the file ends inside of a record"},
		{"SF:a.js\nSF:b.js\n", 0, "a record begins inside of another one"},
		{"SF:a.js\nFNA:7,1,f\n", 0, "FNA without its FNL"},
		{"<coverage><class filename='a.js'><lines><line number='1'/>", 0,
			"a line without number and hits"},
		{"<coverage><packages>", 0, "the file ends here"},
		{"<testsuites/>", 0, "its root is not <coverage>"},
		{"<!DOCTYPE coverage [<!ENTITY a 'b'>]><coverage/>", 0,
			"a document type with declarations is refused"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_coverage struct coverage *c = coverage_new();
		struct error err = ERROR_INIT;
		cr_assert_eq(add(c, rows[i].content, &err), -1, "%s", rows[i].content);
		cr_assert(strstr(err.text, rows[i].error), "%s: \"%s\", expected \"%s\"",
			rows[i].content, err.text, rows[i].error);
		ASSERT_INT(err.code, EXIT_CODE_INCOMPLETE);
		ASSERT_INT(coverage_file_count(c), rows[i].files);
		cr_assert(!coverage_is_complete(c));
	}
}

TEST(coverage, bounds)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_coverage struct coverage *c = coverage_new();
	struct error err = ERROR_INIT;

	strbuf_addstr(&text, "{\"a\":{\"x\":");
	strbuf_addchn(&text, '[', 100000);
	cr_assert_eq(add(c, text.buf, &err), -1);
	cr_assert(strstr(err.text, "nested deeper than 128"), "%s", err.text);
	strbuf_reset(&text);
	strbuf_addstr(&text, "{\"a\":{\"path\":\"");
	strbuf_addchn(&text, 'a', 200000);
	cr_assert_eq(add(c, text.buf, &err), -1);
	cr_assert(strstr(err.text, "a name of more than 64 KiB"), "%s", err.text);
	strbuf_reset(&text);
	strbuf_addstr(&text, "SF:");
	strbuf_addchn(&text, 'a', 200000);
	cr_assert_eq(add(c, text.buf, &err), -1);
	cr_assert(strstr(err.text, "a line of more than 64 KiB"), "%s", err.text);
	ASSERT_INT(coverage_file_count(c), 0);
}

/* ---- what is taken --------------------------------------------------------------------------- */

TEST(coverage, inputs)
{
	static const struct {
		const char *a, *b, *totals; /* lines statements functions branches */
	} rows[] = {
		{"{}", NULL, "0/0 0/0 0/0 0/0"},
		{"{" ENTRY("/a.js", 1, 0) "}", NULL, "1/2 1/2 1/1 0/2"},
		{"{" ENTRY("/a.js", 1, 0) "}", "{" ENTRY("/a.js", 0, 2) "}", "2/2 2/2 1/1 1/2"},
		{"{" ENTRY("__proto__", 1, 0) "}", "{" ENTRY("__proto__", 0, 1) "}",
			"2/2 2/2 1/1 1/2"},
		/* one file, however it is spelled */
		{"{" ENTRY("a.js", 1, 0) "}", "{" ENTRY("file:///p/x/../a.js", 0, 1) "}",
			"2/2 2/2 1/1 1/2"},
		{"{" ENTRY("src\\\\a.js", 1, 0) "}", "{" ENTRY("/p/src/./a.js", 0, 1) "}",
			"2/2 2/2 1/1 1/2"},
		{"{" ENTRY("\\u00e4.js", 1, 0) "}", "{" ENTRY("\xc3\xa4.js", 0, 1) "}",
			"2/2 2/2 1/1 1/2"},
		/* blanks do not make a version */
		{"{" ENTRY("/a.js", 1, 0) "}", "\xef\xbb\xbf { " ENTRY("/a.js", 0, 1) " } ",
			"2/2 2/2 1/1 1/2"},
		/* more than JavaScript can count, and less than one */
		{"{" ENTRY("/a.js", 1e300, 0.5) "}", "{" ENTRY("/a.js", 1e300, 0) "}",
			"2/2 2/2 1/1 1/2"},
		/* ids with holes, and a count that nothing knows of */
		{"{\"/a.js\":{\"path\":\"/a.js\",\"statementMap\":{\"7\":" LOC(
			 2, 0, 2, 1) ",\"3\":" LOC(1, 0, 1,
			 1) "},\"fnMap\":{},\"branchMap\":{},"
			    "\"s\":{\"3\":1,\"9\":1,\"7\":0},\"f\":{},\"b\":{}}}",
			NULL, "1/2 1/2 0/0 0/0"},
		{"TN:\nSF:a.js\nFN:1,f\nFNDA:1,f\nDA:1,1\nDA:2,0\nBRDA:2,0,0,-\nBRDA:2,0,1,3\n"
		 "end_of_record\n",
			"SF:/p/a.js\r\nFN:1,f\r\nFNDA:0,f\r\nDA:1,0\r\nDA:2,1\r\nBRDA:2,0,0,1\r\n"
			"BRDA:2,0,1,0\r\nend_of_record\r\n",
			"2/2 2/2 1/1 2/2"},
		{"SF:a.js\nFNL:0,4,9\nFNA:0,2,f\nDA:4,2\nend_of_record", NULL, "1/1 1/1 1/1 0/0"},
		{"<coverage><class filename='a.js'><methods><method name='f' hits='1'><lines>"
		 "<line number='1' hits='1'/></lines></method></methods><lines>"
		 "<line number='1' hits='1'/><line number='2' hits='0' branch='true' "
		 "condition-coverage='50% (1/2)'/></lines></class></coverage>",
			NULL, "1/2 1/2 1/1 1/2"},
		/* half and the other half of a branch are not known to be the whole */
		{"SF:a.js\nDA:3,1\nBRDA:3,0,0,0\nBRDA:3,0,1,1\nend_of_record\n",
			"<coverage><class filename='a.js'><lines><line number='3' hits='1' "
			"branch='true' condition-coverage='50% (1/2)'/></lines></class></coverage>",
			"1/1 1/1 0/0 1/2"},
		/* lines laid over places */
		{"{" ENTRY("/p/a.js", 1, 0) "}",
			"SF:a.js\nFN:1,f\nFNDA:2,f\nDA:1,2\nDA:3,4\nDA:8,0\nBRDA:3,0,0,0\n"
			"BRDA:3,0,1,1\nend_of_record\n",
			"2/3 2/3 1/1 1/2"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_coverage struct coverage *c = coverage_new();
		struct error err = ERROR_INIT;
		cr_assert_eq(add(c, rows[i].a, &err), 0, "%zu: %s", i, err.text);
		if (rows[i].b)
			cr_assert_eq(add(c, rows[i].b, &err), 0, "%zu: %s", i, err.text);
		cleanup_free char *sum = totals(c);
		cr_assert_str_eq(sum, rows[i].totals, "row %zu: %s", i, sum);
		cr_assert(coverage_file_count(c) <= 1, "row %zu", i);
		cr_assert(coverage_is_complete(c));
	}
}

/* Whatever stands behind the digits, and whatever they are. */
TEST(coverage, digits)
{
	static const char *const refused[] = {
		"", "x1", "-1", "/1", ":1", "01", "00", "12345678", "\xff"};

	for (uint32_t n = 0; n < 10000000; n = n * 3 + 1)
		for (int behind = 0; behind < 256; behind++) {
			char text[24];
			uint32_t got;
			int len =
				snprintf(text, sizeof(text), "%u%c3333333333", (unsigned)n, behind);
			unsigned digits = (unsigned)len - 11;
			if (behind >= '0' && behind <= '9')
				continue;
			ASSERT_INT(coverage_digits(text, &got), digits);
			ASSERT_INT(got, n);
		}
	for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
		char text[24] = "";
		uint32_t got;
		snprintf(text, sizeof(text), "%s", refused[i]);
		cr_assert_eq(coverage_digits(text, &got), 0, "%s", refused[i]);
	}
}

/* Counts of every length, long lists of arms, blanks: the quick way and the long one agree. */
TEST(coverage, counts)
{
	enum { N = 9000, ARMS = 400 };
	static const char *const forms[][2] = {{":", ","}, {" : ", " ,\n"}};
	cleanup_coverage struct coverage *c = coverage_new();
	struct coverage_detail d;
	struct error err = ERROR_INIT;

	for (size_t form = 0; form < ARRAY_LEN(forms); form++) {
		const char *colon = forms[form][0], *comma = forms[form][1];
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		strbuf_addstr(&text, "{\"a\":{\"path\":\"/a.js\",\"statementMap\":{");
		for (int i = 0; i < N; i++)
			strbuf_addf(&text,
				"%s\"%d\":{\"start\":{\"line\":%d,\"column\":0},\"end\":{\"line\":%"
				"d,\"column\":1}}",
				i ? "," : "", i, i + 1, i + 1);
		strbuf_addstr(&text, "},\"fnMap\":{},\"branchMap\":{");
		for (int i = 0; i < 3; i++) {
			strbuf_addf(&text, "%s\"%d\":{\"loc\":" LOC(9, 0, 9, 9) ",\"locations\":[",
				i ? "," : "", i);
			for (int arm = 0; arm < (i == 1 ? ARMS : 2); arm++)
				strbuf_addf(&text,
					"%s{\"start\":{\"line\":9,\"column\":%d},\"end\":{\"line\":"
					"9,\"column\":9}}",
					arm ? "," : "", i);
			strbuf_addstr(&text, "]}");
		}
		strbuf_addstr(&text, "},\"s\":{");
		for (int64_t i = 0, hits = 0;
			i<N; i++, hits = hits> INT64_C(100000000000) ? i : hits * 7 + 1)
			strbuf_addf(
				&text, "%s\"%d\"%s%" PRId64, i ? comma : "", (int)i, colon, hits);
		strbuf_addstr(&text, "},\"f\":{},\"b\":{");
		for (int i = 0; i < 3; i++) {
			strbuf_addf(&text, "%s\"%d\"%s[", i ? comma : "", i, colon);
			for (int arm = 0; arm < (i == 1 ? ARMS : 2); arm++)
				strbuf_addf(&text, "%s%d", arm ? comma : "", arm * arm);
			strbuf_addch(&text, ']');
		}
		strbuf_addstr(&text, "}}}");
		cr_assert_eq(add(c, text.buf, &err), 0, "%s", err.text);
	}
	cr_assert_eq(coverage_file_detail(coverage_file_at(c, 0), &d, &err), 0);
	ASSERT_INT(d.n_statements, N);
	for (int64_t i = 0, hits = 0;
		i<N; i++, hits = hits> INT64_C(100000000000) ? i : hits * 7 + 1)
		ASSERT_INT(d.statements[i].hits, 2 * hits);
	ASSERT_INT(d.branches[1].n_arms, ARMS);
	for (int arm = 0; arm < ARMS; arm++)
		ASSERT_INT(d.branches[1].arms[arm].hits, 2 * arm * arm);
	coverage_detail_release(&d);
}

TEST(coverage, roots)
{
	cleanup_coverage struct coverage *c = coverage_new();
	char *dir = temp_new();
	cleanup_free char *link = path_join(dir, "link"), *real = path_join(dir, "real");
	cleanup_free char *in = path_join(dir, "in.json");
	cleanup_free char *text = xasprintf("{" ENTRY("/ci/w/a.js", 1, 0) "," ENTRY("/ci/w2/a.js",
						    1, 0) "," ENTRY("%s/a.js", 1, 0) "}",
		link, link);
	cleanup_free char *expected = path_join(real, "a.js");

	temp_write(real, "a.js", "");
	cr_assert_eq(symlink(real, link), 0);
	cr_assert_eq(file_write(in, text, strlen(text), false, NULL), 0);
	cr_assert_eq(coverage_add(c, in, &(struct coverage_root){"/ci/w", real}, NULL), 0);
	ASSERT_INT(coverage_file_count(c), 2);
	ASSERT_STR(coverage_file_path(coverage_file_at(c, 0)), "/ci/w2/a.js");
	ASSERT_STR(coverage_file_path(coverage_file_at(c, 1)), expected);
	temp_free(dir);
}

TEST(coverage, detail)
{
	cleanup_coverage struct coverage *c = coverage_new();
	struct coverage_detail d = {0};
	cleanup_free struct coverage_line *lines = NULL;

	cr_assert_eq(add(c, "{" ENTRY("/a.js", 3, 0) "}", NULL), 0);
	const struct coverage_file *f = coverage_file_at(c, 0);
	cr_assert_eq(coverage_file_detail(f, &d, NULL), 0);
	ASSERT_INT(d.n_statements, 2);
	ASSERT_INT(d.statements[1].loc.end_line, 4);
	ASSERT_INT(d.statements[0].hits, 3);
	ASSERT_INT(d.n_functions, 1);
	ASSERT_STR(d.functions[0].name, "f");
	ASSERT_INT(d.functions[0].decl.end_column, 3);
	ASSERT_INT(d.functions[0].loc.end_line, 4);
	ASSERT_INT(d.n_branches, 1);
	ASSERT_STR(d.branches[0].type, "if");
	ASSERT_INT(d.branches[0].n_arms, 2);
	ASSERT_INT(d.branches[0].arms[0].loc.line, 3);
	ASSERT_INT(d.branches[0].arms[1].loc.line, COVERAGE_NOWHERE);
	ASSERT_INT(coverage_file_lines(f, &lines), 2);
	ASSERT_INT(lines[0].line, 1);
	ASSERT_INT(lines[1].arms, 2);
	coverage_detail_release(&d);
}

TEST(coverage, percentages)
{
	static const struct {
		int64_t covered, total;
		const char *text;
	} rows[] = {
		{1, 3, "33.33"},
		{2, 3, "66.66"},
		{99999, 100000, "99.99"},
		{0, 0, "100"},
		{1, 2, "50"},
		{1, 8, "12.5"},
		{1, 200, "0.5"},
		{29, 100, "29"},
		{57, 100, "57"},
		{0, 7, "0"},
		{7, 7, "100"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		coverage_add_pct(&text, (struct coverage_count){rows[i].covered, rows[i].total});
		ASSERT_STR(text.buf, rows[i].text);
	}
}

/* Two versions, one of which has an entry that the other contains: its count goes there. */
TEST(coverage, containers)
{
	static const char *const other =
		"{\"/a.js\":{\"path\":\"/a.js\",\"statementMap\":{\"0\":" LOC(
			3, 0, 9, 2) ",\"1\":" LOC(4, 0, 5,
			9) "},\"fnMap\":{},\"branchMap\":{},\"s\":{\"0\":5,\"1\":7},"
			   "\"f\":{},\"b\":{}}}";
	cleanup_coverage struct coverage *c = coverage_new();
	struct coverage_detail d = {0};

	cr_assert_eq(add(c, "{" ENTRY("/a.js", 1, 1) "}", NULL), 0);
	cr_assert_eq(add(c, other, NULL), 0);
	cr_assert_eq(coverage_file_detail(coverage_file_at(c, 0), &d, NULL), 0);
	ASSERT_INT(d.n_statements, 4);
	for (size_t i = 0; i < d.n_statements; i++) {
		const struct coverage_statement *s = &d.statements[i];
		ASSERT_INT(s->hits, s->loc.line == 1       ? 1
				    : s->loc.line == 4     ? 7
				    : s->loc.end_line == 9 ? 5
							   : 6);
	}
	coverage_detail_release(&d);
	ASSERT_INT(coverage_problems(c)->n, 1);
	ASSERT_STR(coverage_problems(c)->v[0].kind, "versions");
}

/* ---- mutations ------------------------------------------------------------------------------- */

static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525 + 1013904223;
	return *state >> 8;
}

/* Bytes changed, cut out, doubled, cut off; some of what the readers look for put in. */
static void mutate(struct strbuf *text, uint32_t *state)
{
	static const char *const words[] = {"{", "}", "[", "]", "\"", "\\", ",", ":", "null", "-1",
		"1e9", "99999999999999999999", "\"0\":", "\"path\":", "\"s\":", "\"all\":true",
		"\xff", "\n", "DA:", "SF:", "end_of_record\n", "<line", "<class", "</", "&#0;"};

	for (uint32_t n = next(state) % 4 + 1; n; n--) {
		size_t at = text->len ? next(state) % text->len : 0, len = next(state) % 40;
		len = MIN(len, text->len - at);
		const char *word = words[next(state) % ARRAY_LEN(words)];
		cleanup_free char *rest = xstrndup(text->buf + at, text->len - at);
		size_t rest_len = text->len - at;
		switch (next(state) % 6) {
		case 0:
			if (text->len)
				text->buf[at] = (char)next(state);
			break;
		case 1:
			strbuf_remove(text, at, len);
			break;
		case 2:
			strbuf_setlen(text, at);
			break;
		case 3:
			strbuf_setlen(text, at);
			strbuf_add(text, rest, len);
			strbuf_add(text, rest, rest_len);
			break;
		default:
			strbuf_setlen(text, at);
			strbuf_addstr(text, word);
			strbuf_add(text, rest, rest_len);
		}
	}
}

/* Whatever comes in: no crash, and what comes out is read again as the same. */
static void check_round_trip(struct coverage *c, const char *dir)
{
	cleanup_free char *path = path_join(dir, "out.json");
	cleanup_coverage struct coverage *again = coverage_new();
	struct error err = ERROR_INIT;

	cr_assert_eq(coverage_write_json(c, path, &err), 0, "%s", err.text);
	cr_assert_eq(coverage_add(again, path, NULL, &err), 0, "%s", err.text);
	cleanup_free char *a = totals(c), *b = totals(again);
	ASSERT_STR(a, b);
	for (size_t i = 0; i < coverage_file_count(c); i++) {
		struct coverage_detail d = {0};
		cr_assert_eq(
			coverage_file_detail(coverage_file_at(c, i), &d, &err), 0, "%s", err.text);
		coverage_detail_release(&d);
	}
}

TEST(coverage, mutations, .timeout = 120)
{
	static const char *const seeds[] = {
		"{" ENTRY("/a.js", 1, 0) "," ENTRY("/b\\u00e4.js", 12, 345) "}",
		"TN:\nSF:a.js\nFN:1,f\nFN:2,3,g\nFNDA:1,f\nFNL:0,4,9\nFNA:0,2,h\nDA:1,1\nDA:2,0\n"
		"BRDA:2,0,0,-\nBRDA:2,0,1,3\nBRDA:2,1,0,3\nLF:2\nend_of_record\n",
		"<?xml version='1.0'?><coverage><sources><source>/s</source></sources><class "
		"filename='a.js'><methods><method name='f' hits='1'><lines><line number='1' "
		"hits='1'/></lines></method></methods><lines><line number='2' hits='0' "
		"branch='true' condition-coverage='50% (1/2)'/></lines></class></coverage>",
	};
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "in");
	uint32_t state = 4;

	for (int round = 0; round < 3000; round++) {
		cleanup_coverage struct coverage *c = coverage_new();
		for (int input = 0; input < 2; input++) {
			cleanup_strbuf struct strbuf text = STRBUF_INIT;
			const char *seed = seeds[next(&state) % ARRAY_LEN(seeds)];
			strbuf_addstr(&text, seed);
			if (input || next(&state) % 2)
				mutate(&text, &state);
			FILE *out = fopen(path, "w");
			cr_assert(out && fwrite(text.buf, 1, text.len, out) == text.len);
			fclose(out);
			struct error err = ERROR_INIT;
			int result = coverage_add(c, path, NULL, &err);
			cr_assert_eq(result < 0, *err.text != '\0');
		}
		if (round % 10 == 0)
			check_round_trip(c, dir);
	}
	temp_free(dir);
}
