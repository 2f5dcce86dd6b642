#include "core/base/base.h"

#include "cmd/plan.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/text.h"

#include <fcntl.h>

enum {
	MOST_PARTS = 4,    /* of a file on average: more shards than that have nothing to do */
	GITHUB_JOBS = 256, /* in one matrix */
};

/* Number of shards that is asked for; 0 = auto. */
static int read_shards(const struct options *options, int *ret, struct error *err)
{
	const char *word = options_value(options, "shards", "auto");
	char *end;

	if (streq(word, "auto")) {
		*ret = 0;
		return 0;
	}
	long n = strtol(word, &end, 10);
	if (*end || end == word || n < 1 || n > 100000)
		return error_set(err, EXIT_CODE_USAGE,
			"--shards expects a number from 1 or `auto`, not `%s`", word);
	*ret = (int)n;
	return 0;
}

static int64_t wall_on(struct plan_input *input, int shards)
{
	struct plan items;

	plan_input_items(input, shards, &items);
	int64_t tests = forecast_tests_us(&input->forecast, plan_makespan(&items, shards),
		items.item_count ? items.items[0].us : 0);
	plan_release(&items);
	return forecast_wall_us(&input->forecast, shards, tests);
}

/* The smallest number of shards that meets the target; where none does, the smallest one looked at
 * whose wall time is within 2 % of the best. */
static int choose_shards(struct plan_input *input)
{
	int most = (int)MIN((size_t)input->max_shards, MAX(input->plan.item_count, 1) * MOST_PARTS);
	int64_t total = 0, best = INT64_MAX;

	for (size_t i = 0; i < input->plan.item_count; i++)
		total += input->plan.items[i].us;
	for (int k = 1; k <= most; k++)
		if (forecast_least_us(&input->forecast, k,
			    forecast_tests_us(&input->forecast, total / k, 0)) <=
				input->target_us &&
			wall_on(input, k) <= input->target_us)
			return k;
	for (int k = 1; k <= most; k = plan_next_count(k, most))
		best = MIN(best, wall_on(input, k));
	int k = 1;
	while (k < most && wall_on(input, k) > best + best / 50)
		k = plan_next_count(k, most);
	return k;
}

/* ---- output ------------------------------------------------------------------------------------ */

static int write_github(const struct plan *plan, struct error *err)
{
	const char *path = getenv("GITHUB_OUTPUT");
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (!path || !*path) {
		error_set(err, EXIT_CODE_USAGE, "--github needs GITHUB_OUTPUT, which is not set");
		return error_help(err, "it is for a step of a GitHub workflow; -o FILE and --json "
				       "work everywhere");
	}
	if (plan->shard_count > GITHUB_JOBS) {
		error_set(err, EXIT_CODE_USAGE,
			"a matrix of GitHub has %d jobs at most, this plan has %d", GITHUB_JOBS,
			plan->shard_count);
		return error_help(err, "--max-shards %d", GITHUB_JOBS);
	}
	strbuf_addstr(&out, "matrix={\"include\":[");
	for (int s = 1; s <= plan->shard_count; s++)
		strbuf_addf(
			&out, "%s{\"shard\":%d,\"of\":%d}", s > 1 ? "," : "", s, plan->shard_count);
	strbuf_addf(&out, "]}\ncount=%d\nplan_id=%s\n", plan->shard_count, plan->plan_id);
	cleanup_close int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0 || file_write_all(fd, out.buf, out.len) < 0)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", path);
	return 0;
}

static int print(const struct options *options, const struct plan_input *input, struct plan *plan,
	struct error *err)
{
	cleanup_strbuf struct strbuf json = STRBUF_INIT, text = STRBUF_INIT;
	const char *path = options_value(options, "output", NULL);
	bool to_stdout = options_has(options, "json");

	plan_write(plan, &json);
	if (path && file_write(path, json.buf, json.len, false, err) < 0)
		return -1;
	if (options_has(options, "github") && write_github(plan, err) < 0)
		return -1;
	plan_text(&text, input, plan, streq(options_value(options, "shards", "auto"), "auto"));
	if (to_stdout) {
		if (!options_has(options, "quiet"))
			fwrite(text.buf, 1, text.len, stderr);
		return command_print(json.buf, json.len, err);
	}
	return command_print(text.buf, text.len, err);
}

static int make(struct plan_input *input, const struct options *options, struct error *err)
{
	struct plan plan;
	int shards = 0;

	if (options_has(options, "what-if")) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		if (options_has(options, "json"))
			plan_what_if_json(&out, input);
		else
			plan_what_if_text(&out, input);
		return command_print(out.buf, out.len, err);
	}
	if (read_shards(options, &shards, err) < 0)
		return -1;
	if (!shards)
		shards = choose_shards(input);
	plan_input_items(input, shards, &plan);
	plan_place(&plan, shards);
	int result = print(options, input, &plan, err);
	plan_release(&plan);
	return result;
}

static int run_plan(const struct options *options, struct error *err)
{
	struct plan_input input;
	int code = plan_input_collect(&input, options, err);

	if (code == 0)
		code = make(&input, options, err);
	else if (code == EXIT_CODE_NO_TESTS)
		code = error_set(err, EXIT_CODE_NO_TESTS, "there is no test file to plan");
	plan_input_release(&input);
	return code;
}

static const struct option plan_options[] = {
	{"shards", 0, OPTION_VALUE, "N|auto", "number of shards (default: auto)"},
	{"target", 0, OPTION_VALUE, "DUR", "what `auto` shall meet (default: the budget, or 10m)"},
	{"max-shards", 0, OPTION_VALUE, "N", "most that `auto` may choose (default: 256)"},
	{"files", 0, OPTION_VALUE, "LIST",
		"plan these: `path` or `suite<TAB>path` a line, - = stdin"},
	{"timings", 0, OPTION_VALUE, "FILE",
		"estimates as JSON {path: seconds}, not the history's"},
	{"no-split", 0, OPTION_FLAG, NULL, "keep every file whole"},
	{"what-if", 0, OPTION_FLAG, NULL, "show what each number of shards would give"},
	{"github", 0, OPTION_FLAG, NULL, "matrix, count and plan_id to $GITHUB_OUTPUT"},
	{"commit", 0, OPTION_VALUE, "SHA", "commit that is planned for (default: CI's, or git's)"},
	{"output", 'o', OPTION_VALUE, "FILE", "write the plan there"},
	{NULL},
};

const struct command plan_cmd = {
	.name = "plan",
	.usage = "plan [--shards N|auto] [--target DUR] [-o FILE] [OPTIONS] [PATH...]",
	.summary = "spread the test files over shards by what the history knows",
	.details = "Longest first onto the lightest shard; files longer than half a share are "
		   "split between tests where that pays. The same files and history give the "
		   "same plan on every machine. Each shard runs `muster run --plan FILE --shard "
		   "I/N`, and `muster merge` proves that nothing is missing.",
	.options = plan_options,
	.max_words = -1,
	.takes_rest = true,
	.takes_config = true,
	.run = run_plan,
};
