#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/strvec.h"
#include "core/base/text.h"
#include "core/event/test_id.h"
#include "reporters/difference.h"
#include "reporters/failure.h"

enum {
	FRAMES_MAX = 6,
	OUTPUT_LINES = 60,
	OUTPUT_BYTES = 16 * 1024,
	VALUE_BYTES = 4000,
	MESSAGE_BYTES = 16000
};

const char *failure_word(const struct failure *f)
{
	switch (f->kind) {
	case FAILURE_TIMEOUT:
		return "TIMEOUT";
	case FAILURE_CRASH:
	case FAILURE_PROTOCOL:
		return "CRASH";
	case FAILURE_LOAD:
		return "LOAD";
	default:
		return "FAIL";
	}
}

bool failure_is_blamed(const struct state_file *file, const struct failure *failure)
{
	for (size_t i = 0; i < file->test_count; i++)
		if (file->tests[i]->outcome == OUTCOME_FAILED && !file->tests[i]->quarantined &&
			file->tests[i]->failure.kind == failure->kind)
			return true;
	return false;
}

void failure_title(struct strbuf *out, const struct state_file *file, const struct state_test *test)
{
	if (*file->project)
		strbuf_addf(out, "[%s] ", file->project);
	if (test)
		test_id_text(out, test->path, test->occurrence);
	else
		strbuf_addstr(out, "the file itself");
}

void failure_place(struct strbuf *out, const struct state_file *file, const struct state_test *test,
	const struct failure *f)
{
	int line = f->line, column = f->column;
	const char *name = f->file;

	if (!name || !line) {
		name = file->file;
		line = test ? test->line : 0;
		column = test ? test->column : 0;
	}
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;
	ansi_filter(&clean, name, strlen(name), false);
	strbuf_addstr(out, clean.buf);
	if (line)
		strbuf_addf(out, ":%d", line);
	if (line && column)
		strbuf_addf(out, ":%d", column);
}

void failure_first_line(struct strbuf *out, const struct failure *f)
{
	if (!f->message)
		return;
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;
	ansi_filter(&clean, f->message, MIN(strlen(f->message), (size_t)MESSAGE_BYTES), false);
	const char *s = clean.buf + strspn(clean.buf, "\n\t ");
	strbuf_add(out, s, strcspn(s, "\n"));
}

/* The suite must be named when the file alone does not tell it. */
static bool in_two_suites(const struct state *state, const struct state_file *file)
{
	for (size_t i = 0; i < state->file_count; i++) {
		const struct state_file *f = state->files[i];
		if (f->suite != file->suite && streq(f->file, file->file))
			return true;
	}
	return false;
}

/* Its file runs in several projects of the suite. */
static bool in_two_projects(const struct state *state, const struct state_file *file)
{
	for (size_t i = 0; i < state->file_count; i++) {
		const struct state_file *f = state->files[i];
		if (f != file && f->suite == file->suite && streq(f->file, file->file))
			return true;
	}
	return false;
}

/* As "adds #2" does: the second "adds" is called so, too. */
static bool ends_with_number(const char *title)
{
	const char *hash = strrchr(title, '#');

	return hash && hash[1] && !hash[1 + strspn(hash + 1, "0123456789")];
}

void failure_rerun(struct strbuf *out, const struct state *state, const struct state_file *file,
	const struct state_test *test)
{
	strbuf_addstr(out, "muster run ");
	if (in_two_suites(state, file)) {
		strbuf_addstr(out, "--suite ");
		text_shell_quote(out, file->suite->name);
		strbuf_addch(out, ' ');
	}
	if (file->file[0] == '-')
		strbuf_addstr(out, "./");
	text_shell_quote(out, file->file);
	if (!test)
		return;
	cleanup_strbuf struct strbuf title = STRBUF_INIT, name = STRBUF_INIT, regex = STRBUF_INIT;
	if (*file->project && in_two_projects(state, file))
		strbuf_addf(&name, "[%s] ", file->project);
	test_id_full(&title, test->path, 1);
	if (test->occurrence > 1 || ends_with_number(title.buf))
		strbuf_addf(&name, "#%d: ", test->occurrence);
	strbuf_add(&name, title.buf, title.len);
	strbuf_addch(&regex, '^');
	text_regex_escape(&regex, name.buf);
	strbuf_addch(&regex, '$');
	strbuf_addstr(out, " -t ");
	text_shell_quote(out, regex.buf);
}

/* Foreign text, cleaned, indented by `indent`. */
static void write_block(struct sink *s, const char *text, size_t len, const char *indent)
{
	cleanup_strbuf struct strbuf clean = STRBUF_INIT;

	ansi_filter(&clean, text, len, s->color);
	strbuf_rtrim(&clean);
	const char *line = clean.buf + strspn(clean.buf, "\n");
	while (*line) {
		size_t n = strcspn(line, "\n");
		if (n)
			sink_printf(s, "%s%.*s", indent, (int)n, line);
		sink_puts(s, "\n");
		line += n + (line[n] == '\n');
	}
}

static bool mentions(const char *message, const char *value)
{
	return !*value || (message && strstr(message, value));
}

/* Only when the message does not show them already. */
static void write_difference(struct sink *s, const struct failure *f)
{
	if (!f->expected || !f->actual ||
		(mentions(f->message, f->expected) && mentions(f->message, f->actual)))
		return;
	if (f->message && strstr(f->message, "Expected") && strstr(f->message, "Received"))
		return;
	if (f->message && strstr(f->message, "+ actual - expected")) /* assert shows a diff */
		return;
	if (strchr(f->expected, '\n') || strchr(f->actual, '\n')) {
		difference_write(s, f->expected, f->actual, "    ");
		return;
	}
	sink_printf(
		s, "    %sexpected%s\n", ansi(ANSI_GREEN, s->color), ansi(ANSI_RESET, s->color));
	write_block(s, f->expected, MIN(strlen(f->expected), (size_t)VALUE_BYTES), "      ");
	sink_printf(s, "    %sactual%s\n", ansi(ANSI_RED, s->color), ansi(ANSI_RESET, s->color));
	write_block(s, f->actual, MIN(strlen(f->actual), (size_t)VALUE_BYTES), "      ");
}

/* Frames of the project; the framework's and node's own tell nothing. */
static void write_frames(struct sink *s, const struct state *state, const char *stack)
{
	cleanup_free char *base = xasprintf("%s/", state->run.base ? state->run.base : "");
	cleanup_strvec struct strvec lines = STRVEC_INIT;
	int shown = 0;

	strvec_split(&lines, stack, '\n');
	for (size_t i = 0; i < lines.n && shown < FRAMES_MAX; i++) {
		const char *line = lines.v[i] + strspn(lines.v[i], " \t");
		if (!starts_with(line, "at ") || !strchr(line, '/') ||
			strstr(line, "/node_modules/") || strstr(line, "node:internal") ||
			strstr(line, "(internal/"))
			continue;
		cleanup_strbuf struct strbuf clean = STRBUF_INIT;
		ansi_filter(&clean, line, strlen(line), false);
		const char *at = strstr(clean.buf, base);
		if (at && base[1]) { /* ES modules are told as file:///base/... */
			size_t from = (size_t)(at - clean.buf), scheme = strlen("file://");
			if (from < scheme || !starts_with(at - scheme, "file://"))
				scheme = 0;
			strbuf_remove(&clean, from - scheme, strlen(base) + scheme);
		}
		sink_printf(s, "      %s%s%s\n", ansi(ANSI_DIM, s->color), clean.buf,
			ansi(ANSI_RESET, s->color));
		shown++;
	}
}

void failure_output(struct sink *s, const struct state_file *file)
{
	const char *text = file->output.buf, *end = text + file->output.len, *start = end;
	int lines = 0;

	if (!file->output.len)
		return;
	while (start > text && lines <= OUTPUT_LINES && end - start <= OUTPUT_BYTES)
		lines += *--start == '\n';
	if (start > text)
		start++;
	sink_printf(s, "    %soutput of %s%s%s\n", ansi(ANSI_DIM, s->color), file->file,
		start > text || file->output_dropped ? " (the end of it)" : "",
		ansi(ANSI_RESET, s->color));
	write_block(s, start, (size_t)(end - start), "      | ");
}

void failure_write(struct sink *s, const struct state *state, const struct state_file *file,
	const struct state_test *test, const struct failure *f)
{
	cleanup_strbuf struct strbuf title = STRBUF_INIT, place = STRBUF_INIT, rerun = STRBUF_INIT;

	failure_title(&title, file, test);
	failure_place(&place, file, test, f);
	failure_rerun(&rerun, state, file, test);
	sink_printf(s, "\n  %s%s%s %s%s%s\n", ansi(ANSI_RED, s->color), failure_word(f),
		ansi(ANSI_RESET, s->color), ansi(ANSI_BOLD, s->color), title.buf,
		ansi(ANSI_RESET, s->color));
	sink_printf(s, "    %s\n", place.buf);
	if (f->message) {
		sink_puts(s, "\n");
		write_block(s, f->message, MIN(strlen(f->message), (size_t)MESSAGE_BYTES), "    ");
	}
	write_difference(s, f);
	if (f->snippet && !(f->message && strstr(f->message, f->snippet)))
		write_block(s, f->snippet, MIN(strlen(f->snippet), (size_t)VALUE_BYTES), "    ");
	if (f->stack)
		write_frames(s, state, f->stack);
	sink_printf(s, "\n    %srerun:%s %s\n\n", ansi(ANSI_CYAN, s->color),
		ansi(ANSI_RESET, s->color), rerun.buf);
}
