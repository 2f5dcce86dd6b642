#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/jsonw.h"

static int run_version(const struct options *options, struct error *err)
{
	static const char text[] = "muster " MUSTER_VERSION "\n";

	if (!options_has(options, "json"))
		return command_print(text, strlen(text), err);
	cleanup_strbuf struct strbuf out = STRBUF_INIT;
	struct jsonw w;
	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/version/1");
	jsonw_string(&w, "version", MUSTER_VERSION);
	jsonw_object_end(&w);
	return command_print(out.buf, out.len, err);
}

const struct command version_cmd = {
	.name = "version",
	.usage = "version [--json]",
	.summary = "print the version",
	.run = run_version,
};
