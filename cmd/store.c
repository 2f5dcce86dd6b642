#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/store.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/detect/project.h"

/* `store`: the history as a file. */

static char *path_of(const struct options *options)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);

	return command_history(base, options_value(options, "history", NULL));
}

struct history *store_open(const struct options *options, enum history_mode mode, struct error *err)
{
	cleanup_free char *path = path_of(options);
	cleanup_free char *dir = path_dirname(path), *notice = NULL;

	if (mode == HISTORY_WRITE && file_mkdirs(dir, err) < 0)
		return NULL;
	struct history *h = history_open(path, mode, &notice, err);
	if (notice)
		fprintf(stderr, "warning: %s\n", notice);
	if (!h && err->code == EXIT_CODE_PASSED) {
		error_set(err, EXIT_CODE_USAGE, "there is no history at %s", path);
		error_help(err, "a first `muster` makes it, or `muster store import`");
	}
	return h;
}

static int print(const struct strbuf *out, struct error *err)
{
	return command_print(out->buf, out->len, err);
}

static int only_file(const struct options *options, const char **ret, struct error *err)
{
	if (options->words.n != 2) {
		error_set(err, EXIT_CODE_USAGE, "`muster store %s` needs one FILE",
			options->words.v[0]);
		return error_help(err, "see `muster help store`");
	}
	*ret = options->words.v[1];
	return 0;
}

static int store_export(const struct options *options, struct error *err)
{
	const char *path = NULL;

	if (only_file(options, &path, err) < 0)
		return -1;
	struct history *h = store_open(options, HISTORY_READ, err);
	int result = h ? history_export(h, path, err) : -1;
	history_close(h);
	if (result == 0 && options_has(options, "json"))
		return command_print_text(options, "muster/store-export/1", path, NULL, err);
	return result;
}

/* ---- prune ------------------------------------------------------------------------------------- */

/* "200MB", "1G", "500k": powers of 1024. -1 = none. */
static int64_t parse_size(const char *text)
{
	static const char units[] = "kmgt";
	char *end;
	double value = strtod(text, &end);
	const char *unit = *end ? strchr(units, *end | 0x20) : NULL;

	if (end == text || (*end && !unit))
		return -1;
	for (const char *u = units; unit && u <= unit; u++)
		value *= 1024;
	if (unit && (end[1] | 0x20) == 'b')
		end++;
	return (!*end || !end[1]) && value >= 1 && value < 0x1p63 ? (int64_t)value : -1;
}

static int read_retention(
	const struct options *options, struct history_retention *ret, struct error *err)
{
	const char *runs = options_value(options, "keep-runs", NULL);
	const char *age = options_value(options, "max-age", NULL);
	const char *size = options_value(options, "max-size", NULL);

	*ret = history_retention_default;
	if (runs || age || size)
		*ret = (struct history_retention){0};
	if (runs) {
		char *end;
		ret->keep_runs = strtoll(runs, &end, 10);
		if (end == runs || *end || ret->keep_runs < 1)
			return error_set(err, EXIT_CODE_USAGE,
				"--keep-runs expects a number from 1, not `%s`", runs);
	}
	if (age && (ret->max_age_ms = text_parse_duration(age)) < 1)
		return error_set(err, EXIT_CODE_USAGE,
			"--max-age expects a duration like 90d, not `%s`", age);
	if (size && (ret->max_bytes = parse_size(size)) < 0)
		return error_set(err, EXIT_CODE_USAGE,
			"--max-size expects a size like 200MB, not `%s`", size);
	return 0;
}

static int store_prune(const struct options *options, struct error *err)
{
	struct history_retention keep;
	int64_t runs = 0;

	if (read_retention(options, &keep, err) < 0)
		return -1;
	struct history *h = store_open(options, HISTORY_WRITE, err);
	int result = h ? history_prune(h, &keep, clock_unix_ms(), &runs, err) : -1;
	if (result == 0)
		result = history_compact(h, err);
	history_close(h);
	if (result < 0)
		return -1;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	if (options_has(options, "json"))
		strbuf_addf(
			&out, "{\"schema\":\"muster/store-prune/1\",\"runs\":%" PRId64 "}", runs);
	else
		strbuf_addf(&out, "%" PRId64 " runs removed; what they taught stays", runs);
	return print(&out, err);
}

/* ---- info -------------------------------------------------------------------------------------- */

static void info_json(struct strbuf *out, const struct history_info *i, const char *path)
{
	struct jsonw w;
	char first[25], last[25];

	clock_iso8601(i->first_ms, first);
	clock_iso8601(i->last_ms, last);
	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/store-info/1");
	jsonw_string(&w, "path", path);
	jsonw_int(&w, "version", i->schema);
	jsonw_int(&w, "bytes", i->bytes);
	jsonw_int(&w, "free_bytes", i->free_bytes);
	jsonw_int(&w, "runs", i->runs);
	jsonw_int(&w, "files", i->files);
	jsonw_int(&w, "tests", i->tests);
	jsonw_int(&w, "tests_that_failed", i->faulty_tests);
	jsonw_int(&w, "failed_attempts", i->failed_attempts);
	jsonw_string(&w, "first_run_at", i->first_ms ? first : NULL);
	jsonw_string(&w, "last_run_at", i->last_ms ? last : NULL);
	jsonw_array_begin(&w, "tables");
	for (size_t k = 0; k < i->table_count; k++) {
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "name", i->tables[k].name);
		jsonw_int(&w, "rows", i->tables[k].rows);
		jsonw_int(&w, "bytes", i->tables[k].bytes);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

static void info_text(struct strbuf *out, const struct history_info *i, const char *path)
{
	char first[25], last[25];

	clock_iso8601(i->first_ms, first);
	clock_iso8601(i->last_ms, last);
	strbuf_addf(out, "%s  version %d  %.1f MB (%.1f MB free)\n", path, i->schema,
		(double)i->bytes / 1e6, (double)i->free_bytes / 1e6);
	strbuf_addf(out,
		"%" PRId64 " runs  %" PRId64 " files  %" PRId64 " tests, %" PRId64
		" of them failed once, in %" PRId64 " attempts\n",
		i->runs, i->files, i->tests, i->faulty_tests, i->failed_attempts);
	if (i->runs)
		strbuf_addf(out, "from %.10s to %.10s\n", first, last);
	strbuf_addf(out, "\n%-12s %10s %12s\n", "table", "rows", "bytes");
	for (size_t k = 0; k < i->table_count; k++) {
		strbuf_addf(out, "%-12s %10" PRId64 " ", i->tables[k].name, i->tables[k].rows);
		if (i->tables[k].bytes < 0)
			strbuf_addf(out, "%12s\n", "?");
		else
			strbuf_addf(out, "%12" PRId64 "\n", i->tables[k].bytes);
	}
	strbuf_rtrim(out);
}

static int store_info(const struct options *options, struct error *err)
{
	cleanup_free char *path = path_of(options);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct history *h = store_open(options, HISTORY_READ, err);
	struct history_info info;
	int result = h ? history_info(h, &info, err) : -1;

	history_close(h);
	if (result < 0)
		return -1;
	if (options_has(options, "json"))
		info_json(&out, &info, path);
	else
		info_text(&out, &info, path);
	return print(&out, err);
}

/* ---- check ------------------------------------------------------------------------------------- */

static void keep_problem(void *arg, const char *text)
{
	strvec_push(arg, text);
}

static int store_check(const struct options *options, struct error *err)
{
	cleanup_strvec struct strvec problems = STRVEC_INIT;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct history *h = store_open(options, HISTORY_READ, err);
	int result = h ? history_check(h, keep_problem, &problems, err) : -1;

	history_close(h);
	if (result < 0)
		return -1;
	if (options_has(options, "json")) {
		struct jsonw w;
		jsonw_init(&w, &out, true);
		jsonw_object_begin(&w, NULL);
		jsonw_string(&w, "schema", "muster/store-check/1");
		jsonw_array_begin(&w, "problems");
		for (size_t i = 0; i < problems.n; i++)
			jsonw_string(&w, NULL, problems.v[i]);
		jsonw_array_end(&w);
		jsonw_object_end(&w);
	} else if (!problems.n) {
		strbuf_addstr(&out, "the history is whole");
	}
	for (size_t i = 0; i < problems.n && !options_has(options, "json"); i++)
		strbuf_addf(&out, "%s%s", i ? "\n" : "", problems.v[i]);
	if (print(&out, err) < 0)
		return -1;
	return problems.n ? EXIT_CODE_INFRASTRUCTURE : EXIT_CODE_PASSED;
}

/* ---- the command ------------------------------------------------------------------------------- */

static int run_store(const struct options *options, struct error *err)
{
	static const struct {
		const char *name;
		int (*run)(const struct options *options, struct error *err);
		bool takes_files;
	} actions[] = {
		{"export", store_export, true},
		{"import", store_import, true},
		{"prune", store_prune, false},
		{"info", store_info, false},
		{"check", store_check, false},
	};

	for (size_t i = 0; options->words.n && i < ARRAY_LEN(actions); i++) {
		if (!streq(options->words.v[0], actions[i].name))
			continue;
		if (options->words.n == 1 || actions[i].takes_files)
			return actions[i].run(options, err);
		return error_set(err, EXIT_CODE_USAGE, "`muster store %s` takes no `%s`",
			actions[i].name, options->words.v[1]);
	}
	/* the parser has refused words that it does not know */
	error_set(err, EXIT_CODE_USAGE, "`muster store` needs to know what to do");
	return error_help(err, "usage: muster %s", store_cmd.usage);
}

static const struct option store_options[] = {
	{"format", 0, OPTION_VALUE, "FORMAT",
		"import: junit, durations, knapsack, cypress-split, playwright or jest"},
	{"suite", 0, OPTION_VALUE, "NAME", "import: the suite that the times are of"},
	{"keep-runs", 0, OPTION_VALUE, "N", "prune: keep the newest N runs"},
	{"max-age", 0, OPTION_VALUE, "DUR", "prune: remove runs that are older"},
	{"max-size", 0, OPTION_VALUE, "SIZE", "prune: remove old runs until the file is smaller"},
	{"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)"},
	{NULL},
};

static const char *const store_words[] = {"export", "import", "prune", "info", "check", NULL};

const struct command store_cmd = {
	.name = "store",
	.usage = "store export|import|prune|info|check [FILE] [OPTIONS]",
	.summary = "take the history along, merge it with another, keep it small",
	.details = "export FILE  one compact file for a CI cache; a history in use is not "
		   "copied as it is\n"
		   "import FILE  such a file (runs that are known already are left out), or "
		   "times that other tools measured\n"
		   "prune  remove old runs; estimates and statistics stay (each run does this, "
		   "too: 2000 runs, 400 days)\n"
		   "info  what it costs, by table\n"
		   "check  look for damage (exit code 7)",
	.options = store_options,
	.words = store_words,
	.max_words = -1,
	.run = run_store,
};
