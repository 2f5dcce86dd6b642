#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/setup.h"
#include "cmd/store.h"
#include "core/base/clock.h"
#include "core/base/path.h"
#include "core/plan/timings.h"

#include <sys/stat.h>

/* `store import`: an export of a history, or times that other tools measured. */

struct importing {
	struct setup setup;
	struct history *history;
	const char *only_suite; /* --suite, or NULL */
	enum timings_format format;
	int64_t when_ms; /* of the measurement: the file's own time */
	int64_t files, strange;
	struct error *err;
};

/* ---- an export --------------------------------------------------------------------------------- */

static int import_history(const struct options *options, const char *path, struct error *err)
{
	struct history_imported done;
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct history *h = store_open(options, HISTORY_WRITE, err);
	int result = h ? history_import(h, path, &done, err) : -1;

	history_close(h);
	if (result < 0)
		return -1;
	if (options_has(options, "json"))
		strbuf_addf(&out,
			"{\"schema\":\"muster/store-import/1\",\"runs\":%" PRId64
			",\"known_runs\":%" PRId64 "}",
			done.runs, done.known);
	else
		strbuf_addf(&out, "%" PRId64 " runs taken over, %" PRId64 " were known", done.runs,
			done.known);
	return command_print(out.buf, out.len, err);
}

/* ---- times ------------------------------------------------------------------------------------- */

/* The path as this project knows it: of another machine, the longest end of it that is a file here.
 * NULL: there is no such file. */
static char *own_path(const struct importing *in, const char *file)
{
	const char *base = in->setup.config->base;
	cleanup_free char *normal = path_normalize(file);
	const char *rest = normal;

	while (rest && *rest) {
		while (*rest == '/')
			rest++;
		cleanup_free char *here = path_join(base, rest);
		if (!starts_with(rest, "../") && path_exists(here) && !path_is_dir(here))
			return xstrdup(rest);
		rest = strchr(rest, '/');
	}
	return NULL;
}

/* The format knows the runner where it is one runner's; else any suite may be meant, and an
 * estimate of a file that a suite does not have is never asked for. */
static bool may_be_of(const struct importing *in, const struct suite *suite)
{
	static const char *const runners[TIMINGS_FORMATS] = {
		[TIMINGS_CYPRESS_SPLIT] = "cypress",
		[TIMINGS_PLAYWRIGHT] = "playwright",
	};
	const char *runner = runners[in->format];

	if (in->only_suite)
		return streq(suite->name, in->only_suite);
	return !runner || streq(suite->runner->name, runner);
}

static int take(void *arg, const struct timing *timing)
{
	struct importing *in = arg;
	cleanup_free char *file = own_path(in, timing->file);

	if (!file) {
		in->strange++;
		return 0;
	}
	in->files++;
	for (size_t i = 0; i < in->setup.suites->n; i++) {
		const struct suite *suite = in->setup.suites->v[i];
		struct history_timing t = {
			.platform = in->setup.platform,
			.suite = suite->name,
			.project = timing->project,
			.file = file,
			.ms = timing->ms,
			.when_ms = in->when_ms,
		};
		if (may_be_of(in, suite) && history_put_timing(in->history, &t, in->err) < 0)
			return -1;
	}
	return 0;
}

static int read_times(
	struct importing *in, const struct options *options, const char *path, struct error *err)
{
	struct stat st;

	in->when_ms = stat(path, &st) == 0 ? (int64_t)st.st_mtime * 1000 : clock_unix_ms();
	in->history = store_open(options, HISTORY_WRITE, err);
	if (!in->history || history_begin(in->history, err) < 0)
		return -1;
	int result = timings_read(path, &in->format, take, in, err);
	return history_end(in->history, result < 0 ? -1 : 0, err);
}

static int report(const struct importing *in, const struct options *options, struct error *err)
{
	const char *format = timings_format_name(in->format);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	if (options_has(options, "json"))
		strbuf_addf(&out,
			"{\"schema\":\"muster/store-import/1\",\"format\":\"%s\",\"files\":%" PRId64
			",\"unknown_files\":%" PRId64 "}",
			format, in->files, in->strange);
	else
		strbuf_addf(&out,
			"times of %" PRId64 " files taken over (%s); %" PRId64
			" files are not in this project",
			in->files, format, in->strange);
	return command_print(out.buf, out.len, err);
}

static int import_times(const struct options *options, const char *path, enum timings_format format,
	struct error *err)
{
	struct importing in = {
		.only_suite = options_value(options, "suite", NULL), .format = format, .err = err};
	struct config *config = command_config_only(options, err);

	if (!config)
		return -1;
	int result = setup_init(&in.setup, config, err);
	if (result == 0)
		result = read_times(&in, options, path, err);
	history_close(in.history);
	if (result == 0)
		result = report(&in, options, err);
	setup_release(&in.setup);
	return result;
}

int store_import(const struct options *options, struct error *err)
{
	const char *name = options_value(options, "format", NULL);
	enum timings_format format = TIMINGS_GUESS;

	if (options->words.n != 2) {
		error_set(err, EXIT_CODE_USAGE, "`muster store import` needs one FILE");
		return error_help(err, "see `muster help store`");
	}
	const char *path = options->words.v[1];
	if (!path_exists(path) || path_is_dir(path))
		return error_set(err, EXIT_CODE_USAGE, "there is no file %s", path);
	if (name && (format = timings_format_parse(name)) == TIMINGS_FORMATS) {
		error_set(err, EXIT_CODE_USAGE, "unknown format `%s`", name);
		return error_help(err, "known formats: junit, durations, knapsack, cypress-split, "
				       "playwright, jest; a history needs none");
	}
	if (!name && history_is_export(path))
		return import_history(options, path, err);
	return import_times(options, path, format, err);
}
