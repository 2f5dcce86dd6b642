#include "core/base/base.h"

#include "core/base/clock.h"

#include <sys/random.h>

int64_t clock_unix_ms(void)
{
	const char *fixed = getenv("MUSTER_TEST_NOW");

	if (fixed && *fixed)
		return strtoll(fixed, NULL, 10);
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t clock_mono_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

void clock_iso8601(int64_t unix_ms, char buf[static 25])
{
	time_t t = (time_t)(unix_ms / 1000);
	struct tm tm;
	char date[20];

	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(buf, 25, "%.19s.%03uZ", date, (unsigned)(unix_ms % 1000) % 1000u);
}

int64_t clock_parse_iso8601(const char *text)
{
	struct tm tm = {0};
	int64_t ms = 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &tm);

	if (!rest)
		return 0;
	if (*rest == '.') {
		int64_t unit = 100;
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			ms += (*rest - '0') * unit;
	}
	return streq(rest, "Z") ? (int64_t)timegm(&tm) * 1000 + ms : 0;
}

void clock_random(void *buf, size_t len)
{
	ssize_t n = getrandom(buf, len, 0);

	if (n < 0 || (size_t)n < len)
		abort();
}

void clock_token(char ret[static CLOCK_TOKEN_SIZE])
{
	unsigned char random[CLOCK_TOKEN_SIZE / 2];

	clock_random(random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(ret + 2 * i, 3, "%02x", random[i]);
}

void clock_run_id(char buf[static 23])
{
	time_t t = (time_t)(clock_unix_ms() / 1000);
	unsigned char r[3];
	struct tm tm;
	char date[16];

	gmtime_r(&t, &tm);
	strftime(date, sizeof(date), "%Y%m%d-%H%M%S", &tm);
	clock_random(r, sizeof(r));
	snprintf(buf, 23, "%.15s-%02x%02x%02x", date, r[0], r[1], r[2]);
}
