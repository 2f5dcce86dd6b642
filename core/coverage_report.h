/*
 * Coverage as files for other tools and as tables for people, in the very form that Istanbul's
 * reporters write: same order, same figures to the digit. Where they differ, docs/coverage.md says
 * how and why.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/spool.h"
#include "core/coverage.h"

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
	int64_t timestamp_ms; /* unix, for Cobertura */
};

struct coverage_report {
	const char *name;
	const char *file; /* its name in the folder of reports; NULL: for people, on stdout */
	void (*write)(const struct coverage_report_options *options, struct spool *out);
};

extern const struct coverage_report coverage_reports[]; /* ended by a NULL name */
const struct coverage_report *coverage_report_find(const char *name);

void coverage_text(const struct coverage_report_options *options, struct spool *out);
void coverage_text_summary(const struct coverage_report_options *options, struct spool *out);
void coverage_lcov(const struct coverage_report_options *options, struct spool *out);
void coverage_cobertura(const struct coverage_report_options *options, struct spool *out);
void coverage_json_summary(const struct coverage_report_options *options, struct spool *out);

/* Append a percentage as JavaScript prints it: 100, 66.66, 0.5. */
void coverage_add_pct(struct strbuf *out, struct coverage_count c);
/* Append any number as JavaScript prints it (0.0001 … 1e15). */
void coverage_add_number(struct strbuf *out, double v);
