#include "core/base/base.h"

#include "core/engine/run.h"

/*
 * What files print: published as it comes up to a limit, beyond it only the end is kept. A project
 * that prints without end gets a lower one, so that the journal does not fill the disk.
 */
static const struct bound {
	int64_t head; /* bytes of one try that are published as they come */
	size_t tail;  /* of what came later, published at the end */
} usual = {1024 * 1024, 64 * 1024}, lower = {16 * 1024, 16 * 1024};

enum { USUAL_BYTES = 64 * 1024 * 1024 }; /* of the run; from then on the lower bound */

static const struct bound *bound_of(const struct run *run)
{
	return run->output_bytes > USUAL_BYTES ? &lower : &usual;
}

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
static void keep_tail(struct run_output *o, const char *data, size_t len, size_t bound)
{
	o->dropped += (int64_t)len;
	if (len > bound) {
		data += len - bound;
		len = bound;
	}
	strbuf_add(&o->tail, data, len);
	if (o->tail.len > 4 * bound)
		strbuf_remove(&o->tail, 0, o->tail.len - bound);
}

void output_take(
	struct worker *w, struct run_file *file, bool is_stderr, const char *data, size_t len)
{
	struct run_output *o = file ? &file->output : &w->output;
	const struct bound *bound = bound_of(w->run);
	int64_t room = bound->head - o->bytes;
	size_t now = room <= 0 ? 0 : MIN(len, (size_t)room);

	if (!file && !w->suite->spec->runner->batch)
		return;
	if (now) {
		o->bytes += (int64_t)now;
		w->run->output_bytes += (int64_t)now;
		publish_output(w, file, is_stderr, data, now);
	}
	if (now < len)
		keep_tail(o, data + now, len - now, bound->tail);
}

void output_flush(struct worker *w, struct run_file *file)
{
	struct run_output *o = file ? &file->output : &w->output;
	size_t bound = bound_of(w->run)->tail;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	if (!o->dropped)
		return;
	if (o->tail.len > bound)
		strbuf_remove(&o->tail, 0, o->tail.len - bound);
	int64_t lost = o->dropped - (int64_t)o->tail.len;
	if (lost > 0)
		strbuf_addf(&text, "\n[muster: %" PRId64 " bytes of output left out]\n", lost);
	strbuf_add(&text, o->tail.buf, o->tail.len);
	publish_output(w, file, false, text.buf, text.len);
	output_forget(o);
}

void output_forget(struct run_output *o)
{
	strbuf_release(&o->tail);
	*o = (struct run_output){.bytes = o->bytes, .tail = STRBUF_INIT};
}
