#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/setup.h"
#include "core/base/clock.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/history_list.h"
#include "core/project.h"
#include "core/test_id.h"

/* `runs` and `history`: what was recorded, as tables or JSON. */

static struct history *open_history(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	cleanup_free char *usual = path_join(base, ".muster/history.db");
	const char *path = options_value(options, "history", usual);
	struct history *h = history_open(path, HISTORY_READ, NULL, err);

	if (!h && err->code == EXIT_CODE_PASSED) {
		error_set(err, EXIT_CODE_USAGE, "there is no history at %s", path);
		error_help(err, "a first `muster` makes it");
	}
	return h;
}

struct table {
	struct strbuf text;
	struct jsonw json;
	bool as_json;
};

static void table_begin(struct table *t, bool as_json, const char *schema, const char *rows)
{
	*t = (struct table){.text = STRBUF_INIT, .as_json = as_json};
	if (!as_json)
		return;
	jsonw_init(&t->json, &t->text, true);
	jsonw_object_begin(&t->json, NULL);
	jsonw_string(&t->json, "schema", schema);
	jsonw_array_begin(&t->json, rows);
}

static int table_end(struct table *t, struct error *err)
{
	int result = 0;

	if (t->as_json) {
		jsonw_array_end(&t->json);
		jsonw_object_end(&t->json);
	}
	if (t->text.len)
		result = command_print(t->text.buf, t->text.len, err);
	strbuf_release(&t->text);
	return result;
}

static int put_run(void *arg, const struct history_run *r)
{
	struct table *t = arg;
	char started[25];

	clock_iso8601(r->started_ms, started);
	if (!t->as_json) {
		strbuf_addf(&t->text,
			"%s  %.19s  %-10s %8.1fs  %6" PRId64 " tests  %4" PRId64
			" failed  %3" PRId64 " flaky  %s\n",
			r->run_id, started, r->verdict, (double)r->duration_ms / 1000, r->tests,
			r->failed, r->flaky, r->branch ? r->branch : "");
		return 0;
	}
	jsonw_object_begin(&t->json, NULL);
	jsonw_string(&t->json, "run_id", r->run_id);
	jsonw_string(&t->json, "started_at", started);
	jsonw_int(&t->json, "duration_ms", r->duration_ms);
	jsonw_string(&t->json, "verdict", r->verdict);
	jsonw_int(&t->json, "exit_code", r->exit_code);
	jsonw_string(&t->json, "branch", r->branch);
	jsonw_string(&t->json, "commit", r->commit);
	jsonw_string(&t->json, "platform", r->platform);
	jsonw_int(&t->json, "workers", r->workers);
	jsonw_int(&t->json, "files", r->files);
	jsonw_int(&t->json, "tests", r->tests);
	jsonw_int(&t->json, "failed", r->failed);
	jsonw_int(&t->json, "skipped", r->skipped);
	jsonw_int(&t->json, "flaky", r->flaky);
	jsonw_object_end(&t->json);
	return 0;
}

static int read_limit(const struct options *options, int *ret, struct error *err)
{
	const char *value = options_value(options, "limit", "20");
	size_t digits = strspn(value, "0123456789");

	if (!digits || digits > 9 || value[digits] || atoi(value) < 1)
		return error_set(err, EXIT_CODE_USAGE,
			"`--limit` expects a whole number from 1, not `%s`", value);
	*ret = atoi(value);
	return 0;
}

static int run_runs(const struct options *options, struct error *err)
{
	struct history_filter filter = {0};

	if (read_limit(options, &filter.limit, err) < 0)
		return -1;
	struct history *h = open_history(options, err);
	struct table table;
	if (!h)
		return -1;
	table_begin(&table, options_has(options, "json"), "muster/runs/1", "runs");
	int result = history_list_runs(h, &filter, put_run, &table, err);
	if (table_end(&table, result == 0 ? err : NULL) < 0)
		result = -1;
	history_close(h);
	return result;
}

static int put_test(void *arg, const struct history_test *r)
{
	const struct history_stats *x = &r->stats;
	struct table *t = arg;
	cleanup_strbuf struct strbuf name = STRBUF_INIT, recent = STRBUF_INIT;

	test_id_text(&name, r->test, r->occurrence);
	/* newest last; only as many as there were */
	for (int i = MIN(x->recent_count, 32); i-- > 0;)
		strbuf_addstr(&recent, x->recent >> i & 1 ? "F" : "\xc2\xb7");
	if (!t->as_json) {
		strbuf_addf(&t->text,
			"%9.1f ms  %4" PRId64 " runs %3" PRId64 " failed  %s  %s" TEST_ID_ARROW
			"%s\n",
			x->mean_us / 1000, x->runs, x->failures, recent.buf, r->file, name.buf);
		return 0;
	}
	jsonw_object_begin(&t->json, NULL);
	jsonw_string(&t->json, "suite", r->suite);
	jsonw_string(&t->json, "file", r->file);
	jsonw_string(&t->json, "test", name.buf);
	jsonw_int(&t->json, "runs", x->runs);
	jsonw_int(&t->json, "failures", x->failures);
	jsonw_int(&t->json, "flaky", x->flaky);
	jsonw_int(&t->json, "flips", x->flips);
	jsonw_double(&t->json, "mean_ms", x->mean_us / 1000);
	jsonw_double(&t->json, "max_ms", (double)x->max_us / 1000);
	jsonw_object_end(&t->json);
	return 0;
}

static int run_history(const struct options *options, struct error *err)
{
	const char *pattern = options->words.n ? options->words.v[0] : "";
	struct history_filter filter = {.text = pattern};

	if (read_limit(options, &filter.limit, err) < 0)
		return -1;
	struct history *h = open_history(options, err);
	struct table table;
	if (!h)
		return -1;
	table_begin(&table, options_has(options, "json"), "muster/history/1", "tests");
	int result = history_list_tests(h, &filter, HISTORY_BY_DURATION, put_test, &table, err);
	bool none = !table.text.len;
	if (table_end(&table, result == 0 ? err : NULL) < 0)
		result = -1;
	history_close(h);
	if (result == 0 && none)
		fprintf(stderr, "nothing is recorded of `%s`\n", pattern);
	return result;
}

static const struct option list_options[] = {
	{"limit", 'n', OPTION_VALUE, "N", "rows (default 20)"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{NULL},
};

const struct command runs_cmd = {
	.name = "runs",
	.usage = "runs [--limit N] [--json]",
	.summary = "list the recorded runs, newest first",
	.options = list_options,
	.run = run_runs,
};

const struct command history_cmd = {
	.name = "history",
	.usage = "history [FILE|TEST] [--limit N] [--json]",
	.summary = "what is known of tests: durations, failures, last outcomes",
	.details = "FILE|TEST is a part of the path or of the title; the slowest come first.",
	.options = list_options,
	.max_words = 1,
	.run = run_history,
};
