#include "core/base/base.h"

#include "core/coverage_parts.h"

static const char *const map_names[PARTS] = {"statementMap", "fnMap", "branchMap"};
static const char *const hits_names[PARTS] = {"s", "f", "b"};

static int part_named(const char *const *names, const char *name)
{
	for (int part = 0; part < PARTS; part++)
		if (streq(names[part], name))
			return part;
	return -1;
}

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

/* `"name":value` as it stands, behind what is there. */
static bool read_extra(
	struct coverage_entry *e, struct coverage_stream *s, const struct strbuf *name)
{
	cleanup_strbuf struct strbuf value = STRBUF_INIT;
	bool repaired;

	stream_capture(s, &value);
	if (!stream_skip(s) || !stream_captured(s, &repaired))
		return false;
	strbuf_addf(&e->extra, "%s\"", e->extra.len ? "," : "");
	strbuf_add(&e->extra, name->buf, name->len);
	strbuf_addstr(&e->extra, "\":");
	strbuf_add(&e->extra, value.buf, value.len);
	return true;
}

static void notice_once(struct coverage_input *in, bool *said, const char *kind, const char *text)
{
	if (!*said)
		problem_add(&in->set->problems, in->path, kind, false, "%s", text);
	*said = true;
}

static bool read_other(
	struct coverage_input *in, struct coverage_stream *s, const struct strbuf *name)
{
	struct coverage_entry *e = in->set->entry;

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
	return read_extra(e, s, name);
}

static bool is_whole(struct coverage_stream *s, const struct coverage_entry *e, const char *path)
{
	if (!path)
		return stream_fault(s, "no coverage of a file: `path` is missing");
	for (int part = 0; part < PARTS; part++)
		if (!e->seen_map[part] || !e->seen_hits[part])
			return stream_fault(s,
				"no coverage of a file: one of statementMap, fnMap, branchMap, "
				"s, f, b is missing");
	return true;
}

static bool read_entry(struct coverage_input *in, struct coverage_stream *s)
{
	cleanup_strbuf struct strbuf name = STRBUF_INIT;
	struct coverage_entry *e = in->set->entry;
	const char *path = NULL;
	bool first = true;

	coverage_entry_reset(e, NULL);
	if (!stream_expect(s, '{'))
		return false;
	while (stream_next(s, &first, '}')) {
		strbuf_reset(&name);
		if (!stream_string(s, &name) || !stream_expect(s, ':'))
			return false;
		int map = part_named(map_names, name.buf), hits = part_named(hits_names, name.buf);
		bool ok = map >= 0    ? coverage_entry_map(e, s, (enum coverage_part)map)
			  : hits >= 0 ? coverage_entry_hits(e, s, (enum coverage_part)hits)
			  : streq(name.buf, "path") ? read_path(in, s, &path)
						    : read_other(in, s, &name);
		if (!ok)
			return false;
	}
	if (s->what || !is_whole(s, e, path))
		return false;
	size_t lost = coverage_entry_straighten(e);
	if (lost)
		problem_add(&in->set->problems, in->path, "no-place", false,
			"%s: %zu counts that its maps know nothing of: left out", path, lost);
	coverage_entry_commit(e, coverage_file_of(in->set, path));
	in->entries++;
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
