#include "core/base/base.h"

#include "core/base/strbuf.h"
#include "core/junit_problem.h"

struct junit_problem *junit_problem_add(struct junit_problems *p, const char *file,
	const char *kind, bool lost, const char *fmt, ...)
{
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	GROW(p->v, p->n + 1, p->cap);
	p->v[p->n] = (struct junit_problem){
		.file = file ? xstrdup(file) : NULL,
		.kind = kind,
		.lost = lost,
		.text = strbuf_detach(&text),
	};
	p->lost += lost;
	return &p->v[p->n++];
}

void junit_problems_release(struct junit_problems *p)
{
	for (size_t i = 0; i < p->n; i++) {
		free(p->v[i].file);
		free(p->v[i].text);
	}
	free(p->v);
	*p = (struct junit_problems){NULL};
}
