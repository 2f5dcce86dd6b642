/* A growing array of owned strings, always ended by NULL (fit for argv). */
#pragma once

#include "core/base/base.h"

struct strvec {
	char **v; /* never NULL; v[n] is NULL */
	size_t n;
	size_t cap; /* 0 while v is the shared empty vector */
};

extern char *strvec_empty[1];
#define STRVEC_INIT                \
	{                          \
		strvec_empty, 0, 0 \
	}
#define cleanup_strvec __attribute__((cleanup(strvec_release)))
#define strvec_each(item, vec) \
	for (char **item##_p = (vec)->v, *item; (item = *item##_p) != NULL; item##_p++)

void strvec_init(struct strvec *sv);
void strvec_release(struct strvec *sv);
const char *strvec_push(struct strvec *sv, const char *s); /* returns the copy */
const char *strvec_pushf(struct strvec *sv, const char *fmt, ...) FORMAT(2, 3);
void strvec_push_all(struct strvec *sv, const struct strvec *other);
bool strvec_has(const struct strvec *sv, const char *s);
/* Append the parts of `s` between `sep`; empty parts are left out. */
void strvec_split(struct strvec *sv, const char *s, char sep);
/* By bytes, the same on every machine and locale. */
void strvec_sort(struct strvec *sv);
