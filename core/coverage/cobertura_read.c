#include "core/base/base.h"

#include "core/base/path.h"
#include "core/base/strvec.h"
#include "core/coverage/parts.h"
#include "core/parser_memory.h"

#include <expat.h>

/*
 * Cobertura: of each <class> the lines and methods. A branch is known as "half of 4 arms" only;
 * which ones is not said, so the first ones are taken.
 */

enum {
	DEPTH_MAX = 256,
	TAG_BYTES = 1024 * 1024,
	ARMS_MAX = 65536,
};

struct reader {
	struct coverage_input *in;
	struct coverage_stream *s;
	XML_Parser parser;
	int64_t fed, base; /* bytes; offset of the first one */
	int depth;
	bool in_source, in_method;
	struct strbuf source;
	struct strvec sources;
	char *filename; /* of the class that is open, or NULL */
	size_t method;  /* index of the function */
	bool method_has_line;
	uint32_t branch;
	struct line_record record;
};

static void fault(struct reader *r, const char *what)
{
	if (r->s->what)
		return;
	r->s->what = what;
	r->s->fault_at = r->base + (int64_t)XML_GetCurrentByteIndex(r->parser);
	XML_StopParser(r->parser, XML_FALSE);
}

static const char *attribute(const XML_Char **attributes, const char *name)
{
	for (; *attributes; attributes += 2)
		if (streq(*attributes, name))
			return attributes[1];
	return NULL;
}

static bool number_of(const char *text, uint64_t *ret)
{
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	*ret = strtoull(text, &end, 10);
	return !*end;
}

/* "50% (1/2)" */
static bool arms_of(const char *text, uint32_t *covered, uint32_t *total)
{
	const char *open = text ? strchr(text, '(') : NULL;

	return open && sscanf(open, "(%" SCNu32 "/%" SCNu32 ")", covered, total) == 2 &&
	       *covered <= *total && *total <= ARMS_MAX;
}

static void on_line(struct reader *r, const XML_Char **attributes)
{
	uint64_t line, hits;
	uint32_t covered, total;
	const char *branch = attribute(attributes, "branch");

	if (!number_of(attribute(attributes, "number"), &line) || line > INT32_MAX ||
		!number_of(attribute(attributes, "hits"), &hits)) {
		fault(r, "a line without number and hits");
		return;
	}
	if (r->in_method) {
		struct line_function *f = &r->record.functions[r->method];
		if (!r->method_has_line) {
			f->line = (int32_t)line;
			f->hits = MAX(f->hits, MIN(hits, COVERAGE_HITS_MAX));
		}
		r->method_has_line = true;
		return;
	}
	line_record_line(&r->record, (int32_t)line, hits);
	if (!branch || !streq(branch, "true") ||
		!arms_of(attribute(attributes, "condition-coverage"), &covered, &total))
		return;
	r->branch++;
	for (uint32_t arm = 0; arm < total; arm++)
		line_record_arm(&r->record, (int32_t)line, r->branch, arm < covered);
}

static void on_method(struct reader *r, const XML_Char **attributes)
{
	const char *name = attribute(attributes, "name");
	uint64_t hits = 0;

	number_of(attribute(attributes, "hits"), &hits);
	r->method = line_record_function(&r->record, name ? name : "", 0, hits);
	r->in_method = true;
	r->method_has_line = false;
}

static void on_class(struct reader *r, const XML_Char **attributes)
{
	const char *filename = attribute(attributes, "filename");

	if (r->filename)
		fault(r, "a class inside of another one");
	else if (!filename || !*filename)
		fault(r, "a class without a file name");
	else
		r->filename = xstrdup(filename);
}

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = arg;

	if (r->s->what)
		return;
	if (XML_GetCurrentByteCount(r->parser) > TAG_BYTES)
		fault(r, "a tag of more than 1 MiB");
	else if (++r->depth > DEPTH_MAX)
		fault(r, "elements are nested deeper than 256");
	else if (r->depth == 1 && !streq(name, "coverage"))
		fault(r, "not coverage: XML, but its root is not <coverage>");
	else if (streq(name, "source"))
		r->in_source = true;
	else if (streq(name, "class"))
		on_class(r, attributes);
	else if (streq(name, "method") && r->filename)
		on_method(r, attributes);
	else if (streq(name, "line") && r->filename)
		on_line(r, attributes);
}

/* ---- paths ----------------------------------------------------------------------------------- */

/* A relative name is looked for below the root, then below each <source>. */
static char *path_of(struct reader *r)
{
	const struct coverage *c = r->in->set;

	if (r->filename[0] == '/' || !r->sources.n)
		return xstrdup(r->filename);
	if (c->to) {
		char *here = path_join(c->to, r->filename);
		if (path_exists(here))
			return here;
		free(here);
	}
	strvec_each (source, &r->sources) {
		char *there = path_join(source, r->filename);
		if (path_exists(there))
			return there;
		free(there);
	}
	/* recorded on another machine */
	return c->from ? path_join(r->sources.v[0], r->filename) : xstrdup(r->filename);
}

static void end_class(struct reader *r)
{
	cleanup_free char *named = path_of(r);
	const char *what;
	const char *path = coverage_path_plain(r->in->set, named, &what);

	if (path)
		line_record_commit(&r->record, r->in, path);
	else
		fault(r, what);
	free(r->filename);
	r->filename = NULL;
	r->branch = 0;
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	if (r->s->what)
		return;
	r->depth--;
	if (streq(name, "source")) {
		strbuf_rtrim(&r->source);
		if (r->source.len)
			strvec_push(&r->sources, r->source.buf);
		strbuf_reset(&r->source);
		r->in_source = false;
	} else if (streq(name, "method")) {
		r->in_method = false;
	} else if (streq(name, "class") && r->filename) {
		end_class(r);
	}
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *r = arg;

	if (r->in_source && !r->s->what && r->source.len < STREAM_STRING_MAX)
		strbuf_add(&r->source, text, (size_t)len);
}

/* A document type alone declares nothing, and nothing is fetched. */
static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_internal_subset)
{
	(void)name, (void)system_id, (void)public_id;
	if (has_internal_subset)
		fault(arg, "a document type with declarations is refused");
}

/* ---- the file -------------------------------------------------------------------------------- */

static const char *parser_fault(const struct reader *r, bool final)
{
	enum XML_Error code = XML_GetErrorCode(r->parser);

	if (code == XML_ERROR_NO_MEMORY)
		return "parsing needs more than 12 MiB of memory";
	if (final &&
		(r->depth || code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN))
		return "the file ends here";
	return XML_ErrorString(code);
}

static void feed(struct reader *r)
{
	struct coverage_stream *s = r->s;
	int len = (int)(s->end - s->p);

	r->fed += len;
	if (XML_Parse(r->parser, s->p, len, false) == XML_STATUS_ERROR)
		fault(r, parser_fault(r, false));
	else if (r->fed - XML_GetCurrentByteIndex(r->parser) > 4 * TAG_BYTES)
		fault(r, "a tag of more than 1 MiB");
	s->p = s->end;
}

bool coverage_read_cobertura(struct coverage_input *in, struct coverage_stream *s)
{
	static const XML_Memory_Handling_Suite memory = {
		parser_malloc, parser_realloc, parser_free};
	struct reader r = {.in = in, .s = s, .base = stream_offset(s), .source = STRBUF_INIT};

	r.record.grain = GRAIN_CONDITIONS;
	strvec_init(&r.sources);
	r.parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	XML_SetUserData(r.parser, &r);
	XML_SetElementHandler(r.parser, on_start, on_end);
	XML_SetCharacterDataHandler(r.parser, on_text);
	XML_SetStartDoctypeDeclHandler(r.parser, on_doctype);
	do
		feed(&r);
	while (!s->what && stream_fill(s));
	if (!s->what && s->errnum)
		stream_fault(s, "it cannot be read");
	if (!s->what && XML_Parse(r.parser, "", 0, true) == XML_STATUS_ERROR)
		fault(&r, parser_fault(&r, true));
	XML_ParserFree(r.parser);
	line_record_release(&r.record);
	strbuf_release(&r.source);
	strvec_release(&r.sources);
	free(r.filename);
	return !s->what;
}
