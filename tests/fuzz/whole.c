/*
 * Targets that need a folder on the disk: what strangers may put into a project, into the artifacts
 * of CI jobs, and into a history that came with a cache.
 */
#include "fuzz.h"

#include <sqlite3.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/merge/bundle.h"
#include "core/config/config.h"
#include "core/flaky/flaky_order.h"
#include "core/history/query.h"
#include "core/history/store.h"
#include "core/history/testmap.h"
#include "core/event/journal.h"
#include "core/merge/merge.h"
#include "core/detect/project.h"
#include "reporters/registry.h"
#include "runners/registry.h"

enum { FILE_BYTES = 4 << 20 };

static char root[64];

static void remove_root(void)
{
	file_remove_tree(root, NULL);
}

static const char *in_root(const char *name)
{
	static char paths[4][128]; /* of the last four calls */
	static int n;

	if (!*root) {
		/* where nothing waits for a disk */
		snprintf(root, sizeof(root), "%s/muster-fuzz-XXXXXX",
			access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
		DIE_UNLESS(mkdtemp(root));
		atexit(remove_root);
	}
	n = (n + 1) % 4;
	snprintf(paths[n], sizeof(paths[n]), "%s/%s", root, name);
	return paths[n];
}

static void put(const char *name, const char *data, size_t len)
{
	struct error err = ERROR_INIT;
	const char *path = in_root(name);
	cleanup_free char *dir = path_dirname(path);

	DIE_UNLESS(file_mkdirs(dir, &err) == 0);
	DIE_UNLESS(file_write_many(path, data, len, &err) == 0);
}

/* ---- a project ------------------------------------------------------------------------------- */

void fuzz_config(const char *data, size_t len)
{
	struct error err = ERROR_INIT;

	put("config/muster.yaml", data, len);
	struct config *config = config_new(in_root("config"));
	if (config_load(config, runners, NULL, &err) < 0)
		DIE_UNLESS(err.text[0]);
	config_free(config);
}

/* A package.json, or else what names the workspaces beside one. */
void fuzz_package(const char *data, size_t len)
{
	static const char plain[] = "{\"scripts\": {\"test\": \"npm test --workspaces\"}}";
	static const char inner[] = "{\"scripts\": {\"test\": \"jest\"}}";
	cleanup_project_notes struct project_notes notes = PROJECT_NOTES_INIT;
	bool whole = len && data[0] == '{';
	struct suites suites = SUITES_INIT;
	struct error err = ERROR_INIT;

	put("package/packages/a/package.json", inner, strlen(inner));
	put("package/package.json", whole ? data : plain, whole ? len : strlen(plain));
	put("package/pnpm-workspace.yaml", whole ? "" : data, whole ? 0 : len);
	if (project_detect(
		    in_root("package"), runners, other_test_programs, &suites, &notes, &err) < 0)
		DIE_UNLESS(err.text[0]);
	suites_release(&suites);
}

/* ---- journals, shown and merged -------------------------------------------------------------- */

/* All reporters, each on memory; the terminal changes its size all the time. */
struct audience {
	struct {
		const struct reporter *reporter;
		struct sink sink;
		void *self;
	} v[16];
	size_t n;
	unsigned events;
};

static void audience_open(struct audience *a)
{
	static const struct reporter_options options = {.live = true, .verbosity = 1};

	*a = (struct audience){.n = 0};
	for (; reporters[a->n]; a->n++) {
		sink_init_fd(&a->v[a->n].sink, -1);
		a->v[a->n].sink.tty = a->v[a->n].sink.color = true;
		a->v[a->n].reporter = reporters[a->n];
		a->v[a->n].self = reporters[a->n]->open(&options, &a->v[a->n].sink);
	}
}

static void audience_event(void *arg, const struct event *event, const struct state *state)
{
	static const int sizes[] = {80, 1, 300, 20, 7, 0};
	struct audience *a = arg;

	a->events++;
	for (size_t i = 0; i < a->n; i++) {
		a->v[i].sink.columns = sizes[a->events % ARRAY_LEN(sizes)];
		a->v[i].sink.rows = sizes[a->events / 2 % ARRAY_LEN(sizes)];
		if (a->v[i].reporter->event)
			a->v[i].reporter->event(a->v[i].self, event, state);
		if (a->v[i].reporter->show && a->events % 3 == 0)
			a->v[i].reporter->show(a->v[i].self, REPORTER_SHOW_RUNNING, state);
	}
}

static void audience_close(struct audience *a, const struct state *state)
{
	for (size_t i = 0; i < a->n; i++) {
		struct error err = ERROR_INIT;
		if (a->v[i].reporter->finish)
			a->v[i].reporter->finish(a->v[i].self, state, &err);
		if (a->v[i].reporter->close)
			a->v[i].reporter->close(a->v[i].self);
		sink_close(&a->v[i].sink, NULL);
	}
}

void fuzz_replay(const char *data, size_t len)
{
	struct audience audience;
	struct journal_end end = {0};
	struct error err = ERROR_INIT;
	struct state state;
	struct bus bus;

	put("journal", data, len);
	audience_open(&audience);
	state_init(&state);
	bus_init(&bus, &state);
	bus_subscribe(&bus, audience_event, &audience);
	/* whatever it says, only a run that has an end and a test that passed may be a pass */
	if (journal_replay(in_root("journal"), &bus, &end, &err) == 0 &&
		state_exit_code(&state, true) == EXIT_CODE_PASSED)
		DIE_UNLESS(state.test_counts.total > 0 && state_unexplained(&state) == 0);
	audience_close(&audience, &state);
	state_release(&state);
}

/* Two bundles, parted by an empty line, and the plan that the first one brings behind another. */
void fuzz_merge(const char *data, size_t len)
{
	const char *ends[3];
	struct error err = ERROR_INIT;
	struct audience audience;
	struct bundles bundles;
	struct history *h;
	struct state state;
	struct plan plan;
	struct bus bus;
	char id[23];

	for (size_t i = 0, at = 0; i < ARRAY_LEN(ends); i++) {
		const char *gap = memmem(data + at, len - at, "\n\n", 2);
		size_t to = gap && i < 2 ? (size_t)(gap - data) + 1 : len;
		static const char *const names[] = {
			"bundles/1/journal.ndjson", "bundles/2/journal.ndjson", "bundles/plan"};
		put(names[i], data + at, to - at);
		at = MIN(to + 1, len);
	}
	bundles_init(&bundles);
	DIE_UNLESS(bundles_find(&bundles, in_root("bundles"), &err) == 0);
	plan_init(&plan);
	bool planned = plan_read(&plan, in_root("bundles/plan"), &err) == 0;
	bundles_choose(&bundles, planned ? plan.plan_id : NULL);
	merge_run_id(&bundles, id);
	audience_open(&audience);
	state_init(&state);
	bus_init(&bus, &state);
	bus_subscribe(&bus, audience_event, &audience);
	struct merge_options options = {
		.bundles = &bundles, .plan = planned ? &plan : NULL, .bus = &bus};
	if (merge_run(&options, &err) == 0 && state.exit_code == EXIT_CODE_PASSED) {
		cleanup_free const char **sources = xcalloc(bundles.n + 1, sizeof(*sources));
		for (size_t i = 0; i < bundles.n; i++)
			sources[i] = "x";
		DIE_UNLESS(state_unexplained(&state) == 0);
		h = history_open(in_root("merged.db"), HISTORY_WRITE, NULL, &err);
		DIE_UNLESS(h);
		history_record_merged(h, &state, sources, bundles.n, &err);
		history_close(h);
	}
	audience_close(&audience, &state);
	state_release(&state);
	plan_release(&plan);
	bundles_release(&bundles);
}

/* ---- a history that somebody else wrote ------------------------------------------------------ */

static int record_run(struct history *h, int number)
{
	struct error err = ERROR_INIT;
	struct journal_end end;
	struct state state;
	struct bus bus;
	char id[16];

	state_init(&state);
	bus_init(&bus, &state);
	DIE_UNLESS(journal_replay(FUZZ_SEEDS "/journal/run.ndjson", &bus, &end, &err) == 0);
	snprintf(id, sizeof(id), "run-%d", number);
	state.run.run_id = id;
	state.run.commit = number % 2 ? "c1" : "c2";
	state.run.branch = "main";
	state.started_ms += number * INT64_C(60000);
	int result = history_record(h, &state, &err);
	state_release(&state);
	return result;
}

/* A history with a row in every table, as bytes. */
static const struct strbuf *good_history(void)
{
	static struct strbuf bytes = STRBUF_INIT;
	struct error err = ERROR_INIT;
	struct coverage_totals totals = {0};
	struct history_touch touch = {"mocha", "", "test/a.js", "src/a.js\nsrc/b.js"};
	struct history_timing timing = {"linux-x64", "mocha", "", "test/b.js", 12, 1795654769358};
	sqlite3 *db;

	if (bytes.len)
		return &bytes;
	struct history *h = history_open(in_root("good.db"), HISTORY_WRITE, NULL, &err);
	DIE_UNLESS(h);
	for (int i = 0; i < 5; i++)
		DIE_UNLESS(record_run(h, i) == 0);
	DIE_UNLESS(history_testmap_record(h, &touch, 1, &err) == 0);
	DIE_UNLESS(history_put_timing(h, &timing, &err) == 0);
	DIE_UNLESS(history_coverage_record(h, "run-1", "main", 1795654769358, &totals, &err) == 0);
	history_close(h);
	DIE_UNLESS(sqlite3_open(in_root("good.db"), &db) == SQLITE_OK);
	DIE_UNLESS(sqlite3_exec(db, "INSERT INTO order_findings VALUES(1, 'b.js', 0, 1, 'run-1')",
			   NULL, NULL, NULL) == SQLITE_OK);
	sqlite3_close(db);
	DIE_UNLESS(file_read(in_root("good.db"), FILE_BYTES, EXIT_CODE_USAGE, &bytes, &err) == 0);
	return &bytes;
}

/* The first two bytes choose a column of a table, the third what kind of value the rest is. */
static void spoil_column(sqlite3 *db, const char *data, size_t len)
{
	int which = (unsigned char)data[0] | (unsigned char)data[1] << 8, n = 0;
	sqlite3_stmt *list, *update;
	static const char columns[] =
		"SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
		" WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite%' ORDER BY 1, c.cid";
	cleanup_free char *sql = NULL;

	DIE_UNLESS(sqlite3_prepare_v2(db, columns, -1, &list, NULL) == SQLITE_OK);
	while (sqlite3_step(list) == SQLITE_ROW)
		n++;
	sqlite3_reset(list);
	for (int i = 0; i <= which % n; i++)
		sqlite3_step(list);
	sql = xasprintf("UPDATE OR IGNORE \"%s\" SET \"%s\" = ?", sqlite3_column_text(list, 0),
		sqlite3_column_text(list, 1));
	sqlite3_finalize(list);
	DIE_UNLESS(sqlite3_prepare_v2(db, sql, -1, &update, NULL) == SQLITE_OK);
	int64_t number = 0;
	memcpy(&number, data + 3, MIN(len - 3, sizeof(number)));
	switch ((unsigned char)data[2] % 4) {
	case 0:
		sqlite3_bind_text(update, 1, data + 3, (int)len - 3, SQLITE_STATIC);
		break;
	case 1:
		sqlite3_bind_blob(update, 1, data + 3, (int)len - 3, SQLITE_STATIC);
		break;
	case 2:
		sqlite3_bind_int64(update, 1, number);
		break;
	default:
		sqlite3_bind_double(update, 1, (double)number * 1e300);
	}
	sqlite3_step(update);
	sqlite3_finalize(update);
}

/* Behind two bytes 0xff: bytes of the file, each with its place (3 bytes) before it. */
static void spoil(const char *name, const char *data, size_t len)
{
	const struct strbuf *good = good_history();
	cleanup_strbuf struct strbuf bad = STRBUF_INIT;
	sqlite3 *db;

	strbuf_add(&bad, good->buf, good->len);
	bool raw = (unsigned char)data[0] == 0xff && (unsigned char)data[1] == 0xff;
	for (size_t i = 2; raw && i + 4 <= len; i += 4) {
		const unsigned char *p = (const unsigned char *)data + i;
		bad.buf[(p[0] << 16 | p[1] << 8 | p[2]) % bad.len] = (char)p[3];
	}
	put(name, bad.buf, bad.len);
	if (raw)
		return;
	DIE_UNLESS(sqlite3_open(in_root(name), &db) == SQLITE_OK);
	sqlite3_exec(db, "PRAGMA synchronous = off", NULL, NULL, NULL);
	spoil_column(db, data, len);
	sqlite3_close(db);
}

struct reading {
	struct history *h;
	int64_t ids[64];
	size_t n;
	int rows;
};

static int read_file_row(void *arg, const struct history_run_file *file)
{
	struct reading *r = arg;

	free(history_file_path(r->h, file->file_id));
	return 0;
}

static int read_run(void *arg, const struct history_run *run)
{
	struct reading *r = arg;

	r->rows += run->run_id && run->verdict && run->platform;
	history_list_run_files(r->h, run->id, read_file_row, r, NULL);
	return 0;
}

static int read_outcome(void *arg, const struct history_outcome *outcome)
{
	struct reading *r = arg;

	r->rows += outcome->attempts;
	return 0;
}

static int read_message(void *arg, const struct history_message *message)
{
	struct reading *r = arg;

	r->rows += message->text && *message->text;
	return 0;
}

static int read_test(void *arg, const struct history_test *t)
{
	struct reading *r = arg;
	struct flaky_evidence e = history_evidence(&t->stats);

	flaky_classify(&e);
	flaky_rate(&e);
	r->rows += t->suite && t->project && t->file && t->test;
	if (r->n < ARRAY_LEN(r->ids))
		r->ids[r->n++] = t->id;
	return 0;
}

static int read_covering(void *arg, const char *suite, const char *project, const char *file)
{
	struct reading *r = arg;

	r->rows += *suite + *project + *file != 0;
	return 0;
}

static int read_match(
	void *arg, const char *suite, const char *project, const char *file, const char *source)
{
	return read_covering(arg, suite, project, source ? source : file);
}

static int read_left(void *arg, const char *suite, const char *project, const char *file,
	const char *test, int n)
{
	return read_covering(arg, suite, project, test && n ? test : file);
}

static void read_time(void *arg, const char *test, int occurrence, int64_t us)
{
	struct reading *r = arg;

	r->rows += *test && occurrence && us;
}

static int read_row(
	void *arg, size_t columns, const char *const *names, const struct history_value *values)
{
	struct reading *r = arg;

	r->rows += columns && names[0] && values;
	return 0;
}

static void read_problem(void *arg, const char *text)
{
	struct reading *r = arg;

	r->rows += *text != 0;
}

static void read_tests(struct reading *r)
{
	struct history_filter windows[] = {{.limit = 0}, {.since_ms = 1}, {.branch = "m*"},
		{.faulty = true}, {.text = "cart"}};

	for (size_t i = 0; i < ARRAY_LEN(windows); i++)
		for (int by = HISTORY_BY_ID; by <= HISTORY_BY_FAULTS; by++) {
			r->n = 0;
			history_list_tests(r->h, &windows[i], by, read_test, r, NULL);
		}
	r->n = 0;
	history_list_tests(r->h, &windows[0], HISTORY_BY_ID, read_test, r, NULL);
	for (size_t i = 0; i < r->n; i++) {
		history_list_outcomes(r->h, r->ids[i], &windows[0], read_outcome, r, NULL);
		history_list_messages(r->h, r->ids[i], 0, 10, read_message, r, NULL);
	}
	struct flaky_orders *orders = flaky_orders_read(r->h, &windows[0], r->ids, r->n, NULL);
	for (size_t i = 0; orders && i < r->n; i++) {
		struct flaky_order order;
		struct history_stats stats = {.runs = 9, .failures = 3, .last_ms = 1};
		flaky_order_of(orders, r->ids[i], &order);
		flaky_orders_gone(orders, r->ids[i], &stats);
	}
	flaky_orders_free(orders);
}

static void read_plan(struct reading *r)
{
	struct forecast forecast = FORECAST_INIT;
	struct history_file file;
	struct history_suite suite;
	struct coverage_totals totals;
	cleanup_strbuf struct strbuf flags = STRBUF_INIT;
	struct strmap sources = STRMAP_INIT;
	int64_t ms, files;

	history_file(r->h, "linux-x64", "mocha", "", "test/a.js", &file);
	history_suite(r->h, "linux-x64", "mocha", &suite);
	history_flags(r->h, "linux-x64", "mocha", &flags);
	history_median_ms(r->h, "linux-x64", NULL);
	history_last_passed(r->h, "linux-x64", &ms, &files);
	history_left(r->h, read_left, r, NULL);
	history_file_times(r->h, "mocha", "", "test/a.js", read_time, r);
	history_forecast(r->h, "linux-x64", &forecast);
	forecast_sort(&forecast);
	forecast_wall_us(&forecast, 3, 1000000);
	forecast_release(&forecast);
	strmap_put(&sources, "src/a.js", r);
	history_covering(r->h, "src/a.js", read_covering, r, NULL);
	history_testmap_match(r->h, &sources, read_match, r, NULL);
	strmap_release(&sources, NULL);
	history_coverage_last(r->h, "main", NULL, &totals);
}

void fuzz_history(const char *data, size_t len)
{
	struct reading r = {.n = 0};
	struct history_retention keep = {.keep_runs = 2};
	struct history_imported imported;
	struct history_info info;
	struct error err = ERROR_INIT;
	cleanup_free char *notice = NULL;
	int64_t pruned;

	if (len < 4)
		return;
	spoil("bad.db", data, len);
	r.h = history_open(in_root("empty.db"), HISTORY_WRITE, NULL, &err);
	DIE_UNLESS(r.h);
	history_import(r.h, in_root("bad.db"), &imported, &err);
	history_close(r.h);
	remove(in_root("empty.db"));
	r.h = history_open(in_root("bad.db"), HISTORY_WRITE, &notice, &err);
	if (!r.h)
		return;
	history_list_runs(r.h, &(struct history_filter){0}, read_run, &r, NULL);
	read_tests(&r);
	read_plan(&r);
	history_query(r.h, "SELECT * FROM v_flaky", 100, read_row, &r, &err);
	history_info(r.h, &info, &err);
	history_check(r.h, read_problem, &r, &err);
	record_run(r.h, 9);
	history_prune(r.h, &keep, 1795654769358, &pruned, &err);
	history_close(r.h);
}
