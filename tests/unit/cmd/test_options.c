#include "core/base/base.h"

#include "cmd/command.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/strbuf.h"
#include "core/config/config.h"
#include "tests/support/test.h"

/* A command line as text, parsed as main does. */
struct line {
	struct strvec argv;
	struct options options;
	const struct command *command;
	struct error err;
};

static void parse(struct line *l, const char *text)
{
	*l = (struct line){.argv = STRVEC_INIT, .options = OPTIONS_INIT, .err = ERROR_INIT};
	strvec_push(&l->argv, "muster");
	strvec_split(&l->argv, text, ' ');
	l->command = command_parse((int)l->argv.n, l->argv.v, &l->options, &l->err);
}

static void release(struct line *l)
{
	options_release(&l->options);
	strvec_release(&l->argv);
}

/* "run workers=2 failed | word word | rest" */
static void describe(const struct line *l, struct strbuf *out)
{
	strbuf_addstr(out, l->command ? l->command->name : "error");
	for (size_t i = 0; i < l->options.n; i++) {
		const struct option_use *use = &l->options.v[i];
		strbuf_addf(out, " %s%s%s", use->option->name, use->value ? "=" : "",
			use->value ? use->value : "");
	}
	for (size_t i = 0; i < l->options.words.n; i++)
		strbuf_addf(out, "%s %s", i ? "" : " |", l->options.words.v[i]);
	for (size_t i = 0; i < l->options.rest.n; i++)
		strbuf_addf(out, "%s %s", i ? "" : " --", l->options.rest.v[i]);
}

TEST(options, command_lines)
{
	static const char *const rows[][2] = {
		{"", "run"},
		{"-j2", "run workers=2"},
		{"-j 2", "run workers=2"},
		{"-j=2", "run workers=2"},
		{"--workers=50%", "run workers=50%"},
		{"--workers auto run", "run workers=auto"},
		{"run /tmp", "run | /tmp"},
		{"/tmp", "run | /tmp"},
		{"-j2 /tmp /", "run workers=2 | /tmp /"},
		{"--json list", "list json"},
		{"-j 2 list /tmp", "list workers=2 | /tmp"},
		{"-qv", "run quiet verbose"},
		{"-vj3", "run verbose workers=3"},
		{"--fail-fast", "run fail-fast"},
		{"--fail-fast=3", "run fail-fast=3"},
		{"--fail-fast /tmp", "run fail-fast | /tmp"},
		{"--no-fail-fast", "run no-fail-fast"},
		{"--no-tests=pass", "run no-tests=pass"},
		{"--no-tests warn", "run no-tests=warn"},
		{"--reporter tty --reporter junit=x.xml", "run reporter=tty reporter=junit=x.xml"},
		{"--test=-x", "run test=-x"},
		{"-t=-x", "run test=-x"},
		{"-- --ci list", "run -- --ci list"},
		{"run -- -- a", "run -- -- a"},
		{"list -- --ci", "list -- --ci"},
		{"config show", "config | show"},
		{"--version", "version version"},
		{"list --version", "version version"},
		{"-V", "version version"},
		{"--help", "help help"},
		{"run -h", "help help | run"},
		{"config show --help", "help help | config"},
		/* a value that is the name of a command is a value */
		{"--suite list", "run suite=list"},
		{"--suite=list", "run suite=list"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct line l;
		cleanup_strbuf struct strbuf got = STRBUF_INIT;
		parse(&l, rows[i][0]);
		describe(&l, &got);
		cr_assert_str_eq(got.buf, rows[i][1], "muster %s: got `%s`, expected `%s` (%s)",
			rows[i][0], got.buf, rows[i][1], l.err.text);
		release(&l);
	}
}

TEST(options, errors)
{
	static const char *const rows[][3] = {
		{"--wrokers 3", "unknown option `--wrokers`", "did you mean `--workers`?"},
		{"--wrokers=3", "unknown option `--wrokers`", "did you mean `--workers`?"},
		{"--frobnicate", "unknown option `--frobnicate`",
			"`--help` lists all; the runner's own options go behind `--`"},
		{"-x", "unknown option `-x`",
			"`--help` lists all; the runner's own options go behind `--`"},
		{"-qx", "unknown option `-x` in `-qx`",
			"`--help` lists all; the runner's own options go behind `--`"},
		{"-json", "unknown option `-json`", "did you mean `--json`?"},
		{"--json=1", "`--json` takes no value", ""},
		{"-j", "`--workers` needs a value", "--workers=N|N%|auto"},
		{"--suite=", "`--suite` needs a value", "--suite=NAME"},
		{"--suite --json", "`--suite` needs a value", "if it is `--json`: --suite=--json"},
		{"--suite --", "`--suite` needs a value", "--suite=NAME"},
		{"--fail-fast=", "`--fail-fast` needs a value", "--fail-fast=N"},
		{"--color=blue", "`--color` does not take `blue`", "--color=auto|always|never"},
		{"--no-tests maybe", "`--no-tests` does not take `maybe`",
			"--no-tests=fail|warn|pass"},
		{"lst", "no such command, file or folder: lst", "did you mean `muster list`?"},
		{"frobnicate", "no such command, file or folder: frobnicate",
			"`muster help` lists the commands"},
		{"version x", "`muster version` does not take `x`",
			"usage: muster version [--json]"},
		{"help -- x", "`muster help` takes nothing behind `--`",
			"usage: muster help [COMMAND|TOPIC]"},
		{"config shw", "`muster config` does not know `shw`",
			"did you mean `muster config show`?"},
		{"config show all", "`muster config` does not take `all`",
			"usage: muster config [show|check|schema] [--json]"},
		{"version --workers 2", "unknown option `--workers`",
			"`--help` lists all; the runner's own options go behind `--`"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct line l;
		parse(&l, rows[i][0]);
		cr_assert_null(l.command, "muster %s was taken", rows[i][0]);
		ASSERT_STR(l.err.text, rows[i][1]);
		ASSERT_STR(l.err.help, rows[i][2]);
		ASSERT_INT(l.err.code, EXIT_CODE_USAGE);
		release(&l);
	}
}

/* A table that names one thing twice, or a key that nobody has, is found here and not by a user. */
TEST(options, tables_are_sound)
{
	for (const struct command *const *c = commands; *c; c++) {
		const struct option *tables[4];
		struct config *config = config_new("/");
		command_tables(*c, tables);
		cr_assert((*c)->summary && (*c)->usage && (*c)->run, "%s", (*c)->name);
		cr_assert(starts_with((*c)->usage, (*c)->name), "%s", (*c)->usage);
		ASSERT_INT(command_find((*c)->name) == *c, true);
		for (size_t i = 0; tables[i]; i++) {
			for (const struct option *o = tables[i]; o->name; o++) {
				cr_assert_eq(options_find(tables, o->name, strlen(o->name), 0), o,
					"%s has --%s twice", (*c)->name, o->name);
				if (o->letter)
					cr_assert_eq(options_find(tables, NULL, 0, o->letter), o,
						"%s has -%c twice", (*c)->name, o->letter);
				cr_assert(o->help && *o->help, "--%s", o->name);
				cr_assert_eq(
					o->kind == OPTION_FLAG, o->value == NULL, "--%s", o->name);
				if (o->key && o->fixed)
					ASSERT_INT(config_set(config, o->key, o->fixed, ORIGIN_FLAG,
							   NULL),
						0);
			}
		}
		config_free(config);
	}
}

/* Paths and flags end in the configuration. */
TEST(options, into_the_configuration)
{
	struct line l;
	struct error err = ERROR_INIT;
	char dir[] = "/tmp/muster-test-XXXXXX";
	static const char services[] =
		"services: {s: {command: a}}\nsuites: [{runner: jest, services: s}]\n";

	cr_assert(mkdtemp(dir) && chdir(dir) == 0);
	cleanup_free char *cwd = path_cwd();
	cleanup_free char *other = path_join(cwd, "b");
	parse(&l, "-j50% --suite a --suite b --no-fail-fast --out a --out b --no-tests=warn "
		  "--failed --no-history -t x . -- --ci");
	cr_assert(l.command, "%s", l.err.text);
	struct config *c = command_config(&l.options, &err);
	cr_assert(c, "%s", err.text);
	ASSERT_INT(c->workers_percent, 50);
	ASSERT_INT(c->only_suites.n, 2);
	ASSERT_INT(c->fail_fast, 0);
	ASSERT_INT(c->no_tests, NO_TESTS_WARN);
	ASSERT_INT(c->failed_only && c->no_history, true);
	ASSERT_STR(c->out_dir, other);
	ASSERT_STR(c->test_regex, "x");
	ASSERT_STR(c->paths.v[0], cwd);
	ASSERT_STR(c->runner_args.v[0], "--ci");
	config_free(c);
	release(&l);
	parse(&l, "--retries=x");
	cr_assert_null(command_config(&l.options, &err));
	ASSERT_STR(err.text,
		"--retries: `retries` expects a whole number or a mapping of numbers, not `x`");
	release(&l);
	parse(&l, "--reporter junti=x.xml");
	cr_assert_null(command_config(&l.options, &err));
	ASSERT_STR(err.text, "unknown reporter `junti`");
	cr_assert(starts_with(err.help, "did you mean `junit`? known reporters: "), "%s", err.help);
	release(&l);
	parse(&l, "../..");
	cr_assert_null(command_config(&l.options, &err));
	cr_assert(strstr(err.text, "is outside of the project"), "%s", err.text);
	release(&l);
	file_write("muster.yaml", services, strlen(services), false, NULL);
	parse(&l, "");
	c = command_config(&l.options, &err);
	cr_assert(c, "%s", err.text);
	ASSERT_INT(c->suites.v[0]->services.n, 1);
	config_free(c);
	release(&l);
	parse(&l, "--no-services");
	c = command_config(&l.options, &err);
	cr_assert(c, "%s", err.text);
	ASSERT_INT(c->suites.v[0]->services.n, 0);
	config_free(c);
	release(&l);
	cr_assert_eq(chdir("/"), 0);
	file_remove_tree(dir, NULL);
}
