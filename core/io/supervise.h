/*
 * The supervisor: parent of one worker, so that no process outlives the run, whatever dies.
 *
 * `muster __supervise SIGNAL GRACE_MS -- PROGRAM ARGS…` runs with fds 0-3 meant for the worker and
 * fd 4, a socket to the engine: the lifeline. It starts the worker in a session of its own, is
 * subreaper for everything below, and waits:
 *
 *   worker ends           reap what it left behind (a short wait, TERM, KILL), report, exit
 *   'S' on the lifeline   SIGNAL to the worker's group; after GRACE_MS KILL; sweep; report
 *   'K' on the lifeline   KILL the group at once; sweep; report
 *   'Z', 'C' on the lifeline   suspend, resume the worker and everything below it
 *   EOF on the lifeline   the engine is gone: as 'S' with at most LOST_GRACE_MS
 *
 * Processes in sessions of their own (Chromium, daemons) are out of reach of a group signal; the
 * sweep finds them, since orphans are re-parented to the subreaper. On systems without subreaper
 * the group is all that can be reached.
 *
 * The report is one line on fd 4: "exit STATUS SIGNAL RSS_KB CPU_US DELAY_US LEAKED", or "fail
 * ERRNO" when the program cannot be started.
 */
#pragma once

#include "core/base/base.h"

enum { SUPERVISE_LOST_GRACE_MS = 500, SUPERVISE_LEAK_WAIT_MS = 200 };

/* The command's main; argv[0] is the word after `__supervise`. Returns the exit status. */
int supervise_main(int argc, char **argv);
