#include "core/base/base.h"

#include "cmd/flaky_known.h"
#include "cmd/merge.h"
#include "cmd/judge.h"
#include "cmd/outputs.h"
#include "cmd/setup.h"
#include "core/base/path.h"
#include "core/merge/bundle.h"
#include "core/event/journal.h"
#include "core/merge/merge.h"

struct merging {
	struct setup setup;
	struct bundles bundles;
	struct plan plan;
	bool has_plan;
	struct state state;
	struct bus bus;
	struct journal *journal;
	struct outputs outputs;
	bool has_outputs;
	struct judge judge;
	struct flaky_known known;
};

/* ---- what is merged ---------------------------------------------------------------------------- */

/* A bundle brings the plan that it was made for. */
static int plan_of_bundles(struct merging *m, const char *plan_id, struct error *err)
{
	for (size_t i = 0; i < m->bundles.n; i++) {
		const struct bundle *b = &m->bundles.v[i];
		cleanup_free char *path = path_join(b->dir, "plan.json");
		if (!streq_null(b->info.plan_id, plan_id) || !path_exists(path) ||
			plan_read(&m->plan, path, NULL) < 0)
			continue;
		if (streq(m->plan.plan_id, plan_id)) {
			m->has_plan = true;
			return 0;
		}
		plan_release(&m->plan);
	}
	error_set(err, EXIT_CODE_USAGE,
		"the runs were made for plan %.8s, which none of them brings", plan_id);
	return error_help(err, "give it: --plan plan.json");
}

static int find_plan(struct merging *m, const struct options *options, struct error *err)
{
	const char *path = options_value(options, "plan", NULL);
	const char *plan_id = bundles_plan_id(&m->bundles);

	if (path) {
		if (plan_read(&m->plan, path, err) < 0)
			return -1;
		m->has_plan = true;
	} else if (plan_id && plan_of_bundles(m, plan_id, err) < 0) {
		return -1;
	}
	bundles_choose(&m->bundles, m->has_plan ? m->plan.plan_id : NULL);
	return 0;
}

static int find_bundles(struct merging *m, const struct options *options, struct error *err)
{
	if (!options->words.n) {
		error_set(err, EXIT_CODE_USAGE, "merge needs the folders with the results");
		return error_help(err, "usage: muster %s", merge_cmd.usage);
	}
	for (size_t i = 0; i < options->words.n; i++)
		if (bundles_find(&m->bundles, options->words.v[i], err) < 0)
			return -1;
	for (size_t i = 0; i < m->bundles.n; i++)
		if (!m->bundles.v[i].info.merged)
			return 0;
	if (m->bundles.unreadable.n || options_has(options, "plan"))
		return 0;
	if (m->bundles.n) {
		error_set(err, EXIT_CODE_USAGE, "%s is the result of a merge, not a run",
			m->bundles.v[0].dir);
		return error_help(err, "give the folders of the runs that it was made of");
	}
	error_set(err, EXIT_CODE_USAGE, "no run is in %s", options->words.v[0]);
	return error_help(err, "a run is a folder with a journal.ndjson in it");
}

/* ---- where it goes ----------------------------------------------------------------------------- */

static int open_outputs(struct merging *m, const struct options *options, struct error *err)
{
	struct outputs_options o = {
		.names = &m->setup.config->reporters,
		.run_dir = m->setup.run_dir,
		.ci = true, /* a replay: nothing moves */
		.json = options_has(options, "json"),
		.merged = true,
		.known = flaky_known_describe,
		.known_arg = &m->known,
		.verbosity = command_verbosity(options) - 1, /* every file was shown by its job */
	};
	cleanup_free char *journal = path_join(m->setup.run_dir, "journal.ndjson");

	if (command_color(options, &o.color, err) < 0)
		return -1;
	unlink(journal); /* of an earlier merge of the same runs: this one is the same */
	m->journal = journal_create(journal, err);
	if (!m->journal)
		return -1;
	bus_subscribe(&m->bus, journal_event, m->journal);
	bus_subscribe(&m->bus, judge_event, &m->judge);
	m->has_outputs = true;
	if (outputs_open(&m->outputs, &o, err) < 0)
		return -1;
	bus_subscribe(&m->bus, outputs_event, &m->outputs);
	return 0;
}

static int close_outputs(struct merging *m, int code, struct error *err)
{
	struct error own = ERROR_INIT;
	bool bad = m->has_outputs && outputs_close(&m->outputs, &m->state, &own) < 0;

	bad |= journal_close(m->journal, bad ? NULL : &own) < 0;
	if (!bad || code < 0)
		return code;
	*err = own;
	err->code = exit_code_worst((enum exit_code)code, own.code);
	return -1;
}

/* In the order of the bundles, as `source` of the events counts them. */
static void name_sources(const struct merging *m, struct strvec *sources)
{
	for (size_t i = 0; i < m->bundles.n; i++) {
		const struct bundle *b = &m->bundles.v[i];
		bool counts = b->use == BUNDLE_COUNTS || b->use == BUNDLE_STALE;
		cleanup_free char *uid = bundle_uid(b);
		strvec_push(sources, counts ? uid : "");
	}
}

static void remember(struct merging *m)
{
	struct error err = ERROR_INIT;

	if (m->setup.config->no_history || !m->state.run.platform)
		return;
	cleanup_strvec struct strvec sources = STRVEC_INIT;
	name_sources(m, &sources);
	struct history *h = setup_history_for_writing(&m->setup, &err);
	if (h && history_record_merged(
			 h, &m->state, (const char *const *)sources.v, sources.n, &err) == 0)
		judge_remember(&m->judge, h, &err);
	history_close(h);
	if (err.code != EXIT_CODE_PASSED)
		fprintf(stderr, "warning: this merge is not in the history: %s\n", err.text);
}

static void before_verdict(void *arg, int64_t problems)
{
	struct merging *m = arg;

	judge_bundles(&m->judge, &m->bundles);
	judge_verdict(&m->judge, problems);
}

static int merge(struct merging *m, const struct options *options, struct error *err)
{
	const struct merge_options o = {
		.bundles = &m->bundles,
		.plan = m->has_plan ? &m->plan : NULL,
		.bus = &m->bus,
		.duration_limit_ms =
			m->setup.config->no_gates ? 0 : m->setup.config->gates.duration_ms,
		.no_tests_pass = m->setup.config->no_tests != NO_TESTS_FAIL,
		.before_verdict = before_verdict,
		.arg = m,
	};

	merge_run_id(&m->bundles, m->setup.run_id);
	if (setup_run_dir(&m->setup, err) < 0)
		return -1;
	judge_init(&m->judge, &m->setup, &m->bus);
	m->judge.partial = m->plan.partial;
	int code = open_outputs(m, options, err);
	if (code == 0)
		code = merge_run(&o, err);
	if (code == 0)
		code = judge_error(&m->judge, err) < 0 ? -1 : m->state.exit_code;
	code = close_outputs(m, code, err);
	if (m->state.finished)
		remember(m);
	return code;
}

static int run_merge(const struct options *options, struct error *err)
{
	struct merging m = {0};
	struct config *config = command_config_only(options, err);

	if (!config)
		return -1;
	bundles_init(&m.bundles);
	plan_init(&m.plan);
	state_init(&m.state);
	bus_init(&m.bus, &m.state);
	flaky_known_init(&m.known, &m.setup.history);
	int code = setup_init_without_suites(&m.setup, config, err);
	if (code == 0)
		code = find_bundles(&m, options, err);
	if (code == 0)
		code = find_plan(&m, options, err);
	if (code == 0)
		code = merge(&m, options, err);
	judge_release(&m.judge);
	state_release(&m.state);
	flaky_known_release(&m.known);
	plan_release(&m.plan);
	bundles_release(&m.bundles);
	setup_release(&m.setup);
	return code;
}

static const struct option merge_options[] = {
	{"plan", 0, OPTION_VALUE, "FILE", "the plan they were made for (default: they bring it)"},
	{"reporter", 0, OPTION_VALUE, "NAME[=PATH]", "reporter (repeats)", "reporters"},
	{"out", 0, OPTION_VALUE, "DIR", "folder of the merged run (default: .muster/runs/<id>)"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{"no-history", 0, OPTION_FLAG, NULL, "do not write the history"},
	{"no-gates", 0, OPTION_FLAG, NULL, "enforce no gates", "gates", "off"},
	{"budget", 0, OPTION_VALUE, "DUR", "limit of the whole pipeline", "budget"},
	{"no-tests", 0, OPTION_VALUE, "fail|warn|pass", "what it means when no test ran",
		.one_of = true},
	{"config", 'c', OPTION_VALUE, "FILE", "configuration file (default: muster.yaml)"},
	{NULL},
};

const struct command merge_cmd = {
	.name = "merge",
	.usage = "merge DIR... [--plan FILE] [--out DIR] [OPTIONS]",
	.summary = "merge the runs of many jobs into one, with proof that nothing is missing",
	.details = "DIR is the folder of a run, or one that holds several. Every item of the "
		   "plan must have exactly one result, from the newest attempt of its shard; "
		   "what is missing, doubled, foreign or cut off makes the result incomplete "
		   "(exit code 5). Merging the same runs again changes nothing. Of jobs, merge "
		   "alone writes the history.",
	.options = merge_options,
	.max_words = -1,
	.run = run_merge,
};
