#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/ci.h"
#include "core/change/git_diff.h"
#include "core/change/git_run.h"

static bool has_commit(const char *dir, const char *ref)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	cleanup_free char *commit = xasprintf("%s^{commit}", ref);
	const char *const words[] = {
		"rev-parse", "--verify", "--quiet", "--end-of-options", commit, NULL};

	return git_run(dir, words, &out) == 0;
}

/* The branch that this one goes into. Caller frees; NULL = none found. */
static char *base_ref(const char *dir)
{
	const char *target = ci_target_branch(getenv);

	if (target) {
		cleanup_free char *ref = xasprintf("origin/%s", target);
		if (has_commit(dir, ref))
			return xstrdup(ref);
	}
	for (const char *const *name = git_usual_branches; *name; name++)
		if (has_commit(dir, *name))
			return xstrdup(*name);
	return NULL;
}

static int no_base(struct error *err, const char *dir, const char *ref)
{
	if (ref)
		error_set(err, EXIT_CODE_USAGE, "git knows no commit `%s` in %s", ref, dir);
	else
		error_set(err, EXIT_CODE_USAGE,
			"the branch that this change goes into cannot be found in %s", dir);
	return error_help(err, "fetch it (in GitHub Actions: fetch-depth: 0), or name it: "
			       "--against REF");
}

/* ---- the form of a diff ---------------------------------------------------------------------- */

/* "+++ b/path" or "+++ "b/p\\303\\244th"", without the line's end. NULL: the file is gone. */
static char *path_of(const char *root, const char *line, size_t len)
{
	cleanup_strbuf struct strbuf name = STRBUF_INIT;
	bool quoted = len && *line == '"';

	while (len && (line[len - 1] == '\t' || line[len - 1] == '\r'))
		len--;
	for (size_t i = quoted, end = len - quoted; i < end && len; i++) {
		if (!quoted || line[i] != '\\' || i + 1 >= end) {
			strbuf_addch(&name, line[i]);
			continue;
		}
		const char *plain = "abtnvfr", *at = strchr(plain, line[++i]);
		if (line[i] >= '0' && line[i] <= '3' && i + 2 < end) {
			strbuf_addch(&name, (char)((line[i] - '0') * 64 + (line[i + 1] - '0') * 8 +
						    (line[i + 2] - '0')));
			i += 2;
		} else {
			strbuf_addch(&name, at ? "\a\b\t\n\v\f\r"[at - plain] : line[i]);
		}
	}
	if (!starts_with(name.buf, "b/"))
		return NULL;
	return path_join(root, name.buf + 2);
}

/* "@@ -12,0 +13,4 @@": the lines 13 to 16. False: nothing was added. */
static bool range_of(const char *line, struct git_range *ret)
{
	const char *plus = strchr(line, '+');
	char *end;

	if (!plus)
		return false;
	int64_t from = strtoll(plus + 1, &end, 10);
	int64_t count = *end == ',' ? strtoll(end + 1, NULL, 10) : 1;
	*ret = (struct git_range){from, from + count - 1};
	return count > 0 && from > 0;
}

static struct git_file *add_file(struct git_changes *changes, const char *path)
{
	struct git_file *file = strmap_get(&changes->files, path);

	if (!file) {
		file = xcalloc(1, sizeof(*file));
		strmap_put(&changes->files, path, file);
	}
	return file;
}

/* In the body of a hunk every line starts with + or -; their number is known from its head. A line
 * may hold a NUL: git looks for one only at the beginning of a file. */
static void parse(struct git_changes *changes, const char *root, const struct strbuf *diff)
{
	const char *end = diff->buf + diff->len;
	struct git_file *file = NULL;
	int64_t skip = 0;

	for (const char *line = diff->buf; line < end;) {
		const char *feed = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((feed ? feed : end) - line);
		struct git_range range;
		if (skip > 0) {
			skip -= *line != '\\'; /* "\ No newline at end of file" */
		} else if (starts_with(line, "+++ ")) {
			cleanup_free char *path = path_of(root, line + 4, len - 4);
			file = path ? add_file(changes, path) : NULL;
		} else if (starts_with(line, "@@ -")) {
			const char *comma = line + 4 + strcspn(line + 4, ", \n");
			skip = *comma == ',' ? strtoll(comma + 1, NULL, 10) : 1;
			if (range_of(line, &range)) {
				skip += range.to - range.from + 1;
				if (file) {
					GROW(file->ranges, file->n + 1, file->cap);
					file->ranges[file->n++] = range;
				}
			}
		}
		line += len + 1;
	}
}

/* Files that git does not know yet are new from the first line to the last: "path\0path\0". */
static void add_untracked(struct git_changes *changes, const char *root, const struct strbuf *names)
{
	const char *end = names->buf + names->len;

	for (const char *name = names->buf; name < end; name += strlen(name) + 1) {
		cleanup_free char *path = path_join(root, name);
		struct git_file *file = add_file(changes, path);
		GROW(file->ranges, file->n + 1, file->cap);
		file->ranges[file->n++] = (struct git_range){1, INT64_MAX};
	}
}

static void release_file(void *value)
{
	struct git_file *file = value;

	free(file->ranges);
	free(file);
}

void git_changes_release(struct git_changes *changes)
{
	strmap_release(&changes->files, release_file);
	free(changes->against);
	*changes = (struct git_changes){0};
}

int git_diff(const char *dir, const char *ref, struct git_changes *ret, struct error *err)
{
	cleanup_strbuf struct strbuf root = STRBUF_INIT, base = STRBUF_INIT, out = STRBUF_INIT,
				     untracked = STRBUF_INIT;
	const char *const top[] = {"rev-parse", "--show-toplevel", NULL};

	if (git_run(dir, top, &root) != 0) {
		error_set(err, EXIT_CODE_USAGE, "git sees no working tree in %s", dir);
		return error_help(err, "what has changed is read from git");
	}
	strbuf_rtrim(&root);
	cleanup_free char *found = ref ? xstrdup(ref) : base_ref(dir);
	if (!found || !has_commit(dir, found))
		return no_base(err, dir, ref);
	const char *const merge_base[] = {"merge-base", "--end-of-options", found, "HEAD", NULL};
	if (git_run(dir, merge_base, &base) != 0)
		return no_base(err, dir, ref);
	strbuf_rtrim(&base);
	/* unlike `git diff` it has one form, whatever the user has configured for reading */
	const char *const diff[] = {"diff-index", "-p", "--no-color", "--no-ext-diff",
		"--no-textconv", "--no-renames", "--unified=0", "--src-prefix=a/",
		"--dst-prefix=b/", base.buf, "--", NULL};
	const char *const others[] = {"ls-files", "--others", "--exclude-standard", "-z", NULL};
	if (git_run(dir, diff, &out) != 0 || git_run(root.buf, others, &untracked) != 0)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "git diff failed in %s", dir);
	*ret = (struct git_changes){.against = xstrdup(base.buf)};
	strmap_init(&ret->files);
	parse(ret, root.buf, &out);
	add_untracked(ret, root.buf, &untracked);
	return 0;
}
