/* What is not the same in two texts of several lines, as a unified diff without its headers. */
#pragma once

#include "core/base/sink.h"

/* Foreign text, cleaned. `-` is what was expected, `+` what came; each line begins with `indent`. */
void difference_write(struct sink *s, const char *expected, const char *actual, const char *indent);
