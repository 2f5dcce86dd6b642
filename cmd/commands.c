#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/gate.h"
#include "cmd/list.h"
#include "cmd/merge.h"
#include "cmd/plan.h"
#include "cmd/run.h"
#include "cmd/store.h"

extern const struct command order_cmd, report_cmd, runs_cmd, history_cmd, slow_cmd, flaky_cmd,
	quarantine_cmd, config_cmd, doctor_cmd, init_cmd, junit_cmd, coverage_cmd, query_cmd,
	help_cmd, version_cmd, completion_cmd, docs_cmd, man_cmd, complete_cmd;

const struct command *const commands[] = {
	&run_cmd,
	&list_cmd,
	&plan_cmd,
	&merge_cmd,
	&gate_cmd,
	&report_cmd,
	&runs_cmd,
	&history_cmd,
	&slow_cmd,
	&flaky_cmd,
	&quarantine_cmd,
	&order_cmd,
	&query_cmd,
	&store_cmd,
	&coverage_cmd,
	&junit_cmd,
	&config_cmd,
	&init_cmd,
	&doctor_cmd,
	&completion_cmd,
	&help_cmd,
	&version_cmd,
	&docs_cmd,
	&man_cmd,
	&complete_cmd,
	NULL,
};
