#include "core/base/base.h"

#include "core/runner.h"

const struct runner *runner_find(runner_table table, const char *name)
{
	for (; *table; table++)
		if (streq((*table)->name, name))
			return *table;
	return NULL;
}
