/* The processes below one, by a scan of /proc. Nothing on systems without it. */
#pragma once

#include "core/base/base.h"

#include <sys/types.h>

/* True: this child is left alone, with all that is below it. */
typedef bool descendants_spare_fn(pid_t child, void *arg);

/* Signal everything below `parent`, the deepest first. `spare` may be NULL; it is asked about
 * children of `parent` only. Returns how many there were. */
int descendants_signal(pid_t parent, int signum, descendants_spare_fn *spare, void *arg);
