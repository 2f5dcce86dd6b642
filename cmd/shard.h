/*
 * This job's share of a plan: from --plan and --shard, or the same plan made again from the same
 * files and history.
 */
#pragma once

#include "cmd/options.h"
#include "cmd/setup.h"
#include "core/engine/engine.h"
#include "core/plan/plan.h"

struct shard {
	bool active; /* false: this run is not a part of anything */
	int index, count;
	struct plan plan;
	struct strbuf text; /* the plan as it is written */
	struct arena arena;
	struct engine_selection *selection;
	size_t selection_count;
};

/* --attempt, --commit, --branch and --run-url, where the CI system does not say it, or wrongly. */
int shard_identify(const struct options *options, struct setup *setup, struct error *err);
/* Exit code 2 when flags, environment and plan do not fit together. Released by the caller. */
int shard_resolve(struct shard *shard, const struct options *options, const struct setup *setup,
	struct error *err);
void shard_release(struct shard *shard);
/* Leave out the suites that this shard has nothing of. */
int shard_choose_suites(const struct shard *shard, struct setup *setup, struct error *err);
