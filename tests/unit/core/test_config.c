#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "tests/support/test.h"

static const struct runner jest = {.name = "jest", .package = "jest"};
static const struct runner mocha = {.name = "mocha", .package = "mocha"};
static const struct runner *const table[] = {&jest, &mocha, NULL};

/* A project folder of its own: `sub/` and `sub/own.config.js` exist, `out` links out of it. */
struct project {
	char dir[32];
};

static void project_init(struct project *p)
{
	snprintf(p->dir, sizeof(p->dir), "/tmp/muster-test-XXXXXX");
	cr_assert(mkdtemp(p->dir));
	cleanup_free char *sub = path_join(p->dir, "sub");
	cleanup_free char *file = path_join(sub, "own.config.js");
	cleanup_free char *link = path_join(p->dir, "out");
	cr_assert_eq(file_mkdirs(sub, NULL), 0);
	cr_assert_eq(file_write(file, "", 0, false, NULL), 0);
	cr_assert_eq(symlink("/", link), 0);
}

static void project_release(struct project *p)
{
	file_remove_tree(p->dir, NULL);
}

static struct config *load(struct project *p, const char *text, struct error *err)
{
	cleanup_free char *path = path_join(p->dir, "muster.yaml");
	struct config *c = config_new(p->dir);

	cr_assert_eq(file_write(path, text, strlen(text), false, NULL), 0);
	if (config_load(c, table, NULL, err) == 0)
		return c;
	config_free(c);
	return NULL;
}

/* ---- every key ------------------------------------------------------------------------------- */

/* Where the key stands: %s is "key: value". */
#define AT_ROOT "resources: {db: 2}\n%s\n"
#define AT_SUITE \
	"suites:\n  - runner: jest\n    %s\nresources: {db: 2}\nservices: {s: {command: a}}\n"
#define AT_RUNNER   "suites:\n  - %s\n"
#define AT_SERVICE  "services:\n  s:\n    command: [a]\n    %s\n"
#define AT_COMMAND  "services:\n  s:\n    %s\n"
#define AT_GATES    "gates:\n  %s\n"
#define AT_COVERAGE "coverage:\n  %s\n"
#define AT_LIMITS   "gates:\n  coverage: {%s}\n"
#define AT_PATCH    "gates:\n  patch_coverage: {%s}\n"
#define AT_READY    "services:\n  s:\n    command: [a]\n    ready:\n      %s\n"

/* Values as in the file; NULL-ended. */
static const struct {
	const struct config_key *keys;
	const char *key, *place;
	const char *good[8], *bad[10];
} rows[] = {
	{config_root_keys, "version", AT_ROOT, {"1"}, {"2", "1.0", "", "[1]", "0"}},
	{config_root_keys, "workers", AT_ROOT, {"1", "8", "auto", "50%", "200%"},
		{"0", "-1", "0%", "1.5", "many", "", "[2]", "99999", "5 %"}},
	{config_root_keys, "fail_fast", AT_ROOT, {"0", "1", "17", "true", "false"},
		{"-1", "yes", "", "{}", "1.5"}},
	{config_root_keys, "retries", AT_ROOT,
		{"0", "3", "{}", "{default: 1}", "{default: 1, flaky: 3, quarantined: 0}"},
		{"-1", "x", "1e3", "", "101", "[1]", "{normal: 1}", "{flaky: -1}", "{flaky: 101}"}},
	{config_root_keys, "retry_budget", AT_ROOT, {"20%", "2m", "off", "90", "500ms"},
		{"", "-1", "0%", "1000%", "much", "0", "[2m]"}},
	{config_root_keys, "early_detection", AT_ROOT, {"on", "off", "true", "false"},
		{"", "yes", "1", "{}"}},
	{config_root_keys, "fail_on_flaky", AT_ROOT, {"on", "off", "true", "false"},
		{"", "1", "yes", "[on]"}},
	{config_root_keys, "quarantine", AT_ROOT, {"quarantine.yaml", "off", "qa/list.yml"},
		{"", "[a]", "{a: b}"}},
	{config_root_keys, "timeout", AT_ROOT, {"5m", "90", "1.5s", "500ms", "off", "2h"},
		{"5 parsecs", "-1", "", "[5m]", "m", "nan", "inf"}},
	{config_root_keys, "budget", AT_ROOT, {"10m", "off", "false"}, {"never", "true"}},
	{config_root_keys, "slow", AT_ROOT, {"10s", "off"}, {"slowly", "-5s"}},
	{config_root_keys, "suites", AT_ROOT, {"[]", "[{runner: jest}]"},
		{"", "jest", "{runner: jest}", "[jest]", "[{}]"}},
	{config_root_keys, "services", AT_ROOT, {"{}", "{a: {command: x}}"},
		{"", "[]", "{a: x}", "{a: {}}", "{a: {command: []}}", "{a: {command: ''}}"}},
	{config_root_keys, "coverage", AT_ROOT,
		{"on", "off", "true", "{}", "{include: [\"src/**\"], reports: [text]}"},
		{"", "yes please", "[]", "{includes: x}"}},
	{config_root_keys, "gates", AT_ROOT, {"off", "false", "{}", "{duration: 5m}"},
		{"", "on", "[]", "{duration: never}"}},
	{config_root_keys, "reporters", AT_ROOT, {"tty", "[tty, junit=x.xml]", "[]"},
		{"", "{tty: 1}", "[[tty]]"}},
	{config_suite_keys, "name", AT_SUITE, {"unit", "a/b:c", "\"\xc3\xbcnit 1\""},
		{"", "[a]", "-x", "\"a\\nb\"", "\"a\\e[31m\""}},
	{config_suite_keys, "runner", AT_RUNNER, {"jest", "mocha"}, {"jset", "", "[jest]", "Jest"}},
	{config_suite_keys, "root", AT_SUITE, {".", "sub", "./sub/", "sub/.."},
		{"nope", "..", "/", "out", "[sub]", "", "sub/own.config.js"}},
	{config_suite_keys, "config", AT_SUITE, {"sub/own.config.js"}, {"nope.js", "", "[x]"}},
	{config_suite_keys, "files", AT_SUITE, {"a.js", "[\"src/**/*.test.ts\", b]"}, {"", "{}"}},
	{config_suite_keys, "args", AT_SUITE, {"[--ci]", "[]"}, {"", "{a: b}", "[[a]]"}},
	{config_suite_keys, "env", AT_SUITE, {"{A: 1, B: no}", "{}"},
		{"", "[A=1]", "{A: [1]}", "{A=B: 1}", "{\"\": 1}"}},
	{config_suite_keys, "node_options", AT_SUITE, {"[--max-old-space-size=2048]"}, {"{}"}},
	{config_suite_keys, "retries", AT_SUITE, {"0", "2", "{flaky: 2}"}, {"-1", "x", "{x: 1}"}},
	{config_suite_keys, "timeout", AT_SUITE, {"60s", "off"}, {"soon"}},
	{config_suite_keys, "needs", AT_SUITE, {"{db: 1}", "{db: 2}", "{}"},
		{"", "[db]", "{db: 0}", "{db: 3}", "{db: 1x}", "{gpu: 1}", "{db: }", "{db: -1}"}},
	{config_suite_keys, "services", AT_SUITE, {"[s]", "s", "[]"}, {"[t]", "t", "{s: 1}"}},
	{config_suite_keys, "coverage", AT_SUITE, {"true", "false"}, {"", "maybe", "[true]"}},
	{config_suite_keys, "tmpdir", AT_SUITE, {"shared", "worker"}, {"private", ""}},
	{config_suite_keys, "isolate", AT_SUITE, {"runner", "file", "process"},
		{"", "off", "[file]"}},
	{config_suite_keys, "split", AT_SUITE, {"on", "off", "true", "false"}, {"", "2", "never"}},
	{config_service_keys, "command", AT_COMMAND, {"[a, b]", "a"}, {"", "{}", "[]", "['']"}},
	{config_service_keys, "ready", AT_SERVICE, {"{}", "{tcp: 80}", "{log: up, timeout: 1s}"},
		{"", "up", "{tcp: 80, log: up}", "{http: x}"}},
	{config_service_keys, "env", AT_SERVICE, {"{PORT: \"${port}\"}"}, {"[x]", "x"}},
	{config_ready_keys, "tcp", AT_READY, {"80", "\"${port}\"", "65535"},
		{"0", "65536", "http", "", "localhost:80"}},
	{config_ready_keys, "log", AT_READY, {"\"ready to accept\""}, {"", "[a]"}},
	{config_ready_keys, "timeout", AT_READY, {"20s", "1"}, {"off", "0", "late"}},
	{config_gate_keys, "duration", AT_GATES, {"10m", "off", "90"}, {"never", "-1", "", "[1m]"}},
	{config_gate_keys, "coverage", AT_GATES, {"90", "off", "{lines: 80, branches: off}"},
		{"", "101", "-1", "[90]", "{line: 90}", "{lines: high}"}},
	{config_gate_keys, "coverage_by", AT_GATES,
		{"{\"packages/*\": {lines: 90}}", "{a: 80}", "{}"},
		{"", "90", "[]", "{a: {x: 1}}", "{a: [1]}"}},
	{config_gate_keys, "coverage_per_file", AT_GATES, {"50%", "{functions: 10}"}, {"many"}},
	{config_gate_keys, "patch_coverage", AT_GATES, {"90", "{lines: 90}"},
		{"{branches: 90}", "all"}},
	{config_gate_keys, "coverage_drop", AT_GATES, {"0", "0.5", "off"}, {"-1", "{}", "none"}},
	{config_gate_keys, "failure_rate", AT_GATES, {"1%", "0", "off"}, {"1 %", "%", ""}},
	{config_gate_keys, "flaky_rate", AT_GATES, {"2%", "off"}, {"lots"}},
	{config_coverage_keys, "include", AT_COVERAGE, {"[\"src/**\"]", "src"}, {"", "{}"}},
	{config_coverage_keys, "exclude", AT_COVERAGE, {"[]", "[a, b]"}, {"{a: b}"}},
	{config_coverage_keys, "reports", AT_COVERAGE, {"[lcov]", "text"}, {"{}"}},
	{config_limit_keys, "lines", AT_LIMITS, {"90", "99.5%", "off"}, {"", "[1]", "200"}},
	{config_limit_keys, "branches", AT_LIMITS, {"90"}, {"x"}},
	{config_limit_keys, "functions", AT_LIMITS, {"90"}, {"x"}},
	{config_limit_keys, "statements", AT_LIMITS, {"90"}, {"x"}},
	{config_patch_keys, "lines", AT_PATCH, {"90"}, {"x"}},
};

static void put(char *text, size_t size, size_t row, const char *value)
{
	cleanup_free char *member = xasprintf("%s: %s", rows[row].key, value);
	const char *place = rows[row].place, *at = strstr(place, "%s");

	snprintf(text, size, "%.*s%s%s", (int)(at - place), place, member, at + 2);
}

TEST(config, values)
{
	struct project p;
	char text[512];

	project_init(&p);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		for (const char *const *v = rows[i].good; *v; v++) {
			struct error err = ERROR_INIT;
			put(text, sizeof(text), i, *v);
			struct config *c = load(&p, text, &err);
			cr_assert(c, "%s\nwas refused: %s", text, err.text);
			config_free(c);
		}
		for (const char *const *v = rows[i].bad; *v; v++) {
			struct error err = ERROR_INIT;
			put(text, sizeof(text), i, *v);
			cr_assert_null(load(&p, text, &err), "%s\nwas taken", text);
			ASSERT_INT(err.code, EXIT_CODE_USAGE);
			cr_assert(strstr(err.text, " in muster.yaml:"), "no place: %s", err.text);
			cr_assert(strchr(err.text, '^'), "no caret: %s", err.text);
		}
	}
	project_release(&p);
}

static void expect_row(const struct config_key *keys)
{
	for (const struct config_key *k = keys; k->name; k++) {
		bool found = k->type == CONFIG_RESOURCES; /* has a test of its own */
		for (size_t i = 0; i < ARRAY_LEN(rows); i++)
			found |= rows[i].keys == keys && streq(rows[i].key, k->name) &&
				 rows[i].good[0] && rows[i].bad[0];
		cr_assert(found, "key %s has no row with good and bad values", k->name);
		cr_assert(k->help && *k->help);
		if (k->keys)
			expect_row(k->keys);
	}
}

TEST(config, every_key_has_a_row)
{
	expect_row(config_root_keys);
}

TEST(config, resources)
{
	static const char *const bad[] = {
		"", "[db]", "{db: 0}", "{db: x}", "{db: [1]}", "{db: 1.5}"};
	struct project p;
	struct error err = ERROR_INIT;

	project_init(&p);
	struct config *c = load(&p, "resources: {db: 2, gpu: 1}\n", &err);
	cr_assert(c, "%s", err.text);
	ASSERT_INT(c->resource_count, 2);
	ASSERT_STR(c->resources[1].name, "gpu");
	ASSERT_INT(c->resources[0].amount, 2);
	config_free(c);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		cleanup_free char *text = xasprintf("resources: %s\n", bad[i]);
		cr_assert_null(load(&p, text, &err), "%s was taken", text);
	}
	project_release(&p);
}

/* ---- what it means --------------------------------------------------------------------------- */

TEST(config, reads_all)
{
	struct project p;
	struct error err = ERROR_INIT;

	project_init(&p);
	struct config *c = load(&p,
		"workers: 50%\nfail_fast: false\ntimeout: 90\n"
		"services:\n  db: {command: [pg, \"${port}\"], ready: {tcp: \"${port}\"}}\n"
		"resources: {db: 2}\n"
		"suites:\n"
		"  - {name: unit, runner: mocha, root: sub, config: own.config.js, retries: 2,\n"
		"     timeout: 1m, env: {A: no}, needs: {db: 2}, services: db, tmpdir: worker}\n"
		"  - runner: jest\n",
		&err);
	cr_assert(c, "%s", err.text);
	ASSERT_INT(c->workers, 0);
	ASSERT_INT(c->workers_percent, 50);
	ASSERT_INT(c->fail_fast, 0);
	ASSERT_INT(c->timeout_ms, 90000);
	ASSERT_INT(c->services[0].ready_timeout_ms, 20000);
	const struct suite *unit = suites_find(&c->suites, "unit");
	cr_assert(unit && unit->runner == &mocha);
	cr_assert(ends_with(unit->root, "/sub"));
	cr_assert(ends_with(unit->config, "/sub/own.config.js"));
	ASSERT_INT(unit->retries.of[RETRY_NORMAL], 2);
	ASSERT_INT(unit->retries.of[RETRY_FLAKY], -1);
	ASSERT_INT(unit->timeout_ms, 60000);
	ASSERT_STR(unit->env.v[0], "A=no");
	ASSERT_INT(unit->needs[0].amount, 2);
	ASSERT_STR(unit->services.v[0], "db");
	cr_assert(unit->tmpdir_per_worker);
	const struct suite *other = suites_find(&c->suites, "jest");
	cr_assert(other);
	ASSERT_INT(other->retries.of[RETRY_NORMAL], -1);
	ASSERT_INT(other->timeout_ms, -1);
	config_free(c);
	project_release(&p);
}

TEST(config, precedence)
{
	struct project p;
	struct error err = ERROR_INIT;

	project_init(&p);
	setenv("MUSTER_RETRIES", "2", 1);
	setenv("MUSTER_FAIL_FAST", "false", 1);
	setenv("MUSTER_REPORTERS", "plain,junit=x.xml", 1);
	setenv("MUSTER_SLOW", "", 1); /* empty = not set */
	struct config *c =
		load(&p, "retries: 1\ntimeout: 1s\nfail_fast: 5\nreporters: tty\n", &err);
	cr_assert(c, "%s", err.text);
	ASSERT_INT(config_set(c, "fail_fast", "3", ORIGIN_FLAG, &err), 0);
	ASSERT_INT(config_set(c, "fail_fast", "9", ORIGIN_ENVIRONMENT, &err), 0);
	ASSERT_INT(c->retries.of[RETRY_NORMAL], 2);
	ASSERT_INT(c->fail_fast, 3);
	ASSERT_INT(c->timeout_ms, 1000);
	ASSERT_INT(c->slow_ms, 10000);
	ASSERT_INT(c->reporters.n, 2);
	ASSERT_STR(c->reporters.v[1], "junit=x.xml");
	ASSERT_INT(config_origin(c, "retries"), ORIGIN_ENVIRONMENT);
	ASSERT_INT(config_origin(c, "fail_fast"), ORIGIN_FLAG);
	ASSERT_INT(config_origin(c, "timeout"), ORIGIN_FILE);
	ASSERT_INT(config_origin(c, "budget"), ORIGIN_DEFAULT);
	/* flags add to flags and replace the rest */
	ASSERT_INT(config_set(c, "reporters", "dot", ORIGIN_FLAG, &err), 0);
	ASSERT_INT(config_set(c, "reporters", "json", ORIGIN_FLAG, &err), 0);
	ASSERT_INT(c->reporters.n, 2);
	ASSERT_STR(c->reporters.v[0], "dot");
	ASSERT_INT(config_set(c, "suites", "x", ORIGIN_FLAG, &err), -1);
	config_free(c);
	setenv("MUSTER_RETRIES", "many", 1);
	cr_assert_null(load(&p, "", &err));
	ASSERT_STR(err.text, "MUSTER_RETRIES: `retries` expects a whole number or a mapping of "
			     "numbers, not `many`");
	project_release(&p);
}

/* What `config show` prints can be written into the file. */
TEST(config, notation_survives)
{
	static const char *const values[][2] = {{"timeout", "90s"}, {"timeout", "1500ms"},
		{"timeout", "2h"}, {"timeout", "off"}, {"workers", "50%"}, {"workers", "auto"},
		{"workers", "3"}, {"fail_fast", "4"}};

	for (size_t i = 0; i < ARRAY_LEN(values); i++) {
		struct config *c = config_new("/");
		cleanup_strbuf struct strbuf out = STRBUF_INIT;
		ASSERT_INT(config_set(c, values[i][0], values[i][1], ORIGIN_FLAG, NULL), 0);
		config_key_text(config_key_find(config_root_keys, values[i][0]), c, &out);
		ASSERT_STR(out.buf, values[i][1]);
		config_free(c);
	}
}

TEST(config, errors)
{
	static const struct {
		const char *file, *text, *help;
	} cases[] = {
		{"version: 1\nwrokers: 4\n",
			"unknown key `wrokers` in muster.yaml:2:1\n  2 | wrokers: 4\n"
			"    | ^^^^^^^ did you mean `workers`?",
			"known keys here: version, workers, fail_fast, retries, retry_budget, "
			"early_detection, fail_on_flaky, quarantine, timeout, budget, "
			"slow, suites, resources, services, coverage, gates, reporters"},
		{"gates: {audit: off}\n",
			"`audit` is not supported by muster " MUSTER_VERSION " in muster.yaml:1:9\n"
			"  1 | gates: {audit: off}\n"
			"    |         ^^^^^",
			"known keys here: duration, coverage, coverage_by, coverage_per_file, "
			"patch_coverage, coverage_drop, failure_rate, flaky_rate"},
		{"workers: lots\n",
			"`workers` expects a whole number from 1, a percentage or auto, not `lots` "
			"in muster.yaml:1:10\n  1 | workers: lots\n    |          ^^^^",
			""},
		{"suites:\n  - runner: jets\n",
			"unknown runner `jets` in muster.yaml:2:13\n  2 |   - runner: jets\n"
			"    |             ^^^^",
			"did you mean `jest`? supported runners: jest, mocha"},
		{"suites:\n  - {runner: jest, needs: {gpu: 2}}\n",
			"no resource is named `gpu` in muster.yaml:2:28\n"
			"  2 |   - {runner: jest, needs: {gpu: 2}}\n"
			"    |                            ^^^",
			"say how much there is: resources: {gpu: 2}"},
		{"suites: [{runner: jest}, {runner: jest}]\n",
			"a second suite is named `jest` in muster.yaml:1:26\n"
			"  1 | suites: [{runner: jest}, {runner: jest}]\n"
			"    |                          ^",
			"give each its own `name`"},
		{"- a\n",
			"the file must be a mapping of keys in muster.yaml:1:1\n  1 | - a\n    | ^",
			""},
	};
	struct project p;

	project_init(&p);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct error err = ERROR_INIT;
		cr_assert_null(load(&p, cases[i].file, &err), "%s was taken", cases[i].file);
		ASSERT_STR(err.text, cases[i].text);
		ASSERT_STR(err.help, cases[i].help);
	}
	project_release(&p);
}

TEST(config, which_file)
{
	struct project p;
	struct error err = ERROR_INIT;

	project_init(&p);
	cleanup_free char *yml = path_join(p.dir, "muster.yml");
	cleanup_free char *own = path_join(p.dir, "sub/ci.yaml");
	cleanup_free char *sub = path_join(p.dir, "sub");
	cleanup_free char *real = path_real(sub);
	struct config *c = config_new(p.dir);
	ASSERT_INT(config_load(c, table, NULL, &err), 0);
	cr_assert_null(c->path);
	config_free(c);
	file_write(yml, "retries: 4\n", 11, false, NULL);
	file_write(own, "retries: 5\n", 11, false, NULL);
	c = config_new(p.dir);
	ASSERT_INT(config_load(c, table, NULL, &err), 0);
	ASSERT_INT(c->retries.of[RETRY_NORMAL], 4);
	config_free(c);
	c = config_new(p.dir);
	ASSERT_INT(config_load(c, table, own, &err), 0);
	ASSERT_INT(c->retries.of[RETRY_NORMAL], 5);
	ASSERT_STR(c->base, real);
	config_free(c);
	cr_assert_null(load(&p, "", &err)); /* muster.yaml beside muster.yml */
	cr_assert(starts_with(err.text, "both muster.yaml and muster.yml are in "));
	c = config_new(p.dir);
	ASSERT_INT(config_load(c, table, "/nonexistent/x.yaml", &err), -1);
	ASSERT_STR(err.text, "no such configuration file: /nonexistent/x.yaml");
	config_free(c);
	project_release(&p);
}
