/* What is to be said about inputs, for people and for programs. */
#pragma once

#include "core/base/base.h"
#include "core/base/jsonw.h"
#include "core/event/problem.h"

/* On stderr: every error, and notices as far as `verbosity` wants them. */
void problems_say(const struct problems *problems, int verbosity, bool color);
/* As member `problems` of the open object. */
void problems_json(struct jsonw *w, const struct problems *problems);
