#include "core/base/base.h"

#include "core/base/strvec.h"

char *strvec_empty[1];

void strvec_init(struct strvec *sv)
{
	*sv = (struct strvec)STRVEC_INIT;
}

void strvec_release(struct strvec *sv)
{
	for (size_t i = 0; i < sv->n; i++)
		free(sv->v[i]);
	if (sv->cap)
		free(sv->v);
	strvec_init(sv);
}

static const char *push_owned(struct strvec *sv, char *s)
{
	if (sv->n + 2 > sv->cap) {
		char **old = sv->cap ? sv->v : NULL;
		sv->cap = sv->cap * 2 + 8;
		sv->v = xrealloc(old, sv->cap * sizeof(*sv->v));
	}
	sv->v[sv->n++] = s;
	sv->v[sv->n] = NULL;
	return s;
}

const char *strvec_push(struct strvec *sv, const char *s)
{
	return push_owned(sv, xstrdup(s));
}

const char *strvec_pushf(struct strvec *sv, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	char *s = xvasprintf(fmt, ap);
	va_end(ap);
	return push_owned(sv, s);
}

void strvec_push_all(struct strvec *sv, const struct strvec *other)
{
	for (size_t i = 0; i < other->n; i++)
		strvec_push(sv, other->v[i]);
}

bool strvec_has(const struct strvec *sv, const char *s)
{
	for (size_t i = 0; i < sv->n; i++)
		if (streq(sv->v[i], s))
			return true;
	return false;
}

void strvec_split(struct strvec *sv, const char *s, char sep)
{
	while (*s) {
		const char *end = strchrnul(s, sep);
		if (end > s)
			push_owned(sv, xstrndup(s, (size_t)(end - s)));
		s = *end ? end + 1 : end;
	}
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void strvec_sort(struct strvec *sv)
{
	if (sv->n > 1)
		qsort(sv->v, sv->n, sizeof(*sv->v), compare);
}
