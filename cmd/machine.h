/* What this machine has for us: cores, memory, within the limits of its container. */
#pragma once

#include "core/base/base.h"

int machine_cores(void);                        /* that this process may use; >= 1 */
int64_t machine_memory_kb(void);                /* available now; 0 = unknown */
int64_t machine_memory_below(const char *root); /* the same, with proc and sys in `root` */
/* min(cores, memory / worker_kb), at least 1. `worker_kb` <= 0 takes a usual figure. */
int machine_workers(int64_t worker_kb);
