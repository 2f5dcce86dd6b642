#include "core/base/base.h"

#include "core/history/parts.h"
#include "core/history/suite.h"

#include <math.h>

enum {
	TRIAL_PERCENT =
		50, /* of the work of earlier trials: a smaller run says little of the whole */
	TRIAL_AGE_MS = 7 * 24 * 3600 * 1000, /* an older trial gives way to whatever runs now */
};

/* The workers of one suite in this run, those that had files. */
struct effort {
	int workers; /* slots together */
	int starts;
	double start_ms; /* of all starts */
	double cpu_ms, busy_ms, delay_ms, rss_kb;
	int64_t first_start_ms; /* unix */
	size_t processes;
};

static double blend(double old, double now, int runs)
{
	if (!(now > 0) || !isfinite(now))
		return old;
	return old > 0 ? old + MAX(0.3, 1.0 / (runs + 1)) * (now - old) : now;
}

static struct effort effort_of(const struct recording *r, const struct state_suite *suite)
{
	const struct state *st = r->state;
	struct effort c = {0};

	for (size_t i = 0; i < st->worker_count; i++) {
		const struct state_worker *w = &st->workers[i];
		if (!w->suite || !streq(w->suite, suite->name) || !w->files ||
			!history_part_is_new(r, w->source))
			continue;
		c.workers += (int)w->slots;
		c.processes++;
		c.first_start_ms =
			c.first_start_ms ? MIN(c.first_start_ms, w->started_ms) : w->started_ms;
		c.cpu_ms += (double)w->cpu_us / 1000;
		c.busy_ms += (double)w->busy_us / 1000;
		c.delay_ms += (double)w->delay_us / 1000;
		c.rss_kb = MAX(c.rss_kb, (double)w->rss_kb);
		if (w->first_file_ms) {
			c.start_ms += (double)(w->first_file_ms - w->started_ms);
			c.starts++;
		}
	}
	return c;
}

/* The part of the time in which the workers had a processor, or did not want one. */
static double able_share(const struct effort *c, int64_t end_ms)
{
	double wall_ms = (double)(end_ms - c->first_start_ms);
	double able_ms = wall_ms - c->delay_ms / (double)c->processes;

	return wall_ms > 0 ? MAX(able_ms / wall_ms, 0.01) : 1;
}

static bool fell_back(const struct state *st, const struct state_suite *suite)
{
	bool found = false;

	for (size_t i = 0; i < st->notice_count; i++)
		found |= streq(st->notices[i].name, "order_dependent") &&
			 streq_null(st->notices[i].suite, suite->name);
	return found;
}

/* ---- trials ---------------------------------------------------------------------------------- */

/* Only a run of nothing but this suite, all of it, on one machine and to the end can be compared
 * with another. */
static bool is_trial(
	const struct state *st, const struct state_suite *suite, const struct effort *c)
{
	return st->suite_count == 1 && !st->run.merged && c->workers >= 1 &&
	       c->workers <= HISTORY_TRIALS && st->cancel == CANCEL_NONE &&
	       !st->file_counts.failed && !st->has_coverage && !fell_back(st, suite);
}

static double work_of(const struct recording *r, const struct state_suite *suite)
{
	double ms = 0;

	for (size_t i = 0; i < r->state->file_count; i++)
		if (r->state->files[i]->suite == suite)
			ms += r->file_ms[i];
	return ms;
}

static bool is_whole(const struct history_suite *old, double work_ms, int64_t now_ms)
{
	for (int k = 1; k <= HISTORY_TRIALS; k++) {
		const struct history_trial *t = &old->trials[k];
		if (t->runs && now_ms - t->last_ms < TRIAL_AGE_MS &&
			work_ms < t->work_ms * TRIAL_PERCENT / 100)
			return false;
	}
	return true;
}

static int record_trial(struct recording *r, const struct state_suite *suite, int64_t suite_id,
	const struct effort *c, const struct history_suite *old)
{
	double work_ms = work_of(r, suite);
	double wall_ms = (double)(suite->last_file_ms - c->first_start_ms) *
			 able_share(c, suite->last_file_ms);

	if (!is_trial(r->state, suite, c) || wall_ms <= 0 || c->cpu_ms <= 0 || work_ms <= 0 ||
		!is_whole(old, work_ms, r->state->started_ms))
		return 0;
	const struct history_trial *t = &old->trials[c->workers];
	sqlite3_stmt *s = history_sql(r->h, SQL_PUT_TRIAL);
	sqlite3_bind_int64(s, 1, r->platform_id);
	sqlite3_bind_int64(s, 2, suite_id);
	sqlite3_bind_int(s, 3, c->workers);
	sqlite3_bind_double(s, 4, blend(t->wall_ms, wall_ms, 1));
	sqlite3_bind_double(s, 5, blend(t->cpu_ms, c->cpu_ms, 1));
	sqlite3_bind_double(s, 6, blend(t->work_ms, work_ms, 1));
	sqlite3_bind_int(s, 7, t->runs + 1);
	sqlite3_bind_int64(s, 8, r->state->started_ms);
	return history_record_done(r, s);
}

/* ---- the suite ------------------------------------------------------------------------------- */

/* Whether the files of the suite may be spread: learned from a run in which they were. */
static int order_of(const struct state *st, const struct state_suite *suite, int workers, int old)
{
	bool failed = false;

	for (size_t i = 0; i < st->file_count; i++)
		failed |= st->files[i]->suite == suite && st->files[i]->outcome != OUTCOME_PASSED &&
			  st->files[i]->outcome != OUTCOME_SKIPPED;
	if (fell_back(st, suite))
		return failed ? old : -1; /* failing in order, too, it proved nothing */
	return workers > 1 && !failed && old == 0 ? 1 : old;
}

int history_suite_record(struct recording *r, const struct state_suite *suite)
{
	const struct state *st = r->state;
	struct effort c = effort_of(r, suite);
	struct history_suite old;

	if (!c.workers)
		return 0;
	int64_t suite_id = history_name_id(r->h, SQL_SUITE_ID, suite->name);
	history_suite(r->h, st->run.platform, suite->name, &old);
	/* what other programs took is spread over the life of the workers */
	double able = able_share(&c, suite->last_file_ms);
	double start_ms = c.starts ? c.start_ms / c.starts * able : 0;
	double able_ms = c.busy_ms * able;
	sqlite3_stmt *s = history_sql(r->h, SQL_PUT_SUITE);
	sqlite3_bind_int64(s, 1, r->platform_id);
	sqlite3_bind_int64(s, 2, suite_id);
	sqlite3_bind_double(s, 3, blend(old.start_ms, start_ms, old.runs));
	sqlite3_bind_double(
		s, 4, blend(old.cpu_share, able_ms > 0 ? c.cpu_ms / able_ms : 0, old.runs));
	sqlite3_bind_double(s, 5, blend(old.rss_kb, c.rss_kb, old.runs));
	sqlite3_bind_int(s, 6, old.runs + 1);
	sqlite3_bind_int(s, 7, order_of(st, suite, c.workers, old.order));
	if (suite->flags)
		sqlite3_bind_text(s, 8, suite->flags, -1, SQLITE_STATIC);
	else
		sqlite3_bind_null(s, 8);
	if (history_record_done(r, s) < 0)
		return -1;
	return record_trial(r, suite, suite_id, &c, &old);
}
