/*
 * Floor 3. A control group of a container's own: limits of memory and processors, and exact figures
 * of both; Linux's cgroup-v1 and cgroup-v2.
 *
 * It is made below the group that this process is in, or, where that may have none below it, beside
 * it or at the top. One that cannot be made is an error: it was asked for.
 */
#ifndef RUN_CGROUP_H
#define RUN_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

struct cgroup {
	char *memory; /* the folders of both controllers, which are one in version 2; NULL: none */
	char *cpu;
	bool unified; /* version 2 */
};

struct cgroup_usage {
	bool out_of_memory;   /* a process was ended for want of it */
	uint64_t memory_peak; /* bytes; 0: it is not known */
	uint64_t cpu_time;    /* nanoseconds; 0: it is not known */
};

/* `memory` in bytes, `cpus` in thousandths of a processor; 0 is no limit, and where both are, there
 * is no group. */
int cgroup_make(struct cgroup *cgroup, uint64_t memory, uint64_t cpus,
		struct error *err) must_check;
int cgroup_add(const struct cgroup *cgroup, pid_t pid, struct error *err) must_check;
struct cgroup_usage cgroup_read(const struct cgroup *cgroup);
/* Once no process is in it. */
void cgroup_remove(struct cgroup *cgroup);

/* Where `controller` ("" for version 2) has the group of a process, from the texts of its
 * /proc/PID/cgroup and /proc/PID/mountinfo: the mount point and the path below it. The caller frees
 * both. False: nowhere. */
bool cgroup_find(const char *groups, const char *mounts, const char *controller, char **ret_mount,
		 char **ret_path);

#endif
