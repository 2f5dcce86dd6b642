#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/base/strbuf.h"
#include "core/detect/script.h"
#include "tests/support/test.h"

static const char *lookup(const char *name)
{
	static const char *const rows[][2] = {{"HOME", "/home/me"},
		{"NODE_OPTIONS", "--no-warnings"}, {"TWO", "a b"}, {"EMPTY", ""}};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (streq(rows[i][0], name))
			return rows[i][1];
	return NULL;
}

static void add_list(struct strbuf *out, const struct strvec *list, const char *mark)
{
	for (size_t i = 0; i < list->n; i++)
		strbuf_addf(out, "%s%s ", mark, list->v[i]);
}

/* "A=b node:--flag dir:x program [arg] [glob~]; …" */
static void render(const struct script_commands *commands, struct strbuf *out)
{
	for (size_t i = 0; i < commands->n; i++) {
		const struct script_command *c = &commands->v[i];
		strbuf_addstr(out, i ? "; " : "");
		add_list(out, &c->env, "");
		add_list(out, &c->node_options, "node:");
		add_list(out, &c->coverage_tool, "cover:");
		if (c->dir)
			strbuf_addf(out, "dir:%s ", c->dir);
		strbuf_addstr(out, c->program);
		cr_assert_eq(c->args.n, c->globs.n);
		for (size_t k = 0; k < c->args.n; k++)
			strbuf_addf(out, " [%s%s]", c->args.v[k], c->globs.v[k][0] ? "~" : "");
	}
}

static void check_wireit(const char *scripts, const char *wireit, const char *expected)
{
	struct error err = ERROR_INIT;
	cleanup_json struct json *json = json_parse(scripts, strlen(scripts), &err);
	cleanup_json struct json *own = wireit ? json_parse(wireit, strlen(wireit), &err) : NULL;
	struct script_commands commands = SCRIPT_COMMANDS_INIT;
	cleanup_strbuf struct strbuf got = STRBUF_INIT;

	cr_assert(json, "%s: %s", scripts, err.text);
	script_collect(json, own, "test", lookup, &commands);
	render(&commands, &got);
	cr_expect_str_eq(got.buf, expected, "%s:\n got %s\nwant %s", scripts, got.buf, expected);
	script_commands_release(&commands);
}

static void check(const char *scripts, const char *expected)
{
	check_wireit(scripts, NULL, expected);
}

/* One script, `test`, given as it stands in sh. */
static void check_sh(const char *text, const char *expected)
{
	cleanup_strbuf struct strbuf json = STRBUF_INIT;
	struct jsonw w;

	jsonw_init(&w, &json, false);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "test", text);
	jsonw_object_end(&w);
	check(json.buf, expected);
}

TEST(script, words)
{
	static const char *const rows[][2] = {
		{"jest", "jest"},
		{"  jest   a\tb ", "jest [a] [b]"},
		{"jest 'a b' \"c d\" e\\ f", "jest [a b] [c d] [e f]"},
		{"jest \"a'b\" 'c\"d' \"e\\\"f\" ''", "jest [a'b] [c\"d] [e\"f] []"},
		{"mocha 'test/**/*.js'", "mocha [test/**/*.js]"},
		{"mocha test/**/*.js", "mocha [test/**/*.js~]"},
		{"mocha \"test/*.js\" src/[ab].js", "mocha [test/*.js] [src/[ab].js~]"},
		{"mocha test/*.{js,cjs}", "mocha [test/*.{js,cjs}~]"},
		{"jest # comment", "jest"},
		{"jest a#b", "jest [a#b]"},
		{"jest > out.txt 2>&1", "jest"},
		{"jest 2>/dev/null -i", "jest [-i]"},
		{"jest &>log a", "jest [a]"},
		{"jest $HOME/x \"$HOME\"", "jest [/home/me/x] [/home/me]"},
		{"jest ${HOME}/x", "jest [/home/me/x]"},
		{"jest $TWO \"$TWO\" $EMPTY \"$EMPTY\" $UNSET", "jest [a] [b] [a b] []"},
		{"jest '$HOME' a$ \\$x", "jest [$HOME] [a$] [$x]"},
		{"", ""},
		{"'unclosed", "unclosed"},
		{"\"unclosed $", "unclosed $"},
		{"\\", "\\"},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_sh(rows[i][0], rows[i][1]);
}

TEST(script, operators)
{
	static const char *const rows[][2] = {
		{"tsc && jest && mocha", "tsc; jest; mocha"},
		{"tsc; jest\nmocha", "tsc; jest; mocha"},
		{"mocha -R tap | tap-min", "mocha [-R] [tap]; tap-min"},
		{"server & jest", "server; jest"},
		/* behind || only when something failed */
		{"jest || true", "jest"},
		{"is-ci || build && jest", "is-ci; jest"},
		{"a || (b && c) && jest", "a; jest"},
		{"a || b | c; d", "a; d"},
		{"(jest && mocha) && playwright test", "jest; mocha; playwright [test]"},
		{"cd e2e && playwright test", "dir:e2e playwright [test]"},
		{"(cd a && jest) && mocha", "dir:a jest; mocha"},
		{"cd a/b && cd .. && jest", "dir:a jest"},
		{"export A=b && jest", "A=b jest"},
		{"! jest", "jest"},
		{"{ jest; }", "jest; }"},
		/* unknowable */
		{"$(npm bin)/mocha && jest", "jest"},
		{"`npm bin`/mocha; jest", "jest"},
		{"mocha \"$(ls (a))\"; jest", "jest"},
		{"jest ${CI:+--ci} && mocha", "mocha"},
		{"jest $npm_config_x; mocha $1", ""},
		{"if [ -n \"$CI\" ]; then jest; fi; mocha", "mocha"},
		{"for f in a b; do mocha $f; done && jest", "jest"},
		{"cat <<EOF && jest", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_sh(rows[i][0], rows[i][1]);
}

TEST(script, wrappers)
{
	static const char *const rows[][2] = {
		{"NODE_ENV=test TZ=UTC jest", "NODE_ENV=test TZ=UTC jest"},
		{"cross-env A=b C='d e' jest -i", "A=b C=d e jest [-i]"},
		{"cross-env-shell A=b \"jest && mocha\"", "A=b jest; A=b mocha"},
		{"env -u X A=b jest", "A=b jest"},
		{"npx jest", "jest"},
		{"npx --no-install jest@29 --ci", "jest [--ci]"},
		{"npx -y -p mocha mocha -R dot", "mocha [-R] [dot]"},
		{"npx -c 'jest --ci'", "jest [--ci]"},
		{"npx playwright@latest test", "playwright [test]"},
		{"npm exec -- jest a", "jest [a]"},
		{"npm exec --package=mocha mocha", "mocha"},
		{"pnpm exec jest", "jest"},
		{"pnpm dlx mocha", "mocha"},
		{"pnpm jest", "jest"},
		{"yarn jest --ci", "jest [--ci]"},
		{"yarn -s mocha", "mocha"},
		{"yarn node --expose-gc node_modules/.bin/jest", "node:--expose-gc jest"},
		{"bunx jest", "jest"},
		{"bun x jest", "jest"},
		{"bun test", "bun [test]"},
		{"timeout -k 5 --signal=INT 60s jest --ci", "jest [--ci]"},
		{"timeout 60", ""},
		{"nice -n 5 mocha", "mocha"},
		{"corepack yarn jest", "jest"},
		{"env-cmd -f .env --silent jest --ci", "jest [--ci]"},
		{"dotenvx run -f .env -- mocha a", "mocha [a]"},
		{"dotenvx get A", ""},
		{"c8 mocha --exit", "cover:c8 mocha [--exit]"},
		{"c8 -r lcov --all --include 'src/**' mocha",
			"cover:c8 cover:-r cover:lcov cover:--all cover:--include cover:src/** "
			"mocha"},
		{"nyc --reporter=lcov --reporter text mocha x",
			"cover:nyc cover:--reporter=lcov cover:--reporter cover:text mocha [x]"},
		{"nyc -i ts-node/register mocha",
			"node:--require node:ts-node/register cover:nyc cover:-i "
			"cover:ts-node/register mocha"},
		{"xvfb-run -a -s '-screen 0 1x1x24' playwright test", "playwright [test]"},
		{"dotenv -e .env.test -v A=b -- jest --ci", "A=b jest [--ci]"},
		{"start-server-and-test start http://localhost:3000 'playwright test'",
			"playwright [test]"},
		{"concurrently -k -n a,b 'serve .' 'playwright test'",
			"serve [.]; playwright [test]"},
		{"time jest", "jest"},
		{"node --experimental-vm-modules node_modules/jest/bin/jest.js --ci",
			"node:--experimental-vm-modules jest [--ci]"},
		{"node -r esm ./node_modules/.bin/mocha", "node:-r node:esm mocha"},
		{"node ./node_modules/mocha/bin/_mocha a", "mocha [a]"},
		{"node node_modules/@playwright/test/cli.js test", "playwright [test]"},
		{"node ../../node_modules/playwright/cli.js test", "playwright [test]"},
		{"./node_modules/.bin/jest", "jest"},
		{"node_modules/.bin/nyc ./node_modules/.bin/mocha", "cover:nyc mocha"},
		/* the project's own files are no runners, whatever they are called */
		{"node scripts/jest.js", "scripts/jest.js"},
		{"node jest", "./jest"},
		{"./scripts/mocha", "./scripts/mocha"},
		{"node --test", "node [--test]"},
		{"node -e 'x'", "node [-e] [x]"},
		/* applied by node itself, from the environment: never twice */
		{"NODE_OPTIONS=--experimental-vm-modules npx jest",
			"NODE_OPTIONS=--experimental-vm-modules jest"},
		{"NODE_OPTIONS=\"$NODE_OPTIONS --expose-gc\" jest",
			"NODE_OPTIONS=--no-warnings --expose-gc jest"},
		{"cross-env NODE_OPTIONS='--a --b' jest", "NODE_OPTIONS=--a --b jest"},
		{"cross-env A=b nyc cross-env C=d npx mocha", "A=b C=d cover:nyc mocha"},
		{"A=b sh -c 'C=d jest --ci && mocha' x; bash run.sh",
			"A=b C=d jest [--ci]; A=b mocha; run.sh"},
		{"npx", ""},
		{"cross-env A=b", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check_sh(rows[i][0], rows[i][1]);
}

TEST(script, references)
{
	static const char *const rows[][2] = {
		{"{\"test\":\"npm run a && npm run b\",\"a\":\"jest\",\"b\":\"mocha\"}",
			"jest; mocha"},
		{"{\"test\":\"npm run -s a -- --ci x\",\"a\":\"tsc && jest\"}",
			"tsc; jest [--ci] [x]"},
		{"{\"test\":\"npm run a --silent x\",\"a\":\"jest\"}", "jest [x]"},
		{"{\"test\":\"yarn a --ci\",\"a\":\"jest\"}", "jest [--ci]"},
		{"{\"test\":\"pnpm run a -- --ci\",\"a\":\"jest\"}", "jest [--ci]"},
		{"{\"test\":\"A=b npm run a\",\"a\":\"C=d jest\"}", "A=b C=d jest"},
		{"{\"test\":\"c8 npm run a\",\"a\":\"mocha\"}", "cover:c8 mocha"},
		{"{\"test\":\"run-s a 'b -- x' "
		 "c:*\",\"a\":\"jest\",\"b\":\"mocha\",\"c:1\":\"ava\","
		 "\"c:1:2\":\"no\"}",
			"jest; mocha [--] [x]; ava"},
		{"{\"test\":\"npm-run-all --parallel t:** --max-parallel 2\",\"t:a\":\"jest\","
		 "\"t:a:b\":\"mocha\"}",
			"jest; mocha"},
		{"{\"test\":\"run-p -l a b\",\"a\":\"jest\",\"b\":\"mocha\"}", "jest; mocha"},
		{"{\"test\":\"concurrently 'npm:t:*'\",\"t:a\":\"jest\",\"t:b\":\"mocha\"}",
			"jest; mocha"},
		{"{\"test\":\"start-server-and-test start 3000 e2e\",\"e2e\":\"playwright test\"}",
			"playwright [test]"},
		/* cycles, hooks, other packages, names that do not exist */
		{"{\"test\":\"npm run a\",\"a\":\"npm test && jest\"}", "jest"},
		{"{\"test\":\"npm test && npm t && jest\"}", "jest"},
		{"{\"pretest\":\"mocha\",\"test\":\"jest\",\"posttest\":\"mocha\"}", "jest"},
		{"{\"test\":\"npm run missing && jest\"}", "jest"},
		{"{\"test\":\"npm run a --workspaces && npm run a -w x\",\"a\":\"jest\"}",
			"npm [run] [a] [--workspaces]; npm [run] [a] [-w] [x]"},
		{"{\"test\":\"pnpm -r a && pnpm --filter x a && yarn workspace x "
		 "a\",\"a\":\"jest\"}",
			"pnpm [-r] [a]; pnpm [--filter] [x] [a]; yarn [workspace] [x] [a]"},
		{"{\"test\":\"npm --prefix sub run a && cd sub && npm run a\",\"a\":\"jest\"}",
			"npm [--prefix] [sub] [run] [a]"},
		{"{\"test\":\"npm install && jest\",\"install\":\"mocha\"}", "jest"},
		{"{\"test\":7}", ""},
		{"{}", ""},
		{"[]", ""},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		check(rows[i][0], rows[i][1]);
}

TEST(script, wireit)
{
	check_wireit("{\"test\":\"wireit\",\"unit\":\"wireit\",\"e2e\":\"playwright test\"}",
		"{\"test\":{\"dependencies\":[\"unit\",{\"script\":\"e2e\"},\"./"
		"other:test\",\"test\"]},"
		"\"unit\":{\"command\":\"cross-env A=b jest\",\"dependencies\":[\"build\"]}}",
		"A=b jest; playwright [test]");
	check("{\"test\":\"wireit\"}", "");
}

/* Scripts that double at each step must neither hang nor fill the memory. */
TEST(script, bounded)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	struct script_commands commands = SCRIPT_COMMANDS_INIT;

	strbuf_addstr(&text, "{\"test\":\"npm run s0; npm run s0\"");
	for (int i = 0; i < 40; i++)
		strbuf_addf(&text, ",\"s%d\":\"npm run s%d; npm run s%d; jest\"", i, i + 1, i + 1);
	strbuf_addch(&text, '}');
	cleanup_json struct json *json = json_parse(text.buf, text.len, NULL);
	cr_assert(json);
	script_collect(json, NULL, "test", lookup, &commands);
	cr_assert(commands.n > 0 && commands.n <= 500);
	script_commands_release(&commands);

	strbuf_reset(&text);
	strbuf_addch(&text, '"');
	strbuf_addchn(&text, '(', 100000);
	strbuf_addch(&text, '"');
	struct shell_script shell = SHELL_SCRIPT_INIT;
	shell_parse(text.buf + 1, NULL, &shell);
	shell_release(&shell);
}
