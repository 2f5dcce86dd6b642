/* What the files of core/coverage share; nobody else includes it. */
#pragma once

#include "core/base/base.h"
#include "core/base/strbuf.h"
#include "core/base/strmap.h"
#include "core/coverage/coverage.h"
#include "core/coverage/stream.h"

/* Counts stop here: the largest whole number that JavaScript tells from its neighbours. */
#define COVERAGE_HITS_MAX ((uint64_t)9007199254740991)

enum coverage_part { PART_STATEMENTS, PART_FUNCTIONS, PART_BRANCHES, PARTS };

/* ---- the maps of a file, decoded as far as merging and totals need it ------------------------ */

struct coverage_span {
	uint32_t at, len; /* in the text of the map */
	uint32_t id;
};

struct map_function {
	int32_t decl_line;          /* COVERAGE_NOWHERE: neither decl nor loc says */
	uint32_t name_at, name_len; /* raw, in the text */
};

struct map_branch {
	struct coverage_loc loc; /* the key is that of its first arm */
	int32_t line;            /* Istanbul's `line`, else that of loc */
	uint32_t locations;
};

/* One of the three maps: its entries in the order of the text. */
struct coverage_map {
	size_t n, cap, functions_cap, branches_cap;
	struct coverage_loc *keys;      /* by which entries of different maps are the same */
	struct coverage_span *spans;    /* the value of each entry */
	struct map_function *functions; /* of the function map only */
	struct map_branch *branches;    /* of the branch map only */
	size_t spans_cap;
	bool dense; /* ids are 0, 1, 2 … */
};

void coverage_map_reset(struct coverage_map *m);
void coverage_map_release(struct coverage_map *m);
/* Consume a map; spans count from where the capture began. False: fault. */
bool coverage_map_read(struct coverage_map *m, struct coverage_stream *s, enum coverage_part part);
/* The id of an entry, and its colon. */
bool coverage_map_id(struct coverage_stream *s, uint32_t *ret);
/* An object {"start": …, "end": …}; `{}` is nowhere. */
bool coverage_map_loc(struct coverage_stream *s, struct coverage_loc *ret);

/* ---- one version of a file: maps and counts -------------------------------------------------- */

/* How fine an input knows a file. */
enum coverage_grain {
	GRAIN_PLACES,    /* Istanbul */
	GRAIN_BRANCHES,  /* lcov: lines, and each branch with its arms */
	GRAIN_CONDITIONS /* Cobertura: lines, and how many arms of a line were taken */
};

struct coverage_version {
	struct coverage_version *next;
	char *text[PARTS]; /* the three maps; blanks left out, ids dense */
	size_t len[PARTS];
	struct coverage_map map[PARTS];
	uint64_t *hits;   /* statements, then functions, then all arms of all branches */
	uint32_t *arm_at; /* n + 1: where the arms of branch i begin, behind arm_hits() */
	char *extra;      /* other members, ready to be written behind a comma; "" */
	bool all;         /* nobody loaded the file; counts only while nothing else is known */
	enum coverage_grain grain;
};

static inline uint64_t *version_hits(const struct coverage_version *v, enum coverage_part part)
{
	return v->hits + (part > PART_STATEMENTS ? v->map[PART_STATEMENTS].n : 0) +
	       (part > PART_FUNCTIONS ? v->map[PART_FUNCTIONS].n : 0);
}
static inline size_t version_arms(const struct coverage_version *v)
{
	return v->arm_at[v->map[PART_BRANCHES].n];
}
static inline size_t version_count(const struct coverage_version *v)
{
	return v->map[PART_STATEMENTS].n + v->map[PART_FUNCTIONS].n + version_arms(v);
}
void coverage_version_free(struct coverage_version *v);

struct coverage_file {
	char *path;
	struct coverage_version *versions;     /* never NULL */
	struct coverage_version *merged;       /* made of more than one, or NULL */
	const struct coverage_version *counts; /* once settled: `merged` or one of `versions` */
};

/* Something was added: what was merged no longer counts. */
void coverage_file_changed(struct coverage_file *f);
/* What counts, in a set that is settled. */
const struct coverage_version *coverage_file_version(const struct coverage_file *f);

/* ---- different versions of one file ---------------------------------------------------------- */

/* Versions that count, in their order; `*ret` is the caller's to free. A file that nobody loaded
 * (`all`) counts only where nothing else is known, and then once. */
size_t coverage_versions_of(const struct coverage_file *f, const struct coverage_version ***ret);
/* All of them as one: those of one grain, and those of the next grain laid over them. */
struct coverage_version *coverage_versions_merge(
	const struct coverage_version *const *v, size_t n, bool *ret_limited);
#define COVERAGE_VERSIONS "musterVersions"
/* The member that keeps them, behind a comma; nothing for a file that came in one version. */
void coverage_versions_print(struct strbuf *out, const struct coverage_file *f);
/* Maps and counts, as members of an object that is open. */
void coverage_version_print(struct strbuf *out, const struct coverage_version *v);
/* An order that depends on nothing but their content. */
int coverage_version_compare(const struct coverage_version *a, const struct coverage_version *b);
/* Versions, in that order, as one: entries are the same when their places are; where a version has
 * no such entry, the narrowest that contains it stands for it. `ret_limited`: they were so large
 * that containers were not looked for everywhere. */
struct coverage_version *coverage_combine(
	const struct coverage_version *const *v, size_t n, bool *ret_limited);
/* The same for one part: fills `text` and `hits` (and `arm_at`) of `out`. */
struct combined {
	struct strbuf text;
	uint64_t *hits;
	uint32_t *arm_at;
	size_t n, n_hits;
};
/* What is known of lines only, laid over what is known better. */
struct coverage_version *coverage_overlay(
	const struct coverage_version *base, const struct coverage_version *lines);
/* A version from its maps and counts; takes them over. */
struct coverage_version *coverage_version_new(
	struct combined parts[static PARTS], const char *extra, enum coverage_grain grain);

struct container_query {
	struct coverage_loc loc;
	size_t item;  /* of the caller */
	size_t found; /* index of the container, or SIZE_MAX */
};

/* For each query the container that Istanbul would choose among `locs`. `steps` is what may still
 * be spent; false when it was not enough (what is left has no container). Queries are sorted. */
bool coverage_containers(struct container_query *queries, size_t n_queries,
	const struct coverage_loc *locs, size_t n_locs, int64_t *steps);

struct coverage {
	struct coverage_file **files; /* sorted by path when `settled` */
	size_t n, cap;
	struct strmap by_path;
	/* path as it stands in the inputs → coverage_name, while the root is: */
	struct strmap by_raw;
	char *from, *to;
	struct strmap dirs; /* folder → where it really is */
	struct problems problems;
	size_t inputs;
	bool settled;
	char *window; /* of the inputs, one after another */
	struct coverage_entry *entry;
};

/* Order of files: see coverage_file_at(). */
int coverage_path_compare(const char *a, const char *b);
/* Sort, and merge what came in different versions. */
void coverage_settle(struct coverage *c);
/* The file of that path, made when it is new. */
struct coverage_file *coverage_file_of(struct coverage *c, const char *path);

/* ---- an entry that is being read ------------------------------------------------------------- */

struct coverage_counts {
	uint64_t *v;
	uint32_t *ids; /* unless dense */
	size_t n, cap, ids_cap;
	bool dense; /* ids are 0, 1, 2 … */
};

struct coverage_entry {
	struct coverage_version *guess; /* what its maps are compared with; NULL = nothing */
	bool seen_map[PARTS], seen_hits[PARTS];
	bool same[PARTS]; /* the map is that of `guess`: text and map are not filled */
	struct strbuf text[PARTS];
	struct coverage_map map[PARTS];
	struct coverage_counts hits[PARTS]; /* of branches: all arms; ids are those of branches */
	uint32_t *arm_at;
	size_t arm_n, arm_cap;
	struct strbuf extra;
	bool all;
	enum coverage_grain grain;
};

struct coverage_entry *coverage_entry_new(void);
void coverage_entry_free(struct coverage_entry *e);
void coverage_entry_reset(struct coverage_entry *e, struct coverage_version *guess);
/* The part that a member is named for, or -1. */
int coverage_entry_part(const char *name, bool *ret_is_map);
/* Any other member: kept as it stands. */
bool coverage_entry_extra(
	struct coverage_entry *e, struct coverage_stream *s, const struct strbuf *name);
bool coverage_entry_is_whole(const struct coverage_entry *e);
/* The map and the counts of one part, ids in any order. False: fault. */
bool coverage_entry_map(
	struct coverage_entry *e, struct coverage_stream *s, enum coverage_part part);
bool coverage_entry_hits(
	struct coverage_entry *e, struct coverage_stream *s, enum coverage_part part);
/* The counts of statements or functions, and those of branches; false: fault. */
bool coverage_counts_read(struct coverage_counts *c, struct coverage_stream *s);
bool coverage_counts_branches(struct coverage_entry *e, struct coverage_stream *s);
/* The id of a count, of a branch by its turn. */
uint32_t coverage_counts_id(const struct coverage_counts *c, size_t at);
/* Number the entries anew where ids have holes or counts and maps do not fit each other. Returns
 * how many counts had no entry in the map and were dropped. */
size_t coverage_entry_straighten(struct coverage_entry *e);
/* The entry as a version of its own; the caller frees. */
struct coverage_version *coverage_entry_version(const struct coverage_entry *e);
/* Instead of the entry the versions that it was merged from (text of the member), if they are. */
bool coverage_versions_commit(const struct coverage_entry *e, struct coverage *c, const char *path,
	const char *text, size_t len);
/* Add the entry to a version of `f` with the same maps, or as a version of its own. */
void coverage_entry_commit(struct coverage_entry *e, struct coverage_file *f);

/* ---- inputs ---------------------------------------------------------------------------------- */

struct coverage_input {
	struct coverage *set;
	const char *path;                 /* for messages */
	size_t entries;                   /* that came in */
	bool noticed_maps, noticed_truth; /* said once an input */
	struct strbuf versions;           /* member of the entry, as text; empty = none */
};

/* From here on paths are those of this root. */
void coverage_set_root(struct coverage *c, const struct coverage_root *root);
void coverage_path_forget(struct coverage *c);
/* What a source file is called here. */
struct coverage_name {
	char *path;
	struct coverage_file *file; /* once there is one */
};
/* By the raw text of a JSON string; borrowed. NULL: it is no path (why in `ret_what`, static). */
struct coverage_name *coverage_path_here(
	struct coverage *c, const char *raw, size_t len, const char **ret_what);
/* The same for plain text. */
const char *coverage_path_plain(struct coverage *c, const char *path, const char **ret_what);
/* Read all of an input of one kind; false: a fault of the stream. */
bool coverage_read_istanbul(struct coverage_input *in, struct coverage_stream *s);
bool coverage_read_lcov(struct coverage_input *in, struct coverage_stream *s);
bool coverage_read_cobertura(struct coverage_input *in, struct coverage_stream *s);

/* ---- what is known of lines only ------------------------------------------------------------- */

struct line_count {
	int32_t line;
	uint64_t hits;
};

struct line_function {
	char *name;
	int32_t line;
	uint64_t hits;
};

struct line_arm {
	int32_t line;
	uint32_t branch; /* arms of one branch are neighbours and have one number */
	uint64_t hits;
};

/* One file of lcov or Cobertura; starts zeroed. */
struct line_record {
	struct line_count *lines;
	struct line_function *functions;
	struct line_arm *arms;
	size_t n_lines, n_functions, n_arms, lines_cap, functions_cap, arms_cap;
	enum coverage_grain grain;
};

void line_record_line(struct line_record *r, int32_t line, uint64_t hits);
/* Returns its index. */
size_t line_record_function(struct line_record *r, const char *name, int32_t line, uint64_t hits);
void line_record_arm(struct line_record *r, int32_t line, uint32_t branch, uint64_t hits);
void line_record_reset(struct line_record *r);
void line_record_release(struct line_record *r);
/* Into the set, as maps whose places are lines. */
void line_record_commit(struct line_record *r, struct coverage_input *in, const char *path);
