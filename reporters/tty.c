#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/text.h"
#include "core/event/test_id.h"
#include "reporters/registry.h"
#include "reporters/summary.h"
#include "reporters/tty_frame.h"

/* Status lines scroll; below them a region shows progress and what runs. */
enum { REDRAW_MS = 66, BAR_COLUMNS = 24, NARROW_COLUMNS = 60 };

struct tty {
	struct summary summary;
	struct tty_frame frame;
	int64_t drawn_ms;
	bool started;
};

static void *tty_open(const struct reporter_options *options, struct sink *sink)
{
	struct tty *t = xcalloc(1, sizeof(*t));

	t->summary = (struct summary){.sink = sink, .verbosity = options->verbosity};
	t->frame.sink = sink;
	return t;
}

static int64_t done_files(const struct state *s)
{
	return s->file_counts.passed + s->file_counts.failed + s->file_counts.skipped;
}

/* Work that is left by the estimates, over the workers. */
static int64_t eta_ms(const struct state *s)
{
	int64_t left = 0, longest = 0;

	for (size_t i = 0; i < s->file_count; i++) {
		const struct state_file *f = s->files[i];
		int64_t ms = f->estimate_ms;
		if (f->phase == FILE_DONE)
			continue;
		if (f->phase == FILE_RUNNING)
			ms = MAX(ms - (s->now_ms - f->running_ms), 0);
		left += ms;
		longest = MAX(longest, ms);
	}
	return MAX(left / MAX(s->run.workers, 1), longest);
}

/* On a narrow terminal what changes matters more than what is only nice to see. */
static bool is_narrow(const struct tty *t)
{
	return t->summary.sink->columns < NARROW_COLUMNS;
}

static void bar(struct strbuf *out, int64_t done, int64_t total, int columns, bool color)
{
	int filled = total ? (int)(done * columns / total) : 0;

	strbuf_addstr(out, ansi(ANSI_GREEN, color));
	for (int i = 0; i < columns; i++) {
		if (i == filled)
			strbuf_addstr(out, ansi(ANSI_DIM, color));
		strbuf_addstr(out, i < filled ? "\xe2\x94\x81" : "\xe2\x94\x80");
	}
	strbuf_addstr(out, ansi(ANSI_RESET, color));
}

static void progress_line(struct tty *t, const struct state *s, struct strvec *lines)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	int64_t total = s->file_counts.total, elapsed = s->now_ms - s->started_ms;

	strbuf_addf(
		&line, is_narrow(t) ? "[%6.1fs] " : "Running [%8.1fs] ", (double)elapsed / 1000);
	bar(&line, done_files(s), total, is_narrow(t) ? BAR_COLUMNS / 4 : BAR_COLUMNS,
		t->summary.sink->color);
	strbuf_addf(&line, " %" PRId64 "/%" PRId64 " file%s", done_files(s), total,
		total == 1 ? "" : "s");
	if (s->test_counts.total) {
		strbuf_addstr(&line, ", tests: ");
		summary_counts(&line, &s->test_counts, t->summary.sink->color);
	}
	if (s->run.history_files && s->cancel == CANCEL_NONE) {
		strbuf_addstr(&line, " \xc2\xb7 ");
		text_duration(&line, eta_ms(s));
		strbuf_addstr(&line, " left");
	}
	strvec_push(lines, line.buf);
}

static void running_line(
	struct tty *t, const struct state *s, const struct state_file *f, struct strvec *lines)
{
	cleanup_strbuf struct strbuf line = STRBUF_INIT;
	bool c = t->summary.sink->color, narrow = is_narrow(t);
	const char *slash = narrow ? strrchr(f->file, '/') : NULL;
	const char *name = slash ? slash + 1 : f->file;

	strbuf_addf(&line, narrow ? "[%6.1fs] " : "        [%8.1fs] ",
		(double)(s->now_ms - f->running_ms) / 1000);
	if (!narrow)
		strbuf_addf(&line, "%s%-11s%s ", ansi(ANSI_DIM, c), f->suite->name,
			ansi(ANSI_RESET, c));
	ansi_filter(&line, name, strlen(name), false);
	for (size_t i = 0; i < f->test_count; i++) {
		if (!f->tests[i]->running)
			continue;
		strbuf_addstr(&line, TEST_ID_ARROW);
		test_id_text(&line, f->tests[i]->path, f->tests[i]->occurrence);
		break;
	}
	strvec_push(lines, line.buf);
}

static bool is_running(const struct state_file *f)
{
	return f->phase == FILE_RUNNING || f->repeating_ms;
}

static void draw(struct tty *t, const struct state *s)
{
	cleanup_strvec struct strvec lines = STRVEC_INIT;
	size_t room = tty_frame_room(&t->frame), running = 0;

	if (!t->frame.sink->tty) /* asked for by name, into a file */
		return;
	progress_line(t, s, &lines);
	for (size_t i = 0; i < s->file_count; i++)
		running += is_running(s->files[i]);
	/* The last line counts the rest, unless it is the only one there is. */
	size_t show = room > 2 && running > room - 1 ? room - 2 : running, shown = 0;
	for (size_t i = 0; i < s->file_count && shown < show && lines.n < room; i++) {
		if (!is_running(s->files[i]))
			continue;
		running_line(t, s, s->files[i], &lines);
		shown++;
	}
	if (running > show)
		strvec_pushf(&lines, "        … and %zu more", running - show);
	tty_frame_draw(&t->frame, &lines);
	t->drawn_ms = s->now_ms;
}

static void tty_event(void *self, const struct event *event, const struct state *s)
{
	struct tty *t = self;
	struct sink *sink = t->summary.sink;
	size_t before = sink->buf.len;

	t->started |= event->type == EVENT_FILE_STARTED;
	if (event->type == EVENT_RUN_FINISHED) {
		tty_frame_erase(&t->frame);
		summary_end(&t->summary, s);
		return;
	}
	/* Lines are written where the region stands: erase it first, but only when there are some. */
	cleanup_strbuf struct strbuf lines = STRBUF_INIT;
	if (summary_event(&t->summary, event, s)) {
		strbuf_add(&lines, sink->buf.buf + before, sink->buf.len - before);
		strbuf_setlen(&sink->buf, before);
		tty_frame_erase(&t->frame);
		sink_write(sink, lines.buf, lines.len);
		if (t->started)
			draw(t, s);
		return;
	}
	if (event->type == EVENT_TICK && t->started && s->now_ms - t->drawn_ms >= REDRAW_MS) {
		tty_frame_erase(&t->frame);
		draw(t, s);
	}
}

static void tty_show(void *self, enum reporter_show what, const struct state *s)
{
	struct tty *t = self;

	tty_frame_erase(&t->frame);
	if (what == REPORTER_SHOW_NOTHING)
		return;
	summary_running(s, t->summary.sink);
	if (t->started)
		draw(t, s);
}

static void tty_close(void *self)
{
	struct tty *t = self;

	if (t)
		tty_frame_erase(&t->frame);
	free(t);
}

const struct reporter tty_reporter = {
	.name = "tty",
	.summary = "live display for a terminal",
	.terminal = true,
	.open = tty_open,
	.event = tty_event,
	.show = tty_show,
	.close = tty_close,
};
