#include "core/base/base.h"

#include "core/junit/count.h"
#include "core/junit/seen.h"

#include <math.h>

#define SECOND_NS   1000000000
#define TIME_NS_MAX (INT64_MAX / 4) /* 73 years: two of them can be added */

/* Digits as they stand: binary fractions would make sums depend on their order. */
static bool decimal(const char *s, int64_t *ret)
{
	int64_t whole = 0, fraction = 0, unit = SECOND_NS;

	if (!*s)
		return false;
	for (; (*s >= '0' && *s <= '9') || *s == ','; s++) {
		if (*s != ',')
			whole = whole * 10 + (*s - '0');
		if (whole > TIME_NS_MAX / SECOND_NS)
			return false;
	}
	if (*s == '.')
		s++;
	for (; *s >= '0' && *s <= '9'; s++)
		fraction += (*s - '0') * (unit /= 10);
	*ret = whole * SECOND_NS + fraction;
	return !*s;
}

int64_t junit_time_ns(const char *text)
{
	int64_t ns;

	if (!text)
		return 0;
	if (decimal(text, &ns))
		return ns;
	char *end;
	double seconds = strtod(text, &end);
	if (end == text || *end || !isfinite(seconds) || seconds < 0)
		return 0;
	return seconds * 1e9 < (double)TIME_NS_MAX ? (int64_t)(seconds * 1e9 + 0.5) : TIME_NS_MAX;
}

static int64_t add_time(int64_t a, int64_t b)
{
	return MIN(a + b, TIME_NS_MAX);
}

void junit_counts_add(struct junit_counts *sum, const struct junit_counts *c)
{
	sum->tests += c->tests;
	sum->failures += c->failures;
	sum->errors += c->errors;
	sum->skipped += c->skipped;
	sum->flaky += c->flaky;
	sum->time_ns = add_time(sum->time_ns, c->time_ns);
}

static uint64_t digest(uint64_t seed, const struct junit_tag *tag, const char *attribute)
{
	const char *value = junit_attribute(tag, attribute);

	return value ? junit_seen_digest(seed, value, strlen(value)) : seed;
}

static void case_start(struct junit_counter *c, const struct junit_tag *tag)
{
	c->in_case = true;
	c->failed = c->error = c->skipped = c->flaky = false;
	c->time_ns = junit_time_ns(junit_attribute(tag, "time"));
	c->digest = digest(c->suites[c->suite_depth], tag, "classname");
	c->digest = digest(c->digest, tag, "name");
}

static void case_child(struct junit_counter *c, enum junit_element element)
{
	c->failed |= element == JUNIT_FAILURE;
	c->error |= element == JUNIT_ERROR;
	c->skipped |= element == JUNIT_SKIPPED;
	c->flaky |= element == JUNIT_FLAKY_FAILURE || element == JUNIT_FLAKY_ERROR;
}

static void case_end(struct junit_counter *c)
{
	struct junit_counts *n = &c->counts;
	bool bad = c->failed || c->error;

	c->in_case = false;
	n->tests++;
	n->failures += c->failed;
	n->errors += c->error && !c->failed;
	n->skipped += c->skipped && !bad;
	n->flaky += c->flaky && !bad;
	n->time_ns = add_time(n->time_ns, c->time_ns);
}

void junit_counter_start(struct junit_counter *c, const struct junit_tag *tag)
{
	if (c->inner || c->in_case) {
		if (!c->inner++)
			case_child(c, tag->element);
	} else if (tag->element == JUNIT_TESTCASE) {
		case_start(c, tag);
	} else if (tag->element == JUNIT_TESTSUITE) {
		uint64_t seed = c->suites[c->suite_depth];
		c->suites[++c->suite_depth] = digest(seed, tag, "name");
	} else if (tag->element != JUNIT_TESTSUITES) {
		c->suite_error = tag->element == JUNIT_FAILURE || tag->element == JUNIT_ERROR;
		c->inner++;
	}
}

bool junit_counter_end(struct junit_counter *c, const struct junit_tag *tag)
{
	if (c->inner) {
		c->counts.errors += !--c->inner && !c->in_case && c->suite_error;
		return false;
	}
	if (c->in_case) {
		case_end(c);
		return true;
	}
	if (tag->element == JUNIT_TESTSUITE)
		c->suite_depth--;
	return false;
}

void junit_counter_abandon(struct junit_counter *c)
{
	c->inner = 0;
	c->in_case = false;
	c->suite_depth = 0;
}
