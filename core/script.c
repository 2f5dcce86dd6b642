#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/script.h"

#include <ctype.h>

/* ---- words ---------------------------------------------------------------------------------- */

struct lexer {
	const char *at;
	bool opaque; /* the command holds something only a shell can tell: $x, `…`, redirections */
};

/* Behind `$`: an expansion. Scripts of npm packages rarely have one that matters to us. */
static void expansion(struct lexer *lx)
{
	lx->opaque = true;
	lx->at++;
}

static void quoted(struct lexer *lx, struct strbuf *word)
{
	char quote = *lx->at++;

	while (*lx->at && *lx->at != quote) {
		if (quote == '"' && *lx->at == '\\' && lx->at[1])
			lx->at++;
		else if (quote == '"' && (*lx->at == '$' || *lx->at == '`'))
			lx->opaque = true;
		strbuf_addch(word, *lx->at++);
	}
	if (*lx->at)
		lx->at++;
	else
		lx->opaque = true;
}

/* One word into `word`; false at the end of the simple command. */
static bool next_word(struct lexer *lx, struct strbuf *word)
{
	strbuf_reset(word);
	while (*lx->at == ' ' || *lx->at == '\t')
		lx->at++;
	if (!*lx->at || strchr(";&|\n()", *lx->at))
		return false;
	while (*lx->at && !strchr(" \t;&|\n()", *lx->at)) {
		if (*lx->at == '\'' || *lx->at == '"') {
			quoted(lx, word);
		} else if (*lx->at == '\\' && lx->at[1]) {
			lx->at++;
			strbuf_addch(word, *lx->at++);
		} else if (*lx->at == '$' || *lx->at == '`') {
			expansion(lx);
		} else if (*lx->at == '>' || *lx->at == '<') {
			lx->opaque = true;
			lx->at++;
		} else {
			strbuf_addch(word, *lx->at++);
		}
	}
	return true;
}

static void skip_separator(struct lexer *lx)
{
	while (*lx->at && strchr(";&|\n() \t", *lx->at))
		lx->at++;
}

/* ---- taking wrappers off -------------------------------------------------------------------- */

static bool is_assignment(const char *word)
{
	const char *c = word;

	if (!isalpha((unsigned char)*c) && *c != '_')
		return false;
	while (isalnum((unsigned char)*c) || *c == '_')
		c++;
	return *c == '=';
}

/* "./node_modules/mocha/bin/mocha.js" -> "mocha"; a path to a framework's own CLI is that
 * framework. */
static char *program_name(const char *word)
{
	static const struct {
		const char *tail, *name;
	} known[] = {
		{"jest/bin/jest.js", "jest"},
		{"jest/bin/jest", "jest"},
		{"jest-cli/bin/jest.js", "jest"},
		{"mocha/bin/mocha.js", "mocha"},
		{"mocha/bin/_mocha", "mocha"},
		{"mocha/bin/mocha", "mocha"},
		{"@playwright/test/cli.js", "playwright"},
		{"playwright/cli.js", "playwright"},
	};

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (ends_with(word, known[i].tail))
			return xstrdup(known[i].name);
	const char *base = path_basename(word);
	if (streq(base, "_mocha"))
		return xstrdup("mocha");
	return xstrdup(base);
}

/* Wrappers that start the rest of their command line. `values` are their options that take a value.
 */
static const struct wrapper {
	const char *name;
	const char *subcommand; /* must follow, e.g. `npm exec` */
	const char *values[8];
} wrappers[] = {
	{"npx", NULL, {"-p", "--package", "-c"}},
	{"bunx", NULL, {NULL}},
	{"npm", "exec", {"-p", "--package", "-w", "--workspace"}},
	{"pnpm", "exec", {"-C", "--filter"}},
	{"pnpm", "dlx", {NULL}},
	{"yarn", "exec", {NULL}},
	{"yarn", "dlx", {"-p"}},
	{"cross-env", NULL, {NULL}},
	{"cross-env-shell", NULL, {NULL}},
	{"env", NULL, {"-u", "-C"}},
	{"c8", NULL, {"-r", "--reporter", "-x", "--exclude", "-n", "--include"}},
	{"nyc", NULL, {"-r", "--reporter", "-x", "--exclude", "-n", "--include"}},
	{"dotenv", NULL, {"-e", "-c", "-v"}},
	{"xvfb-run", NULL, {"-s", "-n", "-e"}},
	{"time", NULL, {NULL}},
	{"exec", NULL, {NULL}},
};

static const struct wrapper *wrapper_of(const char *word, const char *next)
{
	cleanup_free char *name = program_name(word);

	for (size_t i = 0; i < ARRAY_LEN(wrappers); i++)
		if (streq(wrappers[i].name, name) &&
			(!wrappers[i].subcommand || (next && streq(wrappers[i].subcommand, next))))
			return &wrappers[i];
	return NULL;
}

static bool takes_value(const char *const *values, const char *option)
{
	for (size_t i = 0; i < 8 && values[i]; i++)
		if (streq(values[i], option))
			return true;
	return false;
}

/* Node flags before the program: they belong on the worker's node, too. */
static size_t node_flags(char **v, size_t i, struct strvec *flags)
{
	static const char *const values[8] = {
		"-r", "--require", "--import", "--loader", "--experimental-loader", "-C"};

	for (; v[i] && v[i][0] == '-'; i++) {
		strvec_push(flags, v[i]);
		if (takes_value(values, v[i]) && v[i + 1])
			strvec_push(flags, v[++i]);
	}
	return i;
}

/* Fill `command` from the words of one simple command; false when nothing is left. */
static bool unwrap(struct script_command *command, const struct strvec *words)
{
	char **v = words->v;
	size_t i = 0;

	for (;;) {
		while (v[i] && is_assignment(v[i]))
			strvec_push(&command->env, v[i++]);
		if (!v[i])
			return false;
		cleanup_free char *name = program_name(v[i]);
		if (streq(name, "node") || streq(name, "nodejs")) {
			i = node_flags(v, i + 1, &command->node_options);
			if (!v[i])
				return false;
			break;
		}
		const struct wrapper *w = wrapper_of(v[i], v[i + 1]);
		if (!w)
			break;
		i += w->subcommand ? 2 : 1;
		while (v[i] && v[i][0] == '-') {
			bool end = streq(v[i], "--");
			i += takes_value(w->values, v[i]) && v[i + 1] ? 2 : 1;
			if (end)
				break;
		}
	}
	command->program = program_name(v[i++]);
	for (; v[i]; i++)
		strvec_push(&command->args, v[i]);
	return true;
}

/* ---- references to other scripts ------------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (streq(word, *list))
			return true;
	return false;
}

/* `npm run x -- a b`, `yarn x`, `pnpm run x`, `run-s a b`: true when it was one. */
static bool reference_of(const struct strvec *words, script_reference_fn *reference, void *arg)
{
	static const char *const managers[] = {"npm", "yarn", "pnpm", "bun", NULL};
	static const char *const series[] = {"run-s", "run-p", "npm-run-all", "npm-run-all2", NULL};
	static const char *const verbs[] = {"run", "run-script", "rum", NULL};
	static const char *const own[] = {"exec", "dlx", "install", "ci", "add", "publish", "node",
		"workspace", "workspaces", "audit", NULL};
	char *none[] = {NULL};
	char **v = words->v;

	while (*v && is_assignment(*v))
		v++;
	if (!*v)
		return false;
	if (is_one_of(*v, series)) {
		for (v++; *v; v++)
			if ((*v)[0] != '-')
				reference(arg, *v, none);
		return true;
	}
	if (!is_one_of(*v, managers))
		return false;
	bool npm = streq(*v++, "npm");
	while (*v && (*v)[0] == '-')
		v++;
	if (!*v)
		return true;
	bool verb = is_one_of(*v, verbs);
	if (!verb && (npm ? !streq(*v, "test") : is_one_of(*v, own)))
		return !(streq(*v, "exec") || streq(*v, "dlx"));
	v += verb;
	while (*v && (*v)[0] == '-')
		v++;
	if (!*v)
		return true;
	const char *name = *v++;
	if (*v && streq(*v, "--"))
		v++;
	reference(arg, name, v);
	return true;
}

/* ---- the whole script ----------------------------------------------------------------------- */

void script_command_release(struct script_command *command)
{
	free(command->script);
	free(command->program);
	strvec_release(&command->env);
	strvec_release(&command->node_options);
	strvec_release(&command->args);
}

static bool mentions_script(const struct strvec *words)
{
	static const char *const managers[] = {"npm", "yarn", "pnpm", "bun", "run-s", "run-p",
		"npm-run-all", "npm-run-all2", NULL};

	for (size_t i = 0; i < words->n; i++) {
		if (is_assignment(words->v[i]))
			continue;
		return is_one_of(words->v[i], managers);
	}
	return false;
}

void script_parse(const char *name, const char *text, script_fn *fn, script_reference_fn *reference,
	void *arg)
{
	struct lexer lx = {.at = text};
	cleanup_strbuf struct strbuf word = STRBUF_INIT;

	while (*lx.at) {
		cleanup_strvec struct strvec words = STRVEC_INIT;
		lx.opaque = false;
		while (next_word(&lx, &word))
			strvec_push(&words, word.buf);
		skip_separator(&lx);
		if (!words.n || lx.opaque)
			continue;
		if (mentions_script(&words) && reference_of(&words, reference, arg))
			continue;
		struct script_command command = {
			.script = xstrdup(name),
			.env = STRVEC_INIT,
			.node_options = STRVEC_INIT,
			.args = STRVEC_INIT,
		};
		if (unwrap(&command, &words))
			fn(arg, &command);
		else
			script_command_release(&command);
	}
}
