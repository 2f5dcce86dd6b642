#include "core/base/base.h"

#include "core/flaky/flaky.h"
#include "tests/support/test.h"

#include <math.h>

/* ---- the incomplete beta function -------------------------------------------------------------- */

TEST(flaky, beta)
{
	/* closed forms: I_x(1, b) = 1 - (1-x)^b; I_x(a, 1) = x^a; I_x(1/2, 1/2) by arcsine */
	for (double x = 0.01; x < 1; x += 0.07) {
		cr_assert_float_eq(flaky_beta(x, 1, 7), 1 - pow(1 - x, 7), 1e-12);
		cr_assert_float_eq(flaky_beta(x, 3.5, 1), pow(x, 3.5), 1e-12);
		cr_assert_float_eq(flaky_beta(x, 0.5, 0.5), 2 / M_PI * asin(sqrt(x)), 1e-12);
		cr_assert_float_eq(flaky_beta(x, 30, 70) + flaky_beta(1 - x, 70, 30), 1, 1e-12);
	}
	static const double shapes[][2] = {
		{0.5, 0.5}, {0.5, 50.5}, {3.5, 47.5}, {47.5, 3.5}, {0.5, 1e6}, {2e5, 3e5}};
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		for (double p = 0.05; p < 1; p += 0.15) {
			double x = flaky_beta_inverse(p, shapes[i][0], shapes[i][1]);
			cr_assert_float_eq(flaky_beta(x, shapes[i][0], shapes[i][1]), p, 1e-9,
				"shape %zu, p %g: x %g", i, p, x);
		}
	}
}

/* ---- a world in which tests run ---------------------------------------------------------------- */

/*
 * Made without a look at the classifier: projects push commits and open branches, code breaks and
 * is mended, tests fail by themselves, by time limits, or behind a test that leaves dirt. What the
 * history sees of it is counted by watch() alone.
 */
enum { SUSPECTS = 20, RUNS = 50 };

static uint64_t seed;

static double uniform(void)
{
	seed += 0x9e3779b97f4a7c15; /* splitmix64 */
	uint64_t z = seed;
	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (double)((z ^ z >> 31) >> 11) * 0x1p-53;
}

static bool happens(double p)
{
	return uniform() < p;
}

static double between(double low, double high) /* evenly by logarithm */
{
	return low * pow(high / low, uniform());
}

struct subject {
	double rate;       /* an attempt fails by itself */
	double hazard;     /* a commit breaks it */
	double timeout;    /* share of its failures that are time limits */
	bool dirty;        /* fails behind suspect 0 */
	int broken_from;   /* run from which on the default branch is broken for good; -1 = none */
	int retries;       /* of its project */
	double rerun;      /* chance that a commit is run once more */
	double on_default; /* share of the runs */
	bool broken_now;   /* the truth at the end: the last three runs had no chance */
};

struct branch {
	bool broken;
	int runs_left;
};

struct watcher {
	struct flaky_evidence e;
	bool commit_passed, commit_failed, conflict;
	uint64_t main_failed;
	int main_count;
	int64_t behind[SUSPECTS], behind_failed[SUSPECTS], first_failed;
};

static void see_commit(struct watcher *w)
{
	w->commit_passed = w->commit_failed = w->conflict = false;
}

static void see(struct watcher *w, bool on_default, bool first_failed, bool failed, double days)
{
	struct flaky_evidence *e = &w->e;
	double faded = flaky_weight((int64_t)(days * 86400e3));

	e->runs++;
	e->failures += failed;
	e->retried_passes += first_failed && !failed;
	e->streak = failed ? e->streak + 1 : 0;
	e->streak_on_default = failed && (e->streak_on_default || on_default);
	e->weight = e->weight * faded + 1;
	e->failed_weight = e->failed_weight * faded + first_failed;
	if (on_default) {
		w->main_failed = w->main_failed << 1 | failed;
		w->main_count = MIN(w->main_count + 1, 64);
	}
	w->commit_passed |= !failed;
	w->commit_failed |= failed;
	if (w->commit_passed && w->commit_failed && !w->conflict) {
		e->conflicts++;
		w->conflict = true;
	}
}

/* The one that looks guiltiest, as somebody who searches would take it. */
static void choose_suspect(struct watcher *w)
{
	struct flaky_order best = {0};
	double difference = -1;

	for (int i = 0; i < SUSPECTS; i++) {
		struct flaky_order o = {
			.behind = w->behind[i],
			.behind_failed = w->behind_failed[i],
			.other = w->e.runs - w->behind[i],
			.other_failed = w->first_failed - w->behind_failed[i],
			.suspects = SUSPECTS,
		};
		double d = (double)o.behind_failed / (double)MAX(o.behind, 1) -
			   (double)o.other_failed / (double)MAX(o.other, 1);
		if (d > difference) {
			difference = d;
			best = o;
		}
	}
	w->e.order = best;
}

/* One run: its attempts, each in a worker where half of the other files came before. */
static void run_once(
	struct subject *s, struct watcher *w, struct branch *b, bool on_default, double days)
{
	bool failed = true, first_failed = false;

	for (int attempt = 0; attempt <= s->retries && failed; attempt++) {
		bool before[SUSPECTS];
		for (int i = 0; i < SUSPECTS; i++)
			before[i] = attempt == 0 && happens(0.3); /* retries: a fresh worker */
		failed = b->broken || (s->dirty && before[0]) || happens(s->rate);
		w->e.failed_attempts += failed;
		w->e.timeouts += failed && happens(b->broken ? 0.05 : s->timeout);
		for (int i = 0; i < SUSPECTS && attempt == 0; i++) {
			w->behind[i] += before[i];
			w->behind_failed[i] += before[i] && failed;
		}
		first_failed |= failed && attempt == 0;
	}
	w->first_failed += first_failed;
	see(w, on_default, first_failed, failed, days);
}

static struct flaky_evidence live(struct subject *s, int runs)
{
	struct watcher w = {0};
	struct branch main_line = {0}, change = {0};
	double pace = uniform() * 2; /* days between runs, on average */
	int doomed = 0, doomed_default = 0;

	for (int run = 0; run < runs;) {
		bool on_default = happens(s->on_default);
		struct branch *b = on_default ? &main_line : &change;
		if (!on_default && change.runs_left-- <= 0)
			change = (struct branch){main_line.broken, (int)(uniform() * 4)};
		b->broken = b->broken ? !happens(0.4) : happens(s->hazard);
		if (s->broken_from >= 0 && run >= s->broken_from)
			main_line.broken = change.broken = true;
		see_commit(&w);
		do {
			run_once(s, &w, b, on_default, -log(1 - uniform()) * pace);
			doomed = b->broken ? doomed + 1 : 0;
			doomed_default = b->broken && (doomed_default || on_default);
			run++;
		} while (run < runs && happens(s->rerun));
	}
	choose_suspect(&w);
	w.e.moves = flaky_moves(w.main_failed, w.main_count);
	s->broken_now = doomed >= 3 && doomed_default;
	return w.e;
}

/* ---- do the intervals hold what they say? ------------------------------------------------------ */

TEST(flaky, intervals_cover_the_true_rate)
{
	static const int lengths[] = {10, 20, 50, 200};
	enum { HISTORIES = 4000 };

	seed = 7;
	for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
		int covered = 0;
		double width = 0;
		for (int k = 0; k < HISTORIES; k++) {
			struct subject s = {.rate = between(0.02, 0.6),
				.retries = (int)(uniform() * 3),
				.broken_from = -1,
				.on_default = 0.5,
				.rerun = 0.3};
			struct flaky_evidence e = live(&s, lengths[i]);
			struct flaky_rate r = flaky_rate(&e);
			cr_assert(r.low <= r.rate && r.rate <= r.high);
			covered += r.low <= s.rate && s.rate <= r.high;
			width += r.high - r.low;
		}
		double share = (double)covered / HISTORIES;
		fprintf(stderr, "# %d runs: %.1f %% covered, mean width %.3f\n", lengths[i],
			share * 100, width / HISTORIES);
		cr_expect(share >= 0.85 && share <= 0.95, "%d runs: %.3f", lengths[i], share);
	}
}

/* ---- are the classes right? -------------------------------------------------------------------- */

static struct subject somebody(enum flaky_class *ret_truth)
{
	struct subject s = {.broken_from = -1, .timeout = 0.05};
	double kind = uniform();

	s.on_default = 0.5 + 0.5 * uniform();
	s.retries = happens(0.5) ? 0 : 1 + (int)(uniform() * 2);
	s.rerun = happens(0.5) ? 0 : 0.2 + uniform() * 0.4;
	s.hazard = happens(0.3) ? between(0.0005, 0.01) : 0;
	*ret_truth = FLAKY_NONE;
	if (kind < 0.90)
		return s;
	if (kind < 0.92) {
		s.broken_from = RUNS - 3 - (int)(uniform() * 20);
		s.rate = happens(0.1) ? between(0.05, 0.3) : 0; /* flaky, and then broken */
		return s;
	}
	*ret_truth = s.retries       ? FLAKY_RETRY
		     : s.rerun > 0.0 ? FLAKY_SAME_COMMIT
				     : FLAKY_TRANSITIONING;
	s.rate = between(0.1, 0.5);
	if (kind > 0.98) {
		*ret_truth = FLAKY_TIMEOUT;
		s.timeout = 0.9;
	} else if (kind > 0.96) {
		*ret_truth = FLAKY_ORDER;
		s.dirty = true;
		s.rate = happens(0.5) ? 0 : 0.02;
	}
	return s;
}

TEST(flaky, classes_are_found_and_not_mistaken)
{
	enum { TESTS = 100000 };
	int count[FLAKY_CLASS_COUNT][FLAKY_CLASS_COUNT] = {{0}};

	seed = 7;
	for (int i = 0; i < TESTS; i++) {
		enum flaky_class truth;
		struct subject s = somebody(&truth);
		struct flaky_evidence e = live(&s, RUNS);
		if (s.broken_now)
			truth = FLAKY_BROKEN;
		count[truth][flaky_classify(&e)]++;
	}
	for (int c = 0; c < FLAKY_CLASS_COUNT; c++) {
		int called = 0, are = 0;
		fprintf(stderr, "# %-17s", flaky_class_name((enum flaky_class)c));
		for (int k = 0; k < FLAKY_CLASS_COUNT; k++) {
			called += count[k][c];
			are += count[c][k];
			fprintf(stderr, " %5d", count[c][k]);
		}
		double precision = (double)count[c][c] / MAX(called, 1);
		double recall = (double)count[c][c] / MAX(are, 1);
		fprintf(stderr, "  precision %.3f recall %.3f\n", precision, recall);
		cr_expect(are >= 500);
		cr_expect(precision >= 0.95 && recall >= 0.90, "%s: precision %.3f recall %.3f",
			flaky_class_name((enum flaky_class)c), precision, recall);
	}
}

TEST(flaky, classes_by_precedence)
{
	static const struct {
		struct flaky_evidence e;
		enum flaky_class class;
	} rows[] = {
		{{.runs = 0}, FLAKY_NONE},
		{{.runs = 1, .failures = 1, .streak = 1, .streak_on_default = true}, FLAKY_NONE},
		/* three times in a row, but never outside of one change: not broken yet */
		{{.runs = 30, .failures = 3, .streak = 3}, FLAKY_NONE},
		{{.runs = 30, .failures = 3, .streak = 3, .streak_on_default = true}, FLAKY_BROKEN},
		{{.runs = 9, .failures = 9, .streak = 9, .streak_on_default = true}, FLAKY_BROKEN},
		{{.runs = 30, .retried_passes = 1, .failed_attempts = 1}, FLAKY_RETRY},
		{{.runs = 30, .failures = 1, .conflicts = 1, .failed_attempts = 1},
			FLAKY_SAME_COMMIT},
		{{.runs = 30, .failures = 1, .conflicts = 1, .failed_attempts = 1, .timeouts = 1},
			FLAKY_TIMEOUT},
		/* flaky half of the time: a streak of three is luck; a rare one's is not */
		{{.runs = 20,
			 .failures = 8,
			 .retried_passes = 2,
			 .streak = 3,
			 .streak_on_default = true,
			 .failed_attempts = 18},
			FLAKY_RETRY},
		{{.runs = 60,
			 .failures = 3,
			 .retried_passes = 1,
			 .streak = 3,
			 .streak_on_default = true,
			 .failed_attempts = 7},
			FLAKY_BROKEN},
		/* broken once and mended; and for ever to and fro */
		{{.runs = 40, .failures = 4, .moves = {1, 1, 3, 34}}, FLAKY_NONE},
		{{.runs = 40, .failures = 5, .moves = {5, 5, 0, 29}}, FLAKY_TRANSITIONING},
		{{.runs = 20, .failures = 6, .retried_passes = 1, .order = {7, 7, 13, 0, 50}},
			FLAKY_ORDER},
		/* the same by chance: too many were looked at */
		{{.runs = 6, .failures = 3, .order = {3, 3, 3, 0, 50}}, FLAKY_NONE},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		enum flaky_class class = flaky_classify(&rows[i].e);
		cr_expect_str_eq(flaky_class_name(class), flaky_class_name(rows[i].class),
			"row %zu: %s", i, flaky_class_name(class));
		ASSERT_INT(flaky_class_parse(flaky_class_name(class)), class);
	}
	ASSERT_INT(flaky_class_parse("flaky"), FLAKY_CLASS_COUNT);
	cr_assert_not(flaky_class_is_flaky(FLAKY_BROKEN));
}

TEST(flaky, recent_runs_count_more)
{
	struct flaky_evidence e = {.runs = 200, .failures = 50};
	struct flaky_rate r;

	/* bad for a hundred days, well for the hundred since */
	for (int day = 0; day < 200; day++) {
		double w = flaky_weight((int64_t)day * 86400000);
		e.weight += w;
		e.failed_weight += day >= 100 && day % 2 ? w : 0;
	}
	r = flaky_rate(&e);
	cr_assert(r.rate < 0.03 && r.high < 0.08, "%g %g", r.rate, r.high);
	e.weight = 0; /* ages unknown */
	r = flaky_rate(&e);
	cr_assert_float_eq(r.rate, 50.5 / 201, 1e-9);
	ASSERT_STR(flaky_confidence(&r), "fair");
	r = flaky_rate(&(struct flaky_evidence){.runs = 3, .failures = 1});
	ASSERT_STR(flaky_confidence(&r), "few samples");
	cr_assert(r.low < 0.1 && r.high > 0.7);
	r = flaky_rate(&(struct flaky_evidence){0});
	cr_assert(r.low < 0.01 && r.high > 0.99 && r.samples < 1e-9);
}
