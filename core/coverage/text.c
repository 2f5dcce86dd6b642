#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/path.h"
#include "core/base/strvec.h"
#include "core/base/text.h"
#include "core/coverage/report.h"

/* Istanbul's table. Its widths are in UTF-16 units, and so are these. */
enum {
	NAME_COLUMNS = 4,
	PCT_COLUMNS = 7,
	MISSING_COLUMNS = 17,
	FIXED_COLUMNS = 3 + 4 * (PCT_COLUMNS + 3) + 2,
	LOW = 50,
	HIGH = 80,
};

struct table {
	struct strbuf *out;
	struct spool *spool;
	int name_width, missing_width;
	bool color;
};

/* UTF-16 units of the character at `s`, and its bytes. */
static int units(const char *s, size_t len, size_t *ret_bytes)
{
	size_t n = text_utf8_len(s, len);

	*ret_bytes = n ? n : 1;
	return n == 4 ? 2 : 1;
}

static int width(const char *s)
{
	size_t len = strlen(s), bytes;
	int n = 0;

	for (size_t i = 0; i < len; i += bytes)
		n += units(s + i, len - i, &bytes);
	return n;
}

/* The end of `s` that has at most `columns` units. */
static const char *tail(const char *s, int columns)
{
	size_t len = strlen(s), bytes, i = 0;

	for (int n = width(s); n > columns && i < len; i += bytes)
		n -= units(s + i, len - i, &bytes);
	return s + i;
}

/* Names come from strangers: nothing in them may drive the terminal. */
static void add_clean(struct strbuf *out, const char *s)
{
	for (; *s; s++)
		strbuf_addch(out, (unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static void fill(struct strbuf *out, const char *s, int columns, bool right, int indent)
{
	int left = columns - indent, n = width(s);

	strbuf_addchn(out, ' ', (size_t)indent);
	if (left <= 0)
		return;
	if (n > left) {
		strbuf_addstr(out, "...");
		add_clean(out, tail(s, MAX(left - 3, 0)));
		return;
	}
	if (right)
		strbuf_addchn(out, ' ', (size_t)(left - n));
	add_clean(out, s);
	if (!right)
		strbuf_addchn(out, ' ', (size_t)(left - n));
}

static void rule(struct table *t)
{
	strbuf_addchn(t->out, '-', (size_t)t->name_width);
	strbuf_addstr(t->out, "-|---------|----------|---------|---------|-");
	strbuf_addchn(t->out, '-', (size_t)t->missing_width);
	strbuf_addstr(t->out, "-\n");
}

static void header(struct table *t)
{
	rule(t);
	fill(t->out, "File", t->name_width, false, 0);
	strbuf_addstr(t->out, " | % Stmts | % Branch | % Funcs | % Lines | ");
	fill(t->out, "Uncovered Line #s", t->missing_width, false, 0);
	strbuf_addstr(t->out, " \n");
	rule(t);
}

/* ---- cells ----------------------------------------------------------------------------------- */

static enum ansi_style style_of(double pct)
{
	return pct < LOW ? ANSI_RED : pct < HIGH ? ANSI_YELLOW : ANSI_GREEN;
}

static void begin(struct table *t, bool colored, enum ansi_style style)
{
	strbuf_addstr(t->out, ansi(style, t->color && colored));
	strbuf_addstr(t->out, ansi(ANSI_BOLD, t->color && colored));
}

static void end(struct table *t, bool colored)
{
	strbuf_addstr(t->out, ansi(ANSI_RESET, t->color && colored));
}

static void pct_cell(struct table *t, struct coverage_count c, bool empty, int columns)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (empty)
		strbuf_addch(&text, '0');
	else
		coverage_add_pct(&text, c);
	begin(t, !empty, style_of(coverage_pct(c)));
	fill(t->out, text.buf, columns, true, 0);
	end(t, !empty);
	strbuf_addstr(t->out, " | ");
}

static void write_row(struct table *t, const char *name, int depth,
	const struct coverage_totals *totals, const char *missing)
{
	/* a file without lines: Istanbul says 0, not 100 */
	bool empty = totals->of[COVERAGE_LINES].total == 0;
	bool full = !empty && coverage_pct(totals->of[COVERAGE_LINES]) == 100;

	begin(t, !empty, style_of(coverage_pct(totals->of[COVERAGE_STATEMENTS])));
	fill(t->out, name, t->name_width, false, depth);
	end(t, !empty);
	strbuf_addstr(t->out, " | ");
	pct_cell(t, totals->of[COVERAGE_STATEMENTS], empty, PCT_COLUMNS);
	pct_cell(t, totals->of[COVERAGE_BRANCHES], empty, PCT_COLUMNS + 1);
	pct_cell(t, totals->of[COVERAGE_FUNCTIONS], empty, PCT_COLUMNS);
	pct_cell(t, totals->of[COVERAGE_LINES], empty, PCT_COLUMNS);
	begin(t, true, full ? ANSI_YELLOW : ANSI_RED);
	fill(t->out, missing, t->missing_width, false, 0);
	end(t, true);
	strbuf_addstr(t->out, " \n");
	spool_settle(t->spool);
}

/* ---- what is missing ------------------------------------------------------------------------- */

/* Runs of lines that miss something, as "3,7-12"; a line that misses nothing ends a run. */
static char *ranges(const struct coverage_line *lines, size_t n, bool branches)
{
	struct strbuf out = STRBUF_INIT;
	int64_t first = 0, last = 0;
	bool open = false;

	for (size_t i = 0; i <= n; i++) {
		bool hit = i == n     ? true
			   : branches ? lines[i].arms && lines[i].arms_covered == lines[i].arms
				      : lines[i].hits > 0;
		if (!hit) {
			first = open ? first : lines[i].line;
			last = lines[i].line;
			open = true;
			continue;
		}
		if (open)
			strbuf_addf(&out, "%s%" PRId64, out.len ? "," : "", first);
		if (open && last != first)
			strbuf_addf(&out, "-%" PRId64, last);
		open = false;
	}
	return strbuf_detach(&out);
}

/* Lines; where all of them are covered, the branches. */
static char *missing_of(const struct coverage_file *f, const struct coverage_totals *totals)
{
	cleanup_free struct coverage_line *lines = NULL;
	struct coverage_count c = totals->of[COVERAGE_LINES];
	bool full = c.total > 0 && coverage_pct(c) == 100;
	size_t n = full ? coverage_file_branch_lines(f, &lines) : coverage_file_lines(f, &lines);

	return ranges(lines, n, full);
}

/* ---- the table ------------------------------------------------------------------------------- */

static const char *name_of(const struct coverage_tree *tree, size_t file)
{
	return path_basename(coverage_file_path(tree->files[file]));
}

static void set_widths(struct table *t, const struct coverage_tree *tree,
	const struct strvec *missing, int columns)
{
	int name = MAX((int)NAME_COLUMNS, width("All files")), lines = MISSING_COLUMNS;

	for (size_t i = 0; i < tree->n && !tree->flat; i++)
		name = MAX(name, 1 + width(tree->folders[i].name));
	for (size_t i = 0; i < tree->n_files; i++) {
		name = MAX(name, (tree->flat ? 1 : 2) + width(name_of(tree, i)));
		lines = MAX(lines, (int)strlen(missing->v[i]));
	}
	int most = columns - (FIXED_COLUMNS + MISSING_COLUMNS);
	if (columns > 0 && name > most) {
		name = most;
		lines = MISSING_COLUMNS;
	} else if (columns > 0 && name < most) {
		lines = MIN(lines, columns - (name + FIXED_COLUMNS));
	}
	t->name_width = MAX(name, 0);
	t->missing_width = MAX(lines, 0);
}

void coverage_text(const struct coverage_report_options *options, struct spool *out)
{
	const struct coverage_tree *tree = options->tree;
	cleanup_strvec struct strvec missing = STRVEC_INIT;
	struct table t = {.out = &out->buf, .spool = out, .color = options->color};

	for (size_t i = 0; i < tree->n_files; i++) {
		cleanup_free char *text = missing_of(tree->files[i], &tree->totals[i]);
		strvec_push(&missing, text);
	}
	set_widths(&t, tree, &missing, options->columns);
	header(&t);
	write_row(&t, "All files", 0, &tree->total, "");
	for (size_t i = 0; i < tree->n; i++) {
		const struct coverage_folder *folder = &tree->folders[i];
		if (!tree->flat)
			write_row(&t, folder->name, 1, &folder->totals, "");
		for (size_t f = folder->first; f < folder->first + folder->n; f++)
			write_row(&t, name_of(tree, f), tree->flat ? 1 : 2, &tree->totals[f],
				missing.v[f]);
	}
	rule(&t);
}

static void summary_line(const struct coverage_report_options *options, struct strbuf *out,
	const char *label, enum coverage_kind kind)
{
	struct coverage_count c = options->tree->total.of[kind];
	bool known = options->tree->n > 0;

	if (known) {
		strbuf_addstr(out, ansi(style_of(coverage_pct(c)), options->color));
		strbuf_addstr(out, ansi(ANSI_BOLD, options->color));
	}
	strbuf_addf(out, "%-12s : ", label);
	if (known)
		coverage_add_pct(out, c);
	else
		strbuf_addstr(out, "Unknown");
	strbuf_addf(out, "%% ( %" PRId64 "/%" PRId64 " )%s\n", c.covered, c.total,
		known ? ansi(ANSI_RESET, options->color) : "");
}

void coverage_text_summary(const struct coverage_report_options *options, struct spool *out)
{
	struct strbuf *buf = &out->buf;

	strbuf_addstr(buf, "\n=============================== Coverage summary "
			   "===============================\n");
	summary_line(options, buf, "Statements", COVERAGE_STATEMENTS);
	summary_line(options, buf, "Branches", COVERAGE_BRANCHES);
	summary_line(options, buf, "Functions", COVERAGE_FUNCTIONS);
	summary_line(options, buf, "Lines", COVERAGE_LINES);
	strbuf_addchn(buf, '=', 80);
	strbuf_addch(buf, '\n');
}
