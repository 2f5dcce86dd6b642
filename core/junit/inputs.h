/*
 * Which files are meant by words of a command line: files as they are named, folders as all *.xml
 * below them, sorted by path. A file that is meant twice is read once. Links inside a folder are
 * not followed.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strmap.h"
#include "core/base/strvec.h"
#include "core/event/problem.h"

struct junit_inputs {
	struct strvec paths; /* as they are shown: the word, or the word and the path below it */
	size_t named;        /* how many come first that were named themselves */
	char *output;        /* real path of a file not to be found in folders, or NULL */
	struct strmap seen;  /* by real path */
};

/* `output` (may be NULL): what is written is no input because it lies in a folder that is one. */
void junit_inputs_init(struct junit_inputs *in, const char *output);
void junit_inputs_release(struct junit_inputs *in);
/* All words of a command line; "-" is stdin. What is missing or left out becomes a problem. */
void junit_inputs_add(
	struct junit_inputs *in, const struct strvec *words, struct problems *problems);
