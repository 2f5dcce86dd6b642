#include "core/base/base.h"

#include "core/event/outcome.h"

static const char *const outcomes[] = {
	[OUTCOME_NONE] = "none",
	[OUTCOME_PASSED] = "passed",
	[OUTCOME_FAILED] = "failed",
	[OUTCOME_SKIPPED] = "skipped",
	[OUTCOME_NOT_RUN] = "not_run",
};

static const char *const kinds[] = {
	[FAILURE_NONE] = "none",
	[FAILURE_ASSERTION] = "assertion",
	[FAILURE_ERROR] = "error",
	[FAILURE_HOOK] = "hook",
	[FAILURE_TIMEOUT] = "timeout",
	[FAILURE_LOAD] = "load",
	[FAILURE_CRASH] = "crash",
	[FAILURE_PROTOCOL] = "protocol",
};

static size_t find(const char *const *names, size_t n, const char *name)
{
	for (size_t i = 0; i < n && name; i++)
		if (streq(names[i], name))
			return i;
	return 0;
}

const char *outcome_name(enum outcome outcome)
{
	return outcomes[outcome];
}

enum outcome outcome_parse(const char *name)
{
	return (enum outcome)find(outcomes, ARRAY_LEN(outcomes), name);
}

const char *failure_kind_name(enum failure_kind kind)
{
	return kinds[kind];
}

enum failure_kind failure_kind_parse(const char *name)
{
	return (enum failure_kind)find(kinds, ARRAY_LEN(kinds), name);
}
