#include "core/base/base.h"

#include "core/history/pack.h"

#include <math.h>

enum { RECORD = 6, SPAN_MAX = 64 * 1000 * 1000 };

static unsigned char pack_duration(int64_t us)
{
	double v = us < 1 ? 0 : log2((double)us) * 8;

	return (unsigned char)MIN(v + 0.5, 255.0);
}

static int64_t unpack_duration(unsigned char byte)
{
	static int64_t table[256]; /* millions are asked for */

	if (!table[255])
		for (int i = 1; i < 256; i++)
			table[i] = (int64_t)(exp2(i / 8.0) + 0.5);
	return table[byte];
}

static int by_id(const void *a, const void *b)
{
	const struct history_packed *x = a, *y = b;

	return (x->id > y->id) - (x->id < y->id);
}

/* In most runs they come in order. */
static void sort(struct history_packed *items, size_t n)
{
	for (size_t i = 1; i < n; i++) {
		if (items[i - 1].id <= items[i].id)
			continue;
		qsort(items, n, sizeof(*items), by_id);
		return;
	}
}

static unsigned code_of(enum outcome outcome)
{
	return outcome <= OUTCOME_SKIPPED ? outcome : OUTCOME_NONE;
}

static void make_dense(const struct history_packed *items, size_t n, int64_t first, size_t span,
	struct strbuf *out)
{
	size_t bits = (span + 3) / 4, start = out->len;

	strbuf_addchn(out, '\0', bits + span);
	for (size_t i = 0; i < n; i++) {
		size_t at = (size_t)(items[i].id - first);
		out->buf[start + at / 4] |= (char)(code_of(items[i].outcome) << (at % 4 * 2));
		out->buf[start + bits + at] = (char)pack_duration(items[i].duration_us);
	}
}

static void make_sparse(
	const struct history_packed *items, size_t n, int64_t first, struct strbuf *out)
{
	for (size_t i = 0; i < n; i++) {
		uint32_t at = (uint32_t)(items[i].id - first);
		const unsigned char record[RECORD] = {at >> 24, at >> 16 & 255, at >> 8 & 255,
			at & 255, (unsigned char)code_of(items[i].outcome),
			pack_duration(items[i].duration_us)};
		strbuf_add(out, record, sizeof(record));
	}
}

void history_pack_make(
	struct history_packed *items, size_t n, struct history_pack *ret, struct strbuf *out)
{
	size_t start = out->len;

	sort(items, n);
	*ret = (struct history_pack){.first = n ? items[0].id : 0};
	uint64_t span = n ? (uint64_t)(items[n - 1].id - ret->first) + 1 : 0;
	if (span + (span + 3) / 4 <= n * RECORD && span <= SPAN_MAX) {
		make_dense(items, n, ret->first, (size_t)span, out);
	} else {
		ret->shape = HISTORY_PACK_SPARSE;
		make_sparse(items, n, ret->first, out);
	}
	ret->data = (const unsigned char *)out->buf + start;
	ret->len = out->len - start;
}

/* ---- reading --------------------------------------------------------------------------------- */

/* len = span + ceil(span / 4) */
static size_t dense_span(const struct history_pack *p)
{
	size_t span = p->len / 5 * 4 + (p->len % 5 ? p->len % 5 - 1 : 0);

	return span + (span + 3) / 4 == p->len ? span : 0;
}

static bool dense_at(
	const struct history_pack *p, size_t span, size_t at, struct history_packed *ret)
{
	enum outcome outcome = p->data[at / 4] >> (at % 4 * 2) & 3;

	if (outcome == OUTCOME_NONE)
		return false;
	*ret = (struct history_packed){
		p->first + (int64_t)at, outcome, unpack_duration(p->data[(span + 3) / 4 + at])};
	return true;
}

static bool sparse_at(const struct history_pack *p, size_t index, struct history_packed *ret)
{
	const unsigned char *r = p->data + index * RECORD;
	uint32_t at = (uint32_t)r[0] << 24 | (uint32_t)r[1] << 16 | (uint32_t)r[2] << 8 | r[3];

	*ret = (struct history_packed){p->first + at, r[4] & 3, unpack_duration(r[5])};
	return ret->outcome != OUTCOME_NONE;
}

bool history_pack_find(const struct history_pack *p, int64_t id, struct history_packed *ret)
{
	size_t low = 0, high = p->len / RECORD;

	if (id < p->first)
		return false;
	if (p->shape == HISTORY_PACK_DENSE) {
		size_t span = dense_span(p);
		return (uint64_t)(id - p->first) < span &&
		       dense_at(p, span, (size_t)(id - p->first), ret);
	}
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		bool there = sparse_at(p, middle, ret);
		if (ret->id == id)
			return there;
		if (ret->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

void history_pack_take(
	const struct history_pack *p, const int64_t *ids, size_t n, struct history_packed *ret)
{
	size_t span = p->shape == HISTORY_PACK_DENSE ? dense_span(p) : 0, i = 0;

	for (; span && i < n && ids[i] < p->first; i++)
		ret[i] = (struct history_packed){.id = ids[i]};
	for (; span && i < n && (uint64_t)(ids[i] - p->first) < span; i++)
		if (!dense_at(p, span, (size_t)(ids[i] - p->first), &ret[i]))
			ret[i] = (struct history_packed){.id = ids[i]};
	for (; i < n; i++)
		if (span || !history_pack_find(p, ids[i], &ret[i]))
			ret[i] = (struct history_packed){.id = ids[i]};
}

bool history_pack_next(const struct history_pack *p, size_t *cursor, struct history_packed *ret)
{
	bool dense = p->shape == HISTORY_PACK_DENSE;
	size_t end = dense ? dense_span(p) : p->len / RECORD;

	while (*cursor < end) {
		size_t at = (*cursor)++;
		if (dense ? dense_at(p, end, at, ret) : sparse_at(p, at, ret))
			return true;
	}
	return false;
}
