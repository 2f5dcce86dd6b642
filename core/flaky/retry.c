#include "core/base/base.h"

#include "core/base/text.h"
#include "core/flaky/retry.h"

const char *const retry_kind_names[RETRY_KIND_COUNT] = {
	[RETRY_NORMAL] = "default",
	[RETRY_FLAKY] = "flaky",
	[RETRY_QUARANTINED] = "quarantined",
};

/* ---- decisions ------------------------------------------------------------------------------- */

static bool says_something(const struct retry_counts *counts)
{
	for (int kind = 0; kind < RETRY_KIND_COUNT; kind++)
		if (counts->of[kind] >= 0)
			return true;
	return false;
}

int retry_count(
	const struct retry_counts *suite, const struct retry_counts *run, enum retry_kind kind)
{
	const struct retry_counts *counts = says_something(suite) ? suite : run;
	int n = counts->of[kind] >= 0 ? counts->of[kind] : counts->of[RETRY_NORMAL];

	return n >= 0 ? n : MAX(run->of[RETRY_NORMAL], 0);
}

static int64_t limit_us(const struct retry_tally *tally, const struct retry_budget *budget)
{
	if (budget->ms)
		return budget->ms * 1000;
	if (!budget->percent)
		return INT64_MAX;
	return MAX(tally->work_us / 100 * budget->percent, (int64_t)RETRY_BUDGET_LEAST_MS * 1000);
}

enum retry_decision retry_decide(
	int count, int tries, const struct retry_tally *tally, const struct retry_budget *budget)
{
	if (tries > count)
		return RETRY_USED_UP;
	if (tally->failed > RETRY_FAILED_MAX)
		return RETRY_TOO_MANY_FAILED;
	if (tally->tests >= RETRY_SHARE_TESTS &&
		tally->failed * 100 > tally->tests * RETRY_FAILED_PERCENT)
		return RETRY_SHARE_FAILED;
	if (tally->retry_us >= limit_us(tally, budget))
		return RETRY_BUDGET_SPENT;
	return RETRY_AGAIN;
}

void retry_reason(struct strbuf *out, enum retry_decision decision, const struct retry_tally *tally,
	const struct retry_budget *budget)
{
	switch (decision) {
	case RETRY_TOO_MANY_FAILED:
		strbuf_addf(out,
			"no more retries: %" PRId64 " tests have failed, and with more than %d "
			"something else is broken",
			tally->failed, RETRY_FAILED_MAX);
		break;
	case RETRY_SHARE_FAILED:
		strbuf_addf(out,
			"no more retries: %" PRId64 " of %" PRId64
			" tests have failed, and with more than %d %% something else is broken",
			tally->failed, tally->tests, RETRY_FAILED_PERCENT);
		break;
	case RETRY_BUDGET_SPENT:
		strbuf_addstr(out, "no more retries: they have taken ");
		text_duration(out, tally->retry_us / 1000);
		strbuf_addstr(out, ", and `retry_budget` allows ");
		text_duration(out, limit_us(tally, budget) / 1000);
		if (!budget->ms)
			strbuf_addf(
				out, " (%d %% of the work, at least one minute)", budget->percent);
		break;
	default:
		break;
	}
}

/* ---- the notation of the configuration ------------------------------------------------------- */

void retry_counts_text(const struct retry_counts *counts, struct strbuf *out)
{
	const char *separator = "{";

	if (counts->of[RETRY_FLAKY] < 0 && counts->of[RETRY_QUARANTINED] < 0) {
		if (counts->of[RETRY_NORMAL] >= 0)
			strbuf_addf(out, "%d", counts->of[RETRY_NORMAL]);
		return;
	}
	for (int kind = 0; kind < RETRY_KIND_COUNT; kind++) {
		if (counts->of[kind] < 0)
			continue;
		strbuf_addf(out, "%s%s: %d", separator, retry_kind_names[kind], counts->of[kind]);
		separator = ", ";
	}
	strbuf_addch(out, '}');
}

bool retry_budget_parse(const char *text, struct retry_budget *ret)
{
	size_t digits = strspn(text, "0123456789");
	int64_t ms;

	if (streq(text, "off") || streq(text, "false")) {
		*ret = (struct retry_budget){0};
		return true;
	}
	if (digits && digits <= 3 && streq(text + digits, "%")) {
		*ret = (struct retry_budget){.percent = atoi(text)};
		return ret->percent > 0;
	}
	ms = text_parse_duration(text);
	if (ms <= 0)
		return false;
	*ret = (struct retry_budget){.ms = ms};
	return true;
}

/* ---- known tests ----------------------------------------------------------------------------- */

static void free_file(void *value)
{
	struct retry_known_file *file = value;

	for (size_t i = 0; i < file->count; i++)
		free(file->tests[i].path);
	free(file->tests);
	free(file);
}

void retry_known_release(struct retry_known *known)
{
	strmap_release(&known->files, free_file);
}

static struct retry_known_test *find(
	const struct retry_known_file *file, const char *test, int occurrence)
{
	for (size_t i = 0; i < file->count; i++)
		if (file->tests[i].occurrence == occurrence && streq(file->tests[i].path, test))
			return &file->tests[i];
	return NULL;
}

void retry_known_add(struct retry_known *known, const char *suite, const char *project,
	const char *file, const char *test, int occurrence, enum retry_kind kind)
{
	cleanup_free char *key = xasprintf("%s\x1f%s\x1f%s", suite, project, file);
	struct retry_known_file *f = strmap_get(&known->files, key);

	if (!f) {
		f = xcalloc(1, sizeof(*f));
		strmap_put(&known->files, key, f);
	}
	struct retry_known_test *old = find(f, test, occurrence);
	if (old) {
		old->kind = kind;
		return;
	}
	GROW(f->tests, f->count + 1, f->cap);
	f->tests[f->count++] = (struct retry_known_test){xstrdup(test), occurrence, kind};
}

const struct retry_known_file *retry_known_in(
	const struct retry_known *known, const char *suite, const char *project, const char *file)
{
	cleanup_free char *key = NULL;

	if (!known || !known->files.n)
		return NULL;
	key = xasprintf("%s\x1f%s\x1f%s", suite, project, file);
	return strmap_get(&known->files, key);
}

enum retry_kind retry_known_kind(
	const struct retry_known_file *file, const char *test, int occurrence)
{
	const struct retry_known_test *known = file ? find(file, test, occurrence) : NULL;

	return known ? known->kind : RETRY_NORMAL;
}
