#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/flaky/quarantine.h"

/* The file is edited as text, line by line: only so its comments and its form survive. */

/* Offset of the first character of a line, from 1; past the end: the length. */
static size_t line_offset(const char *text, int line)
{
	const char *at = text;

	while (--line > 0 && *at) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	return (size_t)(at - text);
}

static size_t indent_of(const char *line)
{
	return strspn(line, " ");
}

static bool is_blank_or_comment(const char *line)
{
	line += indent_of(line);
	return *line == '\n' || *line == '\r' || *line == '#' || !*line;
}

/* Column of the dash of an entry, from 0; -1 when it does not stand alone in front of it. */
static int dash_column(const struct quarantine *q, const struct quarantine_entry *e)
{
	const char *line = q->yaml->source + line_offset(q->yaml->source, e->line);
	size_t dash = indent_of(line);

	if (line[dash] != '-' || line[dash + 1] != ' ' || e->column <= (int)dash + 2)
		return -1;
	return (int)dash;
}

/* An entry ends where a line stands as far left as its dash; what is blank or a comment in front of
 * that belongs to what follows. */
static size_t entry_end(const struct quarantine *q, const struct quarantine_entry *e, int dash)
{
	const char *text = q->yaml->source;
	size_t at = line_offset(text, e->line + 1), end = at;

	while (text[at] &&
		(is_blank_or_comment(text + at) || indent_of(text + at) > (size_t)dash)) {
		bool content = !is_blank_or_comment(text + at);
		at += strcspn(text + at, "\n");
		at += text[at] == '\n';
		end = content ? at : end;
	}
	return end;
}

static int cannot(const struct quarantine *q, struct error *err, const char *text)
{
	error_set(err, EXIT_CODE_USAGE, "%s is written in a form that is not edited: %s",
		q->yaml->path, text);
	return error_help(err, "write each entry on lines of its own (`- file: …`), or edit it "
			       "by hand");
}

static void put(struct strbuf *out, size_t dash, bool *first, const char *key, const char *value)
{
	if (!value)
		return;
	strbuf_addchn(out, ' ', dash);
	strbuf_addf(out, "%s%s: ", *first ? "- " : "  ", key);
	jsonw_quote(out, value, strlen(value)); /* JSON's strings are YAML's, too */
	strbuf_addch(out, '\n');
	*first = false;
}

static void put_entry(struct strbuf *out, size_t dash, const struct quarantine_add *e)
{
	bool first = true;

	put(out, dash, &first, "file", e->file);
	put(out, dash, &first, "test", e->test);
	put(out, dash, &first, "suite", e->suite);
	put(out, dash, &first, "owner", e->owner);
	put(out, dash, &first, "reason", e->reason);
	put(out, dash, &first, "expires", e->expires);
}

/* The result is read before it is believed. */
static int verify(
	const struct quarantine *q, const struct strbuf *text, size_t expected, struct error *err)
{
	struct quarantine again;
	struct error own = ERROR_INIT;

	quarantine_init(&again);
	int result = quarantine_parse(&again, q->yaml ? q->yaml->path : "quarantine.yaml",
		text->buf, text->len, q->now_ms, &own);
	if (result < 0)
		*err = own;
	else if (again.n != expected)
		result = cannot(q, err, "its entries cannot be told apart");
	quarantine_release(&again);
	return result;
}

int quarantine_text_add(const struct quarantine *q, const struct quarantine_add *entry,
	struct strbuf *out, struct error *err)
{
	const char *text = q->yaml ? q->yaml->source : "";
	size_t start = out->len, end = strlen(text);
	int dash = 0;

	if (q->n) {
		dash = dash_column(q, &q->entries[q->n - 1]);
		if (dash < 0)
			return cannot(q, err, "a list within brackets");
		end = entry_end(q, &q->entries[q->n - 1], dash);
	} else if (q->yaml && q->yaml->root && q->yaml->root->kind == YAML_MAPPING) {
		dash = 2; /* below `tests:` */
	}
	strbuf_add(out, text, end);
	if (out->len > start && out->buf[out->len - 1] != '\n')
		strbuf_addch(out, '\n');
	put_entry(out, (size_t)dash, entry);
	strbuf_addstr(out, text + end);
	return verify(q, out, q->n + 1, err);
}

int quarantine_text_remove(const struct quarantine *q, const struct quarantine_entry *entry,
	struct strbuf *out, struct error *err)
{
	const char *text = q->yaml->source;
	int dash = dash_column(q, entry);

	if (dash < 0)
		return cannot(q, err, "a list within brackets");
	strbuf_add(out, text, line_offset(text, entry->line));
	strbuf_addstr(out, text + entry_end(q, entry, dash));
	return verify(q, out, q->n - 1, err);
}
