#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "core/base/ansi.h"
#include "core/base/cells.h"
#include "core/base/json.h"
#include "core/base/path.h"
#include "core/base/spool.h"
#include "core/base/text.h"
#include "core/codeowners.h"
#include "core/coverage/coverage.h"
#include "core/coverage/report.h"
#include "core/event/json.h"
#include "core/flaky/fingerprint.h"
#include "core/event/journal.h"
#include "core/junit/read.h"
#include "core/plan/plan.h"
#include "core/flaky/quarantine.h"
#include "core/detect/shell.h"
#include "core/plan/timings.h"
#include "core/config/yamltree.h"

/* Readers of files get one in memory. */
static int memory_file(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("fuzz", 0);
	DIE_UNLESS(fd >= 0);
	return fd;
}

static const char *as_path(int fd)
{
	static char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static const char *as_file(const char *data, size_t len)
{
	int fd = memory_file();

	DIE_UNLESS(ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	DIE_UNLESS(pwrite(fd, data, len, 0) == (ssize_t)len);
	return as_path(fd);
}

static char *as_text(const char *data, size_t len)
{
	return xstrndup(data, len);
}

static void fuzz_json(const char *data, size_t len)
{
	struct error err = ERROR_INIT;
	struct json *json = json_parse(data, len, &err);

	DIE_UNLESS(json || err.text[0]);
	json_free(json);
}

static bool read_slowly(const char *line, size_t len, struct arena *arena, struct strbuf *out)
{
	struct error err = ERROR_INIT;
	struct event event = {0};
	struct json *json = json_parse(line, len, &err);
	bool ok = json && event_json_read(json, arena, &event, &err) == 0;

	if (ok)
		event_json_write(out, &event);
	json_free(json);
	return ok;
}

/* The fast reader of journals must not take what the other refuses, nor read it otherwise; what is
 * written must read as what it was. */
static void fuzz_event(const char *data, size_t len)
{
	cleanup_strbuf struct strbuf fast = STRBUF_INIT, slow = STRBUF_INIT, again = STRBUF_INIT;
	cleanup_strbuf struct strbuf scratch = STRBUF_INIT;
	struct arena arena = {0};
	struct event event = {0};
	bool quick = !memchr(data, '\n', len) && event_json_read_line(data, len, &scratch, &event);

	if (quick)
		event_json_write(&fast, &event);
	bool whole = read_slowly(data, len, &arena, &slow);
	if (quick) {
		DIE_UNLESS(whole);
		DIE_UNLESS(!strcmp(fast.buf, slow.buf));
	}
	if (whole) {
		DIE_UNLESS(read_slowly(slow.buf, slow.len - 1, &arena, &again));
		DIE_UNLESS(!strcmp(slow.buf, again.buf));
	}
	arena_release(&arena);
}

static void journal_seen(void *arg, struct event *event)
{
	struct strbuf *out = arg;

	strbuf_reset(out);
	event_json_write(out, event);
}

static void fuzz_journal(const char *data, size_t len)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct journal_end end = {0};

	if (journal_read(as_file(data, len), journal_seen, &out, &end, &err) == 0 && end.truncated)
		DIE_UNLESS(end.bad_offset >= 0 && end.bad_offset <= (int64_t)len);
}

/* What came in of it must be written as a map that comes in whole. */
static void fuzz_coverage(const char *data, size_t len)
{
	cleanup_coverage struct coverage *c = coverage_new(), *again = coverage_new();
	struct coverage_root root = {"/there", "/here"};
	struct coverage_detail detail = {0};
	struct error err = ERROR_INIT;
	struct spool map;

	coverage_add(c, as_file(data, len), &root, &err);
	for (size_t i = 0; i < coverage_file_count(c); i++) {
		if (coverage_file_detail(coverage_file_at(c, i), &detail, &err) == 0)
			coverage_detail_release(&detail);
		memset(&detail, 0, sizeof(detail));
	}
	if (!coverage_file_count(c))
		return;
	DIE_UNLESS(spool_open(&map, NULL, &err) == 0);
	coverage_print_json(c, &map);
	as_file("", 0);
	DIE_UNLESS(spool_copy(&map, memory_file(), &err) == 0);
	spool_release(&map);
	DIE_UNLESS(coverage_add(again, as_path(memory_file()), NULL, &err) == 0);
	DIE_UNLESS(coverage_file_count(again) == coverage_file_count(c));
}

static void junit_start(void *arg, const struct junit_tag *tag)
{
	int *depth = arg;

	DIE_UNLESS(tag->name && (*depth)++ >= 0);
	junit_attribute(tag, "name");
}

static void junit_end(void *arg, const struct junit_tag *tag)
{
	int *depth = arg;

	DIE_UNLESS(tag->name && --*depth >= 0);
}

static void fuzz_junit(const char *data, size_t len)
{
	static const struct junit_events events = {junit_start, NULL, junit_end};
	struct junit_report report = {0};
	struct error err = ERROR_INIT;
	int depth = 0;

	if (junit_read(as_file(data, len), &events, &depth, &report, &err) == 0)
		DIE_UNLESS(depth == 0);
	else
		DIE_UNLESS(report.fault != JUNIT_WHOLE && err.text[0]);
}

static void fuzz_plan(const char *data, size_t len)
{
	struct error err = ERROR_INIT;
	struct plan plan;

	plan_init(&plan);
	if (plan_read(&plan, as_file(data, len), &err) == 0) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		plan_write(&plan, &out);
	}
	plan_release(&plan);
}

static int timing_seen(void *arg, const struct timing *timing)
{
	double *sum = arg;

	DIE_UNLESS(timing->file);
	*sum += timing->ms;
	return 0;
}

static void fuzz_timings(const char *data, size_t len)
{
	const char *path = as_file(data, len);
	double sum = 0;

	for (int i = 0; i < TIMINGS_FORMATS; i++) {
		enum timings_format format = i;
		struct error err = ERROR_INIT;
		timings_read(path, &format, timing_seen, &sum, &err);
	}
}

static void fuzz_yaml(const char *data, size_t len)
{
	struct error err = ERROR_INIT;
	struct yamltree *yaml = yamltree_parse("fuzz.yaml", data, len, &err);

	if (yaml && yaml->root)
		yamltree_error(yaml, yaml->root, &err, "here");
	yamltree_free(yaml);
}

/* What is edited of a file that was read must read as what was meant. */
static void check_quarantine(const struct strbuf *text, size_t entries)
{
	struct error err = ERROR_INIT;
	struct quarantine q;

	quarantine_init(&q);
	DIE_UNLESS(quarantine_parse(&q, "q", text->buf, text->len, 1790000000000, &err) == 0);
	DIE_UNLESS(q.n == entries);
	quarantine_release(&q);
}

static void edit_quarantine(const struct quarantine *q)
{
	static const struct quarantine_add more = {.file = "new.js",
		.test = "a › \"b\": #1",
		.owner = "@team",
		.reason = "- it's",
		.expires = "2026-12-24"};
	struct error err = ERROR_INIT;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (quarantine_text_add(q, &more, &out, &err) == 0)
		check_quarantine(&out, q->n + 1);
	for (size_t i = 0; i < q->n; i++) {
		strbuf_reset(&out);
		if (quarantine_text_remove(q, &q->entries[i], &out, &err) == 0)
			check_quarantine(&out, q->n - 1);
	}
}

static void fuzz_quarantine(const char *data, size_t len)
{
	struct error err = ERROR_INIT;
	struct quarantine q;

	quarantine_init(&q);
	if (quarantine_parse(&q, "quarantine.yaml", data, len, 1790000000000, &err) == 0) {
		quarantine_covers(&q, "unit", "test/a.js", "[\"adds\"]", 0);
		edit_quarantine(&q);
	}
	quarantine_release(&q);
}

static const char *no_variable(const char *name)
{
	return name[0] == 'A' ? "a b" : NULL;
}

static void fuzz_shell(const char *data, size_t len)
{
	cleanup_free char *text = as_text(data, len);
	cleanup_shell struct shell_script script = SHELL_SCRIPT_INIT;

	shell_parse(text, no_variable, &script);
}

static void fuzz_codeowners(const char *data, size_t len)
{
	cleanup_free char *text = as_text(data, len);
	struct codeowners *owners = codeowners_parse(text, "packages/api");

	codeowners_of(owners, "src/deep/er/cart.test.js");
	codeowners_free(owners);
}

/* What a test prints, on its way to a terminal: of all controls only colours may pass. */
static void fuzz_output(const char *data, size_t len)
{
	for (int color = 0; color < 2; color++) {
		cleanup_strbuf struct strbuf out = STRBUF_INIT;

		ansi_filter(&out, data, len, color);
		for (const char *p = out.buf; p < out.buf + out.len; p++) {
			DIE_UNLESS((unsigned char)*p >= 0x20 || strchr("\n\t\033", *p));
			DIE_UNLESS(*p != '\033' || (color && p[1] == '['));
		}
	}
}

/* A cell stays one cell. */
static void fuzz_cells(const char *data, size_t len)
{
	cleanup_free char *text = as_text(data, len);
	cleanup_strbuf struct strbuf csv = STRBUF_INIT, gfm = STRBUF_INIT;

	cells_csv(&csv, text);
	cells_gfm(&gfm, text, 500);
	DIE_UNLESS(!memchr(gfm.buf, '\n', gfm.len) && !memchr(gfm.buf, '|', gfm.len));
	if (csv.buf[0] != '"')
		DIE_UNLESS(!strpbrk(csv.buf, ",\"\r\n"));
}

/* The first byte is the room there is. */
static void fuzz_text(const char *data, size_t len)
{
	cleanup_strbuf struct strbuf end = STRBUF_INIT, middle = STRBUF_INIT,
				     duration = STRBUF_INIT;
	cleanup_strbuf struct strbuf mark = STRBUF_INIT;
	size_t room = len ? (unsigned char)data[0] : 0;
	cleanup_free char *text = len ? as_text(data + 1, len - 1) : xstrdup("");

	text_truncate(&end, text, room);
	text_truncate_middle(&middle, text, room);
	DIE_UNLESS(text_width(end.buf) <= room && text_width(middle.buf) <= room);
	text_duration(&duration, text_parse_duration(text));
	fingerprint_text(&mark, text);
	DIE_UNLESS(mark.len < 4096);
}

/* A pattern, a line feed, a path. */
static void fuzz_glob(const char *data, size_t len)
{
	const char *end = memchr(data, '\n', len);
	cleanup_free char *pattern = as_text(data, end ? (size_t)(end - data) : len);
	cleanup_free char *path =
		end ? as_text(end + 1, (size_t)(data + len - end) - 1) : xstrdup("");

	path_glob(pattern, path);
	if (!strpbrk(pattern, "*?[{\\") && !starts_with(pattern, "./"))
		DIE_UNLESS(path_glob(pattern, path) == streq(pattern, path));
}

const struct fuzz_target fuzz_targets[] = {
	{"cells", fuzz_cells},
	{"codeowners", fuzz_codeowners},
	{"config", fuzz_config},
	{"coverage", fuzz_coverage},
	{"event", fuzz_event},
	{"glob", fuzz_glob},
	{"history", fuzz_history},
	{"journal", fuzz_journal},
	{"json", fuzz_json},
	{"junit", fuzz_junit},
	{"merge", fuzz_merge},
	{"output", fuzz_output},
	{"package", fuzz_package},
	{"plan", fuzz_plan},
	{"quarantine", fuzz_quarantine},
	{"replay", fuzz_replay},
	{"shell", fuzz_shell},
	{"text", fuzz_text},
	{"timings", fuzz_timings},
	{"yaml", fuzz_yaml},
	{NULL, NULL},
};

const struct fuzz_target *fuzz_target_find(const char *name)
{
	for (const struct fuzz_target *t = fuzz_targets; t->name; t++)
		if (!strcmp(t->name, name))
			return t;
	return NULL;
}
