#include "core/base/base.h"

#include "cmd/init_ci.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/base/path.h"
#include "core/detect/package.h"
#include "core/runner.h"

#define NODE_VERSION "22"

/* How a project's packages are installed, known by a file in its folder. */
struct manager {
	const char *name, *file;
	const char *install; /* what CI runs */
	const char *exec;    /* starts a program of the project */
	bool corepack;       /* not on the runners by itself */
};

static const struct manager managers[] = {
	{"pnpm", "pnpm-lock.yaml", "pnpm install --frozen-lockfile", "pnpm exec", true},
	{"yarn", "yarn.lock", "yarn install --immutable", "yarn run", true},
	{"npm", "package-lock.json", "npm ci", "npx", false},
	{"npm", "npm-shrinkwrap.json", "npm ci", "npx", false},
	{"npm", NULL, "npm install", "npx", false},
};

/* What is written, found before anything is. */
struct found {
	const struct init_ci *ci;
	const struct manager *manager;
	const char *install;
	char *folder;           /* of the project, from the top; "." */
	char *lock;             /* from the top, or NULL */
	char *node_file;        /* from the top, or NULL */
	char *playwright;       /* folder of a Playwright suite, from the top, or NULL */
	struct strbuf programs; /* that services start */
};

/* ---- looking ----------------------------------------------------------------------------------- */

static char *from_top(const struct init_ci *ci, const char *dir, const char *name)
{
	cleanup_free char *path = name ? path_join(dir, name) : xstrdup(dir);

	return path_relative(ci->top, path);
}

/* The project's folder first, then the top, where a monorepo may have its lock file. */
static void find_manager(struct found *f, const struct package *project, const struct package *top)
{
	const struct package *const places[] = {project, top};
	const struct manager *m = managers;

	f->manager = &managers[ARRAY_LEN(managers) - 1];
	for (size_t p = 0; p < ARRAY_LEN(places); p++) {
		for (m = managers; places[p] && m->file; m++) {
			if (!package_has_file(places[p], m->file))
				continue;
			f->manager = m;
			f->lock = from_top(f->ci, places[p]->dir, m->file);
			f->install = m->install;
			/* Yarn 1 has no .yarnrc.yml and knows another word */
			if (streq(m->name, "yarn") && !package_has_file(places[p], ".yarnrc.yml"))
				f->install = "yarn install --frozen-lockfile";
			return;
		}
	}
	f->install = f->manager->install;
}

static void find_node(struct found *f, const struct package *project, const struct package *top)
{
	static const char *const files[] = {".nvmrc", ".node-version", ".tool-versions"};
	const struct package *const places[] = {project, top};

	for (size_t p = 0; p < ARRAY_LEN(places); p++) {
		for (size_t i = 0; places[p] && i < ARRAY_LEN(files); i++) {
			if (package_has_file(places[p], files[i])) {
				f->node_file = from_top(f->ci, places[p]->dir, files[i]);
				return;
			}
		}
	}
	const struct json *engines = project ? json_get(project->json, "engines") : NULL;
	if (*json_get_string(engines, "node", ""))
		f->node_file = from_top(f->ci, project->dir, "package.json");
}

static void find_services(struct found *f)
{
	const struct config *c = f->ci->config;

	for (size_t i = 0; i < c->service_count; i++)
		if (c->services[i].command.n)
			strbuf_addf(&f->programs, "%s%s", f->programs.len ? ", " : "",
				path_basename(c->services[i].command.v[0]));
}

static void find(struct found *f, const struct init_ci *ci)
{
	struct package *project = package_read(ci->config->base, NULL);
	struct package *top = streq(ci->top, ci->config->base) ? NULL : package_read(ci->top, NULL);

	*f = (struct found){.ci = ci, .programs = STRBUF_INIT};
	f->folder = from_top(ci, ci->config->base, NULL);
	find_manager(f, project, top);
	find_node(f, project, top);
	for (size_t i = 0; i < ci->suites->n && !f->playwright; i++)
		if (streq(ci->suites->v[i]->runner->name, "playwright"))
			f->playwright = from_top(ci, ci->suites->v[i]->root, NULL);
	find_services(f);
	package_free(project);
	package_free(top);
}

static void found_release(struct found *f)
{
	free(f->folder);
	free(f->lock);
	free(f->node_file);
	free(f->playwright);
	strbuf_release(&f->programs);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void quoted(struct strbuf *out, const char *key, const char *value)
{
	strbuf_addstr(out, key);
	jsonw_quote(out, value, strlen(value));
	strbuf_addch(out, '\n');
}

/* Behind `#`: one line, whatever the text holds. */
static void comment(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_addch(out, (unsigned char)*text < ' ' || *text == 0x7f ? ' ' : *text);
	strbuf_addch(out, '\n');
}

static void in_folder(struct strbuf *out, const char *key, const char *folder)
{
	if (!streq(folder, "."))
		quoted(out, key, folder);
}

static void write_head(struct strbuf *out, const struct found *f)
{
	strbuf_addstr(out, "# Written by `muster init --github`, and yours to change: muster does "
			   "not read it.\n# Plan, run over parallel jobs, merge, of\n");
	for (size_t i = 0; i < f->ci->suites->n; i++) {
		const struct suite *s = f->ci->suites->v[i];
		cleanup_free char *line =
			s->reason ? xasprintf("%s (%s)", s->name, s->reason) : xstrdup(s->name);
		strbuf_addstr(out, "#   ");
		comment(out, line);
	}
	strbuf_addstr(out, "name: tests\n"
			   "\n"
			   "on:\n"
			   "  push:\n"
			   "    branches: [main, master]\n"
			   "  pull_request:\n"
			   "\n"
			   "permissions:\n"
			   "  contents: read\n"
			   "\n"
			   "concurrency:\n"
			   "  group: tests-${{ github.ref }}\n"
			   "  cancel-in-progress: ${{ github.event_name == 'pull_request' }}\n"
			   "\n"
			   "jobs:\n");
}

static void write_packages(struct strbuf *out, const struct found *f)
{
	cleanup_free char *lock_folder = f->lock ? path_dirname(f->lock) : xstrdup(f->folder);

	strbuf_addstr(out, "      - uses: actions/checkout@v5\n");
	if (f->manager->corepack)
		strbuf_addstr(out, "      - run: corepack enable\n");
	strbuf_addstr(out, "      - uses: actions/setup-node@v5\n        with:\n");
	if (f->node_file)
		quoted(out, "          node-version-file: ", f->node_file);
	else
		strbuf_addstr(out, "          node-version: " NODE_VERSION "\n");
	if (f->lock) {
		strbuf_addf(out, "          cache: %s\n", f->manager->name);
		quoted(out, "          cache-dependency-path: ", f->lock);
	}
	strbuf_addf(out, "      - run: %s\n", f->install);
	in_folder(out, "        working-directory: ", lock_folder);
}

static void write_action(struct strbuf *out, const struct found *f, const char *id,
	const char *mode, const char *more)
{
	strbuf_addstr(out, "      - ");
	if (id)
		strbuf_addf(out, "id: %s\n        ", id);
	quoted(out, "uses: ", f->ci->action);
	strbuf_addf(out, "        with:\n          mode: %s\n%s", mode, more);
	in_folder(out, "          working-directory: ", f->folder);
}

static void write_plan(struct strbuf *out, const struct found *f)
{
	strbuf_addstr(out, "  plan:\n"
			   "    runs-on: ubuntu-latest\n"
			   "    timeout-minutes: 15\n"
			   "    outputs:\n"
			   "      matrix: ${{ steps.plan.outputs.matrix }}\n"
			   "      plan-id: ${{ steps.plan.outputs.plan-id }}\n"
			   "    steps:\n");
	write_packages(out, f);
	write_action(out, f, "plan", "plan",
		"          target: 10m\n"
		"          max-shards: 8 # your plan of GitHub says how many jobs run at a time\n");
}

static void write_run(struct strbuf *out, const struct found *f)
{
	strbuf_addstr(out,
		"\n"
		"  run:\n"
		"    needs: plan\n"
		"    name: run ${{ matrix.shard }}/${{ matrix.of }}\n"
		"    runs-on: ubuntu-latest\n"
		"    timeout-minutes: 20\n"
		"    strategy:\n"
		"      fail-fast: false # merge names the culprit, cancelled jobs would hide it\n"
		"      matrix: ${{ fromJSON(needs.plan.outputs.matrix) }}\n"
		"    steps:\n");
	write_packages(out, f);
	if (f->playwright) {
		strbuf_addf(
			out, "      - run: %s playwright install --with-deps\n", f->manager->exec);
		in_folder(out, "        working-directory: ", f->playwright);
	}
	if (f->programs.len) {
		strbuf_addstr(out, "      # muster starts the services of muster.yaml; the runner "
				   "needs their programs: ");
		comment(out, f->programs.buf);
	}
	write_action(out, f, NULL, "run",
		"          plan-id: ${{ needs.plan.outputs.plan-id }}\n"
		"          shard: ${{ matrix.shard }}/${{ matrix.of }}\n");
}

static void write_merge(struct strbuf *out, const struct found *f)
{
	strbuf_addstr(out, "\n"
			   "  merge: # the one to require before a change is taken\n"
			   "    needs: [plan, run]\n"
			   "    if: \"!cancelled()\" # also when jobs failed\n"
			   "    runs-on: ubuntu-latest\n"
			   "    timeout-minutes: 10\n"
			   "    steps:\n"
			   "      - uses: actions/checkout@v5\n");
	write_action(
		out, f, NULL, "merge", "          plan-id: ${{ needs.plan.outputs.plan-id }}\n");
}

/* In a value `${{` starts an expression, whatever quotes there are around it. */
static int check_names(const struct found *f, struct error *err)
{
	const char *const names[] = {f->folder, f->lock, f->node_file, f->playwright};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (names[i] && strstr(names[i], "${{"))
			return error_set(err, EXIT_CODE_USAGE,
				"GitHub would take the name of the folder %s for an expression",
				names[i]);
	return 0;
}

int init_ci_github(const struct init_ci *ci, struct strbuf *out, struct error *err)
{
	struct found f;

	find(&f, ci);
	int code = check_names(&f, err);
	if (code == 0) {
		write_head(out, &f);
		write_plan(out, &f);
		write_run(out, &f);
		write_merge(out, &f);
	}
	found_release(&f);
	return code;
}

/* ---- --action ---------------------------------------------------------------------------------- */

char *init_ci_action(const char *given, struct error *err)
{
	static const char plain[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/@";
	const char *at = strchr(given, '@'), *slash = strchr(given, '/');
	bool is_plain = given[strspn(given, plain)] == '\0';

	if (is_plain && starts_with(given, "./") && !at)
		return xstrdup(given);
	if (is_plain && at && at[1] && slash && slash > given && slash + 1 < at &&
		!strchr(at + 1, '@')) {
		if (memchr(slash + 1, '/', (size_t)(at - slash - 1)))
			return xstrdup(given);
		return xasprintf("%.*s/.github/actions/muster%s", (int)(at - given), given, at);
	}
	error_set(err, EXIT_CODE_USAGE, "`%s` is no place of an action", given);
	error_help(err, "--action OWNER/REPO@REF is a repository with muster's sources, "
			"--action ./PATH a folder of this one");
	return NULL;
}
