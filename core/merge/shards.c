#include "core/base/base.h"

#include "core/base/text.h"
#include "core/merge/parts.h"

/* Of what is stopped for a known reason a few files will do; what is lost is listed. */
enum { FILES_LISTED = 20, FILES_LISTED_STOPPED = 3, WARN_PERCENT = 80 };

/* ---- a shard's status -------------------------------------------------------------------------- */

static const char *status_of(const struct merge_shard *s)
{
	if (s->doubled)
		return "doubled";
	if (!s->bundle)
		return "missing";
	if (s->truncated)
		return "truncated";
	if (!s->finished)
		return "unfinished";
	if (s->cancel != CANCEL_NONE && s->cancel != CANCEL_FAIL_FAST)
		return "cancelled";
	if (s->done < s->planned && s->cancel == CANCEL_NONE)
		return "incomplete";
	return s->exit_code == EXIT_CODE_PASSED || s->exit_code == EXIT_CODE_NO_TESTS ? "passed"
										      : "failed";
}

static const char *explanation(const struct merge_shard *s)
{
	static const struct {
		const char *status, *text;
	} rows[] = {
		{"missing", "no results of it were given"},
		{"doubled", "two different runs of the same attempt were given"},
		{"truncated", "its journal is cut off"},
		{"unfinished", "its journal has no end: the job was killed"},
		{"incomplete", "files of it have no result, and nothing explains why"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (streq(s->status, rows[i].status))
			return rows[i].text;
	return s->cancel_text;
}

static size_t list_items(struct strbuf *out, const struct merge *m, int shard, bool started,
	size_t from, size_t most)
{
	size_t n = from;

	strmap_each (e, &m->items) {
		const struct merge_item *item = e->value;
		if (item->shard != shard || item->done || item->started != started)
			continue;
		if (n++ < most)
			strbuf_addf(out, "%s%s%s", n > 1 ? ", " : "", item->file,
				started ? " (was running)" : "");
	}
	return n;
}

/* "; no result for 5 files: file, file … and 3 more" of the items without one; what was at work
 * comes first, since it may be the reason. */
static void list_open(struct strbuf *out, const struct merge *m, int shard, size_t most)
{
	const struct merge_shard *s = &m->shards[shard];
	int64_t left = s->planned - s->done;

	strbuf_addf(out, "%sno result for ", out->len ? "; " : "");
	if (left > 1)
		strbuf_addf(out, "%" PRId64 " files: ", left);
	size_t n = list_items(out, m, shard, true, 0, most);
	n = list_items(out, m, shard, false, n, most);
	if (n > most)
		strbuf_addf(out, " and %zu more", n - most);
}

/* They have no result, and everybody knows why. */
static void not_run(struct merge *m, int shard)
{
	strmap_each (e, &m->items) {
		const struct merge_item *item = e->value;
		if (item->shard != shard || item->done)
			continue;
		bus_publish(m->bus, &(struct event){.type = EVENT_FILE_FINISHED,
					    .time_ms = m->ended_ms,
					    .suite = item->suite,
					    .project = item->project,
					    .file = item->file,
					    .part = item->part,
					    .parts = item->parts,
					    .attempt = 1,
					    .outcome = OUTCOME_NOT_RUN});
	}
}

static void publish(struct merge *m, int index, const struct merge_shard *s, const char *text)
{
	const struct run_info *info = s->bundle ? &s->bundle->info : NULL;
	int64_t started_ms = s->bundle ? s->bundle->started_ms : 0;
	bool first = info && info->ci_attempt <= 1 && !s->again;
	int64_t from_ms = info && info->plan_ms ? info->plan_ms : started_ms;

	bus_publish(m->bus,
		&(struct event){
			.type = EVENT_SHARD_MERGED,
			.time_ms = m->ended_ms,
			.shard = index,
			.shards = m->shard_count,
			.attempt = info ? info->ci_attempt : 0,
			.name = info ? info->run_id : NULL,
			.path = info ? info->run_url : NULL,
			.status = s->status,
			.text = text,
			.text_len = text ? strlen(text) : 0,
			.exit_code = s->exit_code,
			.source = merge_source(m, s->bundle),
			.started_ms = started_ms,
			.duration_us = s->duration_us,
			/* when it runs again, the plan is of another day */
			.startup_us =
				first && s->first_file_ms ? (s->first_file_ms - from_ms) * 1000 : 0,
			.estimate_ms = s->predicted_us / 1000,
			.count = s->done,
		});
}

static void judge(struct merge *m, int index)
{
	struct merge_shard *s = &m->shards[index];
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	s->status = status_of(s);
	bool broken = state_shard_is_broken(s->status);
	const char *why = explanation(s);
	if (why)
		strbuf_addf(&text, "%s%s", broken ? "" : "stopped: ", why);
	if (s->done < s->planned)
		list_open(&text, m, index, broken ? FILES_LISTED : FILES_LISTED_STOPPED);
	if (broken)
		merge_notice(m, SEVERITY_WARNING, s->status, "shard %d of %d is %s: %s", index,
			m->shard_count, s->status, text.buf);
	else if (s->done < s->planned)
		not_run(m, index);
	publish(m, index, s, text.len ? text.buf : NULL);
}

/* What a shard could not do for other reasons than its tests. */
static enum exit_code own_code(const struct merge_shard *s)
{
	if (s->cancel == CANCEL_DEADLINE)
		return EXIT_CODE_DEADLINE;
	switch (s->exit_code) {
	case EXIT_CODE_USAGE:
	case EXIT_CODE_INTERNAL:
	case EXIT_CODE_INFRASTRUCTURE:
	case EXIT_CODE_DEADLINE:
		return (enum exit_code)s->exit_code;
	default:
		return EXIT_CODE_PASSED;
	}
}

enum exit_code merge_judge_shards(struct merge *m)
{
	enum exit_code code = EXIT_CODE_PASSED;

	/* [0]: runs that were no shard of anything; they answer for themselves */
	if (m->shards[0].bundle && (!m->shards[0].finished || m->shards[0].truncated))
		judge(m, 0);
	else if (m->shards[0].cancel != CANCEL_NONE)
		not_run(m, 0);
	for (int i = 1; i <= m->shard_count; i++)
		judge(m, i);
	for (int i = 0; i <= m->shard_count; i++)
		code = exit_code_worst(code, own_code(&m->shards[i]));
	return code;
}

/* ---- duration ---------------------------------------------------------------------------------- */

void merge_judge_duration(struct merge *m)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int64_t took = m->ended_ms - m->started_ms, limit = m->options->duration_limit_ms;
	const char *status = took <= limit ? "passed" : "failed";

	if (!limit)
		return;
	text_duration(&text, took);
	strbuf_addstr(&text, m->options->plan ? " from the plan to the last result, limit "
					      : " from the first start to the last result, limit ");
	text_duration(&text, limit);
	if (m->again) {
		status = "not_evaluated";
		strbuf_reset(&text);
		strbuf_addstr(&text, "jobs were run again: the clock of the first time says "
				     "nothing");
	} else if (m->bus->state->broken_shards || m->problems) {
		status = streq(status, "failed") ? status : "not_evaluated";
		strbuf_addstr(&text, "; not all shards are there");
	}
	if (streq(status, "failed") || took * 100 > limit * WARN_PERCENT)
		merge_advise(&text, m);
	bus_publish(m->bus, &(struct event){.type = EVENT_GATE_CHECKED,
				    .time_ms = m->ended_ms,
				    .name = "duration",
				    .status = status,
				    .value = (double)took,
				    .limit = (double)limit,
				    .unit = "ms",
				    .text = text.buf,
				    .text_len = text.len});
}
