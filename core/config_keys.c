#include "core/base/base.h"

#include "core/base/text.h"
#include "core/config_keys.h"

#define ROOT(member)    offsetof(struct config, member)
#define SUITE(member)   offsetof(struct suite, member)
#define SERVICE(member) offsetof(struct config_service, member)

const struct config_key config_root_keys[] = {
	{"version", CONFIG_INT, ROOT(version), "1", "version of this file's format"},
	{"workers", CONFIG_WORKERS, ROOT(workers), "auto",
		"worker processes at a time; auto = cores, capped by memory"},
	{"fail_fast", CONFIG_FAIL_FAST, ROOT(fail_fast), "1",
		"failures that stop the run; 0 or false = never"},
	{"retries", CONFIG_INT, ROOT(retries), "0", "further tries of a failed test"},
	{"timeout", CONFIG_DURATION, ROOT(timeout_ms), "5m", "limit for one file"},
	{"budget", CONFIG_DURATION, ROOT(budget_ms), "off", "limit for the whole run"},
	{"slow", CONFIG_DURATION, ROOT(slow_ms), "10s", "a test that runs longer gets a SLOW mark"},
	{"suites", CONFIG_SECTION, 0, NULL, "list of suites; without it they are detected"},
	{"resources", CONFIG_SECTION, 0, NULL, "how much of each named resource there is"},
	{"services", CONFIG_SECTION, 0, NULL, "servers that suites need while they run"},
	{"reporters", CONFIG_LIST, ROOT(reporters), NULL, "reporters, as NAME or NAME=PATH"},
	{NULL},
};

const struct config_key config_suite_keys[] = {
	{"name", CONFIG_STRING, SUITE(name), NULL, "name of the suite; default: its runner"},
	{"runner", CONFIG_SECTION, 0, NULL, "jest, mocha or playwright"},
	{"root", CONFIG_SECTION, 0, ".", "folder that the runner starts in"},
	{"config", CONFIG_PATH, SUITE(config), NULL, "the runner's configuration file"},
	{"files", CONFIG_LIST, SUITE(files), NULL, "globs or paths of test files, below root"},
	{"args", CONFIG_LIST, SUITE(args), NULL, "the runner's own options"},
	{"env", CONFIG_MAP, SUITE(env), NULL, "environment of the workers"},
	{"node_options", CONFIG_LIST, SUITE(node_options), NULL, "flags for the workers' node"},
	{"retries", CONFIG_INT, SUITE(retries), NULL, "as above, for this suite"},
	{"timeout", CONFIG_DURATION, SUITE(timeout_ms), NULL, "as above, for this suite"},
	{"needs", CONFIG_NEEDS, 0, NULL, "resources taken while a file runs"},
	{"services", CONFIG_LIST, SUITE(services), NULL, "services that must be up"},
	{"tmpdir", CONFIG_TMPDIR, SUITE(tmpdir_per_worker), "shared",
		"shared, or worker: a TMPDIR for each worker"},
	{NULL},
};

const struct config_key config_service_keys[] = {
	{"command", CONFIG_LIST, SERVICE(command), NULL,
		"program and arguments; ${port} is a free port"},
	{"ready", CONFIG_SECTION, 0, NULL, "how to know that it is ready"},
	{"env", CONFIG_MAP, SERVICE(env), NULL, "given to the suites that use it; ${port} works"},
	{NULL},
};

const struct config_key config_ready_keys[] = {
	{"tcp", CONFIG_STRING, SERVICE(ready_tcp), NULL, "port that must accept a connection"},
	{"log", CONFIG_STRING, SERVICE(ready_log), NULL, "text that its output must show"},
	{"timeout", CONFIG_DURATION, SERVICE(ready_timeout_ms), "20s", "how long it may take"},
	{NULL},
};

static const char *const type_names[] = {
	[CONFIG_INT] = "a whole number",
	[CONFIG_WORKERS] = "a whole number, a percentage or auto",
	[CONFIG_FAIL_FAST] = "a whole number, true or false",
	[CONFIG_DURATION] = "a duration such as 500ms, 30s, 10m or off",
	[CONFIG_BOOL] = "true or false",
	[CONFIG_STRING] = "a text",
	[CONFIG_PATH] = "a path",
	[CONFIG_LIST] = "a list of texts",
	[CONFIG_MAP] = "a mapping of names to texts",
	[CONFIG_TMPDIR] = "shared or worker",
	[CONFIG_NEEDS] = "a mapping of resources to amounts",
	[CONFIG_SECTION] = "a section",
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

static bool parse_int(const char *text, int *ret)
{
	size_t n = strspn(text, "0123456789");

	if (!n || n > 9 || text[n])
		return false;
	*ret = atoi(text);
	return true;
}

static bool parse_bool(const char *text, bool *ret)
{
	bool yes = streq(text, "true"), no = streq(text, "false");

	if (yes || no)
		*ret = yes;
	return yes || no;
}

static bool parse_workers(const char *text, struct config *c)
{
	size_t n = strspn(text, "0123456789");
	int value = atoi(text);

	if (streq(text, "auto")) {
		c->workers = c->workers_percent = 0;
		return true;
	}
	if (!n || n > 4 || value < 1)
		return false;
	if (streq(text + n, "%")) {
		c->workers = 0;
		c->workers_percent = value;
		return value <= 1000;
	}
	c->workers = value;
	c->workers_percent = 0;
	return !text[n];
}

static bool parse_fail_fast(const char *text, int *ret)
{
	bool flag;

	if (!parse_bool(text, &flag))
		return parse_int(text, ret);
	*ret = flag;
	return true;
}

static bool parse_duration(const char *text, int64_t *ret)
{
	int64_t ms = streq(text, "off") || streq(text, "false") ? 0 : text_parse_duration(text);

	if (ms >= 0)
		*ret = ms;
	return ms >= 0;
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

static bool parse(const struct config_key *key, void *record, const char *text)
{
	void *at = (char *)record + key->offset;

	switch (key->type) {
	case CONFIG_INT:
		return parse_int(text, at);
	case CONFIG_WORKERS:
		return parse_workers(text, record);
	case CONFIG_FAIL_FAST:
		return parse_fail_fast(text, at);
	case CONFIG_DURATION:
		return parse_duration(text, at);
	case CONFIG_BOOL:
		return parse_bool(text, at);
	case CONFIG_TMPDIR:
		return parse_tmpdir(text, at);
	case CONFIG_STRING:
	case CONFIG_PATH:
		return set_string(text, at);
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

void config_key_text(const struct config_key *key, const void *record, struct strbuf *out)
{
	const void *at = (const char *)record + key->offset;
	const struct config *c = record;

	switch (key->type) {
	case CONFIG_INT:
	case CONFIG_FAIL_FAST:
		strbuf_addf(out, "%d", *(const int *)at);
		break;
	case CONFIG_WORKERS:
		if (c->workers_percent)
			strbuf_addf(out, "%d%%", c->workers_percent);
		else if (c->workers)
			strbuf_addf(out, "%d", c->workers);
		else
			strbuf_addstr(out, "auto");
		break;
	case CONFIG_DURATION:
		if (*(const int64_t *)at)
			text_duration(out, *(const int64_t *)at);
		else
			strbuf_addstr(out, "off");
		break;
	case CONFIG_LIST:
		for (size_t i = 0; i < ((const struct strvec *)at)->n; i++)
			strbuf_addf(out, "%s%s", i ? ", " : "", ((const struct strvec *)at)->v[i]);
		break;
	default:
		break;
	}
}
