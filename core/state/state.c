#include "core/base/base.h"

#include "core/state/state.h"
#include "core/state/output.h"
#include "core/state/tests.h"

/* ---- records -------------------------------------------------------------------------------- */

static const char *keep(struct state *s, const char *text)
{
	return arena_strdup(&s->arena, text);
}

static void keep_failure(struct state *s, struct failure *to, const struct failure *from)
{
	*to = *from;
	to->message = keep(s, from->message);
	to->stack = keep(s, from->stack);
	to->expected = keep(s, from->expected);
	to->actual = keep(s, from->actual);
	to->snippet = keep(s, from->snippet);
	to->file = keep(s, from->file);
}

static struct state_suite *suite_named(struct state *s, const char *name)
{
	for (size_t i = 0; i < s->suite_count; i++)
		if (streq(s->suites[i]->name, name))
			return s->suites[i];
	struct state_suite *suite = arena_alloc(&s->arena, sizeof(*suite));
	suite->name = keep(s, name);
	suite->runner = "";
	GROW(s->suites, s->suite_count + 1, s->suite_cap);
	s->suites[s->suite_count++] = suite;
	return suite;
}

static void file_key(struct strbuf *out, const struct event *e)
{
	strbuf_addf(out, "%s\x1f%s\x1f%s", e->suite ? e->suite : "", e->project ? e->project : "",
		e->file);
}

static bool is_of(const struct state_file *f, const struct event *e)
{
	return f && streq(f->file, e->file) && streq(f->suite->name, e->suite ? e->suite : "") &&
	       streq(f->project, e->project ? e->project : "");
}

struct state_file *state_file_of(const struct state *s, const struct event *e)
{
	cleanup_strbuf struct strbuf key = STRBUF_INIT;

	if (!e->file)
		return NULL;
	if (is_of(s->recent, e))
		return s->recent;
	file_key(&key, e);
	return strmap_get(&s->file_index, key.buf);
}

static struct state_file *file_get(struct state *s, const struct event *e)
{
	cleanup_strbuf struct strbuf key = STRBUF_INIT;

	if (!e->file || !e->suite)
		return NULL;
	if (is_of(s->recent, e))
		return s->recent;
	file_key(&key, e);
	struct state_file *f = s->recent = strmap_get(&s->file_index, key.buf);
	if (f)
		return f;
	f = arena_alloc(&s->arena, sizeof(*f));
	f->suite = suite_named(s, e->suite);
	f->project = e->project ? keep(s, e->project) : "";
	f->file = keep(s, e->file);
	f->output = (struct strbuf)STRBUF_INIT;
	s->recent = f;
	strmap_put(&s->file_index, key.buf, f);
	GROW(s->files, s->file_count + 1, s->file_cap);
	s->files[s->file_count++] = f;
	return f;
}

static struct state_test *test_get(struct state *s, struct state_file *f, const struct event *e)
{
	struct state_test *t = state_tests_find(f, e->test, MAX(e->occurrence, 1));

	if (t)
		return t;
	t = arena_alloc(&s->arena, sizeof(*t));
	t->path = keep(s, e->test);
	t->occurrence = MAX(e->occurrence, 1);
	t->file = f;
	state_tests_add(f, t);
	return t;
}

static struct state_worker *worker_get(struct state *s, int number)
{
	if (number < 1 || number > 1000000)
		return NULL;
	size_t need = (size_t)number;
	if (need > s->worker_count) {
		GROW(s->workers, need, s->worker_cap);
		memset(s->workers + s->worker_count, 0,
			(need - s->worker_count) * sizeof(*s->workers));
		s->worker_count = need;
	}
	return &s->workers[need - 1];
}

/* ---- counting: every change of an outcome goes through here ---------------------------------- */

static void count(struct state_counts *c, enum outcome outcome, int by)
{
	int64_t *const at[] = {
		[OUTCOME_PASSED] = &c->passed,
		[OUTCOME_FAILED] = &c->failed,
		[OUTCOME_SKIPPED] = &c->skipped,
		[OUTCOME_NOT_RUN] = &c->not_run,
	};

	if (outcome != OUTCOME_NONE)
		*at[outcome] += by;
}

static void count_test(struct state *s, const struct state_test *t, int by)
{
	if (t->outcome == OUTCOME_FAILED && t->quarantined)
		s->test_counts.quarantined += by;
	else
		count(&s->test_counts, t->outcome, by);
}

static void set_test_outcome(struct state *s, struct state_test *t, enum outcome outcome)
{
	if (t->outcome == OUTCOME_NONE && outcome != OUTCOME_NONE)
		s->test_counts.total++;
	count_test(s, t, -1);
	bool flaky = outcome == OUTCOME_PASSED && t->earlier;
	s->test_counts.flaky += flaky - t->flaky;
	t->flaky = flaky;
	t->outcome = outcome;
	count_test(s, t, +1);
}

static void set_quarantined(struct state *s, struct state_test *t, bool quarantined)
{
	count_test(s, t, -1);
	t->quarantined = quarantined;
	count_test(s, t, +1);
}

static void set_file_outcome(struct state *s, struct state_file *f, enum outcome outcome)
{
	count(&s->file_counts, f->outcome, -1);
	count(&s->file_counts, outcome, +1);
	f->outcome = outcome;
}

/* ---- events --------------------------------------------------------------------------------- */

static void on_run_started(struct state *s, const struct event *e)
{
	const struct run_info *run = e->run;

	s->started_ms = e->time_ms;
	if (!run)
		return;
	s->run = *run;
	s->run.run_id = keep(s, run->run_id);
	s->run.version = keep(s, run->version);
	s->run.base = keep(s, run->base);
	s->run.repo_path = keep(s, run->repo_path);
	s->run.commit = keep(s, run->commit);
	s->run.branch = keep(s, run->branch);
	s->run.platform = keep(s, run->platform);
	s->run.plan_id = keep(s, run->plan_id);
	s->run.run_url = keep(s, run->run_url);
}

static void on_suite_discovered(struct state *s, const struct event *e)
{
	struct state_suite *suite = suite_named(s, e->suite ? e->suite : "");

	suite->runner = e->runner ? keep(s, e->runner) : "";
	suite->version = keep(s, e->version);
	suite->root = keep(s, e->root);
	suite->reason = keep(s, e->reason);
	suite->config = keep(s, e->config);
	suite->flags = keep(s, e->flags);
	suite->file_count = e->count;
	suite->discovered = true;
}

/* 0 for a whole file. */
static uint64_t part_bit(const struct event *e)
{
	return e->parts > 0 && e->part >= 1 && e->part <= 64 ? (uint64_t)1 << (e->part - 1) : 0;
}

static void on_file_planned(struct state *s, const struct event *e)
{
	struct state_file *f = file_get(s, e);

	if (!f || (f->planned && !(part_bit(e) & ~f->parts_planned)))
		return;
	f->parts = e->parts;
	f->parts_planned |= part_bit(e);
	f->estimate_ms += e->estimate_ms;
	s->predicted_ms += e->estimate_ms;
	f->known = e->known;
	f->chosen |= e->chosen;
	if (f->planned) /* a further part */
		return;
	f->planned = true;
	s->file_counts.total++;
	s->run.history_files += e->known;
}

static void on_file_started(struct state *s, const struct event *e)
{
	struct state_file *f = file_get(s, e);

	if (!f)
		return;
	f->running_ms = e->time_ms;
	if (e->repeat) { /* it has its result already */
		f->repeating_ms = e->time_ms;
		f->worker = e->worker;
		return;
	}
	if (f->phase == FILE_DONE)
		set_file_outcome(s, f, OUTCOME_NONE);
	f->parts_done &= ~part_bit(e);
	if (!f->started_ms)
		f->started_ms = e->time_ms;
	f->phase = FILE_RUNNING;
	f->attempt = MAX(e->attempt, 1);
	f->worker = e->worker;
	f->tries++;
	if (!e->parts)
		f->failure = (struct failure){0};
	if (!f->suite->first_file_ms)
		f->suite->first_file_ms = e->time_ms;
	struct state_worker *w = worker_get(s, e->worker);
	if (w)
		w->slots = MAX(w->slots, MAX(e->count, 1));
	if (w && !w->first_file_ms)
		w->first_file_ms = e->time_ms;
}

/* Results of tests that an aborted or repeated try left open do not stay open for ever. */
static void close_open_tests(struct state *s, struct state_file *f, enum outcome outcome)
{
	for (size_t i = 0; i < f->test_count; i++)
		if (f->tests[i]->outcome == OUTCOME_NONE)
			set_test_outcome(s, f->tests[i], outcome);
}

static void keep_file_failure(struct state *s, struct state_file *f, const struct event *e)
{
	if (e->failure.kind == FAILURE_NONE)
		return;
	keep_failure(s, &f->failure, &e->failure);
	GROW(s->file_failures, s->file_failure_count + 1, s->file_failure_cap);
	s->file_failures[s->file_failure_count++] = f;
}

/* A file that passed and ran again for its new tests: only a failure changes anything. */
static void on_file_repeated(struct state *s, struct state_file *f, const struct event *e)
{
	f->repeating_ms = 0;
	s->early.cost_us += e->duration_us;
	if (e->outcome != OUTCOME_FAILED)
		return;
	keep_file_failure(s, f, e);
	set_file_outcome(s, f, OUTCOME_FAILED);
}

static void on_file_finished(struct state *s, const struct event *e)
{
	struct state_file *f = file_get(s, e);
	struct state_worker *w = worker_get(s, e->worker);

	if (!f)
		return;
	f->duration_us += e->duration_us;
	f->rss_kb = MAX(f->rss_kb, e->rss_kb);
	f->worker = e->worker ? e->worker : f->worker;
	f->source = e->source;
	s->busy_us += e->duration_us;
	if (w) {
		w->busy_us += e->duration_us;
		w->files += !e->repeat;
	}
	if (e->repeat) {
		on_file_repeated(s, f, e);
		return;
	}
	if (e->attempt <= 1)
		f->first_duration_us += e->duration_us;
	f->suite->last_file_ms = e->time_ms;
	if (e->will_retry) {
		s->retries++;
		f->flaky = true; /* until the last try says that it is not */
		return;
	}
	f->parts_done |= part_bit(e);
	enum outcome outcome = state_with_other_parts(f, e->outcome);
	/* a test that failed in an earlier try and was not repeated still counts */
	if (outcome != OUTCOME_FAILED && state_has_failed_test(f))
		outcome = OUTCOME_FAILED;
	keep_file_failure(s, f, e);
	f->so_far = outcome;
	if (f->parts_planned & ~f->parts_done) /* other parts are still to come */
		return;
	f->phase = FILE_DONE;
	state_tests_forget(f);
	close_open_tests(s, f, OUTCOME_NOT_RUN);
	set_file_outcome(s, f, outcome);
	f->flaky = f->flaky && outcome == OUTCOME_PASSED;
	if (outcome == OUTCOME_PASSED && !f->flaky)
		state_output_forget(s, f);
}

static void on_test_started(struct state *s, const struct event *e)
{
	struct state_file *f = file_get(s, e);

	if (!f || !e->test)
		return;
	struct state_test *t = test_get(s, f, e);
	t->started_ms = e->time_ms;
	t->running = true;
	t->slow = false;
	t->line = e->line ? e->line : t->line;
	t->column = e->column ? e->column : t->column;
}

static void on_test_slow(struct state *s, const struct event *e)
{
	struct state_test *t = state_test_of(s, e);

	if (t)
		t->slow = true;
}

static void add_attempt(struct state *s, struct state_test *t, const struct event *e)
{
	struct state_attempt *a = arena_alloc(&s->arena, sizeof(*a));
	struct state_attempt **end = &t->earlier;

	a->attempt = e->attempt;
	a->duration_us = e->duration_us;
	a->source = e->source;
	keep_failure(s, &a->failure, &e->failure);
	while (*end)
		end = &(*end)->next;
	*end = a;
}

static void add_failed_test(struct state *s, struct state_test *t, const struct event *e)
{
	keep_failure(s, &t->failure, &e->failure);
	if (t->quarantined)
		return;
	GROW(s->failures, s->failure_count + 1, s->failure_cap);
	s->failures[s->failure_count++] = t;
}

/* It had passed: one failure is enough. */
static void on_test_repeated(struct state *s, struct state_test *t, const struct event *e)
{
	s->early.repeats++;
	s->early.tests += !t->repeats++;
	set_quarantined(s, t, e->quarantined);
	t->running = false;
	if (e->outcome != OUTCOME_FAILED || t->flaky_new)
		return;
	t->flaky_new = true;
	s->early.flaky++;
	t->attempts = MAX(e->attempt, 1);
	set_test_outcome(s, t, OUTCOME_FAILED);
	add_failed_test(s, t, e);
}

static void on_test_finished(struct state *s, const struct event *e)
{
	struct state_file *f = file_get(s, e);

	if (!f || !e->test)
		return;
	struct state_test *t = test_get(s, f, e);
	s->attempts++;
	if (e->repeat) {
		on_test_repeated(s, t, e);
		return;
	}
	t->attempts = MAX(e->attempt, 1);
	t->duration_us = e->duration_us;
	t->source = e->source;
	t->running = false;
	t->line = e->line ? e->line : t->line;
	t->column = e->column ? e->column : t->column;
	if (!t->started_ms)
		t->started_ms = e->time_ms - e->duration_us / 1000;
	if (e->will_retry) {
		add_attempt(s, t, e);
		s->retries++;
		return;
	}
	set_quarantined(s, t, e->quarantined);
	set_test_outcome(s, t, e->outcome);
	if (e->outcome == OUTCOME_FAILED)
		add_failed_test(s, t, e);
}

static void on_output(struct state *s, const struct event *e)
{
	struct state_file *f = state_file_of(s, e);

	if (f && e->text)
		state_output_add(s, f, e->text, e->text_len);
}

static void on_worker_started(struct state *s, const struct event *e)
{
	struct state_worker *w = worker_get(s, e->worker);

	if (!w)
		return;
	w->suite = suite_named(s, e->suite ? e->suite : "")->name;
	w->started_ms = e->time_ms;
	w->source = e->source;
}

static void on_worker_exited(struct state *s, const struct event *e)
{
	struct state_worker *w = worker_get(s, e->worker);

	if (!w)
		return;
	/* what it had taken and not finished waits for another one */
	for (size_t i = 0; i < s->file_count; i++)
		if (s->files[i]->phase == FILE_RUNNING && s->files[i]->worker == e->worker)
			s->files[i]->phase = FILE_PLANNED;
	w->ended_ms = e->time_ms;
	w->rss_kb = e->rss_kb;
	w->cpu_us = e->cpu_us;
	w->delay_us = e->delay_us;
}

static void on_notice(struct state *s, const struct event *e)
{
	GROW(s->notices, s->notice_count + 1, s->notice_cap);
	s->notices[s->notice_count++] = (struct state_notice){
		.severity = e->severity,
		.name = keep(s, e->name ? e->name : ""),
		.text = keep(s, e->text ? e->text : ""),
		.suite = keep(s, e->suite),
		.file = keep(s, e->file),
	};
	s->error_notices += e->severity == SEVERITY_ERROR;
	s->expired_quarantines += e->name && streq(e->name, "quarantine_expired");
}

static void on_shard_merged(struct state *s, const struct event *e)
{
	const char *status = e->status ? e->status : "missing";

	GROW(s->shards, s->shard_count + 1, s->shard_cap);
	s->shards[s->shard_count++] = (struct state_shard){
		.shard = e->shard,
		.shards = e->shards,
		.attempt = e->attempt,
		.run_id = keep(s, e->name),
		.status = keep(s, status),
		.text = keep(s, e->text),
		.run_url = keep(s, e->path),
		.exit_code = e->exit_code,
		.source = e->source,
		.started_ms = e->started_ms,
		.duration_us = e->duration_us,
		.startup_us = e->startup_us,
		.predicted_ms = e->estimate_ms,
		.files = e->count,
	};
	s->broken_shards += state_shard_is_broken(status);
}

static void on_gate_checked(struct state *s, const struct event *e)
{
	const char *status = e->status ? e->status : "not_evaluated";

	GROW(s->gates, s->gate_count + 1, s->gate_cap);
	s->gates[s->gate_count++] = (struct state_gate){
		.name = keep(s, e->name ? e->name : ""),
		.status = keep(s, status),
		.unit = keep(s, e->unit),
		.text = keep(s, e->text),
		.actual = e->value,
		.limit = e->limit,
	};
	s->failed_gates += streq(status, "failed");
}

static void on_coverage_total(struct state *s, const struct event *e)
{
	for (int k = 0; k < COVERAGE_KINDS; k++) {
		if (!e->name || !streq(e->name, coverage_kind_name((enum coverage_kind)k)))
			continue;
		s->has_coverage = true;
		s->coverage_is_whole = e->known;
		s->coverage.of[k] = (struct coverage_count){e->count, (int64_t)e->value};
	}
}

static void on_run_cancelled(struct state *s, const struct event *e)
{
	if (s->cancel != CANCEL_NONE)
		return;
	s->cancel = e->cancel;
	s->cancel_text = keep(s, e->text);
}

/* Whatever has no result when the run is over was not run. */
static void on_run_finished(struct state *s, const struct event *e)
{
	s->finished = true;
	s->duration_us = e->duration_us;
	s->exit_code = e->exit_code;
	s->token = keep(s, e->token);
	for (size_t i = 0; i < s->file_count; i++) {
		struct state_file *f = s->files[i];
		if (f->phase == FILE_DONE)
			continue;
		close_open_tests(s, f, OUTCOME_NOT_RUN);
		if (f->outcome == OUTCOME_NONE)
			set_file_outcome(s, f, OUTCOME_NOT_RUN);
	}
	if (s->run.shards && !s->run.shard)
		state_tests_sort_failures(s);
}

typedef void apply_fn(struct state *s, const struct event *e);

static apply_fn *const apply[EVENT_TYPE_COUNT] = {
	[EVENT_RUN_STARTED] = on_run_started,
	[EVENT_SUITE_DISCOVERED] = on_suite_discovered,
	[EVENT_FILE_PLANNED] = on_file_planned,
	[EVENT_RUN_CANCELLED] = on_run_cancelled,
	[EVENT_RUN_FINISHED] = on_run_finished,
	[EVENT_WORKER_STARTED] = on_worker_started,
	[EVENT_WORKER_EXITED] = on_worker_exited,
	[EVENT_FILE_STARTED] = on_file_started,
	[EVENT_FILE_FINISHED] = on_file_finished,
	[EVENT_TEST_STARTED] = on_test_started,
	[EVENT_TEST_SLOW] = on_test_slow,
	[EVENT_TEST_FINISHED] = on_test_finished,
	[EVENT_OUTPUT] = on_output,
	[EVENT_NOTICE] = on_notice,
	[EVENT_SHARD_MERGED] = on_shard_merged,
	[EVENT_GATE_CHECKED] = on_gate_checked,
	[EVENT_COVERAGE_TOTAL] = on_coverage_total,
};

void state_apply(struct state *s, const struct event *e)
{
	if (e->time_ms > s->now_ms)
		s->now_ms = e->time_ms;
	if (apply[e->type])
		apply[e->type](s, e);
}
