#include "config.h"

#include "run/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MAKES(kind, argument)                       \
	{                                           \
		kind, argument, EFFECT_MAKES, false \
	}
#define DELETES(kind, argument)                       \
	{                                             \
		kind, argument, EFFECT_DELETES, false \
	}
#define CHANGES(kind, argument)                      \
	{                                            \
		kind, argument, EFFECT_CHANGES, true \
	}
#define CHANGES_LINK(argument)                              \
	{                                                   \
		PATH_PLAIN, argument, EFFECT_CHANGES, false \
	}
#define ASKS(kind, argument)                      \
	{                                         \
		kind, argument, EFFECT_ASKS, true \
	}
#define MOUNTS(argument)                                  \
	{                                                 \
		PATH_PLAIN, argument, EFFECT_MOUNTS, true \
	}

/* The position in this table is what the filter hands to the tracer. */
static const struct call calls[] = {
	{ "open", { { PATH_PLAIN, 0, EFFECT_CHANGES, true } }, CALL_OPENS, 1, 0, 0 },
	{ "openat", { { PATH_AT, 1, EFFECT_CHANGES, true } }, CALL_OPENS, 2, 0, 0 },
	{ "openat2", { { PATH_AT, 1, EFFECT_CHANGES, true } }, CALL_OPENS2, 0, 0, 0 },
	{ "creat", { { PATH_PLAIN, 0, EFFECT_MAKES, true } }, CALL_PLAIN, 0, 0, 0 },
	{ "mkdir", { MAKES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "mkdirat", { MAKES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "mknod", { MAKES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "mknodat", { MAKES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "unlink", { DELETES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "unlinkat", { DELETES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "rmdir", { DELETES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "rename", { MAKES(PATH_PLAIN, 1), DELETES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "renameat", { MAKES(PATH_AT, 3), DELETES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "renameat2", { MAKES(PATH_AT, 3), DELETES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "link", { MAKES(PATH_PLAIN, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "linkat", { MAKES(PATH_AT, 3) }, CALL_PLAIN, 0, 0, 0 },
	{ "symlink", { MAKES(PATH_PLAIN, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "symlinkat", { MAKES(PATH_AT, 2) }, CALL_PLAIN, 0, 0, 0 },
	{ "truncate", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "ftruncate", { CHANGES(PATH_FD, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fallocate", { CHANGES(PATH_FD, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "copy_file_range", { CHANGES(PATH_FD, 2) }, CALL_PLAIN, 0, 0, 0 },
	{ "mmap", { CHANGES(PATH_FD, 4) }, CALL_MAPS, 0, 0, 0 },
	{ "chmod", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fchmod", { CHANGES(PATH_FD, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fchmodat", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "fchmodat2", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 3, 452 },
	{ "chown", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fchown", { CHANGES(PATH_FD, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "lchown", { CHANGES_LINK(0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fchownat", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 4, 0 },
	{ "utime", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "utimes", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "futimesat", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 0, 0 },
	{ "utimensat", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 3, 0 },
	{ "setxattr", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "lsetxattr", { CHANGES_LINK(0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fsetxattr", { CHANGES(PATH_FD, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "setxattrat", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 2, 463 },
	{ "removexattr", { CHANGES(PATH_PLAIN, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "lremovexattr", { CHANGES_LINK(0) }, CALL_PLAIN, 0, 0, 0 },
	{ "fremovexattr", { CHANGES(PATH_FD, 0) }, CALL_PLAIN, 0, 0, 0 },
	{ "removexattrat", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 2, 466 },
	{ "file_setattr", { CHANGES(PATH_AT, 1) }, CALL_PLAIN, 0, 4, 469 },
	{ "bind", { { PATH_SOCKET, 1, EFFECT_MAKES, false } }, CALL_PLAIN, 0, 0, 0 },
	{ "access", { ASKS(PATH_PLAIN, 0) }, CALL_ASKS, 1, 0, 0 },
	{ "faccessat", { ASKS(PATH_AT, 1) }, CALL_ASKS, 2, 0, 0 },
	{ "faccessat2", { ASKS(PATH_AT, 1) }, CALL_ASKS, 2, 3, 0 },
	{ "mount", { MOUNTS(1) }, CALL_PLAIN, 0, 0, 0 },
	{ "umount2", { MOUNTS(0) }, CALL_PLAIN, 0, 0, 0 },
	{ "pivot_root", { MOUNTS(0) }, CALL_PLAIN, 0, 0, 0 },
};

/* As Docker's profile, for a container without CAP_SYS_ADMIN. */
static const struct {
	const char *name;
	int error;
} denied[] = {
	{ "io_uring_setup", EPERM },
	{ "io_uring_enter", EPERM },
	{ "io_uring_register", EPERM },
	{ "unshare", EPERM },
	{ "setns", EPERM },
	/* its flags lie in memory; the library takes clone instead */
	{ "clone3", ENOSYS },
	{ "mount_setattr", EPERM },
	{ "move_mount", EPERM },
	{ "open_tree", EPERM },
	{ "fsopen", EPERM },
	{ "fsconfig", EPERM },
	{ "fsmount", EPERM },
	{ "fspick", EPERM },
	{ "open_by_handle_at", EPERM },
	{ "bpf", EPERM },
	{ "perf_event_open", EPERM },
	{ "fanotify_init", EPERM },
	{ "userfaultfd", EPERM },
	{ "add_key", EPERM },
	{ "request_key", EPERM },
	{ "keyctl", EPERM },
};

/* New processes and threads: there is a most of them, and none goes its way without the tracer. */
static const unsigned forking[] = {
	SYS_clone,
#ifdef SYS_fork
	SYS_fork,
	SYS_vfork,
#endif
};

/* Numbers of calls end far below. */
#define NUMBERS 1024
/* In the numbers of x32, which are told by it. */
#define X32_BIT 0x40000000U

static int number_of(const struct call *call)
{
	int number = seccomp_syscall_resolve_name(call->name);

	return number == __NR_SCMP_ERROR && call->number > 0 ? call->number : number;
}

const struct call *call_at(unsigned long index, uint32_t arch, uint64_t number)
{
	int wanted;

	if (index >= array_size(calls))
		return NULL;
	wanted = arch == seccomp_arch_native()
			 ? number_of(&calls[index])
			 : seccomp_syscall_resolve_name_arch(arch, calls[index].name);
	return wanted >= 0 && (uint64_t)wanted == number ? &calls[index] : NULL;
}

bool call_is_foreign(uint32_t arch, uint64_t number)
{
	return arch != seccomp_arch_native() || (number & X32_BIT) != 0;
}

bool call_is_unknown(uint32_t arch, uint64_t number)
{
	auto_free char *name =
		number < NUMBERS ? seccomp_syscall_resolve_num_arch(arch, (int)number) : NULL;

	return name == NULL;
}

bool call_forks(uint32_t arch, uint64_t number)
{
	if (arch != seccomp_arch_native())
		return false;
	for (size_t i = 0; i < array_size(forking); i++)
		if (number == forking[i])
			return true;
	return false;
}

static int add_open(scmp_filter_ctx filter, uint32_t action, int number, const struct call *call)
{
	static const unsigned bits[] = { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC };

	for (size_t i = 0; i < array_size(bits); i++) {
		unsigned mask = bits[i] == O_WRONLY || bits[i] == O_RDWR ? O_ACCMODE : bits[i];
		int result =
			seccomp_rule_add(filter, action, number, 1,
					 SCMP_CMP(call->flags, SCMP_CMP_MASKED_EQ, mask, bits[i]));

		if (result < 0)
			return result;
	}
	return 0;
}

/* Shared and writable, of a file. */
static int add_map(scmp_filter_ctx filter, uint32_t action, int number)
{
	static const unsigned shared[] = { MAP_SHARED, MAP_SHARED_VALIDATE };

	for (size_t i = 0; i < array_size(shared); i++) {
		int result = seccomp_rule_add(
			filter, action, number, 2,
			SCMP_CMP(2, SCMP_CMP_MASKED_EQ, PROT_WRITE, PROT_WRITE),
			SCMP_CMP(3, SCMP_CMP_MASKED_EQ, MAP_TYPE | MAP_ANONYMOUS, shared[i]));

		if (result < 0)
			return result;
	}
	return 0;
}

static int add_call(scmp_filter_ctx filter, unsigned index)
{
	const struct call *call = &calls[index];
	int number = number_of(call);
	uint32_t action = SCMP_ACT_TRACE(index);

	if (number == __NR_SCMP_ERROR)
		return 0;
	switch (call->kind) {
	case CALL_OPENS:
		return add_open(filter, action, number, call);
	case CALL_MAPS:
		return add_map(filter, action, number);
	case CALL_ASKS:
		return seccomp_rule_add(filter, action, number, 1,
					SCMP_CMP(call->flags, SCMP_CMP_MASKED_EQ, W_OK, W_OK));
	case CALL_PLAIN:
	case CALL_OPENS2:
		break;
	}
	return seccomp_rule_add(filter, action, number, 0);
}

/* New namespaces by clone, as Docker denies them. */
static int add_clone(scmp_filter_ctx filter)
{
	static const unsigned new[] = { CLONE_NEWNS,   CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
					CLONE_NEWUSER, CLONE_NEWPID,	CLONE_NEWNET };

	for (size_t i = 0; i < array_size(new); i++) {
		int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
					      SCMP_CMP(0, SCMP_CMP_MASKED_EQ, new[i], new[i]));

		if (result < 0)
			return result;
	}
	return 0;
}

/* A filter that asks a listener, which lets the call go on, is stronger than one that asks the
 * tracer. */
static int add_listener(scmp_filter_ctx filter)
{
	return seccomp_rule_add(filter, SCMP_ACT_ERRNO(EBUSY), SCMP_SYS(seccomp), 2,
				SCMP_CMP(0, SCMP_CMP_EQ, SECCOMP_SET_MODE_FILTER, 0),
				SCMP_CMP(1, SCMP_CMP_MASKED_EQ, SECCOMP_FILTER_FLAG_NEW_LISTENER,
					 SECCOMP_FILTER_FLAG_NEW_LISTENER));
}

static int add_denied(scmp_filter_ctx filter)
{
	for (size_t i = 0; i < array_size(denied); i++) {
		int number = seccomp_syscall_resolve_name(denied[i].name);
		int result = number != __NR_SCMP_ERROR
				     ? seccomp_rule_add(filter,
							SCMP_ACT_ERRNO((unsigned)denied[i].error),
							number, 0)
				     : 0;

		if (result < 0)
			return result;
	}
	return add_clone(filter) < 0 ? -1 : add_listener(filter);
}

/* Of the other kinds of entry points none is added: they are foreign. */
static int add_kinds(scmp_filter_ctx filter, bool compat)
{
	int result =
		seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_TRACE(CALL_FOREIGN));

	if (result == 0)
		result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0);
#if defined(__x86_64__)
	if (result == 0 && compat)
		result = seccomp_arch_add(filter, SCMP_ARCH_X86);
#elif defined(__aarch64__)
	if (result == 0 && compat)
		result = seccomp_arch_add(filter, SCMP_ARCH_ARM);
#endif
	return result;
}

static int filter_fill(scmp_filter_ctx filter, bool compat)
{
	int result = add_kinds(filter, compat);

	for (unsigned i = 0; result == 0 && i < array_size(calls); i++)
		/* a bare number cannot be translated for a second kind */
		if (!compat || calls[i].number == 0)
			result = add_call(filter, i);
	return result == 0 ? add_denied(filter) : result;
}

/* The first number behind those that libseccomp can name: calls of newer kernels. */
static uint32_t first_unknown(void)
{
	uint32_t first = 0;

	for (int number = 0; number < NUMBERS; number++) {
		auto_free char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

		if (name != NULL)
			first = (uint32_t)number + 1;
	}
	return first;
}

/*
 * A filter of its own, for a rule of libseccomp is about one number and each costs its time. Where
 * two filters want the tracer, the one that was loaded last speaks; so this is the first.
 */
static int load_numbers(struct error *err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, seccomp_arch_native(), 1, 0),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forking[0], 4, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forking[array_size(forking) > 1 ? 1 : 0], 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, forking[array_size(forking) - 1], 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, X32_BIT, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, first_unknown(), 1, 2),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | CALL_FORKS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | CALL_UNKNOWN),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { array_size(code), code };

	if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot load the system call filter: %s",
				 strerror(errno));
	return 0;
}

int calls_load_filter(bool compat, struct error *err)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int result;

	if (filter == NULL)
		return error_memory(err);
	if (load_numbers(err) < 0) {
		seccomp_release(filter);
		return -1;
	}
	result = filter_fill(filter, compat);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	if (result < 0)
		return error_set(err, ERROR_SYSTEM, "cannot load the system call filter: %s",
				 strerror(-result));
	return 0;
}
