/* Reading muster.yaml into a configuration: the tree of yaml.h against the tables of keys. */
#pragma once

#include "core/config/config.h"

/* Read `config->path`. Errors (exit code 2) name line and column and show the line. */
int config_read_file(struct config *config, runner_table runners, struct error *err);
