#include "core/base/base.h"

#include "core/event/event.h"

static const char *const types[EVENT_TYPE_COUNT] = {
	[EVENT_RUN_STARTED] = "run_started",
	[EVENT_SUITE_DISCOVERED] = "suite_discovered",
	[EVENT_FILE_PLANNED] = "file_planned",
	[EVENT_RUN_CANCELLED] = "run_cancelled",
	[EVENT_RUN_FINISHED] = "run_finished",
	[EVENT_TICK] = "tick",
	[EVENT_WORKER_STARTED] = "worker_started",
	[EVENT_WORKER_EXITED] = "worker_exited",
	[EVENT_FILE_STARTED] = "file_started",
	[EVENT_FILE_FINISHED] = "file_finished",
	[EVENT_TEST_STARTED] = "test_started",
	[EVENT_TEST_SLOW] = "test_slow",
	[EVENT_TEST_FINISHED] = "test_finished",
	[EVENT_OUTPUT] = "output",
	[EVENT_COVERAGE] = "coverage",
	[EVENT_COVERAGE_TOTAL] = "coverage_total",
	[EVENT_MEASURE] = "measure",
	[EVENT_NOTICE] = "notice",
	[EVENT_SHARD_MERGED] = "shard_merged",
	[EVENT_GATE_CHECKED] = "gate_checked",
};

static const char *const reasons[] = {
	[CANCEL_NONE] = "none",
	[CANCEL_FAIL_FAST] = "fail_fast",
	[CANCEL_INTERRUPTED] = "interrupted",
	[CANCEL_TERMINATED] = "terminated",
	[CANCEL_DEADLINE] = "deadline",
	[CANCEL_INFRASTRUCTURE] = "infrastructure",
};

const char *event_type_name(enum event_type type)
{
	return types[type];
}

enum event_type event_type_parse(const char *name)
{
	for (int i = 0; i < EVENT_TYPE_COUNT; i++)
		if (name && types[i][0] == name[0] && streq(types[i], name))
			return (enum event_type)i;
	return EVENT_TYPE_COUNT;
}

const char *cancel_reason_name(enum cancel_reason reason)
{
	return reasons[reason];
}

enum cancel_reason cancel_reason_parse(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (name && streq(reasons[i], name))
			return (enum cancel_reason)i;
	return CANCEL_NONE;
}
