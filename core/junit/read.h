/*
 * JUnit XML of any tool, read as a stream of typed events; the only place that knows how XML is
 * parsed. Memory does not depend on the size of the file.
 *
 * Taken as it is: root <testsuites> or a bare <testsuite>, suites in suites, test cases directly
 * below <testsuites>; unknown elements and attributes are handed over, too. Comments are not.
 * Repaired and counted: characters that XML forbids. Passed over and counted: other text in front
 * of the report or behind it (reports written to stdout), and more reports in one file are read.
 *
 * Refused: a document type with declarations of its own (entity bombs); external entities are never
 * fetched. Bounded: JUNIT_* below, and the memory of the parser.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/error.h"

enum {
	JUNIT_DEPTH_MAX = 256,              /* elements in elements */
	JUNIT_TAG_BYTES = 1024 * 1024,      /* one tag with its attributes; one comment */
	JUNIT_TEXT_BYTES = 64 * 1024 * 1024 /* text between two tags; the rest is cut and counted */
};

enum junit_element {
	JUNIT_OTHER,
	JUNIT_TESTSUITES, /* only as the root */
	JUNIT_TESTSUITE,
	JUNIT_TESTCASE,
	JUNIT_PROPERTIES,
	JUNIT_FAILURE,
	JUNIT_ERROR,
	JUNIT_SKIPPED,
	JUNIT_RERUN_FAILURE, /* an earlier or later try of a test that failed */
	JUNIT_RERUN_ERROR,
	JUNIT_FLAKY_FAILURE, /* a failed try of a test that passed */
	JUNIT_FLAKY_ERROR,
	JUNIT_SYSTEM_OUT,
	JUNIT_SYSTEM_ERR,
};

struct junit_tag {
	enum junit_element element;
	const char *name;
	const char *const *attributes; /* name, value, …, NULL */
};

/* The value of an attribute, or NULL. */
const char *junit_attribute(const struct junit_tag *tag, const char *name);

/* Everything is borrowed for the call; text comes in pieces. NULL = not interested. */
struct junit_events {
	void (*start)(void *arg, const struct junit_tag *tag);
	void (*text)(void *arg, const char *text, size_t len);
	void (*end)(void *arg, const struct junit_tag *tag); /* no attributes */
};

enum junit_fault {
	JUNIT_WHOLE,
	JUNIT_UNREADABLE, /* missing, no permission, a folder */
	JUNIT_EMPTY,
	JUNIT_NOT_XML,
	JUNIT_FOREIGN, /* XML, but no JUnit report */
	JUNIT_TRUNCATED,
	JUNIT_MALFORMED,
	JUNIT_ENCODING,
	JUNIT_REFUSED, /* declarations in the document */
	JUNIT_LIMIT,
};

struct junit_report {
	enum junit_fault fault;
	int64_t line, column; /* where it was noticed, from 1; 0 = the file as a whole */
	char what[256];       /* the fault without file and place; "" when there is none */
	int documents;        /* reports in the file */
	int64_t repaired, repaired_line;  /* characters replaced; line of the first */
	int64_t passed_over, passed_line; /* bytes that belong to no report, blanks left out */
	int64_t cut, cut_line;            /* texts that were longer than JUNIT_TEXT_BYTES */
};

/*
 * Read `path` ("-" is stdin) and call the events. -1: the file has a fault; what came before it was
 * handed over, end events for what is open are not made up. `ret` is filled in any case. Errors
 * begin with file:line:column; code: incomplete.
 */
int junit_read(const char *path, const struct junit_events *events, void *arg,
	struct junit_report *ret, struct error *err);

/* For messages and JSON: "truncated", "wrong-root" … */
const char *junit_fault_name(enum junit_fault fault);
