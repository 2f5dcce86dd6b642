#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/change/changed.h"
#include "core/change/git_run.h"

/* ---- where the change begins ----------------------------------------------------------------- */

static bool resolve(const char *dir, const char *name, struct strbuf *out)
{
	cleanup_free char *commit = xasprintf("%s^{commit}", name);

	if (git_run(dir, (const char *const[]){"rev-parse", "--verify", "-q", commit, NULL}, out) !=
		0)
		return false;
	strbuf_rtrim(out);
	return out->len > 0;
}

static bool find_branch(const char *dir, const char *ref, struct strbuf *out)
{
	if (ref) {
		cleanup_free char *remote = xasprintf("origin/%s", ref);
		return resolve(dir, remote, out) || resolve(dir, ref, out);
	}
	for (const char *const *name = git_usual_branches; *name; name++)
		if (resolve(dir, *name, out))
			return true;
	return false;
}

static int find_base(const char *dir, const char *ref, struct strbuf *ret, struct error *err)
{
	cleanup_strbuf struct strbuf head = STRBUF_INIT, branch = STRBUF_INIT;

	if (!resolve(dir, "HEAD", &head))
		return error_set(err, EXIT_CODE_USAGE, "git knows no commit here");
	if (!find_branch(dir, ref, &branch))
		return error_set(err, EXIT_CODE_USAGE, "git does not know the branch %s",
			ref ? ref : "that this one comes from");
	if (git_run(dir, (const char *const[]){"merge-base", "HEAD", branch.buf, NULL}, ret) != 0)
		return error_set(err, EXIT_CODE_USAGE,
			"git finds no common commit with the branch %s (is the clone shallow?)",
			ref ? ref : "that this one comes from");
	strbuf_rtrim(ret);
	if (streq(ret->buf, head.buf) && !resolve(dir, "HEAD^", ret)) {
		strbuf_reset(ret);
		strbuf_addstr(
			ret, head.buf); /* the first commit of all, or a clone of one commit */
	}
	return 0;
}

/* A commit that the user named: as git knows it, or a branch that only the remote has. */
static int find_revision(const char *dir, const char *rev, struct strbuf *ret, struct error *err)
{
	cleanup_strbuf struct strbuf commit = STRBUF_INIT;
	cleanup_free char *remote = xasprintf("refs/remotes/origin/%s", rev);

	if (*rev == '-' || (!resolve(dir, rev, &commit) && !resolve(dir, remote, &commit)))
		return error_set(err, EXIT_CODE_USAGE, "git knows no commit `%s` here", rev);
	if (git_run(dir, (const char *const[]){"merge-base", "HEAD", commit.buf, NULL}, ret) != 0)
		return error_set(err, EXIT_CODE_USAGE,
			"git finds no common commit with %s (is the clone shallow?)", rev);
	strbuf_rtrim(ret);
	return 0;
}

/* ---- the files ------------------------------------------------------------------------------- */

static char mark_added[] = "A", mark_changed[] = "M";

/* "status NUL name NUL …" */
static void add_changes(struct strmap *ret, const struct strbuf *changes)
{
	const char *end = changes->buf + changes->len;

	for (const char *at = changes->buf; at < end;) {
		const char *name = at + strlen(at) + 1;
		if (name >= end)
			return;
		strmap_put(ret, name, *at == 'A' ? mark_added : mark_changed);
		at = name + strlen(name) + 1;
	}
}

static void add_untracked(struct strmap *ret, const struct strbuf *names)
{
	for (size_t at = 0; at < names->len; at += strlen(names->buf + at) + 1)
		strmap_put(ret, names->buf + at, mark_added);
}

static int list_changes(
	const char *dir, const struct strbuf *base, struct strmap *ret, struct error *err)
{
	cleanup_strbuf struct strbuf names = STRBUF_INIT;

	const char *const diff[] = {"diff", "--name-status", "--no-renames", "--no-ext-diff",
		"--relative", "-z", base->buf, "--", NULL};
	const char *const others[] = {"ls-files", "--others", "--exclude-standard", "-z", NULL};

	if (git_run(dir, diff, &names) != 0)
		return error_set(err, EXIT_CODE_USAGE, "git cannot compare with %s", base->buf);
	add_changes(ret, &names);
	if (git_run(dir, others, &names) != 0)
		return error_set(
			err, EXIT_CODE_USAGE, "git cannot tell which files it does not know");
	add_untracked(ret, &names);
	return 0;
}

int changed_files(const char *dir, const char *ref, struct strmap *ret, struct error *err)
{
	cleanup_strbuf struct strbuf base = STRBUF_INIT;

	return find_base(dir, ref, &base, err) < 0 ? -1 : list_changes(dir, &base, ret, err);
}

int changed_since(const char *dir, const char *rev, struct strmap *ret, struct error *err)
{
	cleanup_strbuf struct strbuf base = STRBUF_INIT;

	return find_revision(dir, rev, &base, err) < 0 ? -1 : list_changes(dir, &base, ret, err);
}

bool changed_is_added(const struct strmap *changed, const char *file)
{
	return strmap_get(changed, file) == mark_added;
}
