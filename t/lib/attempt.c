/*
 * One system call at a time, for fixtures: attempt CALL [PATH [PATH2]]. Prints the errno's name, or
 * "ok". Linked statically, so that an image needs nothing else.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

/* Where the 32-bit entry point can reach it, too. */
static char path[4096];
static char other[4096];

static int open_reading(void)
{
	return open(path, O_RDONLY | O_CLOEXEC);
}

static long bind_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s", path);
	return bind(fd, (struct sockaddr *)&address, sizeof address);
}

static long use_openat2(void)
{
	struct open_how how = { .flags = O_WRONLY | O_CREAT, .mode = 0600 };

	return syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);
}

/* A mapping that would write to the file, through a descriptor that may only read it. */
static long map_shared(void)
{
	void *place = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, open_reading(), 0);

	return place == MAP_FAILED ? -1 : 0;
}

static long use_copy_file_range(void)
{
	return copy_file_range(open("/proc/self/exe", O_RDONLY | O_CLOEXEC), NULL, open_reading(),
			       NULL, 1, 0);
}

/* Newer than the library. */
static long use_setxattrat(void)
{
	struct {
		uint64_t value;
		uint32_t size;
		uint32_t flags;
	} arguments = { (uint64_t)(uintptr_t) "1", 1, 0 };

	return syscall(463, AT_FDCWD, path, 0, "user.x", &arguments, sizeof arguments);
}

/* By the descriptor of the directory `path`. */
static long mkdirat_by_descriptor(void)
{
	return mkdirat(open(path, O_PATH | O_DIRECTORY | O_CLOEXEC), other, 0700);
}

static long clone_namespace(void)
{
	return syscall(SYS_clone, CLONE_NEWUSER | CLONE_NEWNS, NULL, NULL, NULL, NULL);
}

/* By the entry points of other kinds of machines. */
static long x32_mkdir(void)
{
#if defined(__x86_64__)
	return syscall(0x40000000 | SYS_mkdir, path, 0700);
#else
	errno = ENOSYS;
	return -1;
#endif
}

static long compat_mkdir(void)
{
#if defined(__x86_64__)
	long result;

	__asm__ volatile("int $0x80" : "=a"(result) : "a"(39), "b"(path), "c"(0700) : "memory");
	errno = result < 0 ? (int)-result : errno;
	return result < 0 ? -1 : 0;
#else
	errno = ENOSYS;
	return -1;
#endif
}

#define ATTEMPT(name, expression)    \
	if (strcmp(call, name) == 0) \
		return (long)(expression);

static long attempt(const char *call)
{
	ATTEMPT("access", access(path, W_OK))
	ATTEMPT("access-read", access(path, R_OK))
	ATTEMPT("faccessat2", syscall(439 /* faccessat2 */, AT_FDCWD, path, W_OK, AT_EACCESS))
	ATTEMPT("create-for-reading", open(path, O_RDONLY | O_CREAT | O_CLOEXEC, 0644))
	ATTEMPT("append", open(path, O_WRONLY | O_APPEND | O_CLOEXEC))
	ATTEMPT("read-write", open(path, O_RDWR | O_CLOEXEC))
	ATTEMPT("read-truncate", open(path, O_RDONLY | O_TRUNC | O_CLOEXEC))
	ATTEMPT("creat", creat(path, 0600))
	ATTEMPT("openat2", use_openat2())
	ATTEMPT("tmpfile", open(path, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600))
	ATTEMPT("mkdir", mkdir(path, 0700))
	ATTEMPT("mkdirat", mkdirat_by_descriptor())
	ATTEMPT("rmdir", rmdir(path))
	ATTEMPT("unlink", unlink(path))
	ATTEMPT("unlinkat", unlinkat(AT_FDCWD, path, 0))
	ATTEMPT("rename", rename(path, other))
	ATTEMPT("renameat2", renameat2(AT_FDCWD, path, AT_FDCWD, other, RENAME_NOREPLACE))
	ATTEMPT("link", link(path, other))
	ATTEMPT("symlink", symlink(path, other))
	ATTEMPT("mkfifo", mkfifo(path, 0600))
	ATTEMPT("truncate", truncate(path, 0))
	ATTEMPT("ftruncate", ftruncate(open_reading(), 0))
	ATTEMPT("fallocate", fallocate(open_reading(), 0, 0, 1))
	ATTEMPT("copy_file_range", use_copy_file_range())
	ATTEMPT("mmap", map_shared())
	ATTEMPT("chmod", chmod(path, 0600))
	ATTEMPT("fchmod", fchmod(open_reading(), 0600))
	ATTEMPT("fchmodat2", syscall(452, AT_FDCWD, path, 0600, AT_SYMLINK_NOFOLLOW))
	ATTEMPT("chown", chown(path, getuid(), getgid()))
	ATTEMPT("lchown", lchown(path, getuid(), getgid()))
	ATTEMPT("utimensat", utimensat(AT_FDCWD, path, NULL, 0))
	ATTEMPT("utimensat-link", utimensat(AT_FDCWD, path, NULL, AT_SYMLINK_NOFOLLOW))
	ATTEMPT("setxattr", setxattr(path, "user.x", "1", 1, 0))
	ATTEMPT("removexattr", removexattr(path, "user.x"))
	ATTEMPT("setxattrat", use_setxattrat())
	ATTEMPT("bind", bind_socket())
	ATTEMPT("mount", mount("none", path, "tmpfs", 0, NULL))
	ATTEMPT("unshare", unshare(CLONE_NEWUSER | CLONE_NEWNS))
	ATTEMPT("clone-namespace", clone_namespace())
	ATTEMPT("io_uring", syscall(SYS_io_uring_setup, 1, NULL))
	ATTEMPT("unknown", syscall(777))
	ATTEMPT("x32", x32_mkdir())
	ATTEMPT("compat", compat_mkdir())
	ATTEMPT("bad-pointer", syscall(SYS_mkdirat, AT_FDCWD, 8, 0700))
	ATTEMPT("pause", pause())
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 2;
	if (argc > 2)
		(void)snprintf(path, sizeof path, "%s", argv[2]);
	if (argc > 3)
		(void)snprintf(other, sizeof other, "%s", argv[3]);
	if (attempt(argv[1]) < 0)
		(void)puts(strerrorname_np(errno));
	else
		(void)puts("ok");
	return 0;
}
