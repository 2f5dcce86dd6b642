#include "core/base/base.h"

#include "core/base/path.h"

/*
 * All places of the pattern where a match may stand are followed at once, character by character of
 * the path, so that no pattern is slow: CODEOWNERS and configuration come from strangers.
 */
enum {
	HERE = 1,  /* everything before this place has matched */
	INSIDE = 2 /* of a folder that a "**" with a slash stands for */
};

struct glob {
	const char *p;
	size_t n;
	size_t *to; /* of a closed `{`: its `}`; of a `,` or `}` of it: what is behind; NULL = no
		       braces */
};

struct places {
	unsigned char *is;
	size_t from, end; /* none is outside */
};

static void arrive(struct places *at, size_t i, int how)
{
	at->is[i] |= how;
	at->from = MIN(at->from, i);
	at->end = MAX(at->end, i + 1);
}

/* `[a-z]` or `[!a-z]`; its length, 0 when it does not end. */
static size_t class_len(const char *p)
{
	const char *from = p + 1 + (p[1] == '!' || p[1] == '^');
	const char *end = strchr(from, ']');

	return end ? (size_t)(end - p) + 1 : 0;
}

static bool class_has(const char *p, size_t len, char c)
{
	bool negate = p[1] == '!' || p[1] == '^';
	bool hit = false;

	for (size_t i = 1 + negate; i < len - 1; i++) {
		if (p[i + 1] == '-' && i + 2 < len - 1) {
			hit |= c >= p[i] && c <= p[i + 2];
			i += 2;
		} else {
			hit |= p[i] == c;
		}
	}
	return hit != negate;
}

static size_t token_len(const char *p)
{
	size_t len = *p == '\\' && p[1] ? 2 : *p == '[' ? class_len(p) : 1;

	return len ? len : 1;
}

static void find_braces(struct glob *g)
{
	cleanup_free size_t *open = xcalloc(g->n, sizeof(*open));
	size_t depth = 0;

	g->to = xcalloc(g->n, sizeof(*g->to));
	for (size_t i = 0; i < g->n; i += token_len(g->p + i)) {
		if (g->p[i] == '{') {
			open[depth++] = i;
		} else if (g->p[i] == '}' && depth) {
			g->to[open[--depth]] = i;
			g->to[i] = i + 1;
		}
	}
	depth = 0;
	for (size_t i = 0; i < g->n; i += token_len(g->p + i)) {
		if (g->p[i] == '{' && g->to[i])
			open[depth++] = i;
		else if (g->p[i] == '}' && g->to[i])
			depth--;
		else if (g->p[i] == ',' && depth)
			g->to[i] = g->to[open[depth - 1]] + 1;
	}
}

/* Length of a star at a place: 1, 2, or 3 with the slash that belongs to it; 0 = none. */
static size_t star_len(const char *p)
{
	return *p != '*' ? 0 : p[1] != '*' ? 1 : p[2] != '/' ? 2 : 3;
}

/* Go on from every place without a character: a star may be nothing, and braces are. */
static void follow(const struct glob *g, struct places *at)
{
	for (size_t i = at->from; i < at->end && i < g->n; i++) {
		if (!(at->is[i] & HERE))
			continue;
		if (star_len(g->p + i)) {
			arrive(at, i + star_len(g->p + i), HERE);
		} else if (g->to && g->to[i] && g->p[i] == '{') {
			arrive(at, i + 1, HERE);
			for (size_t j = i + 1; j < g->to[i]; j++)
				if (g->p[j] == ',' && g->to[j] == g->to[i] + 1)
					arrive(at, j + 1, HERE);
		} else if (g->to && g->to[i]) {
			arrive(at, g->to[i], HERE);
		}
	}
}

static void step_place(const struct glob *g, size_t i, char c, struct places *next)
{
	const char *p = g->p + i;
	size_t len = token_len(p);

	switch (star_len(p)) {
	case 1:
		if (c != '/')
			arrive(next, i, HERE);
		return;
	case 2:
		arrive(next, i, HERE);
		return;
	case 3:
		arrive(next, i, INSIDE);
		if (c == '/')
			arrive(next, i + 3, HERE);
		return;
	}
	if (g->to && g->to[i])
		return;
	if (*p == '?'       ? c != '/'
		: *p == '[' ? c != '/' && len > 1 && class_has(p, len, c)
			    : p[len - 1] == c)
		arrive(next, i + len, HERE);
}

static bool match(const struct glob *g, const char *s)
{
	cleanup_free unsigned char *memory = xcalloc(2, g->n + 1);
	struct places now = {memory, SIZE_MAX, 0}, next = {memory + g->n + 1, SIZE_MAX, 0};

	arrive(&now, 0, HERE);
	for (follow(g, &now); *s && now.from < now.end; s++) {
		for (size_t i = now.from; i < now.end && i < g->n; i++)
			if (now.is[i])
				step_place(g, i, *s, &next);
		follow(g, &next);
		memset(now.is + now.from, 0, now.end - now.from);
		now = (struct places){next.is, next.from, next.end};
		next = (struct places){now.is == memory ? memory + g->n + 1 : memory, SIZE_MAX, 0};
	}
	return !*s && now.is[g->n] & HERE;
}

bool path_glob(const char *pattern, const char *path)
{
	struct glob g = {NULL, 0, NULL};

	if (starts_with(pattern, "./"))
		pattern += 2;
	while (*pattern && !strchr("*?[{\\", *pattern)) /* most patterns fail here */
		if (*pattern++ != *path++)
			return false;
	g.p = pattern;
	g.n = strlen(pattern);
	if (strchr(pattern, '{'))
		find_braces(&g);
	bool ok = match(&g, path);
	free(g.to);
	return ok;
}
