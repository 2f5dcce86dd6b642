#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/config/yamltree.h"
#include "tests/support/test.h"

static struct yamltree *parse(const char *text, struct error *err)
{
	return yamltree_parse("f.yaml", text, strlen(text), err);
}

TEST(yamltree, scalars_are_texts)
{
	struct error err = ERROR_INIT;
	struct yamltree *y = parse("a: no\nb: 1.10\nc: 010\nd: \"x\\ty\"\ne:\nf: 'it''s'\n", &err);
	static const char *const rows[][2] = {
		{"a", "no"}, {"b", "1.10"}, {"c", "010"}, {"d", "x\ty"}, {"e", ""}, {"f", "it's"}};

	cr_assert(y, "%s", err.text);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const struct yaml_node *node = yamltree_member(y->root, rows[i][0]);
		cr_assert(node);
		ASSERT_STR(node->text, rows[i][1]);
		ASSERT_INT(node->key_line, (int)i + 1);
		ASSERT_INT(node->key_column, 1);
	}
	cr_assert_null(yamltree_member(y->root, "g"));
	cr_assert_null(yamltree_member(NULL, "g"));
	yamltree_free(y);
}

TEST(yamltree, places)
{
	struct error err = ERROR_INIT;
	struct yamltree *y = parse("a:\n  - b\n  - {c: dd}\n", &err);

	cr_assert(y, "%s", err.text);
	const struct yaml_node *list = y->root->child;
	ASSERT_INT(list->kind, YAML_SEQUENCE);
	ASSERT_INT(list->child->line, 2);
	ASSERT_INT(list->child->column, 5);
	const struct yaml_node *dd = list->child->next->child;
	ASSERT_STR(dd->key, "c");
	ASSERT_INT(dd->key_column, 6);
	ASSERT_INT(dd->column, 9);
	ASSERT_INT(dd->width, 2);
	yamltree_free(y);
}

TEST(yamltree, empty_documents)
{
	static const char *const rows[] = {
		"", "# only a comment\n", "\n\n", "---\n", "\xef\xbb\xbf"};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_INIT;
		struct yamltree *y = parse(rows[i], &err);
		cr_assert(y, "%zu: %s", i, err.text);
		cr_assert(!y->root || !*y->root->text);
		yamltree_free(y);
	}
}

TEST(yamltree, refusals)
{
	static const char *const rows[][2] = {
		{"a: 1\nb: 2\na: 3\n", "key `a` is given twice in f.yaml:3:1\n  3 | a: 3\n    | ^"},
		{"a: &x 1\n", "anchors are not allowed in f.yaml:1:4\n  1 | a: &x 1\n    |    ^"},
		{"a: *x\n", "aliases are not allowed in f.yaml:1:4\n  1 | a: *x\n    |    ^"},
		{"&a [*a]\n", "anchors are not allowed in f.yaml:1:1\n  1 | &a [*a]\n    | ^"},
		{"a: !!int 1\n",
			"tags are not allowed in f.yaml:1:4\n  1 | a: !!int 1\n    |    ^"},
		{"<<: {a: 1}\n",
			"merge keys are not allowed in f.yaml:1:1\n  1 | <<: {a: 1}\n    | ^"},
		{"? [a]\n: b\n",
			"a key must be a plain word in f.yaml:1:3\n  1 | ? [a]\n    |   ^"},
		{"a: 1\n--- \nb: 2\n",
			"only one document is allowed in f.yaml:2:1\n  2 | --- \n    | ^"},
		{"a: \"x\\0y\"\n", "a NUL character is not allowed in f.yaml:1:4\n  1 | a: "
				   "\"x\\0y\"\n    |    ^"},
		{"\"x\\0y\": 1\n", "a NUL character is not allowed in f.yaml:1:1\n  1 | \"x\\0y\": "
				   "1\n    | ^"},
		{"ok: 1\nb: \xff\n", "invalid YAML: invalid leading UTF-8 octet in f.yaml:2:4\n"
				     "  2 | b: ?\n    |    ^"},
		/* a wide and a combining character: the caret is under what people see */
		{"\"\xe6\x97\xa5\": &x 1\n", "anchors are not allowed in f.yaml:1:6\n  1 | "
					     "\"\xe6\x97\xa5\": &x 1\n    |       ^"},
		/* an escape sequence in the source does not reach the terminal */
		{"# \x1b[31m\na: &x\n", "invalid YAML: control characters are not allowed in "
					"f.yaml:1:3\n  1 | # ?[31m\n    |   ^"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct error err = ERROR_INIT;
		struct yamltree *y = parse(rows[i][0], &err);
		cr_assert_null(y, "row %zu was read", i);
		ASSERT_STR(err.text, rows[i][1]);
		ASSERT_INT(err.code, EXIT_CODE_USAGE);
	}
}

TEST(yamltree, long_line_shows_the_place)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;

	strbuf_addstr(&text, "a: [");
	for (int i = 0; i < 400; i++)
		strbuf_addstr(&text, "xxxx, ");
	strbuf_addstr(&text, "&here y]\n");
	cr_assert_null(yamltree_parse("f.yaml", text.buf, text.len, &err));
	const char *frame = strchr(err.text, '\n');
	cr_assert(frame && strstr(frame, "&here"), "%s", err.text);
	const char *carets = strrchr(err.text, '\n');
	const char *line = strstr(frame, "&here");
	/* both lines start at a newline: the caret stands below the `&` */
	ASSERT_INT(strcspn(carets, "^"), line - frame);
}

/* Bombs end at the first limit, not after reading them: each takes milliseconds. */
TEST(yamltree, bombs)
{
	static const struct {
		const char *piece, *problem;
		int times;
	} rows[] = {
		{"[", "more than 64 levels deep", 100000},
		{"- ", "more than 64 levels deep", 50000},
		{"{a: ", "more than 64 levels deep", 30000},
		{"xxxxxxxxxx", "f.yaml is larger than 256 KiB", 500000},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		struct error err = ERROR_INIT;
		for (int k = 0; k < rows[i].times; k++)
			strbuf_addstr(&text, rows[i].piece);
		cr_assert_null(yamltree_parse("f.yaml", text.buf, text.len, &err));
		cr_assert(starts_with(err.text, rows[i].problem), "%s", err.text);
	}
}

TEST(yamltree, depth_limit_is_exact)
{
	for (int depth = 64; depth <= 65; depth++) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		struct error err = ERROR_INIT;
		strbuf_addchn(&text, '[', (size_t)depth);
		strbuf_addchn(&text, ']', (size_t)depth);
		struct yamltree *y = yamltree_parse("f.yaml", text.buf, text.len, &err);
		ASSERT_INT(y != NULL, depth == 64);
		yamltree_free(y);
	}
}

TEST(yamltree, many_keys)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct error err = ERROR_INIT;

	for (int i = 0; i < 25000; i++)
		strbuf_addf(&text, "k%d: 1\n", i);
	struct yamltree *y = yamltree_parse("f.yaml", text.buf, text.len, &err);
	cr_assert(y, "%s", err.text);
	yamltree_free(y);
}
