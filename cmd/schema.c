#include "core/base/base.h"

#include "cmd/schema.h"
#include "core/config/keys.h"

#define DURATION                                                                  \
	"{\"type\":\"string\",\"pattern\":\"^([0-9]+(\\\\.[0-9]*)?|\\\\.[0-9]+) " \
	"*(ms|s|m|h|d)?$\"}"
#define PERCENT                                                 \
	"[{\"type\":\"number\",\"minimum\":0,\"maximum\":100}," \
	"{\"enum\":[\"off\",false]},"                           \
	"{\"type\":\"string\",\"pattern\":"                     \
	"\"^0*(100(\\\\.0+)?|[0-9]{1,2}(\\\\.[0-9]+)?)%?$\"}]"
#define SCALAR "[\"string\",\"number\",\"boolean\"]"
#define TEXT   "{\"type\":" SCALAR "}"
#define AMOUNT "{\"type\":\"integer\",\"minimum\":1,\"maximum\":999999}"

#define TRIES "{\"type\":\"integer\",\"minimum\":0,\"maximum\":100}"

struct keyword {
	const char *name, *json;
};

/* What JSON Schema says of each type that has no table of its own. Editors read the file as YAML
 * 1.2, so a number is fine where its text is. */
static const struct keyword keywords[CONFIG_TYPE_COUNT][4] = {
	[CONFIG_VERSION] = {{"const", "1"}},
	[CONFIG_INT] = {{"type", "\"integer\""}, {"minimum", "0"}, {"maximum", "999999999"}},
	[CONFIG_WORKERS] = {{"anyOf", "[{\"type\":\"integer\",\"minimum\":1,\"maximum\":9999},"
				      "{\"const\":\"auto\"},{\"type\":\"string\","
				      "\"pattern\":\"^0*[1-9][0-9]{0,3}%?$\"}]"}},
	[CONFIG_FAIL_FAST] = {{"anyOf",
		"[{\"type\":\"integer\",\"minimum\":0,\"maximum\":999999999},"
		"{\"type\":\"boolean\"}]"}},
	[CONFIG_RETRIES] = {{"anyOf",
		"[" TRIES ",{\"type\":\"object\",\"additionalProperties\":false,\"properties\":"
		"{\"default\":" TRIES ",\"flaky\":" TRIES ",\"quarantined\":" TRIES "}}]"}},
	[CONFIG_BUDGET] = {{"anyOf", "[{\"type\":\"number\",\"exclusiveMinimum\":0},"
				     "{\"enum\":[\"off\",false]},{\"type\":\"string\","
				     "\"pattern\":\"^0*[1-9][0-9]{0,2}%$\"}," DURATION "]"}},
	[CONFIG_ON_OFF] = {{"enum", "[\"on\",\"off\",true,false]"}},
	[CONFIG_DURATION] = {{"anyOf", "[{\"type\":\"number\",\"minimum\":0},"
				       "{\"enum\":[\"off\",false]}," DURATION "]"}},
	[CONFIG_WAIT] = {{"anyOf", "[{\"type\":\"number\",\"exclusiveMinimum\":0}," DURATION "]"}},
	[CONFIG_NAME] = {{"type", SCALAR}, {"pattern", "\"^[^-]\""}, {"maxLength", "200"}},
	[CONFIG_STRING] = {{"type", SCALAR}, {"minLength", "1"}},
	[CONFIG_PORT] = {{"anyOf", "[{\"type\":\"integer\",\"minimum\":1,\"maximum\":65535},"
				   "{\"const\":\"${port}\"}]"}},
	[CONFIG_PERCENT] = {{"anyOf", PERCENT}},
	[CONFIG_FOLDER] = {{"type", SCALAR}, {"minLength", "1"}},
	[CONFIG_PATH] = {{"type", SCALAR}, {"minLength", "1"}},
	[CONFIG_LIST] = {{"anyOf", "[{\"type\":" SCALAR ",\"minLength\":1},"
				   "{\"type\":\"array\",\"items\":" TEXT "}]"}},
	[CONFIG_MAP] = {{"type", "\"object\""}, {"propertyNames", "{\"pattern\":\"^[^=]+$\"}"},
		{"additionalProperties", TEXT}},
	[CONFIG_TMPDIR] = {{"enum", "[\"shared\",\"worker\"]"}},
	[CONFIG_ISOLATION] = {{"enum", "[\"runner\",\"file\",\"process\"]"}},
	[CONFIG_NEEDS] = {{"type", "\"object\""}, {"additionalProperties", AMOUNT}},
	[CONFIG_RESOURCES] = {{"type", "\"object\""}, {"additionalProperties", AMOUNT}},
};

static void put_mapping(struct jsonw *w, const struct config_key *keys, runner_table runners);

static void put_default(struct jsonw *w, const struct config_key *key)
{
	const char *text = key->fallback;

	if (text && strspn(text, "0123456789") == strlen(text))
		jsonw_int(w, "default", atoi(text));
	else if (text)
		jsonw_string(w, "default", text);
}

/* A short form, or the mapping. */
static void put_choice(struct jsonw *w, const char *short_form, const struct config_key *keys,
	runner_table runners)
{
	jsonw_array_begin(w, "anyOf");
	jsonw_raw(w, NULL, short_form);
	jsonw_object_begin(w, NULL);
	put_mapping(w, keys, runners);
	jsonw_object_end(w);
	jsonw_array_end(w);
}

static void put_key(struct jsonw *w, const struct config_key *key, runner_table runners)
{
	jsonw_object_begin(w, key->name);
	jsonw_string(w, "description", key->help);
	put_default(w, key);
	for (const struct keyword *k = keywords[key->type]; k->name; k++)
		jsonw_raw(w, k->name, k->json);
	if (key->type == CONFIG_RUNNER) {
		jsonw_array_begin(w, "enum");
		for (runner_table r = runners; *r; r++)
			jsonw_string(w, NULL, (*r)->name);
		jsonw_array_end(w);
	} else if (key->type == CONFIG_SWITCH || key->type == CONFIG_TOGGLE) {
		put_choice(w,
			key->type == CONFIG_SWITCH ? "{\"enum\": [\"off\", false]}"
						   : "{\"enum\": [\"on\", \"off\", true, false]}",
			key->keys, runners);
	} else if (key->type == CONFIG_LIMITS) {
		put_choice(w, "{\"anyOf\":" PERCENT "}", key->keys, runners);
	} else if (key->type == CONFIG_MODULES) {
		jsonw_string(w, "type", "object");
		jsonw_object_begin(w, "additionalProperties");
		put_choice(w, "{\"anyOf\":" PERCENT "}", config_limit_keys, runners);
		jsonw_object_end(w);
	} else if (key->type == CONFIG_SECTION) {
		put_mapping(w, key->keys, runners);
	} else if (key->type == CONFIG_SECTION_LIST || key->type == CONFIG_SECTION_MAP) {
		bool list = key->type == CONFIG_SECTION_LIST;
		jsonw_string(w, "type", list ? "array" : "object");
		jsonw_object_begin(w, list ? "items" : "additionalProperties");
		put_mapping(w, key->keys, runners);
		jsonw_object_end(w);
	}
	jsonw_object_end(w);
}

static void put_mapping(struct jsonw *w, const struct config_key *keys, runner_table runners)
{
	bool required = false;

	jsonw_string(w, "type", "object");
	jsonw_bool(w, "additionalProperties", false);
	for (const struct config_key *k = keys; k->name; k++)
		required |= k->required;
	if (required) {
		jsonw_array_begin(w, "required");
		for (const struct config_key *k = keys; k->name; k++)
			if (k->required)
				jsonw_string(w, NULL, k->name);
		jsonw_array_end(w);
	}
	jsonw_object_begin(w, "properties");
	for (const struct config_key *k = keys; k->name; k++)
		put_key(w, k, runners);
	jsonw_object_end(w);
}

void schema_write(struct strbuf *out, runner_table runners)
{
	struct jsonw w;

	jsonw_init(&w, out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "$schema", "http://json-schema.org/draft-07/schema#");
	jsonw_string(&w, "title", "muster.yaml");
	put_mapping(&w, config_root_keys, runners);
	jsonw_object_end(&w);
}
