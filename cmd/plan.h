/* The command `plan`: who runs what on many machines. */
#pragma once

#include "cmd/command.h"
#include "core/base/strbuf.h"
#include "core/plan/forecast.h"
#include "core/plan/plan.h"

struct setup;

extern const struct command plan_cmd;

/* plan_input.c: what there is to plan ------------------------------------------------------------ */

struct plan_input {
	struct plan plan; /* items with predictions, not placed */
	struct forecast forecast;
	struct setup *setup;
	struct arena arena;
	bool split; /* long files may be split */
	int64_t target_us;
	int max_shards;
};

/* From discovery or --files, with estimates from the history or --timings. Returns an exit code or
 * -1; released by the caller in any case. */
int plan_input_collect(struct plan_input *input, const struct options *options, struct error *err);
void plan_input_release(struct plan_input *input);
/* The items for so many shards, long ones split where that pays. `ret` is the caller's. */
void plan_input_items(struct plan_input *input, int shards, struct plan *ret);

/* plan_text.c: telling people ---------------------------------------------------------------------
 */

/* The plan as a table, and what it means for the target when one was asked for (`automatic`). */
void plan_text(struct strbuf *out, const struct plan_input *input, const struct plan *plan,
	bool automatic);
/* The numbers of shards that are looked at: all small ones, then ever larger steps, `most` always;
 * after it `most` + 1. */
int plan_next_count(int k, int most);
/* Makespan, cost and chance for different numbers of shards, and the heaviest files. */
void plan_what_if_text(struct strbuf *out, struct plan_input *input);
void plan_what_if_json(struct strbuf *out, struct plan_input *input);
