#include "core/base/base.h"

#include "core/state/state.h"
#include "core/state/tests.h"

void state_init(struct state *s)
{
	*s = (struct state){.exit_code = -1, .run.history_runs = -1};
}

void state_release(struct state *s)
{
	for (size_t i = 0; i < s->file_count; i++) {
		struct state_file *f = s->files[i];
		free(f->tests);
		state_tests_forget(f);
		strbuf_release(&f->output);
	}
	free(s->suites);
	free(s->files);
	strmap_release(&s->file_index, NULL);
	free(s->failures);
	free(s->file_failures);
	free(s->notices);
	free(s->workers);
	free(s->shards);
	free(s->gates);
	arena_release(&s->arena);
}
