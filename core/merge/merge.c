#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/event/journal.h"
#include "core/merge/merge.h"
#include "core/merge/parts.h"

/* ---- keys -------------------------------------------------------------------------------------- */

static char *item_key(const char *suite, const char *project, const char *file, int part)
{
	return xasprintf("%s\x1f%s\x1f%s\x1f%d", suite, project ? project : "", file, part);
}

static char *file_key(const struct event *e)
{
	return xasprintf("%s\x1f%s\x1f%s", e->suite, e->project ? e->project : "", e->file);
}

static char *test_key(const struct event *e)
{
	return xasprintf("%s\x1f%s\x1f%s\x1f%d\x1f%s", e->suite, e->project ? e->project : "",
		e->file, MAX(e->occurrence, 1), e->test);
}

void merge_notice(struct merge *m, enum severity severity, const char *name, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	bus_publish(m->bus, &(struct event){.type = EVENT_NOTICE,
				    .time_ms = m->ended_ms ? m->ended_ms : m->started_ms,
				    .severity = severity,
				    .name = name,
				    .text = text.buf,
				    .text_len = text.len});
}

int merge_source(const struct merge *m, const struct bundle *bundle)
{
	return bundle ? (int)(bundle - m->options->bundles->v) + 1 : 0;
}

/* ---- what is planned --------------------------------------------------------------------------- */

static struct merge_item *add_item(struct merge *m, const struct merge_item *item)
{
	cleanup_free char *key = item_key(item->suite, item->project, item->file, item->part);
	struct merge_item *own = arena_alloc(&m->arena, sizeof(*own));

	*own = *item;
	if (strmap_put(&m->items, key, own))
		m->problems++; /* in two places of one plan */
	if (item->part <= 1) {
		intptr_t files = (intptr_t)strmap_get(&m->suites, item->suite);
		strmap_put(&m->suites, item->suite, (void *)(files + 1));
	}
	m->shards[item->shard].planned++;
	return own;
}

static void publish_planned(struct merge *m, const struct plan_item *item)
{
	bus_publish(m->bus, &(struct event){.type = EVENT_FILE_PLANNED,
				    .time_ms = m->started_ms,
				    .suite = item->suite,
				    .project = item->project,
				    .file = item->file,
				    .part = item->part,
				    .parts = item->parts,
				    .estimate_ms = (item->us + 500) / 1000,
				    .known = item->known});
}

static void take_plan(struct merge *m)
{
	const struct plan *plan = m->options->plan;

	for (size_t i = 0; plan && i < plan->item_count; i++) {
		const struct plan_item *item = &plan->items[i];
		add_item(m, &(struct merge_item){item, item->suite, item->project, item->file,
				    item->part, item->parts, item->shard, false, 0});
	}
	for (int s = 0; plan && s < plan->shard_count; s++)
		m->shards[s + 1].predicted_us = plan->shards[s].us;
}

/* Without a plan what the runs planned for themselves is all there is to go by. */
static void on_planned(struct merge *m, const struct event *e)
{
	cleanup_free char *key = item_key(e->suite, e->project, e->file, e->part);
	struct arena *a = &m->arena;

	if (m->options->plan || strmap_has(&m->items, key))
		return;
	add_item(m, &(struct merge_item){.suite = arena_strdup(a, e->suite),
			    .project = arena_strdup(a, e->project ? e->project : ""),
			    .file = arena_strdup(a, e->file),
			    .part = e->part,
			    .parts = e->parts,
			    .shard = m->bundle->info.shard});
	bus_publish(m->bus, &(struct event){.type = EVENT_FILE_PLANNED,
				    .time_ms = e->time_ms,
				    .suite = e->suite,
				    .project = e->project,
				    .file = e->file,
				    .part = e->part,
				    .parts = e->parts,
				    .estimate_ms = e->estimate_ms,
				    .known = e->known,
				    .chosen = e->chosen});
}

/* ---- replaying --------------------------------------------------------------------------------- */

static void on_discovered(struct merge *m, struct event *e)
{
	e->count = (intptr_t)strmap_get(&m->suites, e->suite ? e->suite : "");
	bus_publish(m->bus, e);
}

static void on_cancelled(struct merge *m, struct event *e)
{
	m->current->cancel = e->cancel;
	m->current->cancel_text = arena_strdup(&m->arena, e->text);
}

static void on_finished(struct merge *m, struct event *e)
{
	m->current->exit_code = e->exit_code;
	m->current->duration_us = e->duration_us;
	m->current->ended_ms = e->time_ms;
	strbuf_addstr(&m->tokens, e->token ? e->token : "");
}

static bool is_stray(const struct merge *m, const struct event *e)
{
	if (!m->strays.n || !e->file || !e->suite)
		return false;
	cleanup_free char *key = file_key(e);
	return strmap_get(&m->strays, key) == m->bundle;
}

/* A result that its shard had no business with, or that is there already, counts nowhere. */
static void on_file_started(struct merge *m, struct event *e)
{
	cleanup_free char *key = item_key(e->suite, e->project, e->file, e->part);
	struct merge_item *item = strmap_get(&m->items, key);
	int shard = m->bundle->info.shard;

	if (!m->current->first_file_ms)
		m->current->first_file_ms = e->time_ms;
	if (item && item->shard == shard) {
		m->current->done -=
			item->done; /* again: an order that mattered, or a crash beside it */
		item->done = false;
		item->started = true;
		bus_publish(m->bus, e);
		return;
	}
	cleanup_free char *file = file_key(e);
	strmap_put(&m->strays, file, (void *)(uintptr_t)m->bundle);
	m->problems++;
	if (!item)
		merge_notice(m, SEVERITY_WARNING, "unplanned",
			"shard %d has a result for %s, which is not in the plan", shard, e->file);
	else
		merge_notice(m, SEVERITY_WARNING, "doubled",
			"shard %d has a result for %s, which is planned for shard %d", shard,
			e->file, item->shard);
}

static void on_file_finished(struct merge *m, struct event *e)
{
	cleanup_free char *key = item_key(e->suite, e->project, e->file, e->part);
	struct merge_item *item = strmap_get(&m->items, key);

	if (item && !e->will_retry && !e->repeat) {
		m->current->done += !item->done;
		item->done = true;
	}
	if (item)
		item->us += e->duration_us;
	if (e->duration_us > m->current->longest_us) {
		m->current->longest_us = e->duration_us;
		m->current->longest = item ? item->file : NULL;
	}
	bus_publish(m->bus, e);
}

/* What failed in an earlier attempt of the shard comes first: a pass now is a flaky one. */
static void on_test(struct merge *m, struct event *e)
{
	if (m->evidence.n) {
		cleanup_free char *key = test_key(e);
		e->attempt = MAX(e->attempt, 1) + (int)(intptr_t)strmap_get(&m->evidence, key);
	}
	bus_publish(m->bus, e);
}

static void on_notice(struct merge *m, struct event *e)
{
	cleanup_free char *key =
		xasprintf("%s\x1f%s\x1f%s", e->suite ? e->suite : "", e->name, e->text);

	if (!strmap_put(&m->notices, key, m)) /* each shard says the same: once is enough */
		bus_publish(m->bus, e);
}

static void replay_event(void *arg, struct event *e)
{
	struct merge *m = arg;

	e->source = merge_source(m, m->bundle);
	m->ended_ms = MAX(m->ended_ms, e->time_ms);
	if (e->worker) {
		e->worker += m->worker_base;
		m->worker_most = MAX(m->worker_most, e->worker);
	}
	if (is_stray(m, e) && e->type != EVENT_FILE_STARTED)
		return;
	switch (e->type) {
	case EVENT_RUN_STARTED:
	case EVENT_COVERAGE_TOTAL: /* of a part; the whole is measured and judged anew */
	case EVENT_GATE_CHECKED:
		break;
	case EVENT_COVERAGE:
		if (e->file) /* what it touched; the map of a suite is in the bundle's own */
			bus_publish(m->bus, e);
		break;
	case EVENT_FILE_PLANNED:
		on_planned(m, e);
		break;
	case EVENT_SUITE_DISCOVERED:
		on_discovered(m, e);
		break;
	case EVENT_RUN_CANCELLED:
		on_cancelled(m, e);
		break;
	case EVENT_RUN_FINISHED:
		on_finished(m, e);
		break;
	case EVENT_FILE_STARTED:
		on_file_started(m, e);
		break;
	case EVENT_FILE_FINISHED:
		on_file_finished(m, e);
		break;
	case EVENT_TEST_STARTED:
	case EVENT_TEST_FINISHED:
		on_test(m, e);
		break;
	case EVENT_NOTICE:
		on_notice(m, e);
		break;
	default:
		bus_publish(m->bus, e);
	}
}

/* Of an attempt that no longer counts: what failed in it, and nothing else. */
static void evidence_event(void *arg, struct event *e)
{
	struct merge *m = arg;

	e->source = merge_source(m, m->bundle);
	e->worker = 0;
	e->repeat = 0;
	if (e->type == EVENT_TEST_FINISHED && e->outcome == OUTCOME_FAILED) {
		cleanup_free char *key = test_key(e);
		intptr_t before = (intptr_t)strmap_get(&m->evidence, key);
		strmap_put(&m->evidence, key, (void *)(before + 1));
		e->attempt = (int)before + 1;
		e->will_retry = true;
		bus_publish(m->bus, e);
	} else if (e->type == EVENT_FILE_FINISHED && e->failure.kind != FAILURE_NONE) {
		e->will_retry = true;
		e->duration_us = 0;
		bus_publish(m->bus, e);
	}
}

static void replay(struct merge *m, const struct bundle *bundle)
{
	struct journal_end end = {0};
	struct merge_shard *shard = &m->shards[bundle->info.shard];

	m->bundle = bundle;
	m->current = shard;
	m->worker_base = m->worker_most;
	if (journal_read(bundle->journal, replay_event, m, &end, NULL) == 0)
		shard->finished = end.finished;
	shard->truncated |= end.truncated;
}

/* Jobs that plan for themselves, from histories that differ, are the usual reason. */
static void tell_foreign(struct merge *m, const struct bundle *b)
{
	const struct plan *plan = m->options->plan;
	const char *id = b->info.plan_id;
	bool same_kind = plan && id && b->info.shards == plan->shard_count;

	merge_notice(m, SEVERITY_WARNING, "foreign",
		"%s was made for another plan (%.8s): its results do not count%s", b->dir,
		id ? id : "none",
		same_kind ? "; jobs that plan by themselves must have the same files and history, "
			    "or share the file of one `muster plan`"
			  : "");
}

/* A failure at another commit says nothing about a pass at this one. */
static bool is_same_code(const struct merge *m, const struct bundle *stale)
{
	const struct bundles *b = m->options->bundles;

	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].use == BUNDLE_COUNTS && b->v[i].info.shard == stale->info.shard)
			return streq_null(b->v[i].info.commit, stale->info.commit);
	return true;
}

static void tell_stale(struct merge *m, const struct bundle *b)
{
	cleanup_free char *which = b->info.ci_attempt ? xasprintf("attempt %d", b->info.ci_attempt)
						      : xstrdup("an earlier run");

	merge_notice(m, SEVERITY_NOTE, "stale", "%s of shard %d was repeated: %s", which,
		b->info.shard,
		is_same_code(m, b) ? "only its failures are remembered, as evidence of flaky tests"
				   : "it was at another commit, nothing of it counts");
}

static void tell_unused(struct merge *m, const struct bundle *b)
{
	switch (b->use) {
	case BUNDLE_SAME:
		merge_notice(m, SEVERITY_NOTE, "same_bundle",
			"%s is a run that was given already: it counts once", b->dir);
		break;
	case BUNDLE_STALE:
		tell_stale(m, b);
		break;
	case BUNDLE_FOREIGN:
		m->problems++;
		tell_foreign(m, b);
		break;
	case BUNDLE_MERGED:
		merge_notice(m, SEVERITY_NOTE, "merged",
			"%s is the result of a merge, not a run: it is left out", b->dir);
		break;
	case BUNDLE_DOUBLED:
		if (b->info.shard) /* told with its shard */
			break;
		m->problems++;
		merge_notice(m, SEVERITY_WARNING, "doubled",
			"%s was given twice, and its journals differ: neither counts", b->dir);
		break;
	case BUNDLE_COUNTS:
		break;
	}
}

static void replay_all(struct merge *m)
{
	const struct bundles *b = m->options->bundles;
	struct journal_end end;

	for (size_t i = 0; i < b->n; i++)
		tell_unused(m, &b->v[i]);
	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].use != BUNDLE_STALE || b->v[i].info.shard > m->shard_count)
			continue;
		m->shards[b->v[i].info.shard].again = true;
		m->bundle = &b->v[i];
		if (is_same_code(m, m->bundle))
			journal_read(m->bundle->journal, evidence_event, m, &end, NULL);
	}
	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].use == BUNDLE_MERGED)
			continue;
		if (b->v[i].info.shard > m->shard_count) {
			m->problems++;
			merge_notice(m, SEVERITY_WARNING, "foreign",
				"%s says that it is shard %d, but there are %d", b->v[i].dir,
				b->v[i].info.shard, m->shard_count);
			continue;
		}
		struct merge_shard *shard = &m->shards[b->v[i].info.shard];
		if (b->v[i].use == BUNDLE_DOUBLED) {
			shard->bundle = &b->v[i];
			shard->doubled = true;
		} else if (b->v[i].use == BUNDLE_COUNTS) {
			shard->bundle = &b->v[i];
			replay(m, &b->v[i]);
		}
	}
	for (size_t i = 0; i < b->unreadable.n; i++) {
		m->problems++;
		merge_notice(m, SEVERITY_WARNING, "unreadable", "%s", b->unreadable.v[i]);
	}
}

/* ---- the whole --------------------------------------------------------------------------------- */

void merge_run_id(const struct bundles *b, char buf[static 23])
{
	cleanup_strbuf struct strbuf ids = STRBUF_INIT;
	char hex[DIGEST_HEX_SIZE], date[16];
	int64_t first_ms = INT64_MAX;
	struct tm tm;

	for (size_t i = 0; i < b->n; i++) {
		if (b->v[i].use == BUNDLE_SAME || b->v[i].use == BUNDLE_MERGED)
			continue;
		first_ms = MIN(first_ms, b->v[i].started_ms);
		strbuf_addf(&ids, "%s\n", b->v[i].info.run_id);
	}
	digest_hex(ids.buf, ids.len, hex);
	time_t t = first_ms < INT64_MAX ? (time_t)(first_ms / 1000) : 0;
	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &tm);
	snprintf(buf, 23, "%.15s-%.6s", date, hex);
}

static int count_shards(const struct merge_options *o)
{
	int n = o->plan ? o->plan->shard_count : 0;

	for (size_t i = 0; i < o->bundles->n && !o->plan; i++)
		if (o->bundles->v[i].use != BUNDLE_FOREIGN)
			n = MAX(n, MAX(o->bundles->v[i].info.shards, o->bundles->v[i].info.shard));
	return n;
}

static void publish_start(struct merge *m, const char *run_id)
{
	const struct bundles *b = m->options->bundles;
	const struct plan *plan = m->options->plan;
	struct run_info info = {.run_id = run_id, .version = MUSTER_VERSION, .history_runs = -1};
	int workers = 0;

	m->started_ms = INT64_MAX;
	for (size_t i = 0; i < b->n; i++) {
		m->again |= b->v[i].use == BUNDLE_STALE;
		if (b->v[i].use != BUNDLE_COUNTS)
			continue;
		const struct run_info *own = &b->v[i].info;
		if (!workers)
			info = *own;
		workers += MAX(own->workers, 1);
		m->attempt = MAX(m->attempt, own->ci_attempt);
		m->started_ms = MIN(m->started_ms, b->v[i].started_ms);
	}
	if (!workers)
		m->started_ms = plan ? plan->created_ms : 0;
	m->again |= m->attempt > 1;
	if (plan && plan->created_ms && !m->again)
		m->started_ms = MIN(m->started_ms, plan->created_ms);
	info.run_id = run_id;
	info.plan_id = plan ? plan->plan_id : info.plan_id;
	info.plan_ms = plan ? plan->created_ms : 0;
	info.commit = info.commit ? info.commit : plan ? plan->commit : NULL;
	info.shard = 0;
	info.shards = m->shard_count;
	info.ci_attempt = (int)m->attempt;
	info.workers = workers;
	info.last_ms = info.last_files = 0;
	info.merged = true;
	info.partial |= plan && plan->partial;
	bus_publish(m->bus,
		&(struct event){.type = EVENT_RUN_STARTED, .time_ms = m->started_ms, .run = &info});
}

static void finish(struct merge *m)
{
	struct state *state = m->bus->state;
	enum exit_code code = merge_judge_shards(m);

	merge_judge_duration(m);
	if (m->options->before_verdict)
		m->options->before_verdict(m->options->arg, m->problems);
	if (m->problems)
		code = exit_code_worst(code, EXIT_CODE_INCOMPLETE);
	code = exit_code_worst(code, state_exit_code(state, !m->options->no_tests_pass));
	if (code == EXIT_CODE_PASSED && state->file_counts.not_run)
		code = EXIT_CODE_INCOMPLETE;
	/* No test has known the tokens of its own run, nor this; the same runs make the same. */
	char token[DIGEST_HEX_SIZE];
	digest_hex(m->tokens.buf, m->tokens.len, token);
	bus_publish(m->bus, &(struct event){.type = EVENT_RUN_FINISHED,
				    .token = m->tokens.len ? token : NULL,
				    .time_ms = m->ended_ms,
				    .exit_code = (int)code,
				    .duration_us = (m->ended_ms - m->started_ms) * 1000});
}

int merge_run(const struct merge_options *options, struct error *err)
{
	struct merge m = {.options = options,
		.bus = options->bus,
		.arena = ARENA_INIT,
		.tokens = STRBUF_INIT};
	char run_id[23];

	if (!options->bundles->n && !options->plan)
		return error_set(err, EXIT_CODE_USAGE, "there is nothing to merge");
	m.shard_count = count_shards(options);
	m.shards = xcalloc((size_t)m.shard_count + 1, sizeof(*m.shards));
	merge_run_id(options->bundles, run_id);
	publish_start(&m, run_id);
	take_plan(&m);
	for (size_t i = 0; options->plan && i < options->plan->item_count; i++)
		publish_planned(&m, &options->plan->items[i]);
	replay_all(&m);
	m.ended_ms = MAX(m.ended_ms, m.started_ms);
	finish(&m);
	free(m.shards);
	strmap_release(&m.items, NULL);
	strmap_release(&m.suites, NULL);
	strmap_release(&m.evidence, NULL);
	strmap_release(&m.strays, NULL);
	strmap_release(&m.notices, NULL);
	strbuf_release(&m.tokens);
	arena_release(&m.arena);
	return 0;
}
