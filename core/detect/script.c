#include "core/base/base.h"

#include "core/base/path.h"
#include "core/detect/script.h"
#include "core/detect/script_walk.h"

enum { STEPS_MAX = 500, COMMANDS_MAX = 500, DEPTH_MAX = 16, LEVELS_MAX = 8 };

static struct script_context context_copy(const struct script_context *from)
{
	struct script_context copy = {.script = from->script,
		.dir = from->dir,
		.env = STRVEC_INIT,
		.node_options = STRVEC_INIT,
		.coverage_tool = STRVEC_INIT};

	strvec_push_all(&copy.coverage_tool, &from->coverage_tool);
	strvec_push_all(&copy.env, &from->env);
	strvec_push_all(&copy.node_options, &from->node_options);
	return copy;
}

static void context_release(struct script_context *context)
{
	strvec_release(&context->env);
	strvec_release(&context->node_options);
	strvec_release(&context->coverage_tool);
}

void script_walk_emit(struct script_walk *walk, const struct script_context *context,
	const char *program, const struct script_words *args)
{
	struct script_commands *out = walk->out;

	if (out->n >= COMMANDS_MAX)
		return;
	GROW(out->v, out->n + 1, out->cap);
	struct script_command *command = &out->v[out->n++];
	*command = (struct script_command){
		.entry = xstrdup(walk->entry),
		.script = xstrdup(context->script),
		.dir = context->dir ? xstrdup(context->dir) : NULL,
		.env = STRVEC_INIT,
		.node_options = STRVEC_INIT,
		.coverage_tool = STRVEC_INIT,
		.program = xstrdup(program),
		.args = STRVEC_INIT,
		.globs = STRVEC_INIT,
	};
	strvec_push_all(&command->env, &context->env);
	strvec_push_all(&command->node_options, &context->node_options);
	strvec_push_all(&command->coverage_tool, &context->coverage_tool);
	for (size_t i = args->pos; i < args->words->n; i++) {
		strvec_push(&command->args, args->words->v[i]);
		strvec_push(&command->globs, args->globs->v[i]);
	}
}

/* One command of the text: assignments, wrappers, then the program itself. */
static void walk_command(struct script_walk *walk, const struct script_context *outer,
	const struct shell_command *command)
{
	struct script_context context = context_copy(outer);
	struct script_words words = {&command->words, &command->globs, 0};
	enum script_step step = SCRIPT_AGAIN;

	while (step == SCRIPT_AGAIN) {
		for (; words.pos < words.words->n; words.pos++) {
			const char *word = words.words->v[words.pos];
			if (!shell_assignment(word))
				break;
			strvec_push(&context.env, word);
		}
		if (words.pos == words.words->n)
			break;
		step = script_unwrap(walk, &context, &words);
	}
	if (step == SCRIPT_PLAIN) {
		cleanup_free char *program = script_program(words.words->v[words.pos++]);
		script_walk_emit(walk, &context, program, &words);
	}
	context_release(&context);
}

/* `export A=b` and `cd x` change what comes after them. */
static bool walk_builtin(
	struct script_context *context, char **ret_dir, const struct shell_command *command)
{
	const struct strvec *words = &command->words;

	if (streq(words->v[0], "export")) {
		for (size_t i = 1; i < words->n; i++)
			if (shell_assignment(words->v[i]))
				strvec_push(&context->env, words->v[i]);
		return true;
	}
	if (streq(words->v[0], "cd") && words->n == 2) {
		char *joined = path_join(*ret_dir ? *ret_dir : "", words->v[1]);
		free(*ret_dir);
		*ret_dir = path_normalize(joined);
		free(joined);
		return true;
	}
	return false;
}

/* Commands that run only when the one before has failed: `a || b`, `a || (b && c)`. */
static bool is_fallback(const struct shell_script *shell, size_t i, int *until_level)
{
	const struct shell_command *command = &shell->v[i];

	if (*until_level && command->level >= *until_level)
		return true;
	*until_level = 0;
	if (command->join == SHELL_PIPE && i > 0) {
		int none = 0;
		return is_fallback(shell, i - 1, &none);
	}
	if (command->join != SHELL_OR || i == 0)
		return false;
	if (command->level > shell->v[i - 1].level)
		*until_level = command->level;
	return true;
}

static void append(struct shell_script *shell, const struct script_words *extra)
{
	if (!shell->n || !extra)
		return;
	struct shell_command *last = &shell->v[shell->n - 1];
	for (size_t i = extra->pos; i < extra->words->n; i++) {
		strvec_push(&last->words, extra->words->v[i]);
		strvec_push(&last->globs, extra->globs->v[i]);
	}
}

void script_walk_text(struct script_walk *walk, const struct script_context *outer,
	const char *text, const struct script_words *extra)
{
	cleanup_shell struct shell_script shell = SHELL_SCRIPT_INIT;
	struct script_context context = context_copy(outer);
	char *dirs[LEVELS_MAX] = {NULL};
	int level = 0, until_level = 0;

	if (walk->steps++ >= STEPS_MAX)
		return context_release(&context);
	shell_parse(text, walk->lookup, &shell);
	append(&shell, extra);
	dirs[0] = outer->dir ? xstrdup(outer->dir) : NULL;
	for (size_t i = 0; i < shell.n; i++) {
		const struct shell_command *command = &shell.v[i];
		bool fallback = is_fallback(&shell, i, &until_level);
		for (; level > command->level; level--) {
			free(dirs[level]);
			dirs[level] = NULL;
		}
		if (fallback || command->opaque || command->level >= LEVELS_MAX)
			continue;
		for (; level < command->level; level++)
			dirs[level + 1] = dirs[level] ? xstrdup(dirs[level]) : NULL;
		context.dir = dirs[level];
		if (!walk_builtin(&context, &dirs[level], command))
			walk_command(walk, &context, command);
	}
	for (; level >= 0; level--)
		free(dirs[level]);
	context_release(&context);
}

/* What stands in package.json for a script that is only `wireit`: a command, and scripts before it.
 */
static void walk_wireit(struct script_walk *walk, const struct script_context *context,
	const struct json *entry, const struct script_words *extra)
{
	const char *command = json_get_string(entry, "command", NULL);

	json_each (dependency, json_get(entry, "dependencies")) {
		const char *name = json_string(dependency, NULL);
		script_walk_follow(walk, context,
			name ? name : json_get_string(dependency, "script", ""), NULL);
	}
	if (command)
		script_walk_text(walk, context, command, extra);
}

void script_walk_follow(struct script_walk *walk, const struct script_context *outer,
	const char *name, const struct script_words *extra)
{
	const char *text = json_get_string(walk->scripts, name, NULL);

	/* in another folder the name means another package's script */
	if (!text || outer->dir || strvec_has(&walk->stack, name) || walk->stack.n >= DEPTH_MAX)
		return;
	struct script_context context = context_copy(outer);
	context.script = name;
	strvec_push(&walk->stack, name);
	if (streq(text, "wireit"))
		walk_wireit(walk, &context, json_get(walk->wireit, name), extra);
	else
		script_walk_text(walk, &context, text, extra);
	free(walk->stack.v[--walk->stack.n]);
	walk->stack.v[walk->stack.n] = NULL;
	context_release(&context);
}

void script_collect(const struct json *scripts, const struct json *wireit, const char *entry,
	shell_lookup_fn *lookup, struct script_commands *out)
{
	struct script_walk walk = {.scripts = scripts,
		.wireit = wireit,
		.entry = entry,
		.lookup = lookup,
		.out = out,
		.stack = STRVEC_INIT};
	struct script_context context = {
		.env = STRVEC_INIT, .node_options = STRVEC_INIT, .coverage_tool = STRVEC_INIT};

	script_walk_follow(&walk, &context, entry, NULL);
	strvec_release(&walk.stack);
}

void script_commands_release(struct script_commands *commands)
{
	for (size_t i = 0; i < commands->n; i++) {
		struct script_command *command = &commands->v[i];
		free(command->entry);
		free(command->script);
		free(command->dir);
		free(command->program);
		strvec_release(&command->env);
		strvec_release(&command->node_options);
		strvec_release(&command->coverage_tool);
		strvec_release(&command->args);
		strvec_release(&command->globs);
	}
	free(commands->v);
	*commands = (struct script_commands)SCRIPT_COMMANDS_INIT;
}
