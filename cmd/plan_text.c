#include "core/base/base.h"

#include "cmd/plan.h"
#include "core/base/jsonw.h"
#include "core/base/text.h"
#include "core/plan/pack.h"

enum {
	HEAVIEST = 10,
	NAME_COLUMNS = 60,
	CELL_COLUMNS = 40,    /* the table fits 80 columns */
	PART_COLUMNS = 16,    /* " (part 12 of 34)" */
	LIKELY_PERCENT = 150, /* noise beyond this allows no promise */
};

static void duration(struct strbuf *out, int64_t us)
{
	text_duration(out, us / 1000);
}

static void name_within(struct strbuf *out, const struct plan_item *item, size_t columns)
{
	text_truncate_middle(out, item->file, columns);
	if (item->parts)
		strbuf_addf(out, " (part %d of %d)", item->part, item->parts);
}

static void name_of(struct strbuf *out, const struct plan_item *item)
{
	name_within(out, item, NAME_COLUMNS);
}

/* ---- the plan ---------------------------------------------------------------------------------- */

static void head(struct strbuf *out, const struct plan *plan)
{
	strbuf_addf(out, "Plan %.8s: ", plan->plan_id);
	text_count(out, plan->files);
	strbuf_addf(out, " file%s on %d shard%s, ", plan->files == 1 ? "" : "s", plan->shard_count,
		plan->shard_count == 1 ? "" : "s");
	strbuf_addstr(out, "none longer than ");
	duration(out, plan->makespan_us);
	strbuf_addstr(out, " (no plan can do better than ");
	duration(out, plan->lower_bound_us);
	strbuf_addstr(out, ")\n");
	if (plan->unknown_files == plan->files) {
		strbuf_addstr(out, "No file has a history yet: the times are guesses.\n");
	} else if (plan->unknown_files) {
		text_count(out, plan->unknown_files);
		strbuf_addf(out, " file%s without history count%s as the median of the others.\n",
			plan->unknown_files == 1 ? "" : "s", plan->unknown_files == 1 ? "s" : "");
	}
	strbuf_addch(out, '\n');
}

static void table(struct strbuf *out, const struct plan *plan)
{
	strbuf_addstr(out, "  shard    predicted   items  longest\n");
	for (int s = 0; s < plan->shard_count; s++) {
		const struct plan_shard *shard = &plan->shards[s];
		cleanup_strbuf struct strbuf time = STRBUF_INIT, longest = STRBUF_INIT;
		duration(&time, shard->us);
		if (shard->n) {
			name_within(&longest, shard->items[0],
				CELL_COLUMNS - (shard->items[0]->parts ? PART_COLUMNS : 0));
			strbuf_addstr(&longest, ", ");
			duration(&longest, shard->items[0]->us);
		} else {
			strbuf_addstr(&longest, "nothing to do");
		}
		strbuf_addf(out, "  %5d %12s %7zu  %s\n", s + 1, time.buf, shard->n, longest.buf);
	}
}

/* One item alone is as long as the longest shard may be: more shards cannot help. */
static void floor_of(struct strbuf *out, const struct plan *plan)
{
	const struct plan_item *longest = plan->items;

	if (plan->shard_count < 2 || !plan->item_count ||
		longest->us * 100 < plan->makespan_us * 99)
		return;
	strbuf_addstr(out, "\nThe floor is ");
	name_of(out, longest);
	strbuf_addstr(out, ": it alone takes ");
	duration(out, longest->us);
	strbuf_addstr(out, ", more shards cannot be faster.\n");
}

static void start_up(struct strbuf *out, const struct forecast *f, int shards)
{
	duration(out, forecast_startup_us(f, shards));
	strbuf_addstr(out, forecast_knows_startup(f) ? " start-up" : " start-up (assumed)");
}

static double noise_of(const struct forecast *f, int shards)
{
	return MAX(MIN(forecast_noise(f, shards), 1.5), 1.05);
}

static int64_t tests_of(const struct forecast *f, const struct plan *plan)
{
	return forecast_tests_us(f, plan->makespan_us, plan->item_count ? plan->items[0].us : 0);
}

static int64_t wall_of_longest(const struct forecast *f, const struct plan *plan)
{
	return forecast_wall_us(f, plan->shard_count, plan->items[0].us);
}

/* No number of shards meets the target while this item is as long as it is. */
static void what_it_takes(struct strbuf *out, const struct plan_input *in, const struct plan *plan)
{
	const struct forecast *f = &in->forecast;
	int64_t room = in->target_us - forecast_startup_us(f, plan->shard_count);

	if (room <= 0) {
		strbuf_addstr(out, "Starting a job alone takes longer than that: cache what the "
				   "jobs install.\n");
		return;
	}
	strbuf_addstr(out, "The floor is ");
	name_of(out, plan->items);
	strbuf_addstr(out, ": it alone takes ");
	duration(out, plan->items[0].us);
	strbuf_addstr(out, ". The target needs it within ");
	duration(out, (int64_t)((double)room / noise_of(f, plan->shard_count)));
	strbuf_addstr(out, ": make it faster, or split the file.\n");
}

static void target(struct strbuf *out, const struct plan_input *in, const struct plan *plan)
{
	const struct forecast *f = &in->forecast;
	int k = plan->shard_count;
	int64_t tests_us = tests_of(f, plan);
	int64_t wall = forecast_wall_us(f, k, tests_us);
	double chance = forecast_chance(f, k, tests_us, in->target_us);
	double noise = forecast_noise(f, k);

	strbuf_addstr(out, "\nTarget ");
	duration(out, in->target_us);
	strbuf_addstr(out,
		wall <= in->target_us ? ": met, expected within " : ": out of reach, expected ");
	duration(out, wall);
	strbuf_addstr(out, " = ");
	start_up(out, f, k);
	strbuf_addstr(out, " + ");
	duration(out, tests_us);
	strbuf_addf(out, " × %.2f%s", noise_of(f, k), forecast_knows_noise(f) ? "" : " (assumed)");
	if (chance >= 0)
		strbuf_addf(out, ", chance %.0f %%", chance * 100);
	strbuf_addch(out, '\n');
	if (tests_us < plan->makespan_us)
		strbuf_addf(out,
			"A job does its share in %.0f %% of the time of its files, with the "
			"workers "
			"it has.\n",
			100 * forecast_pace(f));
	if (noise * 100 > LIKELY_PERCENT)
		strbuf_addf(out,
			"I cannot promise it: recent runs took up to %.1f times what was "
			"predicted.\n",
			noise);
	if (wall <= in->target_us)
		return;
	if (k >= in->max_shards)
		strbuf_addf(out, "More than %d shards were not allowed (--max-shards).\n",
			in->max_shards);
	else if (plan->item_count && wall_of_longest(f, plan) > in->target_us)
		what_it_takes(out, in, plan);
	else
		strbuf_addstr(out, "More shards would not bring it closer.\n");
}

void plan_text(
	struct strbuf *out, const struct plan_input *in, const struct plan *plan, bool automatic)
{
	if (!plan->files) {
		strbuf_addf(out, "Plan %.8s: no test file, nothing to run on %d shard%s\n",
			plan->plan_id, plan->shard_count, plan->shard_count == 1 ? "" : "s");
		return;
	}
	head(out, plan);
	table(out, plan);
	floor_of(out, plan);
	if (automatic)
		target(out, in, plan);
}

/* ---- what if ----------------------------------------------------------------------------------- */

struct what_if {
	int shards;
	int64_t makespan_us, bound_us, wall_us, runner_us;
	double chance;
};

int plan_next_count(int k, int most)
{
	int next = k < 8 ? k + 1 : k < 16 ? k + 2 : k < 32 ? k + 4 : k < 64 ? k + 8 : k + k / 2;

	return k < most ? MIN(next, most) : most + 1;
}

static struct what_if what_if(struct plan_input *in, int shards)
{
	struct plan items;

	plan_input_items(in, shards, &items);
	plan_place(&items, shards);
	int64_t tests_us = tests_of(&in->forecast, &items);
	struct what_if row = {
		.shards = shards,
		.makespan_us = items.makespan_us,
		.bound_us = items.lower_bound_us,
		.wall_us = forecast_wall_us(&in->forecast, shards, tests_us),
		.runner_us = (int64_t)(forecast_pace(&in->forecast) * (double)items.total_us) +
			     shards * forecast_startup_us(&in->forecast, 1),
		.chance = forecast_chance(&in->forecast, shards, tests_us, in->target_us),
	};
	plan_release(&items);
	return row;
}

/* Nothing can become better when every item has a shard of its own, or the longest one decides. */
static bool is_last(const struct what_if *row, const struct plan_input *in)
{
	return (size_t)row->shards >= in->plan.item_count * 4 || row->shards >= in->max_shards;
}

void plan_what_if_text(struct strbuf *out, struct plan_input *in)
{
	bool chance = forecast_knows_noise(&in->forecast);
	int64_t best = INT64_MAX;
	bool met = false;

	strbuf_addstr(out, "  shards     makespan   lower bound   with start-up   runner time");
	strbuf_addf(out, "%s\n", chance ? "   in time" : "");
	for (int k = 1, useless = 0; useless < 3; k = plan_next_count(k, in->max_shards)) {
		struct what_if row = what_if(in, k);
		const int64_t times[] = {row.makespan_us, row.bound_us, row.wall_us, row.runner_us};
		static const int widths[] = {12, 13, 15, 13};
		strbuf_addf(out, "  %6d", k);
		for (size_t i = 0; i < ARRAY_LEN(times); i++) {
			cleanup_strbuf struct strbuf cell = STRBUF_INIT;
			duration(&cell, times[i]);
			strbuf_addf(out, " %*s", widths[i], cell.buf);
		}
		if (chance)
			strbuf_addf(out, " %7.0f %%", row.chance * 100);
		strbuf_addstr(out, row.wall_us <= in->target_us ? " *\n" : "\n");
		met |= row.wall_us <= in->target_us;
		useless = (double)row.makespan_us >= (double)best * 0.99 ? useless + 1 : 0;
		best = MIN(best, row.makespan_us);
		if (is_last(&row, in))
			break;
	}
	strbuf_addstr(out, met ? "  * meets the target of " : "  none meets the target of ");
	duration(out, in->target_us);
	strbuf_addch(out, '\n');
	plan_sort(&in->plan);
	if (in->plan.item_count)
		strbuf_addstr(out, "\nHeaviest files\n");
	for (size_t i = 0; i < MIN(in->plan.item_count, (size_t)HEAVIEST); i++) {
		cleanup_strbuf struct strbuf time = STRBUF_INIT;
		duration(&time, in->plan.items[i].us);
		strbuf_addf(out, "  %12s  ", time.buf);
		name_of(out, &in->plan.items[i]);
		strbuf_addstr(out, in->plan.items[i].known ? "\n" : "  (guess)\n");
	}
}

void plan_what_if_json(struct strbuf *out, struct plan_input *in)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/what-if/1");
	jsonw_int(&w, "target_ms", in->target_us / 1000);
	jsonw_double(&w, "pace", forecast_pace(&in->forecast));
	jsonw_array_begin(&w, "shards");
	for (int k = 1;; k = plan_next_count(k, in->max_shards)) {
		struct what_if row = what_if(in, k);
		jsonw_object_begin(&w, NULL);
		jsonw_int(&w, "shards", k);
		jsonw_int(&w, "makespan_ms", row.makespan_us / 1000);
		jsonw_int(&w, "lower_bound_ms", row.bound_us / 1000);
		jsonw_int(&w, "wall_ms", row.wall_us / 1000);
		jsonw_double(&w, "runner_minutes", (double)row.runner_us / 60e6);
		if (row.chance >= 0)
			jsonw_double(&w, "chance", row.chance);
		else
			jsonw_null(&w, "chance");
		jsonw_bool(&w, "meets_target", row.wall_us <= in->target_us);
		jsonw_object_end(&w);
		if (is_last(&row, in))
			break;
	}
	jsonw_array_end(&w);
	plan_sort(&in->plan);
	jsonw_array_begin(&w, "heaviest");
	for (size_t i = 0; i < MIN(in->plan.item_count, (size_t)HEAVIEST); i++) {
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "suite", in->plan.items[i].suite);
		jsonw_string(&w, "file", in->plan.items[i].file);
		jsonw_int(&w, "predicted_ms", in->plan.items[i].us / 1000);
		jsonw_bool(&w, "known", in->plan.items[i].known);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}
