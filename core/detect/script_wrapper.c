#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/detect/script_walk.h"

typedef enum script_step wrapper_fn(
	struct script_walk *walk, struct script_context *context, struct script_words *words);

struct wrapper {
	const char *name;
	wrapper_fn *fn;         /* NULL: options, then the command */
	const char *values;     /* options that take the next word: " -p --package " */
	const char *preloads;   /* … of those: a module to load in the wrapped process */
	const char *shell_text; /* options whose value is a command line */
};

static const char *word_at(const struct script_words *words)
{
	return words->pos < words->words->n ? words->words->v[words->pos] : NULL;
}

static bool in_list(const char *list, const char *word)
{
	if (!list || !word || strchr(word, ' '))
		return false;
	cleanup_free char *key = xasprintf(" %s ", word);
	return strstr(list, key) != NULL;
}

char *script_program(const char *word)
{
	const char *inside = word;

	for (const char *p = word; (p = strstr(p, "node_modules/")); p += strlen("node_modules/"))
		inside = p + strlen("node_modules/");
	if (strchr(word, '/') && inside == word && word[0] != '@')
		return xstrdup(word);
	/* the main file of a package's command line is often called cli.js */
	const char *base = path_basename(inside);
	if (starts_with(base, "cli.") || streq(base, "cli") || inside[0] == '@') {
		base = inside + (inside[0] == '@');
		return xstrndup(base, strcspn(base, "/"));
	}
	base += base[0] == '_' && base[1];
	size_t n = strcspn(base, inside == word ? "@" : ".@");
	return xstrndup(base, n);
}

/* Skip the wrapper's own options. Returns false when one of them ends the matter. */
static bool skip_options(struct script_walk *walk, struct script_context *context,
	struct script_words *words, const struct wrapper *wrapper)
{
	for (const char *word; (word = word_at(words)) && word[0] == '-'; words->pos++) {
		if (streq(word, "--")) {
			words->pos++;
			return true;
		}
		const char *equals = strchr(word, '=');
		cleanup_free char *name = xstrndup(word, strcspn(word, "="));
		bool takes = in_list(wrapper->values, name);
		const char *value = equals ? equals + 1 : NULL;
		if (takes && !equals && words->pos + 1 < words->words->n)
			value = words->words->v[++words->pos];
		if (in_list(wrapper->shell_text, name)) {
			if (value)
				script_walk_text(walk, context, value, NULL);
			return false;
		}
		if (in_list(wrapper->preloads, name) && value) {
			strvec_push(&context->node_options, "--require");
			strvec_push(&context->node_options, value);
		}
	}
	return true;
}

/* node [options] file: the options are kept, for they reach the tests. */
static enum script_step unwrap_node(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	static const char values[] =
		" -r --require --import --loader --experimental-loader -C --conditions "
		"--env-file --icu-data-dir --stack-trace-limit --title ";
	static const char no_file[] = " -e --eval -p --print -pe --test --check -c --run -v "
				      "--version -h --help -i --interactive ";
	size_t start = words->pos++;
	struct strvec flags = STRVEC_INIT;
	const char *word;

	for (; (word = word_at(words)) && word[0] == '-'; words->pos++) {
		if (in_list(no_file, word) || streq(word, "-"))
			break;
		if (streq(word, "--")) {
			words->pos++;
			break;
		}
		/* a debugger or a profile is wished for once, not in every worker */
		if (starts_with(word, "--inspect") || starts_with(word, "--cpu-prof"))
			continue;
		strvec_push(&flags, word);
		if (in_list(values, word) && words->pos + 1 < words->words->n)
			strvec_push(&flags, words->words->v[++words->pos]);
	}
	word = word_at(words);
	if (!word || word[0] == '-') {
		strvec_release(&flags);
		words->pos = start;
		return SCRIPT_PLAIN;
	}
	strvec_push_all(&context->node_options, &flags);
	strvec_release(&flags);
	if (strstr(word, "node_modules/"))
		return SCRIPT_AGAIN;
	/* a file of the project, whatever its name */
	cleanup_free char *program = xasprintf("%s%s", strchr(word, '/') ? "" : "./", word);
	words->pos++;
	script_walk_emit(walk, context, program, words);
	return SCRIPT_DONE;
}

/* cross-env-shell "A=b command": one word is a command line. */
static enum script_step unwrap_cross_env_shell(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	for (words->pos++;
		word_at(words) && shell_assignment(word_at(words)) && !strchr(word_at(words), ' ');
		words->pos++)
		strvec_push(&context->env, word_at(words));
	if (words->pos + 1 != words->words->n)
		return word_at(words) ? SCRIPT_AGAIN : SCRIPT_DONE;
	script_walk_text(walk, context, word_at(words), NULL);
	return SCRIPT_DONE;
}

/* dotenv [options] [--] command: `-v A=b` sets a variable. Files are not read. */
static enum script_step unwrap_dotenv(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	static const struct wrapper row = {.values = " -e -v -p "};
	size_t from = ++words->pos;

	if (!skip_options(walk, context, words, &row))
		return SCRIPT_DONE;
	for (size_t i = from; i + 1 < words->pos; i++)
		if (streq(words->words->v[i], "-v"))
			strvec_push(&context->env, words->words->v[i + 1]);
	return SCRIPT_AGAIN;
}

/* timeout [options] DURATION command */
static enum script_step unwrap_timeout(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	static const struct wrapper row = {.values = " -k --kill-after -s --signal "};

	words->pos++;
	if (!skip_options(walk, context, words, &row) || !word_at(words))
		return SCRIPT_DONE;
	words->pos++;
	return SCRIPT_AGAIN;
}

/* dotenvx run [options] [--] command. Files are not read. */
static enum script_step unwrap_dotenvx(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	static const struct wrapper row = {.values = " -e --env -f --env-file -fk --env-keys-file "
						     "-fv --env-vault-file --convention "};

	words->pos++;
	if (!word_at(words) || !streq(word_at(words), "run"))
		return SCRIPT_DONE;
	words->pos++;
	return skip_options(walk, context, words, &row) ? SCRIPT_AGAIN : SCRIPT_DONE;
}

/* "build:*" of npm-run-all: `*` stays between colons, `**` does not. */
static bool script_matches(const char *pattern, const char *name)
{
	cleanup_free char *p = xstrdup(pattern), *n = xstrdup(name);

	for (char *c = p; *c; c++)
		*c = *c == ':' ? '/' : *c == '/' ? ':' : *c;
	for (char *c = n; *c; c++)
		*c = *c == ':' ? '/' : *c == '/' ? ':' : *c;
	return path_glob(p, n);
}

/* "name", "name:*" or "name --with arguments". */
static void follow_pattern(
	struct script_walk *walk, const struct script_context *context, const char *text)
{
	cleanup_strvec struct strvec parts = STRVEC_INIT, globs = STRVEC_INIT;

	strvec_split(&parts, text, ' ');
	for (size_t i = 0; i < parts.n; i++)
		strvec_push(&globs, "");
	if (!parts.n)
		return;
	struct script_words extra = {&parts, &globs, 1};
	json_each (script, walk->scripts) {
		const char *name = json_key(script);
		if (streq(name, parts.v[0]) || script_matches(parts.v[0], name))
			script_walk_follow(walk, context, name, &extra);
	}
}

/* npm-run-all, run-s, run-p: each word that is no option names scripts. */
static enum script_step unwrap_run_all(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	for (words->pos++; word_at(words) && !streq(word_at(words), "--"); words->pos++) {
		const char *word = word_at(words);
		if (in_list(" --max-parallel --npm-path ", word))
			words->pos++;
		else if (word[0] != '-')
			follow_pattern(walk, context, word);
	}
	return SCRIPT_DONE;
}

/* concurrently "cmd" "npm:name": each word that is no option is a command line. */
static enum script_step unwrap_concurrently(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	for (words->pos++; word_at(words); words->pos++) {
		const char *word = word_at(words);
		if (in_list(" -n --names -c --prefix-colors -s --success -p --prefix -m "
			    "--max-processes --restart-tries --restart-after ",
			    word))
			words->pos++;
		else if (starts_with(word, "npm:"))
			follow_pattern(walk, context, word + 4);
		else if (word[0] != '-')
			script_walk_text(walk, context, word, NULL);
	}
	return SCRIPT_DONE;
}

/* start-server-and-test [start] url [start url]… test: the last word is a script or a command. */
static enum script_step unwrap_server_and_test(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	size_t n = words->words->n;

	if (n - words->pos < 2)
		return SCRIPT_DONE;
	const char *last = words->words->v[n - 1];
	if (json_get(walk->scripts, last))
		script_walk_follow(walk, context, last, NULL);
	else
		script_walk_text(walk, context, last, NULL);
	return SCRIPT_DONE;
}

/* Words behind the script's name go to the script; npm keeps options for itself up to `--`. */
static void follow_with_args(struct script_walk *walk, const struct script_context *context,
	const char *manager, struct script_words *words)
{
	cleanup_strvec struct strvec args = STRVEC_INIT, globs = STRVEC_INIT;
	const char *name = word_at(words);
	bool passing = !streq(manager, "npm"), seen = false;

	for (size_t i = words->pos + 1; i < words->words->n; i++) {
		const char *word = words->words->v[i];
		if (streq(word, "--") && !seen) {
			passing = seen = true;
			continue;
		}
		if (!passing && word[0] == '-')
			continue;
		strvec_push(&args, word);
		strvec_push(&globs, words->globs->v[i]);
	}
	struct script_words extra = {&args, &globs, 0};
	script_walk_follow(walk, context, name, &extra);
}

/* Options in front of the verb. False when the command is meant for another package. */
static bool skip_manager_options(struct script_words *words)
{
	for (const char *word; (word = word_at(words)) && word[0] == '-'; words->pos++) {
		cleanup_free char *name = xstrndup(word, strcspn(word, "="));
		if (in_list(" -w --workspace -ws --workspaces --prefix -C --dir --cwd --filter -F "
			    "-r --recursive --filter-prod ",
			    name))
			return false;
		if (streq(word, "--loglevel"))
			words->pos++;
	}
	return word_at(words) != NULL;
}

static bool manager_elsewhere(const struct script_words *words)
{
	for (size_t i = words->pos; i < words->words->n; i++) {
		const char *word = words->words->v[i];
		if (streq(word, "--"))
			return false;
		cleanup_free char *name = xstrndup(word, strcspn(word, "="));
		if (in_list(" -w --workspace -ws --workspaces --prefix ", name))
			return true;
	}
	return false;
}

/* For other packages, or bun's own tests: not followed, but known to have been there. */
static enum script_step stay_plain(struct script_words *words, size_t start)
{
	words->pos = start;
	return SCRIPT_PLAIN;
}

/* npm, pnpm, yarn, bun: `run x`, `test`, `exec x`, and with all but npm the bare name. */
static enum script_step unwrap_manager(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	static const struct wrapper exec = {
		.values = " -p --package --call -c ", .shell_text = " -c --call "};
	size_t start = words->pos++;
	cleanup_free char *manager = script_program(words->words->v[start]);
	bool npm = streq(manager, "npm");

	if (!skip_manager_options(words) || (npm && manager_elsewhere(words)))
		return stay_plain(words, start);
	const char *verb = word_at(words);
	if (in_list(" workspace workspaces ws foreach ", verb))
		return stay_plain(words, start);
	if (in_list(" install i ci add ", verb))
		return SCRIPT_DONE;
	if (streq(manager, "bun") && streq(verb, "test"))
		return stay_plain(words, start);
	if (in_list(" exec x dlx ", verb)) {
		words->pos++;
		return skip_options(walk, context, words, &exec) ? SCRIPT_AGAIN : SCRIPT_DONE;
	}
	bool run = in_list(" run run-script ", verb);
	if (run) {
		words->pos++;
		if (!skip_manager_options(words))
			return stay_plain(words, start);
	}
	const char *name = word_at(words);
	if (!run && in_list(" t tst ", name) && !json_get(walk->scripts, name)) {
		cleanup_strvec struct strvec renamed = STRVEC_INIT;
		strvec_push_all(&renamed, words->words);
		free(renamed.v[words->pos]);
		renamed.v[words->pos] = xstrdup("test");
		struct script_words test = {&renamed, words->globs, words->pos};
		follow_with_args(walk, context, manager, &test);
		return SCRIPT_DONE;
	}
	if (json_get(walk->scripts, name)) {
		if (run || !npm || in_list(" test start ", name))
			follow_with_args(walk, context, manager, words);
		return SCRIPT_DONE;
	}
	return npm ? SCRIPT_DONE : SCRIPT_AGAIN;
}

#define ISTANBUL_VALUES                                                                 \
	" -r --reporter -x --exclude -n --include -t --temp-dir --temp-directory -o "   \
	"--report-dir --reports-dir --lines --branches --functions --statements --cwd " \
	"--nycrc-path -c --config -e --extension --src --resolve --wrapper-length "

/* nyc, c8: left out, but remembered, for they say how coverage is meant. */
static enum script_step unwrap_coverage_tool(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	static const struct wrapper nyc = {
		.values = ISTANBUL_VALUES " -i --require ", .preloads = " -i --require "};
	static const struct wrapper c8 = {.values = ISTANBUL_VALUES};
	cleanup_free char *name = script_program(word_at(words));
	size_t from = ++words->pos;

	if (!skip_options(walk, context, words, streq(name, "nyc") ? &nyc : &c8))
		return SCRIPT_DONE;
	strvec_release(&context->coverage_tool);
	strvec_push(&context->coverage_tool, name);
	for (size_t i = from; i < words->pos && !streq(words->words->v[i], "--"); i++)
		strvec_push(&context->coverage_tool, words->words->v[i]);
	return SCRIPT_AGAIN;
}

static const struct wrapper wrappers[] = {
	{"cross-env", .values = ""},
	{"cross-env-shell", unwrap_cross_env_shell},
	{"env", .values = " -u --unset -C --chdir "},
	{"npx", .values = " -p --package -c --call ", .shell_text = " -c --call "},
	{"pnpx", .values = " -p --package -c --call ", .shell_text = " -c --call "},
	{"bunx", .values = " -p --package "},
	{"c8", unwrap_coverage_tool},
	{"nyc", unwrap_coverage_tool},
	{"xvfb-run", .values = " -s --server-args -n --server-num -e --error-file -f -w -p "},
	{"time", .values = ""},
	{"timeout", unwrap_timeout},
	{"nice", .values = " -n --adjustment "},
	{"corepack", .values = ""},
	{"env-cmd", .values = " -f --file -e --environments -r --rc-file "},
	{"dotenvx", unwrap_dotenvx},
	{"sh", .values = " -c -o ", .shell_text = " -c "},
	{"bash", .values = " -c -o ", .shell_text = " -c "},
	{"exec", .values = ""},
	{"command", .values = ""},
	{"nohup", .values = ""},
	{"dotenv", unwrap_dotenv},
	{"node", unwrap_node},
	{"npm", unwrap_manager},
	{"pnpm", unwrap_manager},
	{"yarn", unwrap_manager},
	{"yarnpkg", unwrap_manager},
	{"bun", unwrap_manager},
	{"npm-run-all", unwrap_run_all},
	{"npm-run-all2", unwrap_run_all},
	{"run-s", unwrap_run_all},
	{"run-p", unwrap_run_all},
	{"concurrently", unwrap_concurrently},
	{"start-server-and-test", unwrap_server_and_test},
};

enum script_step script_unwrap(
	struct script_walk *walk, struct script_context *context, struct script_words *words)
{
	cleanup_free char *name = script_program(word_at(words));

	for (size_t i = 0; i < ARRAY_LEN(wrappers); i++) {
		const struct wrapper *wrapper = &wrappers[i];
		if (!streq(wrapper->name, name))
			continue;
		if (wrapper->fn)
			return wrapper->fn(walk, context, words);
		words->pos++;
		return skip_options(walk, context, words, wrapper) ? SCRIPT_AGAIN : SCRIPT_DONE;
	}
	return SCRIPT_PLAIN;
}
