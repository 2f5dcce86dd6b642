#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/base/linebuf.h"
#include "core/base/strmap.h"
#include "core/base/text.h"
#include "tests/support/test.h"

TEST(text, durations)
{
	static const struct {
		const char *text;
		int64_t ms;
	} rows[] = {{"500ms", 500}, {"1.5s", 1500}, {"10m", 600000}, {"2h", 7200000}, {"90", 90000},
		{"1d", 86400000}, {"", -1}, {"m", -1}, {"5x", -1}, {"-1s", -1}, {"1e99s", -1}};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		cr_assert_eq(text_parse_duration(rows[i].text), rows[i].ms, "%s", rows[i].text);
}

TEST(text, width_and_cut)
{
	ASSERT_INT(text_width("abc"), 3);
	ASSERT_INT(text_width("\xe6\xbc\xa2\xe5\xad\x97"), 4);
	ASSERT_INT(text_width("\x1b[31mred\x1b[0m"), 3);
	for (size_t columns = 0; columns < 12; columns++) {
		cleanup_strbuf struct strbuf end = STRBUF_INIT, middle = STRBUF_INIT;
		text_truncate(&end, "\x1b[31m\xe6\xbc\xa2\xe5\xad\x97 and more\x1b[0m", columns);
		text_truncate_middle(&middle, "src/\xe6\xbc\xa2\xe5\xad\x97/file.js", columns);
		cr_assert_leq(text_width(end.buf), MAX(columns, (size_t)1));
		cr_assert_leq(text_width(middle.buf), MAX(columns, (size_t)1));
		cr_assert(strstr(end.buf, "\x1b[0m"), "colours are closed");
	}
}

TEST(text, shell_quote_round_trip)
{
	static const char *const rows[] = {"plain", "", "two words", "it's", "$(touch x)", "`x`",
		"a\nb", "\\", "~", "--flag", "*", "\"", "!", "a;b|c&d", "\xe2\x80\xba"};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf command = STRBUF_INIT, got = STRBUF_INIT;
		strbuf_addstr(&command, "printf %s ");
		text_shell_quote(&command, rows[i]);
		FILE *p = popen(command.buf, "r");
		for (int c; (c = fgetc(p)) != EOF;)
			strbuf_addch(&got, (char)c);
		pclose(p);
		ASSERT_STR(got.buf, rows[i]);
	}
}

TEST(text, closest)
{
	static const char *const words[] = {"workers", "retries", "timeout", NULL};

	ASSERT_STR(text_closest("wrokers", words), "workers");
	ASSERT_STR(text_closest("retry", (const char *const[]){"retries", "reset", NULL}) ?: "none",
		"none");
	cr_assert_null(text_closest("coverage", words));
	ASSERT_STR(text_closest("exit", (const char *const[]){"init", "exit-codes", NULL}),
		"exit-codes");
}

/* Whatever comes, and wherever it is cut: no escape character without colour, only SGR with it. */
TEST(text, ansi_filter)
{
	static const char hostile[] = "a\x1b]0;title\x07"
				      "b\x1b[2Jc\x1b[31mred\x1bPdcs\x1b\\d\r\ne\x08\x7f"
				      "\xc2\x9bz\xe2\x80\xae"
				      "f\xff\x1b]8;;http://x\x1b\\link\x1b[1;5H\x1b(0";
	for (size_t len = 0; len < sizeof(hostile); len++) {
		cleanup_strbuf struct strbuf plain = STRBUF_INIT, color = STRBUF_INIT;
		ansi_filter(&plain, hostile, len, false);
		ansi_filter(&color, hostile, len, true);
		for (size_t i = 0; i < plain.len; i++)
			cr_assert((unsigned char)plain.buf[i] >= 0x20 || plain.buf[i] == '\n');
		for (const char *esc = color.buf; (esc = strchr(esc, '\x1b')); esc++)
			cr_assert(esc[1] == '[' && esc[2 + strspn(esc + 2, "0123456789;")] == 'm');
		cr_assert(!strstr(plain.buf, "\xe2\x80\xae") && !strstr(plain.buf, "title"));
	}
}

static bool collect(void *arg, char *line, size_t len, bool truncated)
{
	struct strbuf *out = arg;

	(void)len;
	strbuf_addf(out, "[%.3s%s]", line, truncated ? "!" : "");
	return true;
}

TEST(text, lines)
{
	struct linebuf lb;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	static const char input[] = "one\ntwo\n"
				    "looooooooooooooooooong line that goes on\nend\nrest";

	for (size_t chunk = 1; chunk < sizeof(input); chunk++) {
		strbuf_reset(&out);
		linebuf_init(&lb, 16);
		for (size_t at = 0; at < sizeof(input) - 1; at += chunk)
			linebuf_feed(
				&lb, input + at, MIN(chunk, sizeof(input) - 1 - at), collect, &out);
		linebuf_finish(&lb, collect, &out);
		linebuf_release(&lb);
		cr_assert(starts_with(out.buf, "[one][two][loo"), "%zu: %s", chunk, out.buf);
		cr_assert(ends_with(out.buf, "[end][res]"), "%zu: %s", chunk, out.buf);
	}
}

TEST(text, json)
{
	static const char *const bad[] = {"", "{", "{}x", "{\"a\":}", "[1,]", "nul"};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		cr_assert_null(json_parse(bad[i], strlen(bad[i]), &err), "%s", bad[i]);
	cleanup_json struct json *j =
		json_parse("{\"A\":1,\"a\":\"x\",\"n\":null,\"big\":1e300} \n", 38, &err);
	cr_assert(j, "%s", err.text);
	ASSERT_INT(json_get_int(j, "A", 0), 1);
	ASSERT_STR(json_get_string(j, "a", ""), "x");
	ASSERT_INT(json_get_int(j, "big", 7), 7);
	ASSERT_INT(json_get_int(j, "a", 7), 7);
	cr_assert_null(json_get(NULL, "a"));
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;
	jsonw_init(&w, &out, false);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "s", "\"\\\n\x01\xff</script>");
	jsonw_double(&w, "d", 0.1);
	jsonw_null(&w, "z");
	jsonw_object_end(&w);
	ASSERT_STR(out.buf,
		"{\"s\":\"\\\"\\\\\\n\\u0001\xef\xbf\xbd</script>\",\"d\":0.1,\"z\":null}");
}

/* Each document has its own memory, and all of it: one goes, the others stay. */
TEST(text, json_documents)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct json *documents[3];

	strbuf_addch(&text, '[');
	for (int i = 0; i < 20000; i++)
		strbuf_addf(&text, "%s{\"key %d\":\"value %d\"}", i ? "," : "", i, i);
	strbuf_addch(&text, ']');
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		cr_assert_null(json_parse(text.buf, text.len - 1, NULL));
		documents[i] = json_parse(text.buf, text.len, NULL);
		cr_assert(documents[i]);
	}
	for (size_t i = 0; i < ARRAY_LEN(documents); i++) {
		int n = 0;
		json_each (entry, documents[i]) {
			cleanup_free char *expected = xasprintf("value %d", n++);
			ASSERT_STR(json_string(json_first(entry), ""), expected);
		}
		ASSERT_INT(n, 20000);
		json_free(documents[i]);
	}
	json_free(NULL);
}

TEST(text, map)
{
	struct strmap map = STRMAP_INIT;
	char key[16];

	for (intptr_t i = 1; i <= 5000; i++) {
		snprintf(key, sizeof(key), "k%d", (int)i);
		cr_assert_null(strmap_put(&map, key, (void *)i));
	}
	for (intptr_t i = 1; i <= 5000; i++) {
		snprintf(key, sizeof(key), "k%d", (int)i);
		ASSERT_INT((intptr_t)strmap_get(&map, key), i);
		ASSERT_STR(map.entries[i - 1].key, key); /* in order of insertion */
	}
	cr_assert_null(strmap_get(&map, "k0"));
	strmap_release(&map, NULL);
}
