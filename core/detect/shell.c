#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/detect/shell.h"

#include <ctype.h>

enum { COMMANDS_MAX = 1000 };

struct lexer {
	const char *p;
	shell_lookup_fn *lookup;
	struct shell_script *out;
	struct shell_command command; /* the one being read */
	struct strbuf text, pattern;  /* the word being read */
	bool in_word, is_glob;
	bool skip_word; /* target of a redirection */
	int level;
	int blocks; /* open `if`, `for`, `while`, `case` */
};

static bool is_name_start(char c)
{
	return isalpha((unsigned char)c) || c == '_';
}

static bool is_name(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

size_t shell_assignment(const char *word)
{
	size_t n = 0;

	if (!is_name_start(word[0]))
		return 0;
	while (is_name(word[n]))
		n++;
	return word[n] == '=' ? n : 0;
}

static void add_char(struct lexer *lx, char c, bool quoted)
{
	lx->in_word = true;
	strbuf_addch(&lx->text, c);
	if (strchr("*?[", c) && !quoted)
		lx->is_glob = true;
	else if (strchr("*?[]\\", c))
		strbuf_addch(&lx->pattern, '\\');
	strbuf_addch(&lx->pattern, c);
}

static void end_word(struct lexer *lx)
{
	if (!lx->in_word)
		return;
	if (!lx->skip_word) {
		strvec_push(&lx->command.words, lx->text.buf);
		strvec_push(&lx->command.globs, lx->is_glob ? lx->pattern.buf : "");
	}
	strbuf_reset(&lx->text);
	strbuf_reset(&lx->pattern);
	lx->in_word = lx->is_glob = lx->skip_word = false;
}

static void command_init(struct shell_command *command, enum shell_join join, int level)
{
	*command = (struct shell_command){
		.join = join, .level = level, .words = STRVEC_INIT, .globs = STRVEC_INIT};
}

static void command_release(struct shell_command *command)
{
	strvec_release(&command->words);
	strvec_release(&command->globs);
}

/* Reserved words that open and close a block; what is inside may run never or often. */
static int block_step(const char *word)
{
	static const struct {
		const char *word;
		int step;
	} rows[] = {
		{"if", 1},
		{"for", 1},
		{"while", 1},
		{"until", 1},
		{"case", 1},
		{"fi", -1},
		{"done", -1},
		{"esac", -1},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (streq(rows[i].word, word))
			return rows[i].step;
	return 0;
}

static void drop_first(struct strvec *sv)
{
	free(sv->v[0]);
	memmove(sv->v, sv->v + 1, sv->n * sizeof(*sv->v));
	sv->n--;
}

static void end_command(struct lexer *lx, enum shell_join next)
{
	struct shell_command *command = &lx->command;

	end_word(lx);
	lx->skip_word = false;
	while (command->words.n &&
		(streq(command->words.v[0], "!") || streq(command->words.v[0], "{"))) {
		drop_first(&command->words);
		drop_first(&command->globs);
	}
	if (command->words.n || command->opaque) {
		int step = command->words.n ? block_step(command->words.v[0]) : 0;
		command->opaque |= lx->blocks > 0 || step != 0;
		lx->blocks = MAX(lx->blocks + step, 0);
		GROW(lx->out->v, lx->out->n + 1, lx->out->cap);
		lx->out->v[lx->out->n++] = *command;
		command_init(command, next, lx->level);
	} else if (next != SHELL_NEXT) {
		command->join = next;
	}
	command->level = lx->level;
}

/* At an opening '(': behind the matching one, or at the end of the text. */
static const char *skip_parens(const char *p)
{
	int depth = 0;

	for (; *p; p++) {
		depth += (*p == '(') - (*p == ')');
		if (!depth)
			return p + 1;
	}
	return p;
}

static void add_value(struct lexer *lx, const char *value, bool quoted)
{
	for (; *value; value++) {
		if (!quoted && strchr(" \t\n", *value))
			end_word(lx);
		else
			add_char(lx, *value, quoted);
	}
}

/* lx->p is at '$'. npm sets npm_… itself, so their value here says nothing. */
static void read_dollar(struct lexer *lx, bool quoted)
{
	const char *p = lx->p + 1;
	bool braces = *p == '{';
	const char *name = p + braces;
	size_t n = 0;

	if (*p == '(') {
		lx->command.opaque = lx->in_word = true;
		lx->p = skip_parens(p);
		return;
	}
	if (is_name_start(*name))
		while (is_name(name[n]))
			n++;
	if (!n && !braces && (!*p || !strchr("0123456789@*#?$!-", *p))) {
		add_char(lx, '$', quoted);
		lx->p++;
		return;
	}
	cleanup_free char *key = xstrndup(name, n);
	if (!n || (braces && name[n] != '}') || starts_with(key, "npm_")) {
		const char *end = braces ? strchrnul(p, '}') : p + MAX(n, (size_t)(*p != '\0')) - 1;
		lx->command.opaque = lx->in_word = true;
		lx->p = *end ? end + 1 : end;
		return;
	}
	const char *value = lx->lookup ? lx->lookup(key) : NULL;
	lx->in_word |= quoted;
	add_value(lx, value ? value : "", quoted);
	lx->p = name + n + braces;
}

static void read_backtick(struct lexer *lx)
{
	const char *end = strchrnul(lx->p + 1, '`');

	lx->command.opaque = lx->in_word = true;
	lx->p = *end ? end + 1 : end;
}

static void read_single_quotes(struct lexer *lx)
{
	lx->in_word = true;
	for (lx->p++; *lx->p && *lx->p != '\''; lx->p++)
		add_char(lx, *lx->p, true);
	lx->p += *lx->p != '\0';
}

static void read_double_quotes(struct lexer *lx)
{
	lx->in_word = true;
	lx->p++;
	while (*lx->p && *lx->p != '"') {
		if (*lx->p == '\\' && lx->p[1] && strchr("\"\\$`", lx->p[1])) {
			add_char(lx, lx->p[1], true);
			lx->p += 2;
		} else if (*lx->p == '$') {
			read_dollar(lx, true);
		} else if (*lx->p == '`') {
			read_backtick(lx);
		} else {
			add_char(lx, *lx->p++, true);
		}
	}
	lx->p += *lx->p != '\0';
}

/* `>`, `2>&1`, `<file`, `&>log`: the operator goes, the next word is its target. */
static void read_redirection(struct lexer *lx)
{
	bool digits = lx->in_word && lx->text.len && !lx->is_glob &&
		      strspn(lx->text.buf, "0123456789") == lx->text.len;

	if (digits) {
		strbuf_reset(&lx->text);
		strbuf_reset(&lx->pattern);
		lx->in_word = false;
	}
	end_word(lx);
	if (starts_with(lx->p, "<<")) {
		lx->command.opaque = true;
		lx->p += strlen(lx->p);
		return;
	}
	lx->p += strspn(lx->p, "<>&|");
	lx->skip_word = true;
}

static void read_operator(struct lexer *lx)
{
	static const struct {
		const char *text;
		enum shell_join join;
	} rows[] = {
		{"&&", SHELL_AND},
		{"||", SHELL_OR},
		{"|&", SHELL_PIPE},
		{";;", SHELL_NEXT},
		{"&", SHELL_NEXT},
		{"|", SHELL_PIPE},
		{";", SHELL_NEXT},
		{"\n", SHELL_NEXT},
		{"(", SHELL_NEXT},
		{")", SHELL_NEXT},
	};
	size_t i = 0;

	while (!starts_with(lx->p, rows[i].text))
		i++;
	if (*lx->p == '(' && lx->command.words.n + lx->in_word)
		lx->command.opaque = true; /* a function, or something worse */
	char c = *lx->p;
	lx->p += strlen(rows[i].text);
	if (c == '(')
		lx->level++;
	end_command(lx, rows[i].join);
	if (c == ')') {
		lx->level = MAX(lx->level - 1, 0);
		lx->command.level = lx->level;
	}
}

void shell_parse(const char *text, shell_lookup_fn *lookup, struct shell_script *out)
{
	struct lexer lx = {.p = text,
		.lookup = lookup,
		.out = out,
		.text = STRBUF_INIT,
		.pattern = STRBUF_INIT};

	command_init(&lx.command, SHELL_FIRST, 0);
	while (*lx.p && out->n < COMMANDS_MAX) {
		char c = *lx.p;
		if (c == ' ' || c == '\t' || c == '\r') {
			end_word(&lx);
			lx.p++;
		} else if (c == '#' && !lx.in_word) {
			lx.p = strchrnul(lx.p, '\n');
		} else if (c == '\'') {
			read_single_quotes(&lx);
		} else if (c == '"') {
			read_double_quotes(&lx);
		} else if (c == '$') {
			read_dollar(&lx, false);
		} else if (c == '`') {
			read_backtick(&lx);
		} else if (c == '\\' && lx.p[1]) {
			if (lx.p[1] != '\n')
				add_char(&lx, lx.p[1], true);
			lx.p += 2;
		} else if (c == '<' || c == '>' || starts_with(lx.p, "&>")) {
			read_redirection(&lx);
		} else if (strchr("&|;\n()", c)) {
			read_operator(&lx);
		} else {
			add_char(&lx, c, false);
			lx.p++;
		}
	}
	end_command(&lx, SHELL_NEXT);
	command_release(&lx.command);
	strbuf_release(&lx.text);
	strbuf_release(&lx.pattern);
}

void shell_release(struct shell_script *script)
{
	for (size_t i = 0; i < script->n; i++)
		command_release(&script->v[i]);
	free(script->v);
	*script = (struct shell_script)SHELL_SCRIPT_INIT;
}
