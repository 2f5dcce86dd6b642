#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/list.h"
#include "cmd/merge.h"
#include "cmd/plan.h"
#include "cmd/run.h"
#include "cmd/store.h"

extern const struct command report_cmd, runs_cmd, history_cmd, slow_cmd, flaky_cmd, quarantine_cmd,
	config_cmd, doctor_cmd, init_cmd, junit_cmd, query_cmd, help_cmd, version_cmd,
	completion_cmd, docs_cmd, man_cmd;

const struct command *const commands[] = {
	&run_cmd,
	&list_cmd,
	&plan_cmd,
	&merge_cmd,
	&report_cmd,
	&runs_cmd,
	&history_cmd,
	&slow_cmd,
	&flaky_cmd,
	&quarantine_cmd,
	&query_cmd,
	&store_cmd,
	&junit_cmd,
	&config_cmd,
	&init_cmd,
	&doctor_cmd,
	&completion_cmd,
	&help_cmd,
	&version_cmd,
	&docs_cmd,
	&man_cmd,
	NULL,
};
