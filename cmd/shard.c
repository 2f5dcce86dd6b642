#include "core/base/base.h"

#include "cmd/plan.h"
#include "cmd/shard.h"
#include "core/base/file.h"

enum { PLAN_BYTES = 64 * 1024 * 1024 };

/* ---- which shard ------------------------------------------------------------------------------- */

static int parse_shard(const char *word, int *ret_index, int *ret_count, struct error *err)
{
	char *slash, *end = NULL;
	long index = strtol(word, &slash, 10);
	long count = *slash == '/' ? strtol(slash + 1, &end, 10) : 0;

	if (slash == word || !end || end == slash + 1 || *end || index < 1 || index > count ||
		count > 100000) {
		error_set(err, EXIT_CODE_USAGE,
			"--shard expects I/N, such as 3/8, or auto, not `%s`", word);
		return error_help(
			err, "shards are numbered from 1; auto asks the CI system's environment");
	}
	*ret_index = (int)index;
	*ret_count = (int)count;
	return 0;
}

static int find_index(struct shard *s, const struct options *options, const struct setup *setup,
	struct error *err)
{
	const char *word = options_value(options, "shard", NULL);

	if (word && !streq(word, "auto"))
		return parse_shard(word, &s->index, &s->count, err);
	if (setup->ci.shards) {
		s->index = setup->ci.shard;
		s->count = setup->ci.shards;
		return 0;
	}
	error_set(err, EXIT_CODE_USAGE, "%s needs to know which shard this is",
		word ? "--shard auto" : "--plan");
	return error_help(err,
		"add --shard I/N; of CI systems, GitLab, CircleCI, Buildkite and Azure "
		"say it by themselves");
}

static void replace(char **to, const char *with)
{
	if (!with)
		return;
	free(*to);
	*to = *with ? xstrdup(with) : NULL;
}

int shard_identify(const struct options *options, struct setup *setup, struct error *err)
{
	const char *attempt = options_value(options, "attempt", NULL);
	const char *url = options_value(options, "run-url", NULL);
	struct run_info *info = &setup->info;

	if (attempt) {
		size_t n = strlen(attempt);
		if (!n || n > 9 || strspn(attempt, "0123456789") != n || !atoi(attempt))
			return error_set(err, EXIT_CODE_USAGE,
				"--attempt expects a number from 1, not `%s`", attempt);
		setup->ci.attempt = info->ci_attempt = atoi(attempt);
	}
	if (url && strlen(url) >= sizeof(setup->ci.run_url))
		return error_set(err, EXIT_CODE_USAGE, "--run-url is too long");
	if (url) {
		memcpy(setup->ci.run_url, url, strlen(url) + 1);
		info->run_url = *url ? setup->ci.run_url : NULL;
	}
	replace(&setup->commit, options_value(options, "commit", NULL));
	replace(&setup->branch, options_value(options, "branch", NULL));
	info->commit = setup->commit;
	info->branch = setup->branch;
	return 0;
}

/* ---- the plan ---------------------------------------------------------------------------------- */

/* Every job that makes it from the same files and history makes the same. */
static int make_plan(struct shard *s, const struct options *options, struct error *err)
{
	struct plan_input input;
	struct plan plan;
	int code = plan_input_collect(&input, options, err);

	if (code == 0) {
		plan_input_items(&input, s->count, &plan);
		plan_init(&s->plan);
		for (size_t i = 0; i < plan.item_count; i++)
			plan_add(&s->plan, &plan.items[i]);
		s->plan.commit = arena_strdup(&s->plan.arena, plan.commit);
		s->plan.platform = arena_strdup(&s->plan.arena, plan.platform);
		s->plan.config_digest = arena_strdup(&s->plan.arena, plan.config_digest);
		s->plan.created_ms = plan.created_ms;
		plan_place(&s->plan, s->count);
		plan_write(&s->plan, &s->text);
		plan_release(&plan);
	}
	plan_input_release(&input);
	return code > 0 ? error_set(err, (enum exit_code)code,
				  "the plan of this shard cannot be made")
			: code;
}

static int read_plan(struct shard *s, const char *path, struct error *err)
{
	if (plan_read(&s->plan, path, err) < 0 ||
		file_read(path, PLAN_BYTES, EXIT_CODE_USAGE, &s->text, err) < 0)
		return -1;
	if (s->plan.shard_count == s->count)
		return 0;
	error_set(err, EXIT_CODE_USAGE, "%s is a plan for %d shards, this is shard %d of %d", path,
		s->plan.shard_count, s->index, s->count);
	return error_help(err, "--shard %d/%d fits the plan; or make one with --shards %d",
		MIN(s->index, s->plan.shard_count), s->plan.shard_count, s->count);
}

/* ---- what it runs ------------------------------------------------------------------------------ */

static bool same_file(const struct plan_item *a, const struct plan_item *b)
{
	return streq(a->suite, b->suite) && streq(a->file, b->file) &&
	       streq(a->project, b->project);
}

/* The last part runs what no other part names. */
static void name_rest(
	struct shard *s, const struct plan_item *rest, struct engine_selection *selection)
{
	const struct plan *plan = &s->plan;
	size_t n = 0;

	for (size_t i = 0; i < plan->item_count; i++)
		if (same_file(&plan->items[i], rest) && plan->items[i].part != rest->part)
			n += plan->items[i].test_count;
	struct plan_test *tests = arena_alloc(&s->arena, (n + 1) * sizeof(*tests));
	n = 0;
	for (size_t i = 0; i < plan->item_count; i++) {
		const struct plan_item *other = &plan->items[i];
		if (!same_file(other, rest) || other->part == rest->part)
			continue;
		memcpy(tests + n, other->tests, other->test_count * sizeof(*tests));
		n += other->test_count;
	}
	selection->tests = tests;
	selection->test_count = n;
	selection->except = true;
}

/* Parts of a file must follow each other. */
static int by_file(const void *pa, const void *pb)
{
	const struct engine_selection *a = pa, *b = pb;
	int order;

	if ((order = strcmp(a->suite, b->suite)) || (order = strcmp(a->file, b->file)) ||
		(order = strcmp(a->project, b->project)))
		return order;
	return (a->part > b->part) - (a->part < b->part);
}

static void select_items(struct shard *s)
{
	const struct plan_shard *own = &s->plan.shards[s->index - 1];

	s->selection = xcalloc(own->n + 1, sizeof(*s->selection));
	s->selection_count = own->n;
	for (size_t i = 0; i < own->n; i++) {
		const struct plan_item *item = own->items[i];
		s->selection[i] = (struct engine_selection){
			.suite = item->suite,
			.project = item->project,
			.file = item->file,
			.tests = item->tests,
			.test_count = item->test_count,
			.part = item->part,
			.parts = item->parts,
			.estimate_us = item->us,
			.known = item->known,
		};
		if (item->rest)
			name_rest(s, item, &s->selection[i]);
	}
	if (own->n > 1)
		qsort(s->selection, own->n, sizeof(*s->selection), by_file);
}

int shard_resolve(struct shard *s, const struct options *options, const struct setup *setup,
	struct error *err)
{
	const char *path = options_value(options, "plan", NULL);

	plan_init(&s->plan);
	strbuf_init(&s->text);
	if (!path && !options_has(options, "shard"))
		return 0;
	if (find_index(s, options, setup, err) < 0)
		return -1;
	if (path ? read_plan(s, path, err) : make_plan(s, options, err))
		return -1;
	s->active = true;
	select_items(s);
	return 0;
}

void shard_release(struct shard *s)
{
	plan_release(&s->plan);
	strbuf_release(&s->text);
	arena_release(&s->arena);
	free(s->selection);
}

static bool has_suite(const struct shard *s, const char *name)
{
	for (size_t i = 0; i < s->selection_count; i++)
		if (streq(s->selection[i].suite, name))
			return true;
	return false;
}

int shard_choose_suites(const struct shard *s, struct setup *setup, struct error *err)
{
	for (size_t i = 0; i < s->selection_count; i++) {
		const char *name = s->selection[i].suite;
		if (suites_find(setup->suites, name))
			continue;
		error_set(err, EXIT_CODE_USAGE, "the plan names the suite `%s`, which is not here",
			name);
		return error_help(err,
			"plan and run need the same files and configuration; `muster "
			"list` shows the suites");
	}
	struct suites chosen = SUITES_INIT;
	for (size_t i = 0; i < setup->suites->n; i++)
		if (has_suite(s, setup->suites->v[i]->name))
			suites_add(&chosen, setup->suites->v[i]);
	free(setup->chosen.v);
	setup->chosen = chosen;
	setup->suites = &setup->chosen;
	return 0;
}
