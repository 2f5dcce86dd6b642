/*
 * The tests of a file by name and occurrence: a hash table without keys of its own, kept only while
 * the file runs and made again when somebody asks later. Of 200,000 tests the keys alone would be
 * 20 MB. Inside state only.
 */
#pragma once

#include "core/state/state.h"

struct state_test *state_tests_find(struct state_file *file, const char *path, int occurrence);
/* It must not be there yet. */
void state_tests_add(struct state_file *file, struct state_test *test);
void state_tests_forget(struct state_file *file);

/* The culprit comes first: by the time of failing, also when several machines were at it. */
void state_tests_sort_failures(struct state *state);
/* One that counts: not in quarantine. */
bool state_has_failed_test(const struct state_file *file);
/* The worst of the parts that are done and `outcome` is that of the file. */
enum outcome state_with_other_parts(const struct state_file *file, enum outcome outcome);
