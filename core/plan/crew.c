#include "core/base/base.h"

#include "core/plan/crew.h"

#include <math.h>

enum {
	SERIAL_MS = 10 * 1000,     /* work up to this is not spread before it was measured */
	SERIAL_CPU_MS = 20 * 1000, /* a suite that spends no more is worth a run in one process */
	START_PRIOR_MS = 250,      /* boot and load of a framework, before anything is learned */
	/* What a further worker adds to the CPU time of a suite in one process, until it was
	 * measured: real suites had 13 to 55 %, long ones less since loading ends some time. */
	EXTRA_PERCENT = 35,
	EXTRA_MS = 3000,
	SAVE_PERCENT = 5,     /* of the time that a further worker must save */
	PROMISE_PERCENT = 15, /* … when nobody has tried it */
	LEAVE_PERCENT = 10,   /* … and to leave a number that was chosen before */
	BUSY_PERCENT = 40,    /* of all cores; what browsers take is in nobody's count */
	FULL_PERCENT = 90,    /* of the cores that the workers can use */
	STALE_DAYS = 30,      /* a trial that much older than the newest is void */
};

/* ---- what was measured ----------------------------------------------------------------------- */

/* The number of workers that was tried last; 0 = none was. */
static int newest(const struct history_suite *m)
{
	int best = 0;

	for (int k = 1; k <= HISTORY_TRIALS; k++)
		if (m->trials[k].runs && (!best || m->trials[k].last_ms > m->trials[best].last_ms))
			best = k;
	return best;
}

static bool is_tried(const struct history_suite *m, int k)
{
	int last = newest(m);

	return k <= HISTORY_TRIALS && m->trials[k].runs &&
	       m->trials[last].last_ms - m->trials[k].last_ms <=
		       (int64_t)STALE_DAYS * 24 * 3600 * 1000;
}

/* How much more there is to do now than there was then. */
static double scale(const struct history_trial *t, const struct crew_load *load)
{
	return t->work_ms > 0 ? (double)load->work_ms / t->work_ms : 1;
}

static double start_of(const struct history_suite *m)
{
	return m->start_ms > 0 ? m->start_ms : START_PRIOR_MS;
}

static double cpu_of(const struct history_suite *m, const struct crew_load *load, int k)
{
	return m->trials[k].cpu_ms * scale(&m->trials[k], load);
}

/* Never faster than its CPU time allows: on a machine that is not quiet the wall time was taken
 * without what other programs took. */
static double measured(const struct history_suite *m, const struct crew_load *load, int k)
{
	double start = MIN(start_of(m), m->trials[k].wall_ms);
	double wall = start + (m->trials[k].wall_ms - start) * scale(&m->trials[k], load);

	return MAX(wall, cpu_of(m, load, k) / load->cores);
}

/* ---- what can be expected -------------------------------------------------------------------- */

static double extra_prior(double cpu_ms)
{
	return MIN(cpu_ms * EXTRA_PERCENT / 100, EXTRA_MS);
}

/* CPU time that each further worker adds: between two trials, or as it is usual. */
static double extra_cpu(const struct history_suite *m, const struct crew_load *load, int from)
{
	for (int k = 1; k <= HISTORY_TRIALS; k++)
		if (k != from && is_tried(m, k))
			return MAX((cpu_of(m, load, k) - cpu_of(m, load, from)) / (k - from), 0);
	double alone = cpu_of(m, load, from) / (1 + (from - 1) * EXTRA_PERCENT / 100.0);
	return extra_prior(alone);
}

/* By the trial of another number. */
static double promised(const struct history_suite *m, const struct crew_load *load, int k)
{
	int from = newest(m);
	double start = start_of(m);
	double cpu = cpu_of(m, load, from) + extra_cpu(m, load, from) * (k - from);
	double spread = MAX(measured(m, load, from) - start, 0) * from / k;

	if (k < from && m->cpu_share > 0) /* they were in each other's way, one will not be */
		spread = cpu / k / m->cpu_share;
	double wall = start + MAX(spread, (double)load->longest_ms);
	return MAX(wall, cpu / load->cores);
}

/* By the estimates of the files alone. */
static double guessed(const struct history_suite *m, const struct crew_load *load, int k)
{
	double work = (double)load->work_ms, cpu = work * m->cpu_share;
	double bound = (cpu + extra_prior(cpu) * (k - 1)) / load->cores;

	return start_of(m) + MAX(MAX(work / k, bound), (double)load->longest_ms);
}

static double wall(const struct history_suite *m, const struct crew_load *load, int k)
{
	if (is_tried(m, k))
		return measured(m, load, k);
	return newest(m) ? promised(m, load, k) : guessed(m, load, k);
}

/* By how much a number must be better than the best so far, which has been chosen often (`kept`),
 * or not. Without that, the fewer win a draw. */
static double margin(const struct history_suite *m, int k, int best, bool kept)
{
	if (newest(m) && !is_tried(m, k))
		return 1 + PROMISE_PERCENT / 100.0;
	if (kept)
		return 1 + LEAVE_PERCENT / 100.0;
	return k > best ? 1 + SAVE_PERCENT / 100.0 : 1 - SAVE_PERCENT / 100.0;
}

/* ---- decisions ------------------------------------------------------------------------------- */

static int limit_of(const struct crew_load *load)
{
	int limit = MIN(load->slots, MAX(load->files, 1));

	return load->max_workers > 0 ? MIN(limit, load->max_workers) : limit;
}

/* One process is what the user had; what it takes can only be told by a run. */
static bool tries_serial(const struct history_suite *m, const struct crew_load *load)
{
	int last = newest(m);

	if (!load->serial || is_tried(m, 1))
		return false;
	if (!last)
		return !load->known || load->work_ms <= SERIAL_MS;
	return cpu_of(m, load, last) <= SERIAL_CPU_MS;
}

/* Workers that kept all cores busy load and compile the same things side by side: half of them may
 * be done as soon. Tried once, not before the second run of what was chosen first. */
static bool tries_fewer(const struct history_suite *m, const struct crew_load *load)
{
	int last = newest(m);
	const struct history_trial *t = &m->trials[last];

	return load->alone && !load->serial && last > 1 && t->runs > 1 && !is_tried(m, last / 2) &&
	       cpu_of(m, load, last) <= SERIAL_CPU_MS &&
	       t->cpu_ms * 100 >= t->wall_ms * MIN(load->cores, last) * FULL_PERCENT;
}

int crew_size(const struct history_suite *m, const struct crew_load *load)
{
	int last = newest(m), best = 1, limit = limit_of(load);
	bool kept = last && last <= limit && m->trials[last].runs > 1;

	if (tries_serial(m, load))
		return 1;
	if (tries_fewer(m, load))
		return MIN(last / 2, limit);
	if (!last && !load->known) /* a guess by size says nothing about what waits or hangs */
		return limit;
	if (last && last <= limit)
		best = last;
	double best_wall = wall(m, load, best);
	for (int k = 1; k <= limit; k++) {
		double ms = wall(m, load, k);
		if (k != best && ms * margin(m, k, best, kept && best == last) < best_wall) {
			best = k;
			best_wall = ms;
		}
	}
	return best;
}

struct crew_load crew_last_load(const struct history_suite *m, int slots, int cores, bool serial)
{
	return (struct crew_load){
		.files = INT_MAX,
		.work_ms = (int64_t)m->trials[newest(m)].work_ms,
		.slots = slots,
		.cores = cores,
		.max_workers = serial && m->order < 0 ? 1 : 0,
		.known = true,
		.serial = serial,
		.alone = true, /* only such runs are measured */
	};
}

int crew_ahead(const struct history_suite *m, int slots, int cores, bool serial)
{
	struct crew_load load = crew_last_load(m, slots, cores, serial);
	int last = newest(m);

	if (!last)
		return serial ? 1 : slots;
	int size = crew_size(m, &load);
	return is_tried(m, size) ? size : MIN(size, last); /* a promise is not sure enough */
}

bool crew_is_measured(const struct history_suite *m)
{
	return newest(m) > 0;
}

bool crew_grows(int64_t left_ms)
{
	return left_ms > SERIAL_MS;
}

/* Half of the slots, as Playwright itself has it: to be tried once by a suite that kept all cores
 * busy with more. Its browsers work in processes of their own, so that fewer workers may do as much
 * with less; nothing but a run can tell. */
static bool tries_half(const struct history_suite *m, const struct crew_load *load)
{
	const struct history_trial *t = &m->trials[newest(m)];

	return newest(m) > load->slots / 2 && !is_tried(m, MAX(load->slots / 2, 1)) &&
	       t->cpu_ms * 100 >= t->wall_ms * load->cores * BUSY_PERCENT;
}

int crew_batch(const struct history_suite *m, const struct crew_load *load, int64_t others_ms)
{
	int limit = limit_of(load), best = 1;
	double best_end = INFINITY;

	if (newest(m) && tries_half(m, load))
		return MIN(limit, MAX(load->slots / 2, 1));

	/* A browser and its worker keep more than one core busy: half of the slots, as Playwright
	 * itself has it, until something was measured. But not one of two, when nobody else wants
	 * the other. */
	if (!newest(m))
		limit = MIN(limit, MAX(load->slots / 2, others_ms > 0 ? 1 : 2));
	if (!newest(m) && others_ms <= 0) /* a suite that always fails is never measured */
		return limit;
	for (int k = 1; k <= limit; k++) {
		bool hoped = newest(m) && !is_tried(m, k);
		double batch_end = wall(m, load, k) * (hoped ? 1 + PROMISE_PERCENT / 100.0 : 1);
		double others_left = (double)others_ms - (load->slots - k) * batch_end;
		double end = batch_end + MAX(others_left, 0) / load->slots;
		if (k == load->slots)
			end = batch_end + (double)others_ms / load->slots;
		if (end < best_end * 0.999) {
			best = k;
			best_end = end;
		}
	}
	return best;
}

/* ---- why ------------------------------------------------------------------------------------- */

void crew_explain(
	struct strbuf *out, const struct history_suite *m, const struct crew_load *load, int size)
{
	int limit = limit_of(load);
	const char *separator = ": ";

	strbuf_addf(out, "%d worker%s", size, size == 1 ? "" : "s");
	if (limit == 1) {
		strbuf_addstr(out, load->files < 2          ? ": one file"
				   : load->slots < 2        ? ": one slot"
				   : load->max_workers == 1 ? ": its files must share a process"
							    : "");
		return;
	}
	if (!newest(m)) {
		strbuf_addstr(
			out, load->serial && size == 1
				     ? ": as its runner has it; more when it turns out to be long"
				     : ": not measured yet");
		return;
	}
	for (int k = 1; k <= MIN(limit, HISTORY_TRIALS); k++) {
		if (is_tried(m, k))
			strbuf_addf(out, "%s%d took %.1f s (%.1f s CPU)", separator, k,
				measured(m, load, k) / 1000, cpu_of(m, load, k) / 1000);
		else if (k == size || k == size + 1)
			strbuf_addf(out, "%s%d not tried, expected %.1f s", separator, k,
				promised(m, load, k) / 1000);
		else
			continue;
		separator = ", ";
	}
}
