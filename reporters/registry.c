#include "core/base/base.h"

#include "reporters/registry.h"

const struct reporter *const reporters[] = {
	&tty_reporter,
	&plain_reporter,
	&dot_reporter,
	&junit_reporter,
	&json_reporter,
	&ndjson_reporter,
	&github_reporter,
	NULL,
};

const struct reporter *reporter_find(reporter_table table, const char *name)
{
	for (; *table; table++)
		if (streq((*table)->name, name))
			return *table;
	return NULL;
}
