/* Files of a project, made for one test: temp_new(), temp_write() …, temp_free(). */
#pragma once

#include "core/base/base.h"
#include "core/base/file.h"
#include "core/base/path.h"
#include "tests/support/test.h"

static inline char *temp_new(void)
{
	char template[] = "/tmp/muster-test-XXXXXX";
	char *dir = path_real(mkdtemp(template));

	cr_assert(dir);
	return dir;
}

static inline void temp_write(const char *dir, const char *name, const char *text)
{
	struct error err = ERROR_INIT;
	cleanup_free char *path = path_join(dir, name);
	cleanup_free char *parent = path_dirname(path);

	cr_assert_eq(file_mkdirs(parent, &err), 0, "%s", err.text);
	cr_assert_eq(file_write(path, text, strlen(text), false, &err), 0, "%s", err.text);
}

static inline void temp_free(char *dir)
{
	file_remove_tree(dir, NULL);
	free(dir);
}
