#include "core/base/base.h"

#include "core/base/digest.h"
#include "core/history/parts.h"

/* 60 bits name a part: half a million of them, which is more than are kept, meet by chance in one
 * of ten million histories. */
enum { KEY_DIGITS = 15 };

static int64_t key_of(const char *uid)
{
	char hex[DIGEST_HEX_SIZE];

	digest_hex(uid, strlen(uid), hex);
	hex[KEY_DIGITS] = '\0';
	return strtoll(hex, NULL, 16);
}

int history_parts_table(struct history *h, struct error *err)
{
	return history_exec(h,
		"CREATE TABLE IF NOT EXISTS run_parts(part INTEGER PRIMARY KEY, run_id INT NOT "
		"NULL)",
		"cannot write", err);
}

/* ---- recording --------------------------------------------------------------------------------- */

static bool is_here(struct history *h, int64_t key)
{
	sqlite3_stmt *s = history_sql(h, SQL_HAS_PART);

	if (!s)
		return false;
	sqlite3_bind_int64(s, 1, key);
	return history_record_id(s) > 0;
}

int history_parts_look_up(struct recording *r)
{
	if (!r->source_count)
		return 0;
	if (history_parts_table(r->h, r->err) < 0)
		return -1;
	r->known = xcalloc(r->source_count, sizeof(*r->known));
	for (size_t i = 0; i < r->source_count; i++)
		r->known[i] = *r->sources[i] && (is_here(r->h, key_of(r->sources[i])) ||
							history_has_run(r->h, r->sources[i]));
	return 0;
}

static int put(struct history *h, int64_t key, int64_t run, struct error *err)
{
	sqlite3_stmt *s = history_sql(h, SQL_ADD_PART);

	if (s) {
		sqlite3_bind_int64(s, 1, key);
		sqlite3_bind_int64(s, 2, run);
	}
	int code = s ? sqlite3_step(s) : SQLITE_ERROR;
	if (s)
		sqlite3_reset(s);
	return code == SQLITE_DONE ? 0 : history_error(h, err, "cannot write");
}

int history_parts_record(struct recording *r)
{
	for (size_t i = 0; i < r->source_count; i++)
		if (*r->sources[i] && !r->known[i] &&
			put(r->h, key_of(r->sources[i]), r->run_id, r->err) < 0)
			return -1;
	return 0;
}

/* ---- what is new ------------------------------------------------------------------------------- */

bool history_parts_all_known(const struct recording *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->source_count; i++) {
		if (*r->sources[i] && !r->known[i])
			return false;
		n += *r->sources[i] != '\0';
	}
	return n > 0;
}

bool history_part_is_new(const struct recording *r, int source)
{
	return source < 1 || (size_t)source > r->source_count || !r->known[source - 1];
}

bool history_part_has_file(const struct recording *r, const struct state_file *f)
{
	if (!r->source_count || history_part_is_new(r, f->source))
		return true;
	for (size_t i = 0; i < f->test_count; i++) {
		if (history_part_is_new(r, f->tests[i]->source))
			return true;
		for (const struct state_attempt *a = f->tests[i]->earlier; a; a = a->next)
			if (history_part_is_new(r, a->source))
				return true;
	}
	return false;
}

/* ---- import ------------------------------------------------------------------------------------ */

/* The parts of a run; NULL: an older history, which knows of none. */
static sqlite3_stmt *parts_of(struct history *from, int64_t run)
{
	sqlite3_stmt *s = history_sql(from, SQL_RUN_PARTS);

	if (s)
		sqlite3_bind_int64(s, 1, run);
	return s;
}

bool history_parts_are_here(struct history *h, struct history *from, int64_t from_run)
{
	sqlite3_stmt *s = parts_of(from, from_run);
	int64_t n = 0, here = 0;

	for (; s && sqlite3_step(s) == SQLITE_ROW; n++)
		here += is_here(h, sqlite3_column_int64(s, 0));
	if (s)
		sqlite3_reset(s);
	return n && n == here;
}

int history_parts_copy(
	struct history *h, struct history *from, int64_t from_run, int64_t run, struct error *err)
{
	sqlite3_stmt *s = parts_of(from, from_run);
	int result = 0;

	while (s && result == 0 && sqlite3_step(s) == SQLITE_ROW)
		result = put(h, sqlite3_column_int64(s, 0), run, err);
	if (s)
		sqlite3_reset(s);
	return result;
}
