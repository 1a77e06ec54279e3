#include "config.h"

#include "run/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <limits.h>
#include <linux/magic.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>

#include "base/array.h"
#include "base/buf.h"
#include "image/path.h"
#include "run/unpack.h"

/* Where a call keeps the path that it would change. */
enum path_kind {
	PATH_PLAIN,  /* argument `path` is the path */
	PATH_AT,     /* argument `path` is the path, the one before it a directory */
	PATH_FD,     /* argument 0 is a descriptor */
	PATH_SOCKET, /* argument 1 is a struct sockaddr */
};

struct call {
	const char *name;
	enum path_kind kind;
	unsigned char path; /* which argument */
	unsigned char mask_argument;
	bool makes;    /* a missing parent is a failed making */
	bool opens;    /* by its flags, in mask_argument */
	unsigned bits; /* traced only where mask_argument has these bits; 0: always */
};

/* The position in this table is what the filter hands to the tracer. */
static const struct call calls[] = {
	{ "open", PATH_PLAIN, 0, 1, true, true, 0 },
	{ "openat", PATH_AT, 1, 2, true, true, 0 },
	{ "openat2", PATH_AT, 1, 2, true, true, 0 },
	{ "creat", PATH_PLAIN, 0, 0, true, false, 0 },
	{ "mkdir", PATH_PLAIN, 0, 0, true, false, 0 },
	{ "mkdirat", PATH_AT, 1, 0, true, false, 0 },
	{ "mknod", PATH_PLAIN, 0, 0, true, false, 0 },
	{ "mknodat", PATH_AT, 1, 0, true, false, 0 },
	{ "unlink", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "unlinkat", PATH_AT, 1, 0, false, false, 0 },
	{ "rmdir", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "rename", PATH_PLAIN, 1, 0, true, false, 0 },
	{ "renameat", PATH_AT, 3, 0, true, false, 0 },
	{ "renameat2", PATH_AT, 3, 0, true, false, 0 },
	{ "link", PATH_PLAIN, 1, 0, true, false, 0 },
	{ "linkat", PATH_AT, 3, 0, true, false, 0 },
	{ "symlink", PATH_PLAIN, 1, 0, true, false, 0 },
	{ "symlinkat", PATH_AT, 2, 0, true, false, 0 },
	{ "truncate", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "chmod", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "fchmod", PATH_FD, 0, 0, false, false, 0 },
	{ "fchmodat", PATH_AT, 1, 0, false, false, 0 },
	{ "fchmodat2", PATH_AT, 1, 0, false, false, 0 },
	{ "chown", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "fchown", PATH_FD, 0, 0, false, false, 0 },
	{ "lchown", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "fchownat", PATH_AT, 1, 0, false, false, 0 },
	{ "utime", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "utimes", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "futimesat", PATH_AT, 1, 0, false, false, 0 },
	{ "utimensat", PATH_AT, 1, 0, false, false, 0 },
	{ "setxattr", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "lsetxattr", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "fsetxattr", PATH_FD, 0, 0, false, false, 0 },
	{ "removexattr", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "lremovexattr", PATH_PLAIN, 0, 0, false, false, 0 },
	{ "fremovexattr", PATH_FD, 0, 0, false, false, 0 },
	{ "bind", PATH_SOCKET, 1, 0, true, false, 0 },
	{ "access", PATH_PLAIN, 0, 1, false, false, W_OK },
	{ "faccessat", PATH_AT, 1, 2, false, false, W_OK },
	{ "faccessat2", PATH_AT, 1, 2, false, false, W_OK },
};

enum tracee_state { TRACEE_RUNS, TRACEE_IN_CALL };

struct tracee {
	pid_t pid;
	bool leader; /* of its thread group */
	enum tracee_state state;
	unsigned call;
	uint64_t flags;
	char *path;    /* as the program gave it */
	int directory; /* descriptor, or AT_FDCWD */
	uint64_t peak; /* of a leader: memory when it ended */
};

uint64_t trace_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void trace_init(struct trace *trace, pid_t first, bool followed)
{
	*trace = (struct trace) { .first = first, .followed = followed };
}

void trace_release(struct trace *trace)
{
	for (size_t i = 0; i < trace->count; i++) {
		free(trace->attempts[i].process);
		free(trace->attempts[i].executable);
		free(trace->attempts[i].path);
	}
	for (size_t i = 0; i < trace->tracee_count; i++)
		free(trace->tracees[i].path);
	free(trace->attempts);
	free(trace->tracees);
	*trace = (struct trace) { 0 };
}

/* --- the filter ---------------------------------------------------------------------------- */

static int filter_add(scmp_filter_ctx filter, unsigned index)
{
	const struct call *call = &calls[index];
	int number = seccomp_syscall_resolve_name(call->name);
	uint32_t action = SCMP_ACT_TRACE(index);
	static const unsigned open_bits[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC };

	if (number == __NR_SCMP_ERROR)
		return 0;
	if (strcmp(call->name, "openat2") == 0 || (!call->opens && call->bits == 0))
		return seccomp_rule_add(filter, action, number, 0);
	if (!call->opens)
		return seccomp_rule_add(
			filter, action, number, 1,
			SCMP_CMP(call->mask_argument, SCMP_CMP_MASKED_EQ, call->bits, call->bits));
	for (size_t i = 0; i < array_size(open_bits); i++) {
		unsigned mask = open_bits[i] == O_WRONLY || open_bits[i] == O_RDWR ? O_ACCMODE
										   : open_bits[i];
		int result = seccomp_rule_add(
			filter, action, number, 1,
			SCMP_CMP(call->mask_argument, SCMP_CMP_MASKED_EQ, mask, open_bits[i]));

		if (result < 0)
			return result;
	}
	return 0;
}

static int filter_fill(scmp_filter_ctx filter)
{
	static const char *const denied[] = { "io_uring_setup", "io_uring_enter",
					      "io_uring_register" };
	int result;

#if defined(__x86_64__)
	/* a 32-bit program is followed as well */
	result = seccomp_arch_add(filter, SCMP_ARCH_X86);
	if (result < 0 && result != -EEXIST)
		return result;
	result = seccomp_arch_add(filter, SCMP_ARCH_X32);
	if (result < 0 && result != -EEXIST)
		return result;
#endif
	/* whatever other kind of call there is goes unseen, so it does not exist */
	result = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS));
	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
	for (size_t i = 0; result == 0 && i < array_size(denied); i++) {
		int number = seccomp_syscall_resolve_name(denied[i]);

		if (number != __NR_SCMP_ERROR)
			result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), number, 0);
	}
	for (unsigned i = 0; result == 0 && i < array_size(calls); i++)
		result = filter_add(filter, i);
	return result;
}

int trace_load_filter(struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result;

	if (filter == NULL)
		return error_memory(err);
	result = filter_fill(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result < 0)
		return error_set(err, ERROR_SYSTEM, "cannot load the system call filter: %s",
				 strerror(-result));
	return 0;
}

/* --- tracees ------------------------------------------------------------------------------- */

int trace_seize(struct trace *trace, struct error *err)
{
	unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
				PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
				PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP;

	if (ptrace(PTRACE_SEIZE, trace->first, NULL, options) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot trace the container: %s",
				 strerror(errno));
	return 0;
}

static struct tracee *tracee_find(struct trace *trace, pid_t pid)
{
	for (size_t i = 0; i < trace->tracee_count; i++)
		if (trace->tracees[i].pid == pid)
			return &trace->tracees[i];
	return NULL;
}

/* A line "NAME: VALUE" of /proc/PID/status. */
static bool status_value(pid_t pid, const char *name, char *value, size_t size)
{
	char path[64];
	char line[256];
	size_t length = strlen(name);
	auto_file FILE *file = NULL;

	(void)snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	while (fgets(line, sizeof line, file) != NULL)
		if (strncmp(line, name, length) == 0 && line[length] == ':') {
			(void)snprintf(value, size, "%.*s", (int)strcspn(line + length + 1, "\n"),
				       line + length + 1);
			return true;
		}
	return false;
}

static struct tracee *tracee_add(struct trace *trace, pid_t pid)
{
	struct tracee *tracee = tracee_find(trace, pid);
	char group[64];

	if (tracee != NULL)
		return tracee;
	if (array_room(&trace->tracees, trace->tracee_count, &trace->tracee_capacity, NULL) < 0)
		return NULL;
	tracee = &trace->tracees[trace->tracee_count++];
	*tracee = (struct tracee) { .pid = pid };
	tracee->leader =
		status_value(pid, "Tgid", group, sizeof group) && strtol(group, NULL, 10) == pid;
	return tracee;
}

static void tracee_remove(struct trace *trace, pid_t pid)
{
	struct tracee *tracee = tracee_find(trace, pid);

	if (tracee == NULL)
		return;
	free(tracee->path);
	*tracee = trace->tracees[--trace->tracee_count];
}

static uint64_t memory_peak_of(pid_t pid)
{
	char value[64];

	return status_value(pid, "VmHWM", value, sizeof value)
		       ? (uint64_t)strtoull(value, NULL, 10) * 1024
		       : 0;
}

/* The peaks of all that live now, added up. */
static void trace_measure_memory(struct trace *trace)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < trace->tracee_count; i++)
		if (trace->tracees[i].leader)
			sum += memory_peak_of(trace->tracees[i].pid);
	if (sum > trace->peak_memory)
		trace->peak_memory = sum;
}

/* User and system time of a whole process: fields 14 and 15 of /proc/PID/stat, in ticks. */
static uint64_t cpu_time_of(pid_t pid)
{
	char path[64];
	char line[1024];
	auto_file FILE *file = NULL;
	char *rest;
	unsigned long long user = 0;
	unsigned long long system = 0;
	long ticks = sysconf(_SC_CLK_TCK);

	(void)snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file == NULL || fgets(line, sizeof line, file) == NULL)
		return 0;
	/* the name in parentheses may hold anything */
	rest = strrchr(line, ')');
	for (int field = 2; rest != NULL && field < 14; field++) {
		rest = strchr(rest, ' ');
		if (rest != NULL)
			rest++;
	}
	if (rest == NULL)
		return 0;
	user = strtoull(rest, &rest, 10);
	system = strtoull(rest, NULL, 10);
	return (uint64_t)(user + system) *
	       (UINT64_C(1000000000) / (uint64_t)(ticks > 0 ? ticks : 100));
}

/* --- reading what a call says -------------------------------------------------------------- */

/* A string in the tracee's memory; page by page, for it may end at an unmapped one. */
static char *read_string(pid_t pid, uint64_t address)
{
	auto_buf struct buf text;
	char piece[4096];

	buf_init(&text, PATH_MAX);
	while (text.size < PATH_MAX) {
		size_t size = sizeof piece - (size_t)(address % sizeof piece);
		struct iovec local = { piece, size };
		struct iovec remote = { (void *)(uintptr_t)address, size };
		ssize_t got = process_vm_readv(pid, &local, 1, &remote, 1, 0);
		size_t length;

		if (got <= 0)
			break;
		length = strnlen(piece, (size_t)got);
		buf_add(&text, piece, length);
		if (length < (size_t)got)
			break;
		address += (uint64_t)got;
	}
	return buf_detach(&text);
}

static bool read_bytes(pid_t pid, uint64_t address, void *data, size_t size)
{
	struct iovec local = { data, size };
	struct iovec remote = { (void *)(uintptr_t)address, size };

	return process_vm_readv(pid, &local, 1, &remote, 1, 0) == (ssize_t)size;
}

static char *link_text(const char *path)
{
	char text[PATH_MAX];
	ssize_t length = readlink(path, text, sizeof text - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	return strdup(text);
}

/* The path of a unix socket; NULL for an abstract name or another family. */
static char *read_socket_path(pid_t pid, const uint64_t args[6])
{
	struct sockaddr_un address = { 0 };
	size_t size = args[2] < sizeof address ? (size_t)args[2] : sizeof address;

	if (size <= offsetof(struct sockaddr_un, sun_path) ||
	    !read_bytes(pid, args[1], &address, size) || address.sun_family != AF_UNIX ||
	    address.sun_path[0] == '\0')
		return NULL;
	return strndup(address.sun_path, sizeof address.sun_path);
}

/* At the entry of a call: keeps what its exit is judged by. */
static void tracee_enter(struct tracee *tracee, unsigned index, const uint64_t args[6])
{
	const struct call *call = &calls[index];

	free(tracee->path);
	tracee->path = NULL;
	tracee->call = index;
	tracee->directory = AT_FDCWD;
	tracee->flags = args[call->mask_argument];
	if (strcmp(call->name, "openat2") == 0) {
		struct open_how how = { 0 };

		tracee->flags = read_bytes(tracee->pid, args[2], &how, sizeof how) ? how.flags : 0;
	}
	switch (call->kind) {
	case PATH_PLAIN:
		tracee->path = read_string(tracee->pid, args[call->path]);
		break;
	case PATH_AT:
		tracee->directory = (int)args[call->path - 1];
		/* utimensat without a path is about the descriptor itself */
		tracee->path = args[call->path] != 0 ? read_string(tracee->pid, args[call->path])
						     : strdup("");
		break;
	case PATH_FD:
		tracee->directory = (int)args[0];
		tracee->path = strdup("");
		break;
	case PATH_SOCKET:
		tracee->path = read_socket_path(tracee->pid, args);
		break;
	}
}

/* In place; the root stays "/". */
static char *clean_absolute(char *path)
{
	bool climbs;

	if (path != NULL) {
		path[path_clean(path + 1, &climbs) + 1] = '\0';
		path[0] = '/';
	}
	return path;
}

/* The absolute path, as the container sees it, without "." and doubled or trailing "/". */
static char *tracee_absolute(const struct tracee *tracee)
{
	char link[64];
	auto_free char *base = NULL;
	const char *path = tracee->path;
	char *whole = NULL;

	if (path[0] == '/')
		return clean_absolute(strdup(path));
	if (tracee->directory == AT_FDCWD)
		(void)snprintf(link, sizeof link, "/proc/%d/cwd", (int)tracee->pid);
	else
		(void)snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)tracee->pid,
			       tracee->directory);
	base = link_text(link);
	if (base == NULL)
		return strdup(path);
	if (asprintf(&whole, "%s/%s", base, path) < 0)
		return NULL;
	return clean_absolute(whole);
}

/* The mount, not the device: an overlay's files have the device of the layer they lie in. */
static bool mount_of(int fd, uint64_t *ret_mount)
{
	struct statx st;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &st) < 0 ||
	    (st.stx_mask & STATX_MNT_ID) == 0)
		return false;
	*ret_mount = st.stx_mnt_id;
	return true;
}

/* /proc and /sys, which refuse writes whatever the root is. */
static bool is_kernel_mount(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 && (st.f_type == PROC_SUPER_MAGIC || st.f_type == SYSFS_MAGIC);
}

/*
 * Is the failure the root's? It is where the nearest existing directory of the path lies on the
 * root's mount, and for EROFS also where it lies on a path that was made read-only on demand.
 */
static bool is_of_root(const struct trace *trace, const struct tracee *tracee, const char *path,
		       int error)
{
	char link[64];
	auto_free char *start = strdup(path);
	auto_fd int root = -1;

	(void)snprintf(link, sizeof link, "/proc/%d/root", (int)tracee->pid);
	root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
	/* what cannot be told counts: unknown is never a pass */
	if (root < 0 || start == NULL || !trace->root_known)
		return true;
	for (;;) {
		auto_fd int fd = unpack_open_in_root(root, start, O_PATH, 0);
		uint64_t mount;
		char *slash;

		if (fd >= 0 && error == EROFS)
			return !is_kernel_mount(fd);
		if (fd >= 0)
			return !mount_of(fd, &mount) || mount == trace->root_mount;
		slash = strrchr(start, '/');
		if (slash == NULL)
			return true;
		*slash = '\0';
	}
}

static bool is_write_failure(const struct call *call, int error)
{
	switch (error) {
	case EROFS:
	case EACCES:
	case EPERM:
	case EXDEV:
		return true;
	case ENOENT:
		return call->makes;
	default:
		return false;
	}
}

/* Without O_CREAT a missing file is no failed making; reading with O_CREAT of what cannot be read
 * is. */
static bool is_write_open(const struct tracee *tracee, int error)
{
	if (!calls[tracee->call].opens)
		return true;
	if ((tracee->flags & O_ACCMODE) == O_RDONLY &&
	    (tracee->flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))) == 0)
		return false;
	return error != ENOENT || (tracee->flags & O_CREAT) != 0;
}

static struct attempt *attempt_same(const struct trace *trace, pid_t pid, const char *call,
				    const char *path, int error)
{
	for (size_t i = 0; i < trace->count; i++) {
		struct attempt *attempt = &trace->attempts[i];

		if (attempt->pid == pid && attempt->error == error && attempt->call == call &&
		    strcmp(attempt->path, path) == 0)
			return attempt;
	}
	return NULL;
}

/* The innermost pid of NSpid. */
static pid_t pid_inside(pid_t pid)
{
	char value[256];
	char *last;

	if (!status_value(pid, "NSpid", value, sizeof value))
		return pid;
	last = strrchr(value, '\t');
	return (pid_t)strtol(last != NULL ? last : value, NULL, 10);
}

static void trace_record(struct trace *trace, const struct tracee *tracee, int error)
{
	const struct call *call = &calls[tracee->call];
	auto_free char *path = tracee_absolute(tracee);
	struct attempt *same;
	char value[256] = "";
	char link[64];
	pid_t pid;

	if (path == NULL || !is_of_root(trace, tracee, path, error))
		return;
	trace->total++;
	pid = pid_inside(tracee->pid);
	same = attempt_same(trace, pid, call->name, path, error);
	if (same != NULL) {
		same->count++;
		return;
	}
	if (trace->count == ATTEMPTS_MAX)
		return;
	if (array_room(&trace->attempts, trace->count, &trace->capacity, NULL) < 0)
		return;
	(void)status_value(tracee->pid, "Name", value, sizeof value);
	(void)snprintf(link, sizeof link, "/proc/%d/exe", (int)tracee->pid);
	trace->attempts[trace->count++] = (struct attempt) {
		.time = trace->start > 0 ? trace_now() - trace->start : 0,
		.pid = pid,
		.process = strdup(value + strspn(value, "\t ")),
		.executable = link_text(link),
		.call = call->name,
		.path = steal(&path),
		.error = error,
		.count = 1,
	};
}

/* --- stops --------------------------------------------------------------------------------- */

static void tracee_continue(pid_t pid, int signal)
{
	(void)ptrace(PTRACE_CONT, pid, NULL, signal);
}

static void on_seccomp(struct trace *trace, struct tracee *tracee)
{
	struct __ptrace_syscall_info info = { .op = 0 };
	unsigned long index = 0;
	uint64_t args[6];

	(void)trace;
	if (ptrace(PTRACE_GETEVENTMSG, tracee->pid, NULL, &index) < 0 ||
	    index >= array_size(calls) ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof info, &info) <= 0) {
		tracee_continue(tracee->pid, 0);
		return;
	}
	for (size_t i = 0; i < array_size(args); i++)
		args[i] = info.seccomp.args[i];
	tracee_enter(tracee, (unsigned)index, args);
	if (tracee->path == NULL) {
		tracee_continue(tracee->pid, 0);
		return;
	}
	tracee->state = TRACEE_IN_CALL;
	(void)ptrace(PTRACE_SYSCALL, tracee->pid, NULL, 0);
}

static void on_call_stop(struct trace *trace, struct tracee *tracee)
{
	struct __ptrace_syscall_info info = { .op = 0 };

	if (tracee->state == TRACEE_IN_CALL &&
	    ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof info, &info) > 0) {
		if (info.op != PTRACE_SYSCALL_INFO_EXIT) {
			(void)ptrace(PTRACE_SYSCALL, tracee->pid, NULL, 0);
			return;
		}
		if (info.exit.is_error) {
			int error = (int)-info.exit.rval;

			if (is_write_failure(&calls[tracee->call], error) &&
			    is_write_open(tracee, error))
				trace_record(trace, tracee, error);
		}
	}
	tracee->state = TRACEE_RUNS;
	free(tracee->path);
	tracee->path = NULL;
	tracee_continue(tracee->pid, 0);
}

static void on_exec(struct trace *trace, pid_t pid)
{
	struct tracee *tracee = tracee_add(trace, pid);

	/* whichever thread called it, it is the leader now */
	if (tracee != NULL) {
		tracee->leader = true;
		tracee->state = TRACEE_RUNS;
	}
	if (pid == trace->first && trace->start == 0) {
		char link[64];
		auto_fd int root = -1;

		(void)snprintf(link, sizeof link, "/proc/%d/root/", (int)pid);
		root = open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
		trace->root_known = root >= 0 && mount_of(root, &trace->root_mount);
		trace->start = trace_now();
	}
	tracee_continue(pid, 0);
}

static void on_process_exit(struct trace *trace, pid_t pid)
{
	const struct tracee *tracee = tracee_find(trace, pid);

	if (tracee != NULL && tracee->leader) {
		trace_measure_memory(trace);
		trace->cpu_time += cpu_time_of(pid);
	}
	tracee_continue(pid, 0);
}

static void on_event(struct trace *trace, pid_t pid, int status)
{
	int event = status >> 16;
	int signal = WSTOPSIG(status);
	struct tracee *tracee = tracee_add(trace, pid);

	switch (event) {
	case PTRACE_EVENT_SECCOMP:
		if (tracee != NULL)
			on_seccomp(trace, tracee);
		else
			tracee_continue(pid, 0);
		return;
	case PTRACE_EVENT_EXEC:
		on_exec(trace, pid);
		return;
	case PTRACE_EVENT_EXIT:
		on_process_exit(trace, pid);
		return;
	case PTRACE_EVENT_STOP:
		/* a group stop stays one; the first stop of a new tracee goes on */
		if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN ||
		    signal == SIGTTOU)
			(void)ptrace(PTRACE_LISTEN, pid, NULL, 0);
		else
			tracee_continue(pid, 0);
		return;
	default:
		tracee_continue(pid, 0);
		return;
	}
}

bool trace_handle(struct trace *trace, pid_t pid, int status, int *ret_status)
{
	struct tracee *tracee;

	if (WIFEXITED(status) || WIFSIGNALED(status)) {
		tracee_remove(trace, pid);
		if (pid != trace->first)
			return false;
		*ret_status = status;
		return true;
	}
	if (!WIFSTOPPED(status))
		return false;
	if (status >> 16 != 0) {
		on_event(trace, pid, status);
		return false;
	}
	tracee = tracee_add(trace, pid);
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		if (tracee != NULL)
			on_call_stop(trace, tracee);
		else
			tracee_continue(pid, 0);
		return false;
	}
	/* a signal on its way, also to one that is inside a call: its exit is still waited for */
	if (tracee != NULL && tracee->state == TRACEE_IN_CALL)
		(void)ptrace(PTRACE_SYSCALL, pid, NULL, WSTOPSIG(status));
	else
		tracee_continue(pid, WSTOPSIG(status));
	return false;
}
