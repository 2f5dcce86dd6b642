#include "core/base/base.h"

#include "core/base/text.h"
#include "core/config/keys.h"

#include <ctype.h>

#define ROOT(member)    offsetof(struct config, member)
#define SUITE(member)   offsetof(struct suite, member)
#define SERVICE(member) offsetof(struct config_service, member)

const struct config_key config_root_keys[] = {
	{"version", CONFIG_VERSION, ROOT(version), "1", "version of this file's format"},
	{"workers", CONFIG_WORKERS, ROOT(workers), "auto",
		"worker processes at a time; auto = cores, capped by memory"},
	{"fail_fast", CONFIG_FAIL_FAST, ROOT(fail_fast), "1",
		"failures that stop the run; 0 or false = never"},
	{"retries", CONFIG_RETRIES, ROOT(retries), "0",
		"further tries of a failed test; a mapping has default, flaky and quarantined"},
	{"retry_budget", CONFIG_BUDGET, ROOT(retry_budget), "20%",
		"time for all further tries: a share of the work (at least 1m), or a duration"},
	{"early_detection", CONFIG_ON_OFF, ROOT(early_detection), "off",
		"run tests that are new or changed again before they are believed"},
	{"fail_on_flaky", CONFIG_ON_OFF, ROOT(fail_on_flaky), "off",
		"a test that passes only when it is tried again fails the run"},
	{"quarantine", CONFIG_STRING, ROOT(quarantine), "quarantine.yaml",
		"list of tests whose failures do not count; off = none"},
	{"timeout", CONFIG_DURATION, ROOT(timeout_ms), "5m", "limit for one file"},
	{"budget", CONFIG_DURATION, ROOT(budget_ms), "off", "limit for the whole run"},
	{"slow", CONFIG_DURATION, ROOT(slow_ms), "10s", "a test that runs longer gets a SLOW mark"},
	{"suites", CONFIG_SECTION_LIST, 0, NULL, "the suites; without it they are detected",
		config_suite_keys},
	{"resources", CONFIG_RESOURCES, 0, NULL, "how much of each named resource there is"},
	{"services", CONFIG_SECTION_MAP, 0, NULL, "servers that suites need while they run",
		config_service_keys},
	{"coverage", CONFIG_TOGGLE, ROOT(coverage.enabled), NULL,
		"collect coverage, and of which files; on = what the runners are set to",
		config_coverage_keys},
	{"gates", CONFIG_SWITCH, ROOT(no_gates), NULL,
		"what must hold beside the tests; off = nothing", config_gate_keys},
	{"reporters", CONFIG_LIST, ROOT(reporters), NULL, "reporters, as NAME or NAME=PATH"},
	{NULL},
};

_Static_assert(ARRAY_LEN(config_root_keys) <= CONFIG_KEYS_MAX, "origins[] is too small");

const struct config_key config_suite_keys[] = {
	{"name", CONFIG_NAME, SUITE(name), NULL, "name of the suite; default: its runner"},
	{"runner", CONFIG_RUNNER, SUITE(runner), NULL, "the test framework", .required = true},
	{"root", CONFIG_FOLDER, SUITE(root), ".", "folder that the runner starts in"},
	{"config", CONFIG_PATH, SUITE(config), NULL, "the runner's configuration file, from root"},
	{"files", CONFIG_LIST, SUITE(files), NULL, "globs or paths of test files, below root"},
	{"args", CONFIG_LIST, SUITE(args), NULL, "the runner's own options"},
	{"env", CONFIG_MAP, SUITE(env), NULL, "environment of the workers"},
	{"node_options", CONFIG_LIST, SUITE(node_options), NULL, "flags for the workers' node"},
	{"retries", CONFIG_RETRIES, SUITE(retries), NULL, "as above, for this suite"},
	{"timeout", CONFIG_DURATION, SUITE(timeout_ms), NULL, "as above, for this suite"},
	{"needs", CONFIG_NEEDS, 0, NULL, "resources taken while a file runs"},
	{"services", CONFIG_LIST, SUITE(services), NULL, "services that must be up"},
	{"coverage", CONFIG_ON_OFF, SUITE(coverage), NULL, "collect it for this suite, or do not"},
	{"tmpdir", CONFIG_TMPDIR, SUITE(tmpdir_per_worker), "shared",
		"shared, or worker: a TMPDIR for each worker"},
	{"isolate", CONFIG_ISOLATION, SUITE(isolate), "runner",
		"what files of one worker share: as the runner has it, or file, or process"},
	{"split", CONFIG_ON_OFF, SUITE(split), "on",
		"split long files between tests where it pays"},
	{NULL},
};

const struct config_key config_service_keys[] = {
	{"command", CONFIG_LIST, SERVICE(command), NULL,
		"program and arguments; ${port} is a free port", .required = true},
	{"ready", CONFIG_SECTION, 0, NULL, "how to know that it is ready; default: once started",
		config_ready_keys},
	{"env", CONFIG_MAP, SERVICE(env), NULL, "given to the suites that use it; ${port} works"},
	{NULL},
};

const struct config_key config_ready_keys[] = {
	{"tcp", CONFIG_PORT, SERVICE(ready_tcp), NULL, "port that must accept a connection"},
	{"log", CONFIG_STRING, SERVICE(ready_log), NULL, "text that its output must show"},
	{"timeout", CONFIG_WAIT, SERVICE(ready_timeout_ms), "20s", "how long it may take"},
	{NULL},
};

const struct config_key config_gate_keys[] = {
	{"duration", CONFIG_DURATION, ROOT(gates.duration_ms), "10m",
		"the whole pipeline, from the plan to the last result; enforced in CI and by "
		"merge"},
	{"coverage", CONFIG_LIMITS, ROOT(gates.coverage), "90",
		"per cent of all code; enforced whenever coverage is collected", config_limit_keys},
	{"coverage_by", CONFIG_MODULES, 0, NULL, "the same for each folder that a glob names"},
	{"coverage_per_file", CONFIG_LIMITS, ROOT(gates.coverage_per_file), "off",
		"the same for every file", config_limit_keys},
	{"patch_coverage", CONFIG_LIMITS, ROOT(gates.patch_coverage), "off",
		"per cent of the lines that differ from the base branch", config_patch_keys},
	{"coverage_drop", CONFIG_PERCENT, ROOT(gates.coverage_drop), "off",
		"points that coverage may lose against the last run on the base branch"},
	{"failure_rate", CONFIG_PERCENT, ROOT(gates.failure_rate), "off",
		"per cent of the tests that may fail"},
	{"flaky_rate", CONFIG_PERCENT, ROOT(gates.flaky_rate), "off",
		"per cent of the tests that may be flaky"},
	{NULL},
};

const struct config_key config_coverage_keys[] = {
	{"include", CONFIG_LIST, ROOT(coverage.include), NULL,
		"globs of source files; default: what the runner is set to"},
	{"exclude", CONFIG_LIST, ROOT(coverage.exclude), NULL, "globs of files that do not count"},
	{"reports", CONFIG_LIST, ROOT(coverage.reports), NULL,
		"reports to write beside the map: text, text-summary, lcov, cobertura, "
		"json-summary, html"},
	{NULL},
};

#define LIMIT(kind) offsetof(struct config_limits, pct[kind])

const struct config_key config_limit_keys[] = {
	{"lines", CONFIG_PERCENT, LIMIT(COVERAGE_LINES), NULL, "of lines"},
	{"branches", CONFIG_PERCENT, LIMIT(COVERAGE_BRANCHES), NULL, "of branches"},
	{"functions", CONFIG_PERCENT, LIMIT(COVERAGE_FUNCTIONS), NULL, "of functions"},
	{"statements", CONFIG_PERCENT, LIMIT(COVERAGE_STATEMENTS), NULL, "of statements"},
	{NULL},
};

/* What git tells of a change are lines. */
const struct config_key config_patch_keys[] = {
	{"lines", CONFIG_PERCENT, LIMIT(COVERAGE_LINES), NULL, "of changed lines"},
	{NULL},
};

static const char *const reserved[] = {"audit", "measures", "regression"};

static const char *const type_names[] = {
	[CONFIG_VERSION] = "1",
	[CONFIG_INT] = "a whole number",
	[CONFIG_WORKERS] = "a whole number from 1, a percentage or auto",
	[CONFIG_FAIL_FAST] = "a whole number, true or false",
	[CONFIG_RETRIES] = "a whole number or a mapping of numbers",
	[CONFIG_BUDGET] = "a percentage, a duration such as 2m, or off",
	[CONFIG_ON_OFF] = "on or off",
	[CONFIG_DURATION] = "a duration such as 500ms, 30s, 10m or off",
	[CONFIG_WAIT] = "a duration such as 500ms, 30s or 10m",
	[CONFIG_NAME] = "a name",
	[CONFIG_STRING] = "a text",
	[CONFIG_PORT] = "a port number or ${port}",
	[CONFIG_PERCENT] = "a percentage from 0 to 100, or off",
	[CONFIG_RUNNER] = "a runner",
	[CONFIG_FOLDER] = "a folder",
	[CONFIG_PATH] = "a path",
	[CONFIG_LIST] = "a list of texts",
	[CONFIG_MAP] = "a mapping of names to texts",
	[CONFIG_TMPDIR] = "shared or worker",
	[CONFIG_ISOLATION] = "runner, file or process",
	[CONFIG_NEEDS] = "a mapping of resources to amounts",
	[CONFIG_RESOURCES] = "a mapping of resources to amounts",
	[CONFIG_SECTION] = "a mapping",
	[CONFIG_SWITCH] = "a mapping or off",
	[CONFIG_TOGGLE] = "a mapping, on or off",
	[CONFIG_LIMITS] = "a percentage, a mapping of kinds to percentages, or off",
	[CONFIG_MODULES] = "a mapping of globs to percentages",
	[CONFIG_SECTION_LIST] = "a list of mappings",
	[CONFIG_SECTION_MAP] = "a mapping of names to mappings",
};

const char *config_type_name(enum config_type type)
{
	return type_names[type];
}

const struct config_key *config_key_find(const struct config_key *keys, const char *name)
{
	for (; keys->name; keys++)
		if (streq(keys->name, name))
			return keys;
	return NULL;
}

bool config_key_is_root(const struct config_key *key)
{
	return config_key_find(config_root_keys, key->name) == key;
}

/* One value, or a plain list. */
static bool is_plain(const struct config_key *key)
{
	return (key->type <= CONFIG_LIST && key->type != CONFIG_RUNNER &&
		       key->type != CONFIG_FOLDER) ||
	       key->type == CONFIG_TMPDIR || key->type == CONFIG_ISOLATION;
}

bool config_key_is_word(const struct config_key *key)
{
	return is_plain(key) || key->type == CONFIG_SWITCH || key->type == CONFIG_TOGGLE;
}

char *config_key_variable(const struct config_key *key)
{
	if (!config_key_is_root(key) || !config_key_is_word(key) || key->type == CONFIG_VERSION)
		return NULL;
	char *name = xasprintf("MUSTER_%s", key->name);
	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return name;
}

bool config_key_is_reserved(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(reserved); i++)
		if (streq(reserved[i], name))
			return true;
	return false;
}

/* ---- from text ------------------------------------------------------------------------------- */

static bool parse_int(const char *text, int *ret)
{
	size_t n = strspn(text, "0123456789");

	if (!n || n > 9 || text[n])
		return false;
	*ret = atoi(text);
	return true;
}

static bool parse_version(const char *text, int *ret)
{
	*ret = 1;
	return streq(text, "1");
}

static bool parse_workers(const char *text, struct config *c)
{
	size_t n = strspn(text, "0123456789");
	int value = n && n <= 4 ? atoi(text) : 0;
	bool percent = streq(text + n, "%");

	if (!streq(text, "auto") && (value < 1 || (text[n] && !percent)))
		return false;
	c->workers = percent ? 0 : value;
	c->workers_percent = percent ? value : 0;
	return true;
}

static bool parse_fail_fast(const char *text, int *ret)
{
	if (!streq(text, "true") && !streq(text, "false"))
		return parse_int(text, ret);
	*ret = streq(text, "true");
	return true;
}

static bool parse_retries(const char *text, struct retry_counts *ret)
{
	int n;

	if (!parse_int(text, &n) || n > RETRY_TRIES_MAX)
		return false;
	*ret = (struct retry_counts){{n, -1, -1}};
	return true;
}

/* true and false as YAML 1.2 writes them, and what people write for them. */
static bool parse_on_off(const char *text, int *ret)
{
	*ret = streq(text, "on") || streq(text, "true");
	return *ret || streq(text, "off") || streq(text, "false");
}

static bool parse_duration(const char *text, bool or_off, int64_t *ret)
{
	bool off = or_off && (streq(text, "off") || streq(text, "false"));
	int64_t ms = off ? 0 : text_parse_duration(text);

	if (ms < 0 || (ms == 0 && !or_off))
		return false;
	*ret = ms;
	return true;
}

/* Of 90, 90% or 0.5; off is below 0. */
static bool parse_percent(const char *text, double *ret)
{
	char *end;

	if (streq(text, "off") || streq(text, "false")) {
		*ret = -1;
		return true;
	}
	if (!isdigit((unsigned char)*text) || strspn(text, "0123456789.%") != strlen(text))
		return false;
	double value = strtod(text, &end);
	if (!streq(end, "") && !streq(end, "%"))
		return false;
	*ret = value;
	return value <= 100;
}

static bool parse_limits(const char *text, struct config_limits *ret)
{
	double value;

	if (!parse_percent(text, &value))
		return false;
	for (size_t i = 0; i < COVERAGE_KINDS; i++)
		ret->pct[i] = value;
	return true;
}

static bool parse_tmpdir(const char *text, bool *ret)
{
	*ret = streq(text, "worker");
	return *ret || streq(text, "shared");
}

static bool set_string(const char *text, char **at)
{
	free(*at);
	*at = xstrdup(text);
	return true;
}

/* Names stand on lines of their own, in messages and behind `--suite`. */
static bool parse_name(const char *text, char **at)
{
	size_t len = strlen(text);

	if (!len || len > 200 || *text == '-')
		return false;
	for (size_t i = 0; i < len; i++)
		if (iscntrl((unsigned char)text[i]))
			return false;
	return set_string(text, at);
}

static bool parse_port(const char *text, char **at)
{
	int port;

	if (!streq(text, "${port}") && (!parse_int(text, &port) || port < 1 || port > 65535))
		return false;
	return set_string(text, at);
}

static bool parse(const struct config_key *key, void *record, const char *text)
{
	void *at = (char *)record + key->offset;

	switch (key->type) {
	case CONFIG_VERSION:
		return parse_version(text, at);
	case CONFIG_INT:
		return parse_int(text, at);
	case CONFIG_WORKERS:
		return parse_workers(text, record);
	case CONFIG_FAIL_FAST:
		return parse_fail_fast(text, at);
	case CONFIG_RETRIES:
		return parse_retries(text, at);
	case CONFIG_BUDGET:
		return retry_budget_parse(text, at);
	case CONFIG_ON_OFF:
	case CONFIG_TOGGLE:
		return parse_on_off(text, at);
	case CONFIG_DURATION:
	case CONFIG_WAIT:
		return parse_duration(text, key->type == CONFIG_DURATION, at);
	case CONFIG_TMPDIR:
		return parse_tmpdir(text, at);
	case CONFIG_ISOLATION:
		return suite_isolation_parse(text, at);
	case CONFIG_PERCENT:
		return parse_percent(text, at);
	case CONFIG_LIMITS:
		return parse_limits(text, at);
	case CONFIG_SWITCH: /* whether it is off */
		*(bool *)at = true;
		return streq(text, "off") || streq(text, "false");
	case CONFIG_NAME:
		return parse_name(text, at);
	case CONFIG_PORT:
		return parse_port(text, at);
	case CONFIG_STRING:
	case CONFIG_PATH:
		return *text && set_string(text, at);
	case CONFIG_LIST:
		strvec_push(at, text);
		return true;
	default:
		return false;
	}
}

int config_key_set(const struct config_key *key, void *record, const char *text, struct error *err)
{
	if (parse(key, record, text))
		return 0;
	return error_set(err, EXIT_CODE_USAGE, "`%s` expects %s, not `%.60s`", key->name,
		config_type_name(key->type), text);
}

/* ---- to text --------------------------------------------------------------------------------- */

/* In the largest unit that is exact. */
static void put_duration(struct strbuf *out, int64_t ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = {{"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}};
	size_t i = 0;

	if (!ms) {
		strbuf_addstr(out, "off");
		return;
	}
	while (ms % units[i].ms)
		i++;
	strbuf_addf(out, "%" PRId64 "%s", ms / units[i].ms, units[i].unit);
}

static void put_budget(struct strbuf *out, const struct retry_budget *budget)
{
	if (budget->percent)
		strbuf_addf(out, "%d%%", budget->percent);
	else
		put_duration(out, budget->ms);
}

static void put_workers(struct strbuf *out, const struct config *c)
{
	if (c->workers_percent)
		strbuf_addf(out, "%d%%", c->workers_percent);
	else if (c->workers)
		strbuf_addf(out, "%d", c->workers);
	else
		strbuf_addstr(out, "auto");
}

static void put_list(struct strbuf *out, const struct strvec *list)
{
	for (size_t i = 0; i < list->n; i++)
		strbuf_addf(out, "%s%s", i ? ", " : "", list->v[i]);
}

static void put_needs(struct strbuf *out, const struct suite *suite)
{
	for (size_t i = 0; i < suite->need_count; i++)
		strbuf_addf(out, "%s%s: %d", i ? ", " : "", suite->needs[i].resource,
			suite->needs[i].amount);
}

void config_key_text(const struct config_key *key, const void *record, struct strbuf *out)
{
	const void *at = (const char *)record + key->offset;

	switch (key->type) {
	case CONFIG_VERSION:
	case CONFIG_INT:
	case CONFIG_FAIL_FAST:
		if (*(const int *)at >= 0)
			strbuf_addf(out, "%d", *(const int *)at);
		break;
	case CONFIG_WORKERS:
		put_workers(out, record);
		break;
	case CONFIG_RETRIES:
		retry_counts_text(at, out);
		break;
	case CONFIG_BUDGET:
		put_budget(out, at);
		break;
	case CONFIG_ON_OFF:
		if (*(const int *)at >= 0)
			strbuf_addstr(out, *(const int *)at ? "on" : "off");
		break;
	case CONFIG_DURATION:
	case CONFIG_WAIT:
		if (*(const int64_t *)at >= 0)
			put_duration(out, *(const int64_t *)at);
		break;
	case CONFIG_PERCENT:
		strbuf_addf(out, *(const double *)at < 0 ? "off" : "%g%%", *(const double *)at);
		break;
	case CONFIG_RUNNER:
		strbuf_addstr(out, (*(const struct runner *const *)at)->name);
		break;
	case CONFIG_TMPDIR:
		strbuf_addstr(out, *(const bool *)at ? "worker" : "shared");
		break;
	case CONFIG_ISOLATION:
		strbuf_addstr(out, suite_isolation_name(*(const enum suite_isolation *)at));
		break;
	case CONFIG_NAME:
	case CONFIG_STRING:
	case CONFIG_PORT:
	case CONFIG_FOLDER:
	case CONFIG_PATH:
		strbuf_addstr(out, *(char *const *)at ? *(char *const *)at : "");
		break;
	case CONFIG_LIST:
	case CONFIG_MAP:
		put_list(out, at);
		break;
	case CONFIG_NEEDS:
		put_needs(out, record);
		break;
	default:
		break;
	}
}

static void json_list(struct jsonw *w, const char *name, const struct strvec *list)
{
	jsonw_array_begin(w, name);
	for (size_t i = 0; i < list->n; i++)
		jsonw_string(w, NULL, list->v[i]);
	jsonw_array_end(w);
}

static void json_map(struct jsonw *w, const char *name, const struct strvec *list)
{
	jsonw_object_begin(w, name);
	for (size_t i = 0; i < list->n; i++) {
		const char *equals = strchr(list->v[i], '=');
		cleanup_free char *key = xstrndup(list->v[i], (size_t)(equals - list->v[i]));
		jsonw_string(w, key, equals + 1);
	}
	jsonw_object_end(w);
}

static void json_needs(struct jsonw *w, const char *name, const struct suite *suite)
{
	jsonw_object_begin(w, name);
	for (size_t i = 0; i < suite->need_count; i++)
		jsonw_int(w, suite->needs[i].resource, suite->needs[i].amount);
	jsonw_object_end(w);
}

static void json_retries(struct jsonw *w, const char *name, const struct retry_counts *counts)
{
	jsonw_object_begin(w, name);
	for (int kind = 0; kind < RETRY_KIND_COUNT; kind++)
		if (counts->of[kind] >= 0)
			jsonw_int(w, retry_kind_names[kind], counts->of[kind]);
	jsonw_object_end(w);
}

void config_key_json(
	const struct config_key *key, const void *record, struct jsonw *w, const char *name)
{
	const void *at = (const char *)record + key->offset;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int number;

	if (key->type == CONFIG_LIST) {
		json_list(w, name, at);
		return;
	}
	if (key->type == CONFIG_MAP) {
		json_map(w, name, at);
		return;
	}
	if (key->type == CONFIG_NEEDS) {
		json_needs(w, name, record);
		return;
	}
	config_key_text(key, record, &text);
	if (key->type == CONFIG_RETRIES && text.len && *text.buf == '{') {
		json_retries(w, name, at);
		return;
	}
	bool numeric = key->type <= CONFIG_RETRIES && parse_int(text.buf, &number);
	if (numeric)
		jsonw_int(w, name, number);
	else
		jsonw_string(w, name, text.len ? text.buf : NULL);
}
