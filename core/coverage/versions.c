#include "core/base/base.h"

#include "core/coverage/parts.h"

/*
 * A file that came in different versions is written as one, but what was merged goes along in a
 * member of its own (`musterVersions`), which other tools pass over. Read again, the versions take
 * the place of the merged maps: so it does not matter whether inputs are merged at once or in
 * groups. If another tool has changed the maps meanwhile, they no longer fit the versions, and the
 * maps count.
 */

static int by_content(const void *a, const void *b)
{
	return coverage_version_compare(*(const struct coverage_version *const *)a,
		*(const struct coverage_version *const *)b);
}

size_t coverage_versions_of(const struct coverage_file *f, const struct coverage_version ***ret)
{
	size_t n = 0, loaded = 0, kept = 0;

	for (const struct coverage_version *v = f->versions; v; v = v->next, n++)
		loaded += !v->all;
	const struct coverage_version **list = xmalloc(n * sizeof(*list));
	for (const struct coverage_version *v = f->versions; v; v = v->next)
		if (!loaded || !v->all)
			list[kept++] = v;
	qsort(list, kept, sizeof(*list), by_content);
	*ret = list;
	return loaded ? kept : 1;
}

struct coverage_version *coverage_versions_merge(
	const struct coverage_version *const *v, size_t n, bool *ret_limited)
{
	struct coverage_version *merged = NULL;

	for (size_t from = 0, to; from < n; from = to) {
		for (to = from + 1; to < n && v[to]->grain == v[from]->grain;)
			to++;
		struct coverage_version *base = merged;
		struct coverage_version *more = coverage_combine(v + from, to - from, ret_limited);
		merged = base ? coverage_overlay(base, more) : more;
		if (!base)
			continue;
		coverage_version_free(base);
		coverage_version_free(more);
	}
	return merged;
}

/* ---- in and out ------------------------------------------------------------------------------ */

void coverage_versions_print(struct strbuf *out, const struct coverage_file *f)
{
	cleanup_free const struct coverage_version **v = NULL;
	size_t n = f->merged ? coverage_versions_of(f, &v) : 0;

	if (!n)
		return;
	strbuf_addstr(out, ",\"" COVERAGE_VERSIONS "\":[");
	for (size_t i = 0; i < n; i++) {
		strbuf_addf(out, "%s{\"grain\":%d,", i ? "," : "", (int)v[i]->grain);
		coverage_version_print(out, v[i]);
		strbuf_addf(out, "%s%s}", *v[i]->extra ? "," : "", v[i]->extra);
	}
	strbuf_addch(out, ']');
}

static bool read_member(struct coverage_entry *e, struct coverage_stream *s, struct strbuf *name)
{
	bool is_map;
	int part;
	int32_t grain;

	strbuf_reset(name);
	if (!stream_string(s, name) || !stream_expect(s, ':'))
		return false;
	part = coverage_entry_part(name->buf, &is_map);
	if (part >= 0)
		return is_map ? coverage_entry_map(e, s, (enum coverage_part)part)
			      : coverage_entry_hits(e, s, (enum coverage_part)part);
	if (!streq(name->buf, "grain"))
		return coverage_entry_extra(e, s, name);
	if (!stream_int(s, &grain))
		return false;
	e->grain = (enum coverage_grain)grain;
	return grain >= GRAIN_PLACES && grain <= GRAIN_CONDITIONS;
}

static struct coverage_version *read_version(struct coverage_entry *e, struct coverage_stream *s)
{
	cleanup_strbuf struct strbuf name = STRBUF_INIT;
	bool first = true;

	coverage_entry_reset(e, NULL);
	if (!stream_expect(s, '{'))
		return NULL;
	while (stream_next(s, &first, '}'))
		if (!read_member(e, s, &name))
			return NULL;
	if (s->what || !coverage_entry_is_whole(e) || coverage_entry_straighten(e))
		return NULL;
	return coverage_entry_version(e);
}

/* All of them, or none when one is broken. */
static size_t read_versions(const char *text, size_t len, struct coverage_version ***ret)
{
	struct coverage_entry *e = coverage_entry_new();
	struct coverage_version **v = NULL, *one;
	struct coverage_stream s;
	size_t n = 0, cap = 0;
	bool first = true, whole = true;

	stream_open_text(&s, text, len, 0);
	stream_expect(&s, '[');
	while (whole && stream_next(&s, &first, ']')) {
		one = read_version(e, &s);
		whole = one != NULL;
		GROW(v, n + 1, cap);
		v[n] = one;
		n += whole;
	}
	for (size_t i = 0; i < n && (!whole || s.what); i++)
		coverage_version_free(v[i]);
	coverage_entry_free(e);
	*ret = v;
	return whole && !s.what ? n : 0;
}

static bool is_same(const struct coverage_version *a, const struct coverage_version *b)
{
	return coverage_version_compare(a, b) == 0 &&
	       memcmp(a->hits, b->hits, version_count(a) * sizeof(*a->hits)) == 0;
}

static void commit(struct coverage_version *v, struct coverage_file *f)
{
	struct coverage_version *held = f->versions;

	while (held && (held->all != v->all || coverage_version_compare(held, v) != 0))
		held = held->next;
	coverage_file_changed(f);
	if (!held) {
		v->next = f->versions;
		f->versions = v;
		return;
	}
	for (size_t i = 0; i < version_count(v); i++)
		held->hits[i] = MIN(held->hits[i] + v->hits[i], COVERAGE_HITS_MAX);
	if (strcmp(v->extra, held->extra) < 0) {
		free(held->extra);
		held->extra = v->extra;
		v->extra = NULL;
	}
	coverage_version_free(v);
}

bool coverage_versions_commit(const struct coverage_entry *e, struct coverage *c, const char *path,
	const char *text, size_t len)
{
	struct coverage_version **v;
	size_t n = read_versions(text, len, &v);
	bool limited = false, fits = false;

	if (n > 1) {
		struct coverage_version *merged = coverage_versions_merge(
			(const struct coverage_version *const *)v, n, &limited);
		struct coverage_version *given = coverage_entry_version(e);
		fits = is_same(merged, given);
		coverage_version_free(merged);
		coverage_version_free(given);
	}
	for (size_t i = 0; i < n; i++) {
		if (fits)
			commit(v[i], coverage_file_of(c, path));
		else
			coverage_version_free(v[i]);
	}
	free(v);
	return fits;
}
