#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/strbuf.h"
#include "core/base/text.h"
#include "reporters/summary.h"

enum { TEXT_COLUMNS = 300 };

static enum ansi_style status_style(const char *status)
{
	return streq(status, "passed")   ? ANSI_GREEN
	       : streq(status, "failed") ? ANSI_RED
					 : ANSI_YELLOW;
}

/* Of a merged run: one line a job. */
void summary_shards(struct summary *s, const struct state *st)
{
	bool c = s->sink->color;

	for (size_t i = 0; i < st->shard_count; i++) {
		const struct state_shard *shard = &st->shards[i];
		cleanup_free char *took =
			shard->duration_us ? xasprintf("%.1fs", (double)shard->duration_us / 1e6)
					   : xstrdup("-");
		sink_printf(s->sink, "%sShard%s   %3d/%d  %s%-11s%s %9s  %4" PRId64 " file%s",
			ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c), shard->shard, shard->shards,
			ansi(status_style(shard->status), c), shard->status, ansi(ANSI_RESET, c),
			took, shard->files, shard->files == 1 ? "" : "s");
		if (shard->startup_us)
			sink_printf(s->sink, "  first test after %.1fs",
				(double)shard->startup_us / 1e6);
		if (shard->attempt > 1)
			sink_printf(s->sink, "  attempt %d", shard->attempt);
		if (shard->text && !state_shard_is_broken(shard->status)) {
			cleanup_strbuf struct strbuf text = STRBUF_INIT, cut = STRBUF_INIT;
			ansi_filter(&text, shard->text, strlen(shard->text), false);
			text_truncate(&cut, text.buf, TEXT_COLUMNS);
			sink_printf(s->sink, "\n          %s", cut.buf);
		}
		sink_puts(s->sink, "\n");
	}
}

void summary_coverage(struct summary *s, const struct state *st)
{
	static const enum coverage_kind order[] = {
		COVERAGE_LINES, COVERAGE_BRANCHES, COVERAGE_FUNCTIONS, COVERAGE_STATEMENTS};
	bool c = s->sink->color;

	if (!st->has_coverage)
		return;
	sink_printf(s->sink, "%sCoverage%s ", ansi(ANSI_BOLD, c), ansi(ANSI_RESET, c));
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct coverage_count count = st->coverage.of[order[i]];
		sink_printf(s->sink, "%s%s %.2f %% (%" PRId64 "/%" PRId64 ")",
			i ? " \xc2\xb7 " : " ", coverage_kind_name(order[i]), coverage_pct(count),
			count.covered, count.total);
	}
	sink_puts(s->sink, st->coverage_is_whole ? "\n" : " (not whole)\n");
}

void summary_gates(struct summary *s, const struct state *st)
{
	bool c = s->sink->color;

	for (size_t i = 0; i < st->gate_count; i++) {
		const struct state_gate *g = &st->gates[i];
		if (s->verbosity < -1 && streq(g->status, "passed"))
			continue;
		sink_printf(s->sink, "%sGate%s      %s %s%s%s: %s\n", ansi(ANSI_BOLD, c),
			ansi(ANSI_RESET, c), g->name, ansi(status_style(g->status), c),
			streq(g->status, "not_evaluated") ? "not evaluated" : g->status,
			ansi(ANSI_RESET, c), g->text ? g->text : "");
	}
}
