#include "core/base/base.h"

#include "cmd/command.h"
#include "cmd/machine.h"
#include "cmd/setup.h"
#include "core/base/clock.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/text.h"
#include "core/change/git.h"
#include "core/detect/project.h"
#include "runners/adapter_files.h"
#include "runners/registry.h"

#include <sys/stat.h>

enum { STALE_CACHE_SECONDS = 24 * 3600 };

/* $XDG_CACHE_HOME/muster, ~/.cache/muster, or .muster/cache where neither can be written. Outside
 * of the project by preference: Jest's file map walks everything inside it. */
static char *cache_root(const char *base)
{
	const char *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char *root = NULL;

	if (xdg && xdg[0] == '/')
		root = path_join(xdg, "muster");
	else if (home && home[0] == '/')
		root = path_join(home, ".cache/muster");
	if (root && file_mkdirs(root, NULL) == 0 && access(root, W_OK) == 0)
		return root;
	free(root);
	return path_join(base, ".muster/cache");
}

/* What a killed run could not remove. */
static void remove_stale(const char *work)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;
	time_t limit = time(NULL) - STALE_CACHE_SECONDS;

	file_list_dir(work, &names);
	for (size_t i = 0; i < names.n; i++) {
		cleanup_free char *dir = path_join(work, names.v[i]);
		struct stat st;
		if (stat(dir, &st) == 0 && st.st_mtime < limit)
			file_remove_tree(dir, NULL);
	}
}

static int make_cache(struct setup *s, struct error *err)
{
	cleanup_free char *root = cache_root(s->config->base);
	cleanup_free char *work = path_join(root, "work");

	remove_stale(work);
	s->cache_dir = path_join(work, s->run_id);
	/* Tests bring workers of their own, which misbehave on cue. */
	const char *own = getenv("MUSTER_TEST_ADAPTERS");
	s->adapters_dir = own ? xstrdup(own)
			      : xasprintf("%s/adapters-%s/node_modules/muster-adapters", root,
					adapter_files_digest);
	return file_mkdirs(s->cache_dir, err);
}

int setup_adapters(struct setup *s, struct error *err)
{
	if (getenv("MUSTER_TEST_ADAPTERS"))
		return 0;
	static const char elsewhere[] = "XDG_CACHE_HOME=/folder is another place for it";

	if (file_mkdirs(s->adapters_dir, err) < 0)
		return error_help(err, elsewhere);
	for (const struct embedded_file *f = adapter_files; f->name; f++) {
		cleanup_free char *path = path_join(s->adapters_dir, f->name);
		struct stat st;
		/* The folder's name holds the digest of all: the right size means the right file. */
		if (lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == (off_t)f->size &&
			st.st_uid == geteuid() && !(st.st_mode & (S_IWGRP | S_IWOTH)))
			continue;
		if (file_write(path, f->data, f->size, false, err) < 0)
			return error_help(err, elsewhere);
	}
	return 0;
}

static int choose_suites(struct setup *s, struct error *err)
{
	const struct suites *all = s->suites;
	const struct strvec *names = &s->config->only_suites;

	if (!names->n)
		return 0;
	for (size_t i = 0; i < names->n; i++) {
		struct suite *suite = suites_find(all, names->v[i]);
		if (!suite) {
			cleanup_strbuf struct strbuf known = STRBUF_INIT;
			for (size_t k = 0; k < all->n; k++)
				strbuf_addf(&known, "%s%s", k ? ", " : "", all->v[k]->name);
			error_set(err, EXIT_CODE_USAGE, "no suite is named `%s`", names->v[i]);
			return error_help(err, "suites here: %s", known.buf);
		}
		suites_add(&s->chosen, suite);
	}
	s->suites = &s->chosen;
	return 0;
}

static bool is_chosen_otherwise(const struct config *c)
{
	return c->paths.n || c->only_suites.n || c->test_regex || c->changed_only;
}

/* Some of the tests are asked for, not all. */
static bool is_part(const struct config *c)
{
	return c->failed_only || is_chosen_otherwise(c);
}

static int find_suites(struct setup *s, struct error *err)
{
	cleanup_project_notes struct project_notes notes = PROJECT_NOTES_INIT;
	const struct config *c = s->config;

	s->suites = &c->suites;
	if (!s->suites->n) {
		if (project_detect(
			    c->base, runners, other_test_programs, &s->detected, &notes, err) < 0)
			return -1;
		s->suites = &s->detected;
		/* who names a part does not take it for all */
		if (notes.not_run.len && !is_part(c))
			s->not_run_notice = strbuf_detach(&notes.not_run);
	}
	if (!s->suites->n && (c->no_tests == NO_TESTS_FAIL || c->only_suites.n)) {
		error_set(err, EXIT_CODE_NO_TESTS, "no test suite found in %s", c->base);
		return error_help(err, "%s", notes.looked_for.buf);
	}
	return choose_suites(s, err);
}

/* Peak memory of a worker, the largest over the suites that shall run. */
static int64_t worker_kb(const struct setup *s)
{
	int64_t kb = 0;

	for (size_t i = 0; i < s->suites->n; i++) {
		struct history_suite model;
		if (history_suite(s->history, s->platform, s->suites->v[i]->name, &model))
			kb = MAX(kb, (int64_t)model.rss_kb);
	}
	return kb;
}

static int count_workers(const struct setup *s)
{
	const struct config *c = s->config;

	if (c->workers > 0)
		return c->workers;
	if (c->workers_percent > 0)
		return MAX(machine_cores() * c->workers_percent / 100, 1);
	return machine_workers(worker_kb(s));
}

static void open_history(struct setup *s)
{
	struct error err = ERROR_INIT;

	s->history_path = command_history(s->config->base, s->config->history_path);
	if (s->config->no_history)
		return;
	s->history = history_open(s->history_path, HISTORY_READ, &s->history_notice, &err);
	if (!s->history && err.code != EXIT_CODE_PASSED && !s->history_notice)
		s->history_notice = xstrdup(err.text);
}

static void fill_info(struct setup *s)
{
	s->info = (struct run_info){
		.run_id = s->run_id,
		.version = MUSTER_VERSION,
		.base = s->config->base,
		.repo_path = s->repo_path,
		.commit = s->commit,
		.branch = s->branch,
		.platform = s->platform,
		.ci_attempt = s->ci.attempt,
		.run_url = *s->ci.run_url ? s->ci.run_url : NULL,
		.workers = count_workers(s),
		.history_runs = s->history ? history_run_count(s->history, s->platform) : -1,
		.fail_fast = s->config->fail_fast,
		.budget_ms = s->config->budget_ms,
		.fail_on_flaky = s->config->fail_on_flaky,
	};
}

static void read_git(struct setup *s)
{
	struct git_head head;

	git_head(s->config->base, &head);
	s->commit = s->ci.commit  ? xstrdup(s->ci.commit)
		    : head.commit ? xstrdup(head.commit)
				  : NULL;
	s->branch = s->ci.branch  ? xstrdup(s->ci.branch)
		    : head.branch ? xstrdup(head.branch)
				  : NULL;
	/* Without git on the machine GitHub's checkout leaves the files alone. */
	const char *root = head.root ? head.root : getenv("GITHUB_WORKSPACE");
	if (root && !streq(root, s->config->base) && path_is_below(root, s->config->base))
		s->repo_path = path_relative(root, s->config->base);
	git_head_release(&head);
}

static int read_impact(struct setup *s, struct error *err)
{
	const struct config *c = s->config;
	struct impact *impact = &s->impact;

	if (!c->changed_only)
		return 0;
	if (impact_read(
		    impact, c->base, c->changed_rev, ci_target_branch(getenv), s->history, err) < 0)
		return error_help(err, "--changed=REF names the commit to compare with");
	if (!impact->changed.n)
		return 0;
	if (!impact->mapped.n)
		s->impact_notice =
			xstrdup("--changed leaves nothing out: which test touches what is "
				"learned by `muster --coverage`");
	else if (impact->unknown)
		s->impact_notice = xasprintf(
			"--changed leaves nothing out: any test may depend on %s", impact->unknown);
	return 0;
}

/* Node reads paths as UTF-8, and so do our messages to it. */
static int check_base(const char *base, struct error *err)
{
	for (size_t len = strlen(base); len;) {
		size_t n = text_utf8_len(base, len);
		if (!n) {
			error_set(err, EXIT_CODE_USAGE, "the path of the project is not UTF-8");
			return error_help(err, "rename the folder: node opens no file in it");
		}
		base += n;
		len -= n;
	}
	return 0;
}

static int init(struct setup *s, struct config *config, bool suites, struct error *err)
{
	*s = (struct setup){.config = config};
	s->program = path_real("/proc/self/exe");
	if (!s->program) {
		error_set(err, EXIT_CODE_INFRASTRUCTURE, "cannot find my own executable");
		return error_help(err, "/proc must be mounted");
	}
	if (check_base(config->base, err) < 0)
		return -1;
	clock_run_id(s->run_id);
	ci_read(&s->ci, getenv);
	ci_platform(&s->ci, s->platform, sizeof(s->platform));
	read_git(s);
	s->suites = &s->chosen;
	if (suites && find_suites(s, err) < 0)
		return -1;
	open_history(s);
	fill_info(s);
	s->info.partial = is_part(config);
	s->info.failed_only = config->failed_only && !is_chosen_otherwise(config);
	if (suites && read_impact(s, err) < 0)
		return -1;
	/* to compare with: a part of the tests may be another part than last time */
	if (!is_part(config))
		history_last_passed(s->history, s->platform, &s->info.last_ms, &s->info.last_files);
	return suites ? make_cache(s, err) : 0;
}

int setup_init(struct setup *s, struct config *config, struct error *err)
{
	return init(s, config, true, err);
}

int setup_init_without_suites(struct setup *s, struct config *config, struct error *err)
{
	return init(s, config, false, err);
}

void setup_release(struct setup *s)
{
	if (s->cache_dir)
		file_remove_tree(s->cache_dir, NULL);
	history_close(s->history);
	suites_release(&s->detected);
	free(s->chosen.v); /* the suites themselves are borrowed */
	config_free(s->config);
	free(s->history_path);
	free(s->history_notice);
	free(s->impact_notice);
	free(s->not_run_notice);
	impact_release(&s->impact);
	free(s->cache_dir);
	free(s->adapters_dir);
	free(s->program);
	free(s->run_dir);
	free(s->repo_path);
	free(s->commit);
	free(s->branch);
}

/* `.muster` looks after itself: what is in it is nobody's source. */
static void write_gitignore(const char *base)
{
	cleanup_free char *path = path_join(base, ".muster/.gitignore");

	if (!path_exists(path))
		file_write(path, "*\n", 2, false, NULL);
}

/* The link is a convenience; a file system without links is no reason to fail. */
static void link_latest(const struct setup *s)
{
	cleanup_free char *latest = path_join(s->config->base, ".muster/latest");
	cleanup_free char *tmp = xasprintf("%s.%s", latest, s->run_id);
	cleanup_free char *target =
		s->config->out_dir ? path_real(s->run_dir) : path_join("runs", s->run_id);

	if (target && symlink(target, tmp) == 0 && rename(tmp, latest) < 0)
		unlink(tmp);
}

int setup_run_dir(struct setup *s, struct error *err)
{
	const char *out = s->config->out_dir;
	cleanup_free char *own = path_join(s->config->base, ".muster");
	cleanup_free char *runs = path_join(own, "runs");

	s->run_dir = out ? xstrdup(out) : path_join(runs, s->run_id);
	if (file_mkdirs(s->run_dir, err) < 0)
		return error_help(err, "where the project cannot be written: "
				       "--out FOLDER --history FILE, or --no-history");
	if (out && file_mkdirs(own, NULL) < 0) /* a project that is only read */
		return 0;
	write_gitignore(s->config->base);
	link_latest(s);
	return 0;
}

struct history *setup_history_for_writing(struct setup *s, struct error *err)
{
	cleanup_free char *dir = path_dirname(s->history_path);

	if (s->config->no_history || file_mkdirs(dir, err) < 0)
		return NULL;
	history_close(s->history);
	s->history = NULL;
	return history_open(s->history_path, HISTORY_WRITE, NULL, err);
}
