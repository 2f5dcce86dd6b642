#include "core/base/base.h"

#include "cmd/memory.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/event/bus.h"
#include "core/event/journal.h"

enum { RUNS_KEPT = 20 };

static const char unrecorded[] = "unrecorded";

void memory_begin(const struct setup *s)
{
	if (s->config->no_history || s->config->out_dir)
		return;
	cleanup_free char *mark = path_join(s->run_dir, unrecorded);
	file_write_many(mark, "", 0, NULL);
}

/* One run from its journal. What is no journal has nothing to tell. */
static int take_in(struct history *history, const char *journal, struct error *err)
{
	struct journal_end end;
	struct state state;
	struct bus bus;
	int result = 0;

	state_init(&state);
	bus_init(&bus, &state);
	if (journal_replay(journal, &bus, &end, NULL) == 0) {
		if (!end.finished) { /* how it ended nobody knows; what it learned counts */
			bus_publish(&bus, &(struct event){.type = EVENT_RUN_CANCELLED,
						  .time_ms = state.now_ms,
						  .cancel = CANCEL_TERMINATED});
			bus_publish(&bus,
				&(struct event){.type = EVENT_RUN_FINISHED,
					.time_ms = state.now_ms,
					.exit_code = EXIT_CODE_TERMINATED,
					.duration_us = (state.now_ms - state.started_ms) * 1000});
		}
		result = history_record(history, &state, err);
	}
	state_release(&state);
	return result;
}

/* Earlier runs come first: what is left is what the newest one left. One that cannot be taken in
 * does not keep this one out, unless the history itself is damaged. */
static int recover(struct history *history, const struct setup *s, struct error *err)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;
	cleanup_free char *runs = path_join(s->config->base, ".muster/runs");

	file_list_dir(runs, &names);
	for (size_t i = 0; i < names.n; i++) {
		cleanup_free char *dir = path_join(runs, names.v[i]);
		cleanup_free char *mark = path_join(dir, unrecorded);
		cleanup_free char *journal = path_join(dir, "journal.ndjson");
		if (streq(names.v[i], s->run_id) || !path_exists(mark) || journal_is_live(journal))
			continue;
		if (take_in(history, journal, err) == 0) {
			unlink(mark);
			continue;
		}
		if (history_is_broken(history))
			return -1;
		fprintf(stderr, "warning: the run %s is not in the history yet: %s\n", names.v[i],
			err->text);
		*err = (struct error)ERROR_INIT;
		break; /* a lock is waited for once */
	}
	return 0;
}

static int record(struct setup *s, const struct state *state, const struct judge *judge,
	struct tree *tree, struct history **ret_history, struct error *err)
{
	struct history *history = *ret_history = setup_history_for_writing(s, err);

	if (!history || recover(history, s, err) < 0)
		return -1;
	if (tree_is_clean(tree))
		history_trust_commit(history);
	if (history_record(history, state, err) < 0)
		return -1;
	if (s->run_dir) {
		cleanup_free char *mark = path_join(s->run_dir, unrecorded);
		unlink(mark);
	}
	return judge_remember(judge, history, err);
}

void memory_record(
	struct setup *s, const struct state *state, const struct judge *judge, struct tree *tree)
{
	struct error err = ERROR_INIT;
	struct history *history;

	if (s->config->no_history)
		return;
	int result = record(s, state, judge, tree, &history, &err);
	/* The damage may lie where only writing comes by. */
	if (result < 0 && history_is_broken(history)) {
		cleanup_free char *notice = history_set_aside(history);
		fprintf(stderr, "warning: %s\n", notice);
		history_close(history);
		err = (struct error)ERROR_INIT;
		result = record(s, state, judge, tree, &history, &err);
	}
	history_close(history);
	if (result < 0)
		fprintf(stderr, "warning: this run is not in the history%s: %s\n",
			s->config->out_dir ? "" : " yet, the next one tries again", err.text);
}

void memory_prune(const struct setup *s)
{
	cleanup_free char *runs = path_join(s->config->base, ".muster/runs");
	cleanup_strvec struct strvec names = STRVEC_INIT;

	file_list_dir(runs, &names);
	for (size_t i = 0; names.n > RUNS_KEPT && i < names.n - RUNS_KEPT; i++) {
		cleanup_free char *dir = path_join(runs, names.v[i]);
		cleanup_free char *journal = path_join(dir, "journal.ndjson");
		/* by a clock that was wrong this one may look old */
		if (!streq(names.v[i], s->run_id) && !journal_is_live(journal))
			file_remove_tree(dir, NULL);
	}
}
