#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/config.h"
#include "core/config_keys.h"
#include "core/project.h"

static const char *const origins[] = {
	[ORIGIN_DEFAULT] = "default",
	[ORIGIN_FILE] = "muster.yaml",
	[ORIGIN_ENVIRONMENT] = "environment",
	[ORIGIN_FLAG] = "flag",
};

static void show_text(const struct config *c, struct strbuf *out)
{
	strbuf_addf(out, "file: %s\n", c->path ? c->path : "none");
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		if (k->type == CONFIG_SECTION)
			continue;
		config_key_text(k, c, &value);
		strbuf_addf(out, "%-10s = %-12s (%s)\n", k->name, value.buf,
			origins[config_origin(c, k->name)]);
	}
	for (size_t i = 0; i < c->suites.n; i++)
		strbuf_addf(out, "suite %s: %s in %s\n", c->suites.v[i]->name,
			c->suites.v[i]->runner->name, c->suites.v[i]->root);
}

static void show_json(const struct config *c, struct strbuf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/config/1");
	jsonw_string(&w, "file", c->path);
	jsonw_string(&w, "base", c->base);
	jsonw_object_begin(&w, "keys");
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		if (k->type == CONFIG_SECTION)
			continue;
		config_key_text(k, c, &value);
		jsonw_object_begin(&w, k->name);
		jsonw_string(&w, "value", value.buf);
		jsonw_string(&w, "origin", origins[config_origin(c, k->name)]);
		jsonw_object_end(&w);
	}
	jsonw_object_end(&w);
	jsonw_array_begin(&w, "suites");
	for (size_t i = 0; i < c->suites.n; i++)
		jsonw_string(&w, NULL, c->suites.v[i]->name);
	jsonw_array_end(&w);
	jsonw_object_end(&w);
}

/* ---- JSON Schema ----------------------------------------------------------------------------- */

static void schema_type(struct jsonw *w, const struct config_key *k)
{
	static const char *const types[] = {
		[CONFIG_INT] = "integer",
		[CONFIG_BOOL] = "boolean",
		[CONFIG_STRING] = "string",
		[CONFIG_PATH] = "string",
		[CONFIG_MAP] = "object",
		[CONFIG_NEEDS] = "object",
		[CONFIG_SECTION] = NULL,
	};

	jsonw_object_begin(w, k->name);
	jsonw_string(w, "description", k->help);
	if (k->type == CONFIG_LIST) {
		jsonw_array_begin(w, "type");
		jsonw_string(w, NULL, "array");
		jsonw_string(w, NULL, "string");
		jsonw_array_end(w);
	} else if (k->type == CONFIG_TMPDIR) {
		jsonw_raw(w, "enum", "[\"shared\",\"worker\"]");
	} else if ((size_t)k->type < ARRAY_LEN(types) && types[k->type]) {
		jsonw_string(w, "type", types[k->type]);
	} else if (k->type == CONFIG_DURATION || k->type == CONFIG_WORKERS ||
		   k->type == CONFIG_FAIL_FAST) {
		jsonw_raw(w, "type", "[\"string\",\"integer\",\"boolean\"]");
	}
	if (k->type != CONFIG_SECTION)
		jsonw_object_end(w);
}

static void schema_keys(struct jsonw *w, const struct config_key *keys);

static const struct {
	const char *name;
	const struct config_key *keys;
	bool list;
} sections[] = {
	{"suites", config_suite_keys, true},
	{"services", config_service_keys, false},
	{"ready", config_ready_keys, false},
};

/* A section is a list of objects, a mapping of names to objects, or one object (`ready`). */
static void schema_section(struct jsonw *w, const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (!streq(sections[i].name, name))
			continue;
		if (streq(name, "ready")) {
			schema_keys(w, sections[i].keys);
			return;
		}
		jsonw_string(w, "type", sections[i].list ? "array" : "object");
		jsonw_object_begin(w, sections[i].list ? "items" : "additionalProperties");
		schema_keys(w, sections[i].keys);
		jsonw_object_end(w);
		return;
	}
	jsonw_string(w, "type", streq(name, "resources") ? "object" : "string");
}

static void schema_keys(struct jsonw *w, const struct config_key *keys)
{
	jsonw_string(w, "type", "object");
	jsonw_bool(w, "additionalProperties", false);
	jsonw_object_begin(w, "properties");
	for (const struct config_key *k = keys; k->name; k++) {
		schema_type(w, k);
		if (k->type != CONFIG_SECTION)
			continue;
		schema_section(w, k->name);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}

static void schema(struct strbuf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "$schema", "http://json-schema.org/draft-07/schema#");
	jsonw_string(&w, "title", "muster.yaml");
	schema_keys(&w, config_root_keys);
	jsonw_object_end(&w);
}

static int run_config(const struct options *options, struct error *err)
{
	const char *what = options->words.n ? options->words.v[0] : "show";
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct options rest = *options;

	rest.words = (struct strvec)STRVEC_INIT;
	if (streq(what, "schema")) {
		schema(&out);
		command_print(out.buf, out.len);
		return 0;
	}
	if (!streq(what, "show") && !streq(what, "check")) {
		error_set(err, EXIT_CODE_USAGE, "`config %s` is not known", what);
		return error_help(err, "muster config show|check|schema");
	}
	struct config *c = command_config(&rest, err);
	if (!c)
		return -1;
	if (streq(what, "check"))
		strbuf_addf(&out, "%s\n", c->path ? "ok" : "ok: no muster.yaml, defaults apply");
	else if (options_has(options, "json"))
		show_json(c, &out);
	else
		show_text(c, &out);
	command_print(out.buf, out.len);
	config_free(c);
	return 0;
}

const struct command config_cmd = {
	.name = "config",
	.usage = "config show|check|schema [--json]",
	.summary = "show each setting and where it comes from; check muster.yaml; its JSON Schema",
	.takes_config = true,
	.run = run_config,
};
