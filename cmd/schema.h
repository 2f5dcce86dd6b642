/* The JSON Schema (draft-07) of muster.yaml, made from the tables of keys. */
#pragma once

#include "core/base/strbuf.h"
#include "core/runner.h"

void schema_write(struct strbuf *out, runner_table runners);
