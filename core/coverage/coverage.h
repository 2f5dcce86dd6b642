/*
 * Coverage of many inputs as one: Istanbul JSON, lcov and Cobertura come in, files with counts come
 * out. The rules of merging are written down in docs/coverage.md; neither the order of the inputs
 * nor how they were grouped before changes the result.
 *
 * Memory: what is held of each source file once (its maps and counts), whatever the number and the
 * size of the inputs. What is borrowed lives until the next coverage_add() or coverage_free().
 */
#pragma once

#include "core/base/arena.h"
#include "core/base/base.h"
#include "core/base/error.h"
#include "core/event/problem.h"

enum coverage_kind {
	COVERAGE_LINES,
	COVERAGE_STATEMENTS,
	COVERAGE_FUNCTIONS,
	COVERAGE_BRANCHES,
	COVERAGE_KINDS
};

struct coverage_count {
	int64_t covered, total;
};

struct coverage_totals {
	struct coverage_count of[COVERAGE_KINDS];
};

/* Floored to two decimals, as Istanbul does; 0 of 0 is 100. */
double coverage_pct(struct coverage_count c);
const char *coverage_kind_name(enum coverage_kind kind); /* "lines" … */
void coverage_totals_add(struct coverage_totals *sum, const struct coverage_totals *more);

struct coverage;
struct coverage *coverage_new(void);
void coverage_free(struct coverage *c);
static inline void coverage_free_ptr(struct coverage **c)
{
	coverage_free(*c);
}
#define cleanup_coverage __attribute__((cleanup(coverage_free_ptr)))

/* Paths below `from` (the root on the machine where it was recorded) become paths below `to`, which
 * is also where relative paths start; both absolute, NULL = as they are. */
struct coverage_root {
	const char *from, *to;
};

/*
 * Merge one input, told by its content ("-" is stdin). What can be kept is kept: of a broken input
 * everything before the entry that is broken. Then -1 with err ("FILE: at byte N: …", incomplete);
 * it also stands among the problems, and the set goes on without it.
 */
int coverage_add(
	struct coverage *c, const char *path, const struct coverage_root *root, struct error *err);
/* False when something of an input was lost. */
bool coverage_is_complete(const struct coverage *c);
/* Errors and notices of all inputs; more may be added. */
struct problems *coverage_problems(struct coverage *c);
size_t coverage_input_count(const struct coverage *c); /* those of which something came in */

/* Files, sorted by path (UTF-16, as JavaScript compares). */
struct coverage_file;
size_t coverage_file_count(const struct coverage *c);
const struct coverage_file *coverage_file_at(const struct coverage *c, size_t i);
const char *coverage_file_path(const struct coverage_file *f);
struct coverage_totals coverage_file_totals(const struct coverage_file *f);
struct coverage_totals coverage_totals_of(const struct coverage *c);

/* Lines from 1, columns from 0, the end excluded; COVERAGE_NOWHERE where the map says nothing. */
struct coverage_loc {
	int32_t line, column, end_line, end_column;
};
#define COVERAGE_NOWHERE INT32_MIN

struct coverage_line {
	int64_t line;
	uint64_t hits;
	uint32_t arms, arms_covered; /* of the branches that begin here */
	bool has_branch;             /* one begins here, if only without arms */
};

/* Lines with statements, ascending. `*ret` is the caller's to free; returns how many. */
size_t coverage_file_lines(const struct coverage_file *f, struct coverage_line **ret);

/* The same of the lines on which branches begin; hits are 0. */
size_t coverage_file_branch_lines(const struct coverage_file *f, struct coverage_line **ret);

struct coverage_statement {
	struct coverage_loc loc;
	uint64_t hits;
};

struct coverage_function {
	const char *name; /* UTF-8 */
	size_t name_len;  /* it may hold any character */
	struct coverage_loc decl, loc;
	uint64_t hits;
};

struct coverage_arm {
	struct coverage_loc loc; /* an `else` that is not there is nowhere */
	uint64_t hits;
};

struct coverage_branch {
	const char *type; /* "if", "cond-expr", "switch" …; "" when the map names none */
	struct coverage_loc loc;
	int32_t line; /* of Istanbul's `line`, else where `loc` begins */
	struct coverage_arm *arms;
	size_t n_arms;
};

/* A file with all locations, decoded; owns its memory. Starts zeroed. */
struct coverage_detail {
	struct coverage_statement *statements;
	struct coverage_function *functions;
	struct coverage_branch *branches;
	size_t n_statements, n_functions, n_branches;
	struct arena arena;
};

int coverage_file_detail(
	const struct coverage_file *f, struct coverage_detail *ret, struct error *err);
void coverage_detail_release(struct coverage_detail *d);

struct spool;
/* One Istanbul map: into a spool, or as a file, whole or not at all; the order is that of the files.
 */
void coverage_print_json(const struct coverage *c, struct spool *out);
int coverage_write_json(const struct coverage *c, const char *path, struct error *err);
