#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/text.h"
#include "core/event/test_id.h"
#include "reporters/failure.h"
#include "reporters/summary.h"

enum { FAILURES_LISTED = 50, NOTICES_LISTED = 20, NAME_WIDTH = 11 };

/* ---- lines ----------------------------------------------------------------------------------- */

/* "   PASS [   0.412s] jest        " */
static void status(
	struct summary *s, const char *word, enum ansi_style style, int64_t us, const char *suite)
{
	bool c = s->sink->color;

	sink_printf(s->sink, "%s%s%7s%s [%8.3fs] %s%-*s%s ", ansi(ANSI_BOLD, c), ansi(style, c),
		word, ansi(ANSI_RESET, c), (double)us / 1e6, ansi(ANSI_DIM, c), NAME_WIDTH, suite,
		ansi(ANSI_RESET, c));
}

static void add_file(struct strbuf *out, const struct state_file *f)
{
	ansi_filter(out, f->file, strlen(f->file), false);
	if (*f->project)
		strbuf_addf(out, " [%s]", f->project);
}

static void finish_line(struct summary *s, const struct strbuf *text)
{
	sink_printf(s->sink, "%s\n", text->buf);
}

static void test_line(struct summary *s, const struct state_test *t, const char *word,
	enum ansi_style style, int64_t us, const char *more)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;

	status(s, word, style, us, t->file->suite->name);
	add_file(&line, t->file);
	strbuf_addstr(&line, TEST_ID_ARROW);
	test_id_text(&line, t->path, t->occurrence);
	strbuf_addstr(&line, more);
	finish_line(s, &line);
}

/* ---- header ---------------------------------------------------------------------------------- */

static void detected(struct summary *s, const struct state *st, const struct state_suite *suite)
{
	cleanup_strbuf struct strbuf count = STRBUF_INIT;
	bool c = s->sink->color;

	if (st->run.partial && !suite->file_count) /* others were asked for */
		return;
	text_count(&count, suite->file_count);
	sink_printf(
		s->sink, "%sDetected%s  %s", ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c), suite->name);
	if (!streq(suite->name, suite->runner))
		sink_printf(s->sink, " (%s)", suite->runner);
	const char *root = suite->root && !streq(suite->root, ".") ? suite->root : "";
	sink_printf(s->sink, " %s \xc2\xb7 %s file%s %s(%s%s%s)%s\n",
		suite->version ? suite->version : "", count.buf, suite->file_count == 1 ? "" : "s",
		ansi(ANSI_DIM, c), suite->reason ? suite->reason : "", *root ? " in " : "", root,
		ansi(ANSI_RESET, c));
}

static bool all_discovered(const struct state *st)
{
	for (size_t i = 0; i < st->suite_count; i++)
		if (!st->suites[i]->discovered)
			return false;
	return st->suite_count > 0;
}

/* Work by the estimates, spread evenly, but no less than what nobody can share. Said once every
 * suite is known. */
static void predicted(struct summary *s, const struct state *st, struct strbuf *line)
{
	if (!st->run.history_files || s->predicted || !all_discovered(st))
		return;
	strbuf_addstr(line, " \xc2\xb7 predicted ");
	int64_t ms = st->predicted_ms / MAX(st->run.workers, 1);
	for (size_t i = 0; i < st->file_count; i++)
		ms = MAX(ms, st->files[i]->estimate_ms / MAX(st->files[i]->parts, 1));
	text_duration(line, ms);
	s->predicted = true;
}

/* Before the first result: what the run has to work with. */
static void using(struct summary *s, const struct state *st)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	bool c = s->sink->color;
	int workers = MAX(st->run.workers, 1);

	strbuf_addf(&line, "%sUsing%s     %d worker%s", ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c),
		workers, workers == 1 ? "" : "s");
	if (st->run.seed)
		sink_printf(s->sink,
			"%sShuffled%s  seed %" PRId64 " (`--shuffle=%" PRId64
			"` is the same order)\n",
			ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c), st->run.seed, st->run.seed);
	if (st->run.history_runs > 0) {
		strbuf_addf(&line, " \xc2\xb7 history of %d run%s (%d of %" PRId64 " files known)",
			st->run.history_runs, st->run.history_runs == 1 ? "" : "s",
			st->run.history_files, st->file_counts.total);
		predicted(s, st, &line);
	} else {
		strbuf_addstr(&line, " \xc2\xb7 no timing history yet");
	}
	finish_line(s, &line);
	s->started = true;
}

/* Workers start while slower suites are still being discovered: their share comes in later. */
static void planned(struct summary *s, const struct state *st)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	bool c = s->sink->color;

	strbuf_addf(&line, "%sPlanned%s   %" PRId64 " files", ansi(ANSI_BOLD, c),
		ansi(ANSI_RESET, c), st->file_counts.total);
	predicted(s, st, &line);
	if (s->predicted)
		finish_line(s, &line);
}

static void header(struct summary *s, const struct event *e, const struct state *st)
{
	if (s->verbosity < 0)
		return;
	/* At once: discovery takes its time. */
	if (e->type == EVENT_RUN_STARTED && st->run.run_id)
		sink_printf(s->sink, "%sStarting%s  run %s\n", ansi(ANSI_BOLD, s->sink->color),
			ansi(ANSI_RESET, s->sink->color), st->run.run_id);
	if (e->type == EVENT_SUITE_DISCOVERED)
		for (size_t i = 0; i < st->suite_count; i++)
			if (e->suite && streq(st->suites[i]->name, e->suite))
				detected(s, st, st->suites[i]);
	if (e->type == EVENT_SUITE_DISCOVERED && e->text && s->verbosity > 0)
		sink_printf(s->sink, "%sWorkers%s   %s: %s\n", ansi(ANSI_BOLD, s->sink->color),
			ansi(ANSI_RESET, s->sink->color), e->suite, e->text);
	if (e->type == EVENT_FILE_STARTED && !s->started)
		using(s, st);
	else if (e->type == EVENT_FILE_STARTED && !s->predicted && all_discovered(st))
		planned(s, st);
}

/* ---- results --------------------------------------------------------------------------------- */

static void failed_test(struct summary *s, const struct event *e, const struct state *st)
{
	struct state_test *t = state_test_of(st, e);
	char more[64] = "";

	if (!t)
		return;
	if (e->repeat)
		snprintf(more, sizeof(more), " (new, passed %d time%s before)", e->attempt - 1,
			e->attempt == 2 ? "" : "s");
	test_line(s, t, e->repeat ? "FLAKY" : failure_word(&e->failure), ANSI_RED, e->duration_us,
		more);
	failure_write(s->sink, st, t->file, t, &t->failure);
}

static void test_finished(struct summary *s, const struct event *e, const struct state *st)
{
	struct state_test *t = state_test_of(st, e);
	char more[64] = "";

	if (!t || (e->repeat && e->outcome != OUTCOME_FAILED))
		return;
	if (e->will_retry) {
		snprintf(more, sizeof(more), " (try %d failed)", e->attempt);
		if (s->verbosity >= 0)
			test_line(s, t, "RETRY", ANSI_YELLOW, e->duration_us, more);
	} else if (e->outcome == OUTCOME_FAILED && t->quarantined) {
		if (s->verbosity >= 0)
			test_line(s, t, "QUAR", ANSI_YELLOW, e->duration_us,
				" (failed; it is in quarantine)");
		if (s->verbosity > 0)
			failure_write(s->sink, st, t->file, t, &t->failure);
	} else if (e->outcome == OUTCOME_FAILED) {
		failed_test(s, e, st);
	} else if (t->flaky) {
		snprintf(more, sizeof(more), " (passed on attempt %d of %d)", e->attempt,
			t->attempts);
		test_line(s, t, "FLAKY", ANSI_YELLOW, e->duration_us, more);
	} else if (s->verbosity > 0) {
		bool passed = e->outcome == OUTCOME_PASSED;
		test_line(s, t, passed ? "pass" : "skip", passed ? ANSI_GREEN : ANSI_YELLOW,
			e->duration_us, "");
	}
}

static void file_finished(struct summary *s, const struct event *e, const struct state *st)
{
	struct state_file *f = state_file_of(st, e);
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	bool failed = e->outcome == OUTCOME_FAILED;

	if (!f || e->will_retry || (e->repeat && !failed))
		return;
	/* A file in parts has its line when the last one is done; what fails is told at once. */
	bool whole = !e->parts || f->phase == FILE_DONE;
	if (!whole && !failed)
		return;
	if (failed && e->failure.kind != FAILURE_NONE) {
		status(s, failure_word(&e->failure), ANSI_RED, e->duration_us, f->suite->name);
		add_file(&line, f);
		finish_line(s, &line);
		if (!failure_is_blamed(f, &e->failure))
			failure_write(s->sink, st, f, NULL, &f->failure);
		failure_output(s->sink, f);
		return;
	}
	if (failed) {
		failure_output(s->sink, f);
		return; /* its tests said it */
	}
	if (s->verbosity < 0 || f->outcome == OUTCOME_FAILED)
		return;
	bool skipped = f->outcome == OUTCOME_SKIPPED;
	status(s, skipped ? "SKIP" : "PASS", skipped ? ANSI_YELLOW : ANSI_GREEN,
		e->parts ? f->duration_us : e->duration_us, f->suite->name);
	add_file(&line, f);
	strbuf_addf(&line, " (%" PRId64 ")", e->parts ? (int64_t)f->test_count : e->count);
	finish_line(s, &line);
}

static void slow(struct summary *s, const struct event *e, const struct state *st)
{
	struct state_test *t = state_test_of(st, e);
	bool c = s->sink->color;
	cleanup_strbuf struct strbuf line = STRBUF_INIT;

	if (!t || s->verbosity < 0)
		return;
	sink_printf(s->sink, "%s   SLOW%s [>%7.3fs] %-*s ", ansi(ANSI_YELLOW, c),
		ansi(ANSI_RESET, c), (double)e->duration_us / 1e6, NAME_WIDTH,
		t->file->suite->name);
	add_file(&line, t->file);
	strbuf_addstr(&line, TEST_ID_ARROW);
	test_id_text(&line, t->path, t->occurrence);
	finish_line(s, &line);
}

static void cancelled(struct summary *s, const struct event *e)
{
	if (s->verbosity < 0 && e->cancel == CANCEL_FAIL_FAST)
		return;
	sink_printf(s->sink, "%sstopping: %s%s\n", ansi(ANSI_YELLOW, s->sink->color),
		e->text ? e->text : cancel_reason_name(e->cancel),
		ansi(ANSI_RESET, s->sink->color));
}

static void notice(struct summary *s, const struct event *e)
{
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;

	if (e->severity != SEVERITY_ERROR)
		return; /* told at the end */
	ansi_filter(&clean, e->text ? e->text : "", e->text_len, s->sink->color);
	sink_printf(s->sink, "%serror:%s %s%s%s\n", ansi(ANSI_RED, s->sink->color),
		ansi(ANSI_RESET, s->sink->color), e->suite ? e->suite : "", e->suite ? ": " : "",
		clean.buf);
}

bool summary_event(struct summary *s, const struct event *e, const struct state *st)
{
	size_t before = s->sink->buf.len;

	header(s, e, st);
	if (e->type == EVENT_TEST_FINISHED)
		test_finished(s, e, st);
	else if (e->type == EVENT_FILE_FINISHED)
		file_finished(s, e, st);
	else if (e->type == EVENT_TEST_SLOW)
		slow(s, e, st);
	else if (e->type == EVENT_RUN_CANCELLED)
		cancelled(s, e);
	else if (e->type == EVENT_NOTICE)
		notice(s, e);
	return s->sink->buf.len != before;
}

/* ---- the end --------------------------------------------------------------------------------- */

static void add_count(
	struct strbuf *out, int64_t n, const char *word, enum ansi_style style, bool color)
{
	if (!n)
		return;
	if (out->len)
		strbuf_addstr(out, ", ");
	strbuf_addstr(out, ansi(style, color));
	text_count(out, n);
	strbuf_addf(out, " %s%s", word, ansi(ANSI_RESET, color));
}

void summary_counts(struct strbuf *out, const struct state_counts *c, bool color)
{
	cleanup_strbuf struct strbuf parts = STRBUF_INIT;

	add_count(&parts, c->passed, "passed", ANSI_GREEN, color);
	if (c->flaky) {
		strbuf_addf(&parts, " (%s", ansi(ANSI_YELLOW, color));
		text_count(&parts, c->flaky);
		strbuf_addf(&parts, " flaky%s)", ansi(ANSI_RESET, color));
	}
	add_count(&parts, c->failed, "failed", ANSI_RED, color);
	add_count(&parts, c->quarantined, "quarantined", ANSI_YELLOW, color);
	add_count(&parts, c->skipped, "skipped", ANSI_YELLOW, color);
	add_count(&parts, c->not_run, "not run", ANSI_YELLOW, color);
	strbuf_addstr(out, parts.len ? parts.buf : "none");
}

static void write_summary_line(struct summary *s, const struct state *st)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	bool c = s->sink->color;

	strbuf_addf(&line, "%sSummary%s [%8.3fs] ", ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c),
		(double)st->duration_us / 1e6);
	text_count(&line, st->test_counts.total);
	strbuf_addf(&line, " test%s in ", st->test_counts.total == 1 ? "" : "s");
	text_count(&line, st->file_counts.total - st->file_counts.not_run);
	strbuf_addf(&line,
		" file%s: ", st->file_counts.total - st->file_counts.not_run == 1 ? "" : "s");
	summary_counts(&line, &st->test_counts, c);
	strbuf_addf(&line, " \xc2\xb7 %d worker%s %.0f %% busy", MAX(st->run.workers, 1),
		st->run.workers <= 1 ? "" : "s", state_busy_ratio(st) * 100);
	finish_line(s, &line);
}

void summary_early(struct strbuf *out, const struct state *st, bool color)
{
	text_count(out, st->early.tests);
	strbuf_addf(out, " new or changed test%s ran ", st->early.tests == 1 ? "" : "s");
	text_count(out, st->early.repeats);
	strbuf_addf(out, " time%s more: ", st->early.repeats == 1 ? "" : "s");
	if (st->early.flaky)
		strbuf_addf(out, "%s%" PRId64 " flaky%s", ansi(ANSI_RED, color), st->early.flaky,
			ansi(ANSI_RESET, color));
	else
		strbuf_addf(
			out, "%sall passed%s", ansi(ANSI_GREEN, color), ansi(ANSI_RESET, color));
	strbuf_addstr(out, " \xc2\xb7 cost ");
	text_duration(out, st->early.cost_us / 1000);
}

static void write_early(struct summary *s, const struct state *st)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	bool c = s->sink->color;

	if (!st->early.repeats)
		return;
	strbuf_addf(&line, "%sEarly%s     ", ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c));
	summary_early(&line, st, c);
	finish_line(s, &line);
}

/* What the history is good for: the same work as last time, in more or less time. */
static void compare_with_last(struct summary *s, const struct state *st)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	int64_t now_ms = st->duration_us / 1000, last_ms = st->run.last_ms;

	if (s->verbosity < 0 || st->exit_code || last_ms <= 0 || now_ms <= 0 ||
		st->run.last_files != st->file_counts.total)
		return;
	strbuf_addstr(&line, "History   the last run took ");
	text_duration(&line, last_ms);
	double change = (double)(now_ms - last_ms) * 100 / (double)last_ms;
	if (change <= -1 || change >= 1)
		strbuf_addf(&line, ", this one %.0f %% %s", change < 0 ? -change : change,
			change < 0 ? "less" : "more");
	finish_line(s, &line);
}

static void list_failures(struct summary *s, const struct state *st)
{
	size_t listed = 0, total = st->failure_count + st->file_failure_count;

	for (size_t i = 0; i < st->file_failure_count && listed < FAILURES_LISTED; i++, listed++) {
		const struct state_file *f = st->file_failures[i];
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		if (f->outcome != OUTCOME_FAILED || failure_is_blamed(f, &f->failure))
			continue;
		strbuf_addf(&line, "%s%7s%s  ", ansi(ANSI_RED, s->sink->color),
			failure_word(&f->failure), ansi(ANSI_RESET, s->sink->color));
		add_file(&line, f);
		strbuf_addstr(&line, ": ");
		failure_first_line(&line, &f->failure);
		finish_line(s, &line);
	}
	for (size_t i = 0; i < st->failure_count && listed < FAILURES_LISTED; i++, listed++) {
		const struct state_test *t = st->failures[i];
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		if (t->outcome != OUTCOME_FAILED)
			continue;
		strbuf_addf(&line, "%s%7s%s  ", ansi(ANSI_RED, s->sink->color),
			failure_word(&t->failure), ansi(ANSI_RESET, s->sink->color));
		failure_place(&line, t->file, t, &t->failure);
		strbuf_addstr(&line, TEST_ID_ARROW);
		failure_title(&line, t->file, t);
		if (t->flaky_new)
			strbuf_addstr(&line, " (flaky: new, and passed before)");
		finish_line(s, &line);
	}
	if (total > listed)
		sink_printf(s->sink, "         and %zu more\n", total - listed);
}

static void list_flaky(struct summary *s, const struct state *st)
{
	for (size_t i = 0; st->test_counts.flaky && i < st->file_count; i++) {
		for (size_t k = 0; k < st->files[i]->test_count; k++) {
			const struct state_test *t = st->files[i]->tests[k];
			cleanup_strbuf struct strbuf line = STRBUF_INIT;
			if (!t->flaky)
				continue;
			strbuf_addf(&line, "%s  FLAKY%s  ", ansi(ANSI_YELLOW, s->sink->color),
				ansi(ANSI_RESET, s->sink->color));
			add_file(&line, t->file);
			strbuf_addstr(&line, TEST_ID_ARROW);
			test_id_text(&line, t->path, t->occurrence);
			strbuf_addf(&line, " (passed on attempt %d)", t->attempts);
			finish_line(s, &line);
		}
	}
}

static void tell_flaky_fails(struct summary *s, const struct state *st)
{
	int64_t n = st->run.fail_on_flaky ? state_counted_flaky(st) : 0;

	if (n)
		sink_printf(s->sink, "%sfailed:%s %" PRId64 " flaky, and `fail_on_flaky` is on\n",
			ansi(ANSI_RED, s->sink->color), ansi(ANSI_RESET, s->sink->color), n);
}

static void list_quarantined(struct summary *s, const struct state *st)
{
	size_t listed = 0;

	for (size_t i = 0; st->test_counts.quarantined && i < st->file_count; i++) {
		for (size_t k = 0; k < st->files[i]->test_count; k++) {
			const struct state_test *t = st->files[i]->tests[k];
			cleanup_strbuf struct strbuf line = STRBUF_INIT;
			if (!t->quarantined || t->outcome != OUTCOME_FAILED ||
				listed++ >= FAILURES_LISTED)
				continue;
			strbuf_addf(&line, "%s   QUAR%s  ", ansi(ANSI_YELLOW, s->sink->color),
				ansi(ANSI_RESET, s->sink->color));
			add_file(&line, t->file);
			strbuf_addstr(&line, TEST_ID_ARROW);
			test_id_text(&line, t->path, t->occurrence);
			strbuf_addstr(&line, ": ");
			failure_first_line(&line, &t->failure);
			finish_line(s, &line);
		}
	}
}

static void list_notices(struct summary *s, const struct state *st)
{
	size_t listed = 0;

	for (size_t i = 0; i < st->notice_count && listed < NOTICES_LISTED; i++) {
		const struct state_notice *n = &st->notices[i];
		cleanup_strbuf struct strbuf clean = STRBUF_INIT;
		if (n->severity == SEVERITY_ERROR)
			continue;
		ansi_filter(&clean, n->text, strlen(n->text), false);
		sink_printf(s->sink, "%s: %s%s%s\n",
			n->severity == SEVERITY_WARNING ? "warning" : "note",
			n->suite ? n->suite : "", n->suite ? ": " : "", clean.buf);
		listed++;
	}
}

static void tell_not_run(struct summary *s, const struct state *st)
{
	int64_t unexplained = state_unexplained(st);
	cleanup_strbuf struct strbuf count = STRBUF_INIT;

	if (unexplained) {
		sink_printf(s->sink, "%sincomplete:%s ", ansi(ANSI_RED, s->sink->color),
			ansi(ANSI_RESET, s->sink->color));
		if (unexplained > st->broken_shards)
			sink_printf(s->sink,
				"%" PRId64 " of %" PRId64 " planned files have no result%s\n",
				unexplained - st->broken_shards, st->file_counts.total,
				st->broken_shards ? "" : " and nothing explains it");
		else
			sink_printf(s->sink, "%" PRId64 " of %zu shards prove%s nothing\n",
				st->broken_shards, st->shard_count,
				st->broken_shards == 1 ? "s" : "");
	} else if (st->shard_count && st->file_counts.not_run) {
		text_count(&count, st->file_counts.not_run);
		sink_printf(s->sink,
			"%s of %" PRId64 " files were not run: their jobs were stopped\n",
			count.buf, st->file_counts.total);
	} else if (st->file_counts.not_run) {
		text_count(&count, st->file_counts.not_run);
		sink_printf(s->sink, "%s of %" PRId64 " files were not run (%s)%s\n", count.buf,
			st->file_counts.total,
			st->cancel_text ? st->cancel_text : cancel_reason_name(st->cancel),
			/* a shard is not in the history */
			st->run.shard ? "" : "; `muster --failed` runs what is left");
	}
}

void summary_end(struct summary *s, const struct state *st)
{
	sink_puts(s->sink,
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80"
		"\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\xe2\x94\x80\n");
	write_summary_line(s, st);
	write_early(s, st);
	compare_with_last(s, st);
	summary_shards(s, st);
	summary_coverage(s, st);
	summary_gates(s, st);
	list_failures(s, st);
	list_flaky(s, st);
	list_quarantined(s, st);
	tell_flaky_fails(s, st);
	tell_not_run(s, st);
	list_notices(s, st);
}

void summary_running(const struct state *st, struct sink *sink)
{
	for (size_t i = 0; i < st->file_count; i++) {
		const struct state_file *f = st->files[i];
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		if (f->phase != FILE_RUNNING && !f->repeating_ms)
			continue;
		strbuf_addf(&line, "RUNNING [%8.3fs] %-*s ",
			(double)(st->now_ms - f->running_ms) / 1e3, NAME_WIDTH, f->suite->name);
		add_file(&line, f);
		for (size_t k = 0; k < f->test_count; k++) {
			if (!f->tests[k]->running)
				continue;
			strbuf_addstr(&line, TEST_ID_ARROW);
			test_id_text(&line, f->tests[k]->path, f->tests[k]->occurrence);
		}
		sink_printf(sink, "%s\n", line.buf);
	}
}
