/*
 * Exit codes of the program: part of the contract, printed by `muster help exit-codes`.
 * When several hold, exit_code_worst() names the one that wins.
 */
#pragma once

enum exit_code {
	EXIT_CODE_PASSED = 0,
	EXIT_CODE_FAILED = 1,         /* tests failed */
	EXIT_CODE_USAGE = 2,          /* usage or configuration */
	EXIT_CODE_INTERNAL = 3,       /* a bug of ours, or out of memory */
	EXIT_CODE_NO_TESTS = 4,       /* nothing ran */
	EXIT_CODE_INCOMPLETE = 5,     /* a planned file has no result and nobody can say why */
	EXIT_CODE_GATE = 6,           /* a gate failed */
	EXIT_CODE_INFRASTRUCTURE = 7, /* worker cannot start, requested output cannot be written */
	EXIT_CODE_DEADLINE = 124,     /* budget or global timeout exceeded */
	EXIT_CODE_INTERRUPTED = 130,  /* SIGINT; the signal is re-raised after the clean-up */
	EXIT_CODE_TERMINATED = 143    /* SIGTERM */
};

/* The one of the two that the contract says is the code of a run where both hold. */
enum exit_code exit_code_worst(enum exit_code a, enum exit_code b);

/* The word used for `exit_reason` in JSON: "passed", "tests failed" … Never NULL. */
const char *exit_code_reason(enum exit_code code);
