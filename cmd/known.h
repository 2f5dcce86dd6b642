/* What a run shall know of its tests beforehand: which are flaky, which the change touches. */
#pragma once

#include "cmd/setup.h"
#include "core/base/strmap.h"
#include "core/flaky/retry.h"

struct known {
	struct retry_known tests;
	struct strmap changed; /* files, relative to the base */
	char *notice; /* why the changed files are not known; NULL = they are, or need not be */
};

/* Never fails: less is known then. Zeroed before; released by the caller. */
void known_read(struct known *known, const struct setup *setup);
void known_release(struct known *known);
