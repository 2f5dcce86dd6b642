#include "core/base/base.h"

#include "core/base/path.h"
#include "core/coverage/parts.h"

#include <fcntl.h>

struct coverage *coverage_new(void)
{
	struct coverage *c = xcalloc(1, sizeof(*c));

	c->window = xmalloc(STREAM_WINDOW);
	c->entry = coverage_entry_new();
	return c;
}

static void file_free(struct coverage_file *f)
{
	while (f->versions) {
		struct coverage_version *next = f->versions->next;
		coverage_version_free(f->versions);
		f->versions = next;
	}
	coverage_version_free(f->merged);
	free(f->path);
	free(f);
}

void coverage_free(struct coverage *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++)
		file_free(c->files[i]);
	free(c->files);
	strmap_release(&c->by_path, NULL);
	coverage_path_forget(c);
	strmap_release(&c->dirs, free);
	problems_release(&c->problems);
	coverage_entry_free(c->entry);
	free(c->window);
	free(c->from);
	free(c->to);
	free(c);
}

void coverage_file_changed(struct coverage_file *f)
{
	coverage_version_free(f->merged);
	f->merged = NULL;
	f->counts = NULL;
}

struct coverage_file *coverage_file_of(struct coverage *c, const char *path)
{
	struct coverage_file *f = strmap_get(&c->by_path, path);

	if (f)
		return f;
	f = xcalloc(1, sizeof(*f));
	f->path = xstrdup(path);
	strmap_put(&c->by_path, path, f);
	GROW(c->files, c->n + 1, c->cap);
	c->files[c->n++] = f;
	return f;
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static bool read_any(struct coverage_input *in, struct coverage_stream *s)
{
	if (stream_has(s, 3) && memcmp(s->p, "\xef\xbb\xbf", 3) == 0)
		s->p += 3;
	switch (stream_peek(s)) {
	case -1:
		return stream_fault(s, s->errnum ? "it cannot be read" : "the file is empty");
	case '{':
		return coverage_read_istanbul(in, s);
	case '<':
		return coverage_read_cobertura(in, s);
	case 'T':
	case 'S':
	case '#':
		return coverage_read_lcov(in, s);
	default:
		return stream_fault(
			s, "not coverage: neither Istanbul JSON nor lcov nor Cobertura");
	}
}

static int lost(
	struct coverage *c, const char *path, int64_t offset, const char *text, struct error *err)
{
	struct problem *p = problem_add(&c->problems, path, "broken", true, "%s", text);

	p->offset = offset;
	if (offset < 0)
		return error_set(err, EXIT_CODE_INCOMPLETE, "%s: %s", path, text);
	return error_set(
		err, EXIT_CODE_INCOMPLETE, "%s: at byte %" PRId64 ": %s", path, offset, text);
}

static int fault_of(struct coverage_input *in, const struct coverage_stream *s, struct error *err)
{
	cleanup_free char *text = NULL;

	if (s->errnum)
		text = xasprintf("%s: %s", s->what, strerror(s->errnum));
	else if (in->entries)
		text = xasprintf("%s; %zu file%s before it %s kept", s->what, in->entries,
			in->entries == 1 ? "" : "s", in->entries == 1 ? "is" : "are");
	else
		text = xstrdup(s->what);
	return lost(in->set, in->path, s->errnum ? -1 : s->fault_at, text, err);
}

int coverage_add(
	struct coverage *c, const char *path, const struct coverage_root *root, struct error *err)
{
	bool in = streq(path, "-");
	cleanup_close int opened = in ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	struct coverage_input input = {.set = c, .path = in ? "stdin" : path};

	struct coverage_stream s;

	if (!in && opened < 0) {
		cleanup_free char *text = xasprintf("it cannot be read: %s", strerror(errno));
		return lost(c, path, -1, text, err);
	}
	c->settled = false;
	coverage_set_root(c, root);
	stream_open(&s, in ? STDIN_FILENO : opened, c->window);
	strbuf_init(&input.versions);
	bool whole = read_any(&input, &s);
	strbuf_release(&input.versions);
	c->inputs += whole || input.entries;
	return whole ? 0 : fault_of(&input, &s, err);
}

bool coverage_is_complete(const struct coverage *c)
{
	return !c->problems.lost;
}

struct problems *coverage_problems(struct coverage *c)
{
	coverage_settle(c);
	return &c->problems;
}

size_t coverage_input_count(const struct coverage *c)
{
	return c->inputs;
}

/* ---- files ----------------------------------------------------------------------------------- */

/* As JavaScript compares: by UTF-16 units, where U+E000 … U+FFFF come behind all pairs. */
int coverage_path_compare(const char *a, const char *b)
{
	const unsigned char *x = (const unsigned char *)a, *y = (const unsigned char *)b;

	for (; *x && *x == *y; x++)
		y++;
	bool swap = (*x >= 0xf0) != (*y >= 0xf0) && *x >= 0xee && *y >= 0xee;
	return swap ? (int)*y - (int)*x : (int)*x - (int)*y;
}

static int by_path(const void *a, const void *b)
{
	return coverage_path_compare((*(struct coverage_file *const *)a)->path,
		(*(struct coverage_file *const *)b)->path);
}

static void settle_file(struct coverage *c, struct coverage_file *f)
{
	cleanup_free const struct coverage_version **v = NULL;
	bool limited = false;

	if (f->counts)
		return;
	f->counts = f->versions;
	if (!f->versions->next)
		return;
	size_t n = coverage_versions_of(f, &v);
	f->counts = v[0];
	if (n == 1)
		return;
	f->merged = coverage_versions_merge(v, n, &limited);
	f->counts = f->merged;
	problem_add(&c->problems, NULL, "versions", false,
		"%s: came in %zu versions with different maps; merged by %s", f->path, n,
		v[n - 1]->grain == GRAIN_PLACES ? "place" : "line");
	if (limited)
		problem_add(&c->problems, NULL, "limit", false,
			"%s: its versions are too large to look for what contains what", f->path);
}

void coverage_settle(struct coverage *c)
{
	if (c->settled)
		return;
	if (c->n)
		qsort(c->files, c->n, sizeof(*c->files), by_path);
	for (size_t i = 0; i < c->n; i++)
		settle_file(c, c->files[i]);
	c->settled = true;
}

/* Sorting and merging on demand changes nothing that can be seen. */
static const struct coverage *settled(const struct coverage *c)
{
	coverage_settle((struct coverage *)c);
	return c;
}

size_t coverage_file_count(const struct coverage *c)
{
	return c->n;
}

const struct coverage_file *coverage_file_at(const struct coverage *c, size_t i)
{
	return settled(c)->files[i];
}

const char *coverage_file_path(const struct coverage_file *f)
{
	return f->path;
}

const struct coverage_version *coverage_file_version(const struct coverage_file *f)
{
	return f->counts ? f->counts : f->versions;
}
