#include "core/base/base.h"

#include "cmd/judge.h"
#include "cmd/list.h"
#include "cmd/plan.h"
#include "cmd/setup.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/strmap.h"
#include "core/base/text.h"
#include "core/plan/estimate.h"
#include "core/history/list.h"
#include "core/history/split.h"
#include "core/plan/split.h"

enum {
	LIST_BYTES = 64 * 1024 * 1024,
	UNKNOWN_US = 1000 * 1000, /* a file that nothing at all is known of */
};

static const char default_target[] = "10m";

/* ---- estimates that the user brings ------------------------------------------------------------ */

static const char *plain(const char *path)
{
	return starts_with(path, "./") ? path + 2 : path;
}

struct timings {
	struct strmap us; /* path -> microseconds, as intptr_t */
};

static int read_timings(struct timings *t, const char *path, struct error *err)
{
	cleanup_json struct json *root = json_parse_file(path, EXIT_CODE_USAGE, err);

	if (!root)
		return error_wrap(err, "cannot read the timings");
	if (!json_is_object(root))
		return error_set(err, EXIT_CODE_USAGE,
			"%s: timings are a JSON object {path: seconds}", path);
	json_each (node, root) {
		double seconds = json_number(node, -1);
		if (!(seconds >= 0 && seconds < 1e7)) {
			error_set(err, EXIT_CODE_USAGE, "%s: `%s` is not a number of seconds", path,
				json_key(node));
			return error_help(err, "timings are a JSON object {path: seconds}");
		}
		intptr_t us = MAX((intptr_t)(seconds * 1e6 + 0.5), 1);
		strmap_put(&t->us, plain(json_key(node)), (void *)us);
	}
	return 0;
}

static int ascending(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Files that nothing is known of get the median of the known ones: never zero. */
static void guess_unknown(struct plan *plan)
{
	cleanup_free int64_t *known = xcalloc(plan->item_count + 1, sizeof(*known));
	size_t n = 0;

	for (size_t i = 0; i < plan->item_count; i++)
		if (plan->items[i].known)
			known[n++] = plan->items[i].us;
	if (n == plan->item_count)
		return;
	if (n)
		qsort(known, n, sizeof(*known), ascending);
	int64_t guess = n ? known[n / 2] : UNKNOWN_US;
	for (size_t i = 0; i < plan->item_count; i++)
		if (!plan->items[i].known)
			plan->items[i].us = guess;
}

static void apply_timings(struct plan *plan, const struct timings *timings)
{
	for (size_t i = 0; i < plan->item_count; i++) {
		struct plan_item *item = &plan->items[i];
		intptr_t us = (intptr_t)strmap_get(&timings->us, plain(item->file));
		item->known = us > 0;
		item->us = MAX(us, 1);
	}
	guess_unknown(plan);
}

/* ---- files that the user lists ------------------------------------------------------------------
 */

static int read_list(const char *path, struct strbuf *text, struct error *err)
{
	char chunk[65536];
	ssize_t n;

	if (!streq(path, "-"))
		return file_read(path, LIST_BYTES, EXIT_CODE_USAGE, text, err);
	while ((n = read(STDIN_FILENO, chunk, sizeof(chunk))) > 0)
		strbuf_add(text, chunk, (size_t)n);
	return n == 0 ? 0
		      : error_set_errno(
				err, EXIT_CODE_USAGE, errno, "cannot read the list of files");
}

static bool is_utf8(const char *s)
{
	for (size_t n; *s; s += n) {
		n = *s & 0x80 ? text_utf8_len(s, strnlen(s, 4)) : 1;
		if (!n)
			return false;
	}
	return true;
}

/* `path` or `suite<TAB>path`. Returns what is wrong with it, or NULL. */
static const char *add_line(struct plan *plan, struct strmap *seen, char *line)
{
	char *tab = strchr(line, '\t');
	const char *suite = tab ? line : "";
	const char *file = tab ? tab + 1 : line;

	if (!*line)
		return NULL;
	if (!*file)
		return "a suite without a path behind it";
	if (!is_utf8(line))
		return "a name that is not UTF-8, which no plan can hold";
	/* "\tpath" is `path`; named twice is meant once */
	if (strmap_put(seen, tab == line && !strchr(file, '\t') ? file : line, plan))
		return NULL;
	if (tab)
		*tab = '\0';
	plan_add(plan, &(struct plan_item){.suite = suite, .project = "", .file = file});
	return NULL;
}

static int add_listed(struct plan *plan, const char *path, struct error *err)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct strmap seen = STRMAP_INIT;
	int result = read_list(path, &text, err), number = 0;

	for (char *line = text.buf, *end; result == 0 && line < text.buf + text.len;
		line = end + 1) {
		end = strchrnul(line, '\n');
		*end = '\0';
		number++;
		if (end > line && end[-1] == '\r')
			end[-1] = '\0';
		const char *problem = add_line(plan, &seen, line);
		if (problem)
			result =
				error_set(err, EXIT_CODE_USAGE, "%s:%d: %s", path, number, problem);
	}
	strmap_release(&seen, NULL);
	if (result == 0 && !plan->item_count)
		return error_set(err, EXIT_CODE_NO_TESTS, "%s names no files", path);
	return result;
}

static void apply_history(struct plan *plan, struct history *history, const char *platform)
{
	for (size_t i = 0; i < plan->item_count; i++) {
		struct plan_item *item = &plan->items[i];
		struct history_file file;
		item->known = history_file(
			history, platform, item->suite, item->project, item->file, &file);
		item->us = item->known ? (int64_t)(file.estimate_ms * 1000) : 1;
	}
	guess_unknown(plan);
}

/* ---- files that are discovered ------------------------------------------------------------------
 */

/* What the plan depends on beside files and times: a shard that was set up otherwise is told apart.
 */
static void digest_suites(const struct setup *s, char ret[static DIGEST_HEX_SIZE])
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct jsonw w;

	jsonw_init(&w, &text, false);
	jsonw_array_begin(&w, NULL);
	for (size_t i = 0; i < s->suites->n; i++) {
		const struct suite *suite = s->suites->v[i];
		cleanup_free char *root = path_relative(s->config->base, suite->root);
		cleanup_free char *config =
			suite->config ? path_relative(s->config->base, suite->config) : NULL;
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "name", suite->name);
		jsonw_string(&w, "runner", suite->runner->name);
		jsonw_string(&w, "root", root);
		jsonw_string(&w, "config", config);
		jsonw_array_begin(&w, "args");
		for (size_t k = 0; k < suite->args.n; k++)
			jsonw_string(&w, NULL, suite->args.v[k]);
		jsonw_array_end(&w);
		jsonw_array_begin(&w, "files");
		for (size_t k = 0; k < suite->files.n; k++)
			jsonw_string(&w, NULL, suite->files.v[k]);
		jsonw_array_end(&w);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	digest_hex(text.buf, text.len, ret);
}

static void add_discovered(
	struct plan *plan, const struct state *state, const struct suites *suites)
{
	for (size_t i = 0; i < state->file_count; i++) {
		const struct state_file *f = state->files[i];
		const struct suite *suite = suites_find(suites, f->suite->name);
		plan_add(plan, &(struct plan_item){
				       .suite = f->suite->name,
				       .project = f->project,
				       .file = f->file,
				       .us = f->estimate_ms * 1000,
				       .known = f->known,
				       .together = suite && suite->runner->batch,
			       });
	}
}

static int discover(struct plan *plan, struct setup *setup, struct error *err)
{
	struct state state;

	state_init(&state);
	int code = list_collect(setup, &state, err);
	if (state.finished)
		list_problems(&state);
	if (code == 0)
		add_discovered(plan, &state, setup->suites);
	state_release(&state);
	return code;
}

/* ---- together -----------------------------------------------------------------------------------
 */

static int read_limits(struct plan_input *in, const struct options *options, const struct config *c,
	struct error *err)
{
	const char *target = options_value(options, "target", NULL);
	const char *most = options_value(options, "max-shards", "256");
	char *end;

	in->split = !options_has(options, "no-split");
	in->target_us = target         ? text_parse_duration(target) * 1000
			: c->budget_ms ? c->budget_ms * 1000
				       : text_parse_duration(default_target) * 1000;
	if (in->target_us <= 0)
		return error_set(err, EXIT_CODE_USAGE,
			"--target expects a duration such as 10m, not `%s`", target);
	long n = strtol(most, &end, 10);
	if (*end || end == most || n < 1 || n > 100000)
		return error_set(err, EXIT_CODE_USAGE,
			"--max-shards expects a number from 1, not `%s`", most);
	in->max_shards = (int)MIN(n, 100000);
	return 0;
}

/* --no-tests=warn|pass: an empty plan is a plan. */
static int allow_nothing(
	int code, const struct plan *plan, const struct config *config, struct error *err)
{
	bool nothing = code == EXIT_CODE_NO_TESTS ||
		       (code < 0 && err->code == EXIT_CODE_NO_TESTS) ||
		       (code == 0 && !plan->item_count);

	if (!nothing || config->no_tests == NO_TESTS_FAIL)
		return code;
	if (config->no_tests == NO_TESTS_WARN)
		fprintf(stderr, "warning: there is no test file to plan\n");
	*err = (struct error)ERROR_INIT;
	return 0;
}

static int collect(struct plan_input *in, const struct options *options, struct config *config,
	struct error *err)
{
	const char *list = options_value(options, "files", NULL);
	const char *timings_path = options_value(options, "timings", NULL);
	struct timings timings = {STRMAP_INIT};
	char digest[DIGEST_HEX_SIZE] = "";
	struct setup *setup = in->setup;
	int code = list ? setup_init_without_suites(setup, config, err)
			: setup_init(setup, config, err);

	if (code == 0)
		code = read_limits(in, options, setup->config, err);
	if (code == 0)
		code = allow_nothing(
			list ? add_listed(&in->plan, list, err) : discover(&in->plan, setup, err),
			&in->plan, setup->config, err);
	if (code == 0 && timings_path) {
		code = read_timings(&timings, timings_path, err);
		if (code == 0)
			apply_timings(&in->plan, &timings);
	} else if (code == 0 && list) {
		apply_history(&in->plan, setup->history, setup->platform);
	}
	strmap_release(&timings.us, NULL);
	if (!list && code == 0)
		digest_suites(setup, digest);
	in->plan.config_digest = arena_strdup(&in->plan.arena, digest);
	in->plan.partial = list ? NULL : judge_selection(config);
	in->plan.commit =
		arena_strdup(&in->plan.arena, options_value(options, "commit", setup->commit));
	in->plan.platform = arena_strdup(&in->plan.arena, setup->platform);
	in->plan.created_ms = clock_unix_ms();
	in->split &= !list && !timings_path;
	history_forecast(setup->history, setup->platform, &in->forecast);
	return code;
}

int plan_input_collect(struct plan_input *in, const struct options *options, struct error *err)
{
	*in = (struct plan_input){.arena = ARENA_INIT, .forecast = FORECAST_INIT};
	plan_init(&in->plan);
	in->setup = xcalloc(1, sizeof(*in->setup));
	struct config *config = command_config(options, err);
	if (!config)
		return -1;
	int code = collect(in, options, config, err);
	forecast_sort(&in->forecast);
	return code;
}

void plan_input_release(struct plan_input *in)
{
	plan_release(&in->plan);
	forecast_release(&in->forecast);
	arena_release(&in->arena);
	setup_release(in->setup);
	free(in->setup);
}

struct collecting_times {
	struct plan_times *times;
	struct arena *arena;
};

static void add_time(void *arg, const char *path, int occurrence, int64_t us)
{
	struct collecting_times *c = arg;

	plan_times_add(c->times, arena_strdup(c->arena, path), occurrence, us);
}

static bool times_of(void *arg, const struct plan_item *item, struct plan_times *times)
{
	struct plan_input *in = arg;
	struct collecting_times c = {times, &in->arena};

	const struct suite *suite = suites_find(in->setup->suites, item->suite);

	return suite && suite->split &&
	       history_split_verdict(in->setup->history, item->suite, item->project, item->file) >=
		       0 &&
	       history_file_times(in->setup->history, item->suite, item->project, item->file,
		       add_time, &c) == 0;
}

void plan_input_items(struct plan_input *in, int shards, struct plan *ret)
{
	plan_init(ret);
	ret->commit = arena_strdup(&ret->arena, in->plan.commit);
	ret->platform = arena_strdup(&ret->arena, in->plan.platform);
	ret->config_digest = arena_strdup(&ret->arena, in->plan.config_digest);
	ret->partial = in->plan.partial;
	ret->created_ms = in->plan.created_ms;
	for (size_t i = 0; i < in->plan.item_count; i++)
		plan_push(ret, &in->plan.items[i]);
	if (in->split)
		plan_split(ret, shards, times_of, in);
	plan_sort(ret);
}
