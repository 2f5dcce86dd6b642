#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/state/tests.h"

static uint64_t test_hash(const char *path, int occurrence)
{
	return digest_hash(path, strlen(path)) + (uint64_t)occurrence;
}

/* The slot of a test, or the free one where it belongs. */
static uint32_t *test_slot(const struct state_file *f, const char *path, int occurrence)
{
	size_t mask = f->test_slot_count - 1;

	for (size_t i = test_hash(path, occurrence) & mask;; i = (i + 1) & mask) {
		uint32_t *slot = &f->test_slots[i];
		if (!*slot)
			return slot;
		const struct state_test *t = f->tests[*slot - 1];
		if (t->occurrence == occurrence && streq(t->path, path))
			return slot;
	}
}

static void index_tests(struct state_file *f, size_t slots)
{
	free(f->test_slots);
	f->test_slots = xcalloc(slots, sizeof(*f->test_slots));
	f->test_slot_count = slots;
	for (size_t i = 0; i < f->test_count; i++)
		*test_slot(f, f->tests[i]->path, f->tests[i]->occurrence) = (uint32_t)i + 1;
}

void state_tests_forget(struct state_file *f)
{
	free(f->test_slots);
	f->test_slots = NULL;
	f->test_slot_count = 0;
}

/* Room for one more, indexed when it is not (any more). */
static void want_index(struct state_file *f)
{
	size_t slots = MAX(f->test_slot_count, 16);

	while ((f->test_count + 1) * 4 > slots * 3)
		slots *= 2;
	if (slots != f->test_slot_count)
		index_tests(f, slots);
}

struct state_test *state_tests_find(struct state_file *f, const char *path, int occurrence)
{
	if (!f->test_count)
		return NULL;
	want_index(f);
	uint32_t slot = *test_slot(f, path, occurrence);
	return slot ? f->tests[slot - 1] : NULL;
}

void state_tests_add(struct state_file *f, struct state_test *test)
{
	want_index(f);
	uint32_t *slot = test_slot(f, test->path, test->occurrence);
	GROW(f->tests, f->test_count + 1, f->test_cap);
	f->tests[f->test_count++] = test;
	*slot = (uint32_t)f->test_count;
}

struct state_test *state_test_of(const struct state *s, const struct event *e)
{
	struct state_file *f = state_file_of(s, e);

	return f && e->test ? state_tests_find(f, e->test, MAX(e->occurrence, 1)) : NULL;
}

bool state_has_failed_test(const struct state_file *f)
{
	for (size_t i = 0; i < f->test_count; i++)
		if (f->tests[i]->outcome == OUTCOME_FAILED && !f->tests[i]->quarantined)
			return true;
	return false;
}

enum outcome state_with_other_parts(const struct state_file *f, enum outcome outcome)
{
	static const int weight[] = {
		[OUTCOME_NONE] = 0,
		[OUTCOME_SKIPPED] = 1,
		[OUTCOME_PASSED] = 2,
		[OUTCOME_NOT_RUN] = 3,
		[OUTCOME_FAILED] = 4,
	};

	return f->parts && weight[f->so_far] > weight[outcome] ? f->so_far : outcome;
}

static int by_time(const void *pa, const void *pb)
{
	const struct state_test *a = *(struct state_test *const *)pa;
	const struct state_test *b = *(struct state_test *const *)pb;
	int64_t ta = a->started_ms + a->duration_us / 1000,
		tb = b->started_ms + b->duration_us / 1000;
	int order;

	if (ta != tb)
		return ta < tb ? -1 : 1;
	order = strcmp(a->file->file, b->file->file);
	return order ? order : strcmp(a->path, b->path);
}

void state_tests_sort_failures(struct state *s)
{
	if (s->failure_count > 1)
		qsort(s->failures, s->failure_count, sizeof(struct state_test *), by_time);
}
