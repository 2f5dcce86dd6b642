#include "core/base/base.h"

#include "core/base/exit_code.h"

/* In order of precedence: a signal wins over all, then 2 3 7 124 1 5 6 4 0. */
static const struct {
	enum exit_code code;
	const char *reason;
} codes[] = {
	{EXIT_CODE_INTERRUPTED, "interrupted"},
	{EXIT_CODE_TERMINATED, "terminated"},
	{EXIT_CODE_USAGE, "usage or configuration error"},
	{EXIT_CODE_INTERNAL, "internal error"},
	{EXIT_CODE_INFRASTRUCTURE, "infrastructure"},
	{EXIT_CODE_DEADLINE, "deadline exceeded"},
	{EXIT_CODE_FAILED, "tests failed"},
	{EXIT_CODE_INCOMPLETE, "incomplete"},
	{EXIT_CODE_GATE, "gate failed"},
	{EXIT_CODE_NO_TESTS, "no tests ran"},
	{EXIT_CODE_PASSED, "passed"},
};

enum exit_code exit_code_worst(enum exit_code a, enum exit_code b)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == a || codes[i].code == b)
			return codes[i].code;
	return EXIT_CODE_INTERNAL;
}

const char *exit_code_reason(enum exit_code code)
{
	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (codes[i].code == code)
			return codes[i].reason;
	return "unknown";
}
