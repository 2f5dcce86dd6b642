#include "core/base/base.h"

#include "core/base/cells.h"
#include "tests/support/test.h"

TEST(cells, csv)
{
	static const char *const rows[][2] = {
		{"", ""},
		{"plain text", "plain text"},
		{"a,b", "\"a,b\""},
		{"say \"x\"", "\"say \"\"x\"\"\""},
		{"two\nlines", "\"two\nlines\""},
		{"=1+1", "\"'=1+1\""},
		{"+49", "\"'+49\""},
		{"-x", "\"'-x\""},
		{"@SUM(A1)", "\"'@SUM(A1)\""},
		{"  =cmd|' /C calc'!A0", "\"'  =cmd|' /C calc'!A0\""},
		{"\t=x", "\"'\t=x\""},
		{"a=b", "a=b"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		cells_csv(&out, rows[i][0]);
		ASSERT_STR(out.buf, rows[i][1]);
	}
}

TEST(cells, gfm)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	cells_gfm(&out, "a|b\n<img> @me \x1b[31m`x`", 100);
	ASSERT_STR(out.buf, "a&#124;b<br>&#60;img&#62; &#64;me &#96;x&#96;");
	strbuf_reset(&out);
	cells_gfm(&out, "abcdef", 3);
	ASSERT_STR(out.buf, "abc");
}
