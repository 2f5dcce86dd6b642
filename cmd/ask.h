/* What commands share that ask the history: which one, and of which runs and files. */
#pragma once

#include "cmd/options.h"
#include "core/codeowners.h"
#include "core/history/list.h"

#define ASK_LIMIT                                                        \
	{                                                                \
		"limit", 'n', OPTION_VALUE, "N|all", "rows (default 20)" \
	}
#define ASK_OPTIONS                                                                              \
	ASK_LIMIT, {"since", 0, OPTION_VALUE, "TIME", "runs since 30d, 12h or 2026-11-01"},      \
		{"branch", 0, OPTION_VALUE, "GLOB", "runs of these branches"},                   \
	{                                                                                        \
		"history", 0, OPTION_VALUE, "PATH", "history file (default: .muster/history.db)" \
	}
#define ASK_ALL                                                                \
	{                                                                      \
		"all", 0, OPTION_FLAG, NULL,                                   \
			"also tests that are gone: deleted, renamed, not seen" \
	}
#define ASK_TEST_OPTIONS                                                             \
	ASK_OPTIONS, {"suite", 0, OPTION_VALUE, "NAME", "tests of this suite"},      \
	{                                                                            \
		"owner", 0, OPTION_VALUE, "NAME", "tests of an owner, by CODEOWNERS" \
	}

struct ask {
	char *base;
	struct history *history;
	struct history_filter filter; /* the owner and the limit are part of it */
	int limit;                    /* 0 = all */
	struct codeowners *owners;    /* NULL = there is no CODEOWNERS */
	const char *owner;            /* NULL = everybody's */
};

/* Options that a command does not take count as not given. Released in any case. */
int ask_open(struct ask *q, const struct options *options, struct error *err);
void ask_close(struct ask *q);
/* "2026-11-12", or "" for 0. */
void ask_day(struct strbuf *out, int64_t ms);
