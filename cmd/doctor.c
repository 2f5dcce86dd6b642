#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/machine.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/history.h"
#include "core/project.h"
#include "runners/registry.h"

/* One look at everything a run needs; each line says ok or what to do. */
struct doctor {
	struct strbuf text;
	struct jsonw json;
	bool as_json;
	bool sick;
};

static void say(struct doctor *d, bool ok, const char *name, const char *fmt, ...) FORMAT(4, 5);

static void say(struct doctor *d, bool ok, const char *name, const char *fmt, ...)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	d->sick |= !ok;
	if (!d->as_json) {
		strbuf_addf(&d->text, "%-4s %-12s %s\n", ok ? "ok" : "BAD", name, text.buf);
		return;
	}
	jsonw_object_begin(&d->json, NULL);
	jsonw_string(&d->json, "check", name);
	jsonw_bool(&d->json, "ok", ok);
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
		say(d, false, "node", "not found in PATH; tests run in Node 18 or newer");
	else
		say(d, atoi(version + 1) >= 18, "node", "%s%s", version,
			atoi(version + 1) >= 18 ? "" : ": Node 18 or newer is needed");
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

static void check_suites(struct doctor *d, const char *base)
{
	struct suites suites = SUITES_INIT;
	struct error err = ERROR_INIT;
	cleanup_strbuf struct strbuf looked_for = STRBUF_INIT;

	if (project_detect(base, runners, &suites, &looked_for, &err) < 0)
		say(d, false, "suites", "%s", err.text);
	else if (!suites.n)
		say(d, false, "suites", "none: %s", looked_for.buf);
	for (size_t i = 0; i < suites.n; i++) {
		const struct suite *s = suites.v[i];
		cleanup_free char *root = path_relative(base, s->root);
		cleanup_free char *version = installed(s->root, s->runner->package);
		if (version)
			say(d, true, "suite", "%s: %s %s in %s (%s)", s->name, s->runner->name,
				version, root, s->reason);
		else
			say(d, false, "suite", "%s: %s is not installed in %s; npm install",
				s->name, s->runner->package, root);
	}
	suites_release(&suites);
}

static void check_places(struct doctor *d, const char *base)
{
	cleanup_free char *path = path_join(base, ".muster/history.db");
	struct error err = ERROR_INIT;
	struct history *h = history_open(path, HISTORY_READ, NULL, &err);

	if (h)
		say(d, true, "history", "%s", path);
	else if (err.code == EXIT_CODE_PASSED)
		say(d, true, "history", "none yet; the first run makes it");
	else
		say(d, false, "history", "%s", err.text);
	history_close(h);
	say(d, access(base, W_OK) == 0, "folder", "%s%s", base,
		access(base, W_OK) == 0 ? ""
					: " cannot be written; --out and --history choose others");
}

static int run_doctor(const struct options *options, struct error *err)
{
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *base = project_base(cwd);
	struct doctor d = {.text = STRBUF_INIT, .as_json = options_has(options, "json")};

	if (d.as_json) {
		jsonw_init(&d.json, &d.text, true);
		jsonw_object_begin(&d.json, NULL);
		jsonw_string(&d.json, "schema", "muster/doctor/1");
		jsonw_array_begin(&d.json, "checks");
	}
	say(&d, true, "machine", "%d cores, %.1f GiB free: %d workers", machine_cores(),
		(double)machine_memory_kb() / 1024 / 1024, machine_workers(0));
	check_node(&d);
	check_suites(&d, base);
	check_places(&d, base);
	if (d.as_json) {
		jsonw_array_end(&d.json);
		jsonw_object_end(&d.json);
	}
	int result = command_print(d.text.buf, d.text.len, err);
	strbuf_release(&d.text);
	if (result < 0)
		return -1;
	return d.sick ? EXIT_CODE_INFRASTRUCTURE : EXIT_CODE_PASSED;
}

const struct command doctor_cmd = {
	.name = "doctor",
	.usage = "doctor [--json]",
	.summary = "check that everything a run needs is there",
	.run = run_doctor,
};
