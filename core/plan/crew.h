/*
 * How many workers a suite gets. More are not always faster: each loads and compiles everything
 * again. Pure decisions over what the history measured; reasons: docs/design/scheduling.md.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"
#include "core/history/history.h"

/* What there is to run, and on what. */
struct crew_load {
	int files;          /* of a batch: what can run side by side */
	int64_t work_ms;    /* their estimates together */
	int64_t longest_ms; /* of one file */
	int slots;          /* of the run */
	int cores;          /* the CPU time of all workers goes through them */
	int max_workers;    /* that the suite bears; 0 = no limit */
	bool known;         /* the estimates are from the history, not guessed by size */
	bool serial;        /* its runner uses one process unless it is told otherwise */
	bool alone;         /* no other suite runs: the run can teach how long this one takes */
};

/*
 * 1 <= result <= slots. `model` is zeroed when nothing is known. Times that were measured decide; a
 * number that was never tried must promise 15 % to be. What was chosen twice stays until another
 * number is better by 10 %. A serial suite starts with one process; crew_grows() tells when that
 * was wrong.
 */
int crew_size(const struct history_suite *model, const struct crew_load *load);

/* Workers that are sure to be wanted before anybody knows the files: those that may start while
 * the first one still looks for them. */
int crew_ahead(const struct history_suite *model, int slots, int cores, bool serial);

/* Some number of workers was tried. */
bool crew_is_measured(const struct history_suite *model);

/* A serial suite was given one process because nobody knew better, and this much is left by what
 * its first files took: is it time for more? */
bool crew_grows(int64_t left_ms);

/* Slots for a batch suite that starts now, while the others have `others_ms` of work: the number
 * that ends the whole first. */
int crew_batch(const struct history_suite *model, const struct crew_load *load, int64_t others_ms);

/* The load that was measured last: for decisions and words before the files are known. */
struct crew_load crew_last_load(
	const struct history_suite *model, int slots, int cores, bool serial);

/* Why, in one line without a full stop: "1 worker: 1 took 2.9 s (3.7 s CPU), 2 took …". */
void crew_explain(struct strbuf *out, const struct history_suite *model,
	const struct crew_load *load, int size);
