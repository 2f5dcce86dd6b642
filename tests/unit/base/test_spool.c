#include "core/base/base.h"

#include "core/base/markup.h"
#include "core/base/sink.h"
#include "core/base/spool.h"
#include "tests/support/temp.h"

#include <sys/stat.h>

static void content_of(const char *dir, struct strbuf *ret)
{
	cleanup_free char *path = path_join(dir, "out");

	strbuf_reset(ret);
	cr_assert_eq(file_read(path, 1 << 24, EXIT_CODE_INTERNAL, ret, NULL), 0);
}

/* The same in memory and in the file: append, change, take back. */
TEST(spool, patch_and_rewind)
{
	for (size_t size = 1; size < 1 << 21; size *= 8) {
		char *dir = temp_new();
		cleanup_free char *path = path_join(dir, "out");
		cleanup_strbuf struct strbuf read = STRBUF_INIT;
		struct error err = ERROR_INIT;
		struct spool s;
		cr_assert_eq(spool_open(&s, path, &err), 0, "%s", err.text);
		strbuf_addstr(&s.buf, "head....");
		strbuf_addchn(&s.buf, 'x', size);
		spool_settle(&s);
		int64_t mark = spool_tell(&s);
		strbuf_addchn(&s.buf, 'y', size);
		spool_settle(&s);
		spool_patch(&s, 4, "1234", 4);
		spool_patch(&s, mark - 1, "XY", 2);
		spool_rewind(&s, mark);
		strbuf_addstr(&s.buf, "end");
		cr_assert(!path_exists(path));
		cr_assert_eq(spool_commit(&s, &err), 0, "%s", err.text);
		spool_release(&s);
		content_of(dir, &read);
		ASSERT_INT(read.len, 8 + size + 3);
		cr_assert(starts_with(read.buf, "head1234"));
		cr_assert(ends_with(read.buf, "Xend"));
		temp_free(dir);
	}
}

TEST(spool, leaves_nothing_behind)
{
	char *dir = temp_new();
	cleanup_free char *path = path_join(dir, "out");
	cleanup_free char *other = path_join(dir, "other");
	cleanup_strvec struct strvec names = STRVEC_INIT;
	struct spool s;
	struct stat st;

	/* a link is replaced, and what it points to is not touched */
	temp_write(dir, "other", "mine");
	cr_assert_eq(symlink("other", path), 0);
	cr_assert_eq(spool_open(&s, path, NULL), 0);
	strbuf_addstr(&s.buf, "new");
	cr_assert_eq(spool_commit(&s, NULL), 0);
	spool_release(&s);
	cr_assert_eq(lstat(path, &st), 0);
	cr_assert(S_ISREG(st.st_mode));
	cr_assert_eq(stat(other, &st), 0);
	ASSERT_INT(st.st_size, 4);
	/* given up */
	cr_assert_eq(spool_open(&s, path, NULL), 0);
	strbuf_addstr(&s.buf, "never");
	spool_release(&s);
	file_list_dir(dir, &names);
	ASSERT_INT(names.n, 2);
	temp_free(dir);
}

TEST(markup, escapes)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	markup_attribute(&out, "a", "<&>\"'\t\r\n\xc3\xa4");
	ASSERT_STR(out.buf, " a=\"&lt;&amp;&gt;&quot;'&#9;&#13;&#10;\xc3\xa4\"");
	strbuf_reset(&out);
	markup_text(&out, "]]>&<\"\r\n\t", 9);
	ASSERT_STR(out.buf, "]]&gt;&amp;&lt;\"&#13;\n\t");
}

/* A sink's file has no name before it is whole, however long it is. */
TEST(spool, sink)
{
	for (size_t lines = 1; lines <= 100000; lines *= 10) {
		char *dir = temp_new();
		cleanup_free char *path = path_join(dir, "new/out");
		cleanup_strbuf struct strbuf read = STRBUF_INIT, expected = STRBUF_INIT;
		struct error err = ERROR_INIT;
		struct sink s;
		sink_init_file(&s, path);
		for (size_t i = 0; i < lines; i++) {
			sink_printf(&s, "line %zu\n", i);
			strbuf_addf(&expected, "line %zu\n", i);
		}
		cr_assert(!path_exists(path));
		cr_assert_eq(sink_close(&s, &err), 0, "%s", err.text);
		cr_assert_eq(file_read(path, 1 << 24, EXIT_CODE_INTERNAL, &read, NULL), 0);
		ASSERT_STR(read.buf, expected.buf);
		temp_free(dir);
	}
}

TEST(spool, sink_that_cannot_be_written)
{
	for (size_t lines = 1; lines <= 100000; lines *= 1000) {
		char *dir = temp_new();
		cleanup_free char *path = path_join(dir, "file/out");
		struct error err = ERROR_INIT;
		struct sink s;
		temp_write(dir, "file", "not a folder");
		sink_init_file(&s, path);
		for (size_t i = 0; i < lines; i++)
			sink_printf(&s, "line %zu\n", i);
		cr_assert_eq(sink_close(&s, &err), -1);
		ASSERT_INT(err.code, EXIT_CODE_INFRASTRUCTURE);
		cr_assert(strstr(err.text, "file"), "%s", err.text);
		temp_free(dir);
	}
}
