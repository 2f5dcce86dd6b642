#include "core/base/base.h"

#include "core/state/state.h"

bool state_shard_is_broken(const char *status)
{
	return !streq(status, "passed") && !streq(status, "failed") && !streq(status, "cancelled");
}

int64_t state_unexplained(const struct state *s)
{
	int64_t n = s->broken_shards;

	if (s->cancel != CANCEL_NONE)
		return n;
	for (size_t i = 0; i < s->file_count; i++)
		n += s->files[i]->phase != FILE_DONE || !s->files[i]->planned;
	return n;
}

static enum exit_code cancel_code(enum cancel_reason reason)
{
	static const enum exit_code codes[] = {
		[CANCEL_NONE] = EXIT_CODE_PASSED,
		[CANCEL_FAIL_FAST] = EXIT_CODE_FAILED,
		[CANCEL_INTERRUPTED] = EXIT_CODE_INTERRUPTED,
		[CANCEL_TERMINATED] = EXIT_CODE_TERMINATED,
		[CANCEL_DEADLINE] = EXIT_CODE_DEADLINE,
		[CANCEL_INFRASTRUCTURE] = EXIT_CODE_INFRASTRUCTURE,
	};
	return codes[reason];
}

enum exit_code state_exit_code(const struct state *s, bool no_tests_is_failure)
{
	enum exit_code code = cancel_code(s->cancel);

	if (s->expired_quarantines)
		code = exit_code_worst(code, EXIT_CODE_USAGE);
	if (s->file_counts.failed || s->test_counts.failed || s->error_notices)
		code = exit_code_worst(code, EXIT_CODE_FAILED);
	if (s->run.fail_on_flaky && state_counted_flaky(s))
		code = exit_code_worst(code, EXIT_CODE_FAILED);
	if (state_unexplained(s))
		code = exit_code_worst(code, EXIT_CODE_INCOMPLETE);
	if (s->failed_gates)
		code = exit_code_worst(code, EXIT_CODE_GATE);
	if (code == EXIT_CODE_PASSED && no_tests_is_failure && !s->test_counts.total)
		code = EXIT_CODE_NO_TESTS;
	return code;
}

int64_t state_counted_flaky(const struct state *s)
{
	int64_t n = 0;

	for (size_t i = 0; i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		int64_t tests = 0;
		for (size_t k = 0; k < f->test_count; k++)
			tests += f->tests[k]->flaky && !f->tests[k]->quarantined;
		n += tests ? tests : f->flaky && !f->test_count;
	}
	return n;
}

const char *state_verdict(const struct state *s)
{
	if (s->file_counts.failed || s->test_counts.failed || s->error_notices ||
		(s->run.fail_on_flaky && state_counted_flaky(s)))
		return "failed";
	if (s->cancel != CANCEL_NONE)
		return "cancelled";
	if (state_unexplained(s) || !s->finished || s->exit_code == EXIT_CODE_INCOMPLETE)
		return "incomplete";
	if (s->file_counts.not_run) /* shards that were cancelled without a failure */
		return "cancelled";
	return s->exit_code > 0 ? "failed" : "passed";
}

double state_busy_ratio(const struct state *s)
{
	double span = (double)s->duration_us * MAX(s->run.workers, 1);

	return span > 0 ? MIN((double)s->busy_us / span, 1.0) : 0;
}

/* A split file repeats its set-up in every part: what a part took beside its tests. As a whole it
 * would have paid once. */
static int64_t whole_us(const struct state_file *f)
{
	int64_t tests_us = 0;

	for (size_t i = 0; i < f->test_count; i++)
		tests_us += f->tests[i]->duration_us;
	int64_t setups_us = MAX(f->first_duration_us - tests_us, 0);
	return f->first_duration_us - setups_us * (f->parts - 1) / f->parts;
}

int64_t state_file_lesson_us(const struct state_file *f)
{
	int parts = MAX(f->parts, 1);

	if (f->outcome != OUTCOME_PASSED || f->chosen || f->flaky || f->tries != parts)
		return 0;
	return f->parts ? whole_us(f) : f->first_duration_us;
}
