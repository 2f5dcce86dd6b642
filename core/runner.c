#include "core/base/base.h"

#include "core/runner.h"

const struct runner *runner_find(runner_table table, const char *name)
{
	for (; *table; table++)
		if (streq((*table)->name, name))
			return *table;
	return NULL;
}

bool runner_has_flag(const char *const *list, const char *option, bool *ret_value)
{
	size_t len = strcspn(option, "=");

	for (; list && *list; list++) {
		size_t n = strcspn(*list, "=");
		if (n != len || strncmp(*list, option, n) != 0)
			continue;
		*ret_value = (*list)[n] == '=' && option[len] == '\0';
		return true;
	}
	return false;
}
