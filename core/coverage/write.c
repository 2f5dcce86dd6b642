#include "core/base/base.h"

#include "core/base/jsonw.h"
#include "core/base/spool.h"
#include "core/coverage/parts.h"

static void write_counts(struct strbuf *out, const char *name, const uint64_t *hits, size_t n)
{
	strbuf_addf(out, ",\"%s\":{", name);
	for (size_t i = 0; i < n; i++) {
		strbuf_addstr(out, i ? ",\"" : "\"");
		strbuf_addu(out, i);
		strbuf_add(out, "\":", 2);
		strbuf_addu(out, hits[i]);
	}
	strbuf_addch(out, '}');
}

static void write_branches(struct strbuf *out, const struct coverage_version *v)
{
	const uint64_t *hits = version_hits(v, PART_BRANCHES);

	strbuf_addstr(out, ",\"b\":{");
	for (size_t i = 0; i < v->map[PART_BRANCHES].n; i++) {
		strbuf_addstr(out, i ? ",\"" : "\"");
		strbuf_addu(out, i);
		strbuf_add(out, "\":[", 3);
		for (uint32_t arm = v->arm_at[i]; arm < v->arm_at[i + 1]; arm++) {
			if (arm > v->arm_at[i])
				strbuf_addch(out, ',');
			strbuf_addu(out, hits[arm]);
		}
		strbuf_addch(out, ']');
	}
	strbuf_addch(out, '}');
}

void coverage_version_print(struct strbuf *out, const struct coverage_version *v)
{
	static const char *const names[PARTS] = {"statementMap", "fnMap", "branchMap"};

	for (int part = 0; part < PARTS; part++) {
		strbuf_addf(out, "%s\"%s\":", part ? "," : "", names[part]);
		strbuf_add(out, v->text[part], v->len[part]);
	}
	write_counts(out, "s", v->hits, v->map[PART_STATEMENTS].n);
	write_counts(out, "f", version_hits(v, PART_FUNCTIONS), v->map[PART_FUNCTIONS].n);
	write_branches(out, v);
}

static void write_file(struct strbuf *out, const struct coverage_file *f)
{
	const struct coverage_version *v = coverage_file_version(f);
	size_t len = strlen(f->path);

	jsonw_quote(out, f->path, len);
	strbuf_addstr(out, ":{\"path\":");
	jsonw_quote(out, f->path, len);
	strbuf_addstr(out, v->all ? ",\"all\":true," : ",");
	coverage_version_print(out, v);
	if (*v->extra)
		strbuf_addf(out, ",%s", v->extra);
	coverage_versions_print(out, f);
	strbuf_addch(out, '}');
}

void coverage_print_json(const struct coverage *c, struct spool *out)
{
	strbuf_addch(&out->buf, '{');
	for (size_t i = 0; i < coverage_file_count(c); i++) {
		if (i)
			strbuf_addch(&out->buf, ',');
		write_file(&out->buf, coverage_file_at(c, i));
		spool_settle(out);
	}
	strbuf_addch(&out->buf, '}');
}

int coverage_write_json(const struct coverage *c, const char *path, struct error *err)
{
	struct spool out;

	if (spool_open(&out, path, err) < 0)
		return -1;
	coverage_print_json(c, &out);
	int result = spool_commit(&out, err);
	spool_release(&out);
	return result;
}
