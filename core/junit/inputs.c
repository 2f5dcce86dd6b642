#include "core/base/base.h"

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/junit/inputs.h"

#include <sys/stat.h>

enum { DEPTH_MAX = 64 };

void junit_inputs_init(struct junit_inputs *in, const char *output)
{
	*in = (struct junit_inputs){
		.paths = STRVEC_INIT,
		.seen = STRMAP_INIT,
		.output = output ? path_real(output) : NULL,
	};
}

void junit_inputs_release(struct junit_inputs *in)
{
	strvec_release(&in->paths);
	strmap_release(&in->seen, NULL);
	free(in->output);
	in->output = NULL;
}

static void add_file(struct junit_inputs *in, const char *path, struct problems *problems)
{
	cleanup_free char *found = path_real(path);
	const char *real = found ? found : path;

	if (strmap_has(&in->seen, real)) {
		problem_add(problems, path, "same-file", false,
			"the same file was named before; it is read once");
		return;
	}
	strmap_put(&in->seen, real, in);
	strvec_push(&in->paths, path);
}

static void walk(struct strvec *found, const char *dir, int depth, struct problems *problems);

static void walk_entry(struct strvec *found, const char *path, int depth, struct problems *problems)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode))
		walk(found, path, depth + 1, problems);
	else if (!ends_with(path, ".xml"))
		return;
	else if (S_ISREG(st.st_mode))
		strvec_push(found, path);
	else
		problem_add(problems, path, "no-file", false,
			"left out: neither links nor special files are read from a folder");
}

static void walk(struct strvec *found, const char *dir, int depth, struct problems *problems)
{
	cleanup_strvec struct strvec names = STRVEC_INIT;

	if (access(dir, R_OK | X_OK) < 0) {
		problem_add(
			problems, dir, "unreadable", true, "cannot be read: %s", strerror(errno));
		return;
	}
	if (depth > DEPTH_MAX) {
		problem_add(problems, dir, "limit", true, "folders are nested deeper than %d",
			DEPTH_MAX);
		return;
	}
	file_list_dir(dir, &names);
	strvec_each (name, &names) {
		cleanup_free char *path = path_join(dir, name);
		walk_entry(found, path, depth, problems);
	}
}

static void add_folder(struct junit_inputs *in, const char *dir, struct problems *problems)
{
	cleanup_strvec struct strvec found = STRVEC_INIT;

	walk(&found, dir, 0, problems);
	strvec_sort(&found);
	strvec_each (path, &found) {
		cleanup_free char *real = path_real(path);
		if (in->output && real && streq(real, in->output))
			problem_add(problems, path, "output", false,
				"left out: it is what is being written");
		else
			add_file(in, path, problems);
	}
	if (!found.n)
		problem_add(problems, dir, "no-files", false, "no *.xml in this folder");
}

void junit_inputs_add(
	struct junit_inputs *in, const struct strvec *words, struct problems *problems)
{
	strvec_each (word, words) {
		if (!path_is_dir(word))
			add_file(in, word, problems);
	}
	in->named = in->paths.n;
	strvec_each (word, words) {
		if (path_is_dir(word))
			add_folder(in, word, problems);
	}
}
