/*
 * Which files are meant by words of a command line, and from which root each one comes.
 *
 * A file is read as it is named. A folder that holds run directories (bundles) stands for the
 * coverage of those runs that count: the newest attempt of each shard, each run once. Any other
 * folder stands for the coverage below it; where it lies there in several formats, Istanbul's map
 * is read, else lcov, else Cobertura, since they say the same of one run. Links in folders are not
 * followed. What is left out becomes a notice, what should have counted an error.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strmap.h"
#include "core/base/strvec.h"
#include "core/coverage/coverage.h"
#include "core/event/problem.h"

struct coverage_source {
	char *path;
	char *from; /* root on the machine that wrote it; NULL = not known */
};

struct coverage_inputs {
	struct coverage_source *v;
	size_t n, cap;
	char *output;       /* real path of a file not to be found in folders, or NULL */
	struct strmap seen; /* by real path */
};

/* `output` (may be NULL): what is written is no input because it lies in a folder that is one. */
void coverage_inputs_init(struct coverage_inputs *in, const char *output);
void coverage_inputs_release(struct coverage_inputs *in);
/* All words of a command line; "-" is stdin. */
void coverage_inputs_add(
	struct coverage_inputs *in, const struct strvec *words, struct problems *problems);
