#include "core/base/base.h"

#include "core/base/path.h"
#include "core/coverage/parts.h"
#include "core/coverage/report.h"

#include <math.h>

/* What XML has no word for: control characters, and two of the last code points. */
static bool is_forbidden(const char *s, size_t left)
{
	unsigned char c = (unsigned char)*s;

	if (c < 0x20)
		return c != '\t' && c != '\n' && c != '\r';
	return c == 0xef && left > 2 && (unsigned char)s[1] == 0xbf && (unsigned char)s[2] >= 0xbe;
}

/* As Istanbul escapes names. It does not escape paths, which gives broken XML; here all are. */
static void add_escaped(struct strbuf *out, const char *s, size_t len)
{
	static const char special[] = "&<>'\"";
	static const char *const written[] = {"&amp;", "&lt;", "&gt;", "&#39;", "&quot;"};

	for (size_t i = 0; i < len;) {
		const char *found = s[i] ? strchr(special, s[i]) : NULL;
		if (found) {
			strbuf_addstr(out, written[found - special]);
			i++;
		} else if (is_forbidden(s + i, len - i)) {
			strbuf_addstr(out, "\xef\xbf\xbd");
			i += (unsigned char)s[i] == 0xef ? 3 : 1;
		} else {
			strbuf_addch(out, s[i++]);
		}
	}
}

static void add_rate(struct strbuf *out, const char *name, struct coverage_count c, bool known)
{
	strbuf_addf(out, " %s=\"", name);
	coverage_add_number(out, known ? coverage_pct(c) / 100 : (double)NAN);
	strbuf_addch(out, '"');
}

static void add_rates(struct strbuf *out, const struct coverage_totals *t)
{
	add_rate(out, "line-rate", t->of[COVERAGE_LINES], true);
	add_rate(out, "branch-rate", t->of[COVERAGE_BRANCHES], true);
	strbuf_addstr(out, ">\n");
}

static void add_int(struct strbuf *out, int64_t n)
{
	if (n < 0)
		strbuf_addch(out, '-');
	strbuf_addu(out, (uint64_t)(n < 0 ? -n : n));
}

/* ---- a class: one file ----------------------------------------------------------------------- */

static void write_methods(struct strbuf *out, const struct coverage_version *v)
{
	const struct coverage_map *m = &v->map[PART_FUNCTIONS];
	const uint64_t *hits = version_hits(v, PART_FUNCTIONS);
	cleanup_strbuf struct strbuf name = STRBUF_INIT;

	strbuf_addstr(out, "          <methods>\n");
	for (size_t i = 0; i < m->n; i++) {
		strbuf_reset(&name);
		stream_unescape(&name, v->text[PART_FUNCTIONS] + m->functions[i].name_at,
			m->functions[i].name_len);
		strbuf_addstr(out, "            <method name=\"");
		add_escaped(out, name.buf, name.len);
		strbuf_addstr(out, "\" hits=\"");
		strbuf_addu(out, hits[i]);
		strbuf_addstr(out, "\" signature=\"()V\">\n              <lines>\n"
				   "                <line number=\"");
		add_int(out, m->functions[i].decl_line);
		strbuf_addstr(out, "\" hits=\"");
		strbuf_addu(out, hits[i]);
		strbuf_addstr(out, "\"/>\n              </lines>\n            </method>\n");
	}
	strbuf_addstr(out, "          </methods>\n");
}

/* Most lines have few arms, and finding the shortest form of a number is dear. */
enum { CACHED_ARMS = 16 };

struct percentages {
	char text[CACHED_ARMS + 1][CACHED_ARMS + 1][24]; /* total, covered */
};

static void add_percentage(
	struct strbuf *out, struct percentages *cache, uint32_t covered, uint32_t total)
{
	bool small = total <= CACHED_ARMS;
	size_t start = out->len;

	if (small && cache->text[total][covered][0]) {
		strbuf_addstr(out, cache->text[total][covered]);
		return;
	}
	coverage_add_number(out, total ? (double)covered / total * 100 : (double)NAN);
	if (small)
		snprintf(cache->text[total][covered], sizeof(cache->text[0][0]), "%s",
			out->buf + start);
}

static void write_lines(
	struct strbuf *out, const struct coverage_file *f, struct percentages *cache)
{
	cleanup_free struct coverage_line *lines = NULL;
	size_t n = coverage_file_lines(f, &lines);

	strbuf_addstr(out, "          <lines>\n");
	for (size_t i = 0; i < n; i++) {
		strbuf_addstr(out, "            <line number=\"");
		add_int(out, lines[i].line);
		strbuf_addstr(out, "\" hits=\"");
		strbuf_addu(out, lines[i].hits);
		if (!lines[i].has_branch) {
			strbuf_addstr(out, "\" branch=\"false\"/>\n");
			continue;
		}
		strbuf_addstr(out, "\" branch=\"true\" condition-coverage=\"");
		add_percentage(out, cache, lines[i].arms_covered, lines[i].arms);
		strbuf_addstr(out, "% (");
		strbuf_addu(out, lines[i].arms_covered);
		strbuf_addch(out, '/');
		strbuf_addu(out, lines[i].arms);
		strbuf_addstr(out, ")\"/>\n");
	}
	strbuf_addstr(out, "          </lines>\n");
}

static void write_class(const struct coverage_report_options *options, size_t i,
	struct percentages *cache, struct strbuf *out)
{
	const struct coverage_file *f = options->tree->files[i];
	const char *path = coverage_file_path(f), *name = path_basename(path);
	cleanup_free char *relative = path_relative(options->root, path);

	/* Istanbul takes a backslash for a separator */
	name = strrchr(name, '\\') ? strrchr(name, '\\') + 1 : name;
	strbuf_addstr(out, "        <class name=\"");
	add_escaped(out, name, strlen(name));
	strbuf_addstr(out, "\" filename=\"");
	add_escaped(out, relative, strlen(relative));
	strbuf_addch(out, '"');
	add_rates(out, &options->tree->totals[i]);
	write_methods(out, coverage_file_version(f));
	write_lines(out, f, cache);
	strbuf_addstr(out, "        </class>\n");
}

/* ---- the document ---------------------------------------------------------------------------- */

static void write_head(const struct coverage_report_options *options, struct strbuf *out)
{
	const struct coverage_tree *t = options->tree;
	struct coverage_count lines = t->total.of[COVERAGE_LINES];
	struct coverage_count branches = t->total.of[COVERAGE_BRANCHES];

	strbuf_addf(out,
		"<?xml version=\"1.0\" ?>\n"
		"<!DOCTYPE coverage SYSTEM "
		"\"http://cobertura.sourceforge.net/xml/coverage-04.dtd\">\n"
		"<coverage lines-valid=\"%" PRId64 "\" lines-covered=\"%" PRId64 "\"",
		lines.total, lines.covered);
	add_rate(out, "line-rate", lines, t->n > 0);
	strbuf_addf(out, " branches-valid=\"%" PRId64 "\" branches-covered=\"%" PRId64 "\"",
		branches.total, branches.covered);
	add_rate(out, "branch-rate", branches, t->n > 0);
	strbuf_addf(out, " timestamp=\"%" PRId64 "\" complexity=\"0\" version=\"0.1\">\n",
		options->timestamp_ms);
	strbuf_addstr(out, "  <sources>\n    <source>");
	add_escaped(out, options->root, strlen(options->root));
	strbuf_addstr(out, "</source>\n  </sources>\n  <packages>\n");
}

static void add_package(struct strbuf *out, const char *name, bool root)
{
	size_t start;

	strbuf_addstr(out, "    <package name=\"");
	start = out->len;
	if (root)
		strbuf_addstr(out, "main");
	else
		add_escaped(out, name, strlen(name));
	for (size_t i = start; i < out->len; i++)
		if (out->buf[i] == '/' || out->buf[i] == '\\')
			out->buf[i] = '.';
	if (out->len > start && out->buf[out->len - 1] == '.')
		strbuf_setlen(out, out->len - 1);
	strbuf_addch(out, '"');
}

void coverage_cobertura(const struct coverage_report_options *options, struct spool *out)
{
	const struct coverage_tree *t = options->tree;
	cleanup_free struct percentages *cache = xcalloc(1, sizeof(*cache));
	struct strbuf *buf = &out->buf;

	write_head(options, buf);
	for (size_t i = 0; i < t->n; i++) {
		const struct coverage_folder *folder = &t->folders[i];
		add_package(buf, folder->name, t->flat);
		add_rates(buf, &folder->totals);
		strbuf_addstr(buf, "      <classes>\n");
		for (size_t f = folder->first; f < folder->first + folder->n; f++) {
			write_class(options, f, cache, buf);
			spool_settle(out);
		}
		strbuf_addstr(buf, "      </classes>\n    </package>\n");
	}
	strbuf_addstr(buf, "  </packages>\n</coverage>\n");
}
