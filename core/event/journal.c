#include "core/base/base.h"

#include "core/base/arena.h"
#include "core/base/file.h"
#include "core/base/json.h"
#include "core/event/json.h"
#include "core/event/journal.h"

#include <fcntl.h>
#include <sys/file.h>

enum { BUFFER_BYTES = 64 * 1024, LINE_BYTES = 32 * 1024 * 1024 };

struct journal {
	int fd;
	char *path;
	struct strbuf buf;
	struct strbuf early; /* notices from before the run: they follow the header */
	bool begun;
	int errnum; /* first write error, 0 = none */
};

struct journal *journal_create(const char *path, struct error *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_APPEND, 0600);

	if (fd < 0) {
		error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot create %s", path);
		return NULL;
	}
	flock(fd, LOCK_EX | LOCK_NB); /* tells others that its run is alive; not needed to write */
	struct journal *j = xcalloc(1, sizeof(*j));
	*j = (struct journal){
		.fd = fd, .path = xstrdup(path), .buf = STRBUF_INIT, .early = STRBUF_INIT};
	return j;
}

void journal_flush(struct journal *j)
{
	if (!j->buf.len)
		return;
	if (!j->errnum && file_write_all(j->fd, j->buf.buf, j->buf.len) < 0)
		j->errnum = errno;
	strbuf_reset(&j->buf);
}

void journal_event(void *arg, const struct event *event, const struct state *state)
{
	struct journal *j = arg;

	(void)state;
	if (event->type == EVENT_TICK)
		return;
	j->begun |= event->type == EVENT_RUN_STARTED;
	event_json_write(j->begun ? &j->buf : &j->early, event);
	if (j->begun && j->early.len) {
		strbuf_add(&j->buf, j->early.buf, j->early.len);
		strbuf_reset(&j->early);
	}
	if (j->buf.len > BUFFER_BYTES)
		journal_flush(j);
}

int journal_close(struct journal *j, struct error *err)
{
	int result = 0;

	if (!j)
		return 0;
	journal_flush(j);
	if (!j->errnum && fsync(j->fd) < 0 && errno != EINVAL && errno != EROFS)
		j->errnum = errno;
	if (j->errnum)
		result = error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, j->errnum, "cannot write %s", j->path);
	close(j->fd);
	strbuf_release(&j->buf);
	strbuf_release(&j->early);
	free(j->path);
	free(j);
	return result;
}

bool journal_is_live(const char *path)
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && flock(fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
}

/* ---- replay --------------------------------------------------------------------------------- */

struct replay {
	journal_event_fn *fn;
	void *arg;
	struct arena arena;
	struct strbuf scratch;
	struct journal_end end;
	int64_t offset;
};

/* A result of nothing in particular proves nothing. */
static bool lacks_its_file(const struct event *e)
{
	switch (e->type) {
	case EVENT_FILE_PLANNED:
	case EVENT_FILE_STARTED:
	case EVENT_FILE_FINISHED:
	case EVENT_TEST_STARTED:
	case EVENT_TEST_SLOW:
	case EVENT_TEST_FINISHED:
		return !e->suite || !e->file;
	default:
		return false;
	}
}

static bool take(struct replay *r, struct event *event)
{
	/* the header is the first line, and only that */
	if ((r->end.lines == 0) != (event->type == EVENT_RUN_STARTED) || lacks_its_file(event))
		return false;
	enum event_type type = event->type;
	r->fn(r->arg, event);
	r->end.lines++;
	r->end.finished = type == EVENT_RUN_FINISHED;
	return true;
}

static bool take_tree(struct replay *r, const char *line, size_t len)
{
	cleanup_json struct json *object = json_parse(line, len, NULL);
	struct event event;
	bool taken =
		object && event_json_read(object, &r->arena, &event, NULL) == 0 && take(r, &event);

	arena_release(&r->arena);
	return taken;
}

/* One line; false ends the replay: what is behind a broken line cannot be trusted. */
static bool replay_line(struct replay *r, const char *line, size_t len)
{
	struct event event;
	bool taken = event_json_read_line(line, len, &r->scratch, &event) ? take(r, &event)
									  : take_tree(r, line, len);

	if (!taken) {
		r->end.truncated = true;
		r->end.bad_offset = r->offset;
		return false;
	}
	r->offset += (int64_t)len + 1;
	return true;
}

static int replay_stream(struct replay *r, FILE *in)
{
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;

	while ((n = getline(&line, &cap, in)) > 0) {
		bool whole = line[n - 1] == '\n';
		if (!whole || n > LINE_BYTES) {
			r->end.truncated = true;
			r->end.bad_offset = r->offset;
			break;
		}
		line[n - 1] = '\0';
		if (!replay_line(r, line, (size_t)n - 1))
			break;
	}
	free(line);
	return ferror(in) ? -1 : 0;
}

int journal_head(const char *path, journal_head_fn *fn, void *arg, struct error *err)
{
	cleanup_fclose FILE *in = fopen(path, "re");
	cleanup_free char *line = NULL;
	size_t cap = 0;
	struct arena arena = ARENA_INIT;
	struct event event;

	if (!in)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot read %s", path);
	ssize_t n = getline(&line, &cap, in);
	cleanup_json struct json *object =
		n > 1 && line[n - 1] == '\n' ? json_parse(line, (size_t)n - 1, NULL) : NULL;
	int result = -1;
	if (object && event_json_read(object, &arena, &event, NULL) == 0 &&
		event.type == EVENT_RUN_STARTED) {
		fn(arg, &event);
		result = 0;
	}
	arena_release(&arena);
	return result == 0 ? 0
			   : error_set(err, EXIT_CODE_USAGE,
				     "%s has no header: it is cut off, or no "
				     "journal of muster",
				     path);
}

static void publish(void *bus, struct event *event)
{
	bus_publish(bus, event);
}

int journal_replay(
	const char *path, struct bus *bus, struct journal_end *ret_end, struct error *err)
{
	return journal_read(path, publish, bus, ret_end, err);
}

int journal_read(const char *path, journal_event_fn *fn, void *arg, struct journal_end *ret_end,
	struct error *err)
{
	cleanup_fclose FILE *in = fopen(path, "re");
	struct replay r = {.fn = fn, .arg = arg, .arena = ARENA_INIT, .scratch = STRBUF_INIT};

	if (!in)
		return error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot read %s", path);
	int result = replay_stream(&r, in);
	arena_release(&r.arena);
	strbuf_release(&r.scratch);
	if (result < 0)
		return error_set(err, EXIT_CODE_INFRASTRUCTURE, "cannot read %s", path);
	if (!r.end.lines)
		return error_set(err, EXIT_CODE_USAGE, "%s is not a journal of muster", path);
	*ret_end = r.end;
	return 0;
}
