#include "core/base/base.h"

#include "core/plan/pack.h"

/* Improvement stops here, in permille above the bound. With many items LPT is about as good already
 * and what is left would be lost in the error of the estimates. */
enum { IMPROVE_ROUNDS = 2000, FEW_ITEMS = 4 /* a bin */, ABOVE_FEW = 1, ABOVE_MANY = 4 };

/* In seconds and floating point, as everybody's LPT has it: so ties fall as in theirs, and plans
 * can be compared. Additions only, in a fixed order: every machine rounds them alike. */
struct bin {
	double load;
	int index;
};

struct packing {
	const int64_t *weights;
	size_t n;
	int bins;
	int *bin_of;
	int64_t *load;
	size_t **members; /* by bin: weights' positions, from large to small */
	size_t *count;
};

static bool lighter(struct bin a, struct bin b)
{
	return a.load < b.load || a.load > b.load ? a.load < b.load : a.index < b.index;
}

static void sift_down(struct bin *heap, int n)
{
	for (int at = 0;;) {
		int child = 2 * at + 1;
		if (child >= n)
			return;
		if (child + 1 < n && lighter(heap[child + 1], heap[child]))
			child++;
		if (!lighter(heap[child], heap[at]))
			return;
		struct bin t = heap[at];
		heap[at] = heap[child];
		heap[child] = t;
		at = child;
	}
}

static void pack_longest_first(struct packing *p)
{
	cleanup_free struct bin *heap = xcalloc((size_t)p->bins, sizeof(*heap));

	for (int i = 0; i < p->bins; i++)
		heap[i].index = i;
	for (size_t i = 0; i < p->n; i++) {
		p->bin_of[i] = heap[0].index;
		heap[0].load += (double)p->weights[i] / 1e6;
		p->load[heap[0].index] += p->weights[i];
		sift_down(heap, p->bins);
	}
}

int64_t plan_pack_bound(const int64_t *weights, size_t n, int bins)
{
	int64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += weights[i];
	int64_t share = (sum + bins - 1) / bins;
	return n ? MAX(share, weights[0]) : 0;
}

/* ---- improvement ----------------------------------------------------------------------------- */

static void list_members(struct packing *p)
{
	p->members = xcalloc((size_t)p->bins, sizeof(*p->members));
	p->count = xcalloc((size_t)p->bins, sizeof(*p->count));
	for (size_t i = 0; i < p->n; i++)
		p->count[p->bin_of[i]]++;
	for (int b = 0; b < p->bins; b++) {
		p->members[b] = xcalloc(p->count[b] + 1, sizeof(**p->members));
		p->count[b] = 0;
	}
	for (size_t i = 0; i < p->n; i++)
		p->members[p->bin_of[i]][p->count[p->bin_of[i]]++] = i;
}

static void release_members(struct packing *p)
{
	for (int b = 0; b < p->bins; b++)
		free(p->members[b]);
	free(p->members);
	free(p->count);
}

static void remove_member(struct packing *p, int bin, size_t at)
{
	memmove(&p->members[bin][at], &p->members[bin][at + 1],
		(p->count[bin] - at - 1) * sizeof(**p->members));
	p->count[bin]--;
}

/* Positions are sorted by weight, so they stay sorted by number. */
static void insert_member(struct packing *p, int bin, size_t position)
{
	size_t at = p->count[bin]++;

	p->members[bin] = xrealloc(p->members[bin], (at + 2) * sizeof(**p->members));
	for (; at > 0 && p->members[bin][at - 1] > position; at--)
		p->members[bin][at] = p->members[bin][at - 1];
	p->members[bin][at] = position;
	p->bin_of[position] = bin;
}

static int heaviest(const struct packing *p)
{
	int best = 0;

	for (int b = 1; b < p->bins; b++)
		if (p->load[b] > p->load[best])
			best = b;
	return best;
}

struct exchange {
	int64_t higher; /* the heavier of the two bins afterwards */
	int to;
	size_t mine, theirs; /* places in the member lists; theirs = SIZE_MAX: only a move */
};

/* Giving `mine` away and taking something smaller back should move half of the difference. */
static void consider(const struct packing *p, int from, int to, size_t mine, struct exchange *best)
{
	int64_t w = p->weights[p->members[from][mine]];
	int64_t wanted = w - (p->load[from] - p->load[to]) / 2;
	size_t low = 0, high = p->count[to];

	while (low < high) { /* first member that weighs at most what is wanted */
		size_t middle = (low + high) / 2;
		if (p->weights[p->members[to][middle]] > wanted)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t k = low ? low - 1 : 0; k <= low && k <= p->count[to]; k++) {
		bool move = k == p->count[to];
		int64_t back = move ? 0 : p->weights[p->members[to][k]];
		int64_t higher = MAX(p->load[from] - w + back, p->load[to] + w - back);
		if (higher < best->higher)
			*best = (struct exchange){higher, to, mine, move ? SIZE_MAX : k};
	}
}

static bool improve(struct packing *p, int from)
{
	struct exchange best = {.higher = p->load[from]};

	for (int to = 0; to < p->bins; to++)
		for (size_t i = 0; to != from && i < p->count[from]; i++)
			consider(p, from, to, i, &best);
	if (best.higher >= p->load[from])
		return false;
	size_t mine = p->members[from][best.mine];
	int64_t shift = p->weights[mine];
	if (best.theirs != SIZE_MAX) {
		size_t theirs = p->members[best.to][best.theirs];
		shift -= p->weights[theirs];
		remove_member(p, best.to, best.theirs);
		remove_member(p, from, best.mine);
		insert_member(p, from, theirs);
	} else {
		remove_member(p, from, best.mine);
	}
	insert_member(p, best.to, mine);
	p->load[from] -= shift;
	p->load[best.to] += shift;
	return true;
}

static bool is_good(const struct packing *p, int64_t bound)
{
	int permille = p->n < (size_t)p->bins * FEW_ITEMS ? ABOVE_FEW : ABOVE_MANY;

	return p->load[heaviest(p)] <= bound + bound * permille / 1000;
}

void plan_pack(const int64_t *weights, size_t n, int bins, int *ret_bin)
{
	cleanup_free int64_t *load = xcalloc((size_t)bins, sizeof(*load));
	struct packing p = {
		.weights = weights, .n = n, .bins = bins, .bin_of = ret_bin, .load = load};
	int64_t bound = plan_pack_bound(weights, n, bins);

	pack_longest_first(&p);
	if (is_good(&p, bound))
		return;
	list_members(&p);
	for (int i = 0; i < IMPROVE_ROUNDS && !is_good(&p, bound); i++)
		if (!improve(&p, heaviest(&p)))
			break;
	release_members(&p);
}

int64_t plan_pack_makespan(const int64_t *weights, size_t n, int bins)
{
	cleanup_free int *bin = xcalloc(n + 1, sizeof(*bin));
	cleanup_free int64_t *load = xcalloc((size_t)bins, sizeof(*load));
	int64_t most = 0;

	plan_pack(weights, n, bins, bin);
	for (size_t i = 0; i < n; i++) {
		load[bin[i]] += weights[i];
		most = MAX(most, load[bin[i]]);
	}
	return most;
}
