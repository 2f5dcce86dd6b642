#include "core/base/base.h"

#include "cmd/options.h"
#include "core/base/text.h"

void options_release(struct options *o)
{
	free(o->v);
	strvec_release(&o->words);
	strvec_release(&o->rest);
}

static const struct option *find(
	const struct option *const *tables, const char *name, size_t len, char letter)
{
	for (; *tables; tables++)
		for (const struct option *o = *tables; o->name; o++)
			if (letter ? o->letter == letter
				   : strlen(o->name) == len && strncmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

static int unknown(const struct option *const *tables, const char *word, struct error *err)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;
	cleanup_free char *name = xstrndup(word, strcspn(word, "="));

	for (; *tables; tables++)
		for (const struct option *o = *tables; o->name; o++)
			strvec_pushf(&names, "--%s", o->name);
	error_set(err, EXIT_CODE_USAGE, "unknown option `%s`", name);
	const char *closest = text_closest(name, (const char *const *)names.v);
	if (closest)
		return error_help(err, "did you mean `%s`?", closest);
	return error_help(err, "`--help` lists all; the runner's own options go behind `--`");
}

static void add(struct options *o, const struct option *option, const char *value)
{
	o->v = xrealloc(o->v, (o->n + 1) * sizeof(*o->v));
	o->v[o->n++] = (struct option_use){option, value};
}

/* The value that follows an option: attached, or the next word. */
static int take(struct options *o, const struct option *option, const char *attached, char ***next,
	char **end, struct error *err)
{
	if (option->kind == OPTION_FLAG && attached)
		return error_set(
			err, EXIT_CODE_USAGE, "option `--%s` takes no value", option->name);
	if (option->kind == OPTION_VALUE && !attached) {
		if (*next == end)
			return error_set(err, EXIT_CODE_USAGE, "option `--%s` needs a value: %s",
				option->name, option->value);
		attached = *(*next)++;
	}
	add(o, option, attached);
	return 0;
}

static int short_options(struct options *o, const char *word, char ***next, char **end,
	const struct option *const *tables, struct error *err)
{
	for (const char *c = word + 1; *c; c++) {
		const struct option *option = find(tables, NULL, 0, *c);
		if (!option)
			return unknown(tables, word, err);
		if (option->kind == OPTION_VALUE)
			return take(o, option, c[1] ? c + 1 + (c[1] == '=') : NULL, next, end, err);
		add(o, option, NULL);
	}
	return 0;
}

int options_parse(struct options *o, int argc, char **argv, const struct option *const *tables,
	struct error *err)
{
	char **next = argv, **end = argv + argc;

	*o = (struct options){.words = STRVEC_INIT, .rest = STRVEC_INIT};
	while (next < end) {
		const char *word = *next++;
		if (streq(word, "--")) {
			while (next < end)
				strvec_push(&o->rest, *next++);
		} else if (starts_with(word, "--")) {
			size_t len = strcspn(word + 2, "=");
			const struct option *option = find(tables, word + 2, len, 0);
			const char *attached = word[2 + len] ? word + 3 + len : NULL;
			if (!option)
				return unknown(tables, word, err);
			if (take(o, option, attached, &next, end, err) < 0)
				return -1;
		} else if (word[0] == '-' && word[1]) {
			if (short_options(o, word, &next, end, tables, err) < 0)
				return -1;
		} else {
			strvec_push(&o->words, word);
		}
	}
	return 0;
}

bool options_has(const struct options *o, const char *name)
{
	for (size_t i = 0; i < o->n; i++)
		if (streq(o->v[i].option->name, name))
			return true;
	return false;
}

const char *options_value(const struct options *o, const char *name, const char *fallback)
{
	for (size_t i = o->n; i-- > 0;)
		if (streq(o->v[i].option->name, name) && o->v[i].value)
			return o->v[i].value;
	return fallback;
}
