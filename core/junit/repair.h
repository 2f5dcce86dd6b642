/*
 * Makes characters that XML cannot hold readable before the parser sees them: terminal colours (raw
 * or as `&#x1B;`) and bytes that are no UTF-8 get into reports, and a parser gives up there. Each
 * becomes U+FFFD and is counted. Pure: bytes in, bytes out.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"

enum junit_bytes {
	JUNIT_BYTES_UTF8,
	JUNIT_BYTES_ASCII, /* another encoding above 0x7f: those bytes are left alone */
	JUNIT_BYTES_WIDE,  /* UTF-16: nothing is touched */
};

struct junit_repair {
	enum junit_bytes bytes;
	int64_t lines;      /* line feeds seen */
	int64_t count;      /* characters replaced */
	int64_t first_line; /* of the first of them, from 1; 0 = none */
	struct strbuf clean;
};

/* Which bytes a file of this beginning (as much as there is, 256 bytes are enough) is made of. */
enum junit_bytes junit_repair_detect(const char *head, size_t len);
void junit_repair_init(struct junit_repair *r, enum junit_bytes bytes);
void junit_repair_release(struct junit_repair *r);
/*
 * Repair `in`. Returns how many bytes of it were taken: what may be cut in the middle of a
 * character stays, at most 11 bytes, and is to be given again in front of the next part; with
 * `final` everything is taken. `in_cdata`: the part starts inside a CDATA section, where `&#x1B;`
 * is text and stays. *ret is borrowed: `in` itself when nothing was wrong, else the repaired text.
 */
size_t junit_repair(struct junit_repair *r, const char *in, size_t len, bool final, bool in_cdata,
	const char **ret, size_t *ret_len);
