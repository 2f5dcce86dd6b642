#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/event/problem.h"

struct problem *problem_add(
	struct problems *p, const char *file, const char *kind, bool lost, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	GROW(p->v, p->n + 1, p->cap);
	p->v[p->n] = (struct problem){
		.file = file ? xstrdup(file) : NULL,
		.offset = -1,
		.kind = kind,
		.lost = lost,
		.text = strbuf_detach(&text),
	};
	p->lost += lost;
	return &p->v[p->n++];
}

void problems_release(struct problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].file);
		free(p->v[i].text);
	}
	free(p->v);
	*p = (struct problems){NULL};
}
