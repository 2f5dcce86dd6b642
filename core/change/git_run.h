/*
 * The program git, asked. What it prints is read, what it complains of is not; nothing of the
 * user's configuration that would start programs or change the form of what is printed counts.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

/* Where a branch comes from when nobody says it, the best first; NULL-ended. */
extern const char *const git_usual_branches[];

enum { GIT_OUTPUT_BYTES = 256 * 1024 * 1024 };

/* Start `git -C dir words…` (NULL-ended). Returns the end to read from, which is the caller's to
 * close as the process is to wait for; -1: it cannot be started. */
int git_start(const char *dir, const char *const *words, pid_t *ret_pid);
/* The same, waited for: what it prints replaces `out`. Returns its exit status; -1: it cannot be
 * started, was killed, or printed more than GIT_OUTPUT_BYTES. */
int git_run(const char *dir, const char *const *words, struct strbuf *out);
