#include "core/base/base.h"

#include "cmd/machine.h"
#include "core/base/file.h"
#include "core/base/path.h"

#include <sched.h>

enum {
	WORKER_KB = 400 * 1024, /* a warm Jest worker has 80-190 MB, one with a browser more */
	FILE_BYTES = 64 * 1024,
};

/* The first number behind `label` in a small file of the system, or -1. */
static int64_t read_number(const char *path, const char *label)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int64_t value;

	if (file_read(path, FILE_BYTES, EXIT_CODE_INTERNAL, &text, NULL) < 0)
		return -1;
	const char *at = strstr(text.buf, label);
	if (!at || sscanf(at + strlen(label), "%" SCNd64, &value) != 1)
		return -1;
	return value;
}

/* CPU time that the container may use, in cores; 0 = no limit. */
static int quota_cores(void)
{
	cleanup_strbuf struct strbuf text = STRBUF_INIT;
	int64_t quota, period;

	if (file_read("/sys/fs/cgroup/cpu.max", FILE_BYTES, EXIT_CODE_INTERNAL, &text, NULL) == 0) {
		if (sscanf(text.buf, "%" SCNd64 " %" SCNd64, &quota, &period) != 2 || period <= 0)
			return 0;
		return (int)((quota + period - 1) / period);
	}
	quota = read_number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", "");
	period = read_number("/sys/fs/cgroup/cpu/cpu.cfs_period_us", "");
	return quota > 0 && period > 0 ? (int)((quota + period - 1) / period) : 0;
}

int machine_cores(void)
{
	cpu_set_t set;
	int cores = 1;

	if (sched_getaffinity(0, sizeof(set), &set) == 0)
		cores = CPU_COUNT(&set);
	int quota = quota_cores();
	return MAX(quota ? MIN(cores, quota) : cores, 1);
}

/*
 * What the container may still take, or `otherwise`. Files that are only cached count as used there,
 * and after `npm ci` they are most of it: the kernel gives them back when memory is asked for.
 */
static int64_t container_kb(const char *root, const char *const names[3], int64_t otherwise)
{
	cleanup_free char *limit_path = path_join(root, names[0]);
	cleanup_free char *used_path = path_join(root, names[1]);
	cleanup_free char *stat_path = path_join(root, names[2]);
	int64_t limit = read_number(limit_path, ""), used = read_number(used_path, "");
	int64_t cached = read_number(stat_path, "inactive_file ");

	if (limit <= 0 || used < 0)
		return otherwise;
	return MIN(MAX(limit - used + MAX(cached, 0), 1024) / 1024, otherwise);
}

int64_t machine_memory_below(const char *root)
{
	static const char *const files[2][3] = {
		{"sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory.current",
			"sys/fs/cgroup/memory.stat"},
		{"sys/fs/cgroup/memory/memory.limit_in_bytes",
			"sys/fs/cgroup/memory/memory.usage_in_bytes",
			"sys/fs/cgroup/memory/memory.stat"},
	};
	cleanup_free char *meminfo = path_join(root, "proc/meminfo");
	int64_t available = read_number(meminfo, "MemAvailable:");

	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		available = container_kb(root, files[i], available);
	return MAX(available, 0);
}

int64_t machine_memory_kb(void)
{
	return machine_memory_below("/");
}

int machine_workers(int64_t worker_kb)
{
	int64_t memory = machine_memory_kb();
	int cores = machine_cores();

	if (worker_kb <= 0)
		worker_kb = WORKER_KB;
	if (memory <= 0)
		return cores;
	return (int)MAX(MIN((int64_t)cores, memory / worker_kb), 1);
}
