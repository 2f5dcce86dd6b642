#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/cells.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/event/test_id.h"
#include "reporters/failure.h"
#include "reporters/registry.h"
#include "reporters/summary.h"

#include <fcntl.h>
#include <sys/stat.h>

/*
 * GitHub Actions: annotations (10 a type are shown, 4096 characters each), a group per failure
 * whose text is fenced by stop-commands, and the step summary (1 MiB). Where a reporter for people
 * writes to the same log, each failure is told there, and there are no groups.
 */
enum {
	ANNOTATIONS = 10,
	MESSAGE_BYTES = 4000,
	TITLE_COLUMNS = 200,
	SUMMARY_BYTES = 1000 * 1024,
	TABLE_BYTES = 150 * 1024, /* of tests: three, and none may push out what is behind it */
	ROWS = 200,
	ROW_BYTES = 1500,
	DETAILS_BYTES = 2000, /* of a message */
	OPEN_DETAILS = 3,     /* so few are unfolded */
};

struct github {
	struct sink *sink;
	const struct reporter_options *options; /* lives as long as the reporters */
	const char *summary_path;
	size_t annotations, warnings, groups;
	bool shard, told;
};

static void *github_open(const struct reporter_options *options, struct sink *sink)
{
	struct github *g = xcalloc(1, sizeof(*g));

	*g = (struct github){
		.sink = sink,
		.options = options,
		.summary_path = options->summary_path,
		.shard = options->shard,
		.told = options->told,
	};
	return g;
}

static void escape(struct strbuf *out, const char *s, bool property)
{
	for (; *s; s++) {
		if (*s == '%' || *s == '\r' || *s == '\n' || (property && (*s == ':' || *s == ',')))
			strbuf_addf(out, "%%%02X", (unsigned char)*s);
		else
			strbuf_addch(out, *s);
	}
}

/* The path of `file`, which is relative to the base, in the repository; NULL when it is outside. */
static char *repo_path(const struct state *s, const char *file)
{
	cleanup_free char *below =
		s->run.repo_path ? path_join(s->run.repo_path, file) : xstrdup(file);
	char *path = path_normalize(below);

	if (path[0] != '/' && !starts_with(path, "../"))
		return path;
	free(path);
	return NULL;
}

/* "::error file=…,line=…" of the place of the failure, else of the test. */
static void place(struct strbuf *out, const struct state *s, const struct state_file *file,
	const struct state_test *test, const struct failure *f)
{
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;
	cleanup_free char *path = f->file && f->line ? repo_path(s, f->file) : NULL;
	int line = path ? f->line : test ? test->line : 0;

	if (!path)
		path = repo_path(s, file->file);
	if (!path)
		path = xstrdup(file->file);
	ansi_filter(&clean, path, strlen(path), false);
	strbuf_addstr(out, "::error file=");
	escape(out, clean.buf, true);
	if (line)
		strbuf_addf(out, ",line=%d", line);
}

static void add_title(
	struct strbuf *out, const struct state_file *file, const struct state_test *test)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	failure_title(&title, file, test);
	text_truncate(out, title.buf, TITLE_COLUMNS);
}

static void annotate(struct github *g, const struct state *s, const struct state_file *file,
	const struct state_test *test, const struct failure *f)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, title = STRBUF_INIT, text = STRBUF_INIT;
	const char *message = f->message ? f->message : "";

	if (g->annotations++ >= ANNOTATIONS)
		return;
	add_title(&title, file, test);
	ansi_filter(&text, message, MIN(strlen(message), (size_t)MESSAGE_BYTES), false);
	if (!text.buf[strspn(text.buf, " \t\n")]) /* GitHub drops what says nothing */
		strbuf_addstr(&text, "failed without a message");
	place(&line, s, file, test, f);
	strbuf_addstr(&line, ",title=");
	escape(&line, title.buf, true);
	strbuf_addstr(&line, "::");
	escape(&line, text.buf, false);
	sink_printf(g->sink, "%s\n", line.buf);
}

/* What is wrong with the run and not with a test of it. */
static void annotate_notice(struct github *g, const struct state_notice *n)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT, text = STRBUF_INIT;
	bool is_error = n->severity == SEVERITY_ERROR;
	size_t *count = is_error ? &g->annotations : &g->warnings;

	if (n->severity == SEVERITY_NOTE || (*count)++ >= ANNOTATIONS)
		return;
	ansi_filter(&text, n->text, MIN(strlen(n->text), (size_t)MESSAGE_BYTES), false);
	strbuf_addf(&line, "::%s title=muster", is_error ? "error" : "warning");
	if (n->suite)
		strbuf_addstr(&line, "%3A ");
	escape(&line, n->suite ? n->suite : "", true);
	strbuf_addstr(&line, "::");
	escape(&line, text.buf, false);
	sink_printf(g->sink, "%s\n", line.buf);
}

/* Between the two lines GitHub obeys nothing, whatever tests have printed. */
static void fenced(struct github *g, const struct state *state, const struct state_file *file,
	const struct state_test *test, const struct failure *f)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT, name = STRBUF_INIT;

	if (g->groups++ >= ROWS)
		return;
	add_title(&title, file, test);
	escape(&name, file->file, false);
	escape(&name, ": ", false);
	escape(&name, title.buf, false);
	sink_printf(g->sink, "::group::%s\n::stop-commands::%s\n", name.buf, state->token);
	failure_write(g->sink, state, file, test, f);
	failure_output(g->sink, file);
	sink_printf(g->sink, "\n::%s::\n::endgroup::\n", state->token);
}

/* A test that ran when its worker died speaks for its file. */
static bool is_told_by_file(const struct state_file *f)
{
	return f->outcome == OUTCOME_FAILED && !failure_is_blamed(f, &f->failure);
}

static void each_failure(struct github *g, const struct state *s,
	void (*fn)(struct github *g, const struct state *s, const struct state_file *f,
		const struct state_test *t, const struct failure *failure))
{
	for (size_t i = 0; i < s->file_failure_count; i++)
		if (is_told_by_file(s->file_failures[i]))
			fn(g, s, s->file_failures[i], NULL, &s->file_failures[i]->failure);
	for (size_t i = 0; i < s->failure_count; i++)
		if (s->failures[i]->outcome == OUTCOME_FAILED)
			fn(g, s, s->failures[i]->file, s->failures[i], &s->failures[i]->failure);
}

static void write_groups(struct github *g, const struct state *s)
{
	each_failure(g, s, fenced);
	if (g->groups > ROWS)
		sink_printf(
			g->sink, "%zu more failures are in the other reports\n", g->groups - ROWS);
}

static void write_annotations(struct github *g, const struct state *s)
{
	for (size_t i = 0; i < s->notice_count; i++)
		annotate_notice(g, &s->notices[i]);
	each_failure(g, s, annotate);
	if (g->annotations > ANNOTATIONS)
		sink_printf(g->sink, "%zu failures have no annotation: GitHub shows %d\n",
			g->annotations - ANNOTATIONS, (int)ANNOTATIONS);
}

/* ---- step summary ---------------------------------------------------------------------------- */

static void cell(struct strbuf *out, const char *text)
{
	cells_gfm(out, text, ROW_BYTES);
}

/* A table that began at `from` takes no further row. */
static bool is_full(const struct strbuf *out, size_t from, size_t rows)
{
	return rows >= ROWS || out->len - from > TABLE_BYTES;
}

/* "| file | test | " */
static void test_row(struct strbuf *out, const struct state_test *t)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT;

	failure_title(&title, t->file, t);
	strbuf_addstr(out, "| ");
	cell(out, t->file->file);
	strbuf_addstr(out, " | ");
	cell(out, title.buf);
	strbuf_addstr(out, " | ");
}

/* As it is between <pre> and </pre>. */
static void preformatted(struct strbuf *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("&<>", *text))
			strbuf_addf(out, "&#%d;", *text);
		else
			strbuf_addch(out, *text);
	}
}

/* What the log says of it, without what would not fit here. */
static void details(struct strbuf *out, const struct state *s, const struct state_file *f,
	const struct state_test *t, const struct failure *failure)
{
	cleanup_free char *message =
		failure->message
			? xstrndup(failure->message, strnlen(failure->message, DETAILS_BYTES))
			: NULL;
	struct failure bounded = *failure;
	struct sink sink;

	bounded.message = message;
	sink_init_fd(&sink, -1);
	failure_write(&sink, s, f, t, &bounded);
	strbuf_rtrim(&sink.buf);
	strbuf_addstr(out, "<pre>");
	preformatted(out, sink.buf.buf);
	strbuf_addstr(out, "</pre>\n");
	sink_close(&sink, NULL);
}

/* One line, and all about it when it is unfolded. */
static void failure_entry(struct strbuf *out, const struct state *s, const struct state_file *f,
	const struct state_test *t, const struct failure *failure, bool open)
{
	cleanup_strbuf struct strbuf at = STRBUF_INIT, title = STRBUF_INIT, first = STRBUF_INIT,
				     cut = STRBUF_INIT;

	failure_place(&at, f, t, failure);
	add_title(&title, f, t);
	failure_first_line(&first, failure);
	text_truncate(&cut, first.buf, TITLE_COLUMNS);
	strbuf_addf(out, "<details%s><summary><code>", open ? " open" : "");
	cell(out, at.buf);
	strbuf_addstr(out, "</code> <b>");
	cell(out, title.buf);
	strbuf_addstr(out, "</b> ");
	cell(out, cut.buf);
	strbuf_addstr(out, "</summary>\n\n");
	details(out, s, f, t, failure);
	strbuf_addstr(out, "\n</details>\n");
}

struct entries {
	struct strbuf *out;
	size_t from, shown, left_out;
	bool open;
};

static void add_entry(struct entries *e, const struct state *s, const struct state_file *f,
	const struct state_test *t, const struct failure *failure)
{
	if (e->left_out || is_full(e->out, e->from, e->shown)) {
		e->left_out++;
		return;
	}
	failure_entry(e->out, s, f, t, failure, e->open);
	e->shown++;
}

static void failure_entries(struct strbuf *out, const struct state *s)
{
	struct entries e = {out, out->len, 0, 0, false};

	if (!s->failure_count && !s->file_failure_count)
		return;
	e.open = s->failure_count + s->file_failure_count <= OPEN_DETAILS;
	strbuf_addstr(out, "\n### Failures\n\n");
	for (size_t i = 0; i < s->file_failure_count; i++)
		if (is_told_by_file(s->file_failures[i]))
			add_entry(&e, s, s->file_failures[i], NULL, &s->file_failures[i]->failure);
	for (size_t i = 0; i < s->failure_count; i++)
		if (s->failures[i]->outcome == OUTCOME_FAILED)
			add_entry(&e, s, s->failures[i]->file, s->failures[i],
				&s->failures[i]->failure);
	if (e.left_out)
		strbuf_addf(out, "\n… and %zu more.\n", e.left_out);
}

static void flaky_rows(struct github *g, struct strbuf *out, const struct state *s)
{
	const struct reporter_options *o = g->options;
	size_t rows = 0, from = out->len;

	if (!s->test_counts.flaky)
		return;
	strbuf_addstr(
		out, "\n### Flaky\n\n| file | test | attempts | before |\n|---|---|---|---|\n");
	for (size_t i = 0; i < s->file_count; i++) {
		for (size_t k = 0; k < s->files[i]->test_count && !is_full(out, from, rows); k++) {
			const struct state_test *t = s->files[i]->tests[k];
			cleanup_strbuf struct strbuf known = STRBUF_INIT;
			if (!t->flaky)
				continue;
			if (o->known)
				o->known(o->known_arg, t, &known);
			test_row(out, t);
			strbuf_addf(out, "%d | ", t->attempts);
			cell(out, known.len ? known.buf : "not known as flaky");
			strbuf_addstr(out, t->quarantined ? ", in quarantine |\n" : " |\n");
			rows++;
		}
	}
	if (s->test_counts.flaky > (int64_t)rows)
		strbuf_addf(
			out, "\n… and %" PRId64 " more.\n", s->test_counts.flaky - (int64_t)rows);
}

/* Failed, but in quarantine: nobody is stopped, and nobody may forget them. */
static void quarantine_rows(struct strbuf *out, const struct state *s)
{
	size_t rows = 0, from = out->len;

	if (!s->test_counts.quarantined)
		return;
	strbuf_addstr(
		out, "\n### Failed in quarantine\n\n| file | test | message |\n|---|---|---|\n");
	for (size_t i = 0; i < s->file_count; i++) {
		for (size_t k = 0; k < s->files[i]->test_count && !is_full(out, from, rows); k++) {
			const struct state_test *t = s->files[i]->tests[k];
			if (!t->quarantined || t->outcome != OUTCOME_FAILED)
				continue;
			test_row(out, t);
			cell(out, t->failure.message ? t->failure.message : "");
			strbuf_addstr(out, " |\n");
			rows++;
		}
	}
}

static void shard_rows(struct strbuf *out, const struct state *s)
{
	if (!s->shard_count)
		return;
	strbuf_addstr(out, "\n### Shards\n\n| shard | status | took | predicted | files | |\n"
			   "|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < s->shard_count; i++) {
		const struct state_shard *shard = &s->shards[i];
		strbuf_addf(out, "| %d of %d | %s | ", shard->shard, shard->shards, shard->status);
		text_duration(out, shard->duration_us / 1000);
		strbuf_addstr(out, " | ");
		text_duration(out, shard->predicted_ms);
		strbuf_addf(out, " | %" PRId64 " | ", shard->files);
		cell(out, shard->text ? shard->text : "");
		strbuf_addstr(out, " |\n");
	}
}

static void gate_rows(struct strbuf *out, const struct state *s)
{
	if (!s->gate_count)
		return;
	strbuf_addstr(out, "\n### Gates\n\n| gate | status | |\n|---|---|---|\n");
	for (size_t i = 0; i < s->gate_count; i++) {
		strbuf_addf(out, "| %s | %s | ", s->gates[i].name, s->gates[i].status);
		cell(out, s->gates[i].text ? s->gates[i].text : "");
		strbuf_addstr(out, " |\n");
	}
}

/* What other programs of the step have written counts, too: one byte too many, and GitHub shows
 * nothing of all of it. */
static int append_summary(const struct github *g, struct strbuf *out, struct error *err)
{
	cleanup_close int fd =
		open(g->summary_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	struct stat st;
	size_t room = SUMMARY_BYTES;

	if (fd >= 0 && fstat(fd, &st) == 0)
		room -= MIN((size_t)st.st_size, room);
	if (out->len > room) {
		while (room && out->buf[room - 1] != '\n')
			room--;
		strbuf_setlen(out, room);
		strbuf_addstr(out, "\n\n(cut: the summary of a step is limited to 1 MiB)\n");
	}
	if (fd < 0 || file_write_all(fd, out->buf, out->len) < 0)
		return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, errno,
			"cannot write the step summary %s", g->summary_path);
	return 0;
}

static int write_summary(struct github *g, const struct state *s, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT, counts = STRBUF_INIT, took = STRBUF_INIT;

	summary_counts(&counts, &s->test_counts, false);
	text_duration(&took, s->duration_us / 1000);
	strbuf_addf(&out, "## Tests: %s", state_verdict(s));
	if (s->run.repo_path) {
		strbuf_addstr(&out, " in ");
		cell(&out, s->run.repo_path);
	}
	strbuf_addf(&out, "\n\n%s \xc2\xb7 %" PRId64 " files \xc2\xb7 %s\n", counts.buf,
		s->file_counts.total, took.buf);
	if (s->early.repeats) {
		strbuf_addstr(&out, "\nEarly detection: ");
		summary_early(&out, s, false);
		strbuf_addch(&out, '\n');
	}
	failure_entries(&out, s);
	flaky_rows(g, &out, s);
	quarantine_rows(&out, s);
	shard_rows(&out, s);
	gate_rows(&out, s);
	return append_summary(g, &out, err);
}

static int github_finish(void *self, const struct state *s, struct error *err)
{
	struct github *g = self;

	if (!g->told)
		write_groups(g, s);
	if (g->shard) /* the merge has the same again, and GitHub shows 10 annotations */
		return 0;
	write_annotations(g, s);
	return g->summary_path && *g->summary_path ? write_summary(g, s, err) : 0;
}

static void github_close(void *self)
{
	free(self);
}

const struct reporter github_reporter = {
	.name = "github",
	.summary = "annotations and step summary of GitHub Actions",
	.open = github_open,
	.finish = github_finish,
	.close = github_close,
};
