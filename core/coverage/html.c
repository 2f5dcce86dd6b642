#include "core/base/base.h"

#include "core/base/embedded.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/coverage/report.h"

#include <time.h>

extern const struct embedded_file coverage_page[]; /* ended by a NULL name */

enum {
	/* A larger source is generated code: nobody reads it in a browser. */
	SOURCE_BYTES = 8 * 1024 * 1024,
	/* Several sources share a file of data: making a file costs more than what is in it. */
	DATA_BYTES = 256 * 1024,
};

static const double LIMIT_DEFAULT = 90;

struct page {
	const struct coverage_report_options *options;
	const char *dir;
	char *data_dir;
	struct strbuf out; /* of the data file at hand */
	size_t n;          /* its number */
	size_t *data_of;   /* in which one a source is */
};

/* ---- numbers ----------------------------------------------------------------------------------- */

static void put_int(struct strbuf *out, int64_t n)
{
	if (n < 0)
		strbuf_addch(out, '-');
	strbuf_addu(out, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

static void put_next(struct strbuf *out, bool *first, int64_t n)
{
	if (!*first)
		strbuf_addch(out, ',');
	*first = false;
	put_int(out, n);
}

/* line, column, end line, end column; -1 where the map says nothing: the end of the line. */
static void put_loc(struct strbuf *out, bool *first, const struct coverage_loc *loc)
{
	put_next(out, first, loc->line);
	put_next(out, first, loc->column == COVERAGE_NOWHERE ? 0 : loc->column);
	put_next(out, first, loc->end_line == COVERAGE_NOWHERE ? loc->line : loc->end_line);
	put_next(out, first, loc->end_column == COVERAGE_NOWHERE ? -1 : loc->end_column);
}

/* ---- one source file --------------------------------------------------------------------------- */

/* Four numbers a line: line, hits, branches taken, branches. */
static void put_lines(struct strbuf *out, const struct coverage_file *f)
{
	cleanup_free struct coverage_line *lines = NULL;
	size_t n = coverage_file_lines(f, &lines);
	bool first = true;

	strbuf_addstr(out, "\"lines\":[");
	for (size_t i = 0; i < n; i++) {
		put_next(out, &first, lines[i].line);
		put_next(out, &first, (int64_t)lines[i].hits);
		put_next(out, &first, lines[i].arms_covered);
		put_next(out, &first, lines[i].arms);
	}
	strbuf_addstr(out, "],\n");
}

static void put_statements(struct strbuf *out, const struct coverage_detail *d)
{
	bool first = true;

	strbuf_addstr(out, "\"statements\":[");
	for (size_t i = 0; i < d->n_statements; i++)
		if (!d->statements[i].hits && d->statements[i].loc.line != COVERAGE_NOWHERE)
			put_loc(out, &first, &d->statements[i].loc);
	strbuf_addstr(out, "],\n");
}

static void put_functions(struct strbuf *out, const struct coverage_detail *d)
{
	bool any = false;

	strbuf_addstr(out, "\"functions\":[");
	for (size_t i = 0; i < d->n_functions; i++) {
		const struct coverage_function *f = &d->functions[i];
		const struct coverage_loc *loc =
			f->decl.line == COVERAGE_NOWHERE ? &f->loc : &f->decl;
		bool first = false;
		if (f->hits || loc->line == COVERAGE_NOWHERE)
			continue;
		strbuf_addstr(out, any ? ",[" : "[");
		jsonw_quote(out, f->name, f->name_len);
		put_loc(out, &first, loc);
		strbuf_addch(out, ']');
		any = true;
	}
	strbuf_addstr(out, "],\n");
}

/* An `else` that is not there is marked where its `if` begins. */
static struct coverage_loc arm_loc(const struct coverage_branch *b, const struct coverage_arm *arm)
{
	if (arm->loc.line != COVERAGE_NOWHERE)
		return arm->loc;
	struct coverage_loc loc = b->loc;
	if (loc.line == COVERAGE_NOWHERE)
		loc.line = b->line;
	loc.end_line = loc.line;
	loc.end_column = loc.column;
	return loc;
}

static void put_branches(struct strbuf *out, const struct coverage_detail *d)
{
	bool any = false;

	strbuf_addstr(out, "\"branches\":[");
	for (size_t i = 0; i < d->n_branches; i++) {
		const struct coverage_branch *b = &d->branches[i];
		for (size_t k = 0; k < b->n_arms; k++) {
			struct coverage_loc loc = arm_loc(b, &b->arms[k]);
			bool first = false;
			if (b->arms[k].hits || loc.line == COVERAGE_NOWHERE)
				continue;
			strbuf_addstr(out, any ? ",[" : "[");
			jsonw_quote(out, b->type, strlen(b->type));
			put_next(out, &first, (int64_t)k);
			put_loc(out, &first, &loc);
			strbuf_addch(out, ']');
			any = true;
		}
	}
	strbuf_addstr(out, "],\n");
}

static void put_source(struct strbuf *out, const char *path)
{
	cleanup_strbuf struct strbuf source = STRBUF_INIT;
	struct error why = ERROR_INIT;

	if (file_read(path, SOURCE_BYTES, EXIT_CODE_INFRASTRUCTURE, &source, &why) == 0) {
		strbuf_addstr(out, "\"source\":");
		jsonw_quote(out, source.buf, source.len);
		return;
	}
	strbuf_addstr(out, "\"source\":null,\"note\":");
	jsonw_quote(out, why.text, strlen(why.text));
}

static int put_file(
	struct page *page, size_t index, const struct coverage_file *f, struct error *err)
{
	struct coverage_detail detail = {0};
	struct strbuf *out = &page->out;

	if (coverage_file_detail(f, &detail, err) < 0)
		return -1;
	strbuf_addf(out, "muster.file(%zu, {", index);
	put_lines(out, f);
	put_statements(out, &detail);
	put_functions(out, &detail);
	put_branches(out, &detail);
	coverage_detail_release(&detail);
	put_source(out, coverage_file_path(f));
	strbuf_addstr(out, "});\n");
	page->data_of[index] = page->n;
	return 0;
}

static int end_data(struct page *page, struct error *err)
{
	cleanup_free char *path = xasprintf("%s/%zu.js", page->data_dir, page->n++);
	int result = file_write_many(path, page->out.buf, page->out.len, err);

	strbuf_reset(&page->out);
	return result;
}

static int write_data(struct page *page, const struct coverage *coverage, struct error *err)
{
	for (size_t i = 0; i < coverage_file_count(coverage); i++) {
		if (put_file(page, i, coverage_file_at(coverage, i), err) < 0)
			return -1;
		if (page->out.len >= DATA_BYTES && end_data(page, err) < 0)
			return -1;
	}
	return page->out.len ? end_data(page, err) : 0;
}

/* ---- the whole --------------------------------------------------------------------------------- */

static void put_shown_path(struct strbuf *out, const char *root, const char *path)
{
	cleanup_free char *shown =
		path_is_below(root, path) ? path_relative(root, path) : xstrdup(path);

	jsonw_quote(out, shown, strlen(shown));
}

static int write_index(struct page *page, const struct coverage *coverage, struct error *err)
{
	const struct coverage_report_options *o = page->options;
	cleanup_free char *title = xasprintf("Coverage of %s", path_basename(o->root));
	cleanup_free char *path = path_join(page->data_dir, "index.js");
	struct strbuf *out = &page->out;
	time_t now = (time_t)(o->timestamp_ms / 1000);
	char made[32];
	struct tm tm;

	gmtime_r(&now, &tm);
	strftime(made, sizeof(made), "%Y-%m-%d %H:%M UTC", &tm);
	strbuf_setlen(out, 0);
	strbuf_addstr(out, "muster.index({\"title\":");
	jsonw_quote(out, title, strlen(title));
	strbuf_addf(out, ",\"made\":\"%s\",\"limits\":[", made);
	for (int kind = 0; kind < COVERAGE_KINDS; kind++)
		strbuf_addf(out, "%s%g", kind ? "," : "",
			o->limits[kind] > 0 ? o->limits[kind] : LIMIT_DEFAULT);
	strbuf_addstr(out, "],\"files\":[");
	for (size_t i = 0; i < coverage_file_count(coverage); i++) {
		const struct coverage_file *f = coverage_file_at(coverage, i);
		struct coverage_totals totals = coverage_file_totals(f);
		strbuf_addstr(out, i ? ",\n[" : "\n[");
		put_shown_path(out, o->root, coverage_file_path(f));
		for (int kind = 0; kind < COVERAGE_KINDS; kind++) {
			bool first = false;
			put_next(out, &first, totals.of[kind].covered);
			put_next(out, &first, totals.of[kind].total);
		}
		strbuf_addf(out, ",%zu]", page->data_of[i]);
	}
	strbuf_addstr(out, "]});\n");
	return file_write_many(path, out->buf, out->len, err);
}

static int write_all(struct page *page, const struct coverage *coverage, struct error *err)
{
	if (file_mkdirs(page->data_dir, err) < 0)
		return -1;
	if (write_data(page, coverage, err) < 0 || write_index(page, coverage, err) < 0)
		return -1;
	for (const struct embedded_file *f = coverage_page; f->name; f++) {
		cleanup_free char *path = path_join(page->dir, f->name);
		if (file_write_many(path, f->data, f->size, err) < 0)
			return -1;
	}
	return 0;
}

int coverage_html(const struct coverage_report_options *options, const char *dir, struct error *err)
{
	struct page page = {
		.options = options,
		.dir = dir,
		.data_dir = path_join(dir, "data"),
		.out = STRBUF_INIT,
		.data_of = xcalloc(coverage_file_count(options->set) + 1, sizeof(*page.data_of)),
	};
	int result = write_all(&page, options->set, err);

	strbuf_release(&page.out);
	free(page.data_dir);
	free(page.data_of);
	return result;
}
