#include "core/base/base.h"

#include "core/history/files.h"
#include "core/history/parts.h"

/* ---- order of the files ------------------------------------------------------------------------ */

struct place {
	const struct state_file *file;
	size_t index;
};

static int by_start(const void *a, const void *b)
{
	const struct place *x = a, *y = b;

	if (x->file->worker != y->file->worker)
		return x->file->worker < y->file->worker ? -1 : 1;
	if (x->file->started_ms != y->file->started_ms)
		return x->file->started_ms < y->file->started_ms ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

void history_files_number(struct recording *r)
{
	size_t n = r->state->file_count;
	cleanup_free struct place *places = xcalloc(n + 1, sizeof(*places));
	int position = 0, worker = 0;

	r->positions = xcalloc(n + 1, sizeof(*r->positions));
	for (size_t i = 0; i < n; i++)
		places[i] = (struct place){r->state->files[i], i};
	qsort(places, n, sizeof(*places), by_start);
	for (size_t i = 0; i < n; i++) {
		const struct state_file *f = places[i].file;
		if (!f->worker || !f->started_ms)
			continue;
		position = f->worker == worker ? position + 1 : 1;
		worker = f->worker;
		r->positions[places[i].index] = position;
	}
}

/* ---- the pack: six variable-length numbers a file ---------------------------------------------- */

static void put(struct strbuf *out, uint64_t value)
{
	for (; value > 127; value >>= 7)
		strbuf_addch(out, (char)(value | 128));
	strbuf_addch(out, (char)value);
}

static bool get(const unsigned char **data, const unsigned char *end, int64_t *ret)
{
	uint64_t value = 0;

	for (int shift = 0; *data < end && shift < 63; shift += 7) {
		unsigned char byte = *(*data)++;
		value |= (uint64_t)(byte & 127) << shift;
		if (byte < 128) {
			*ret = (int64_t)value;
			return true;
		}
	}
	return false;
}

bool history_files_next(
	const unsigned char **data, const unsigned char *end, struct history_file_entry *ret)
{
	int64_t v[6];

	for (size_t i = 0; i < ARRAY_LEN(v); i++)
		if (!get(data, end, &v[i]))
			return false;
	*ret = (struct history_file_entry){
		.file_id = v[0],
		.worker = (int)MIN(v[1], INT_MAX),
		.position = (int)MIN(v[2], INT_MAX),
		.outcome = (enum outcome)MIN(v[3], OUTCOME_NOT_RUN),
		.predicted_us = v[4],
		.duration_us = v[5],
	};
	return true;
}

void history_files_put(struct strbuf *pack, const struct history_file_entry *e)
{
	put(pack, (uint64_t)e->file_id);
	put(pack, (uint64_t)e->worker);
	put(pack, (uint64_t)e->position);
	put(pack, e->outcome);
	put(pack, (uint64_t)MAX(e->predicted_us, 0));
	put(pack, (uint64_t)MAX(e->duration_us, 0));
}

int history_files_record(struct recording *r)
{
	cleanup_strbuf struct strbuf pack = STRBUF_INIT;

	for (size_t i = 0; i < r->state->file_count; i++) {
		const struct state_file *f = r->state->files[i];
		if (!history_part_has_file(r, f))
			continue;
		history_files_put(
			&pack, &(struct history_file_entry){
				       .file_id = r->file_ids[i],
				       .worker = MAX(f->worker, 0),
				       .position = r->positions[i],
				       .outcome = f->outcome,
				       .predicted_us = f->known ? f->estimate_ms * 1000 : 0,
				       .duration_us = f->duration_us,
			       });
	}
	sqlite3_stmt *s = history_sql(r->h, SQL_ADD_RUN_FILES);
	if (!s)
		return history_error(r->h, r->err, "cannot write");
	sqlite3_bind_int64(s, 1, r->run_id);
	sqlite3_bind_blob64(s, 2, pack.buf, pack.len, SQLITE_STATIC);
	return history_record_done(r, s);
}
