#include "core/base/base.h"

#include "core/base/text.h"
#include "core/merge/parts.h"
#include "core/plan/pack.h"

/*
 * Where the time of the whole pipeline went, and what would help most, in numbers: more shards, or
 * the one file that no number of shards can help. From what the items really took, at the rate at
 * which the last shard got through its own (more than one worker: faster than one after another).
 */
enum { MOST_SHARDS = 256 /* jobs in one matrix of GitHub */ };

struct path {
	const struct merge_shard *shard;
	int index;
	int64_t waited_ms, start_ms, tests_ms;
	int64_t own_us; /* what its items took, one after another */
};

static int last_to_end(const struct merge *m)
{
	int last = 0;

	for (int i = 1; i <= m->shard_count; i++)
		if (m->shards[i].ended_ms > m->shards[last].ended_ms)
			last = i;
	return last;
}

static bool find_path(struct path *ret, const struct merge *m)
{
	int last = last_to_end(m);
	const struct merge_shard *s = &m->shards[last];

	if (!s->bundle || !s->ended_ms)
		return false;
	int64_t first_ms = s->first_file_ms ? s->first_file_ms : s->ended_ms;
	*ret = (struct path){
		.shard = s,
		.index = last,
		.waited_ms = MAX(s->bundle->started_ms - m->started_ms, 0),
		.start_ms = MAX(first_ms - s->bundle->started_ms, 0),
		.tests_ms = MAX(s->ended_ms - first_ms, 0),
	};
	strmap_each (e, &m->items) {
		const struct merge_item *item = e->value;
		if (item->shard == last)
			ret->own_us += item->us;
	}
	return true;
}

static int longest_first(const void *pa, const void *pb)
{
	int64_t a = *(const int64_t *)pa, b = *(const int64_t *)pb;

	return (a < b) - (a > b);
}

/* Of all shards, by what they took; those without a result are left out. */
static size_t weigh(const struct merge *m, int64_t *us)
{
	size_t n = 0;

	strmap_each (e, &m->items) {
		const struct merge_item *item = e->value;
		if (item->us)
			us[n++] = item->us;
	}
	if (n)
		qsort(us, n, sizeof(*us), longest_first);
	return n;
}

/* Wall time on `shards` with the waiting and starting of this time. */
static int64_t wall_ms(const struct path *p, const int64_t *us, size_t n, int shards)
{
	double rate = p->own_us ? MIN((double)p->tests_ms * 1000 / (double)p->own_us, 4) : 1;
	int64_t tests_us = (int64_t)(rate * (double)plan_pack_makespan(us, n, shards));

	return p->waited_ms + p->start_ms + MAX(tests_us, n ? us[0] : 0) / 1000;
}

static void add_time(struct strbuf *out, const char *before, int64_t ms)
{
	strbuf_addstr(out, before);
	text_duration(out, ms);
}

static void advise_shards(
	struct strbuf *out, const struct merge *m, const struct path *p, int64_t limit_ms)
{
	cleanup_free int64_t *us = xcalloc(m->items.n + 1, sizeof(*us));
	size_t n = weigh(m, us);
	int now = MAX(m->shard_count, 1), best = now;
	int64_t best_ms = INT64_MAX / 100;

	for (int k = now + 1; k <= MOST_SHARDS && best_ms > limit_ms; k++) {
		int64_t ms = wall_ms(p, us, n, k);
		if (ms * 100 < best_ms * 98) {
			best = k;
			best_ms = ms;
		}
	}
	if (n && p->shard->longest && p->shard->longest_us / 1000 * 2 > p->tests_ms) {
		add_time(out, ". The floor is ", p->shard->longest_us / 1000);
		strbuf_addf(out, " for %s alone: make it faster, or let it be split",
			p->shard->longest);
	} else if (best > now) {
		strbuf_addf(out, ". %d shards instead of %d would take about ", best, now);
		text_duration(out, best_ms);
	}
}

/* Before the job: its queue, and what it installed before it called muster. After: discovery. */
static void advise_start(struct strbuf *out, const struct path *p)
{
	if (p->waited_ms >= p->start_ms)
		strbuf_addstr(out, ". Waiting is most of it: fewer jobs at a time than the runners "
				   "can take, and a cache for what the jobs install");
	else
		strbuf_addstr(out, ". Start-up is most of it: cache what the jobs install");
	if (p->tests_ms)
		add_time(out, "; without it ", p->tests_ms);
}

void merge_advise(struct strbuf *out, const struct merge *m)
{
	struct path p;

	if (!find_path(&p, m))
		return;
	const struct merge_shard *s = p.shard;
	if (p.index)
		strbuf_addf(out, "; shard %d ended last", p.index);
	add_time(out, p.index ? ", waited " : "; waited ", p.waited_ms);
	if (s->first_file_ms) {
		add_time(out, ", started in ", p.start_ms);
		add_time(out, ", ran tests for ", p.tests_ms);
	} else {
		strbuf_addstr(out, " and ran no test");
	}
	if (s->longest) {
		strbuf_addf(out, " (longest: %s, ", s->longest);
		text_duration(out, s->longest_us / 1000);
		strbuf_addch(out, ')');
	}
	if (p.waited_ms + p.start_ms > p.tests_ms) {
		advise_start(out, &p);
		return;
	}
	if (s->predicted_us && s->predicted_us / 1000 * 5 < p.tests_ms * 4) {
		add_time(out, ". It was predicted to take ", s->predicted_us / 1000);
		strbuf_addstr(out, ": the next plan knows better");
	}
	advise_shards(out, m, &p, m->options->duration_limit_ms);
}
