#include "core/base/base.h"

#include "runners/registry.h"

const struct runner *const runners[] = {
	&jest_runner,
	&mocha_runner,
	&playwright_runner,
	NULL,
};
