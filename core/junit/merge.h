/*
 * Many JUnit reports into one, as a stream: suites are written while they are read, in the order of
 * the files; the totals of the root are put in at the end. Memory does not depend on the input.
 *
 * Content is kept as it is (names, attributes, texts, unknown elements); blanks between elements
 * and comments are not. What changes:
 *   - test cases directly below <testsuites> get a suite that is called as the file;
 *   - children of a test case come in the order that surefire writes (a test case of more than 1
 * MiB keeps its own), and rerunError and flakyError are called rerunFailure and flakyFailure, which
 *     is what Jenkins reads;
 *   - of a file that ends in the middle, the complete test cases are kept and the suites closed.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/spool.h"
#include "core/junit/count.h"
#include "core/event/problem.h"

enum junit_time {
	JUNIT_TIME_SUM, /* of all test cases */
	JUNIT_TIME_MAX, /* of the files: what their root says, else the sum of their test cases */
};

struct junit_merge;

/* `out` and `problems` are borrowed. */
struct junit_merge *junit_merge_new(
	struct spool *out, struct problems *problems, enum junit_time time);
void junit_merge_free(struct junit_merge *m);
/*
 * Add a file. It cannot fail: what is wrong becomes a problem. `named`: the user named this very
 * file; of those found in a folder some are no JUnit reports, and nothing is lost with them.
 */
void junit_merge_file(struct junit_merge *m, const char *path, bool named);
/* Write the end and the totals. */
void junit_merge_finish(struct junit_merge *m);

int64_t junit_merge_files(const struct junit_merge *m); /* that went in, whole or in part */
int64_t junit_merge_suites(const struct junit_merge *m);
int64_t junit_merge_duplicates(const struct junit_merge *m); /* test cases that came again */
const struct junit_counts *junit_merge_counts(const struct junit_merge *m);
