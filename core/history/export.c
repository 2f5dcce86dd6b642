#include "core/base/base.h"

#include "core/base/file.h"
#include "core/history/merge.h"
#include "core/history/store.h"

#include <fcntl.h>
#include <zstd.h>

/* LEVEL: 9 takes a third longer than 3 and saves a tenth; from 12 on it is slow. OUT_MAX: a history
 * that was tampered with must not fill the disk. */
enum { LEVEL = 9, BLOCK = 256 * 1024 };
static const int64_t out_max = 4LL * 1024 * 1024 * 1024;

struct pipe {
	int in, out;
	char *read_buf, *write_buf;
};

static void pipe_close(struct pipe *p)
{
	if (p->in >= 0)
		close(p->in);
	if (p->out >= 0)
		close(p->out);
	free(p->read_buf);
	free(p->write_buf);
}

static int pipe_open(struct pipe *p, const char *from, const char *to, struct error *err)
{
	*p = (struct pipe){.in = open(from, O_RDONLY | O_CLOEXEC), .out = -1};
	if (p->in < 0)
		return error_set_errno(err, EXIT_CODE_USAGE, errno, "cannot read %s", from);
	p->out = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (p->out < 0)
		return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", to);
	p->read_buf = xmalloc(BLOCK);
	p->write_buf = xmalloc(BLOCK);
	return 0;
}

static int write_block(struct pipe *p, size_t len, const char *to, struct error *err)
{
	if (file_write_all(p->out, p->write_buf, len) < 0)
		return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", to);
	return 0;
}

static int compress_blocks(struct pipe *p, ZSTD_CCtx *z, const char *to, struct error *err)
{
	ssize_t n;

	do {
		n = read(p->in, p->read_buf, BLOCK);
		if (n < 0)
			return error_set_errno(err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot read");
		ZSTD_inBuffer in = {p->read_buf, (size_t)n, 0};
		size_t left;
		do {
			ZSTD_outBuffer out = {p->write_buf, BLOCK, 0};
			left = ZSTD_compressStream2(z, &out, &in, n ? ZSTD_e_continue : ZSTD_e_end);
			if (ZSTD_isError(left))
				return error_set(err, EXIT_CODE_INTERNAL, "cannot compress: %s",
					ZSTD_getErrorName(left));
			if (write_block(p, out.pos, to, err) < 0)
				return -1;
		} while (n ? in.pos < in.size : left);
	} while (n);
	return 0;
}

static int compress_file(const char *from, const char *to, struct error *err)
{
	struct pipe p;
	ZSTD_CCtx *z = ZSTD_createCCtx();
	int result = pipe_open(&p, from, to, err);

	ZSTD_CCtx_setParameter(z, ZSTD_c_compressionLevel, LEVEL);
	ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
	if (result == 0)
		result = compress_blocks(&p, z, to, err);
	if (result == 0 && fsync(p.out) < 0)
		result = error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", to);
	ZSTD_freeCCtx(z);
	pipe_close(&p);
	return result;
}

int history_export(struct history *h, const char *path, struct error *err)
{
	cleanup_free char *plain = xasprintf("%s.%d.db", path, (int)getpid());
	cleanup_free char *packed = xasprintf("%s.%d.tmp", path, (int)getpid());
	sqlite3_stmt *s = NULL;

	unlink(plain);
	if (sqlite3_prepare_v2(h->db, "VACUUM INTO ?1", -1, &s, NULL) != SQLITE_OK)
		return history_error(h, err, "cannot export");
	sqlite3_bind_text(s, 1, plain, -1, SQLITE_STATIC);
	int result = sqlite3_step(s) == SQLITE_DONE ? 0 : history_error(h, err, "cannot export");
	sqlite3_finalize(s);
	if (result == 0)
		result = compress_file(plain, packed, err);
	if (result == 0 && rename(packed, path) < 0)
		result = error_set_errno(
			err, EXIT_CODE_INFRASTRUCTURE, errno, "cannot write %s", path);
	unlink(plain);
	if (result < 0)
		unlink(packed);
	return result;
}

/* ---- back -------------------------------------------------------------------------------------- */

static const unsigned char zstd_magic[4] = {0x28, 0xb5, 0x2f, 0xfd};
static const char sqlite_magic[16] = "SQLite format 3";

static size_t read_head(const char *path, char head[static 16])
{
	cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, head, 16);

	return n < 0 ? 0 : (size_t)n;
}

static bool is_packed(const char *path)
{
	char head[16];

	return read_head(path, head) >= 4 && memcmp(head, zstd_magic, 4) == 0;
}

bool history_is_export(const char *path)
{
	char head[16];

	return is_packed(path) ||
	       (read_head(path, head) == 16 && memcmp(head, sqlite_magic, 16) == 0);
}

static int broken(const char *path, const char *why, struct error *err)
{
	error_set(err, EXIT_CODE_USAGE, "cannot import %s: %s", path, why);
	return error_help(err, "`muster store export` makes such a file");
}

static int expand_blocks(struct pipe *p, ZSTD_DCtx *z, const char *from, struct error *err)
{
	size_t left = 1;
	int64_t total = 0;
	ssize_t n;

	while ((n = read(p->in, p->read_buf, BLOCK)) > 0) {
		ZSTD_inBuffer in = {p->read_buf, (size_t)n, 0};
		bool full = false;
		while (in.pos < in.size || full) {
			ZSTD_outBuffer out = {p->write_buf, BLOCK, 0};
			left = ZSTD_decompressStream(z, &out, &in);
			if (ZSTD_isError(left))
				return broken(from, ZSTD_getErrorName(left), err);
			total += (int64_t)out.pos;
			if (total > out_max)
				return broken(from, "it is far too large", err);
			if (write_block(p, out.pos, "a temporary file", err) < 0)
				return -1;
			full = out.pos == out.size && left;
		}
	}
	return n == 0 && !left ? 0 : broken(from, "it is cut off", err);
}

static int expand_file(const char *from, const char *to, struct error *err)
{
	struct pipe p;
	ZSTD_DCtx *z = ZSTD_createDCtx();
	int result = pipe_open(&p, from, to, err);

	if (result == 0)
		result = expand_blocks(&p, z, from, err);
	ZSTD_freeDCtx(z);
	pipe_close(&p);
	return result;
}

static void remove_database(const char *path)
{
	static const char *const parts[] = {"", "-wal", "-shm", "-journal"};

	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		cleanup_free char *part = xasprintf("%s%s", path, parts[i]);
		unlink(part);
	}
}

/* It may be in use, and of an older version: it is read through SQLite into a copy. */
static int copy_plain(const char *from, const char *to, struct error *err)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;

	if (sqlite3_open_v2(from, &db, SQLITE_OPEN_READONLY, NULL) == SQLITE_OK &&
		sqlite3_prepare_v2(db, "VACUUM INTO ?1", -1, &s, NULL) == SQLITE_OK)
		sqlite3_bind_text(s, 1, to, -1, SQLITE_STATIC);
	int code = s ? sqlite3_step(s) : SQLITE_ERROR;
	sqlite3_finalize(s);
	int result = code == SQLITE_DONE ? 0 : broken(from, sqlite3_errmsg(db), err);
	sqlite3_close(db);
	return result;
}

static int import_copy(struct history *h, const char *path, const char *shown,
	struct history_imported *ret, struct error *err)
{
	struct error own = ERROR_INIT;
	struct history *from = history_open_as_is(path, &own);

	if (!from)
		return broken(shown,
			strstr(own.text, "newer") ? "it was written by a newer muster"
						  : "it is no history, or damaged",
			err);
	int result = history_merge(h, from, ret, err);
	history_close(from);
	return result;
}

int history_import(
	struct history *h, const char *path, struct history_imported *ret, struct error *err)
{
	cleanup_free char *copy = xasprintf("%s.import-%d", h->path, (int)getpid());

	*ret = (struct history_imported){0};
	if (!history_is_export(path))
		return broken(path, "it is no history", err);
	remove_database(copy);
	int result = is_packed(path) ? expand_file(path, copy, err) : copy_plain(path, copy, err);
	if (result == 0)
		result = import_copy(h, copy, path, ret, err);
	remove_database(copy);
	return result;
}
