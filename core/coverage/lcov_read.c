#include "core/base/base.h"

#include "core/base/linebuf.h"
#include "core/base/strmap.h"
#include "core/coverage/parts.h"

/*
 * lcov's tracefile, line by line: SF names a file, DA FN FNDA BRDA (and lcov 2's FNL FNA) count,
 * and end_of_record ends it. Sums (LF, BRF …) are those of what was counted and are not read.
 */

struct reader {
	struct coverage_input *in;
	struct coverage_stream *s;
	struct line_record record;
	struct strmap functions;      /* name → index + 1; of several of one name the last */
	struct strmap function_lines; /* lcov 2: index → line + 1 */
	size_t next_function;         /* FNDA come in the order of FN, as a rule */
	char *path;                   /* NULL: between records */
	uint32_t branch;
	char block[64]; /* of the last BRDA: line and block */
	int64_t offset; /* of the line */
};

static bool fault(struct reader *r, const char *what)
{
	if (!r->s->what)
		r->s->fault_at = r->offset;
	if (!r->s->what)
		r->s->what = what;
	return false;
}

static void end_record(struct reader *r)
{
	free(r->path);
	r->path = NULL;
	line_record_reset(&r->record);
	strmap_release(&r->functions, NULL);
	strmap_release(&r->function_lines, NULL);
	r->next_function = 0;
	r->branch = 0;
	r->block[0] = '\0';
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* A line number and the comma behind it. */
static bool take_line(char **p, int32_t *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	long v = strtol(*p, &end, 10);
	if (v > INT32_MAX || *end != ',')
		return false;
	*ret = (int32_t)v;
	*p = end + 1;
	return true;
}

static bool take_hits(char **p, uint64_t *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	*ret = strtoull(*p, &end, 10);
	/* gcov may write 1.5e+07 */
	if (*end == '.' || *end == 'e') {
		double v = strtod(*p, &end);
		*ret = v >= (double)COVERAGE_HITS_MAX ? COVERAGE_HITS_MAX : (uint64_t)v;
	}
	*p = end;
	return *end == '\0' || *end == ',';
}

static bool on_file(struct reader *r, char *p)
{
	if (r->path)
		return fault(r, "a record begins inside of another one");
	if (!*p)
		return fault(r, "a file without a path");
	r->path = xstrdup(p);
	return true;
}

static bool on_line(struct reader *r, char *p)
{
	int32_t line;
	uint64_t hits;

	if (!take_line(&p, &line) || !take_hits(&p, &hits))
		return fault(r, "DA is not LINE,HITS");
	line_record_line(&r->record, line, hits);
	return true;
}

static void add_function(struct reader *r, const char *name, int32_t line, uint64_t hits)
{
	size_t i = line_record_function(&r->record, name, line, hits);

	strmap_put(&r->functions, name, (void *)(uintptr_t)(i + 1));
}

static bool on_function(struct reader *r, char *p)
{
	int32_t line, end;

	if (!take_line(&p, &line))
		return fault(r, "FN is not LINE,NAME");
	char *name = p;
	/* lcov 1.16 and later may say where it ends: LINE,END,NAME */
	if (take_line(&p, &end) && *p)
		name = p;
	add_function(r, name, line, 0);
	return true;
}

static bool on_function_hits(struct reader *r, char *p)
{
	uint64_t hits;
	size_t i = r->next_function;

	if (!take_hits(&p, &hits) || *p++ != ',')
		return fault(r, "FNDA is not HITS,NAME");
	if (i >= r->record.n_functions || !streq(r->record.functions[i].name, p)) {
		uintptr_t found = (uintptr_t)strmap_get(&r->functions, p);
		if (!found)
			return true; /* Cobertura's converters name functions that have no FN */
		i = found - 1;
	}
	uint64_t *to = &r->record.functions[i].hits;
	*to = MIN(*to + MIN(hits, COVERAGE_HITS_MAX), COVERAGE_HITS_MAX);
	r->next_function = i + 1;
	return true;
}

/* lcov 2: FNL:INDEX,LINE[,END] and FNA:INDEX,HITS,NAME. */
static bool on_function_lines(struct reader *r, char *p)
{
	int32_t index, line;
	char *end;

	if (!take_line(&p, &index))
		return fault(r, "FNL is not INDEX,LINE");
	long v = strtol(p, &end, 10);
	line = (int32_t)v;
	if (end == p || v < 0 || v > INT32_MAX || (*end && *end != ','))
		return fault(r, "FNL is not INDEX,LINE");
	cleanup_free char *key = xasprintf("%" PRId32, index);
	strmap_put(&r->function_lines, key, (void *)((uintptr_t)(uint32_t)line + 1));
	return true;
}

static bool on_function_alias(struct reader *r, char *p)
{
	int32_t index;
	uint64_t hits;

	if (!take_line(&p, &index) || !take_hits(&p, &hits) || *p++ != ',')
		return fault(r, "FNA is not INDEX,HITS,NAME");
	cleanup_free char *key = xasprintf("%" PRId32, index);
	uintptr_t line = (uintptr_t)strmap_get(&r->function_lines, key);
	if (!line)
		return fault(r, "FNA without its FNL");
	line_record_function(&r->record, p, (int32_t)(line - 1), hits);
	return true;
}

static bool on_branch(struct reader *r, char *p)
{
	char *block = p, *arm, *taken;
	int32_t line;
	uint64_t hits = 0;

	if (!take_line(&p, &line) || !(arm = strchr(p, ',')) || !(taken = strrchr(arm + 1, ',')))
		return fault(r, "BRDA is not LINE,BLOCK,BRANCH,TAKEN");
	*arm = '\0';
	taken++;
	if (!streq(taken, "-") && !take_hits(&taken, &hits))
		return fault(r, "BRDA is not LINE,BLOCK,BRANCH,TAKEN");
	/* the arms of a branch stand together */
	if (strncmp(block, r->block, sizeof(r->block) - 1) != 0) {
		snprintf(r->block, sizeof(r->block), "%s", block);
		r->branch++;
	}
	line_record_arm(&r->record, line, r->branch, hits);
	return true;
}

static bool on_end(struct reader *r)
{
	const char *what;
	const char *path = coverage_path_plain(r->in->set, r->path, &what);

	if (!path)
		return fault(r, what);
	line_record_commit(&r->record, r->in, path);
	end_record(r);
	return true;
}

/* ---- lines ----------------------------------------------------------------------------------- */

static const struct {
	const char *name;
	bool (*take)(struct reader *r, char *p);
} counted[] = {
	{"DA:", on_line},
	{"BRDA:", on_branch},
	{"FN:", on_function},
	{"FNDA:", on_function_hits},
	{"FNL:", on_function_lines},
	{"FNA:", on_function_alias},
};

static bool take(struct reader *r, char *line)
{
	if (starts_with(line, "SF:"))
		return on_file(r, line + 3);
	if (!r->path)
		return !*line || strchr("T#", *line) || fault(r, "expected TN: or SF:");
	if (streq(line, "end_of_record"))
		return on_end(r);
	for (size_t i = 0; i < ARRAY_LEN(counted); i++)
		if (starts_with(line, counted[i].name))
			return counted[i].take(r, line + strlen(counted[i].name));
	return true;
}

static bool on_text(void *arg, char *line, size_t len, bool truncated)
{
	struct reader *r = arg;
	int64_t next = r->offset + (int64_t)len + 1;
	bool ok = truncated              ? fault(r, "a line of more than 64 KiB")
		  : memchr(line, 0, len) ? fault(r, "a NUL in a line")
					 : true;

	while (ok && len && (line[len - 1] == '\r' || line[len - 1] == ' '))
		line[--len] = '\0';
	ok = ok && take(r, line);
	r->offset = next;
	return ok;
}

bool coverage_read_lcov(struct coverage_input *in, struct coverage_stream *s)
{
	struct reader r = {.in = in, .s = s, .offset = stream_offset(s)};
	struct linebuf lines;

	r.record.grain = GRAIN_BRANCHES;
	linebuf_init(&lines, STREAM_STRING_MAX);
	do {
		linebuf_feed(&lines, s->p, (size_t)(s->end - s->p), on_text, &r);
		s->p = s->end;
	} while (!s->what && stream_fill(s));
	if (!s->what)
		linebuf_finish(&lines, on_text, &r);
	linebuf_release(&lines);
	if (!s->what && s->errnum)
		stream_fault(s, "it cannot be read");
	if (r.path)
		fault(&r, "the file ends inside of a record");
	end_record(&r);
	line_record_release(&r.record);
	return !s->what;
}
