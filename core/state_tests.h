/*
 * The tests of a file by name and occurrence: a hash table without keys of its own, kept only while
 * the file runs and made again when somebody asks later. Of 200,000 tests the keys alone would be
 * 20 MB. Inside state only.
 */
#pragma once

#include "core/state.h"

struct state_test *state_tests_find(struct state_file *file, const char *path, int occurrence);
/* It must not be there yet. */
void state_tests_add(struct state_file *file, struct state_test *test);
void state_tests_forget(struct state_file *file);
