#include "core/base/base.h"

#include "cmd/problems.h"
#include "core/base/ansi.h"
#include "core/base/file.h"
#include "core/base/strbuf.h"

enum { NOTICES_SHOWN = 3 }; /* of a kind; a reporter that miscounts does so in every file */

static void say(const char *word, enum ansi_style style, const struct strbuf *text, bool color)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	strbuf_addf(&out, "%s%s%s:%s ", ansi(ANSI_BOLD, color), ansi(style, color), word,
		ansi(ANSI_RESET, color));
	/* Names of files and tests: nothing in them may drive the terminal. */
	ansi_filter(&out, text->buf, text->len, false);
	strbuf_addch(&out, '\n');
	file_write_all(STDERR_FILENO, out.buf, out.len);
}

static void problem_text(struct strbuf *out, const struct problem *p)
{
	if (p->file)
		strbuf_addstr(out, streq(p->file, "-") ? "stdin" : p->file);
	if (p->line)
		strbuf_addf(out, ":%" PRId64, p->line);
	if (p->line && p->column)
		strbuf_addf(out, ":%" PRId64, p->column);
	if (p->offset >= 0)
		strbuf_addf(out, ": at byte %" PRId64, p->offset);
	strbuf_addf(out, "%s%s", out->len ? ": " : "", p->text);
}

/* Problem `at` among those of its kind, from 0. */
static size_t rank_of(const struct problems *problems, size_t at)
{
	size_t rank = 0;

	for (size_t i = 0; i < at; i++)
		rank += !problems->v[i].lost && streq(problems->v[i].kind, problems->v[at].kind);
	return rank;
}

void problems_say(const struct problems *problems, int verbosity, bool color)
{
	size_t folded = 0;

	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->v[i];
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		if (!p->lost && verbosity < 0)
			continue;
		if (!p->lost && verbosity == 0 && rank_of(problems, i) >= NOTICES_SHOWN) {
			folded++;
			continue;
		}
		problem_text(&text, p);
		say(p->lost ? "error" : "notice", p->lost ? ANSI_RED : ANSI_YELLOW, &text, color);
	}
	if (folded) {
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		strbuf_addf(&text, "%zu more like these; `-v` shows all", folded);
		say("notice", ANSI_YELLOW, &text, color);
	}
}

void problems_json(struct jsonw *w, const struct problems *problems)
{
	jsonw_array_begin(w, "problems");
	for (size_t i = 0; i < problems->n; i++) {
		const struct problem *p = &problems->v[i];
		jsonw_object_begin(w, NULL);
		jsonw_string(w, "severity", p->lost ? "error" : "notice");
		jsonw_string(w, "kind", p->kind);
		jsonw_string(w, "file", p->file);
		if (p->line)
			jsonw_int(w, "line", p->line);
		if (p->column)
			jsonw_int(w, "column", p->column);
		if (p->offset >= 0)
			jsonw_int(w, "offset", p->offset);
		jsonw_string(w, "message", p->text);
		jsonw_object_end(w);
	}
	jsonw_array_end(w);
}
