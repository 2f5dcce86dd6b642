/* What is to be said about files that were read: errors (something was lost) and notices. */
#pragma once

#include "core/base/base.h"

struct junit_problem {
	char *file;           /* NULL: not about one file */
	int64_t line, column; /* from 1; 0 = not known */
	const char *kind;     /* a word for programs, static */
	bool lost;            /* something of the file is not in the result */
	char *text;
};

struct junit_problems {
	struct junit_problem *v;
	size_t n, cap;
	size_t lost; /* how many of them lost something */
};

struct junit_problem *junit_problem_add(struct junit_problems *p, const char *file,
	const char *kind, bool lost, const char *fmt, ...) FORMAT(5, 6);
void junit_problems_release(struct junit_problems *p);
