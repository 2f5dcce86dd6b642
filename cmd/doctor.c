#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/machine.h"
#include "cmd/outputs.h"
#include "core/base/ansi.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/ci.h"
#include "core/config/config.h"
#include "core/plan/crew.h"
#include "core/history/history.h"
#include "core/detect/project.h"
#include "runners/registry.h"

#include <fcntl.h>

/* One look at everything a run needs; each line says ok, or what to do. */
enum level { LEVEL_OK, LEVEL_WARNING, LEVEL_ERROR };

static const char *const level_names[] = {"ok", "warning", "error"};

struct doctor {
	struct strbuf text;
	struct jsonw json;
	bool as_json;
	bool sick;
	struct history *history; /* NULL = none that can be read */
	char platform[128];
};

static void say(struct doctor *d, enum level level, const char *name, const char *fmt, ...)
	FORMAT(4, 5);

static void say(struct doctor *d, enum level level, const char *name, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	d->sick |= level == LEVEL_ERROR;
	if (!d->as_json) {
		strbuf_addf(&d->text, "%-7s  %-9s  ", level_names[level], name);
		ansi_filter(&d->text, text.buf, text.len, false);
		strbuf_addch(&d->text, '\n');
		return;
	}
	jsonw_object_begin(&d->json, NULL);
	jsonw_string(&d->json, "check", name);
	jsonw_bool(&d->json, "ok", level != LEVEL_ERROR);
	jsonw_string(&d->json, "level", level_names[level]);
	jsonw_string(&d->json, "text", text.buf);
	jsonw_object_end(&d->json);
}

static void check_node(struct doctor *d)
{
	char version[64] = "";
	FILE *p = popen("node --version 2>/dev/null", "re");

	if (p && !fgets(version, sizeof(version), p))
		version[0] = '\0';
	if (p)
		pclose(p);
	version[strcspn(version, "\n")] = '\0';
	if (!*version)
		say(d, LEVEL_ERROR, "node", "not found in PATH; tests run in Node 18 or newer");
	else if (atoi(version + 1) < 18)
		say(d, LEVEL_ERROR, "node", "%s: Node 18 or newer is needed", version);
	else
		say(d, LEVEL_OK, "node", "%s", version);
}

/* Version of an installed package, looked up as Node does. */
static char *installed(const char *from, const char *package)
{
	char *dir = xstrdup(from);

	for (;;) {
		cleanup_free char *path = xasprintf(
			"%s/node_modules/%s/package.json", streq(dir, "/") ? "" : dir, package);
		cleanup_json struct json *json =
			path_exists(path) ? json_parse_file(path, EXIT_CODE_USAGE, NULL) : NULL;
		if (json || streq(dir, "/")) {
			free(dir);
			return json ? xstrdup(json_get_string(json, "version", "?")) : NULL;
		}
		char *parent = path_dirname(dir);
		free(dir);
		dir = parent;
	}
}

/* ---- browsers -------------------------------------------------------------------------------- */

static char *browser_in_path(void)
{
	static const char *const programs[] = {
		"chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"};
	cleanup_strvec struct strvec dirs = STRVEC_INIT;
	const char *path = getenv("PATH");

	strvec_split(&dirs, path ? path : "", ':');
	for (size_t i = 0; i < dirs.n; i++) {
		for (size_t k = 0; k < ARRAY_LEN(programs); k++) {
			cleanup_free char *file = path_join(dirs.v[i], programs[k]);
			if (access(file, X_OK) == 0)
				return xstrdup(file);
		}
	}
	return NULL;
}

/* What `playwright install` left: a folder for each browser and revision. */
static char *browser_installed(const char *root)
{
	const char *own = getenv("PLAYWRIGHT_BROWSERS_PATH"), *home = getenv("HOME");
	cleanup_free char *local = path_join(root, "node_modules/playwright-core/.local-browsers");
	cleanup_free char *cache = path_join(home ? home : "/", ".cache/ms-playwright");
	const char *dir = own && streq(own, "0") ? local : own && *own ? own : cache;
	cleanup_strvec struct strvec names = STRVEC_INIT;

	file_list_dir(dir, &names);
	for (size_t i = 0; i < names.n; i++)
		if (starts_with(names.v[i], "chromium") || starts_with(names.v[i], "firefox") ||
			starts_with(names.v[i], "webkit"))
			return path_join(dir, names.v[i]);
	return NULL;
}

/* A project may bring its own (`executablePath`, a remote one): not finding any is no proof. */
static void check_browser(struct doctor *d, const struct suite *suite)
{
	cleanup_free char *installed_at = browser_installed(suite->root);
	cleanup_free char *in_path = browser_in_path();

	if (installed_at || in_path)
		say(d, LEVEL_OK, "browser", "%s: %s", suite->name,
			installed_at ? installed_at : in_path);
	else
		say(d, LEVEL_WARNING, "browser",
			"%s: no browser found; `npx playwright install chromium` brings one",
			suite->name);
}

/* ---- the history ----------------------------------------------------------------------------- */

static bool is_database(const char *path)
{
	static const char magic[16] = "SQLite format 3";
	char head[sizeof(magic)];
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd >= 0 && read(fd, head, sizeof(head)) == sizeof(head) &&
	       memcmp(head, magic, sizeof(magic)) == 0;
}

/* What it has learned is said with the suites; what is wrong with it, later. */
static void open_history(struct doctor *d, const char *base)
{
	cleanup_free char *path = command_history(base, NULL);
	struct error err = ERROR_INIT;
	struct ci_info ci;

	ci_read(&ci, getenv);
	ci_platform(&ci, d->platform, sizeof(d->platform));
	d->history = is_database(path) ? history_open(path, HISTORY_READ, NULL, &err) : NULL;
}

/* ---- suites ---------------------------------------------------------------------------------- */

/* How many it would get now, and why. */
static void check_workers(struct doctor *d, const struct suite *suite)
{
	cleanup_strbuf struct strbuf why = STRBUF_INIT;
	struct history_suite model;

	if (!history_suite(d->history, d->platform, suite->name, &model) ||
		!crew_is_measured(&model) || suite->runner->batch)
		return;
	struct crew_load load = crew_last_load(&model, machine_workers((int64_t)model.rss_kb),
		machine_cores(), suite->runner->serial);
	crew_explain(&why, &model, &load, crew_size(&model, &load));
	say(d, LEVEL_OK, "workers", "%s: %s", suite->name, why.buf);
}

static void check_suite(struct doctor *d, const char *base, const struct suite *suite)
{
	cleanup_free char *root = path_relative(base, suite->root);
	cleanup_free char *version = installed(suite->root, suite->runner->package);

	if (version && atoi(version) < suite->runner->oldest)
		say(d, LEVEL_ERROR, "suite",
			"%s: %s %s is too old, %d or newer is needed; npm install --save-dev "
			"%s@latest",
			suite->name, suite->runner->package, version, suite->runner->oldest,
			suite->runner->package);
	else if (version)
		say(d, LEVEL_OK, "suite", "%s: %s %s in %s (%s)", suite->name, suite->runner->name,
			version, root, suite->reason);
	else
		say(d, LEVEL_ERROR, "suite", "%s: %s is not installed in %s; npm install",
			suite->name, suite->runner->package, root);
	if (d->history)
		check_workers(d, suite);
	if (streq(suite->runner->name, "playwright"))
		check_browser(d, suite);
}

static void check_suites(struct doctor *d, struct config *c)
{
	struct suites detected = SUITES_INIT;
	struct error err = ERROR_INIT;
	cleanup_project_notes struct project_notes notes = PROJECT_NOTES_INIT;
	const struct suites *suites = &c->suites;

	if (config_load(c, runners, NULL, &err) < 0) {
		say(d, LEVEL_ERROR, "config", "%s%s%s", err.text, *err.help ? "\nhelp: " : "",
			err.help);
		return;
	}
	say(d, LEVEL_OK, "config", "%s", c->path ? c->path : "no muster.yaml, defaults apply");
	if (!suites->n) {
		suites = &detected;
		if (project_detect(c->base, runners, other_test_programs, &detected, &notes, &err) <
			0)
			say(d, LEVEL_ERROR, "suites", "%s", err.text);
		else if (!detected.n)
			say(d, LEVEL_ERROR, "suites", "none found: %s", notes.looked_for.buf);
		else if (notes.not_run.len)
			say(d, LEVEL_WARNING, "suites", "%s", notes.not_run.buf);
	}
	for (size_t i = 0; i < suites->n; i++)
		check_suite(d, c->base, suites->v[i]);
	suites_release(&detected);
}

/* ---- places ---------------------------------------------------------------------------------- */

static void check_history(struct doctor *d, const char *base)
{
	cleanup_free char *path = command_history(base, NULL);
	struct error err = ERROR_INIT;

	if (!path_exists(path)) {
		say(d, LEVEL_OK, "history", "none yet; the first run makes it");
		return;
	}
	/* Opening it would set it aside already, and this only looks. */
	if (!is_database(path)) {
		say(d, LEVEL_WARNING, "history",
			"%s is no history; the next run sets it aside and starts a new one", path);
		return;
	}
	struct history *h = history_open(path, HISTORY_READ, NULL, &err);
	if (h)
		say(d, LEVEL_OK, "history", "%s", path);
	else
		say(d, LEVEL_ERROR, "history", "%s", *err.text ? err.text : path);
	history_close(h);
}

static void check_folder(struct doctor *d, const char *base)
{
	cleanup_free char *own = path_join(base, ".muster"), *runs = path_join(own, "runs");
	const char *const dirs[] = {path_exists(own) ? own : base, path_exists(runs) ? runs : NULL};
	const char *bad = NULL;

	for (size_t i = 0; i < ARRAY_LEN(dirs) && !bad; i++)
		if (dirs[i] && (!path_is_dir(dirs[i]) || access(dirs[i], W_OK | X_OK) < 0))
			bad = dirs[i];
	if (bad)
		say(d, LEVEL_ERROR, "folder",
			"%s cannot be written; --out and --history choose other places", bad);
	else
		say(d, LEVEL_OK, "folder", "%s can be written", dirs[0]);
}

static void check_terminal(struct doctor *d, int color)
{
	const char *term = getenv("TERM"), *ci = getenv("CI");

	say(d, LEVEL_OK, "terminal", "%s, %d columns, %s%s%s%s",
		isatty(STDOUT_FILENO) ? "stdout is one" : "stdout is none",
		outputs_columns(STDOUT_FILENO),
		outputs_color(color, STDOUT_FILENO) ? "colours" : "no colours",
		term ? ", TERM=" : "", term ? term : "", ci && *ci ? ", CI is set" : "");
}

/* ---- the command ----------------------------------------------------------------------------- */

static int run_doctor(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	struct doctor d = {.text = STRBUF_INIT, .as_json = options_has(options, "json")};
	struct config *config = config_new(base);
	int color;

	command_color(options, &color, NULL);
	if (d.as_json) {
		jsonw_init(&d.json, &d.text, true);
		jsonw_object_begin(&d.json, NULL);
		jsonw_string(&d.json, "schema", "muster/doctor/1");
		jsonw_string(&d.json, "base", base);
		jsonw_array_begin(&d.json, "checks");
	}
	say(&d, LEVEL_OK, "machine", "%d cores, %.1f GiB free: %d workers", machine_cores(),
		(double)machine_memory_kb() / 1024 / 1024, machine_workers(0));
	check_node(&d);
	open_history(&d, base);
	check_suites(&d, config);
	history_close(d.history);
	check_history(&d, base);
	check_folder(&d, base);
	check_terminal(&d, color);
	config_free(config);
	int code = d.sick ? EXIT_CODE_INFRASTRUCTURE : EXIT_CODE_PASSED;
	if (d.as_json) {
		jsonw_array_end(&d.json);
		jsonw_int(&d.json, "exit_code", code);
		jsonw_string(&d.json, "exit_reason", exit_code_reason((enum exit_code)code));
		jsonw_object_end(&d.json);
	}
	int result = command_print(d.text.buf, d.text.len, err);
	strbuf_release(&d.text);
	return result < 0 ? -1 : code;
}

const struct command doctor_cmd = {
	.name = "doctor",
	.usage = "doctor [--json]",
	.summary = "check that everything a run needs is there",
	.details = "Exit code 7 when something is missing; a warning alone is none. No runner is "
		   "started: what one says of its own configuration, `muster list` tells.",
	.run = run_doctor,
};
