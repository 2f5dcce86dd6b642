#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/coverage/report.h"

#include <math.h>

static void json_map(const struct coverage_report_options *options, struct spool *out)
{
	coverage_print_json(options->set, out);
}

const struct coverage_report coverage_reports[] = {
	{"text", NULL, coverage_text},
	{"text-summary", NULL, coverage_text_summary},
	{"lcov", "lcov.info", coverage_lcov},
	{"cobertura", "cobertura-coverage.xml", coverage_cobertura},
	{"json", "coverage-final.json", json_map},
	{"json-summary", "coverage-summary.json", coverage_json_summary},
	{"html", "html/index.html", NULL, coverage_html},
	{NULL},
};

const struct coverage_report *coverage_report_find(const char *name)
{
	for (const struct coverage_report *r = coverage_reports; r->name; r++)
		if (streq(r->name, name))
			return r;
	return NULL;
}

/* ---- numbers --------------------------------------------------------------------------------- */

void coverage_add_number(struct strbuf *out, double v)
{
	char text[40];

	if (isnan(v)) {
		strbuf_addstr(out, "NaN");
		return;
	}
	for (int precision = 15; precision <= 17; precision++) {
		snprintf(text, sizeof(text), "%.*g", precision, v);
		if (strtod(text, NULL) == v)
			break;
	}
	strbuf_addstr(out, text);
}

void coverage_add_pct(struct strbuf *out, struct coverage_count c)
{
	uint64_t hundredths = (uint64_t)llround(coverage_pct(c) * 100);

	strbuf_addu(out, hundredths / 100);
	if (hundredths % 100 == 0)
		return;
	strbuf_addch(out, '.');
	strbuf_addch(out, (char)('0' + hundredths / 10 % 10));
	if (hundredths % 10)
		strbuf_addch(out, (char)('0' + hundredths % 10));
}

/* ---- json-summary ---------------------------------------------------------------------------- */

static void add_member(
	struct strbuf *out, enum coverage_kind kind, struct coverage_count c, bool known)
{
	strbuf_addf(out, "\"%s\":{\"total\":", coverage_kind_name(kind));
	strbuf_addu(out, (uint64_t)c.total);
	strbuf_addstr(out, ",\"covered\":");
	strbuf_addu(out, (uint64_t)c.covered);
	strbuf_addstr(out, ",\"skipped\":0,\"pct\":");
	if (known)
		coverage_add_pct(out, c);
	else
		strbuf_addstr(out, "\"Unknown\"");
	strbuf_addch(out, '}');
}

static void add_total(struct strbuf *out, const struct coverage_tree *t)
{
	static const enum coverage_kind order[] = {
		COVERAGE_LINES, COVERAGE_STATEMENTS, COVERAGE_FUNCTIONS, COVERAGE_BRANCHES};

	strbuf_addstr(out, "{\"total\": {");
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		add_member(out, order[i], t->total.of[order[i]], t->n > 0);
		strbuf_addch(out, ',');
	}
	/* Istanbul knows no branchesTrue of files, but adds it up over folders */
	strbuf_addf(out, "\"branchesTrue\":{\"total\":0,\"covered\":0,\"skipped\":0,\"pct\":%s}}\n",
		t->n > 1 ? "100" : "\"Unknown\"");
}

void coverage_json_summary(const struct coverage_report_options *options, struct spool *out)
{
	static const enum coverage_kind order[] = {
		COVERAGE_LINES, COVERAGE_FUNCTIONS, COVERAGE_STATEMENTS, COVERAGE_BRANCHES};
	const struct coverage_tree *t = options->tree;
	struct strbuf *buf = &out->buf;

	add_total(buf, t);
	for (size_t f = 0; f < t->n_files; f++) {
		const char *path = coverage_file_path(t->files[f]);
		strbuf_addch(buf, ',');
		jsonw_quote(buf, path, strlen(path));
		strbuf_addstr(buf, ": {");
		for (size_t i = 0; i < ARRAY_LEN(order); i++) {
			if (i)
				strbuf_addch(buf, ',');
			add_member(buf, order[i], t->totals[f].of[order[i]], true);
		}
		strbuf_addstr(buf, "}\n");
		spool_settle(out);
	}
	strbuf_addstr(buf, "}\n");
}

int coverage_report_print(const struct coverage_report *report,
	const struct coverage_report_options *options, int fd, struct error *err)
{
	struct spool out;

	if (spool_open(&out, NULL, err) < 0)
		return -1;
	report->write(options, &out);
	int result = spool_copy(&out, fd, err);
	spool_release(&out);
	return result;
}

int coverage_report_save(const struct coverage_report *report,
	const struct coverage_report_options *options, const char *dir, struct error *err)
{
	cleanup_free char *path = path_join(dir, report->file);
	cleanup_free char *folder = path_dirname(path);
	struct spool out;

	if (report->write_folder)
		return report->write_folder(options, folder, err);
	if (spool_open(&out, path, err) < 0)
		return -1;
	report->write(options, &out);
	int result = spool_commit(&out, err);
	spool_release(&out);
	return result;
}
