#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/schema.h"
#include "core/base/jsonw.h"
#include "core/config/config.h"
#include "core/config/keys.h"
#include "runners/registry.h"

static const char *const origins[] = {
	[ORIGIN_DEFAULT] = "default",
	[ORIGIN_FILE] = "file",
	[ORIGIN_ENVIRONMENT] = "environment",
	[ORIGIN_FLAG] = "flag",
};

/* ---- sections -------------------------------------------------------------------------------- */

/* What a section is switched to; NULL: it is no switch, and its keys are shown elsewhere. */
static const char *switched(const struct config *c, const struct config_key *key)
{
	if (key->type == CONFIG_SWITCH)
		return c->no_gates ? "off" : "on";
	if (key->type == CONFIG_TOGGLE)
		return c->coverage.enabled > 0 ? "on" : "off";
	return NULL;
}

static enum config_origin origin_of(const struct config *c, const struct config_key *key)
{
	/* only looked up */
	const enum config_origin *slot = config_origin_slot((struct config *)(uintptr_t)c, key);

	return slot ? *slot : ORIGIN_DEFAULT;
}

/* "90%", or "lines 90%, branches off" when they differ; kinds without a name do not count. */
static void put_limits(
	struct strbuf *out, const struct config_key *kinds, const struct config_limits *limits)
{
	cleanup_strbuf struct strbuf first = STRBUF_INIT, all = STRBUF_INIT;
	bool differ = false;

	for (const struct config_key *k = kinds; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		config_key_text(k, limits, &value);
		if (!first.len)
			strbuf_addstr(&first, value.buf);
		differ |= !streq(first.buf, value.buf);
		strbuf_addf(&all, "%s%s %s", all.len ? ", " : "", k->name, value.buf);
	}
	strbuf_addstr(out, differ ? all.buf : first.buf);
}

static void member_text(const struct config *c, const struct config_key *key, struct strbuf *out)
{
	if (key->type == CONFIG_LIMITS)
		put_limits(out, key->keys, (const void *)((const char *)c + key->offset));
	else if (key->type != CONFIG_MODULES)
		config_key_text(key, c, out);
	for (size_t i = 0; key->type == CONFIG_MODULES && i < c->gates.module_count; i++) {
		strbuf_addf(out, "%s%s: ", i ? "; " : "", c->gates.modules[i].glob);
		put_limits(out, config_limit_keys, &c->gates.modules[i].limits);
	}
}

/* ---- text ------------------------------------------------------------------------------------ */

static void text_row(struct strbuf *out, const char *name, const char *value, const char *origin)
{
	strbuf_addf(out, "%-20s  %-16s  %s\n", name, value && *value ? value : "-", origin);
}

static void text_members(struct strbuf *out, const struct config *c, const struct config_key *keys)
{
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		cleanup_free char *name = xasprintf("  %s", k->name);
		member_text(c, k, &value);
		text_row(out, name, value.buf, origins[origin_of(c, k)]);
	}
}

static void text_keys(struct strbuf *out, const struct config *c)
{
	for (const struct config_key *k = config_root_keys; k->name; k++) {
		cleanup_strbuf struct strbuf value = STRBUF_INIT;
		const char *on = switched(c, k);
		if (!config_key_is_word(k))
			continue;
		if (!on)
			config_key_text(k, c, &value);
		text_row(out, k->name, on ? on : value.buf, origins[config_origin(c, k->name)]);
		if (on && !(c->no_gates && k->type == CONFIG_SWITCH))
			text_members(out, c, k->keys);
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
		if (!k->keys) {
			config_key_json(k, record, w, k->name);
			continue;
		}
		jsonw_object_begin(w, k->name);
		json_record(w, k->keys, record);
		jsonw_object_end(w);
	}
}

static void json_limits(
	struct jsonw *w, const struct config_key *kinds, const struct config_limits *limits)
{
	for (const struct config_key *k = kinds; k->name; k++)
		config_key_json(k, limits, w, k->name);
}

static void json_value(struct jsonw *w, const struct config *c, const struct config_key *key)
{
	const char *on = switched(c, key);

	if (on) {
		jsonw_string(w, "value", on);
	} else if (key->type == CONFIG_LIMITS) {
		jsonw_object_begin(w, "value");
		json_limits(w, key->keys, (const void *)((const char *)c + key->offset));
		jsonw_object_end(w);
	} else if (key->type == CONFIG_MODULES) {
		jsonw_object_begin(w, "value");
		for (size_t i = 0; i < c->gates.module_count; i++) {
			jsonw_object_begin(w, c->gates.modules[i].glob);
			json_limits(w, config_limit_keys, &c->gates.modules[i].limits);
			jsonw_object_end(w);
		}
		jsonw_object_end(w);
	} else {
		config_key_json(key, c, w, "value");
	}
}

static void json_keys(struct jsonw *w, const struct config *c, const struct config_key *keys)
{
	jsonw_object_begin(w, "keys");
	for (const struct config_key *k = keys; k->name; k++) {
		cleanup_free char *variable = config_key_variable(k);
		enum config_origin origin = origin_of(c, k);
		if (config_key_is_root(k) && !config_key_is_word(k))
			continue;
		jsonw_object_begin(w, k->name);
		json_value(w, c, k);
		jsonw_string(w, "origin", origins[origin]);
		if (origin == ORIGIN_ENVIRONMENT)
			jsonw_string(w, "variable", variable);
		if (switched(c, k))
			json_keys(w, c, k->keys);
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
	json_keys(&w, c, config_root_keys);
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
