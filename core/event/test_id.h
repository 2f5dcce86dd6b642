/*
 * The identity of a test inside a file: its title path (describe blocks, then the test's own title)
 * and, because titles repeat in real suites, its occurrence (1 = the first test with that path).
 *
 * In memory a title path is one string, its parts separated by 0x1F. A 0x1F or 0x1E inside a title
 * is escaped as 0x1E 'U' / 0x1E 'R', so that every title survives.
 */
#pragma once

#include "core/base/base.h"
#include "core/base/json.h"
#include "core/base/jsonw.h"
#include "core/base/strbuf.h"

#define TEST_ID_SEPARATOR '\x1f'
#define TEST_ID_ARROW     " \xe2\x80\xba " /* " › " between the parts, for people */

/* JSON array of strings -> encoded path (appended); false when it is not one or is empty. */
bool test_id_from_json(const struct json *array, struct strbuf *path);
/* Encoded path -> JSON array of strings. */
void test_id_to_json(struct jsonw *w, const char *key, const char *path);
/* For people: "cart › adds item", "… #2" for a second occurrence. Control characters are dropped. */
void test_id_text(struct strbuf *out, const char *path, int occurrence);
/* As test_id_text(), but with every character as it is: for exact selection. */
void test_id_full(struct strbuf *out, const char *path, int occurrence);
/* The last part, decoded. */
void test_id_title(struct strbuf *out, const char *path);
