/*
 * Readers of data that others wrote, each as a function that takes any bytes. It must return: with
 * the data read or refused. Where two ways of reading exist it aborts when they differ.
 */
#pragma once

#include "core/base/base.h"

struct fuzz_target {
	const char *name;
	void (*run)(const char *data, size_t len);
};

extern const struct fuzz_target fuzz_targets[]; /* ended by a NULL name */
const struct fuzz_target *fuzz_target_find(const char *name);
