#include "core/base/base.h"

#include "core/base/markup.h"
#include "core/base/strvec.h"
#include "core/junit/merge.h"
#include "core/junit/read.h"
#include "core/junit/repair.h"
#include "core/junit/seen.h"

enum {
	HEAD_BYTES = 144,
	HOLD_BYTES = 1024 * 1024, /* of a test case, to put its children in order */
	SPANS_MAX = 256,
	EXAMPLES = 3,
};

/* A child of the test case: where it begins; it ends where the next one begins. */
struct span {
	int64_t start;
	int rank;
};

/* What the root of a report claims; -1: nothing. */
struct claim {
	int64_t tests, bad, skipped, time_ns;
	struct junit_counts before; /* the root */
};

struct junit_merge {
	struct spool *out;
	struct problems *problems;
	enum junit_time time;
	struct junit_counts counts;
	int64_t files, suites, longest_ns;
	int64_t head; /* place of the totals */
	struct junit_seen seen;
	int64_t duplicates;
	struct strvec paths; /* of the files so far */
	struct strbuf examples;
	/* the file: */
	struct junit_counter counter;
	struct claim claim;
	int64_t claimed_ns;
	bool in_root;  /* <testsuites> is open */
	bool tag_open; /* the last start tag has no `>` yet */
	int64_t mark;  /* where the element began that is dropped when the file ends in it */
	bool wrapped;  /* a suite of our own is open */
	int64_t wrap_head;
	struct junit_counts wrap_before;
	/* the test case: */
	int64_t case_start;
	struct strbuf case_name;
	struct span spans[SPANS_MAX];
	size_t span_count;
	struct strbuf ordered;
};

/* ---- totals ---------------------------------------------------------------------------------- */

static struct junit_counts difference(const struct junit_counts *a, const struct junit_counts *b)
{
	return (struct junit_counts){
		.tests = a->tests - b->tests,
		.failures = a->failures - b->failures,
		.errors = a->errors - b->errors,
		.skipped = a->skipped - b->skipped,
		.flaky = a->flaky - b->flaky,
		.time_ns = a->time_ns - b->time_ns,
	};
}

/* The attributes of a start tag and its end, blanks behind: always of the same length. */
static void format_head(char head[static HEAD_BYTES + 1], const struct junit_counts *c)
{
	int n = snprintf(head, HEAD_BYTES + 1,
		" tests=\"%" PRId64 "\" failures=\"%" PRId64 "\" errors=\"%" PRId64
		"\" skipped=\"%" PRId64 "\" time=\"%" PRId64 ".%06" PRId64 "\">",
		c->tests, c->failures, c->errors, c->skipped, c->time_ns / 1000000000,
		c->time_ns / 1000 % 1000000);

	memset(head + n, ' ', (size_t)(HEAD_BYTES - n));
	head[HEAD_BYTES] = '\0';
}

static int64_t reserve_head(struct junit_merge *m)
{
	int64_t at = spool_tell(m->out);

	strbuf_addchn(&m->out->buf, ' ', HEAD_BYTES);
	return at;
}

static void patch_head(struct junit_merge *m, int64_t at, const struct junit_counts *counts)
{
	char head[HEAD_BYTES + 1];

	format_head(head, counts);
	spool_patch(m->out, at, head, HEAD_BYTES);
}

/* ---- writing --------------------------------------------------------------------------------- */

/* surefire-test-report.xsd 3.0.2; Jenkins looks for names and does not care. */
static const struct {
	const char *name; /* NULL: as it was */
	int rank;
} shapes[] = {
	[JUNIT_OTHER] = {NULL, 8},
	[JUNIT_PROPERTIES] = {NULL, 0},
	[JUNIT_FAILURE] = {NULL, 1},
	[JUNIT_RERUN_FAILURE] = {NULL, 2},
	[JUNIT_RERUN_ERROR] = {"rerunFailure", 2},
	[JUNIT_FLAKY_FAILURE] = {NULL, 3},
	[JUNIT_FLAKY_ERROR] = {"flakyFailure", 3},
	[JUNIT_SKIPPED] = {NULL, 4},
	[JUNIT_ERROR] = {NULL, 5},
	[JUNIT_SYSTEM_OUT] = {NULL, 6},
	[JUNIT_SYSTEM_ERR] = {NULL, 7},
	/* strange in a test case */
	[JUNIT_TESTSUITES] = {NULL, 8},
	[JUNIT_TESTSUITE] = {NULL, 8},
	[JUNIT_TESTCASE] = {NULL, 8},
};

static const char *name_of(const struct junit_tag *tag)
{
	const char *name = shapes[tag->element].name;

	return name ? name : tag->name;
}

static void close_tag(struct junit_merge *m)
{
	if (m->tag_open)
		strbuf_addch(&m->out->buf, '>');
	m->tag_open = false;
}

static void new_line(struct junit_merge *m)
{
	const struct junit_counter *c = &m->counter;

	strbuf_addch(&m->out->buf, '\n');
	strbuf_addchn(
		&m->out->buf, ' ', 2 * (size_t)(1 + c->suite_depth + c->in_case + m->wrapped));
}

static void settle(struct junit_merge *m)
{
	bool held = m->counter.in_case && spool_tell(m->out) - m->case_start < HOLD_BYTES;

	if (!held)
		spool_settle(m->out);
}

static void end_suite(struct junit_merge *m)
{
	if (m->tag_open)
		strbuf_addstr(&m->out->buf, "/>");
	else {
		new_line(m);
		strbuf_addstr(&m->out->buf, "</testsuite>");
	}
	m->tag_open = false;
}

/* ---- a suite around test cases that have none ------------------------------------------------- */

static void wrap(struct junit_merge *m)
{
	const char *path = m->paths.v[m->paths.n - 1], *name;
	cleanup_free char *copy = NULL;
	struct junit_repair repair;
	size_t len;

	/* a file may be called anything */
	junit_repair_init(&repair, JUNIT_BYTES_UTF8);
	junit_repair(&repair, path, strlen(path), true, false, &name, &len);
	copy = xstrndup(name, len);
	junit_repair_release(&repair);
	new_line(m);
	strbuf_addstr(&m->out->buf, "<testsuite");
	markup_attribute(&m->out->buf, "name", copy);
	m->wrap_head = reserve_head(m);
	m->wrap_before = m->counter.counts;
	m->wrapped = true;
	m->suites++;
}

static void unwrap(struct junit_merge *m)
{
	struct junit_counts own = difference(&m->counter.counts, &m->wrap_before);

	if (!m->wrapped)
		return;
	m->wrapped = false;
	patch_head(m, m->wrap_head, &own);
	end_suite(m);
}

/* ---- what the root claims -------------------------------------------------------------------- */

static int64_t claimed(const struct junit_tag *tag, const char *name)
{
	const char *value = junit_attribute(tag, name);
	size_t digits = value ? strspn(value, "0123456789") : 0;

	return digits && digits < 18 && !value[digits] ? strtoll(value, NULL, 10) : -1;
}

static void read_claim(struct junit_merge *m, const struct junit_tag *root)
{
	int64_t failures = claimed(root, "failures"), errors = claimed(root, "errors");

	m->claim = (struct claim){
		.tests = claimed(root, "tests"),
		/* what one reporter calls a failure another one calls an error */
		.bad = failures < 0 ? errors : failures + MAX(errors, (int64_t)0),
		.skipped = claimed(root, "skipped"),
		.before = m->counter.counts,
	};
	m->claimed_ns += junit_time_ns(junit_attribute(root, "time"));
}

static void compare(struct strbuf *out, const char *what, int64_t claim, int64_t counted)
{
	if (claim < 0 || claim == counted)
		return;
	strbuf_addf(out, "%s%s: %" PRId64 " claimed, %" PRId64 " counted", out->len ? "; " : "",
		what, claim, counted);
}

static void check_claim(struct junit_merge *m)
{
	struct junit_counts own = difference(&m->counter.counts, &m->claim.before);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	compare(&text, "tests", m->claim.tests, own.tests);
	compare(&text, "failures and errors", m->claim.bad, own.failures + own.errors);
	compare(&text, "skipped", m->claim.skipped, own.skipped);
	if (text.len)
		problem_add(m->problems, m->paths.v[m->paths.n - 1], "totals", false,
			"its totals are not those of its test cases, which count (%s)", text.buf);
}

/* ---- events ---------------------------------------------------------------------------------- */

static void start_case(struct junit_merge *m, const struct junit_tag *tag)
{
	const char *name = junit_attribute(tag, "name");

	m->case_start = m->mark;
	m->span_count = 0;
	strbuf_reset(&m->case_name);
	strbuf_add(&m->case_name, name ? name : "", name ? MIN(strlen(name), (size_t)200) : 0);
}

static void add_span(struct junit_merge *m, enum junit_element element)
{
	if (m->span_count < SPANS_MAX)
		m->spans[m->span_count] = (struct span){spool_tell(m->out), shapes[element].rank};
	m->span_count++;
}

static void on_start(void *arg, const struct junit_tag *tag)
{
	struct junit_merge *m = arg;
	struct junit_counter *c = &m->counter;
	bool outside = !c->inner && !c->in_case; /* of test cases, in a suite or the root */

	if (outside && !c->suite_depth && !m->in_root)
		read_claim(m, tag);
	if (tag->element == JUNIT_TESTSUITES) {
		m->in_root = true;
		return;
	}
	close_tag(m);
	if (outside && !c->suite_depth) {
		if (tag->element != JUNIT_TESTCASE)
			unwrap(m);
		else if (!m->wrapped)
			wrap(m);
	}
	if (outside)
		m->mark = spool_tell(m->out);
	if (outside && tag->element == JUNIT_TESTCASE)
		start_case(m, tag);
	if (c->in_case && !c->inner)
		add_span(m, tag->element);
	if (!c->inner)
		new_line(m);
	strbuf_addch(&m->out->buf, '<');
	strbuf_addstr(&m->out->buf, name_of(tag));
	for (const char *const *a = tag->attributes; *a; a += 2)
		markup_attribute(&m->out->buf, a[0], a[1]);
	m->tag_open = true;
	m->suites += outside && tag->element == JUNIT_TESTSUITE;
	junit_counter_start(c, tag);
	if (outside && c->in_case)
		junit_seen_prefetch(&m->seen, c->digest);
	settle(m);
}

static bool is_blank(const char *s, size_t len)
{
	while (len && (*s == ' ' || *s == '\n' || *s == '\t' || *s == '\r'))
		s++, len--;
	return !len;
}

static void on_text(void *arg, const char *text, size_t len)
{
	struct junit_merge *m = arg;

	if (!m->counter.inner && is_blank(text, len))
		return;
	close_tag(m);
	markup_text(&m->out->buf, text, len);
	settle(m);
}

static bool is_ordered(const struct junit_merge *m)
{
	for (size_t i = 1; i < m->span_count; i++)
		if (m->spans[i].rank < m->spans[i - 1].rank)
			return false;
	return true;
}

static void order_children(struct junit_merge *m)
{
	struct strbuf *buf = &m->out->buf;
	int64_t flushed = m->out->flushed;

	if (m->span_count > SPANS_MAX || m->case_start < flushed || is_ordered(m))
		return;
	strbuf_reset(&m->ordered);
	for (int rank = 0; rank <= 8; rank++)
		for (size_t i = 0; i < m->span_count; i++) {
			int64_t end =
				i + 1 < m->span_count ? m->spans[i + 1].start : spool_tell(m->out);
			if (m->spans[i].rank == rank)
				strbuf_add(&m->ordered, buf->buf + (m->spans[i].start - flushed),
					(size_t)(end - m->spans[i].start));
		}
	memcpy(buf->buf + (m->spans[0].start - flushed), m->ordered.buf, m->ordered.len);
}

static void end_case(struct junit_merge *m)
{
	int number = (int)m->paths.n - 1;
	int before = junit_seen_add(&m->seen, m->counter.digest, number);

	if (before < 0 || before == (number & 0xffff))
		return;
	if (m->duplicates++ < EXAMPLES)
		strbuf_addf(&m->examples, "%s`%s` (%s, %s)", m->examples.len ? ", " : "",
			m->case_name.buf, m->paths.v[before], m->paths.v[number]);
}

static void on_end(void *arg, const struct junit_tag *tag)
{
	struct junit_merge *m = arg;
	struct junit_counter *c = &m->counter;
	struct strbuf *buf = &m->out->buf;

	if (tag->element == JUNIT_TESTSUITES) {
		unwrap(m);
		check_claim(m);
		m->in_root = false;
		return;
	}
	if (c->in_case && !c->inner)
		order_children(m);
	bool block = !c->inner;
	if (junit_counter_end(c, tag))
		end_case(m);
	if (m->tag_open) {
		strbuf_addstr(buf, "/>");
	} else {
		if (block)
			new_line(m);
		strbuf_addstr(buf, "</");
		strbuf_addstr(buf, name_of(tag));
		strbuf_addch(buf, '>');
	}
	m->tag_open = false;
	if (!m->in_root && !c->suite_depth)
		check_claim(m);
	settle(m);
}

/* ---- files ----------------------------------------------------------------------------------- */

/* The file ended in the middle: what is open is dropped when it is smaller than a suite. */
static void abandon(struct junit_merge *m)
{
	struct junit_counter *c = &m->counter;

	if (c->inner || c->in_case) {
		spool_rewind(m->out, m->mark);
		m->tag_open = false;
		c->inner = 0;
		c->in_case = false;
	}
	while (c->suite_depth) {
		c->suite_depth--;
		end_suite(m);
	}
	unwrap(m);
	junit_counter_abandon(c);
	m->in_root = false;
}

static void tell_fault(
	struct junit_merge *m, const char *path, bool named, const struct junit_report *report)
{
	int64_t kept = m->counter.counts.tests;
	bool lost = named || report->fault != JUNIT_FOREIGN;
	struct problem *p;

	if (kept)
		p = problem_add(m->problems, path, junit_fault_name(report->fault), lost,
			"%s; %" PRId64 " complete test case%s before it %s kept", report->what,
			kept, kept == 1 ? "" : "s", kept == 1 ? "is" : "are");
	else
		p = problem_add(m->problems, path, junit_fault_name(report->fault), lost,
			"%s; nothing of it is kept", report->what);
	p->line = report->line;
	p->column = report->column;
}

static void tell_rest(struct junit_merge *m, const char *path, const struct junit_report *report)
{
	if (report->repaired)
		problem_add(m->problems, path, "repaired", false,
			"%" PRId64 " character%s that XML forbids: replaced by U+FFFD",
			report->repaired, report->repaired == 1 ? "" : "s")
			->line = report->repaired_line;
	if (report->passed_over)
		problem_add(m->problems, path, "other-text", false,
			"%" PRId64 " bytes of other text around the report: passed over",
			report->passed_over)
			->line = report->passed_line;
	if (report->documents > 1)
		problem_add(m->problems, path, "several-reports", false,
			"%d reports in one file: all are taken", report->documents);
	if (report->cut)
		problem_add(m->problems, path, "cut", true,
			"%" PRId64 " text%s of more than %d MiB: cut", report->cut,
			report->cut == 1 ? "" : "s", JUNIT_TEXT_BYTES >> 20)
			->line = report->cut_line;
}

void junit_merge_file(struct junit_merge *m, const char *path, bool named)
{
	static const struct junit_events events = {on_start, on_text, on_end};
	struct junit_report report;
	int64_t start = spool_tell(m->out), suites = m->suites;
	struct junit_counts *own = &m->counter.counts;

	strvec_push(&m->paths, path);
	memset(own, 0, sizeof(*own));
	m->claimed_ns = 0;
	bool whole = junit_read(path, &events, m, &report, NULL) == 0;
	if (!whole) {
		abandon(m);
		tell_fault(m, path, named, &report);
	}
	if (!whole && !own->tests) {
		spool_rewind(m->out, start);
		m->suites = suites;
		return;
	}
	tell_rest(m, path, &report);
	m->files++;
	junit_counts_add(&m->counts, own);
	m->longest_ns = MAX(m->longest_ns, m->claimed_ns ? m->claimed_ns : own->time_ns);
}

/* ---- the whole ------------------------------------------------------------------------------- */

struct junit_merge *junit_merge_new(
	struct spool *out, struct problems *problems, enum junit_time time)
{
	struct junit_merge *m = xcalloc(1, sizeof(*m));

	m->out = out;
	m->problems = problems;
	m->time = time;
	strvec_init(&m->paths);
	strbuf_init(&m->examples);
	strbuf_init(&m->case_name);
	strbuf_init(&m->ordered);
	strbuf_addstr(&out->buf, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
				 "<testsuites name=\"merged\"");
	m->head = reserve_head(m);
	return m;
}

void junit_merge_finish(struct junit_merge *m)
{
	if (m->time == JUNIT_TIME_MAX)
		m->counts.time_ns = m->longest_ns;
	strbuf_addstr(&m->out->buf, "\n</testsuites>\n");
	patch_head(m, m->head, &m->counts);
	if (m->duplicates)
		problem_add(m->problems, NULL, "duplicates", false,
			"%" PRId64
			" test case%s in more than one file: all are kept and counted; %s%s",
			m->duplicates, m->duplicates == 1 ? " is" : "s are", m->examples.buf,
			m->duplicates > EXAMPLES ? ", …" : "");
	if (m->seen.n >= JUNIT_SEEN_MAX)
		problem_add(m->problems, NULL, "limit", false,
			"more than %d test cases: those behind were not compared over files",
			JUNIT_SEEN_MAX);
}

void junit_merge_free(struct junit_merge *m)
{
	if (!m)
		return;
	junit_seen_release(&m->seen);
	strvec_release(&m->paths);
	strbuf_release(&m->examples);
	strbuf_release(&m->case_name);
	strbuf_release(&m->ordered);
	free(m);
}

int64_t junit_merge_files(const struct junit_merge *m)
{
	return m->files;
}

int64_t junit_merge_suites(const struct junit_merge *m)
{
	return m->suites;
}

int64_t junit_merge_duplicates(const struct junit_merge *m)
{
	return m->duplicates;
}

const struct junit_counts *junit_merge_counts(const struct junit_merge *m)
{
	return &m->counts;
}
