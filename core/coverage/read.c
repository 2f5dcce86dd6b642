#include "core/base/base.h"

#include "core/coverage/parts.h"

static bool read_path(
	struct coverage_input *in, struct coverage_stream *s, struct coverage_name **ret_name)
{
	cleanup_strbuf struct strbuf raw = STRBUF_INIT;
	const char *what = NULL;

	if (!stream_string(s, &raw))
		return false;
	*ret_name = coverage_path_here(in->set, raw.buf, raw.len, &what);
	if (!*ret_name)
		return stream_fault(s, what);
	/* maps that were read before the path could not be compared with anything */
	struct coverage_entry *e = in->set->entry;
	for (int part = 0; part < PARTS; part++)
		if (e->same[part])
			return stream_fault(s, "an entry with two paths");
	e->guess = (*ret_name)->file ? (*ret_name)->file->versions : NULL;
	return true;
}

static void notice_once(struct coverage_input *in, bool *said, const char *kind, const char *text)
{
	if (!*said)
		problem_add(&in->set->problems, in->path, kind, false, "%s", text);
	*said = true;
}

static bool read_other(struct coverage_input *in, struct coverage_stream *s,
	const struct strbuf *member, struct coverage_name **ret_name)
{
	struct coverage_entry *e = in->set->entry;

	if (streq(member->buf, "path"))
		return read_path(in, s, ret_name);
	if (streq(member->buf, COVERAGE_VERSIONS)) {
		bool repaired;
		stream_capture(s, &in->versions);
		return stream_skip(s) && stream_captured(s, &repaired);
	}
	if (streq(member->buf, "all") && stream_peek(s) == 't') {
		e->all = true;
		return stream_skip(s);
	}
	if (streq(member->buf, "bT")) {
		notice_once(
			in, &in->noticed_truth, "branches-true", "`bT` (branchesTrue) is left out");
		return stream_skip(s);
	}
	if (streq(member->buf, "inputSourceMap"))
		notice_once(in, &in->noticed_maps, "source-map",
			"has source maps, which are not applied here: "
			"places are those of the code that ran");
	return coverage_entry_extra(e, s, member);
}

static bool is_whole(
	struct coverage_stream *s, const struct coverage_entry *e, const struct coverage_name *name)
{
	if (!name)
		return stream_fault(s, "no coverage of a file: `path` is missing");
	if (!coverage_entry_is_whole(e))
		return stream_fault(s, "no coverage of a file: one of statementMap, fnMap, "
				       "branchMap, s, f, b is missing");
	return true;
}

static void commit(struct coverage_input *in, struct coverage_entry *e, struct coverage_name *name)
{
	size_t lost = coverage_entry_straighten(e);

	if (lost)
		problem_add(&in->set->problems, in->path, "no-place", false,
			"%s: %zu counts that its maps know nothing of: left out", name->path, lost);
	in->entries++;
	if (in->versions.len && coverage_versions_commit(
					e, in->set, name->path, in->versions.buf, in->versions.len))
		return;
	if (in->versions.len)
		problem_add(&in->set->problems, in->path, "versions-changed", false,
			"%s: its maps are no longer those of the versions they were made of",
			name->path);
	if (!name->file)
		name->file = coverage_file_of(in->set, name->path);
	coverage_entry_commit(e, name->file);
}

static bool read_entry(struct coverage_input *in, struct coverage_stream *s)
{
	cleanup_strbuf struct strbuf member = STRBUF_INIT;
	struct coverage_entry *e = in->set->entry;
	struct coverage_name *name = NULL;
	bool first = true;

	coverage_entry_reset(e, NULL);
	strbuf_reset(&in->versions);
	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}')) {
		strbuf_reset(&member);
		if (!stream_string(s, &member) || !stream_expect(s, ':'))
			return false;
		bool is_map;
		int part = coverage_entry_part(member.buf, &is_map);
		bool ok = part < 0 ? read_other(in, s, &member, &name)
			  : is_map ? coverage_entry_map(e, s, (enum coverage_part)part)
				   : coverage_entry_hits(e, s, (enum coverage_part)part);
		if (!ok)
			return false;
	}
	if (s->what || !is_whole(s, e, name))
		return false;
	commit(in, e, name);
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
