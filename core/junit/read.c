#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/junit/read.h"
#include "core/junit/repair.h"
#include "core/parser_memory.h"

#include <expat.h>
#include <fcntl.h>

enum {
	CHUNK_BYTES = 128 * 1024,
	CHUNK_MAX = 512 * 1024,
	/* Newer parsers look at an unfinished tag again only when it has doubled. */
	PENDING_BYTES = 3 * JUNIT_TAG_BYTES + CHUNK_MAX,
};

/*
 *   SEEKING ──`<?xml`, `<testsuite`; at the start of the file any `<`──► PARSING
 *      ▲                                                                   │  │
 *      └──────────────────────── the root is closed ───────────────────────┘  └─ fault: stopped
 *
 * SEEKING is: no parser.
 */
struct reader {
	const struct junit_events *events;
	void *arg;
	struct junit_report *report;
	XML_Parser parser;
	struct junit_repair repair;
	int64_t fed;            /* bytes the parser was given */
	int64_t token;          /* of them, those before the token that has not ended yet */
	int64_t rest;           /* of them, those behind the end of the root */
	int64_t lines, columns; /* in front of the document */
	int depth;
	enum junit_element open[JUNIT_DEPTH_MAX];
	size_t text_left;
	bool in_cdata;
	bool closed;   /* the root is */
	bool stopped;  /* a fault was found */
	char seen[16]; /* SEEKING: the beginning of what may be a report */
	size_t seen_len;
};

/* ---- names ----------------------------------------------------------------------------------- */

static const char *const element_names[] = {
	[JUNIT_OTHER] = "",
	[JUNIT_TESTSUITES] = "testsuites",
	[JUNIT_TESTSUITE] = "testsuite",
	[JUNIT_TESTCASE] = "testcase",
	[JUNIT_PROPERTIES] = "properties",
	[JUNIT_FAILURE] = "failure",
	[JUNIT_ERROR] = "error",
	[JUNIT_SKIPPED] = "skipped",
	[JUNIT_RERUN_FAILURE] = "rerunFailure",
	[JUNIT_RERUN_ERROR] = "rerunError",
	[JUNIT_FLAKY_FAILURE] = "flakyFailure",
	[JUNIT_FLAKY_ERROR] = "flakyError",
	[JUNIT_SYSTEM_OUT] = "system-out",
	[JUNIT_SYSTEM_ERR] = "system-err",
};

static const char *const fault_names[] = {
	[JUNIT_WHOLE] = "whole",
	[JUNIT_UNREADABLE] = "unreadable",
	[JUNIT_EMPTY] = "empty",
	[JUNIT_NOT_XML] = "not-xml",
	[JUNIT_FOREIGN] = "wrong-root",
	[JUNIT_TRUNCATED] = "truncated",
	[JUNIT_MALFORMED] = "malformed",
	[JUNIT_ENCODING] = "encoding",
	[JUNIT_REFUSED] = "refused",
	[JUNIT_LIMIT] = "limit",
};

const char *junit_fault_name(enum junit_fault fault)
{
	return fault_names[fault];
}

static enum junit_element element_of(const char *name)
{
	for (size_t i = 1; i < ARRAY_LEN(element_names); i++)
		if (*name == *element_names[i] && streq(name, element_names[i]))
			return (enum junit_element)i;
	return JUNIT_OTHER;
}

const char *junit_attribute(const struct junit_tag *tag, const char *name)
{
	for (const char *const *a = tag->attributes; a && *a; a += 2)
		if (streq(*a, name))
			return a[1];
	return NULL;
}

/* ---- faults ---------------------------------------------------------------------------------- */

static void place(const struct reader *r, int64_t *ret_line, int64_t *ret_column)
{
	int64_t line = 1, column = 0;

	if (r->parser) {
		line = (int64_t)XML_GetCurrentLineNumber(r->parser);
		column = (int64_t)XML_GetCurrentColumnNumber(r->parser);
	}
	*ret_line = r->lines + line;
	*ret_column = column + 1 + (line == 1 ? r->columns : 0);
}

static void fault(struct reader *r, enum junit_fault kind, const char *fmt, ...) FORMAT(3, 4);
static void fault(struct reader *r, enum junit_fault kind, const char *fmt, ...)
{
	struct junit_report *report = r->report;
	va_list ap;

	if (r->stopped)
		return;
	r->stopped = true;
	report->fault = kind;
	place(r, &report->line, &report->column);
	va_start(ap, fmt);
	vsnprintf(report->what, sizeof(report->what), fmt, ap);
	va_end(ap);
	if (r->parser)
		XML_StopParser(r->parser, XML_FALSE);
}

static void fault_tag_size(struct reader *r)
{
	fault(r, JUNIT_LIMIT, "a tag or comment is larger than %d MiB", JUNIT_TAG_BYTES >> 20);
}

static void fault_truncated(struct reader *r)
{
	const char *name = "";

	for (int i = r->depth; i-- > 0 && !*name;)
		name = element_names[r->open[i]];
	if (*name)
		fault(r, JUNIT_TRUNCATED, "the file ends inside of <%s>", name);
	else
		fault(r, JUNIT_TRUNCATED, "the file ends before the report begins");
}

/* What the parser says, as a fault of ours. `final`: there is no more input. */
static void parser_fault(struct reader *r, bool final)
{
	enum XML_Error code = XML_GetErrorCode(r->parser);

	if (code == XML_ERROR_NO_MEMORY)
		fault(r, JUNIT_LIMIT, "parsing needs more than %d MiB of memory",
			PARSER_MEMORY_MAX >> 20);
	else if (code == XML_ERROR_UNKNOWN_ENCODING || code == XML_ERROR_INCORRECT_ENCODING)
		fault(r, JUNIT_ENCODING,
			"the encoding is not known here (UTF-8, UTF-16, ISO-8859-1 and US-ASCII "
			"are)");
	else if (final &&
		 (r->depth || code == XML_ERROR_NO_ELEMENTS || code == XML_ERROR_UNCLOSED_TOKEN ||
			 code == XML_ERROR_PARTIAL_CHAR))
		fault_truncated(r);
	else
		fault(r, r->depth ? JUNIT_MALFORMED : JUNIT_NOT_XML, "%s: %s",
			r->depth ? "malformed XML" : "not XML", XML_ErrorString(code));
}

/* ---- called by Expat ------------------------------------------------------------------------- */

static void XMLCALL on_start(void *arg, const XML_Char *name, const XML_Char **attributes)
{
	struct reader *r = arg;
	struct junit_tag tag = {element_of(name), name, (const char *const *)attributes};

	if (r->stopped)
		return;
	if (XML_GetCurrentByteCount(r->parser) > JUNIT_TAG_BYTES) {
		fault_tag_size(r);
		return;
	}
	if (r->depth == JUNIT_DEPTH_MAX) {
		fault(r, JUNIT_LIMIT, "elements are nested deeper than %d", JUNIT_DEPTH_MAX);
		return;
	}
	bool suites = tag.element == JUNIT_TESTSUITES;
	if (r->depth == 0 && !suites && tag.element != JUNIT_TESTSUITE) {
		fault(r, JUNIT_FOREIGN, "not a JUnit report: its root is <%.64s>", name);
		return;
	}
	if (r->depth == 0)
		r->report->documents++;
	else if (suites)
		tag.element = JUNIT_OTHER;
	r->open[r->depth++] = tag.element;
	r->text_left = JUNIT_TEXT_BYTES;
	if (r->events->start)
		r->events->start(r->arg, &tag);
}

static void XMLCALL on_end(void *arg, const XML_Char *name)
{
	struct reader *r = arg;

	if (r->stopped)
		return;
	struct junit_tag tag = {r->open[--r->depth], name, NULL};
	r->text_left = JUNIT_TEXT_BYTES;
	if (r->events->end)
		r->events->end(r->arg, &tag);
	if (r->depth)
		return;
	r->closed = true;
	r->rest =
		r->fed - (XML_GetCurrentByteIndex(r->parser) + XML_GetCurrentByteCount(r->parser));
	XML_StopParser(r->parser, XML_FALSE);
}

static void on_long_text(struct reader *r, const char *text)
{
	static const char mark[] = "\n[cut here: the text is too long]";
	int64_t column;

	/* not in the middle of a character */
	while (r->text_left && (text[r->text_left] & 0xc0) == 0x80)
		r->text_left--;
	r->events->text(r->arg, text, r->text_left);
	r->events->text(r->arg, mark, sizeof(mark) - 1);
	r->text_left = 0;
	if (!r->report->cut++)
		place(r, &r->report->cut_line, &column);
}

static void XMLCALL on_text(void *arg, const XML_Char *text, int len)
{
	struct reader *r = arg;

	if (r->stopped || !r->text_left || !r->events->text)
		return;
	if ((size_t)len >= r->text_left) {
		on_long_text(r, text);
		return;
	}
	r->text_left -= (size_t)len;
	r->events->text(r->arg, text, (size_t)len);
}

static void XMLCALL on_cdata_start(void *arg)
{
	((struct reader *)arg)->in_cdata = true;
}

static void XMLCALL on_cdata_end(void *arg)
{
	((struct reader *)arg)->in_cdata = false;
}

/* A document type alone declares nothing, and nothing is fetched. */
static void XMLCALL on_doctype(void *arg, const XML_Char *name, const XML_Char *system_id,
	const XML_Char *public_id, int has_internal_subset)
{
	(void)name, (void)system_id, (void)public_id;
	if (has_internal_subset)
		fault(arg, JUNIT_REFUSED, "a document type with declarations is refused");
}

static void XMLCALL on_unknown_entity(void *arg, const XML_Char *name, int is_parameter)
{
	(void)is_parameter;
	fault(arg, JUNIT_MALFORMED, "malformed XML: nothing declares &%.64s;", name);
}

static void start_parser(struct reader *r)
{
	static const XML_Memory_Handling_Suite memory = {
		parser_malloc, parser_realloc, parser_free};

	r->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	XML_SetUserData(r->parser, r);
	XML_SetElementHandler(r->parser, on_start, on_end);
	XML_SetCharacterDataHandler(r->parser, on_text);
	XML_SetCdataSectionHandler(r->parser, on_cdata_start, on_cdata_end);
	XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
	XML_SetSkippedEntityHandler(r->parser, on_unknown_entity);
	r->fed = r->token = 0;
	r->depth = 0;
	r->closed = false;
}

static void stop_parser(struct reader *r)
{
	int64_t line, column;

	if (!r->parser)
		return;
	place(r, &line, &column);
	r->lines = line - 1;
	r->columns = column - 1;
	r->in_cdata = false;
	XML_ParserFree(r->parser);
	r->parser = NULL;
}

/* ---- feeding --------------------------------------------------------------------------------- */

/* Give the parser bytes; returns how many of them belong to the document. */
static size_t parse(struct reader *r, const char *s, size_t len, bool final)
{
	r->fed += (int64_t)len;
	enum XML_Status status = XML_Parse(r->parser, s, (int)len, final);
	if (r->closed) {
		stop_parser(r);
		return len - (size_t)r->rest;
	}
	/* -1: it has only put the bytes aside */
	r->token = MAX(r->token, (int64_t)XML_GetCurrentByteIndex(r->parser));
	if (status == XML_STATUS_ERROR)
		parser_fault(r, final);
	else if (r->fed - r->token > PENDING_BYTES)
		fault_tag_size(r);
	return len;
}

/* One byte that belongs to no report so far. */
static void pass_over(struct reader *r, char c)
{
	if (!strchr(" \t\r\n", c) && !r->report->passed_over++)
		r->report->passed_line = r->lines + 1;
	r->columns = c == '\n' ? 0 : r->columns + 1;
	r->lines += c == '\n';
}

static void begin_document(struct reader *r)
{
	start_parser(r);
	parse(r, r->seen, r->seen_len, false);
	r->seen_len = 0;
}

/* At the start of the file whatever looks like XML is taken for the report: a wrong root is to be
 * called one. Behind other text only what is one. */
static bool is_beginning(struct reader *r)
{
	if (!r->report->documents && !r->report->passed_over)
		return true;
	return (r->seen_len == 5 && memcmp(r->seen, "<?xml", 5) == 0) ||
	       (r->seen_len == 10 && memcmp(r->seen, "<testsuite", 10) == 0);
}

static bool may_begin(const struct reader *r)
{
	return strncmp(r->seen, "<?xml", MIN(r->seen_len, (size_t)5)) == 0 ||
	       strncmp(r->seen, "<testsuite", MIN(r->seen_len, (size_t)10)) == 0;
}

static void forget_seen(struct reader *r)
{
	for (size_t i = 0; i < r->seen_len; i++)
		pass_over(r, r->seen[i]);
	r->seen_len = 0;
}

/* Bytes outside of a report, until one begins. Returns how many were taken. */
static size_t seek(struct reader *r, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (s[i] == '<' || r->seen_len) {
			if (s[i] == '<')
				forget_seen(r);
			r->seen[r->seen_len++] = s[i];
			if (is_beginning(r)) {
				begin_document(r);
				return i + 1;
			}
			if (!may_begin(r))
				forget_seen(r);
			continue;
		}
		pass_over(r, s[i]);
	}
	return len;
}

static void feed(struct reader *r, const char *s, size_t len)
{
	while (len && !r->stopped) {
		size_t n = r->parser ? parse(r, s, len, false) : seek(r, s, len);
		s += n;
		len -= n;
	}
}

static void finish(struct reader *r)
{
	if (r->stopped)
		return;
	forget_seen(r);
	if (r->parser) {
		parse(r, "", 0, true);
	} else if (!r->report->documents && !r->report->passed_over) {
		fault(r, JUNIT_EMPTY, "the file is empty");
		r->report->line = r->report->column = 0;
	} else if (!r->report->documents) {
		r->lines = r->columns = 0;
		fault(r, JUNIT_NOT_XML, "not XML: no <testsuites> or <testsuite> in it");
	}
}

/* ---- the file -------------------------------------------------------------------------------- */

/* More at a time while one tag does not end: it is looked at anew with every part. */
static size_t chunk_size(const struct reader *r)
{
	int64_t pending = r->parser ? r->fed - r->token : 0;

	return (size_t)MIN(MAX(pending, (int64_t)CHUNK_BYTES), (int64_t)CHUNK_MAX);
}

/* A byte order mark of UTF-8 says nothing; the parser finds out about UTF-16 by itself. */
static size_t begin_file(struct reader *r, const char *head, size_t len)
{
	enum junit_bytes bytes = junit_repair_detect(head, len);

	junit_repair_init(&r->repair, bytes);
	if (bytes == JUNIT_BYTES_WIDE)
		start_parser(r);
	return len >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

static int read_more(int fd, struct strbuf *in, size_t size)
{
	strbuf_grow(in, size);
	for (;;) {
		ssize_t n = read(fd, in->buf + in->len, size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n > 0)
			strbuf_setlen(in, in->len + (size_t)n);
		return n < 0 ? -1 : n > 0;
	}
}

static int read_all(struct reader *r, int fd)
{
	cleanup_strbuf struct strbuf in = STRBUF_INIT;
	bool first = true;
	int more = 1;

	while (more > 0 && !r->stopped) {
		const char *clean;
		size_t len, taken = 0;
		more = read_more(fd, &in, chunk_size(r));
		if (more < 0)
			return -1;
		if (first && more > 0 && in.len < 256)
			continue; /* a pipe may give a little at a time */
		if (first)
			taken = begin_file(r, in.buf, in.len);
		first = false;
		taken += junit_repair(&r->repair, in.buf + taken, in.len - taken, more == 0,
			r->in_cdata, &clean, &len);
		feed(r, clean, len);
		strbuf_remove(&in, 0, taken);
	}
	finish(r);
	return 0;
}

static int unreadable(const char *path, int errnum, struct junit_report *report, struct error *err)
{
	report->fault = JUNIT_UNREADABLE;
	snprintf(report->what, sizeof(report->what), "cannot be read: %s", strerror(errnum));
	return error_set(err, EXIT_CODE_INCOMPLETE, "%s: %s", path, report->what);
}

int junit_read(const char *path, const struct junit_events *events, void *arg,
	struct junit_report *ret, struct error *err)
{
	bool in = streq(path, "-");
	cleanup_close int opened = in ? -1 : open(path, O_RDONLY | O_CLOEXEC);
	struct reader r = {.events = events, .arg = arg, .report = ret};
	int errnum = 0;

	*ret = (struct junit_report){.fault = JUNIT_WHOLE};
	if (!in && opened < 0)
		return unreadable(path, errno, ret, err);
	if (read_all(&r, in ? STDIN_FILENO : opened) < 0)
		errnum = errno;
	ret->repaired = r.repair.count;
	ret->repaired_line = r.repair.first_line;
	stop_parser(&r);
	junit_repair_release(&r.repair);
	if (errnum)
		return unreadable(path, errnum, ret, err);
	if (ret->fault == JUNIT_WHOLE)
		return 0;
	if (!ret->line)
		return error_set(err, EXIT_CODE_INCOMPLETE, "%s: %s", path, ret->what);
	return error_set(err, EXIT_CODE_INCOMPLETE, "%s:%" PRId64 ":%" PRId64 ": %s", path,
		ret->line, ret->column, ret->what);
}
