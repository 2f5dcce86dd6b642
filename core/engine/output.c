#include "core/base/base.h"

#include "core/engine/run.h"

/* What files print: published up to a limit, beyond it only the end is kept. */
enum {
	OUTPUT_BYTES = 1024 * 1024,    /* of one try that are published as they come */
	OUTPUT_TAIL_BYTES = 64 * 1024, /* of what came later, published at the end */
};

static void publish_output(
	struct worker *w, const struct run_file *file, bool is_stderr, const char *data, size_t len)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT; /* ended by '\0' */

	strbuf_add(&text, data, len);
	run_publish(w->run, &(struct event){
				    .type = EVENT_OUTPUT,
				    .suite = w->suite->spec->name,
				    .project = file ? file->project : NULL,
				    .file = file ? file->file : NULL,
				    .worker = w->number,
				    .is_stderr = is_stderr,
				    .text = text.buf,
				    .text_len = text.len,
			    });
}

/* Beyond the limit only the end is kept: it tells more about a crash than the middle. */
static void keep_tail(struct run_file *file, const char *data, size_t len)
{
	struct strbuf *tail = &file->output_tail;

	file->output_dropped += (int64_t)len;
	if (len > OUTPUT_TAIL_BYTES) {
		data += len - OUTPUT_TAIL_BYTES;
		len = OUTPUT_TAIL_BYTES;
	}
	strbuf_add(tail, data, len);
	if (tail->len > 4 * OUTPUT_TAIL_BYTES)
		strbuf_remove(tail, 0, tail->len - OUTPUT_TAIL_BYTES);
}

void output_take(
	struct worker *w, struct run_file *file, bool is_stderr, const char *data, size_t len)
{
	if (!file) {
		if (w->suite->spec->runner->batch)
			publish_output(w, NULL, is_stderr, data, len);
		return;
	}
	int64_t room = OUTPUT_BYTES - file->output_bytes;
	size_t now = room <= 0 ? 0 : MIN(len, (size_t)room);
	if (now) {
		file->output_bytes += (int64_t)now;
		publish_output(w, file, is_stderr, data, now);
	}
	if (now < len)
		keep_tail(file, data + now, len - now);
}

void output_flush(struct worker *w, struct run_file *file)
{
	struct strbuf *tail = &file->output_tail;

	if (!file->output_dropped)
		return;
	if (tail->len > OUTPUT_TAIL_BYTES)
		strbuf_remove(tail, 0, tail->len - OUTPUT_TAIL_BYTES);
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int64_t lost = file->output_dropped - (int64_t)tail->len;
	if (lost > 0)
		strbuf_addf(&text, "\n[muster: %" PRId64 " bytes of output left out]\n", lost);
	strbuf_add(&text, tail->buf, tail->len);
	publish_output(w, file, false, text.buf, text.len);
	strbuf_release(tail);
	file->output_dropped = 0;
}
