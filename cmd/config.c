#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/schema.h"
#include "core/base/jsonw.h"
#include "core/config.h"
#include "core/config_keys.h"
#include "runners/registry.h"

static const char *const origins[] = {
	[ORIGIN_DEFAULT] = "default",
	[ORIGIN_FILE] = "file",
	[ORIGIN_ENVIRONMENT] = "environment",
	[ORIGIN_FLAG] = "flag",
};

/* ---- text ------------------------------------------------------------------------------------ */

static void text_keys(struct strbuf *out, const struct config *c)
{
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		if (!config_key_is_plain(k))
			continue;
		config_key_text(k, c, &value);
		strbuf_addf(out, "%-15s  %-16s  %s\n", k->name, value.len ? value.buf : "-",
			origins[config_origin(c, k->name)]);
	}
	for (size_t i = 0; i < c->resource_count; i++)
		strbuf_addf(out, "%sresource %s: %d\n", i ? "" : "\n", c->resources[i].name,
			c->resources[i].amount);
}

static void text_suite(struct strbuf *out, const struct suite *suite)
{
	strbuf_addf(out, "\nsuite %s\n", suite->name);
	for (const struct config_key *k = config_suite_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		config_key_text(k, suite, &value);
		if (value.len && k->type != CONFIG_NAME)
			strbuf_addf(out, "  %-13s  %s\n", k->name, value.buf);
	}
}

static void text_service(struct strbuf *out, const struct config_service *service)
{
	strbuf_addf(out, "\nservice %s\n", service->name);
	for (const struct config_key *k = config_service_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		config_key_text(k, service, &value);
		if (value.len)
			strbuf_addf(out, "  %-13s  %s\n", k->name, value.buf);
	}
	for (const struct config_key *k = config_ready_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		config_key_text(k, service, &value);
		if (value.len)
			strbuf_addf(out, "  ready %-7s  %s\n", k->name, value.buf);
	}
}

static void show_text(const struct config *c, struct strbuf *out)
{
	strbuf_addf(out, "file        %s\nbase        %s\n\n", c->path ? c->path : "none", c->base);
	text_keys(out, c);
	for (size_t i = 0; i < c->suites.n; i++)
		text_suite(out, c->suites.v[i]);
	for (size_t i = 0; i < c->service_count; i++)
		text_service(out, &c->services[i]);
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void json_record(struct jsonw *w, const struct config_key *keys, const void *record)
{
	for (const struct config_key *k = keys; k->name; k++) {
		if (k->type != CONFIG_SECTION && k->type != CONFIG_SWITCH) {
			config_key_json(k, record, w, k->name);
			continue;
		}
		jsonw_object_begin(w, k->name);
		json_record(w, k->keys, record);
		jsonw_object_end(w);
	}
}

static void json_keys(struct jsonw *w, const struct config *c)
{
	jsonw_object_begin(w, "keys");
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_free char *variable = config_key_variable(k);
		enum config_origin origin = config_origin(c, k->name);
		if (!config_key_is_plain(k))
			continue;
		jsonw_object_begin(w, k->name);
		config_key_json(k, c, w, "value");
		jsonw_string(w, "origin", origins[origin]);
		if (origin == ORIGIN_ENVIRONMENT)
			jsonw_string(w, "variable", variable);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}

static void show_json(const struct config *c, struct strbuf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/config/1");
	jsonw_string(&w, "file", c->path);
	jsonw_string(&w, "base", c->base);
	json_keys(&w, c);
	jsonw_array_begin(&w, "suites");
	for (size_t i = 0; i < c->suites.n; i++) {
		jsonw_object_begin(&w, NULL);
		json_record(&w, config_suite_keys, c->suites.v[i]);
		jsonw_object_end(&w);
	}
	jsonw_array_end(&w);
	jsonw_object_begin(&w, "resources");
	for (size_t i = 0; i < c->resource_count; i++)
		jsonw_int(&w, c->resources[i].name, c->resources[i].amount);
	jsonw_object_end(&w);
	jsonw_object_begin(&w, "services");
	for (size_t i = 0; i < c->service_count; i++) {
		jsonw_object_begin(&w, c->services[i].name);
		json_record(&w, config_service_keys, &c->services[i]);
		jsonw_object_end(&w);
	}
	jsonw_object_end(&w);
	jsonw_object_end(&w);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void check_json(const struct config *c, struct strbuf *out)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/config-check/1");
	jsonw_string(&w, "file", c->path);
	jsonw_bool(&w, "ok", true);
	jsonw_object_end(&w);
}

static int run_config(const struct options *options, struct error *err)
{
	const char *what = options->words.n ? options->words.v[0] : "show";
	bool json = options_has(options, "json");
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct options flags = *options;

	if (streq(what, "schema")) {
		schema_write(&out, runners);
		return command_print(out.buf, out.len, err);
	}
	flags.words = (struct strvec)STRVEC_INIT; /* the word is no path to run */
	struct config *c = command_config(&flags, err);
	if (!c)
		return -1;
	if (streq(what, "show"))
		(json ? show_json : show_text)(c, &out);
	else if (json)
		check_json(c, &out);
	else
		strbuf_addf(&out, "ok: %s\n", c->path ? c->path : "no muster.yaml, defaults apply");
	config_free(c);
	return command_print(out.buf, out.len, err);
}

static const char *const config_words[] = {"show", "check", "schema", NULL};

const struct command config_cmd = {
	.name = "config",
	.usage = "config [show|check|schema] [--json]",
	.summary = "show each setting and where it comes from; check muster.yaml; its JSON Schema",
	.words = config_words,
	.max_words = 1,
	.takes_config = true,
	.run = run_config,
};
