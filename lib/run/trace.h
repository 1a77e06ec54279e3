/*
 * Floor 3. Write attempts, from the results of the system calls.
 *
 * A seccomp filter stops (SECCOMP_RET_TRACE) only the calls that can change a file system; the
 * tracer, who has seized the program before its first instruction, reads the path at entry and the
 * errno at exit. Every process and thread that descends from it is followed. io_uring, which would
 * go past the filter, is denied as Docker denies it.
 *
 * An attempt is recorded where it failed, for one of these reasons, on a path that lies on the root
 * mount (and not on /proc, /dev, a volume or a tmpfs):
 *   EROFS   the root is read-only
 *   EACCES, EPERM   the user may not; the kernel looks at this first
 *   ENOENT  a parent is missing, for a call that would have made something
 *   EXDEV   the other name lies on another mount
 */
#ifndef RUN_TRACE_H
#define RUN_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

/* Distinct attempts that are kept; more are only counted. */
#define ATTEMPTS_MAX 10000

struct attempt {
	uint64_t time; /* nanoseconds since the program's first instruction */
	pid_t pid;     /* as the container sees it */
	char *process; /* its name in /proc/PID/comm */
	char *executable;
	const char *call; /* static */
	char *path;	  /* absolute, as the container sees it */
	int error;	  /* errno */
	uint64_t count;
};

struct trace {
	struct attempt *attempts;
	size_t count;
	size_t capacity;
	uint64_t total;	      /* with repetitions, and those that were not kept */
	uint64_t start;	      /* CLOCK_MONOTONIC of the first instruction; 0 before */
	uint64_t peak_memory; /* bytes: the most that processes which lived together had at their
			       * peaks, added up */
	uint64_t cpu_time;    /* nanoseconds, user and system, all processes */
	struct tracee *tracees;
	size_t tracee_count;
	size_t tracee_capacity;
	pid_t first;
	bool followed; /* write attempts are recorded: a filter is loaded */
	uint64_t root_mount; /* its mount ID */
	bool root_known;
};

void trace_init(struct trace *trace, pid_t first, bool followed);
void trace_release(struct trace *trace);

/* In the program's own process, before execve: loads the filter. Needs CAP_SYS_ADMIN there. */
int trace_load_filter(struct error *err) must_check;

/* In the supervisor: seizes the first process, which must not run on before. */
int trace_seize(struct trace *trace, struct error *err) must_check;

/*
 * Handles what waitpid (with __WALL) said of `pid`. True where the first process has ended;
 * *ret_status is its status then.
 */
bool trace_handle(struct trace *trace, pid_t pid, int status, int *ret_status);

/* Processes that are alive are counted in, too: call before the end to read peak memory and CPU
 * time. */
uint64_t trace_now(void);

#endif
