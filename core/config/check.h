/* What muster.yaml names must be there: resources, services, reporters, reports. */
#pragma once

#include "core/config/config.h"
#include "core/config/yamltree.h"

/* After everything was read. Errors (exit code 2) name line and column and show the line. */
int config_check(const struct config *config, const struct yamltree *yaml, struct error *err);
