#include "core/base/base.h"

#include "cmd/known.h"
#include "core/change/changed.h"
#include "core/history/list.h"

/* So often in a row is no flakiness any more: its retries would be wasted. */
enum { BROKEN_STREAK = 5 };

static int add_flaky(void *arg, const struct history_test *t)
{
	bool flaky = t->stats.flaky > 0 || t->stats.same_commit > 0;

	if (flaky && t->stats.streak < BROKEN_STREAK)
		retry_known_add(
			arg, t->suite, t->project, t->file, t->test, t->occurrence, RETRY_FLAKY);
	return 0;
}

/* Only where it makes a difference. */
static bool wants_flaky(const struct setup *s)
{
	bool wanted = s->config->retries.of[RETRY_FLAKY] >= 0;

	for (size_t i = 0; i < s->suites->n; i++)
		wanted |= s->suites->v[i]->retries.of[RETRY_FLAKY] >= 0;
	return wanted && s->history;
}

void known_read(struct known *known, const struct setup *s)
{
	struct error err = ERROR_INIT;

	if (wants_flaky(s))
		history_list_tests(s->history, &(struct history_filter){.faulty = true},
			HISTORY_BY_ID, add_flaky, &known->tests, NULL);
	if (s->config->early_detection &&
		changed_files(s->config->base, ci_target_branch(getenv), &known->changed, &err) < 0)
		known->notice = xasprintf(
			"early detection knows no changed files, only new tests: %s", err.text);
}

void known_release(struct known *known)
{
	retry_known_release(&known->tests);
	strmap_release(&known->changed, NULL);
	free(known->notice);
}
