#include "core/base/base.h"

#include "core/plan/crew.h"
#include "tests/support/test.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static const int64_t t0 = 1790000000000;

/* A history in seconds: wall and CPU of one trial. */
static void put(struct history_suite *m, int workers, double wall, double cpu, int runs, int64_t at)
{
	m->trials[workers] = (struct history_trial){
		.wall_ms = wall * 1000,
		.cpu_ms = cpu * 1000,
		.work_ms = 10000,
		.runs = runs,
		.last_ms = t0 + at,
	};
}

static struct crew_load load_of(int64_t work_ms, int slots)
{
	return (struct crew_load){
		.files = 100,
		.work_ms = work_ms,
		.longest_ms = 100,
		.slots = slots,
		.cores = slots,
		.known = true,
	};
}

static int size_of(const struct history_suite *m, bool serial)
{
	struct crew_load load = load_of(10000, 2);

	load.serial = serial;
	return crew_size(m, &load);
}

TEST(crew, nothing_is_known)
{
	struct history_suite none = {0};
	static const struct {
		int64_t work_ms;
		int files, slots, max;
		bool known, serial;
		int want;
	} rows[] = {
		{5000, 100, 2, 0, false, false, 2},  /* use the slots */
		{5000, 1, 8, 0, false, false, 1},    /* one file */
		{50000, 100, 8, 1, false, false, 1}, /* the suite must stay in one process */
		{50000, 100, 1, 0, true, false, 1},  /* one slot */
		{500000, 100, 2, 0, false, true, 1}, /* serial: a guess is no reason to spread */
		{5000, 100, 2, 0, true, true, 1},    /* … small */
		{50000, 100, 2, 0, true, true, 2},   /* … known to be long */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct crew_load load = load_of(rows[i].work_ms, rows[i].slots);
		load.files = rows[i].files;
		load.max_workers = rows[i].max;
		load.known = rows[i].known;
		load.serial = rows[i].serial;
		int size = crew_size(&none, &load);
		cr_assert_eq(size, rows[i].want, "row %zu: %d", i, size);
	}
}

/* What one process took on a quiet machine with two cores, and whether a second is worth a try. */
TEST(crew, second_process_is_tried)
{
	static const struct {
		const char *name;
		double wall, cpu;
		int want;
	} rows[] = {
		{"express", 3.0, 3.6, 2},
		{"waits for sockets", 2.0, 1.5, 2},
		{"compiles beside its tests", 2.8, 3.7, 1},
		{"busy on both cores", 10.3, 15.3, 1},
		{"long", 78, 107, 2},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct history_suite m = {.start_ms = 300, .cpu_share = rows[i].cpu / rows[i].wall};
		put(&m, 1, rows[i].wall, rows[i].cpu, 1, 0);
		int size = size_of(&m, true);
		cr_assert_eq(size, rows[i].want, "%s: %d", rows[i].name, size);
	}
	/* one file is as long as the rest together: two workers could not be faster */
	struct history_suite m = {.start_ms = 300};
	struct crew_load load = load_of(10000, 2);
	load.longest_ms = 9500;
	put(&m, 1, 10.3, 8, 1, 0);
	ASSERT_INT(crew_size(&m, &load), 1);
}

TEST(crew, measured_times_decide)
{
	static const struct {
		double wall1, cpu1, wall2, cpu2;
		int want;
	} rows[] = {
		{3.0, 3.6, 2.5, 4.4, 2}, {2.8, 3.7, 3.2, 5.5, 1},
		{3.0, 3.0, 2.95, 4.0, 1}, /* 2 % do not repay a process */
		{3.0, 3.0, 2.0, 5.9, 1},  /* others were on the machine: by CPU time it is 2.95 s */
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct history_suite m = {.start_ms = 300};
		put(&m, 1, rows[i].wall1, rows[i].cpu1, 1, 0);
		put(&m, 2, rows[i].wall2, rows[i].cpu2, 1, 1000);
		for (int serial = 0; serial < 2; serial++)
			cr_assert_eq(size_of(&m, serial), rows[i].want, "row %zu", i);
	}
}

TEST(crew, small_serial_suite_is_run_in_one_process_once)
{
	struct history_suite m = {.start_ms = 300, .cpu_share = 1};

	put(&m, 2, 3, 5, 4, 0);
	ASSERT_INT(size_of(&m, true), 1);
	ASSERT_INT(size_of(&m, false), 2);
	put(&m, 1, 4, 4, 1, 1000); /* it was slower so */
	ASSERT_INT(size_of(&m, true), 2);
	put(&m, 1, 0, 0, 0, 0);
	put(&m, 2, 30, 50, 4, 0); /* too long to find out */
	ASSERT_INT(size_of(&m, true), 2);
}

/* Two workers took 3.4 s and 6.8 s of CPU, one takes 2.8 s and 4.1 s (class-validator): only a run
 * can tell. */
TEST(crew, half_of_the_workers_is_tried_once)
{
	struct history_suite m = {.start_ms = 300, .cpu_share = 1};
	struct crew_load load = load_of(10000, 2);

	load.alone = true;
	put(&m, 2, 3.4, 6.8, 1, 0);
	ASSERT_INT(crew_size(&m, &load), 2); /* its second run is like the first */
	put(&m, 2, 3.4, 6.8, 2, 0);
	ASSERT_INT(crew_size(&m, &load), 1);
	ASSERT_INT(crew_ahead(&m, 2, 2, false), 1); /* nobody boots a second one for nothing */
	load.alone = false;                         /* the run would not teach */
	ASSERT_INT(crew_size(&m, &load), 2);
	load.alone = true;
	put(&m, 1, 2.8, 4.1, 1, 1000);
	ASSERT_INT(crew_size(&m, &load), 1);
	put(&m, 1, 4.5, 4.6, 1, 1000); /* it was slower so */
	ASSERT_INT(crew_size(&m, &load), 2);
	put(&m, 1, 0, 0, 0, 0);
	put(&m, 2, 3.4, 5.4, 2, 0); /* cores were free */
	ASSERT_INT(crew_size(&m, &load), 2);
	put(&m, 2, 30, 60, 2, 0); /* too long to find out */
	ASSERT_INT(crew_size(&m, &load), 2);
}

/* Runs that follow each other, with times that vary by 8 %: at most one change of mind. */
TEST(crew, choice_is_stable)
{
	static const double noise[] = {1, 1.08, 0.92, 1.05, 0.95, 1.07, 0.93, 1, 1.06, 0.94};
	static const struct {
		double wall[3], cpu[3];
		int want;
	} rows[] = {
		{{0, 3.0, 2.5}, {0, 3.6, 4.4}, 2},
		{{0, 3.0, 2.6}, {0, 3.0, 4.0}, 2},
		{{0, 3.0, 3.0}, {0, 3.0, 4.0}, 1},
		{{0, 2.8, 3.2}, {0, 3.7, 5.5}, 1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct history_suite m = {.start_ms = 300};
		int changes = 0, size = 1;
		for (int run = 0; run < 40; run++) {
			int k = size_of(&m, true);
			changes += k != size;
			size = k;
			struct history_trial *t = &m.trials[k];
			double ms = rows[i].wall[k] * 1000 * noise[run % ARRAY_LEN(noise)];
			t->wall_ms = t->runs ? (t->wall_ms + ms) / 2 : ms;
			t->cpu_ms = rows[i].cpu[k] * 1000;
			t->work_ms = 10000;
			t->runs++;
			t->last_ms = t0 + (int64_t)run * DAY_MS / 4;
			m.cpu_share = t->cpu_ms / t->wall_ms / k;
		}
		cr_assert_eq(size, rows[i].want, "row %zu: %d", i, size);
		cr_assert_leq(changes, 2, "row %zu: %d changes", i, changes);
	}
}

TEST(crew, other_work_is_another_question)
{
	struct history_suite m = {.start_ms = 1000, .cpu_share = 1};
	struct crew_load load = load_of(100, 2); /* a hundredth of what was measured */

	put(&m, 1, 11, 10, 1, 0);
	ASSERT_INT(crew_size(&m, &load), 1);
	load.work_ms = 10000;
	ASSERT_INT(crew_size(&m, &load), 2);
}

TEST(crew, old_trials_are_void)
{
	struct history_suite m = {.start_ms = 300};

	put(&m, 2, 5, 5, 1, 0); /* a bad day */
	put(&m, 1, 4, 4, 9, 20LL * DAY_MS);
	ASSERT_INT(size_of(&m, true), 1);
	put(&m, 1, 4, 4, 9, 31LL * DAY_MS);
	ASSERT_INT(size_of(&m, true), 2);
}

TEST(crew, many_slots)
{
	struct history_suite m = {.start_ms = 300, .cpu_share = 0.9};
	struct crew_load load = load_of(64000, 32);
	int before = 1;

	load.files = 500;
	cr_assert_gt(crew_size(&(struct history_suite){0}, &load), 29);
	for (int slots = 1; slots <= 32; slots *= 2) {
		load.slots = load.cores = slots;
		put(&m, 1, 64, 60, 1, 0);
		m.trials[1].work_ms = 64000;
		int size = crew_size(&m, &load);
		cr_assert(size >= before && size <= slots);
		before = size;
	}
	cr_assert_gt(before, 8, "%d", before);
}

TEST(crew, ahead)
{
	struct history_suite m = {0};

	ASSERT_INT(crew_ahead(&m, 2, 2, false), 2);
	ASSERT_INT(crew_ahead(&m, 2, 2, true), 1);
	put(&m, 1, 3, 3.6, 1, 0);
	put(&m, 2, 2.5, 4.4, 1, 1000);
	ASSERT_INT(crew_ahead(&m, 2, 2, true), 2);
	m.order = -1; /* it failed spread */
	ASSERT_INT(crew_ahead(&m, 2, 2, true), 1);
	put(&m, 2, 3.5, 5, 1, 1000);
	ASSERT_INT(crew_ahead(&m, 2, 2, false), 1);
}

TEST(crew, grows)
{
	struct history_suite m = {0};

	cr_assert(!crew_is_measured(&m));
	put(&m, 3, 3, 3, 1, 0);
	cr_assert(crew_is_measured(&m));
	cr_assert(!crew_grows(9000));
	cr_assert(crew_grows(11000));
}

TEST(crew, batch)
{
	struct history_suite m = {0};
	struct crew_load load = load_of(10000, 4);

	load.files = 1;
	ASSERT_INT(crew_batch(&m, &load, 0), 1);
	load.files = 20;
	for (int slots = 1; slots <= 8; slots++)
		for (int64_t others = 0; others <= 100000; others += 10000) {
			load.slots = load.cores = slots;
			int k = crew_batch(&m, &load, others);
			cr_assert(k >= 1 && k <= slots);
		}
	/* half of the slots at first, both of two when nobody else wants one; then what is better
	 * by measurement, after trying more */
	load.slots = load.cores = 2;
	ASSERT_INT(crew_batch(&m, &load, 0), 2);
	ASSERT_INT(crew_batch(&m, &load, 1000), 1);
	load.slots = load.cores = 8;
	ASSERT_INT(crew_batch(&m, &load, 0), 4);
	load.max_workers = 2;
	ASSERT_INT(crew_batch(&m, &load, 0), 2);
	load.max_workers = 0;
	load.slots = load.cores = 2;
	put(&m, 1, 60, 40, 1, 0);
	ASSERT_INT(crew_batch(&m, &load, 0), 2);
	/* one browser with its worker uses nearly all of two cores: a second cannot pay */
	put(&m, 1, 60, 108, 1, 0);
	ASSERT_INT(crew_batch(&m, &load, 0), 1);
	load.slots = load.cores = 4;
	ASSERT_INT(crew_batch(&m, &load, 0), 3);
	put(&m, 2, 70, 110, 1, 1000);
	load.slots = load.cores = 2;
	ASSERT_INT(crew_batch(&m, &load, 0), 1);

	/* two that kept all cores busy: the runner's own number is tried, then the better one stays
	 */
	memset(&m, 0, sizeof(m));
	put(&m, 2, 60, 40, 1, 0);
	ASSERT_INT(crew_batch(&m, &load, 0), 2);
	put(&m, 2, 60, 60, 1, 0);
	ASSERT_INT(crew_batch(&m, &load, 0), 1);
	put(&m, 1, 50, 80, 1, 1000);
	ASSERT_INT(crew_batch(&m, &load, 0), 1);
	put(&m, 1, 75, 80, 1, 1000);
	ASSERT_INT(crew_batch(&m, &load, 0), 2);
}

TEST(crew, says_why)
{
	struct history_suite m = {.start_ms = 300, .cpu_share = 1};
	struct crew_load load = load_of(10000, 2);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	load.serial = true;
	crew_explain(&text, &m, &load, 1);
	cr_assert_str_eq(
		text.buf, "1 worker: as its runner has it; more when it turns out to be long");
	strbuf_reset(&text);
	crew_explain(&text, &m, &load, 2);
	cr_assert_str_eq(text.buf, "2 workers: not measured yet");
	strbuf_reset(&text);
	put(&m, 1, 2.8, 3.7, 1, 0);
	crew_explain(&text, &m, &load, 1);
	cr_assert_str_eq(
		text.buf, "1 worker: 1 took 2.8 s (3.7 s CPU), 2 not tried, expected 2.5 s");
	strbuf_reset(&text);
	put(&m, 2, 3.2, 5.5, 1, 1000);
	crew_explain(&text, &m, &load, 1);
	cr_assert_str_eq(text.buf, "1 worker: 1 took 2.8 s (3.7 s CPU), 2 took 3.2 s (5.5 s CPU)");
	strbuf_reset(&text);
	load.max_workers = 1;
	crew_explain(&text, &m, &load, 1);
	cr_assert_str_eq(text.buf, "1 worker: its files must share a process");
}
