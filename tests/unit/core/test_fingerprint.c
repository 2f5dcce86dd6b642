#include "core/base/base.h"

#include "core/flaky/fingerprint.h"
#include "tests/support/test.h"

static void normal(const char *message, const char *expected)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	fingerprint_text(&out, message);
	cr_assert_str_eq(out.buf, expected, "%s -> %s", message, out.buf);
}

TEST(fingerprint, what_changes_is_taken_out)
{
	normal("expected 3 to be 4", "expected N to be N");
	normal("Timeout of 5000ms exceeded after 5.02s", "Timeout of N exceeded after N");
	normal("id 1f0c9a7be2 is gone", "id N is gone");
	normal("550e8400-e29b-41d4-a716-446655440000 not found", "N not found");
	normal("at 0x7ffe01", "at N");
	normal("ENOENT: open '/tmp/a-1/b.txt'", "ENOENT: open \"\xe2\x80\xa6\"");
	normal("cannot read /home/me/x.js:12:3 (again)", "cannot read PATH (again)");
	normal("expected \"a\\\"b\" to equal 'c'",
		"expected \"\xe2\x80\xa6\" to equal \"\xe2\x80\xa6\"");
	normal("it doesn't match", "it doesn't match");
	normal("\033[31mred\033[0m", "red");
	normal("[1, 2, 3] != [1, 2]", "[N] != [N]");
	normal("a  b\n\n  c\nd\ne", "a b c d");
	normal("deadbeef face cafe", "deadbeef face cafe"); /* words, not numbers */
	normal("", "");
	normal(NULL, "");
	normal("open \" without end", "open \" without end");
	normal("\033[", "");
}

TEST(fingerprint, same_and_other)
{
	cr_assert_eq(fingerprint("expected 1 to be 2"), fingerprint("expected 7 to be 9"));
	cr_assert_neq(fingerprint("expected 1 to be 2"), fingerprint("received 1, not 2"));
	cr_assert_eq(fingerprint(NULL), 0);
	cr_assert_eq(fingerprint(" \n"), 0);
	cr_assert_gt(fingerprint("x"), 0);
}

TEST(fingerprint, hostile)
{
	cleanup_strbuf struct strbuf in = STRBUF_INIT, out = STRBUF_INIT;

	for (int i = 0; i < 100000; i++)
		strbuf_addch(&in, (char)(i * 7 % 255 + 1));
	fingerprint_text(&out, in.buf);
	cr_assert_lt(out.len, 1000);
}
