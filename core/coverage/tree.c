#include "core/base/base.h"

#include "core/base/path.h"
#include "core/coverage/parts.h"
#include "core/coverage/report.h"

/* Istanbul's "pkg" grouping: one level of folders, without what all their paths begin with. */

static size_t folder_len(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

/* Bytes of what all folders begin with, at the end of a part. */
static size_t common_len(const struct coverage *c)
{
	size_t n = coverage_file_count(c);
	const char *first = n ? coverage_file_path(coverage_file_at(c, 0)) : "";
	size_t common = folder_len(first);

	for (size_t i = 1; i < n; i++) {
		const char *path = coverage_file_path(coverage_file_at(c, i));
		size_t len = folder_len(path), same = 0;
		for (size_t at = 0; at <= MIN(common, len); at++) {
			bool end = at == common || first[at] == '/';
			if (end && (at == len || path[at] == '/'))
				same = at;
			if (at == common || at == len || first[at] != path[at])
				break;
		}
		common = same;
	}
	return common;
}

struct sortable {
	const struct coverage_file *file;
	char *folder; /* relative */
};

static int by_folder(const void *a, const void *b)
{
	const struct sortable *x = a, *y = b;
	int r = coverage_path_compare(x->folder, y->folder);

	return r ? r
		 : coverage_path_compare(path_basename(coverage_file_path(x->file)),
			   path_basename(coverage_file_path(y->file)));
}

static struct sortable *sorted_files(const struct coverage *c, size_t common)
{
	size_t n = coverage_file_count(c);
	struct sortable *list = xcalloc(n + 1, sizeof(*list));

	for (size_t i = 0; i < n; i++) {
		const struct coverage_file *f = coverage_file_at(c, i);
		const char *path = coverage_file_path(f);
		size_t len = folder_len(path), from = common;
		while (from < len && path[from] == '/')
			from++;
		list[i] = (struct sortable){f, xstrndup(path + from, len > from ? len - from : 0)};
	}
	qsort(list, n, sizeof(*list), by_folder);
	return list;
}

/* Files that lie in the common folder itself would be without a name: then all get its name. */
static void name_folders(struct coverage_tree *t, const struct coverage *c, size_t common)
{
	if (t->n < 2 || *t->folders[0].name)
		return;
	const char *path = coverage_file_path(coverage_file_at(c, 0));
	cleanup_free char *parent = xstrndup(path, common);
	const char *prefix = *path_basename(parent) ? path_basename(parent) : "root";
	for (size_t i = 0; i < t->n; i++) {
		char *name = t->folders[i].name;
		t->folders[i].name = *name ? xasprintf("%s/%s", prefix, name) : xstrdup(prefix);
		free(name);
	}
}

void coverage_tree_init(struct coverage_tree *t, const struct coverage *c)
{
	size_t common = common_len(c), cap = 0;
	struct sortable *list = sorted_files(c, common);

	*t = (struct coverage_tree){.n_files = coverage_file_count(c)};
	t->files = xcalloc(t->n_files + 1, sizeof(*t->files));
	t->totals = xcalloc(t->n_files + 1, sizeof(*t->totals));
	for (size_t i = 0; i < t->n_files; i++) {
		t->files[i] = list[i].file;
		t->totals[i] = coverage_file_totals(list[i].file);
		coverage_totals_add(&t->total, &t->totals[i]);
		if (!i || !streq(list[i].folder, list[i - 1].folder)) {
			GROW(t->folders, t->n + 1, cap);
			t->folders[t->n++] =
				(struct coverage_folder){xstrdup(list[i].folder), i, 0};
		}
		t->folders[t->n - 1].n++;
		coverage_totals_add(&t->folders[t->n - 1].totals, &t->totals[i]);
	}
	t->flat = t->n == 1;
	name_folders(t, c, common);
	for (size_t i = 0; i < t->n_files; i++)
		free(list[i].folder);
	free(list);
}

void coverage_tree_release(struct coverage_tree *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->folders[i].name);
	free(t->folders);
	free(t->files);
	free(t->totals);
	*t = (struct coverage_tree){NULL};
}
