#include "core/base/base.h"

#include "cmd/options.h"
#include "core/base/text.h"

void options_release(struct options *o)
{
	free(o->v);
	strvec_release(&o->words);
	strvec_release(&o->rest);
	*o = (struct options)OPTIONS_INIT;
}

const struct option *options_find(
	const struct option *const *tables, const char *name, size_t len, char letter)
{
	for (; *tables; tables++)
		for (const struct option *o = *tables; o->name; o++)
			if (letter ? o->letter == letter
				   : strlen(o->name) == len && strncmp(o->name, name, len) == 0)
				return o;
	return NULL;
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const char runner_hint[] = "`--help` lists all; the runner's own options go behind `--`";

static int unknown_long(const struct option *const *tables, const char *word, struct error *err)
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
	return error_help(err, "%s", runner_hint);
}

/* `-json` for `--json` is the usual slip; any other letter has no neighbour worth naming. */
static int unknown_letter(
	const struct option *const *tables, const char *word, const char *at, struct error *err)
{
	size_t len = text_utf8_len(at, strlen(at));
	const struct option *meant = options_find(tables, word + 1, strcspn(word + 1, "="), 0);

	if (meant) {
		error_set(err, EXIT_CODE_USAGE, "unknown option `%s`", word);
		return error_help(err, "did you mean `--%s`?", meant->name);
	}
	error_set(err, EXIT_CODE_USAGE, "unknown option `-%.*s`%s%s%s", (int)MAX(len, (size_t)1),
		at, word[2] ? " in `" : "", word[2] ? word : "", word[2] ? "`" : "");
	return error_help(err, "%s", runner_hint);
}

static bool is_one_of(const char *list, const char *value)
{
	cleanup_strvec struct strvec words = STRVEC_INIT;

	strvec_split(&words, list, '|');
	return strvec_has(&words, value);
}

static int check_value(const struct option *option, const char *value, struct error *err)
{
	if (!*value) {
		error_set(err, EXIT_CODE_USAGE, "`--%s` needs a value", option->name);
		return error_help(err, "--%s=%s", option->name, option->value);
	}
	if (!option->one_of || is_one_of(option->value, value))
		return 0;
	error_set(err, EXIT_CODE_USAGE, "`--%s` does not take `%s`", option->name, value);
	return error_help(err, "--%s=%s", option->name, option->value);
}

/* ---- parsing --------------------------------------------------------------------------------- */

struct cursor {
	char **next, **end;
	const struct option *const *tables;
};

static int add(struct options *o, const struct option *option, const char *value, struct error *err)
{
	if (value && check_value(option, value, err) < 0)
		return -1;
	GROW(o->v, o->n + 1, o->cap);
	o->v[o->n++] = (struct option_use){option, value};
	return 0;
}

/* The value of an option that needs one: attached, or the next word. A word that is an option
 * itself is not taken: `--suite --json` is a forgotten value more often than a suite `--json`. */
static int add_value(struct options *o, const struct option *option, const char *attached,
	struct cursor *c, struct error *err)
{
	if (attached)
		return add(o, option, attached, err);
	const char *word = c->next < c->end ? *c->next : NULL;
	if (word && !(word[0] == '-' && word[1])) {
		c->next++;
		return add(o, option, word, err);
	}
	error_set(err, EXIT_CODE_USAGE, "`--%s` needs a value", option->name);
	if (word && !streq(word, "--"))
		return error_help(err, "if it is `%s`: --%s=%s", word, option->name, word);
	return error_help(err, "--%s=%s", option->name, option->value);
}

static int parse_long(struct options *o, const char *word, struct cursor *c, struct error *err)
{
	size_t len = strcspn(word + 2, "=");
	const char *attached = word[2 + len] ? word + 3 + len : NULL;
	const struct option *option = options_find(c->tables, word + 2, len, 0);

	if (!option)
		return unknown_long(c->tables, word, err);
	if (option->kind == OPTION_VALUE)
		return add_value(o, option, attached, c, err);
	if (option->kind == OPTION_FLAG && attached)
		return error_set(err, EXIT_CODE_USAGE, "`--%s` takes no value", option->name);
	return add(o, option, attached, err);
}

static int parse_letters(struct options *o, const char *word, struct cursor *c, struct error *err)
{
	/* `-json` is no `-j son` */
	if (word[2] && options_find(c->tables, word + 1, strcspn(word + 1, "="), 0))
		return unknown_letter(c->tables, word, word + 1, err);
	for (const char *at = word + 1; *at; at++) {
		const struct option *option = options_find(c->tables, NULL, 0, *at);
		if (!option)
			return unknown_letter(c->tables, word, at, err);
		if (option->kind == OPTION_VALUE)
			return add_value(o, option, at[1] ? at + 1 + (at[1] == '=') : NULL, c, err);
		if (add(o, option, NULL, err) < 0)
			return -1;
	}
	return 0;
}

int options_parse(struct options *o, int argc, char **argv, const struct option *const *tables,
	struct error *err)
{
	struct cursor c = {argv, argv + argc, tables};

	while (c.next < c.end) {
		const char *word = *c.next++;
		int result = 0;
		if (streq(word, "--")) {
			while (c.next < c.end)
				strvec_push(&o->rest, *c.next++);
		} else if (starts_with(word, "--")) {
			result = parse_long(o, word, &c, err);
		} else if (word[0] == '-' && word[1]) {
			result = parse_letters(o, word, &c, err);
		} else {
			strvec_push(&o->words, word);
		}
		if (result < 0)
			return -1;
	}
	return 0;
}

/* True when the value of this word is the next one. */
static bool takes_next(const char *word, const struct option *const *tables)
{
	const struct option *option;

	if (starts_with(word, "--")) {
		option = options_find(tables, word + 2, strlen(word + 2), 0);
		return option && option->kind == OPTION_VALUE;
	}
	for (const char *at = word + 1; *at; at++) {
		option = options_find(tables, NULL, 0, *at);
		if (option && option->kind == OPTION_VALUE)
			return !at[1];
	}
	return false;
}

int options_first_word(int argc, char **argv, const struct option *const *tables)
{
	int i = 0;

	while (i < argc && !streq(argv[i], "--")) {
		if (argv[i][0] != '-' || !argv[i][1])
			return i;
		i += takes_next(argv[i], tables) ? 2 : 1;
	}
	return argc;
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
