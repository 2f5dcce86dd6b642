/*
 * Readers of data that others wrote, each as a function that takes any bytes. It must return: with
 * the data read or refused. Where two ways of reading exist it aborts when they differ.
 */
#pragma once

#include "core/base/base.h"

#define DIE_UNLESS(what)                                                           \
	do {                                                                       \
		if (!(what)) {                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #what); \
			abort();                                                   \
		}                                                                  \
	} while (0)

struct fuzz_target {
	const char *name;
	void (*run)(const char *data, size_t len);
};

extern const struct fuzz_target fuzz_targets[]; /* ended by a NULL name */
const struct fuzz_target *fuzz_target_find(const char *name);

/* whole.c */
void fuzz_config(const char *data, size_t len);
void fuzz_history(const char *data, size_t len);
void fuzz_merge(const char *data, size_t len);
void fuzz_package(const char *data, size_t len);
void fuzz_replay(const char *data, size_t len);
