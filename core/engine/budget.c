#include "core/base/base.h"

#include "core/base/clock.h"
#include "core/base/text.h"
#include "core/engine/run.h"

/*
 * The time that a run has, counted from when its plan was made: it says at once when the rest
 * cannot be done in time, warns at 80 %, and stops at the deadline with everything recorded. Told
 * once each; a run that was told to be out of reach is not warned again.
 */
enum {
	WARN_PERCENT = 80,
	DOUBT_PERCENT = 90, /* of the predicted rest must be too much: estimates are not exact */
};

struct rest {
	int64_t work_ms;    /* of files that are not done, as predicted */
	int64_t known_ms;   /* of it: from the history */
	int64_t longest_ms; /* the end cannot come sooner */
	int files;
	bool complete; /* all suites know their files */
};

static void add_file(struct rest *rest, const struct run_file *file, int64_t now_us)
{
	int64_t ms = file->estimate_ms;

	if (file->phase == RUN_FILE_DONE)
		return;
	if (file->phase == RUN_FILE_RUNNING)
		ms = MAX(ms - (now_us - file->started_us) / 1000, 0);
	rest->files++;
	rest->work_ms += ms;
	rest->known_ms += file->known ? ms : 0;
	rest->longest_ms = MAX(rest->longest_ms, file->known ? ms : 0);
}

static struct rest what_is_left(const struct run *run, int64_t now_us)
{
	struct rest rest = {.complete = true};

	for (size_t i = 0; i < run->suite_count; i++) {
		const struct run_suite *suite = &run->suites[i];
		rest.complete &= suite->phase >= SUITE_READY;
		for (size_t k = 0; k < suite->file_count; k++)
			add_file(&rest, suite->files[k], now_us);
	}
	return rest;
}

static void tell(struct run *run, const char *name, int64_t used_ms, int64_t need_ms, int files)
{
	cleanup_strbuf struct strbuf budget = STRBUF_INIT, used = STRBUF_INIT, need = STRBUF_INIT;

	text_duration(&budget, run->options->config->budget_ms);
	text_duration(&used, used_ms);
	text_duration(&need, need_ms);
	run_notice(run, SEVERITY_WARNING, name, NULL, NULL,
		"%s: %s of %s are used, %d file%s left need about %s more with %d worker%s",
		streq(name, "budget_lost") ? "the budget is out of reach"
					   : "the budget is running out",
		used.buf, budget.buf, files, files == 1 ? "" : "s", need.buf, run->slots,
		run->slots == 1 ? "" : "s");
}

void budget_check(struct run *run, int64_t now_us)
{
	int64_t budget_ms = run->options->config->budget_ms;
	int64_t used_ms = (now_us - run->started_us + run->options->elapsed_us) / 1000;

	if (!budget_ms || run->cancel)
		return;
	if (used_ms > budget_ms) {
		run_cancel(run, CANCEL_DEADLINE, "the budget of this run is used up");
		return;
	}
	if (run->budget_told)
		return;
	struct rest rest = what_is_left(run, now_us);
	int64_t need_ms = MAX(rest.work_ms / run->slots, rest.longest_ms);
	bool known = rest.complete && rest.known_ms * 2 >= rest.work_ms;
	if (known && used_ms + need_ms * DOUBT_PERCENT / 100 > budget_ms)
		tell(run, "budget_lost", used_ms, need_ms, rest.files);
	else if (used_ms * 100 >= budget_ms * WARN_PERCENT && rest.files)
		tell(run, "budget_low", used_ms, need_ms, rest.files);
	else
		return;
	run->budget_told = true;
}
