/*
 * The targets without libFuzzer, as a test that takes a second: each seed as it is, cut off at many
 * places, and changed at random. `mutate TARGET FOLDER [ROUNDS]`; what is being read when a target
 * aborts is left in the file "fuzz-TARGET.bad".
 */
#include "fuzz.h"

#include <signal.h>
#include <unistd.h>

#include "core/base/file.h"
#include "core/base/path.h"
#include "core/base/strvec.h"

static struct {
	const char *target, *data;
	size_t len;
} now;

static void keep(int sig)
{
	cleanup_free char *path = xasprintf("fuzz-%s.bad", now.target);
	struct error err = ERROR_INIT;

	if (file_write(path, now.data, now.len, false, &err) == 0)
		fprintf(stderr, "the bytes are in %s\n", path);
	signal(sig, SIG_DFL);
	raise(sig);
}

static void try(const struct fuzz_target *target, const char *data, size_t len)
{
	/* of its own, so that a sanitizer sees what is read beyond the end */
	cleanup_free char *copy = xmalloc(len + 1);

	memcpy(copy, data, len);
	now.data = copy;
	now.len = len;
	target->run(copy, len);
}

static uint64_t random_next(void)
{
	static uint64_t x = 88172645463325252;

	x ^= x << 13;
	x ^= x >> 7;
	return x ^= x << 17;
}

static void mutate(struct strbuf *s)
{
	static const char *const words[] = {"\"", "{", "}", "[", "]", ":", ",", "\\", "\\ud800",
		"-1", "1e999", "9223372036854775808", "\xff", "null", "<", "&#0;", "\n", "\033[",
		"'", "$(", "../", "\xe2\x80"};
	size_t at = s->len ? random_next() % s->len : 0;

	switch (random_next() % 5) {
	case 0:
		if (s->len)
			s->buf[at] = (char)random_next();
		break;
	case 1: {
		size_t n = s->len ? 1 + random_next() % (s->len - at) : 0;
		memmove(s->buf + at, s->buf + at + n, s->len - at - n);
		s->len -= n;
		break;
	}
	case 2: { /* something once more */
		cleanup_strbuf struct strbuf tail = STRBUF_INIT;
		strbuf_add(&tail, s->buf + at, s->len - at);
		strbuf_add(s, tail.buf, tail.len);
		break;
	}
	default: {
		const char *word = words[random_next() % (sizeof(words) / sizeof(*words))];
		cleanup_strbuf struct strbuf tail = STRBUF_INIT;
		strbuf_add(&tail, s->buf + at, s->len - at);
		s->len = at;
		strbuf_addstr(s, word);
		strbuf_add(s, tail.buf, tail.len);
	}
	}
}

static void try_seed(const struct fuzz_target *target, const char *path, int rounds)
{
	enum { SEED_BYTES = 1 << 20, TRIED_BYTES = 1 << 16 };
	cleanup_strbuf struct strbuf seed = STRBUF_INIT, changed = STRBUF_INIT;
	struct error err = ERROR_INIT;

	if (file_read(path, SEED_BYTES, EXIT_CODE_USAGE, &seed, &err)) {
		fprintf(stderr, "%s\n", err.text);
		exit(2);
	}
	for (size_t len = 0, step = 1 + seed.len / 200; len < seed.len; len += step)
		try(target, seed.buf, len);
	try(target, seed.buf, seed.len);
	for (int i = 0; i < rounds; i++) {
		if (i % 8 == 0 || changed.len > TRIED_BYTES) {
			strbuf_reset(&changed);
			strbuf_add(&changed, seed.buf, seed.len);
		}
		mutate(&changed);
		try(target, changed.buf, changed.len);
	}
}

int main(int argc, char **argv)
{
	const struct fuzz_target *target = argc > 2 ? fuzz_target_find(argv[1]) : NULL;
	cleanup_strvec struct strvec seeds = STRVEC_INIT;

	if (!target) {
		fputs("usage: mutate TARGET FOLDER [ROUNDS]\n", stderr);
		return 2;
	}
	now.target = target->name;
	signal(SIGABRT, keep);
	signal(SIGSEGV, keep);
	file_list_dir(argv[2], &seeds);
	if (!seeds.n) {
		fprintf(stderr, "no seeds in %s\n", argv[2]);
		return 2;
	}
	for (size_t i = 0; i < seeds.n; i++) {
		cleanup_free char *path = path_join(argv[2], seeds.v[i]);
		try_seed(target, path, argc > 3 ? atoi(argv[3]) : 500);
	}
	return 0;
}
