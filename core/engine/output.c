#include "core/base/base.h"

#include "core/base/text.h"
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

/* How many bytes at the end are the beginning of a character. */
static size_t begun_bytes(const char *s, size_t len)
{
	for (size_t n = 1; n <= 3 && n <= len; n++) {
		unsigned char c = (unsigned char)s[len - n];
		if (c >= 0xc0)
			return n < (c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2) ? n : 0;
		if (c < 0x80)
			return 0;
	}
	return 0;
}

/* What the journal gives back is what was published: '\0' and bytes that are no UTF-8 are U+FFFD
 * at once. */
static void add_sound(struct strbuf *out, const char *s, size_t len)
{
	for (const char *end = s + len; s < end;) {
		size_t n = *s ? text_utf8_len(s, (size_t)(end - s)) : 0;
		if (n)
			strbuf_add(out, s, n);
		else
			strbuf_addstr(out, "\xef\xbf\xbd");
		s += MAX(n, (size_t)1);
	}
}

static void publish_output(
	struct worker *w, const struct run_file *file, bool is_stderr, const char *data, size_t len)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT; /* ended by '\0' */

	add_sound(&text, data, len);
	run_publish(w->run, &(struct event){
				    .type = EVENT_OUTPUT,
				    .suite = w->suite->settings->name,
				    .project = file ? file->project : NULL,
				    .file = file ? file->file : NULL,
				    .worker = w->number,
				    .is_stderr = is_stderr,
				    .text = text.buf,
				    .text_len = text.len,
			    });
}

/* A chunk may end in the middle of a character: the next one has the rest. */
static void publish_chunk(
	struct worker *w, struct run_file *file, bool is_stderr, const char *data, size_t len)
{
	struct run_output *o = file ? &file->output : &w->output;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	strbuf_add(&text, o->begun[is_stderr].bytes, o->begun[is_stderr].len);
	strbuf_add(&text, data, len);
	size_t begun = begun_bytes(text.buf, text.len);
	memcpy(o->begun[is_stderr].bytes, text.buf + text.len - begun, begun);
	o->begun[is_stderr].len = begun;
	if (text.len > begun)
		publish_output(w, file, is_stderr, text.buf, text.len - begun);
}

/* No rest came. */
static void publish_begun(struct worker *w, struct run_file *file)
{
	struct run_output *o = file ? &file->output : &w->output;

	for (int is_stderr = 0; is_stderr < 2; is_stderr++) {
		if (o->begun[is_stderr].len)
			publish_output(w, file, is_stderr, o->begun[is_stderr].bytes,
				o->begun[is_stderr].len);
		o->begun[is_stderr].len = 0;
	}
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

	if (!file && !w->suite->settings->runner->batch)
		return;
	if (now) {
		o->bytes += (int64_t)now;
		w->run->output_bytes += (int64_t)now;
		publish_chunk(w, file, is_stderr, data, now);
	}
	if (now < len)
		keep_tail(o, data + now, len - now, bound->tail);
}

void output_flush(struct worker *w, struct run_file *file)
{
	struct run_output *o = file ? &file->output : &w->output;
	size_t bound = bound_of(w->run)->tail;
	cleanup_strbuf struct strbuf text = STRBUF_INIT;

	publish_begun(w, file);
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
