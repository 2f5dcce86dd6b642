#include "core/base/base.h"

#include "core/base/ansi.h"
#include "core/base/strbuf.h"
#include "reporters/difference.h"

enum {
	CONTEXT = 3,
	LINES_MAX = 80,      /* shown */
	TABLE_MAX = 1 << 20, /* above: all between the first and the last change is one change */
};

struct lines {
	struct strbuf text; /* its line ends are NUL */
	char **v;
	size_t n;
};

struct difference {
	struct sink *sink;
	const char *indent;
	struct lines old, new;
	uint16_t *common; /* [i][k]: lines in common from i and k on; NULL = too many */
	size_t first, old_end, new_end;
	size_t shown, hidden; /* changes and context; those over the bound */
};

static void split(struct lines *lines, const char *text)
{
	size_t cap = 0;

	ansi_filter(&lines->text, text, strlen(text), false);
	strbuf_rtrim(&lines->text);
	for (char *line = lines->text.buf, *end; line; line = end) {
		GROW(lines->v, lines->n + 1, cap);
		lines->v[lines->n++] = line;
		end = strchr(line, '\n');
		if (end)
			*end++ = '\0';
	}
}

static bool same(const struct difference *d, size_t i, size_t k)
{
	return streq(d->old.v[i], d->new.v[k]);
}

static uint16_t *cell(const struct difference *d, size_t i, size_t k)
{
	return &d->common[(i - d->first) * (d->new_end - d->first + 1) + k - d->first];
}

/* What is the same at both ends costs nothing. */
static void compare(struct difference *d)
{
	d->old_end = d->old.n;
	d->new_end = d->new.n;
	while (d->first < MIN(d->old_end, d->new_end) && same(d, d->first, d->first))
		d->first++;
	while (MIN(d->old_end, d->new_end) > d->first && same(d, d->old_end - 1, d->new_end - 1))
		d->old_end--, d->new_end--;
	size_t rows = d->old_end - d->first + 1, columns = d->new_end - d->first + 1;
	if (MIN(rows, columns) > UINT16_MAX || rows > TABLE_MAX / columns)
		return;
	d->common = xcalloc(rows * columns, sizeof(*d->common));
	for (size_t i = d->old_end; i-- > d->first;)
		for (size_t k = d->new_end; k-- > d->first;)
			*cell(d, i, k) = same(d, i, k)
						 ? (uint16_t)(*cell(d, i + 1, k + 1) + 1)
						 : MAX(*cell(d, i + 1, k), *cell(d, i, k + 1));
}

static void show(struct difference *d, char mark, const char *line)
{
	enum ansi_style color = mark == '-' ? ANSI_GREEN : mark == '+' ? ANSI_RED : ANSI_DIM;

	if (d->shown++ >= LINES_MAX) {
		d->hidden++;
		return;
	}
	sink_printf(d->sink, "%s%s%c %s%s\n", d->indent, ansi(color, d->sink->color), mark, line,
		ansi(ANSI_RESET, d->sink->color));
}

/* `n` lines that are the same, from i on: the last ones of them, the first ones, or both. */
static void show_same(struct difference *d, size_t i, size_t n, bool before, bool after)
{
	size_t head = after ? MIN(n, CONTEXT) : 0, tail = before ? MIN(n - head, CONTEXT) : 0;

	for (size_t k = 0; k < head; k++)
		show(d, ' ', d->old.v[i + k]);
	if (head + tail < n && d->shown < LINES_MAX)
		sink_printf(d->sink, "%s  \xe2\x80\xa6\n", d->indent);
	for (size_t k = n - tail; k < n; k++)
		show(d, ' ', d->old.v[i + k]);
}

static void walk(struct difference *d)
{
	size_t i = d->first, k = d->first;

	show_same(d, 0, d->first, true, false);
	while (i < d->old_end || k < d->new_end) {
		size_t n = 0;
		while (d->common && i + n < d->old_end && k + n < d->new_end &&
			same(d, i + n, k + n))
			n++;
		if (n) {
			show_same(d, i, n, true, true);
			i += n;
			k += n;
		} else if (i < d->old_end && (k == d->new_end || !d->common ||
						     *cell(d, i + 1, k) >= *cell(d, i, k + 1))) {
			show(d, '-', d->old.v[i++]);
		} else {
			show(d, '+', d->new.v[k++]);
		}
	}
	show_same(d, d->old_end, d->old.n - d->old_end, false, true);
}

void difference_write(struct sink *s, const char *expected, const char *actual, const char *indent)
{
	struct difference d = {.sink = s, .indent = indent};

	strbuf_init(&d.old.text);
	strbuf_init(&d.new.text);
	split(&d.old, expected);
	split(&d.new, actual);
	compare(&d);
	sink_printf(s, "%s%s- expected%s\n%s%s+ actual%s\n", indent, ansi(ANSI_GREEN, s->color),
		ansi(ANSI_RESET, s->color), indent, ansi(ANSI_RED, s->color),
		ansi(ANSI_RESET, s->color));
	if (d.first == d.old.n && d.first == d.new.n)
		sink_printf(s, "%s  both look alike\n", indent);
	else
		walk(&d);
	if (d.hidden)
		sink_printf(s, "%s  \xe2\x80\xa6 %zu lines more\n", indent, d.hidden);
	free(d.common);
	free(d.old.v);
	free(d.new.v);
	strbuf_release(&d.old.text);
	strbuf_release(&d.new.text);
}
