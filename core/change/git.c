#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/change/git.h"

enum { REF_BYTES = 4096, PACKED_BYTES = 64 * 1024 * 1024 };

static bool read_line(const char *dir, const char *name, struct strbuf *out)
{
	cleanup_free char *path = path_join(dir, name);

	strbuf_reset(out);
	if (file_read(path, REF_BYTES, EXIT_CODE_INTERNAL, out, NULL) < 0)
		return false;
	strbuf_rtrim(out);
	return true;
}

static bool is_hash(const char *s)
{
	size_t n = strspn(s, "0123456789abcdef");

	return (n == 40 || n == 64) && s[n] == '\0';
}

/* The hash of `ref` from a packed-refs file: lines "<hash> <ref>". */
static char *packed(const char *dir, const char *ref)
{
	cleanup_free char *path = path_join(dir, "packed-refs");
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_free char *needle = xasprintf(" %s\n", ref);

	if (file_read(path, PACKED_BYTES, EXIT_CODE_INTERNAL, &text, NULL) < 0)
		return NULL;
	strbuf_addch(&text, '\n'); /* the file may end without one */
	const char *at = strstr(text.buf, needle);
	if (!at || at - text.buf < 40)
		return NULL;
	const char *start = at;
	while (start > text.buf && start[-1] != '\n')
		start--;
	char *hash = xstrndup(start, (size_t)(at - start));
	if (is_hash(hash))
		return hash;
	free(hash);
	return NULL;
}

/* `.git` is a folder, or a file "gitdir: …" (worktree, submodule). */
static char *git_dir(const char *root)
{
	cleanup_free char *dot = path_join(root, ".git");
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (path_is_dir(dot))
		return xstrdup(dot);
	if (!read_line(root, ".git", &text) || !starts_with(text.buf, "gitdir: "))
		return NULL;
	return path_join(root, text.buf + strlen("gitdir: "));
}

static void read_head(const char *dir, struct git_head *ret)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	cleanup_strbuf struct strbuf common = STRBUF_INIT;

	if (!read_line(dir, "HEAD", &text))
		return;
	if (is_hash(text.buf)) {
		ret->commit = xstrdup(text.buf);
		return;
	}
	if (!starts_with(text.buf, "ref: "))
		return;
	cleanup_free char *ref = xstrdup(text.buf + strlen("ref: "));
	if (starts_with(ref, "refs/heads/"))
		ret->branch = xstrdup(ref + strlen("refs/heads/"));
	/* Worktrees keep their branches in the common folder. */
	cleanup_free char *shared =
		read_line(dir, "commondir", &common) ? path_join(dir, common.buf) : xstrdup(dir);
	if ((read_line(dir, ref, &text) || read_line(shared, ref, &text)) && is_hash(text.buf))
		ret->commit = xstrdup(text.buf);
	else
		ret->commit = packed(shared, ref);
}

void git_head(const char *dir, struct git_head *ret)
{
	char *at = xstrdup(dir);

	*ret = (struct git_head){0};
	for (;;) {
		cleanup_free char *found = git_dir(at);
		if (found) {
			read_head(found, ret);
			ret->root = at;
			return;
		}
		if (streq(at, "/") || streq(at, "."))
			break;
		char *parent = path_dirname(at);
		free(at);
		at = parent;
	}
	free(at);
}

void git_head_release(struct git_head *head)
{
	free(head->root);
	free(head->commit);
	free(head->branch);
}
