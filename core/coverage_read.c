#include "core/base/base.h"

#include "core/coverage_parts.h"

static bool read_path(struct coverage_input *in, struct coverage_stream *s, const char **ret_path)
{
	cleanup_strbuf struct strbuf raw = STRBUF_INIT;
	const char *what = NULL;

	if (!stream_string(s, &raw))
		return false;
	*ret_path = coverage_path_here(in->set, raw.buf, raw.len, &what);
	if (!*ret_path)
		return stream_fault(s, what);
	/* maps that were read before the path could not be compared with anything */
	struct coverage_entry *e = in->set->entry;
	const struct coverage_file *f = strmap_get(&in->set->by_path, *ret_path);
	for (int part = 0; part < PARTS; part++)
		if (e->same[part])
			return stream_fault(s, "an entry with two paths");
	e->guess = f ? f->versions : NULL;
	return true;
}

static void notice_once(struct coverage_input *in, bool *said, const char *kind, const char *text)
{
	if (!*said)
		problem_add(&in->set->problems, in->path, kind, false, "%s", text);
	*said = true;
}

static bool read_other(struct coverage_input *in, struct coverage_stream *s,
	const struct strbuf *name, const char **ret_path)
{
	struct coverage_entry *e = in->set->entry;

	if (streq(name->buf, "path"))
		return read_path(in, s, ret_path);
	if (streq(name->buf, COVERAGE_VERSIONS)) {
		bool repaired;
		stream_capture(s, &in->versions);
		return stream_skip(s) && stream_captured(s, &repaired);
	}
	if (streq(name->buf, "all") && stream_peek(s) == 't') {
		e->all = true;
		return stream_skip(s);
	}
	if (streq(name->buf, "bT")) {
		notice_once(
			in, &in->noticed_truth, "branches-true", "`bT` (branchesTrue) is left out");
		return stream_skip(s);
	}
	if (streq(name->buf, "inputSourceMap"))
		notice_once(in, &in->noticed_maps, "source-map",
			"has source maps, which are not applied here: "
			"places are those of the code that ran");
	return coverage_entry_extra(e, s, name);
}

static bool is_whole(struct coverage_stream *s, const struct coverage_entry *e, const char *path)
{
	if (!path)
		return stream_fault(s, "no coverage of a file: `path` is missing");
	if (!coverage_entry_is_whole(e))
		return stream_fault(s, "no coverage of a file: one of statementMap, fnMap, "
				       "branchMap, s, f, b is missing");
	return true;
}

static bool read_entry(struct coverage_input *in, struct coverage_stream *s)
{
	cleanup_strbuf struct strbuf name = STRBUF_INIT;
	struct coverage_entry *e = in->set->entry;
	const char *path = NULL;
	bool first = true;

	coverage_entry_reset(e, NULL);
	strbuf_reset(&in->versions);
	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}')) {
		strbuf_reset(&name);
		if (!stream_string(s, &name) || !stream_expect(s, ':'))
			return false;
		bool is_map;
		int part = coverage_entry_part(name.buf, &is_map);
		bool ok = part < 0 ? read_other(in, s, &name, &path)
			  : is_map ? coverage_entry_map(e, s, (enum coverage_part)part)
				   : coverage_entry_hits(e, s, (enum coverage_part)part);
		if (!ok)
			return false;
	}
	if (s->what || !is_whole(s, e, path))
		return false;
	size_t lost = coverage_entry_straighten(e);
	if (lost)
		problem_add(&in->set->problems, in->path, "no-place", false,
			"%s: %zu counts that its maps know nothing of: left out", path, lost);
	in->entries++;
	if (in->versions.len &&
		coverage_versions_commit(e, in->set, path, in->versions.buf, in->versions.len))
		return true;
	if (in->versions.len)
		problem_add(&in->set->problems, in->path, "versions-changed", false,
			"%s: its maps are no longer those of the versions they were made of", path);
	coverage_entry_commit(e, coverage_file_of(in->set, path));
	return true;
}

bool coverage_read_istanbul(struct coverage_input *in, struct coverage_stream *s)
{
	bool first = true;

	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}'))
		if (!stream_string(s, NULL) || !stream_expect(s, ':') || !read_entry(in, s))
			return false;
	if (s->what)
		return false;
	return stream_peek(s) < 0 || stream_fault(s, "more text behind the end of the map");
}
