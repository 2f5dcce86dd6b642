#include "core/base/base.h"

#include "core/flaky/flaky.h"

#include <float.h>
#include <math.h>

static const char *const names[FLAKY_CLASS_COUNT] = {
	[FLAKY_NONE] = "none",
	[FLAKY_BROKEN] = "broken",
	[FLAKY_ORDER] = "order_dependent",
	[FLAKY_TIMEOUT] = "timeout_flaky",
	[FLAKY_RETRY] = "flaky_retry",
	[FLAKY_SAME_COMMIT] = "flaky_same_commit",
	[FLAKY_TRANSITIONING] = "transitioning",
};

const char *flaky_class_name(enum flaky_class class)
{
	return names[class];
}

enum flaky_class flaky_class_parse(const char *name)
{
	for (int i = 0; i < FLAKY_CLASS_COUNT; i++)
		if (streq(names[i], name))
			return (enum flaky_class)i;
	return FLAKY_CLASS_COUNT;
}

bool flaky_class_is_flaky(enum flaky_class class)
{
	return class != FLAKY_NONE && class != FLAKY_BROKEN;
}

double flaky_weight(int64_t age_ms)
{
	return age_ms <= 0 ? 1 : exp2(-(double)age_ms / (FLAKY_HALF_LIFE_DAYS * 86400e3));
}

/* ---- the incomplete beta function -------------------------------------------------------------- */

enum { FRACTION_TERMS = 5000, INVERSE_STEPS = 100 };

/* lgamma() writes a global: this one does not. */
static double log_gamma(double x)
{
	int sign;

	return lgamma_r(x, &sign);
}

static double log_beta(double a, double b)
{
	return log_gamma(a) + log_gamma(b) - log_gamma(a + b);
}

/* The continued fraction DLMF 8.17.22 by Lentz's method; quick for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
	double c = 1, d = 1 / MAX(1 - (a + b) * x / (a + 1), DBL_MIN), f = d;

	for (int m = 1; m < FRACTION_TERMS; m++) {
		double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
		double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
		d = 1 / (1 + even * d);
		c = 1 + even / c;
		f *= c * d;
		d = 1 / (1 + odd * d);
		c = 1 + odd / c;
		f *= c * d;
		if (fabs(c * d - 1) < 1e-14)
			break;
	}
	return f;
}

double flaky_beta(double x, double a, double b)
{
	if (x <= 0 || x >= 1)
		return x <= 0 ? 0 : 1;
	double front = exp(a * log(x) + b * log1p(-x) - log_beta(a, b));
	if (x < (a + 1) / (a + b + 2))
		return front * beta_fraction(x, a, b) / a;
	return 1 - front * beta_fraction(1 - x, b, a) / b;
}

/* Newton's steps, halving where they would leave what is left of the interval. */
double flaky_beta_inverse(double p, double a, double b)
{
	double low = 0, high = 1, x = a / (a + b);

	if (p <= 0 || p >= 1)
		return p <= 0 ? 0 : 1;
	for (int i = 0; i < INVERSE_STEPS && high - low > 1e-14 * high; i++) {
		double error = flaky_beta(x, a, b) - p;
		if (error > 0)
			high = x;
		else
			low = x;
		double density = exp((a - 1) * log(x) + (b - 1) * log1p(-x) - log_beta(a, b));
		double next = x - error / density;
		if (!(next > low && next < high))
			next = (low + high) / 2;
		if (fabs(next - x) < 1e-13 * x)
			break;
		x = next;
	}
	return x;
}

/* ---- how often --------------------------------------------------------------------------------- */

/* Jeffreys' prior: it says next to nothing, and its intervals cover what they promise. */
static const double prior = 0.5;

/* Sum of the powers r^0 … r^(n-1). */
static double powers(double r, double n)
{
	return r >= 1 ? n : (1 - pow(r, n)) / (1 - r);
}

/*
 * Weighted runs are worth (sum w)^2 / sum w^2 equal ones (Kish 1965). The sum of squares is that of
 * runs at an even pace with the same sum: the ratio r between neighbours is found by halving.
 */
static double worth(double weight, double runs)
{
	double low = 0, high = 1;

	if (weight >= runs || runs < 2)
		return MAX(runs, 1.0);
	for (int i = 0; i < 50; i++) {
		double r = (low + high) / 2;
		if (powers(r, runs) < weight)
			low = r;
		else
			high = r;
	}
	return weight * weight / powers(low * low, runs);
}

struct flaky_rate flaky_rate(const struct flaky_evidence *e)
{
	double runs = (double)e->runs;
	double failed = (double)(e->failures + e->retried_passes);

	if (e->weight > 0) {
		runs = worth(e->weight, runs);
		failed = runs * e->failed_weight / e->weight;
	}
	double a = prior + MIN(failed, runs), b = prior + MAX(runs - failed, 0.0);
	return (struct flaky_rate){
		.rate = a / (a + b),
		.low = flaky_beta_inverse(0.05, a, b),
		.high = flaky_beta_inverse(0.95, a, b),
		.samples = runs,
	};
}

const char *flaky_confidence(const struct flaky_rate *rate)
{
	if (rate->samples < 10)
		return "few samples";
	return rate->high - rate->low <= 0.1 ? "good" : "fair";
}

/* ---- the class --------------------------------------------------------------------------------- */

/*
 * How much better an unsteady test explains the row of outcomes than code that breaks and is
 * mended: log of the Bayes factor of
 *   flaky    each run fails by itself, with one probability       Beta(1/2, 1/2)
 *   mended   a passing test breaks with a small probability a run Beta(1, 99)
 *            a failing one is mended with another                 Beta(1, 1)
 * Both take the first outcome as given and explain the moves from there.
 */
static double log_odds_of_flaky(const struct flaky_moves *m)
{
	double broke = (double)m->broke, mended = (double)m->mended;
	double failed_on = (double)m->failed_on, passed_on = (double)m->passed_on;

	double flaky =
		log_beta(0.5 + broke + failed_on, 0.5 + mended + passed_on) - log_beta(0.5, 0.5);
	double regression = log_beta(1 + broke, 99 + passed_on) - log_beta(1, 99) +
			    log_beta(1 + mended, 1 + failed_on) - log_beta(1, 1);
	return flaky - regression;
}

/* Fewer than three changes are no pattern. The limit is what keeps healthy tests, of which there
 * are many, out of it and still finds nine of ten flaky ones (tests/unit/core/test_flaky.c). */
static bool is_unsteady(const struct flaky_moves *m)
{
	return m->broke + m->mended >= 3 && log_odds_of_flaky(m) > log(2);
}

/* How likely the runs before make the streak, were it nothing but bad luck. */
static double luck_of_streak(const struct flaky_evidence *e)
{
	double streak = (double)e->streak, failures = (double)e->failures - streak;
	double a = prior + MAX(failures, 0.0) + (double)e->retried_passes;
	double b = prior + MAX((double)(e->runs - e->failures - e->retried_passes), 0.0);

	return exp(log_beta(a + streak, b) - log_beta(a, b));
}

struct flaky_moves flaky_moves(uint64_t failed, int n)
{
	struct flaky_moves m = {0};
	int last = -1;

	for (int i = n; i-- > 0;) {
		int now = failed >> i & 1;
		m.broke += last == 0 && now;
		m.mended += last == 1 && !now;
		m.failed_on += last == 1 && now;
		m.passed_on += last == 0 && !now;
		last = now;
	}
	return m;
}

static bool is_broken(const struct flaky_evidence *e, bool flaky)
{
	if (e->streak < FLAKY_BROKEN_STREAK || !e->streak_on_default)
		return false;
	return !flaky || luck_of_streak(e) < 0.01;
}

/* One-sided exact test of a 2 x 2 table (Fisher 1922): so many failures or more behind it by
 * chance. */
static double chance_of_order(const struct flaky_order *o)
{
	double n = (double)(o->behind + o->other);
	double failed = (double)(o->behind_failed + o->other_failed), behind = (double)o->behind;
	double all = log_gamma(n + 1) - log_gamma(failed + 1) - log_gamma(n - failed + 1);
	double sum = 0;

	for (double k = (double)o->behind_failed; k <= MIN(behind, failed); k++) {
		double rest = failed - k, others = n - behind;
		if (rest > others)
			continue;
		sum += exp(log_gamma(behind + 1) - log_gamma(k + 1) - log_gamma(behind - k + 1) +
			   log_gamma(others + 1) - log_gamma(rest + 1) -
			   log_gamma(others - rest + 1) - all);
	}
	return sum;
}

/* It must be so for nearly every run, and not by chance among as many suspects (Bonferroni). */
static bool depends_on_order(const struct flaky_order *o)
{
	if (!o->suspects || o->behind_failed < 3 || !o->other)
		return false;
	double behind = (double)o->behind_failed / (double)o->behind;
	double other = (double)o->other_failed / (double)o->other;
	return behind >= 0.8 && other <= 0.2 && chance_of_order(o) * (double)o->suspects < 0.01;
}

enum flaky_class flaky_classify(const struct flaky_evidence *e)
{
	bool order = e->order_proven || depends_on_order(&e->order);
	enum flaky_class class = e->retried_passes        ? FLAKY_RETRY
				 : e->conflicts           ? FLAKY_SAME_COMMIT
				 : is_unsteady(&e->moves) ? FLAKY_TRANSITIONING
							  : FLAKY_NONE;

	if (is_broken(e, class != FLAKY_NONE || order))
		return FLAKY_BROKEN;
	if (order)
		return FLAKY_ORDER;
	if (class != FLAKY_NONE && 2 * e->timeouts > e->failed_attempts)
		return FLAKY_TIMEOUT;
	return class;
}
