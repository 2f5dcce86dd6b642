/* What is to be said about files that were read: errors (something was lost) and notices. */
#pragma once

#include "core/base/base.h"

struct problem {
	char *file;           /* NULL: not about one file */
	int64_t line, column; /* from 1; 0 = not known */
	int64_t offset;       /* bytes before it; -1 = not known */
	const char *kind;     /* a word for programs, static */
	bool lost;            /* something of the file is not in the result */
	char *text;
};

struct problems {
	struct problem *v;
	size_t n, cap;
	size_t lost; /* how many of them lost something */
};

struct problem *problem_add(struct problems *p, const char *file, const char *kind, bool lost,
	const char *fmt, ...) FORMAT(5, 6);
void problems_release(struct problems *p);
