/*
 * Floor 3. What /proc says of a process: proc(5). A process that is gone has no values.
 */
#ifndef RUN_PROCFS_H
#define RUN_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The text behind "NAME:" and white space in /proc/PID/status; false where there is none. */
bool procfs_status(pid_t pid, const char *name, char *value, size_t size);
/* The target of /proc/PID/NAME; NULL where there is none. The caller frees. */
char *procfs_link(pid_t pid, const char *name);
/* The innermost number of a process in its PID namespaces. */
pid_t procfs_inner_pid(pid_t pid);
/* User and system time of a whole process, in nanoseconds. */
uint64_t procfs_cpu_time(pid_t pid);

struct procfs_usage {
	uint64_t memory;      /* resident, bytes */
	uint64_t memory_peak; /* the most it ever was */
	uint64_t cpu_time;    /* nanoseconds */
	unsigned threads;
	unsigned files; /* open descriptors */
};
/* False: the process is gone. */
bool procfs_usage(pid_t pid, struct procfs_usage *ret_usage);

#endif
