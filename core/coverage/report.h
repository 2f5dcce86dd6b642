/*
 * Coverage as files for other tools and as tables for people, in the very form that Istanbul's
 * reporters write: same order, same figures to the digit. Where they differ, docs/coverage.md says
 * how and why.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/spool.h"
#include "core/coverage/coverage.h"

/* A folder with files directly in it, as Istanbul's tables list them. */
struct coverage_folder {
	char *name;                    /* relative to what all folders have in common */
	size_t first, n;               /* its files, in the tree's order */
	struct coverage_totals totals; /* of these files */
};

struct coverage_tree {
	struct coverage_folder *folders; /* sorted by name */
	size_t n;
	const struct coverage_file **files; /* by folder, then by name */
	struct coverage_totals *totals;     /* of each of them */
	size_t n_files;
	struct coverage_totals total;
	bool flat; /* there is but one folder: it is the root of the table */
};

void coverage_tree_init(struct coverage_tree *t, const struct coverage *c);
void coverage_tree_release(struct coverage_tree *t);

struct coverage_report_options {
	const struct coverage *set;
	const struct coverage_tree *tree;
	const char *root; /* paths in lcov and Cobertura are relative to it; absolute, normal */
	int columns;      /* of the text table; 0 = as wide as it gets */
	bool color;
	double limits[COVERAGE_KINDS]; /* per cent below which the page marks a figure; <= 0: 90 */
	int64_t timestamp_ms;          /* unix, for Cobertura and the page */
};

struct coverage_report {
	const char *name;
	const char *file; /* its place in the folder of reports; NULL: for people, on stdout */
	void (*write)(const struct coverage_report_options *options, struct spool *out);
	/* Instead of `write`: many files in a folder, which is made. Error code: infrastructure. */
	int (*write_folder)(
		const struct coverage_report_options *options, const char *dir, struct error *err);
};

extern const struct coverage_report coverage_reports[]; /* ended by a NULL name */
const struct coverage_report *coverage_report_find(const char *name);
/* Print one that has no `file`. Error code: infrastructure. */
int coverage_report_print(const struct coverage_report *report,
	const struct coverage_report_options *options, int fd, struct error *err);
/* Write one that has a `file` to its place below `dir`. Error code: infrastructure. */
int coverage_report_save(const struct coverage_report *report,
	const struct coverage_report_options *options, const char *dir, struct error *err);

void coverage_text(const struct coverage_report_options *options, struct spool *out);
void coverage_text_summary(const struct coverage_report_options *options, struct spool *out);
void coverage_lcov(const struct coverage_report_options *options, struct spool *out);
void coverage_cobertura(const struct coverage_report_options *options, struct spool *out);
void coverage_json_summary(const struct coverage_report_options *options, struct spool *out);
/* A page with its script and style, and files of data, each of several sources, which the page
 * takes in when one of them is opened (a script element works from file://, a fetch does not).
 * Sources are read from where the coverage says they are; one that cannot be read is shown without
 * its text. */
int coverage_html(
	const struct coverage_report_options *options, const char *dir, struct error *err);

/* Append a percentage as JavaScript prints it: 100, 66.66, 0.5. */
void coverage_add_pct(struct strbuf *out, struct coverage_count c);
/* Append any number as JavaScript prints it (0.0001 … 1e15). */
void coverage_add_number(struct strbuf *out, double v);
