/* Memory for workers, within the limits of a container. */
#include "core/base/base.h"

#include "cmd/machine.h"
#include "tests/support/temp.h"
#include "tests/support/test.h"

TEST(machine, memory)
{
	static const struct {
		const char *name, *text;
		int64_t kb; /* from then on */
	} rows[] = {
		{"none", "", 0},
		{"proc/meminfo", "MemTotal: 9000 kB\nMemAvailable: 8000 kB\n", 8000},
		{"sys/fs/cgroup/memory.max", "max\n", 8000},
		{"sys/fs/cgroup/memory.current", "5120000\n", 8000},
		{"sys/fs/cgroup/memory.max", "6144000\n", 1000},
		/* what is only cached can be had */
		{"sys/fs/cgroup/memory.stat", "active_file 7\ninactive_file 3072000\n", 4000},
		{"sys/fs/cgroup/memory.current", "99999999\n", 1},
		{"sys/fs/cgroup/memory.current", "0\n", 8000},
		/* version 1, without a limit and with one */
		{"sys/fs/cgroup/memory/memory.usage_in_bytes", "1024000\n", 8000},
		{"sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n", 8000},
		{"sys/fs/cgroup/memory/memory.limit_in_bytes", "3072000\n", 2000},
	};
	char *dir = temp_new();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		temp_write(dir, rows[i].name, rows[i].text);
		int64_t kb = machine_memory_below(dir);
		cr_expect_eq(kb, rows[i].kb, "%zu: got %" PRId64, i, kb);
	}
	temp_free(dir);
}
