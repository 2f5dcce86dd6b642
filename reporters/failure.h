/* One failure for people: where, what, the difference, the way back to it. */
#pragma once

#include "core/base/sink.h"
#include "core/state/state.h"

/* The command that runs exactly this test (NULL: this file) again, fit to be pasted into sh. */
void failure_rerun(struct strbuf *out, const struct state *state, const struct state_file *file,
	const struct state_test *test);
/* "cart › adds item", with the project in front when there is one. */
void failure_title(
	struct strbuf *out, const struct state_file *file, const struct state_test *test);
/* "src/a.test.js:14:5": the place of the failure, or of the test, or the file. */
void failure_place(struct strbuf *out, const struct state_file *file, const struct state_test *test,
	const struct failure *failure);
/* The whole block: title, message, difference, frames, rerun command. `test` NULL: of the file. */
void failure_write(struct sink *sink, const struct state *state, const struct state_file *file,
	const struct state_test *test, const struct failure *failure);
/* What the file printed, indented; at most the last 60 lines. */
void failure_output(struct sink *sink, const struct state_file *file);
/* The first line of its message, cleaned of anything a terminal would act on. */
void failure_first_line(struct strbuf *out, const struct failure *failure);
/* A test of the file failed the same way and tells the story already: it ran when the worker died. */
bool failure_is_blamed(const struct state_file *file, const struct failure *failure);
/* "TIMEOUT", "CRASH", "LOAD", "FAIL": the status word. */
const char *failure_word(const struct failure *failure);
