/* All reporters; adding one is a row here. */
#pragma once

#include "core/reporter.h"

extern const struct reporter tty_reporter;
extern const struct reporter plain_reporter;
extern const struct reporter dot_reporter;
extern const struct reporter junit_reporter;
extern const struct reporter json_reporter;
extern const struct reporter ndjson_reporter;
extern const struct reporter github_reporter;

extern const struct reporter *const reporters[]; /* NULL-ended */
