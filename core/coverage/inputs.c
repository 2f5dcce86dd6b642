#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/merge/bundle.h"
#include "core/coverage/inputs.h"

#include <fcntl.h>
#include <sys/stat.h>

enum { DEPTH_MAX = 64, HEAD_BYTES = 64 * 1024 };

void coverage_inputs_init(struct coverage_inputs *in, const char *output)
{
	*in = (struct coverage_inputs){.output = output ? path_real(output) : NULL};
}

void coverage_inputs_release(struct coverage_inputs *in)
{
	for (size_t i = 0; i < in->n; i++) {
		free(in->v[i].path);
		free(in->v[i].from);
	}
	free(in->v);
	free(in->output);
	strmap_release(&in->seen, NULL);
}

static void add_file(
	struct coverage_inputs *in, const char *path, const char *from, struct problems *problems)
{
	cleanup_free char *found = path_real(path);
	const char *real = found ? found : path;

	if (strmap_has(&in->seen, real)) {
		problem_add(problems, path, "same-file", false,
			"the same file was named before; it is counted once");
		return;
	}
	strmap_put(&in->seen, real, in);
	GROW(in->v, in->n + 1, in->cap);
	in->v[in->n++] = (struct coverage_source){xstrdup(path), from ? xstrdup(from) : NULL};
}

/* ---- files in folders ------------------------------------------------------------------------ */

/* In the order of what they know; NO_FORMAT: no coverage. */
enum format { ISTANBUL, LCOV, COBERTURA, NO_FORMAT };

static size_t read_head(const char *path, char *head)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t n = fd < 0 ? 0 : read(fd, head, HEAD_BYTES - 1);

	n = MAX(n, (ssize_t)0);
	head[n] = '\0';
	return (size_t)n;
}

static const char *blanks(const char *s)
{
	return s + strspn(s, " \t\r\n");
}

/* Also one that was cut off early: it would be lost in silence. */
static bool is_istanbul(const char *head, size_t len)
{
	const char *s = blanks(starts_with(head, "\xef\xbb\xbf") ? head + 3 : head);

	if (!*s || memmem(head, len, "\"statementMap\"", 14))
		return true;
	if (*s++ != '{')
		return false;
	s = blanks(s);
	if (!*s || *s == '}')
		return true;
	if (*s != '"')
		return false;
	for (s++; *s && *s != '"'; s++)
		if (*s == '\\' && s[1])
			s++;
	s = blanks(*s ? s + 1 : s);
	s = blanks(*s == ':' ? s + 1 : s);
	if (*s && *s != '{')
		return false;
	s = blanks(*s ? s + 1 : s);
	return !*s || starts_with(s, "\"path\"");
}

static enum format format_of(const char *path, char *head)
{
	if (ends_with(path, "/coverage-summary.json"))
		return NO_FORMAT;
	if (ends_with(path, ".info") || ends_with(path, ".lcov"))
		return LCOV;
	if (ends_with(path, ".json"))
		return is_istanbul(head, read_head(path, head)) ? ISTANBUL : NO_FORMAT;
	if (!ends_with(path, ".xml"))
		return NO_FORMAT;
	read_head(path, head);
	/* Clover has the same root, but projects in it */
	return strstr(head, "<coverage") && !strstr(head, "<project") ? COBERTURA : NO_FORMAT;
}

struct walk {
	struct coverage_inputs *in;
	struct problems *problems;
	const char *from;
	char *head;
	size_t found;
};

static void take(struct walk *w, const char *path)
{
	cleanup_free char *real = path_real(path);

	if (w->in->output && real && streq(real, w->in->output)) {
		problem_add(w->problems, path, "output", false,
			"left out: it is what is being written");
		return;
	}
	add_file(w->in, path, w->from, w->problems);
	w->found++;
}

static bool is_kind(const char *path, mode_t kind)
{
	struct stat st;

	return lstat(path, &st) == 0 && (st.st_mode & S_IFMT) == kind;
}

static enum format best_of(
	struct walk *w, const char *dir, const struct strvec *names, enum format best)
{
	strvec_each (name, names) {
		cleanup_free char *path = path_join(dir, name);
		if (is_kind(path, S_IFREG))
			best = MIN(best, format_of(path, w->head));
	}
	return best;
}

/* `best`: the format that was found above; a lesser one below says the same again. */
static void walk(struct walk *w, const char *dir, enum format best, int depth)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	if (access(dir, R_OK | X_OK) < 0 || depth > DEPTH_MAX) {
		problem_add(w->problems, dir, "unreadable", true, "cannot be read: %s",
			depth > DEPTH_MAX ? "folders are nested too deep" : strerror(errno));
		return;
	}
	file_list_dir(dir, &names);
	best = best_of(w, dir, &names, best);
	strvec_each (name, &names) {
		cleanup_free char *path = path_join(dir, name);
		if (is_kind(path, S_IFDIR)) {
			if (!streq(name, "node_modules"))
				walk(w, path, best, depth + 1);
			continue;
		}
		enum format format = is_kind(path, S_IFREG) ? format_of(path, w->head) : NO_FORMAT;
		if (format == best && format != NO_FORMAT)
			take(w, path);
		else if (format != NO_FORMAT)
			problem_add(w->problems, path, "same-coverage", false,
				"left out: the same coverage lies there with more detail");
		else if (ends_with(path, ".json") && !ends_with(path, "/coverage-summary.json"))
			problem_add(w->problems, path, "foreign", false, "left out: no coverage");
	}
}

static size_t add_folder(
	struct coverage_inputs *in, const char *dir, const char *from, struct problems *problems)
{
	cleanup_free char *head = xmalloc(HEAD_BYTES);
	struct walk w = {in, problems, from, head, 0};

	walk(&w, dir, NO_FORMAT, 0);
	return w.found;
}

/* ---- bundles --------------------------------------------------------------------------------- */

static void add_bundle(
	struct coverage_inputs *in, const struct bundle *b, struct problems *problems)
{
	static const struct {
		const char *kind, *text;
		bool lost;
	} left_out[] = {
		[BUNDLE_STALE] = {"stale", "left out: a newer attempt of its shard counts", false},
		[BUNDLE_SAME] = {"same-run", "left out: the same run was found before", false},
		[BUNDLE_DOUBLED] = {"doubled",
			"left out: another run of the same shard and attempt was found; "
			"nobody knows which one counts",
			true},
		[BUNDLE_FOREIGN] = {"other-plan", "left out: it was made for another plan", true},
	};
	cleanup_free char *dir = path_join(b->dir, "coverage");

	if (b->use != BUNDLE_COUNTS)
		problem_add(problems, b->dir, left_out[b->use].kind, left_out[b->use].lost, "%s",
			left_out[b->use].text);
	else if (!path_is_dir(dir) || !add_folder(in, dir, b->info.base, problems))
		problem_add(problems, b->dir, "no-coverage", false, "this run has no coverage");
}

static void add_bundles(
	struct coverage_inputs *in, struct bundles *bundles, struct problems *problems)
{
	bundles_choose(bundles, bundles_plan_id(bundles));
	for (size_t i = 0; i < bundles->n; i++)
		add_bundle(in, &bundles->v[i], problems);
	strvec_each (text, &bundles->unreadable)
		problem_add(problems, NULL, "unreadable", true, "%s", text);
}

void coverage_inputs_add(
	struct coverage_inputs *in, const struct strvec *words, struct problems *problems)
{
	struct bundles bundles;

	bundles_init(&bundles);
	strvec_each (word, words) {
		size_t before = bundles.n;
		if (!path_is_dir(word)) {
			add_file(in, word, NULL, problems);
			continue;
		}
		bundles_find(&bundles, word, NULL);
		if (bundles.n == before && !add_folder(in, word, NULL, problems))
			problem_add(
				problems, word, "no-files", false, "no coverage in this folder");
	}
	add_bundles(in, &bundles, problems);
	bundles_release(&bundles);
}
