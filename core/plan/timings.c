#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/path.h"
#include "core/base/strmap.h"
#include "core/junit/read.h"
#include "core/plan/timings.h"

#include <math.h>

static const char *const names[TIMINGS_FORMATS] = {
	[TIMINGS_GUESS] = "guess",
	[TIMINGS_JUNIT] = "junit",
	[TIMINGS_DURATIONS] = "durations",
	[TIMINGS_KNAPSACK] = "knapsack",
	[TIMINGS_CYPRESS_SPLIT] = "cypress-split",
	[TIMINGS_PLAYWRIGHT] = "playwright",
	[TIMINGS_JEST] = "jest",
};

/* 30 days: what is longer is a unit that was misread. */
static const double most_ms = 30.0 * 24 * 3600 * 1000;

const char *timings_format_name(enum timings_format format)
{
	return names[format];
}

enum timings_format timings_format_parse(const char *name)
{
	for (int i = TIMINGS_JUNIT; i < TIMINGS_FORMATS; i++)
		if (streq(names[i], name))
			return (enum timings_format)i;
	return TIMINGS_FORMATS;
}

/* ---- sums by file ------------------------------------------------------------------------------ */

struct sums {
	struct strmap files; /* "project\x1ffile" -> double */
};

static void add(struct sums *s, const char *project, const char *file, double ms)
{
	if (!file || !*file || !isfinite(ms) || ms < 0 || ms > most_ms)
		return;
	cleanup_free char *key = xasprintf("%s\x1f%s", project ? project : "", file);
	double *sum = strmap_get(&s->files, key);
	if (!sum) {
		sum = xcalloc(1, sizeof(*sum));
		strmap_put(&s->files, key, sum);
	}
	*sum += ms;
}

static int deliver(const struct sums *s, timings_fn *fn, void *arg)
{
	int result = 0;

	strmap_each (e, &s->files) {
		const char *split = strchr(e->key, '\x1f');
		cleanup_free char *project = xstrndup(e->key, (size_t)(split - e->key));
		struct timing t = {project, split + 1, *(const double *)e->value};
		if (t.ms > 0)
			result = fn(arg, &t);
		if (result)
			break;
	}
	return result;
}

/* ---- JSON -------------------------------------------------------------------------------------- */

/* {path: seconds}; a key `path::test` counts for its path. */
static void read_durations(struct sums *s, const struct json *root)
{
	json_each (item, root) {
		const char *key = json_key(item), *test = key ? strstr(key, "::") : NULL;
		if (!key || !json_is_number(item))
			continue;
		cleanup_free char *file = xstrndup(key, test ? (size_t)(test - key) : strlen(key));
		add(s, "", file, json_number(item, 0) * 1000);
	}
}

static void read_cypress_split(struct sums *s, const struct json *root)
{
	json_each (item, json_get(root, "durations")) {
		add(s, "", json_get_string(item, "spec", NULL),
			json_get_number(item, "duration", -1));
	}
}

static void read_jest(struct sums *s, const struct json *root)
{
	json_each (file, json_get(root, "testResults")) {
		double start = json_get_number(file, "startTime", 0);
		double ms = json_get_number(file, "endTime", 0) - start;
		double tests = 0;
		json_each (test, json_get(file, "assertionResults")) {
			tests += MAX(json_get_number(test, "duration", 0), 0);
		}
		/* a file that was skipped as a whole has no times of its own */
		add(s, "", json_get_string(file, "name", NULL), start > 0 && ms > 0 ? ms : tests);
	}
}

static void read_playwright_suite(
	struct sums *s, const struct json *suite, const char *folder, int depth)
{
	enum { DEPTH_MAX = 64 };

	if (depth > DEPTH_MAX)
		return;
	json_each (spec, json_get(suite, "specs")) {
		const char *name = json_get_string(spec, "file", "");
		cleanup_free char *file = *folder ? path_join(folder, name) : xstrdup(name);
		json_each (test, json_get(spec, "tests")) {
			json_each (result, json_get(test, "results")) {
				if (json_get_int(result, "retry", 0) == 0 && *name)
					add(s, json_get_string(test, "projectName", ""), file,
						json_get_number(result, "duration", 0));
			}
		}
	}
	json_each (inner, json_get(suite, "suites")) {
		read_playwright_suite(s, inner, folder, depth + 1);
	}
}

static void read_playwright(struct sums *s, const struct json *root)
{
	const struct json *config = json_get(root, "config");
	const char *folder = json_get_string(config, "rootDir", "");

	json_each (suite, json_get(root, "suites")) {
		read_playwright_suite(s, suite, folder, 0);
	}
}

static enum timings_format guess_json(const struct json *root)
{
	if (json_is_array(json_get(root, "testResults")))
		return TIMINGS_JEST;
	if (json_is_array(json_get(root, "durations")))
		return TIMINGS_CYPRESS_SPLIT;
	if (json_is_array(json_get(root, "suites")) && json_get(root, "config"))
		return TIMINGS_PLAYWRIGHT;
	return TIMINGS_DURATIONS;
}

static int read_json(
	struct sums *s, const char *path, enum timings_format *format, struct error *err)
{
	cleanup_json struct json *root = json_parse_file(path, EXIT_CODE_USAGE, err);

	if (!root)
		return -1;
	if (*format == TIMINGS_GUESS)
		*format = guess_json(root);
	switch (*format) {
	case TIMINGS_CYPRESS_SPLIT:
		read_cypress_split(s, root);
		break;
	case TIMINGS_PLAYWRIGHT:
		read_playwright(s, root);
		break;
	case TIMINGS_JEST:
		read_jest(s, root);
		break;
	default:
		read_durations(s, root);
	}
	return 0;
}

/* ---- JUnit ------------------------------------------------------------------------------------- */

struct junit {
	struct sums *sums;
	struct strbuf suite_file; /* of the innermost suite that names one */
};

static bool looks_like_file(const char *name)
{
	const char *dot = name ? strrchr(name, '.') : NULL;

	return dot && dot[1] && strlen(dot) <= 6 && !strchr(dot, ' ') &&
	       (strchr(name, '/') || strchr("jtcm", dot[1]));
}

/* `file` where there is one; else a class or suite name that is a path (Playwright, Vitest). */
static void on_start(void *arg, const struct junit_tag *tag)
{
	struct junit *j = arg;

	if (tag->element == JUNIT_TESTSUITE) {
		const char *file = junit_attribute(tag, "file");
		if (!file && looks_like_file(junit_attribute(tag, "name")))
			file = junit_attribute(tag, "name");
		if (file) {
			strbuf_reset(&j->suite_file);
			strbuf_addstr(&j->suite_file, file);
		}
	}
	if (tag->element != JUNIT_TESTCASE)
		return;
	const char *file = junit_attribute(tag, "file"), *time = junit_attribute(tag, "time");
	const char *class = junit_attribute(tag, "classname");
	if (!file)
		file = looks_like_file(class) ? class : j->suite_file.buf;
	if (time)
		add(j->sums, "", file, strtod(time, NULL) * 1000);
}

static int read_junit(struct sums *s, const char *path, struct error *err)
{
	static const struct junit_events events = {.start = on_start};
	struct junit j = {.sums = s, .suite_file = STRBUF_INIT};
	struct junit_report report;
	int result = junit_read(path, &events, &j, &report, err);

	strbuf_release(&j.suite_file);
	return result;
}

/* ---- any --------------------------------------------------------------------------------------- */

/* The first byte that is no white space (and no byte order mark) of XML is `<`. */
static bool is_xml(const char *path)
{
	cleanup_fclose FILE *file = fopen(path, "re");
	int c = file ? getc(file) : EOF;

	while (c != EOF && strchr(" \t\r\n\xef\xbb\xbf", c))
		c = getc(file);
	return c == '<';
}

int timings_read(
	const char *path, enum timings_format *format, timings_fn *fn, void *arg, struct error *err)
{
	struct sums sums = {STRMAP_INIT};

	if (*format == TIMINGS_GUESS && is_xml(path))
		*format = TIMINGS_JUNIT;
	int result = *format == TIMINGS_JUNIT ? read_junit(&sums, path, err)
					      : read_json(&sums, path, format, err);
	if (result == 0 && !sums.files.n) {
		error_set(err, EXIT_CODE_USAGE, "%s holds no times of files (read as %s)", path,
			names[*format]);
		result = error_help(err, "known formats: junit, durations, knapsack, "
					 "cypress-split, playwright, jest");
	}
	if (result == 0)
		result = deliver(&sums, fn, arg);
	strmap_release(&sums.files, free);
	return result;
}
