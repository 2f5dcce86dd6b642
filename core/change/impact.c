#include "core/base/base.h"

#include "core/base/path.h"
#include "core/change/changed.h"
#include "core/history/testmap.h"
#include "core/change/impact.h"

static char *key_of(const char *suite, const char *project, const char *file)
{
	return xasprintf("%s\x1f%s\x1f%s", suite, project, file);
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Texts for people, which no test runs. */
static bool is_for_people(const char *file)
{
	return ends_with(file, ".md") || starts_with(file, ".github/") ||
	       streq(path_basename(file), ".gitignore");
}

/* Code that only does something when other code loads it. Dot files and *.config.* are loaded by
 * tools. */
static bool is_code(const char *file)
{
	static const char *const endings[] = {
		".js", ".cjs", ".mjs", ".jsx", ".ts", ".cts", ".mts", ".tsx", ".vue", ".svelte"};
	const char *name = path_basename(file);

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (ends_with(name, endings[i]))
			return *name != '.' && !strstr(name, ".config.");
	return false;
}

/* The test file that a snapshot belongs to, or NULL. Caller frees. */
static char *snapshot_owner(const char *file)
{
	const char *jest = strstr(file, "__snapshots__/");
	const char *playwright = strstr(file, "-snapshots/");

	if (jest && ends_with(file, ".snap"))
		return xasprintf("%.*s%.*s", (int)(jest - file), file,
			(int)(strlen(jest) - strlen("__snapshots__/") - strlen(".snap")),
			jest + strlen("__snapshots__/"));
	return playwright ? xstrndup(file, (size_t)(playwright - file)) : NULL;
}

/* ---- reading --------------------------------------------------------------------------------- */

struct reading {
	struct impact *impact;
	struct strmap tests; /* changed files that are test files */
};

static int add_match(
	void *arg, const char *suite, const char *project, const char *file, const char *source)
{
	struct reading *r = arg;
	struct impact *impact = r->impact;
	cleanup_free char *key = key_of(suite, project, file);
	cleanup_free char *reached = xasprintf("%s\x1f%s", suite, source ? source : "");

	strmap_put(source ? &impact->touched : &impact->mapped, key, r);
	if (source) {
		strmap_put(&impact->sources, source, r);
		strmap_put(&impact->reached, reached, r);
	} else if (strmap_has(&impact->changed, file)) {
		strmap_put(&r->tests, file, r);
	}
	return 0;
}

/* What stands for the changed files: snapshots are their test files. */
static void own_snapshots(struct impact *impact)
{
	for (size_t i = 0; i < impact->changed.n; i++) {
		cleanup_free char *owner = snapshot_owner(impact->changed.entries[i].key);
		if (owner && !strmap_has(&impact->changed, owner))
			strmap_put(&impact->changed, owner, impact);
	}
}

static bool is_explained(const struct reading *r, const char *file, struct history *history)
{
	cleanup_free char *owner = snapshot_owner(file);

	return owner || is_for_people(file) || strmap_has(&r->tests, file) ||
	       strmap_has(&r->impact->sources, file) ||
	       (is_code(file) && changed_is_added(&r->impact->changed, file)) ||
	       history_has_test_file(history, file);
}

int impact_read(struct impact *impact, const char *base, const char *rev, const char *target,
	struct history *history, struct error *err)
{
	struct reading r = {impact, STRMAP_INIT};
	int result = rev ? changed_since(base, rev, &impact->changed, err)
			 : changed_files(base, target, &impact->changed, err);

	own_snapshots(impact);
	if (result == 0 && history)
		result = history_testmap_match(history, &impact->changed, add_match, &r, err);
	for (size_t i = 0; result == 0 && impact->mapped.n && i < impact->changed.n; i++)
		if (!is_explained(&r, impact->changed.entries[i].key, history))
			impact->unknown = impact->changed.entries[i].key;
	strmap_release(&r.tests, NULL);
	return result;
}

void impact_release(struct impact *impact)
{
	strmap_release(&impact->changed, NULL);
	strmap_release(&impact->mapped, NULL);
	strmap_release(&impact->touched, NULL);
	strmap_release(&impact->reached, NULL);
	strmap_release(&impact->sources, NULL);
}

/* Everything that has changed was seen from this suite's tests. */
static bool reaches_all(const struct impact *impact, const char *suite)
{
	strmap_each (e, &impact->sources) {
		cleanup_free char *key = xasprintf("%s\x1f%s", suite, e->key);
		if (!strmap_has(&impact->reached, key))
			return false;
	}
	return true;
}

bool impact_selects(const struct impact *impact, const char *suite, const char *project,
	const char *file, bool distant)
{
	cleanup_free char *key = key_of(suite, project, file);

	if (!impact->changed.n)
		return false;
	return impact->unknown || strmap_has(&impact->changed, file) ||
	       !strmap_has(&impact->mapped, key) || strmap_has(&impact->touched, key) ||
	       (distant && !reaches_all(impact, suite));
}
