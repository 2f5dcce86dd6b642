#include "core/base/base.h"

#include "core/base/path.h"
#include "core/coverage/parts.h"
#include "core/coverage/report.h"

/* A line of lcov is a record: a line break in a name would begin another one. */
static void add_line(struct strbuf *out, const char *s, size_t len)
{
	size_t start = out->len;

	strbuf_add(out, s, len);
	for (size_t i = start; i < out->len; i++)
		if (out->buf[i] == '\n' || out->buf[i] == '\r' || out->buf[i] == '\0')
			out->buf[i] = ' ';
	strbuf_addch(out, '\n');
}

static void add_name(
	struct strbuf *out, const struct coverage_version *v, const struct map_function *f)
{
	const char *raw = v->text[PART_FUNCTIONS] + f->name_at;
	cleanup_strbuf struct strbuf name = STRBUF_INIT;

	if (!memchr(raw, '\\', f->name_len)) {
		add_line(out, raw, f->name_len);
		return;
	}
	stream_unescape(&name, raw, f->name_len);
	add_line(out, name.buf, name.len);
}

static void add_count(struct strbuf *out, const char *what, int64_t n)
{
	strbuf_addstr(out, what);
	strbuf_addu(out, (uint64_t)n);
	strbuf_addch(out, '\n');
}

static void add_int(struct strbuf *out, int64_t n)
{
	if (n < 0)
		strbuf_addch(out, '-');
	strbuf_addu(out, (uint64_t)(n < 0 ? -n : n));
}

static void write_functions(
	struct strbuf *out, const struct coverage_version *v, struct coverage_count c)
{
	const struct coverage_map *m = &v->map[PART_FUNCTIONS];
	const uint64_t *hits = version_hits(v, PART_FUNCTIONS);

	for (size_t i = 0; i < m->n; i++) {
		strbuf_addstr(out, "FN:");
		add_int(out, m->functions[i].decl_line);
		strbuf_addch(out, ',');
		add_name(out, v, &m->functions[i]);
	}
	add_count(out, "FNF:", c.total);
	add_count(out, "FNH:", c.covered);
	for (size_t i = 0; i < m->n; i++) {
		strbuf_addstr(out, "FNDA:");
		strbuf_addu(out, hits[i]);
		strbuf_addch(out, ',');
		add_name(out, v, &m->functions[i]);
	}
}

static void write_lines(struct strbuf *out, const struct coverage_file *f, struct coverage_count c)
{
	cleanup_free struct coverage_line *lines = NULL;
	size_t n = coverage_file_lines(f, &lines);

	for (size_t i = 0; i < n; i++) {
		strbuf_addstr(out, "DA:");
		add_int(out, lines[i].line);
		strbuf_addch(out, ',');
		strbuf_addu(out, lines[i].hits);
		strbuf_addch(out, '\n');
	}
	add_count(out, "LF:", c.total);
	add_count(out, "LH:", c.covered);
}

static void write_branches(
	struct strbuf *out, const struct coverage_version *v, struct coverage_count c)
{
	const struct coverage_map *m = &v->map[PART_BRANCHES];
	const uint64_t *hits = version_hits(v, PART_BRANCHES);

	for (size_t i = 0; i < m->n; i++) {
		for (uint32_t arm = v->arm_at[i]; arm < v->arm_at[i + 1]; arm++) {
			strbuf_addstr(out, "BRDA:");
			add_int(out, m->branches[i].loc.line);
			strbuf_addch(out, ',');
			strbuf_addu(out, i);
			strbuf_addch(out, ',');
			strbuf_addu(out, arm - v->arm_at[i]);
			strbuf_addch(out, ',');
			strbuf_addu(out, hits[arm]);
			strbuf_addch(out, '\n');
		}
	}
	add_count(out, "BRF:", c.total);
	add_count(out, "BRH:", c.covered);
}

void coverage_lcov(const struct coverage_report_options *options, struct spool *out)
{
	const struct coverage_tree *t = options->tree;
	struct strbuf *buf = &out->buf;

	for (size_t i = 0; i < t->n_files; i++) {
		const struct coverage_version *v = coverage_file_version(t->files[i]);
		cleanup_free char *path =
			path_relative(options->root, coverage_file_path(t->files[i]));
		strbuf_addstr(buf, "TN:\nSF:");
		add_line(buf, path, strlen(path));
		write_functions(buf, v, t->totals[i].of[COVERAGE_FUNCTIONS]);
		write_lines(buf, t->files[i], t->totals[i].of[COVERAGE_LINES]);
		write_branches(buf, v, t->totals[i].of[COVERAGE_BRANCHES]);
		strbuf_addstr(buf, "end_of_record\n");
		spool_settle(out);
	}
}
