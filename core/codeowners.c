#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/codeowners.h"
#include "core/change/git.h"

#include <strings.h>

enum { FILE_BYTES = 3 * 1024 * 1024 /* GitHub reads no larger one */ };

struct rule {
	char *pattern; /* for path_glob() */
	bool tree;     /* also means everything below a folder of that name */
	bool below;    /* means only what is below */
	char *owners;  /* "" = nobody */
};

struct codeowners {
	char *prefix;
	struct rule *rules;
	size_t n, cap;
};

/* ---- reading ----------------------------------------------------------------------------------- */

/* The first word of a line, in which a backslash keeps a space or a `#`. */
static size_t word_len(const char *s)
{
	size_t n = 0;

	while (s[n] && s[n] != ' ' && s[n] != '\t')
		n += s[n] == '\\' && s[n + 1] ? 2 : 1;
	return n;
}

/* In the notation of path_glob(), which knows more than GitHub does. */
static void add_pattern(struct strbuf *out, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '\\' && i + 1 < len)
			i++;
		if (strchr("{[\\", s[i]) || (i && s[i - 1] == '\\'))
			strbuf_addch(out, '\\');
		strbuf_addch(out, s[i]);
	}
}

static void add_rule(struct codeowners *c, const char *line)
{
	size_t len = word_len(line);
	cleanup_strbuf struct strbuf pattern = STRBUF_INIT, owners = STRBUF_INIT;
	cleanup_strvec struct strvec words = STRVEC_INIT;
	bool below = len > 1 && line[len - 1] == '/';
	size_t end = below ? len - 1 : len;
	const char *slash = memchr(line, '/', end);

	strvec_split(&words, line + len, ' ');
	for (size_t i = 0; i < words.n && words.v[i][0] != '#'; i++)
		strbuf_addf(&owners, "%s%s", owners.len ? " " : "", words.v[i]);
	if (!slash)
		strbuf_addstr(&pattern, "**/");
	bool rooted = *line == '/';
	add_pattern(&pattern, line + rooted, end - rooted);
	/* "docs/" + "*": not what is in folders of docs */
	bool shallow = slash && end > 1 && line[end - 1] == '*' && line[end - 2] == '/';
	GROW(c->rules, c->n + 1, c->cap);
	c->rules[c->n++] = (struct rule){
		.pattern = strbuf_detach(&pattern),
		.tree = !shallow,
		.below = below,
		.owners = strbuf_detach(&owners),
	};
}

struct codeowners *codeowners_parse(const char *text, const char *prefix)
{
	struct codeowners *c = xcalloc(1, sizeof(*c));

	c->prefix = xstrdup(prefix);
	while (*text) {
		size_t len = strcspn(text, "\n");
		cleanup_strbuf struct strbuf line = STRBUF_INIT;
		strbuf_add(&line, text, len);
		for (size_t i = 0; i < line.len; i++)
			line.buf[i] = line.buf[i] == '\t' ? ' ' : line.buf[i];
		strbuf_rtrim(&line);
		const char *start = line.buf + strspn(line.buf, " ");
		if (*start && *start != '#')
			add_rule(c, start);
		text += len + (text[len] == '\n');
	}
	return c;
}

struct codeowners *codeowners_load(const char *base)
{
	static const char *const places[] = {".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"};
	struct codeowners *c = NULL;
	struct git_head head;

	git_head(base, &head);
	const char *root = head.root ? head.root : base;
	cleanup_free char *prefix = path_relative(root, base);
	for (size_t i = 0; i < ARRAY_LEN(places) && !c; i++) {
		cleanup_free char *path = path_join(root, places[i]);
		cleanup_strbuf struct strbuf text = STRBUF_INIT;
		if (path_exists(path) &&
			file_read(path, FILE_BYTES, EXIT_CODE_USAGE, &text, NULL) == 0)
			c = codeowners_parse(text.buf, streq(prefix, ".") ? "" : prefix);
	}
	git_head_release(&head);
	return c;
}

void codeowners_free(struct codeowners *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n; i++) {
		free(c->rules[i].pattern);
		free(c->rules[i].owners);
	}
	free(c->rules);
	free(c->prefix);
	free(c);
}

/* ---- asking ------------------------------------------------------------------------------------ */

static bool matches(const struct rule *rule, const char *path)
{
	if (!rule->below && path_glob(rule->pattern, path))
		return true;
	if (!rule->tree)
		return false;
	cleanup_free char *deep = xasprintf("%s/**", rule->pattern);
	return path_glob(deep, path);
}

const char *codeowners_of(const struct codeowners *c, const char *path)
{
	if (!c)
		return NULL;
	cleanup_free char *full = *c->prefix ? path_join(c->prefix, path) : xstrdup(path);
	for (size_t i = c->n; i-- > 0;)
		if (matches(&c->rules[i], full))
			return *c->rules[i].owners ? c->rules[i].owners : NULL;
	return NULL;
}

static const char *bare(const char *owner)
{
	return owner + (*owner == '@');
}

bool codeowners_has(const struct codeowners *c, const char *path, const char *owner)
{
	const char *owners = codeowners_of(c, path);
	cleanup_strvec struct strvec words = STRVEC_INIT;

	if (owners)
		strvec_split(&words, owners, ' ');
	strvec_each (word, &words)
		if (strcasecmp(bare(word), bare(owner)) == 0)
			return true;
	return false;
}
