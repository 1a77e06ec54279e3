#include "config.h"

#include "run/trace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <time.h>

#include "base/array.h"
#include "base/buf.h"
#include "run/procfs.h"

enum tracee_state { TRACEE_RUNS, TRACEE_IN_CALL };

/* One path of the call that a tracee is in. */
struct argument {
	char *path;    /* as the program gave it; NULL: there is none */
	int directory; /* descriptor, or AT_FDCWD */
	enum effect effect;
	bool follows;
};

struct tracee {
	pid_t pid;
	bool leader;   /* of its thread group */
	bool begins;   /* it has been seized, and has not executed its program yet */
	bool guest;    /* it joined the program, or descends from one that did */
	uint64_t peak; /* of a leader: the most memory that was seen */
	enum tracee_state state;
	const struct call *call;
	uint64_t flags; /* of an open */
	struct argument arguments[CALL_PATHS_MAX];
};

uint64_t trace_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

void trace_init(struct trace *trace, pid_t first, bool followed, bool writable)
{
	*trace = (struct trace) { .first = first, .followed = followed, .writable = writable };
}

/* --- tracees ------------------------------------------------------------------------------- */

static void tracee_leave_call(struct tracee *tracee)
{
	tracee->state = TRACEE_RUNS;
	for (size_t i = 0; i < CALL_PATHS_MAX; i++) {
		free(tracee->arguments[i].path);
		tracee->arguments[i].path = NULL;
	}
}

void trace_release(struct trace *trace)
{
	attempts_release(&trace->refused);
	attempts_release(&trace->written);
	attempts_release(&trace->asked);
	attempts_release(&trace->failed);
	for (size_t i = 0; i < trace->tracee_count; i++)
		tracee_leave_call(&trace->tracees[i]);
	free(trace->tracees);
	free(trace->unknown);
	*trace = (struct trace) { 0 };
}

static struct tracee *tracee_find(struct trace *trace, pid_t pid)
{
	for (size_t i = 0; i < trace->tracee_count; i++)
		if (trace->tracees[i].pid == pid)
			return &trace->tracees[i];
	return NULL;
}

static bool is_of_guest(struct trace *trace, pid_t pid, const char *name)
{
	char value[64];
	const struct tracee *relative = procfs_status(pid, name, value, sizeof value)
						? tracee_find(trace, (pid_t)strtol(value, NULL, 10))
						: NULL;

	return relative != NULL && relative->guest;
}

static struct tracee *tracee_add(struct trace *trace, pid_t pid)
{
	struct tracee *tracee = tracee_find(trace, pid);
	char group[64];
	bool guest;

	if (tracee != NULL)
		return tracee;
	/* its end may have been seen before the event that tells of its beginning */
	if (!procfs_status(pid, "Tgid", group, sizeof group))
		return NULL;
	guest = is_of_guest(trace, pid, "Tgid") || is_of_guest(trace, pid, "PPid");
	if (array_room(&trace->tracees, trace->tracee_count, &trace->tracee_capacity, NULL) < 0)
		return NULL;
	tracee = &trace->tracees[trace->tracee_count++];
	*tracee = (struct tracee) { .pid = pid, .guest = guest };
	tracee->leader = strtol(group, NULL, 10) == pid;
	return tracee;
}

static void tracee_remove(struct trace *trace, pid_t pid)
{
	struct tracee *tracee = tracee_find(trace, pid);

	if (tracee == NULL)
		return;
	tracee_leave_call(tracee);
	*tracee = trace->tracees[--trace->tracee_count];
}

int trace_seize(struct trace *trace, pid_t pid, struct error *err)
{
	unsigned long options = PTRACE_O_EXITKILL | PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK |
				PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
				PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACESECCOMP;

	struct tracee *tracee = tracee_add(trace, pid);

	if (tracee == NULL)
		return error_memory(err);
	tracee->begins = true;
	tracee->guest = pid != trace->first;
	if (ptrace(PTRACE_SEIZE, pid, NULL, options) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot trace the container: %s",
				 strerror(errno));
	return 0;
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

		/* an address that leads nowhere is no path: the call fails with EFAULT */
		if (got <= 0)
			return text.size > 0 ? buf_detach(&text) : NULL;
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

/* The path of a unix socket; NULL for an abstract name or another family. */
static char *read_socket_path(pid_t pid, uint64_t where, uint64_t length)
{
	struct sockaddr_un address = { 0 };
	size_t size = length < sizeof address ? (size_t)length : sizeof address;

	if (size <= offsetof(struct sockaddr_un, sun_path) ||
	    !read_bytes(pid, where, &address, size) || address.sun_family != AF_UNIX ||
	    address.sun_path[0] == '\0')
		return NULL;
	return strndup(address.sun_path, sizeof address.sun_path);
}

static void read_argument(pid_t pid, const struct call_path *from, const uint64_t args[6],
			  struct argument *to)
{
	uint64_t value = args[from->argument];

	*to = (struct argument) {
		.directory = AT_FDCWD,
		.effect = from->effect,
		.follows = from->follows,
	};
	switch (from->kind) {
	case PATH_NONE:
		break;
	case PATH_PLAIN:
		to->path = read_string(pid, value);
		break;
	case PATH_AT:
		to->directory = (int)args[from->argument - 1];
		/* utimensat without a path is about the descriptor itself */
		to->path = value != 0 ? read_string(pid, value) : strdup("");
		break;
	case PATH_FD:
		to->directory = (int)value;
		to->path = strdup("");
		break;
	case PATH_SOCKET:
		to->path = read_socket_path(pid, value, args[from->argument + 1]);
		break;
	}
}

/* The flags of an open say whether it makes, and whether a link at the end is followed. */
static void take_open_flags(struct tracee *tracee, uint64_t flags)
{
	struct argument *argument = &tracee->arguments[0];

	tracee->flags = flags;
	if ((flags & (O_CREAT | (O_TMPFILE & ~O_DIRECTORY))) != 0)
		argument->effect = EFFECT_MAKES;
	if ((flags & O_NOFOLLOW) != 0 || (flags & (O_CREAT | O_EXCL)) == (O_CREAT | O_EXCL))
		argument->follows = false;
}

static bool is_open(const struct call *call)
{
	return call->kind == CALL_OPENS || call->kind == CALL_OPENS2;
}

/* A lock file is opened so, for reading: O_CREAT is no write where the file is there. */
static void forget_creat(const struct trace *trace, struct tracee *tracee)
{
	const struct argument *argument = &tracee->arguments[0];
	auto_place struct place place = { 0 };

	if ((tracee->flags & (O_ACCMODE | O_CREAT | O_EXCL | O_TRUNC)) == (O_RDONLY | O_CREAT) &&
	    argument->path != NULL &&
	    place_find(&trace->root, tracee->pid, argument->directory, argument->path, true,
		       &place) &&
	    place.there)
		tracee->flags &= ~(uint64_t)O_CREAT;
}

/* At the entry of a call: keeps what its exit is judged by. */
static void tracee_enter(const struct trace *trace, struct tracee *tracee, const struct call *call,
			 const uint64_t args[6])
{
	struct open_how how = { 0 };

	tracee_leave_call(tracee);
	tracee->call = call;
	tracee->flags = 0;
	for (size_t i = 0; i < CALL_PATHS_MAX; i++)
		read_argument(tracee->pid, &call->paths[i], args, &tracee->arguments[i]);
	if (call->at_flags > 0 && (args[call->at_flags] & AT_SYMLINK_NOFOLLOW) != 0)
		tracee->arguments[0].follows = false;
	if (call->kind == CALL_OPENS)
		take_open_flags(tracee, args[call->flags]);
	else if (call->kind == CALL_OPENS2 && read_bytes(tracee->pid, args[2], &how, sizeof how))
		take_open_flags(tracee, how.flags);
	if (is_open(call))
		forget_creat(trace, tracee);
}

/* --- judging ------------------------------------------------------------------------------- */

/* For reading only, whatever the filter let through. */
static bool is_reading(const struct tracee *tracee)
{
	/* all other flags have no meaning beside O_PATH */
	return is_open(tracee->call) &&
	       ((tracee->flags & O_PATH) != 0 ||
		((tracee->flags & O_ACCMODE) == O_RDONLY &&
		 (tracee->flags & (O_CREAT | O_TRUNC | (O_TMPFILE & ~O_DIRECTORY))) == 0));
}

/* The root, being read-only, is why. */
static bool is_refusal(const struct trace *trace, const struct argument *argument,
		       const struct place *place, int error)
{
	if (argument->effect == EFFECT_MOUNTS)
		return false;
	/* of a path that was made read-only, too */
	if (error == EROFS)
		return place->where != PLACE_KERNEL;
	if (trace->writable || (place->where != PLACE_ROOT && place->where != PLACE_UNKNOWN))
		return false;
	switch (error) {
	case EACCES:
	case EPERM:
	case EXDEV:
		return true;
	case ENOENT:
		return argument->effect == EFFECT_MAKES && !place->there && !place->parent_there;
	default:
		return false;
	}
}

static void record(struct trace *trace, struct attempts *list, const struct tracee *tracee,
		   size_t which, struct place *place, int error)
{
	auto_attempt struct attempt attempt = {
		.pid = procfs_inner_pid(tracee->pid),
		.call = tracee->call->name,
		.effect = tracee->arguments[which].effect,
		.path = steal(&place->path),
		.error = error,
		.on_root = place->where == PLACE_ROOT || place->where == PLACE_UNKNOWN,
	};
	const struct argument *other = &tracee->arguments[1 - which];
	char name[64] = "";

	if (attempts_again(list, &attempt) != NULL)
		return;
	if (attempts_full(list)) {
		list->total++;
		return;
	}
	attempt.time = trace->start > 0 ? trace_now() - trace->start : 0;
	(void)procfs_status(tracee->pid, "Name", name, sizeof name);
	attempt.process = strdup(name);
	attempt.executable = procfs_link(tracee->pid, "exe");
	if (other->path != NULL) {
		auto_place struct place from = { 0 };

		if (place_find(&trace->root, tracee->pid, other->directory, other->path, false,
			       &from))
			attempt.from = steal(&from.path);
	}
	attempts_add(list, &attempt);
}

/* One of the call's paths: true where it has been recorded as refused. */
static bool judge_path(struct trace *trace, const struct tracee *tracee, size_t which, int error)
{
	const struct argument *argument = &tracee->arguments[which];
	auto_place struct place place = { 0 };

	if (argument->path == NULL || !place_find(&trace->root, tracee->pid, argument->directory,
						  argument->path, argument->follows, &place))
		return false;
	if (error != 0 && is_refusal(trace, argument, &place, error)) {
		record(trace, &trace->refused, tracee, which, &place, error);
		return true;
	}
	if (place.where == PLACE_KERNEL || (place.there && !place.is_storage))
		return false;
	if (error != 0 && which == 0)
		record(trace, &trace->failed, tracee, which, &place, error);
	else if (error == 0)
		record(trace, argument->effect == EFFECT_ASKS ? &trace->asked : &trace->written,
		       tracee, which, &place, 0);
	return false;
}

static void judge_call(struct trace *trace, const struct tracee *tracee, int error)
{
	/* what it does on its way to the program is our own; a call that was interrupted comes
	 * again */
	if (tracee->begins || is_reading(tracee) || error == EINTR || error >= 512)
		return;
	for (size_t i = 0; i < CALL_PATHS_MAX; i++)
		if (judge_path(trace, tracee, i, error))
			return;
}

/* --- calls that do not exist here ---------------------------------------------------------- */

static void skip_call(pid_t pid, int error)
{
#if defined(__x86_64__)
	(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rax), (long)-error);
	(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.orig_rax), -1L);
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	int none = -1;
	struct iovec all = { &registers, sizeof registers };
	struct iovec number = { &none, sizeof none };

	if (ptrace(PTRACE_GETREGSET, pid, 1 /* NT_PRSTATUS */, &all) == 0) {
		registers.regs[0] = (unsigned long long)-(long)error;
		(void)ptrace(PTRACE_SETREGSET, pid, 1, &all);
	}
	(void)ptrace(PTRACE_SETREGSET, pid, 0x404 /* NT_ARM_SYSTEM_CALL */, &number);
#else
#error "how is a system call skipped on this kind of machine?"
#endif
}

/* Of clone; the flag would leave the new process without a tracer. */
static void clear_untraced(pid_t pid, uint64_t flags)
{
	if ((flags & CLONE_UNTRACED) == 0)
		return;
	flags &= ~(uint64_t)CLONE_UNTRACED;
#if defined(__x86_64__)
	(void)ptrace(PTRACE_POKEUSER, pid, offsetof(struct user, regs.rdi), (long)flags);
#elif defined(__aarch64__)
	struct user_regs_struct registers;
	struct iovec all = { &registers, sizeof registers };

	if (ptrace(PTRACE_GETREGSET, pid, 1 /* NT_PRSTATUS */, &all) == 0) {
		registers.regs[0] = flags;
		(void)ptrace(PTRACE_SETREGSET, pid, 1, &all);
	}
#endif
}

static void on_fork(struct trace *trace, pid_t pid, long number, uint64_t flags)
{
	if (trace->tracee_count >= TRACEES_MAX) {
		trace->refused_forks++;
		skip_call(pid, EAGAIN);
	} else if (number == SYS_clone) {
		clear_untraced(pid, flags);
	}
}

static void record_unknown(struct trace *trace, pid_t pid, long number, bool foreign)
{
	struct unknown_call *unknown;

	for (size_t i = 0; i < trace->unknown_count; i++)
		if (trace->unknown[i].number == number && trace->unknown[i].foreign == foreign) {
			trace->unknown[i].count++;
			return;
		}
	if (trace->unknown_count == UNKNOWN_CALLS_MAX ||
	    array_room(&trace->unknown, trace->unknown_count, &trace->unknown_capacity, NULL) < 0)
		return;
	unknown = &trace->unknown[trace->unknown_count++];
	*unknown = (struct unknown_call) { .number = number, .foreign = foreign, .count = 1 };
	(void)procfs_status(pid, "Name", unknown->process, sizeof unknown->process);
}

/* --- stops --------------------------------------------------------------------------------- */

static void tracee_continue(pid_t pid, int signal)
{
	(void)ptrace(PTRACE_CONT, pid, NULL, signal);
}

/* True where the exit of the call is waited for. */
static bool enters_call(struct trace *trace, struct tracee *tracee)
{
	struct __ptrace_syscall_info info = { .op = 0 };
	const struct call *call;
	unsigned long index = 0;
	uint64_t args[6];

	if (ptrace(PTRACE_GETEVENTMSG, tracee->pid, NULL, &index) < 0 ||
	    ptrace(PTRACE_GET_SYSCALL_INFO, tracee->pid, sizeof info, &info) <= 0)
		return false;
	if (index == CALL_FORKS && call_forks(info.arch, info.seccomp.nr)) {
		on_fork(trace, tracee->pid, (long)info.seccomp.nr, info.seccomp.args[0]);
		return false;
	}
	call = call_at(index, info.arch, info.seccomp.nr);
	if (call == NULL) {
		bool foreign = call_is_foreign(info.arch, info.seccomp.nr);

		/* what a filter of the program's own asks a tracer about fails where there is none
		 */
		if (foreign || call_is_unknown(info.arch, info.seccomp.nr))
			record_unknown(trace, tracee->pid, (long)info.seccomp.nr, foreign);
		skip_call(tracee->pid, ENOSYS);
		return false;
	}
	for (size_t i = 0; i < array_size(args); i++)
		args[i] = info.seccomp.args[i];
	tracee_enter(trace, tracee, call, args);
	return tracee->arguments[0].path != NULL;
}

static void on_seccomp(struct trace *trace, struct tracee *tracee)
{
	if (!enters_call(trace, tracee)) {
		tracee_leave_call(tracee);
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
		judge_call(trace, tracee, info.exit.is_error ? (int)-info.exit.rval : 0);
	}
	tracee_leave_call(tracee);
	tracee_continue(tracee->pid, 0);
}

static void on_exec(struct trace *trace, pid_t pid)
{
	unsigned long former = 0;
	struct tracee *tracee;

	/* whichever thread called it has the leader's number now, and its own is gone */
	if (ptrace(PTRACE_GETEVENTMSG, pid, NULL, &former) == 0 && (pid_t)former != pid)
		tracee_remove(trace, (pid_t)former);
	tracee = tracee_add(trace, pid);
	if (tracee != NULL) {
		tracee->leader = true;
		tracee->begins = false;
		tracee_leave_call(tracee);
	}
	if (pid == trace->first && trace->start == 0) {
		place_root_find(pid, &trace->root);
		trace->start = trace_now();
	}
	tracee_continue(pid, 0);
}

static void add_peaks(struct trace *trace)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < trace->tracee_count; i++)
		sum += trace->tracees[i].guest ? 0 : trace->tracees[i].peak;
	if (sum > trace->peak_memory)
		trace->peak_memory = sum;
}

/* The others are looked at from time to time: a shell script ends many processes. */
static void on_process_exit(struct trace *trace, pid_t pid)
{
	struct tracee *tracee = tracee_find(trace, pid);

	if (tracee != NULL && tracee->leader) {
		char value[64];

		if (procfs_status(pid, "VmHWM", value, sizeof value))
			tracee->peak = strtoull(value, NULL, 10) * 1024;
		trace->cpu_time += tracee->guest ? 0 : procfs_cpu_time(pid);
		add_peaks(trace);
	}
	tracee_continue(pid, 0);
}

/* Counted at once: who forks without end would come to the tracer before all its children. */
static void on_new_process(struct trace *trace, pid_t parent)
{
	unsigned long pid = 0;

	if (ptrace(PTRACE_GETEVENTMSG, parent, NULL, &pid) == 0)
		(void)tracee_add(trace, (pid_t)pid);
	tracee_continue(parent, 0);
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
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		on_new_process(trace, pid);
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

/* Process 1 of a namespace cannot be stopped from inside; one that is traced could. */
static bool stops_first(const struct trace *trace, pid_t pid, int signal)
{
	siginfo_t info;

	return signal == SIGSTOP && pid == trace->first &&
	       ptrace(PTRACE_GETSIGINFO, pid, NULL, &info) == 0 && info.si_pid != 0;
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
	if (stops_first(trace, pid, WSTOPSIG(status))) {
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

/* --- measuring ----------------------------------------------------------------------------- */

static void keep_most(unsigned *most, unsigned value)
{
	if (value > *most)
		*most = value;
}

void trace_measure(struct trace *trace, struct usage *ret_usage)
{
	struct usage usage = { .cpu_time = trace->cpu_time };

	for (size_t i = 0; i < trace->tracee_count; i++) {
		struct procfs_usage one;

		if (!trace->tracees[i].leader || trace->tracees[i].guest ||
		    !procfs_usage(trace->tracees[i].pid, &one))
			continue;
		usage.processes++;
		usage.memory += one.memory;
		usage.cpu_time += one.cpu_time;
		usage.threads += one.threads;
		usage.files += one.files;
		trace->tracees[i].peak = one.memory_peak;
	}
	add_peaks(trace);
	keep_most(&trace->peak_processes, usage.processes);
	keep_most(&trace->peak_threads, usage.threads);
	keep_most(&trace->peak_files, usage.files);
	usage.time = trace->start > 0 ? trace_now() - trace->start : 0;
	*ret_usage = usage;
}
