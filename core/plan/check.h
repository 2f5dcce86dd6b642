/*
 * Whether a plan that was read can be trusted as a proof: its id is the digest of what it says, and
 * every file is in it exactly once, whole or in all its parts. A plan that lost an item and kept
 * its id would make a run green that left a file out.
 */
#pragma once

#include "core/base/digest.h"
#include "core/base/json.h"
#include "core/plan/plan.h"

/* Of a plan as it was parsed; the same however the file is indented. */
void plan_digest(const struct json *root, char ret_hex[static DIGEST_HEX_SIZE]);
/* NULL when all is well; else what is wrong with *ret_file. */
const char *plan_check(const struct plan *plan, const char **ret_file);
