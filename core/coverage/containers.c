#include "core/base/base.h"

#include "core/coverage/parts.h"

/*
 * Which entry of another version contains a place. Istanbul goes through all entries for each
 * place; here the places are swept from the start of the file to its end, with the entries that
 * are open there on a stack, so that only those are looked at. Among them the choice is Istanbul's
 * own, which also depends on the order of the map.
 */

struct open_entry {
	struct coverage_loc loc;
	size_t index;
};

static int compare_start(const struct coverage_loc *a, const struct coverage_loc *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	return a->column < b->column ? -1 : a->column > b->column;
}

/* Place of `end` against the start of `b`. */
static int compare_end(const struct coverage_loc *a, int32_t line, int32_t column)
{
	if (a->end_line != line)
		return a->end_line < line ? -1 : 1;
	return a->end_column < column ? -1 : a->end_column > column;
}

static int by_start(const void *a, const void *b)
{
	const struct open_entry *x = a, *y = b;
	int r = compare_start(&x->loc, &y->loc);

	/* the wider one first, so that it lies deeper on the stack */
	if (!r)
		r = compare_end(&y->loc, x->loc.end_line, x->loc.end_column);
	return r ? r : x->index < y->index ? -1 : x->index > y->index;
}

static int by_query(const void *a, const void *b)
{
	const struct container_query *x = a, *y = b;
	int r = compare_start(&x->loc, &y->loc);

	return r ? r : x->item < y->item ? -1 : x->item > y->item;
}

static int by_index(const void *a, const void *b)
{
	const struct open_entry *x = a, *y = b;

	return x->index < y->index ? -1 : x->index > y->index;
}

static bool is_somewhere(const struct coverage_loc *l)
{
	return l->line != COVERAGE_NOWHERE && l->column != COVERAGE_NOWHERE &&
	       l->end_line != COVERAGE_NOWHERE && l->end_column != COVERAGE_NOWHERE;
}

/* Lines and columns from the start of the container and to its end. */
struct distance {
	int64_t line, column, end_line, end_column;
};

static struct distance distance(const struct coverage_loc *item, const struct coverage_loc *outer)
{
	return (struct distance){
		(int64_t)item->line - outer->line,
		(int64_t)item->column - outer->column,
		(int64_t)outer->end_line - item->end_line,
		(int64_t)outer->end_column - item->end_column,
	};
}

/* Columns are compared only where the item begins on the very line: so does Istanbul. */
static bool is_closer(const struct distance *a, const struct distance *than)
{
	return a->line < than->line || (a->line == 0 && a->column < than->column) ||
	       a->end_line < than->end_line ||
	       (a->end_line == 0 && a->end_column < than->end_column);
}

static size_t choose(const struct coverage_loc *item, struct open_entry *candidates, size_t n)
{
	struct distance nearest = {0};
	size_t found = SIZE_MAX;

	qsort(candidates, n, sizeof(*candidates), by_index);
	for (size_t i = 0; i < n; i++) {
		struct distance d = distance(item, &candidates[i].loc);
		if (found != SIZE_MAX && !is_closer(&d, &nearest))
			continue;
		nearest = d;
		found = candidates[i].index;
	}
	return found;
}

static size_t collect(const struct coverage_loc *item, const struct open_entry *stack, size_t depth,
	struct open_entry *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < depth; i++)
		if (compare_end(&stack[i].loc, item->end_line, item->end_column) >= 0)
			ret[n++] = stack[i];
	return n;
}

bool coverage_containers(struct container_query *queries, size_t n_queries,
	const struct coverage_loc *locs, size_t n_locs, int64_t *steps)
{
	cleanup_free struct open_entry *entries = xmalloc((n_locs + 1) * sizeof(*entries));
	cleanup_free struct open_entry *stack = xmalloc((n_locs + 1) * sizeof(*stack));
	cleanup_free struct open_entry *candidates = xmalloc((n_locs + 1) * sizeof(*stack));
	size_t n = 0, depth = 0, next = 0;

	for (size_t i = 0; i < n_locs; i++)
		if (is_somewhere(&locs[i]))
			entries[n++] = (struct open_entry){locs[i], i};
	qsort(entries, n, sizeof(*entries), by_start);
	qsort(queries, n_queries, sizeof(*queries), by_query);
	for (size_t q = 0; q < n_queries; q++) {
		const struct coverage_loc *item = &queries[q].loc;
		queries[q].found = SIZE_MAX;
		if (!is_somewhere(item) || *steps <= 0)
			continue;
		for (; next < n && compare_start(&entries[next].loc, item) <= 0; next++) {
			const struct coverage_loc *l = &entries[next].loc;
			while (depth && compare_end(&stack[depth - 1].loc, l->line, l->column) < 0)
				depth--;
			stack[depth++] = entries[next];
		}
		while (depth && compare_end(&stack[depth - 1].loc, item->line, item->column) < 0)
			depth--;
		*steps -= (int64_t)depth + 1;
		size_t found = collect(item, stack, depth, candidates);
		queries[q].found = choose(item, candidates, found);
	}
	return *steps > 0;
}
