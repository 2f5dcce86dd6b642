#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/merge/bundle.h"
#include "core/event/journal.h"

#include <sys/stat.h>

enum { DEPTH_MAX = 4, SHARDS_MAX = 100000 };

void bundles_init(struct bundles *b)
{
	*b = (struct bundles){.arena = ARENA_INIT, .unreadable = STRVEC_INIT};
}

void bundles_release(struct bundles *b)
{
	free(b->v);
	strvec_release(&b->unreadable);
	arena_release(&b->arena);
	bundles_init(b);
}

/* ---- finding ----------------------------------------------------------------------------------- */

static void keep_info(struct bundles *b, struct run_info *to, const struct run_info *from)
{
	*to = *from;
	to->run_id = arena_strdup(&b->arena, from->run_id ? from->run_id : "");
	to->version = arena_strdup(&b->arena, from->version);
	to->base = arena_strdup(&b->arena, from->base);
	to->commit = arena_strdup(&b->arena, from->commit);
	to->branch = arena_strdup(&b->arena, from->branch);
	to->platform = arena_strdup(&b->arena, from->platform);
	to->plan_id = arena_strdup(&b->arena, from->plan_id);
	to->run_url = arena_strdup(&b->arena, from->run_url);
	to->repo_path = arena_strdup(&b->arena, from->repo_path);
}

struct adding {
	struct bundles *bundles;
	struct bundle *bundle;
};

static void take_header(void *arg, const struct event *event)
{
	struct adding *a = arg;

	a->bundle->started_ms = event->time_ms;
	if (event->run)
		keep_info(a->bundles, &a->bundle->info, event->run);
}

static void add_bundle(struct bundles *b, const char *dir, const char *journal)
{
	struct bundle bundle = {0};
	struct error err = ERROR_INIT;
	struct adding adding = {b, &bundle};

	if (journal_head(journal, take_header, &adding, &err) < 0) {
		strvec_pushf(&b->unreadable, "%s", err.text);
		return;
	}
	if (bundle.info.shard < 0 || bundle.info.shard > SHARDS_MAX ||
		bundle.info.shards > SHARDS_MAX) {
		strvec_pushf(&b->unreadable, "%s names an impossible shard", journal);
		return;
	}
	bundle.dir = arena_strdup(&b->arena, dir);
	bundle.journal = arena_strdup(&b->arena, journal);
	GROW(b->v, b->n + 1, b->cap);
	b->v[b->n++] = bundle;
}

static void walk(struct bundles *b, const char *dir, int depth)
{
	cleanup_free char *journal = path_join(dir, "journal.ndjson");
	cleanup_strvec struct strvec names = STRVEC_INIT;
	struct stat st;

	if (lstat(journal, &st) == 0 && S_ISREG(st.st_mode)) {
		add_bundle(b, dir, journal);
		return;
	}
	if (depth == DEPTH_MAX)
		return;
	file_list_dir(dir, &names);
	for (size_t i = 0; i < names.n; i++) {
		cleanup_free char *below = path_join(dir, names.v[i]);
		if (lstat(below, &st) == 0 && S_ISDIR(st.st_mode))
			walk(b, below, depth + 1);
	}
}

int bundles_find(struct bundles *b, const char *dir, struct error *err)
{
	cleanup_free char *real = path_real(dir);

	if (!real || !path_is_dir(real)) {
		error_set(err, EXIT_CODE_USAGE, "no such folder: %s", dir);
		return error_help(
			err, "merge takes the folders of runs, or a folder that holds them");
	}
	walk(b, real, 0);
	return 0;
}

/* ---- choosing ---------------------------------------------------------------------------------- */

const char *bundles_plan_id(const struct bundles *b)
{
	const char *best = NULL;
	size_t most = 0;

	for (size_t i = 0; i < b->n; i++) {
		const char *id = b->v[i].info.plan_id;
		size_t n = 0;
		for (size_t k = 0; id && !b->v[i].info.merged && k < b->n; k++)
			n += streq_null(b->v[k].info.plan_id, id);
		if (n > most || (n && n == most && strcmp(id, best) < 0)) {
			best = id;
			most = n;
		}
	}
	return best;
}

/* The last of a shard is the newest attempt; the same run twice lies side by side. */
static int in_order(const void *pa, const void *pb)
{
	const struct bundle *a = pa, *b = pb;
	int order;

	if (a->info.shard != b->info.shard)
		return a->info.shard < b->info.shard ? -1 : 1;
	if (a->info.ci_attempt != b->info.ci_attempt)
		return a->info.ci_attempt < b->info.ci_attempt ? -1 : 1;
	if (a->started_ms != b->started_ms)
		return a->started_ms < b->started_ms ? -1 : 1;
	if ((order = strcmp(a->info.run_id, b->info.run_id)))
		return order;
	return strcmp(a->dir, b->dir);
}

static bool is_later_attempt(const struct bundle *a, const struct bundle *b)
{
	if (!a->info.shard || a->info.shard != b->info.shard)
		return false;
	if (a->info.ci_attempt != b->info.ci_attempt)
		return a->info.ci_attempt > b->info.ci_attempt;
	return !a->info.ci_attempt && b->ended_ms && a->started_ms >= b->ended_ms;
}

static void take_time(void *arg, struct event *event)
{
	struct bundle *b = arg;

	b->ended_ms = MAX(b->ended_ms, event->time_ms);
}

/* Only where no number tells two runs of a shard apart. */
static void look_for_ends(struct bundles *b)
{
	for (size_t i = 1; i < b->n; i++) {
		struct bundle *pair[] = {&b->v[i - 1], &b->v[i]};
		struct journal_end end;
		bool ask = pair[0]->info.shard && pair[0]->info.shard == pair[1]->info.shard &&
			   !pair[0]->info.ci_attempt && !pair[1]->info.ci_attempt;
		for (size_t k = 0; ask && k < ARRAY_LEN(pair); k++)
			if (!pair[k]->ended_ms)
				journal_read(pair[k]->journal, take_time, pair[k], &end, NULL);
	}
}

/* Ids are made of the second and a bit of chance: of 256 jobs two may well have the same. */
static bool is_same_run(const struct bundle *a, const struct bundle *b)
{
	return streq(a->info.run_id, b->info.run_id) && a->info.shard == b->info.shard &&
	       a->info.ci_attempt == b->info.ci_attempt && a->started_ms == b->started_ms;
}

/* What both hold is the same to the byte; what cannot be read is like nothing. */
static bool is_same_journal(const struct bundle *a, const struct bundle *b)
{
	cleanup_fclose FILE *left = fopen(a->journal, "re"), *right = fopen(b->journal, "re");
	char here[16384], there[sizeof(here)];
	size_t n = 0, other = 0;

	if (!left || !right)
		return false;
	do {
		n = fread(here, 1, sizeof(here), left);
		other = fread(there, 1, sizeof(there), right);
	} while (n && n == other && memcmp(here, there, n) == 0);
	return !n && !other && !ferror(left) && !ferror(right);
}

char *bundle_uid(const struct bundle *b)
{
	if (!b->info.shard)
		return xstrdup(b->info.run_id);
	return xasprintf("%s/%d/%d/%" PRId64, b->info.run_id, b->info.shard, b->info.ci_attempt,
		b->started_ms);
}

static void choose(struct bundles *b, size_t at)
{
	struct bundle *own = &b->v[at];

	for (size_t i = 0; i < b->n; i++) {
		const struct bundle *other = &b->v[i];
		if (other == own || other->use == BUNDLE_FOREIGN || other->use == BUNDLE_MERGED)
			continue;
		bool same_run = is_same_run(other, own);
		bool same = same_run && is_same_journal(other, own);
		if (same && i < at) {
			own->use = BUNDLE_SAME;
			return;
		}
		if (same_run && !same)
			own->use = BUNDLE_DOUBLED;
		else if (is_later_attempt(other, own))
			own->use = BUNDLE_STALE;
		else if (!same_run && own->use == BUNDLE_COUNTS && own->info.shard &&
			 other->info.shard == own->info.shard &&
			 other->info.ci_attempt == own->info.ci_attempt &&
			 !is_later_attempt(own, other))
			own->use = BUNDLE_DOUBLED;
	}
}

void bundles_choose(struct bundles *b, const char *plan_id)
{
	if (b->n)
		qsort(b->v, b->n, sizeof(*b->v), in_order);
	look_for_ends(b);
	for (size_t i = 0; i < b->n; i++)
		b->v[i].use = b->v[i].info.merged                         ? BUNDLE_MERGED
			      : streq_null(b->v[i].info.plan_id, plan_id) ? BUNDLE_COUNTS
									  : BUNDLE_FOREIGN;
	for (size_t i = 0; i < b->n; i++)
		if (b->v[i].use == BUNDLE_COUNTS)
			choose(b, i);
}
