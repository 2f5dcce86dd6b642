#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/outputs.h"
#include "core/base/path.h"
#include "core/event/journal.h"
#include "core/detect/project.h"

static int replay(const struct options *options, const char *dir, struct error *err)
{
	struct state state;
	struct bus bus;
	struct outputs outputs;
	struct journal_end end;
	cleanup_strvec struct strvec names = STRVEC_INIT;
	cleanup_free char *journal = path_join(dir, "journal.ndjson");
	struct outputs_options o = {
		.names = &names,
		.json = options_has(options, "json"),
		.verbosity = command_verbosity(options),
	};

	for (size_t i = 0; i < options->n; i++)
		if (streq(options->v[i].option->name, "reporter"))
			strvec_push(&names, options->v[i].value);
	if (!names.n)
		strvec_push(&names, o.json ? "json=-" : "plain");
	if (command_color(options, &o.color, err) < 0 || outputs_open(&outputs, &o, err) < 0)
		return -1;
	state_init(&state);
	bus_init(&bus, &state);
	bus_subscribe(&bus, outputs_event, &outputs);
	int code = journal_replay(journal, &bus, &end, err);
	if (code == 0 && !end.finished) {
		/* It was cut off: what is known counts, and it is said. */
		char text[96];
		snprintf(text, sizeof(text),
			"the journal ends in the middle, after %" PRId64 " events", end.lines);
		bus_publish(&bus, &(struct event){.type = EVENT_NOTICE,
					  .time_ms = state.now_ms,
					  .severity = SEVERITY_WARNING,
					  .name = "truncated",
					  .text = text,
					  .text_len = strlen(text)});
		bus_publish(&bus, &(struct event){.type = EVENT_RUN_FINISHED,
					  .time_ms = state.now_ms,
					  .exit_code = EXIT_CODE_INCOMPLETE,
					  .duration_us = (state.now_ms - state.started_ms) * 1000});
	}
	if (outputs_close(&outputs, &state, code == 0 ? err : NULL) < 0)
		code = -1;
	int result = code == 0 ? state.exit_code : -1;
	state_release(&state);
	return result;
}

static int run_report(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd(), *base = project_base(cwd);
	cleanup_free char *dir =
		command_find_run(base, options->words.n ? options->words.v[0] : NULL, err);

	return dir ? replay(options, dir, err) : -1;
}

static const struct option report_options[] = {
	{"reporter", 0, OPTION_VALUE, "NAME[=PATH]", "reporter (repeats; default: plain)"},
	{NULL},
};

const struct command report_cmd = {
	.name = "report",
	.usage = "report [RUN] [--reporter NAME[=PATH]]...",
	.summary = "show a recorded run again, in any reporter",
	.details = "RUN is a run id, its beginning, `latest`, or a run's folder; default: the "
		   "latest. The journal is "
		   "replayed through the same reporters, and the exit code is that of the run.",
	.options = report_options,
	.max_words = 1,
	.run = run_report,
};
