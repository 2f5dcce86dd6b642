/* Detection with the real runners: which suites a project has. */
#include "core/base/base.h"

#include "core/detect/project.h"
#include "runners/registry.h"
#include "tests/support/temp.h"
#include "tests/support/test.h"

static const char *below(const char *dir, const char *path)
{
	return streq(path, dir) ? "." : path + strlen(dir) + 1;
}

static void render(const char *dir, const struct suites *suites, struct strbuf *out)
{
	for (size_t i = 0; i < suites->n; i++) {
		const struct suite *s = suites->v[i];
		strbuf_addf(out, "%s@%s", s->name, below(dir, s->root));
		if (s->config)
			strbuf_addf(out, " config=%s", below(dir, s->config));
		for (size_t k = 0; k < s->env.n; k++)
			strbuf_addf(out, " %s", s->env.v[k]);
		for (size_t k = 0; k < s->node_options.n; k++)
			strbuf_addf(out, " node:%s", s->node_options.v[k]);
		for (size_t k = 0; k < s->args.n; k++)
			strbuf_addf(out, " [%s]", s->args.v[k]);
		for (size_t k = 0; k < s->coverage_tool.n; k++)
			strbuf_addf(out, " cover:%s", s->coverage_tool.v[k]);
		strbuf_addf(out, " (%s)\n", s->reason);
	}
}

struct row {
	const char *files[12]; /* "name", or "name\ntext" */
	const char *suites;
};

static void check(const struct row *row)
{
	struct error err = ERROR_INIT;
	struct suites suites = SUITES_INIT;
	cleanup_project_notes struct project_notes notes = PROJECT_NOTES_INIT;
	cleanup_strbuf struct strbuf got = STRBUF_INIT;
	char *dir = temp_new();

	for (const char *const *file = row->files; *file; file++) {
		cleanup_free char *name = xstrndup(*file, strcspn(*file, "\n"));
		const char *text = strchr(*file, '\n');
		temp_write(dir, name, text ? text + 1 : "");
	}
	cr_assert_eq(project_detect(dir, runners, other_test_programs, &suites, &notes, &err), 0,
		"%s", err.text);
	render(dir, &suites, &got);
	strbuf_addstr(&got, notes.not_run.buf);
	cr_expect_str_eq(
		got.buf, row->suites, "%s:\n got %s\nwant %s", row->files[0], got.buf, row->suites);
	cr_assert(notes.looked_for.len > 0 && notes.looked_for.len < 500 &&
		  !strchr(notes.looked_for.buf, '\n'));
	suites_release(&suites);
	temp_free(dir);
}

static void check_all(const struct row *rows, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&rows[i]);
}

#define PACKAGE(text)     "package.json\n{" text "}"
#define NOT_RUN(what)     "not run: " what "; muster runs jest, mocha, playwright only"
#define TEST_SCRIPT(text) PACKAGE("\"scripts\":{\"test\":\"" text "\"}")

TEST(project, single_package)
{
	static const struct row rows[] = {
		{{TEST_SCRIPT("mocha --require test/env --reporter spec --check-leaks test/ a/b/")},
			"mocha@. [--require] [test/env] [--check-leaks] [test/] [a/b/] (script "
			"`test`)\n"},
		{{TEST_SCRIPT("jest --coverage --verbose"), "jest.config.js"},
			"jest@. (script `test`)\n"},
		{{TEST_SCRIPT("jest --config ./scripts/jest/jest.config.js")},
			"jest@. config=scripts/jest/jest.config.js (script `test`)\n"},
		{{TEST_SCRIPT("nyc --reporter=lcov --reporter=text mocha --throw-deprecation "
			      "t/*.test.js"),
			 "t/b.test.js", "t/a.test.js", "t/c.js"},
			"mocha@. node:--throw-deprecation [t/a.test.js] [t/b.test.js] cover:nyc "
			"cover:--reporter=lcov cover:--reporter=text (script "
			"`test`)\n"},
		{{TEST_SCRIPT("c8 mocha --enable-source-maps ./t/*.mjs --require ./t/x.mjs "
			      "--timeout=24000 --check-leaks"),
			 "t/a.mjs"},
			"mocha@. node:--enable-source-maps [./t/a.mjs] [--require] [./t/x.mjs] "
			"[--timeout=24000] [--check-leaks] cover:c8 (script `test`)\n"},
		{{"jest.config.ts"}, "jest@. (jest.config.ts)\n"},
		{{PACKAGE("\"jest\":{\"verbose\":true}")}, "jest@. (package.json `jest`)\n"},
		{{PACKAGE("\"jest\":false,\"mocha\":null")}, ""},
		{{PACKAGE("\"mocha\":{\"spec\":\"x\"}")}, "mocha@. (package.json `mocha`)\n"},
		{{".mocharc.jsonc"}, "mocha@. (.mocharc.jsonc)\n"},
		{{TEST_SCRIPT("jest"), "playwright.config.mts"},
			"jest@. (script `test`)\nplaywright@. (playwright.config.mts)\n"},
		{{TEST_SCRIPT("vitest run")}, NOT_RUN("`vitest` (script `test`)")},
		{{TEST_SCRIPT("vitest run"), "jest.config.js"},
			NOT_RUN("`vitest` (script `test`)")}, /* left behind */
		{{PACKAGE("\"scripts\":{\"test\":\"vitest\",\"test:old\":\"jest\"}"),
			 "jest.config.js"},
			"jest@. (script `test:old`)\n" NOT_RUN("`vitest` (script `test`)")},
		{{TEST_SCRIPT("vitest run"), "playwright.config.ts"},
			"playwright@. (playwright.config.ts)\n" NOT_RUN(
				"`vitest` (script `test`)")},
		{{TEST_SCRIPT("node --test && tsd")}, NOT_RUN("`node --test` (script `test`)")},
		{{PACKAGE("")}, ""},
		{{"readme"}, ""},
		{{TEST_SCRIPT("npx playwright install && npx playwright test -c e2e/pw.config.ts")},
			"playwright@. config=e2e/pw.config.ts (script `test`)\n"},
		{{TEST_SCRIPT("cd e2e && playwright test")}, "playwright@e2e (script `test`)\n"},
		{{TEST_SCRIPT("jest --version"), "jest.config.js"}, "jest@. (jest.config.js)\n"},
		/* started by a program with a configuration of its own */
		{{PACKAGE("\"jest\":{},\"scripts\":{\"test\":\"react-scripts test\"}")},
			NOT_RUN("`react-scripts test` (script `test`)")},
		{{TEST_SCRIPT("kcd-scripts test"), "jest.config.js"}, "jest@. (jest.config.js)\n"},
	};
	check_all(rows, ARRAY_LEN(rows));
}

TEST(project, several_scripts)
{
	static const struct row rows[] = {
		/* another script says how coverage of the same tests is meant */
		{{PACKAGE("\"scripts\":{\"test\":\"mocha t/\",\"cover\":\"nyc npm test\","
			  "\"other\":\"c8 mocha u/\"}")},
			"mocha@. [t/] cover:nyc (script `test`)\n"},
		{{PACKAGE("\"scripts\":{\"test\":\"npm run test:unit && npm run test:e2e\","
			  "\"test:unit\":\"vitest run\","
			  "\"test:e2e\":\"npx playwright test --config ./t/playwright.config.ts\","
			  "\"test:e2e:dev\":\"npx playwright test --ui --config "
			  "./t/playwright.config.ts\"}")},
			"playwright@. config=t/playwright.config.ts (script `test:e2e`)\n" NOT_RUN(
				"`vitest` (script `test:unit`)")},
		{{TEST_SCRIPT("jest -c jest.unit.config.js && jest -c jest.e2e.config.js"),
			 "jest.config.js"},
			"jest:unit@. config=jest.unit.config.js (script `test`)\n"
			"jest:e2e@. config=jest.e2e.config.js (script `test`)\n"},
		{{PACKAGE("\"scripts\":{\"test\":\"npm run lint && npm run t && npm run i\","
			  "\"lint\":\"eslint .\",\"t\":\"mocha --full-trace src/**/*-test.ts\","
			  "\"i\":\"tsc && mocha integration/*-test.js\"}")},
			"mocha:t@. [--full-trace] [src/**/*-test.ts] (script `t`)\n"
			"mocha:i@. [integration/*-test.js] (script `i`)\n"},
		/* `test` starts no runner: scripts that sound like it, once each */
		{{PACKAGE(
			 "\"scripts\":{\"test\":\"turbo test\",\"test:unit\":\"jest\","
			 "\"test:watch\":\"jest --watch\",\"test:cov\":\"jest --coverage -i --ci\","
			 "\"unit:test\":\"mocha\",\"e2e\":\"playwright test\"}")},
			"jest@. (script `test:unit`)\nmocha@. (script `unit:test`)\n"},
		{{PACKAGE("\"scripts\":{\"test:debug\":\"node --inspect-brk "
			  "node_modules/.bin/jest\","
			  "\"test:u\":\"jest -u\"}")},
			"jest@. (script `test:debug`)\n"},
		/* `test` is not all: another runner has a script that sounds like it */
		{{PACKAGE("\"scripts\":{\"test\":\"jest\",\"test:api\":\"A=b mocha api/\","
			  "\"test:watch\":\"jest --watch\",\"bench\":\"mocha bench/\"}")},
			"jest@. (script `test`)\nmocha@. A=b [api/] (script `test:api`)\n"},
		/* a configuration file alone: started as the scripts agree on */
		{{PACKAGE("\"scripts\":{\"test\":\"jest\",\"e2e\":\"A=b playwright test\","
			  "\"e2e:ui\":\"A=b playwright test --ui\"}"),
			 "playwright.config.js"},
			"jest@. (script `test`)\nplaywright@. A=b (playwright.config.js)\n"},
		{{PACKAGE("\"scripts\":{\"test\":\"jest\",\"a\":\"playwright test --project=a\","
			  "\"b\":\"playwright test --project=b\"}"),
			 "playwright.config.js"},
			"jest@. (script `test`)\nplaywright@. (playwright.config.js)\n"},
		{{TEST_SCRIPT("TZ=UTC jest && TZ=Asia/Tokyo jest && TZ=UTC jest")},
			"jest:test@. TZ=UTC (script `test`)\n"
			"jest:test-2@. TZ=Asia/Tokyo (script `test`)\n"},
		{{TEST_SCRIPT("jest && jest --config jest.config.js --runInBand"),
			 "jest.config.js"},
			"jest@. (script `test`)\n"},
	};
	check_all(rows, ARRAY_LEN(rows));
}

TEST(project, dependency_alone)
{
	static const struct row rows[] = {
		{{PACKAGE("\"devDependencies\":{\"mocha\":\"1\"}"), "test/a.js"},
			"mocha@. (dependency `mocha`, test/)\n"},
		{{PACKAGE("\"devDependencies\":{\"mocha\":\"1\"}"), "tests/a.js"}, ""},
		{{PACKAGE("\"devDependencies\":{\"jest\":\"1\"}"), "src/a.test.js"},
			"jest@. (dependency `jest`)\n"},
		{{PACKAGE("\"devDependencies\":{\"@playwright/test\":\"1\"}"), "a.spec.js"},
			"playwright@. (dependency `@playwright/test`)\n"},
		/* which of the two is a.test.js for? */
		{{PACKAGE("\"devDependencies\":{\"jest\":\"1\",\"mocha\":\"1\"}"), "src/a.test.js"},
			""},
		{{PACKAGE("\"devDependencies\":{\"jest\":\"1\"},\"scripts\":{\"test\":\"echo "
			  "\\\"Error: no test specified\\\" && exit 1\"}"),
			 "src/__tests__/a.js"},
			"jest@. (dependency `jest`, src/__tests__/)\n"},
		{{PACKAGE("\"devDependencies\":{\"jest\":\"1\"},\"scripts\":{\"test\":\"ava\"}"),
			 "test/a.js"},
			NOT_RUN("`ava` (script `test`)")},
	};
	check_all(rows, ARRAY_LEN(rows));
}

#define ROOT(script)                                                                               \
	"package.json\n{\"name\":\"top\",\"workspaces\":[\"p/*\"],\"scripts\":{\"test\":\"" script \
	"\"}}"
#define MEMBER(name, script)                                                                       \
	"p/" name "/package.json\n{\"name\":\"@x/" name "\",\"scripts\":{\"test\":\"" script "\"}" \
	"}"

TEST(project, workspaces)
{
	static const struct row rows[] = {
		/* one outer suite runs all */
		{{ROOT("jest"), "jest.config.js", MEMBER("a", "jest"), "p/b/package.json\n{}",
			 "p/b/jest.config.js"},
			"jest@. (script `test`)\n"},
		/* the outer script hands over; its configuration is there to be inherited */
		{{ROOT("turbo run test"), "jest.config.js", MEMBER("a", "jest"),
			 MEMBER("b", "jest")},
			"@x/a:jest@p/a (script `test`)\n@x/b:jest@p/b (script `test`)\n"},
		/* it does both */
		{{ROOT("jest && npm test --workspaces"), "jest.config.js", MEMBER("a", "jest"),
			 "p/b/package.json\n{}", "p/b/jest.config.js"},
			"top:jest@. (script `test`)\n@x/a:jest@p/a (script `test`)\n"},
		{{ROOT("jest && yarn workspaces run test"), MEMBER("a", "jest")},
			"top:jest@. (script `test`)\n@x/a:jest@p/a (script `test`)\n"},
		{{ROOT("echo no test specified"), "jest.config.js", MEMBER("a", "jest")},
			"jest@. (jest.config.js)\n"},
		{{ROOT("lerna run test"), MEMBER("a", "jest"), MEMBER("b", "mocha")},
			"jest@p/a (script `test`)\nmocha@p/b (script `test`)\n"},
		{{"package.json\n{\"workspaces\":[\"p/*\"]}", "jest.config.js",
			 "p/a/package.json\n{}", "p/a/jest.config.js"},
			"jest@. (jest.config.js)\n"},
		/* Mocha runs what it is told */
		{{ROOT("mocha"), MEMBER("a", "mocha")},
			"top:mocha@. (script `test`)\n@x/a:mocha@p/a (script `test`)\n"},
		{{ROOT("mocha 'p/*/test/**/*.js'"), MEMBER("a", "mocha")},
			"mocha@. [p/*/test/**/*.js] (script `test`)\n"},
		{{ROOT("mocha test/*.js"), MEMBER("a", "mocha")},
			"top:mocha@. [test/*.js] (script `test`)\n@x/a:mocha@p/a (script "
			"`test`)\n"},
		/* Playwright knows one configuration */
		{{ROOT("playwright test"), "playwright.config.ts", MEMBER("a", "playwright test"),
			 "p/a/playwright.config.ts"},
			"top:playwright@. (script `test`)\n@x/a:playwright@p/a (script `test`)\n"},
		/* Jest told where to look */
		{{"package.json\n{\"name\":\"top\",\"workspaces\":[\"p/*\"],\"jest\":{\"roots\":["
		  "\"<rootDir>/src\"]},\"scripts\":{\"test\":\"jest\"}}",
			 MEMBER("a", "jest")},
			"top:jest@. (script `test`)\n@x/a:jest@p/a (script `test`)\n"},
		{{"package.json\n{\"name\":\"top\",\"workspaces\":[\"p/*\"],\"jest\":{\"roots\":["
		  "\"/elsewhere\"]},\"scripts\":{\"test\":\"jest\"}}",
			 MEMBER("a", "jest")},
			"top:jest@. (script `test`)\n@x/a:jest@p/a (script `test`)\n"},
		{{"package.json\n{\"workspaces\":[\"p/*\"],\"jest\":{\"projects\":[\"<rootDir>/p/"
		  "*\"]}"
		  ",\"scripts\":{\"test\":\"jest\"}}",
			 MEMBER("a", "jest")},
			"jest@. (script `test`)\n"},
		{{"package.json\n{\"workspaces\":[\"p/*\"],\"jest\":{\"projects\":[\"<rootDir>/p/"
		  "*/jest.config.js\"]}"
		  ",\"scripts\":{\"test\":\"jest\"}}",
			 MEMBER("a", "jest")},
			"jest@. (script `test`)\n"},
		{{ROOT("jest --rootDir=src"), MEMBER("a", "jest")},
			"top:jest@. [--rootDir=src] (script `test`)\n@x/a:jest@p/a (script "
			"`test`)\n"},
		/* no package at the top: the folders in it */
		{{"readme",
			 "backend/package.json\n{\"name\":\"b\",\"scripts\":{\"test\":\"mocha\"}}",
			 "frontend/package.json\n{\"scripts\":{\"test\":\"jest\"}}"},
			"mocha@backend (script `test`)\njest@frontend (script `test`)\n"},
		{{"package.json\n{\"name\":\"t\",\"workspaces\":[\"p/*\"]}",
			 "p/a/package.json\n{\"name\":\"a\",\"scripts\":{\"test\":"
			 "\"jest && jest -c x.js\"}}",
			 "p/b/package.json\n{\"name\":\"a\",\"scripts\":{\"test\":\"jest\"}}"},
			"a:jest:test@p/a (script `test`)\na:jest:x@p/a config=p/a/x.js (script "
			"`test`)\n"
			"a:jest@p/b (script `test`)\n"},
	};
	check_all(rows, ARRAY_LEN(rows));
}

TEST(project, options_of_runners)
{
	static const struct row rows[] = {
		{{TEST_SCRIPT("jest --reporters default jest-junit --ci --testPathPattern unit "
			      "--max-workers=1 --bail 3 --no-cache --selectProjects a b "
			      "--passWithNoTests --silent=false x")},
			"jest@. [--ci] [--testPathPattern] [unit] [--runInBand] [--selectProjects] "
			"[a] "
			"[b] [--passWithNoTests] [x] (script `test`)\n"},
		{{TEST_SCRIPT("jest -w 4 -i -t 'adds a' --coverage=false src")},
			"jest@. [--runInBand] [-t] [adds a] [src] (script `test`)\n"},
		{{TEST_SCRIPT("jest --config '{\\\"bail\\\":1}'")},
			"jest@. [--config] [{\"bail\":1}] (script `test`)\n"},
		{{TEST_SCRIPT(
			 "mocha -R dot -O a=b -j 4 -p -c --bail --recursive --extension ts -r x "
			 "--exit --config a/rc.js --experimental-vm-modules --expose-gc "
			 "--inspect-brk t")},
			"mocha@. config=a/rc.js node:--experimental-vm-modules node:--expose-gc "
			"[--parallel] [--recursive] [--extension] [ts] [-r] [x] [--exit] [t] "
			"(script `test`)\n"},
		{{TEST_SCRIPT("mocha --import=tsx --loader x --max-old-space-size=9 --no-warnings "
			      "--experimental-loader=y --experimental-loader z -- --bail")},
			"mocha@. node:--import=tsx node:--max-old-space-size=9 node:--no-warnings "
			"node:--experimental-loader=y [--loader] [x] [--experimental-loader] [z] "
			"[--] [--bail] (script `test`)\n"},
		{{TEST_SCRIPT("mocha --parallel --jobs 1")},
			"mocha@. [--parallel] [--jobs=1] (script `test`)\n"},
		{{TEST_SCRIPT("playwright test -j 1 --reporter=list --headed --project chromium "
			      "--grep @smoke -x --retries 2 e2e/")},
			"playwright@. [--workers=1] [--project] [chromium] [--grep] [@smoke] "
			"[--retries] [2] [e2e/] (script `test`)\n"},
		{{TEST_SCRIPT("playwright test --workers 50% --config=a.ts -u")},
			"playwright@. config=a.ts (script `test`)\n"},
		{{TEST_SCRIPT("playwright test -u none --only-changed main e2e/ && "
			      "playwright test --only-changed --update-snapshots all e2e/")},
			"playwright:test@. [--update-snapshots=none] [e2e/] (script `test`)\n"
			"playwright:test-2@. [e2e/] (script `test`)\n"},
		{{TEST_SCRIPT("playwright test --list && playwright codegen && mocha --dry-run")},
			""},
	};
	check_all(rows, ARRAY_LEN(rows));
}

/* A green run must not pass for tests that `npm test` runs and muster does not. */
TEST(project, other_frameworks)
{
	static const struct row rows[] = {
		{{TEST_SCRIPT("npx vitest run && jest && node --import tsx --test && vitest")},
			"jest@. (script `test`)\n" NOT_RUN(
				"`vitest` (script `test`), `node --test` (script `test`)")},
		{{TEST_SCRIPT("bun test && jest"), "jest.config.js"},
			"jest@. (script `test`)\n" NOT_RUN("`bun test` (script `test`)")},
		{{PACKAGE("\"scripts\":{\"test\":\"wireit\"},\"wireit\":{\"test\":{\"command\":"
			  "\"mocha\"}}")},
			"mocha@. (script `test`)\n"},
		/* a variant beside `test` is not what `npm test` runs */
		{{PACKAGE("\"scripts\":{\"test\":\"jest\",\"test:e2e\":\"cypress run\"}")},
			"jest@. (script `test`)\n"},
		{{PACKAGE("\"scripts\":{\"test:a\":\"jest\",\"test:b\":\"ng test\"}")},
			"jest@. (script `test:a`)\n" NOT_RUN("`ng test` (script `test:b`)")},
		{{PACKAGE("\"workspaces\":[\"p/*\"]"),
			 "p/a/package.json\n{\"name\":\"a\",\"scripts\":{\"test\":\"mocha\"}}",
			 "p/b/package.json\n{\"scripts\":{\"test\":\"ava && ng build\"}}"},
			"mocha@p/a (script `test`)\n" NOT_RUN("`ava` (script `test` of p/b)")},
	};
	check_all(rows, ARRAY_LEN(rows));
}

TEST(project, broken)
{
	char *dir = temp_new();
	struct error err = ERROR_INIT;
	struct suites suites = SUITES_INIT;

	temp_write(dir, "package.json", "{\"workspaces\":[\"p/*\"]}");
	temp_write(dir, "p/a/package.json", "{");
	cr_assert_eq(project_detect(dir, runners, other_test_programs, &suites, NULL, &err), -1);
	cr_assert(strstr(err.text, "p/a/package.json"), "%s", err.text);
	ASSERT_INT(err.code, EXIT_CODE_USAGE);
	temp_free(dir);
}

TEST(project, base)
{
	static const struct {
		const char *files[6], *start, *base;
	} rows[] = {
		{{"package.json\n{\"name\":\"t\"}", "src/x"}, "src", "."},
		{{"package.json\n{\"workspaces\":[\"p/*\"]}", "p/a/package.json\n{\"name\":\"a\"}"},
			"p/a", "."},
		{{"package.json\n{\"name\":\"t\"}", "p/a/package.json\n{\"name\":\"a\"}"}, "p/a",
			"p/a"},
		{{"package.json\n{\"name\":\"t\"}", "src/esm/package.json\n{\"type\":\"module\"}"},
			"src/esm", "."},
		{{"muster.yaml", "p/a/package.json\n{\"name\":\"a\"}"}, "p/a", "."},
		{{"p/a/package.json\n{\"name\":\"a\"}", "p/muster.yaml"}, "p/a", "p"},
		{{"pnpm-workspace.yaml\npackages: [p/**]", "p/a/package.json\n{\"name\":\"a\"}",
			 "p/package.json\n{\"name\":\"p\"}"},
			"p/a", "."},
		{{"x/y/z"}, "x/y", "."},
		{{"package.json\n{", "x/y"}, "x", "."},
	};
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		char *dir = temp_new();
		temp_write(dir, ".git/HEAD", "ref: refs/heads/main\n");
		for (const char *const *file = rows[i].files; *file; file++) {
			cleanup_free char *name = xstrndup(*file, strcspn(*file, "\n"));
			const char *text = strchr(*file, '\n');
			temp_write(dir, name, text ? text + 1 : "");
		}
		cleanup_free char *start = path_join(dir, rows[i].start);
		cleanup_free char *base = project_base(start);
		cr_expect_str_eq(below(dir, base), rows[i].base, "row %zu: %s", i, base);
		temp_free(dir);
	}
}
