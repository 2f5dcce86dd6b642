/* What detection has found so far: suites with what is known about where they come from. */
#pragma once

#include "core/base/base.h"
#include "core/detect/package.h"
#include "core/runner.h"
#include "core/suite.h"

struct project_packages {
	struct package **v; /* the base first */
	size_t n, cap;
};

struct project_item {
	struct suite *suite;
	const struct package *package;
	char *script;       /* the script it was found in, or NULL */
	bool from_test;     /* reached from `test` */
	bool hands_over;    /* the package's `test` starts the scripts of other packages, too */
	bool test_is_other; /* the package's `test` starts something, but not this runner */
};

struct project_found {
	struct project_item *v;
	size_t n, cap;
};

/* Are the commands of this script looked at: `test`, and without one those called like it. */
bool project_found_entry_counts(const struct package *package, const char *entry);
void project_found_package(
	struct project_found *found, const struct package *package, runner_table runners);
/* For when that gave nothing: runners that need neither a configuration nor a script. */
void project_found_dependencies(
	struct project_found *found, const struct project_packages *packages, runner_table runners);
/* Packages whose tests an outer suite runs have no suite of that runner themselves. */
void project_found_drop_covered(struct project_found *found);
/* The same suite found twice counts once, also when only the way of running differs. */
void project_found_drop_equal(struct project_found *found);
void project_found_name(struct project_found *found);
void project_found_release(struct project_found *found);
