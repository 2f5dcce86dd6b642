#include "core/base/base.h"

#include "core/coverage/report.h"
#include "tests/support/temp.h"

static char *get(const char *dir, const char *name)
{
	cleanup_free char *path = path_join(dir, name);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	cr_assert_eq(file_read(path, 1 << 20, EXIT_CODE_INTERNAL, &text, NULL), 0, "%s", name);
	return strbuf_detach(&text);
}

static void put_loc(struct strbuf *out, int line, int column, int end_line, const char *end_column)
{
	strbuf_addf(out,
		"{\"start\":{\"line\":%d,\"column\":%d},\"end\":{\"line\":%d,\"column\":%s}}", line,
		column, end_line, end_column);
}

/* A covered `if` without else, a function that was never called; an end of line that the map leaves
 * open. */
static void put_map(struct strbuf *out, const char *dir)
{
	strbuf_addf(out, "{\"x\":{\"path\":\"%s/a.js\",\"statementMap\":{\"0\":", dir);
	put_loc(out, 1, 0, 1, "20");
	strbuf_addstr(out, ",\"1\":");
	put_loc(out, 2, 2, 3, "null");
	strbuf_addstr(out, "},\"fnMap\":{\"0\":{\"name\":\"</script>\",\"line\":2,\"decl\":");
	put_loc(out, 2, 9, 2, "10");
	strbuf_addstr(out, ",\"loc\":");
	put_loc(out, 2, 13, 2, "30");
	strbuf_addstr(out, "}},\"branchMap\":{\"0\":{\"type\":\"if\",\"line\":1,\"loc\":");
	put_loc(out, 1, 0, 1, "20");
	strbuf_addstr(out, ",\"locations\":[");
	put_loc(out, 1, 0, 1, "20");
	strbuf_addstr(out, ",{}]}},\"s\":{\"0\":7,\"1\":0},\"f\":{\"0\":0},\"b\":{\"0\":[7,0]}}}");
}

static void write_page(const char *dir)
{
	cleanup_strbuf struct strbuf map = STRBUF_INIT;
	cleanup_coverage struct coverage *c = coverage_new();
	cleanup_free char *input = path_join(dir, "coverage.json"), *page = path_join(dir, "page");
	struct error err = ERROR_INIT;

	put_map(&map, dir);
	temp_write(dir, "coverage.json", map.buf);
	cr_assert_eq(coverage_add(c, input, NULL, &err), 0, "%s", err.text);
	struct coverage_report_options options = {
		.set = c, .root = dir, .limits = {80, 0, -1, 95.5}};
	cr_assert_eq(coverage_html(&options, page, &err), 0, "%s", err.text);
}

TEST(coverage_html, data)
{
	char *dir = temp_new();

	temp_write(dir, "a.js", "if (a) b = '</script>'\n\xff\tx\n");
	write_page(dir);
	cleanup_free char *index = get(dir, "page/data/index.js"),
			  *file = get(dir, "page/data/0.js");
	cleanup_free char *expected = xasprintf(
		"muster.index({\"title\":\"Coverage of %s\",\"made\":\"1970-01-01 00:00 UTC\","
		"\"limits\":[80,90,90,95.5],\"files\":[\n[\"a.js\",1,2,1,2,0,1,1,2,0]]});\n",
		path_basename(dir));
	ASSERT_STR(index, expected);
	ASSERT_STR(file, "muster.file(0, {\"lines\":[1,7,1,2,2,0,0,0],\n"
			 "\"statements\":[2,2,3,-1],\n"
			 "\"functions\":[[\"</script>\",2,9,2,10]],\n"
			 "\"branches\":[[\"if\",1,1,0,1,0]],\n"
			 "\"source\":\"if (a) b = '</script>'\\n\xef\xbf\xbd\\tx\\n\"});\n");
	cleanup_free char *page = get(dir, "page/index.html"), *app = get(dir, "page/app.js"),
			  *style = get(dir, "page/style.css");
	cr_assert(
		strstr(page, "app.js") && strstr(app, "window.muster") && strstr(style, "--good"));
	temp_free(dir);
}

TEST(coverage_html, a_source_that_is_gone)
{
	char *dir = temp_new();

	write_page(dir);
	cleanup_free char *file = get(dir, "page/data/0.js");
	cr_assert(strstr(file, "\"source\":null,\"note\":\"cannot read "), "%s", file);
	temp_free(dir);
}
