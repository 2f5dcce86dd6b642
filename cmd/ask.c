#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/ask.h"
#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/detect/project.h"

static int read_limit(const struct options *options, int *ret, struct error *err)
{
	const char *value = options_value(options, "limit", "20");
	size_t digits = strspn(value, "0123456789");

	*ret = 0;
	if (streq(value, "all"))
		return 0;
	if (!digits || digits > 9 || value[digits] || atoi(value) < 1)
		return error_set(err, EXIT_CODE_USAGE,
			"`--limit` expects a whole number from 1, or all, not `%.60s`", value);
	*ret = atoi(value);
	return 0;
}

/* A time before now, or a day (UTC). */
static int read_since(const struct options *options, int64_t *ret, struct error *err)
{
	const char *value = options_value(options, "since", NULL);
	char stamp[40];

	if (!value)
		return 0;
	snprintf(stamp, sizeof(stamp), "%.20sT00:00:00Z", value);
	int64_t day = strlen(value) == 10 ? clock_parse_iso8601(stamp) : 0;
	int64_t ms = text_parse_duration(value);
	if (!day && ms <= 0)
		return error_set(err, EXIT_CODE_USAGE,
			"`--since` expects a time such as 30d or 12h, or a day such as 2026-11-01, "
			"not `%.60s`",
			value);
	*ret = day ? day : MAX(clock_unix_ms() - ms, (int64_t)1);
	return 0;
}

static struct history *open_history(
	const char *base, const struct options *options, struct error *err)
{
	cleanup_free char *path = command_history(base, options_value(options, "history", NULL));
	cleanup_free char *damaged = NULL;
	struct history *h = history_open(path, HISTORY_READ, &damaged, err);

	if (!h && err->code == EXIT_CODE_PASSED) {
		error_set(err, EXIT_CODE_USAGE, damaged ? "%s" : "there is no history at %s",
			damaged ? damaged : path);
		error_help(err, "a first `muster` makes it");
	}
	if (h)
		history_map(h);
	return h;
}

static bool is_owned(void *arg, const char *file)
{
	const struct ask *q = arg;

	return codeowners_has(q->owners, file, q->owner);
}

int ask_open(struct ask *q, const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();

	*q = (struct ask){.base = project_base(cwd)};
	q->owner = options_value(options, "owner", NULL);
	q->filter.suite = options_value(options, "suite", NULL);
	q->filter.branch = options_value(options, "branch", NULL);
	if (read_limit(options, &q->limit, err) < 0 ||
		read_since(options, &q->filter.since_ms, err) < 0)
		return -1;
	q->filter.limit = q->limit;
	q->owners = codeowners_load(q->base);
	if (q->owner && !q->owners) {
		error_set(err, EXIT_CODE_USAGE, "`--owner` needs a CODEOWNERS file");
		return error_help(err, "it is looked for in .github, the root of the repository "
				       "and docs");
	}
	if (q->owner) {
		q->filter.wants_file = is_owned;
		q->filter.wants_arg = q;
	}
	q->history = open_history(q->base, options, err);
	return q->history ? 0 : -1;
}

void ask_close(struct ask *q)
{
	history_close(q->history);
	codeowners_free(q->owners);
	free(q->base);
}

void ask_day(struct strbuf *out, int64_t ms)
{
	char text[25];

	if (!ms)
		return;
	clock_iso8601(ms, text);
	strbuf_add(out, text, 10);
}
