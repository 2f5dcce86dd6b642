#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/order.h"
#include "core/base/jsonw.h"
#include "core/base/text.h"
#include "core/event/test_id.h"

static const char *const verdict_names[] = {
	[ORDER_DEPENDENT] = "order_dependent",
	[ORDER_NEEDS] = "needs_others",
	[ORDER_FAILS_ALONE] = "fails_alone",
	[ORDER_FLAKY] = "flaky",
	[ORDER_NOT_DEPENDENT] = "not_order_dependent",
};

void order_target_text(const struct order *o, struct strbuf *out)
{
	strbuf_addstr(out, o->target.file);
	if (!o->target.test)
		return;
	strbuf_addstr(out, TEST_ID_ARROW);
	test_id_text(out, o->target.test, o->target.occurrence);
}

void order_culprits_text(const struct order *o, struct strbuf *out)
{
	for (size_t i = 0; i < o->culprits.n; i++)
		strbuf_addf(out, "%s%s", i ? " and " : "", o->culprits.v[i]);
}

/* ---- answers --------------------------------------------------------------------------------- */

static void rerun_text(const struct order *o, struct strbuf *out)
{
	strbuf_addf(out, "muster run --no-fail-fast --suite ");
	text_shell_quote(out, o->target.suite);
	strbuf_addstr(out, " --in-order");
	for (size_t i = 0; i < o->culprits.n; i++) {
		strbuf_addch(out, ' ');
		text_shell_quote(out, o->culprits.v[i]);
	}
	strbuf_addch(out, ' ');
	text_shell_quote(out, o->target.file);
}

static void answer_text(const struct order *o, struct strbuf *out)
{
	static const char *const words[] = {
		[ORDER_DEPENDENT] = "passes alone and fails after",
		[ORDER_NEEDS] = "fails alone and passes after",
		[ORDER_FAILS_ALONE] = "fails alone: no other file is needed for that",
		[ORDER_FLAKY] = "is flaky: the same files in the same order gave different results",
		[ORDER_NOT_DEPENDENT] =
			("passes alone and after all that ran before it: it does not depend on "
			 "their order, but it may be flaky"),
	};

	strbuf_addf(out, "%s ", words[o->verdict]);
	order_culprits_text(o, out);
	strbuf_rtrim(out);
	if (o->verdict == ORDER_DEPENDENT || o->verdict == ORDER_NEEDS)
		strbuf_addstr(out, " in the same worker");
}

static void put_strings(struct jsonw *w, const char *name, const struct strvec *list)
{
	jsonw_array_begin(w, name);
	for (size_t i = 0; i < list->n; i++)
		jsonw_string(w, NULL, list->v[i]);
	jsonw_array_end(w);
}

static int print_json(const struct order *o, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT, text = STRBUF_INIT, rerun = STRBUF_INIT;
	cleanup_strbuf struct strbuf test = STRBUF_INIT;
	struct jsonw w;

	answer_text(o, &text);
	rerun_text(o, &rerun);
	if (o->target.test)
		test_id_text(&test, o->target.test, o->target.occurrence);
	jsonw_init(&w, &out, true);
	jsonw_object_begin(&w, NULL);
	jsonw_string(&w, "schema", "muster/order/1");
	jsonw_string(&w, "suite", o->target.suite);
	jsonw_string(&w, "project", *o->target.project ? o->target.project : NULL);
	jsonw_string(&w, "file", o->target.file);
	jsonw_string(&w, "test", o->target.test ? test.buf : NULL);
	jsonw_string(&w, "recorded_run", o->run_id);
	put_strings(&w, "before", &o->target.before);
	jsonw_string(&w, "verdict", verdict_names[o->verdict]);
	jsonw_string(&w, "text", text.buf);
	put_strings(&w, "culprits", &o->culprits);
	jsonw_bool(&w, "minimal", o->minimal);
	jsonw_int(&w, "runs", o->probes);
	jsonw_string(&w, "proof_run", o->culprits.n ? o->setup.run_id : NULL);
	jsonw_string(&w, "rerun", rerun.buf);
	jsonw_object_end(&w);
	return command_print(out.buf, out.len, err);
}

static int print_text(const struct order *o, struct error *err)
{
	cleanup_strbuf struct strbuf out = STRBUF_INIT;

	order_target_text(o, &out);
	strbuf_addch(&out, ' ');
	answer_text(o, &out);
	if (o->culprits.n && !o->minimal)
		strbuf_addf(&out, "\n(the search ended after %d runs: fewer may do)", o->probes);
	if (!o->target.before.n)
		strbuf_addf(&out, "\nnothing ran before it in its worker in run %s", o->run_id);
	strbuf_addstr(&out, "\nrerun: ");
	rerun_text(o, &out);
	return command_print(out.buf, out.len, err);
}

int order_print(const struct order *o, bool json, struct error *err)
{
	return json ? print_json(o, err) : print_text(o, err);
}
