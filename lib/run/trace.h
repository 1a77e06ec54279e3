/*
 * Floor 3. Write attempts, from the results of the system calls.
 *
 * A seccomp filter stops (SECCOMP_RET_TRACE) only the calls that can change a file system, see
 * calls.h; the tracer, who has seized the program before its first instruction, reads the path at
 * entry and the errno at exit. Every process and thread that descends from it is followed.
 *
 * An attempt is refused where it failed, for one of these reasons, on a path that lies on the root
 * mount (and not on /proc, /dev, a volume or a tmpfs):
 *   EROFS   the root is read-only
 *   EACCES, EPERM   the user may not; the kernel looks at this first
 *   ENOENT  a parent is missing, for a call that would have made something
 *   EXDEV   the other name lies on another mount
 * Where the root is writable only EROFS counts: of a path that was made read-only.
 */
#ifndef RUN_TRACE_H
#define RUN_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"
#include "run/attempts.h"
#include "run/place.h"

/* A call that does not exist for the program, see calls.h. */
struct unknown_call {
	long number;
	bool foreign; /* by the entry point of another kind of machine */
	char process[32];
	uint64_t count;
};

/* Distinct ones that are kept. */
#define UNKNOWN_CALLS_MAX 64

/* Processes and threads that there can be at a time; more are refused with EAGAIN, as by the limit
 * of a control group. Podman has the same number. */
#define TRACEES_MAX 2048

/* What all processes had at one moment. */
struct usage {
	uint64_t time;	   /* nanoseconds since the program's first instruction */
	uint64_t memory;   /* bytes, resident */
	uint64_t cpu_time; /* nanoseconds, those that have ended included */
	unsigned processes;
	unsigned threads;
	unsigned files; /* open descriptors */
};

struct trace {
	struct attempts refused;
	struct attempts written; /* succeeded; of files, directories and links only */
	struct attempts asked;	 /* for the right to write, and it was said to be there */
	struct attempts failed;	 /* for other reasons */
	struct unknown_call *unknown;
	size_t unknown_count;
	size_t unknown_capacity;
	uint64_t refused_forks; /* there were TRACEES_MAX */
	uint64_t start;		/* CLOCK_MONOTONIC of the first instruction; 0 before */
	uint64_t peak_memory;	/* bytes: the most that processes which lived together had at their
				 * peaks, added up */
	uint64_t cpu_time;	/* nanoseconds, user and system, of processes that have ended */
	unsigned peak_processes;
	unsigned peak_threads;
	unsigned peak_files;
	struct tracee *tracees;
	size_t tracee_count;
	size_t tracee_capacity;
	pid_t first;
	bool followed; /* write attempts are recorded: a filter is loaded */
	bool writable; /* the root is */
	struct place_root root;
};

void trace_init(struct trace *trace, pid_t first, bool followed, bool writable);
void trace_release(struct trace *trace);

/* In the supervisor: seizes a process, which must not run on before: the first one, and later
 * those that join it in its namespaces. Of these the attempts are recorded, and nothing is
 * measured: a health check is not what the program needs. */
int trace_seize(struct trace *trace, pid_t pid, struct error *err) must_check;

/*
 * Handles what waitpid (with __WALL) said of `pid`. True where the first process has ended;
 * *ret_status is its status then.
 */
bool trace_handle(struct trace *trace, pid_t pid, int status, int *ret_status);

/* Looks at all processes that live now; the peaks are kept. */
void trace_measure(struct trace *trace, struct usage *ret_usage);

/* CLOCK_MONOTONIC, in nanoseconds. */
uint64_t trace_now(void);

#endif
