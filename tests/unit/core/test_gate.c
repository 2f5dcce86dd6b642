#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/gate.h"
#include "tests/support/temp.h"
#include "tests/support/test.h"

#include <sys/wait.h>

/* A project of one map; every statement has a line of its own. */
struct world {
	char *dir;
	struct strbuf map;
	struct coverage *coverage;
	struct config *config;
	struct strvec modules;
	struct strbuf told; /* "name status text\n" */
	struct gate_input in;
};

static void world_init(struct world *w)
{
	*w = (struct world){.dir = temp_new()};
	w->config = config_new(w->dir);
	w->coverage = coverage_new();
	strvec_init(&w->modules);
	w->in = (struct gate_input){.config = w->config,
		.base = w->dir,
		.coverage = w->coverage,
		.modules = &w->modules};
}

static void world_release(struct world *w)
{
	coverage_free(w->coverage);
	config_free(w->config);
	strvec_release(&w->modules);
	strbuf_release(&w->map);
	strbuf_release(&w->told);
	temp_free(w->dir);
}

/* `hits`: one character a line, '.' covered, '-' not, ' ' no statement. */
static void add_file(struct world *w, const char *name, const char *hits)
{
	cleanup_strbuf struct strbuf places = STRBUF_INIT, counts = STRBUF_INIT;

	for (int i = 0; hits[i]; i++) {
		if (hits[i] == ' ')
			continue;
		const char *comma = places.len ? "," : "";
		strbuf_addf(&places,
			"%s\"%d\":{\"start\":{\"line\":%d,\"column\":0},\"end\":{\"line\":%d,"
			"\"column\":9}}",
			comma, i, i + 1, i + 1);
		strbuf_addf(&counts, "%s\"%d\":%d", comma, i, hits[i] == '.');
	}
	strbuf_addf(&w->map,
		"%s\"%s/%s\":{\"path\":\"%s/"
		"%s\",\"statementMap\":{%s},\"fnMap\":{},\"branchMap\":{},"
		"\"s\":{%s},\"f\":{},\"b\":{}}",
		w->map.len ? "," : "{", w->dir, name, w->dir, name, places.buf, counts.buf);
}

static void on_gate(void *arg, const struct gate_result *r)
{
	struct world *w = arg;

	strbuf_addf(
		&w->told, "%s %s %.2f %g: %s\n", r->name, r->status, r->actual, r->limit, r->text);
}

static const char *judge(struct world *w)
{
	struct error err = ERROR_INIT;
	cleanup_free char *path = path_join(w->dir, "map.json");

	if (w->map.len) {
		strbuf_addch(&w->map, '}');
		temp_write(w->dir, "map.json", w->map.buf);
		cr_assert_eq(coverage_add(w->coverage, path, NULL, &err), 0, "%s", err.text);
		strbuf_release(&w->map);
	}
	strbuf_reset(&w->told);
	gate_judge(&w->in, on_gate, w);
	return w->told.buf ? w->told.buf : "";
}

static void lines_only(struct world *w, double limit)
{
	for (int k = 0; k < COVERAGE_KINDS; k++)
		w->config->gates.coverage.pct[k] = k == COVERAGE_LINES ? limit : -1;
}

TEST(gate, defaults)
{
	struct world w;

	world_init(&w);
	add_file(&w, "a.js", "..........");
	ASSERT_STR(judge(&w),
		"coverage.lines passed 100.00 90: 100.00 % (10 of 10 lines), limit 90 %\n"
		"coverage.branches passed 100.00 90: 100.00 % (0 of 0 branches), limit 90 %\n"
		"coverage.functions passed 100.00 90: 100.00 % (0 of 0 functions), limit 90 "
		"%\n"
		"coverage.statements passed 100.00 90: 100.00 % (10 of 10 statements), limit "
		"90 %\n");
	w.config->no_gates = true;
	ASSERT_STR(judge(&w), "");
	w.config->no_gates = false;
	w.in.coverage = NULL; /* none was collected: nothing is said of it */
	ASSERT_STR(judge(&w), "");
	world_release(&w);
}

/* The gap in lines, the modules below, and the fewest files that close it. */
TEST(gate, tells_what_would_help)
{
	struct world w;

	world_init(&w);
	lines_only(&w, 80);
	strvec_pushf(&w.modules, "%s/packages/a", w.dir);
	strvec_pushf(&w.modules, "%s/packages/b", w.dir);
	add_file(&w, "packages/a/x.js", "----......");
	add_file(&w, "packages/a/y.js", "-.........");
	add_file(&w, "packages/b/z.js", "..........");
	ASSERT_STR(judge(&w),
		"coverage.lines passed 83.33 80: 83.33 % (25 of 30 lines), limit 80 %\n");
	w.config->gates.coverage.pct[COVERAGE_LINES] = 90;
	ASSERT_STR(judge(&w), "coverage.lines failed 83.33 90: 83.33 % (25 of 30 lines), limit 90 "
			      "%: 2 more lines are needed; "
			      "below it: packages/a 75.00 %. Most to gain: packages/a/x.js (4)\n");
	w.config->gates.coverage.pct[COVERAGE_LINES] = 100;
	ASSERT_STR(judge(&w), "coverage.lines failed 83.33 100: 83.33 % (25 of 30 lines), limit "
			      "100 %: 5 more lines are "
			      "needed; below it: packages/a 75.00 %. Most to gain: packages/a/x.js "
			      "(4), packages/a/y.js "
			      "(1)\n");
	world_release(&w);
}

/* 89.999 % is not 90 %; exactly 90 % is. */
TEST(gate, limit_is_exact)
{
	static const struct {
		const char *hits;
		double limit;
		const char *status;
	} rows[] = {
		{".........-", 90, " passed "},
		{"........--", 90, " failed "},
		{"..-", 66.66, " passed "}, /* floored to two decimals, as Istanbul does */
		{"..-", 66.67, " failed "},
		{"", 90, " passed "},
		{"---", 0, " passed "},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct world w;
		world_init(&w);
		lines_only(&w, rows[i].limit);
		add_file(&w, "a.js", rows[i].hits);
		cr_expect(strstr(judge(&w), rows[i].status), "row %zu: %s", i, w.told.buf);
		world_release(&w);
	}
}

TEST(gate, not_evaluated)
{
	struct world w;

	world_init(&w);
	lines_only(&w, 90);
	w.config->gates.coverage_drop = 0;
	w.config->gates.failure_rate = 1;
	w.in.coverage_void = "tests have failed";
	w.in.tests_void = "the run was stopped";
	add_file(&w, "a.js", "--");
	judge(&w);
	cr_assert_null(strstr(w.told.buf, "failed 0"), "%s", w.told.buf);
	cr_assert(strstr(w.told.buf, "coverage.lines not_evaluated 0.00 90: tests have failed\n"));
	cr_assert(strstr(w.told.buf, "failure_rate not_evaluated 0.00 1: the run was stopped\n"));
	world_release(&w);
}

TEST(gate, modules)
{
	struct world w;

	world_init(&w);
	lines_only(&w, -1);
	w.config->gates.modules = xcalloc(3, sizeof(*w.config->gates.modules));
	w.config->gates.module_count = 3;
	const char *const globs[] = {"packages/*", "lib/**/*.js", "nowhere"};
	for (size_t i = 0; i < 3; i++) {
		struct config_module *m = &w.config->gates.modules[i];
		*m = (struct config_module){.glob = xstrdup(globs[i])};
		for (int k = 0; k < COVERAGE_KINDS; k++)
			m->limits.pct[k] = k == COVERAGE_LINES ? 50 : -1;
	}
	add_file(&w, "packages/a/x.js", "---.");
	add_file(&w, "packages/a/deep/y.js", ".");
	add_file(&w, "packages/b/z.js", "..");
	add_file(&w, "lib/c/d.js", "..");
	ASSERT_STR(judge(&w),
		"coverage.lines packages/a failed 40.00 50: 40.00 % (2 of 5 lines), limit 50 %: 1 "
		"more line is "
		"needed. Most to gain: packages/a/x.js (3)\n"
		"coverage.lines packages/b passed 100.00 50: 100.00 % (2 of 2 lines), limit 50 %\n"
		"coverage.lines lib/**/*.js passed 100.00 50: 100.00 % (2 of 2 lines), limit 50 %\n"
		"coverage.lines nowhere not_evaluated 0.00 50: no covered file is in such a "
		"folder\n");
	world_release(&w);
}

TEST(gate, each_file_drop_and_rates)
{
	struct world w;
	struct coverage_totals before = {.of[COVERAGE_LINES] = {9, 10}};

	world_init(&w);
	lines_only(&w, -1);
	w.config->gates.coverage_per_file.pct[COVERAGE_LINES] = 60;
	w.config->gates.failure_rate = 1;
	w.config->gates.flaky_rate = 5;
	w.in.tests = 50;
	w.in.failed = 1;
	w.in.flaky = 2;
	w.in.duration_ms = 601000;
	add_file(&w, "a.js", "..--");
	add_file(&w, "b.js", "......");
	ASSERT_STR(judge(&w),
		"coverage_per_file.lines failed 50.00 60: 1 file below 60 %: a.js 50.00 %\n"
		"failure_rate failed 2.00 1: 1 of 50 tests failed (2.00 %), limit 1 %\n"
		"flaky_rate passed 4.00 5: 2 of 50 tests are flaky (4.00 %), limit 5 %\n"
		"duration failed 601000.00 600000: 10 m 01 s, limit 10 m 00 s\n");
	w.in.duration_ms = 0;
	w.config->gates.coverage_per_file.pct[COVERAGE_LINES] = -1;
	w.config->gates.failure_rate = w.config->gates.flaky_rate = -1;
	w.config->gates.coverage_drop = 5;
	w.in.before = &before;
	cr_assert(strstr(judge(&w),
			  "coverage_drop.lines failed 10.00 5: 90.00 % before, 80.00 % now"),
		"%s", w.told.buf);
	w.config->gates.coverage_drop = 10;
	cr_assert(strstr(judge(&w), "coverage_drop.lines passed"), "%s", w.told.buf);
	world_release(&w);
}

/* ---- what has changed ------------------------------------------------------------------------- */

static bool sh(const char *dir, const char *script)
{
	cleanup_free char *command =
		xasprintf("cd '%s' && export GIT_CONFIG_GLOBAL=/dev/null GIT_AUTHOR_NAME=a "
			  "GIT_AUTHOR_EMAIL=a "
			  "GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a && { %s; } >/dev/null 2>&1",
			dir, script);

	return system(command) == 0;
}

TEST(gate, patch)
{
	struct world w;
	struct git_changes changes;
	struct error err = ERROR_INIT;

	world_init(&w);
	lines_only(&w, -1);
	w.config->gates.patch_coverage.pct[COVERAGE_LINES] = 90;
	temp_write(w.dir, "a b.js", "1\n2\n3\n4\n5\n6\n");
	temp_write(w.dir, "same.js", "1\n2\n");
	if (!sh(w.dir, "git init -q -b main . && git add -A && git commit -qm one"))
		cr_skip_test("git cannot be used here");
	/* a merge base: main goes on alone */
	cr_assert(
		sh(w.dir, "git checkout -qb topic && git commit -qm x --allow-empty && git "
			  "checkout -q main && "
			  "echo other >> same.js && git commit -qam two && git checkout -q topic"));
	temp_write(w.dir, "a b.js", "1\nnew\n3\n4\n5\nnew\nnew\n-- \n++ b/same.js\n");
	add_file(&w, "a b.js", ".-...-.-.");
	add_file(&w, "same.js", "--");
	cr_assert_eq(git_diff(w.dir, "main", &changes, &err), 0, "%s", err.text);
	w.in.patch = &changes;
	ASSERT_STR(judge(&w),
		"patch_coverage.lines failed 40.00 90: 40.00 % (2 of 5 changed lines), limit "
		"90 %. Not covered: a b.js:2, a b.js:6, a b.js:8\n");
	git_changes_release(&changes);
	cr_assert_eq(git_diff(w.dir, "nope", &changes, &err), -1);
	cr_assert(strstr(err.text, "git knows no commit `nope`"), "%s", err.text);
	cr_assert_eq(git_diff(w.dir, "--output=x", &changes, &err), -1);
	cr_assert(sh(w.dir, "git checkout -q -- ."));
	cr_assert_eq(git_diff(w.dir, "main", &changes, &err), 0, "%s", err.text);
	cr_assert(strstr(judge(&w), "passed 100.00 90: no line that can be covered differs from"),
		"%s", w.told.buf);
	git_changes_release(&changes);
	world_release(&w);
}

TEST(gate, without_git)
{
	char *dir = temp_new();
	struct git_changes changes;
	struct error err = ERROR_INIT;

	setenv("GIT_CEILING_DIRECTORIES", "/tmp", 1);
	cr_assert_eq(git_diff(dir, NULL, &changes, &err), -1);
	cr_assert(strstr(err.text, "git sees no working tree"), "%s", err.text);
	temp_free(dir);
}
