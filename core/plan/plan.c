#include "core/base/base.h"

#include "core/plan/plan.h"
#include "core/plan/pack.h"

void plan_init(struct plan *plan)
{
	*plan = (struct plan){.arena = ARENA_INIT, .platform = "", .config_digest = ""};
}

void plan_release(struct plan *plan)
{
	for (int i = 0; i < plan->shard_count; i++)
		free(plan->shards[i].items);
	free(plan->shards);
	free(plan->items);
	arena_release(&plan->arena);
	plan_init(plan);
}

void plan_push(struct plan *plan, const struct plan_item *item)
{
	GROW(plan->items, plan->item_count + 1, plan->item_cap);
	plan->items[plan->item_count++] = *item;
}

struct plan_item *plan_add(struct plan *plan, const struct plan_item *item)
{
	struct arena *a = &plan->arena;
	size_t before = plan->item_count;
	/* most often of the same suite, and then comparing them is cheap */
	const char *suite = before ? plan->items[before - 1].suite : "";

	plan_push(plan, item);
	struct plan_item *own = &plan->items[before];
	own->suite = streq(suite, item->suite) ? suite : arena_strdup(a, item->suite);
	own->project = *item->project ? arena_strdup(a, item->project) : "";
	own->file = arena_strdup(a, item->file);
	own->us = MAX(item->us, 1);
	if (!item->tests)
		return own;
	struct plan_test *tests = arena_alloc(a, (item->test_count + 1) * sizeof(*tests));
	for (size_t i = 0; i < item->test_count; i++)
		tests[i] = (struct plan_test){
			arena_strdup(a, item->tests[i].path), item->tests[i].occurrence};
	own->tests = tests;
	return own;
}

static int compare(const char *a, const char *b)
{
	return a == b ? 0 : strcmp(a, b);
}

/* Longest first; then by bytes, so that no locale has a say. */
static int by_length(const void *pa, const void *pb)
{
	const struct plan_item *a = pa, *b = pb;
	int order;

	if (a->us != b->us)
		return a->us > b->us ? -1 : 1;
	if ((order = compare(a->suite, b->suite)) || (order = strcmp(a->file, b->file)) ||
		(order = compare(a->project, b->project)))
		return order;
	return (a->part > b->part) - (a->part < b->part);
}

void plan_sort(struct plan *plan)
{
	size_t i = 1;

	while (i < plan->item_count && by_length(&plan->items[i - 1], &plan->items[i]) <= 0)
		i++;
	if (i < plan->item_count)
		qsort(plan->items, plan->item_count, sizeof(*plan->items), by_length);
}

static int64_t *weights_of(const struct plan *plan)
{
	int64_t *weights = xcalloc(plan->item_count + 1, sizeof(*weights));

	for (size_t i = 0; i < plan->item_count; i++)
		weights[i] = plan->items[i].us;
	return weights;
}

int64_t plan_makespan(const struct plan *plan, int shards)
{
	cleanup_free int64_t *weights = weights_of(plan);

	return plan_pack_makespan(weights, plan->item_count, shards);
}

static void fill_shards(struct plan *plan, int shards)
{
	plan->shards = xcalloc((size_t)shards, sizeof(*plan->shards));
	plan->shard_count = shards;
	for (size_t i = 0; i < plan->item_count; i++)
		plan->shards[plan->items[i].shard - 1].n++;
	for (int s = 0; s < shards; s++) {
		struct plan_shard *shard = &plan->shards[s];
		shard->items = xcalloc(shard->n + 1, sizeof(struct plan_item *));
		shard->n = 0;
	}
	for (size_t i = 0; i < plan->item_count; i++) {
		struct plan_shard *shard = &plan->shards[plan->items[i].shard - 1];
		shard->items[shard->n++] = &plan->items[i];
		shard->us += plan->items[i].us;
	}
}

void plan_settle(struct plan *plan, int shards)
{
	fill_shards(plan, shards);
	plan->files = plan->unknown_files = plan->total_us = plan->makespan_us = 0;
	for (size_t i = 0; i < plan->item_count; i++) {
		const struct plan_item *item = &plan->items[i];
		plan->total_us += item->us;
		plan->files += item->part <= 1;
		plan->unknown_files += item->part <= 1 && !item->known;
	}
	for (int s = 0; s < plan->shard_count; s++)
		plan->makespan_us = MAX(plan->makespan_us, plan->shards[s].us);
}

/* ---- parts that meet on one shard -------------------------------------------------------------- */

static bool same_file(const struct plan_item *a, const struct plan_item *b)
{
	return streq(a->file, b->file) && streq(a->suite, b->suite) &&
	       streq(a->project, b->project);
}

/* Take `part` into `into`: its tests, and its time without another set-up. */
static void join_part(struct plan *plan, struct plan_item *into, const struct plan_item *part)
{
	size_t n = into->test_count + part->test_count;
	struct plan_test *tests = arena_alloc(&plan->arena, (n + 1) * sizeof(*tests));

	memcpy(tests, into->tests, into->test_count * sizeof(*tests));
	memcpy(tests + into->test_count, part->tests, part->test_count * sizeof(*tests));
	into->tests = tests;
	into->test_count = n;
	into->rest |= part->rest;
	into->us += MAX(part->us - part->setup_us, 0);
}

/* Number what is left of the parts of the file; a single one is the file again. */
static void renumber(struct plan *plan, const struct plan_item *of)
{
	int parts = 0, part = 0;

	for (size_t i = 0; i < plan->item_count; i++)
		parts += same_file(&plan->items[i], of);
	for (size_t i = 0; i < plan->item_count; i++) {
		struct plan_item *item = &plan->items[i];
		if (!same_file(item, of))
			continue;
		item->part = parts > 1 ? ++part : 0;
		item->parts = parts > 1 ? parts : 0;
		if (parts > 1)
			continue;
		item->tests = NULL;
		item->test_count = 0;
		item->rest = false;
	}
}

static void join_parts(struct plan *plan)
{
	for (size_t i = 0; i < plan->item_count; i++) {
		size_t before = plan->item_count, kept = i + 1;
		if (!plan->items[i].parts || !plan->items[i].together)
			continue;
		for (size_t k = i + 1; k < before; k++) {
			struct plan_item *item = &plan->items[k];
			if (item->shard == plan->items[i].shard && same_file(item, &plan->items[i]))
				join_part(plan, &plan->items[i], item);
			else
				plan->items[kept++] = *item;
		}
		plan->item_count = kept;
		if (kept < before)
			renumber(plan, &plan->items[i]);
	}
	plan_sort(plan);
}

void plan_place(struct plan *plan, int shards)
{
	cleanup_free int *bin = xcalloc(plan->item_count + 1, sizeof(*bin));

	plan_sort(plan);
	cleanup_free int64_t *weights = weights_of(plan);
	plan_pack(weights, plan->item_count, shards, bin);
	for (size_t i = 0; i < plan->item_count; i++)
		plan->items[i].shard = bin[i] + 1;
	join_parts(plan);
	cleanup_free int64_t *joined = weights_of(plan);
	plan->lower_bound_us = plan_pack_bound(joined, plan->item_count, shards);
	plan_settle(plan, shards);
}
