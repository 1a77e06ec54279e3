/*
 * Programs that behave badly, for fixtures: hostile CASE [ARGUMENT]. Each is bounded by itself,
 * too: by a number, or by a time after which it ends. Linked statically, so that an image needs
 * nothing else. Exit status 0: it did what it wanted; 1: it was not let; 2: there is no such case.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A program that nobody stops ends after this many seconds. */
#define LIFE 60

static const char *argument;

static long number(long otherwise)
{
	return argument[0] != '\0' ? strtol(argument, NULL, 10) : otherwise;
}

/* What came of one thing that was tried. */
static int told(const char *what, long result)
{
	(void)printf("%s: %s\n", what, result < 0 ? strerrorname_np(errno) : "ok");
	return result < 0 ? 1 : 0;
}

static void nap(long milliseconds)
{
	struct timespec time = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	(void)nanosleep(&time, NULL);
}

static void wait_all(void)
{
	while (wait(NULL) > 0 || errno == EINTR)
		;
}

/* --- processes ----------------------------------------------------------------------------- */

/* Every one forks until it is over. */
static int fork_bomb(void)
{
	time_t end = time(NULL) + 20;

	while (time(NULL) < end)
		if (fork() < 0)
			sched_yield();
	return 0;
}

/* As many sleeping children as there can be; says how many, and why not more. */
static int sleepers(void)
{
	long most = number(5000);
	long made = 0;
	pid_t pid = 0;

	while (made < most && (pid = fork()) >= 0) {
		if (pid == 0)
			_exit((int)sleep(LIFE));
		made++;
	}
	(void)printf("children: %s\n", made < most ? strerrorname_np(errno) : "as many as wanted");
	(void)fflush(stdout);
	if (made < most)
		return 0;
	(void)pause();
	return 0;
}

static void *thread_sleeps(void *nothing)
{
	(void)sleep(LIFE);
	return nothing;
}

static int many_threads(void)
{
	long most = number(5000);
	pthread_attr_t small;
	pthread_t thread;
	long made = 0;
	int result = 0;

	(void)pthread_attr_init(&small);
	(void)pthread_attr_setstacksize(&small, 65536);
	while (made < most && (result = pthread_create(&thread, &small, thread_sleeps, NULL)) == 0)
		made++;
	(void)printf("threads: %s\n", made < most ? strerrorname_np(result) : "as many as wanted");
	return 0;
}

/* Away from every parent, twice, each behind a setsid(). */
static int daemons(void)
{
	long count = number(20);

	for (long i = 0; i < count; i++)
		if (fork() == 0) {
			(void)setsid();
			if (fork() == 0) {
				(void)signal(SIGHUP, SIG_IGN);
				(void)signal(SIGTERM, SIG_IGN);
				(void)close(STDIN_FILENO);
				(void)setsid();
				nap(LIFE * 1000L);
			}
			_exit(0);
		}
	nap(200);
	(void)puts("daemons");
	return 0;
}

/* Children whose parent is gone, and children whom nobody waits for. */
static int orphans(void)
{
	long count = number(1000);

	for (long i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return told("fork", pid);
		if (pid == 0) {
			if (i % 2 == 0 && fork() == 0)
				nap(50);
			_exit(0);
		}
	}
	nap(100);
	(void)puts("orphans and zombies");
	return 0;
}

static pid_t vfork_one(char *const *argv)
{
	pid_t pid = vfork();

	if (pid == 0) {
		(void)execv(argv[0], argv);
		_exit(127);
	}
	return pid;
}

static int vfork_storm(void)
{
	char *const argv[] = { (char *)(uintptr_t) "/bin/true", NULL };
	long count = number(1000);

	for (long i = 0; i < count; i++) {
		pid_t pid = vfork_one(argv);

		if (pid < 0 || waitpid(pid, NULL, 0) < 0)
			return told("vfork", -1);
	}
	(void)puts("stormed");
	return 0;
}

static void *thread_executes(void *nothing)
{
	(void)execl("/proc/self/exe", "hostile", "write", "/from-exec", NULL);
	return nothing;
}

/* The number of the leader goes to another thread. */
static int thread_exec(void)
{
	pthread_t threads[8];

	for (int i = 0; i < 7; i++)
		(void)pthread_create(&threads[i], NULL, thread_sleeps, NULL);
	(void)pthread_create(&threads[7], NULL, thread_executes, NULL);
	(void)sleep(LIFE);
	return 1;
}

static void *thread_writes_later(void *nothing)
{
	nap(150);
	(void)mkdir("/from-thread", 0700);
	(void)puts("the thread has outlived its leader");
	exit(0);
	return nothing;
}

static int leader_leaves(void)
{
	pthread_t thread;

	(void)pthread_create(&thread, NULL, thread_writes_later, NULL);
	pthread_exit(NULL);
}

/* Each its own paths, each ten times. */
static void *thread_hammers(void *which)
{
	char path[64];

	for (int i = 0; i < 1000; i++) {
		(void)snprintf(path, sizeof path, "/hammer-%d-%d", (int)(intptr_t)which, i % 100);
		(void)mkdir(path, 0700);
	}
	return NULL;
}

static int hammer(void)
{
	pthread_t threads[10];

	for (int i = 0; i < 10; i++)
		(void)pthread_create(&threads[i], NULL, thread_hammers, (void *)(intptr_t)i);
	for (int i = 0; i < 10; i++)
		(void)pthread_join(threads[i], NULL);
	return 0;
}

/* The tracer is asked not to follow. */
static int untraced_child(void)
{
	long pid = syscall(SYS_clone, CLONE_UNTRACED | SIGCHLD, NULL, NULL, NULL, NULL);

	if (pid == 0)
		_exit(told("mkdir", mkdir("/untraced", 0700)));
	if (pid < 0)
		return told("clone", pid);
	wait_all();
	return 0;
}

/* --- signals ------------------------------------------------------------------------------- */

static int deaf(void)
{
	sigset_t all;

	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_IGN);
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, NULL);
	(void)puts("deaf");
	(void)fflush(stdout);
	for (int i = 0; i < LIFE; i++)
		nap(1000);
	return 0;
}

static int kill_first(void)
{
	static const int signals[] = { SIGKILL, SIGSTOP, SIGTERM, SIGSEGV };

	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		(void)kill(1, signals[i]);
	if (fork() == 0) {
		(void)kill(1, SIGKILL);
		(void)kill(1, SIGSTOP);
		(void)kill(-1, SIGKILL);
		_exit(0);
	}
	wait_all();
	(void)puts("still here");
	return 0;
}

/* All stop; one goes on again; nobody wakes the rest. */
static int stops(void)
{
	pid_t pid = fork();
	int status = 0;

	if (pid == 0) {
		(void)raise(SIGSTOP);
		(void)mkdir("/after-the-stop", 0700);
		(void)raise(SIGTSTP);
		_exit(0);
	}
	if (waitpid(pid, &status, WUNTRACED) == pid && WIFSTOPPED(status))
		(void)puts("stopped");
	(void)kill(pid, SIGCONT);
	nap(100);
	(void)fflush(stdout);
	return 0;
}

static int stop_first(void)
{
	(void)raise(SIGSTOP);
	(void)puts("went on");
	return 0;
}

/* --- tracing and filters ------------------------------------------------------------------- */

static int traces(void)
{
	pid_t pid = fork();

	(void)told("traceme", ptrace(PTRACE_TRACEME, 0, NULL, NULL));
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, NULL, NULL);
		(void)mkdir("/traced", 0700);
		nap(LIFE * 1000L);
		_exit(0);
	}
	nap(50);
	(void)told("attach", ptrace(PTRACE_ATTACH, pid, NULL, NULL));
	(void)told("seize", ptrace(PTRACE_SEIZE, pid, NULL, PTRACE_O_EXITKILL));
	(void)kill(pid, SIGKILL);
	wait_all();
	return 0;
}

/* One call, and what becomes of it. */
static long filter(unsigned call, unsigned action, unsigned flags)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, action),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof code / sizeof *code, code };

	(void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

/* A tracer of the program's own is asked for, with what would mean another call, or none. */
static int filter_trace(void)
{
	long word = number(9999);

	if (filter(SYS_mkdirat, SECCOMP_RET_TRACE | ((unsigned)word & SECCOMP_RET_DATA), 0) < 0 ||
	    filter(SYS_getppid, SECCOMP_RET_TRACE | ((unsigned)word & SECCOMP_RET_DATA), 0) < 0)
		return told("filter", -1);
	(void)told("mkdirat", mkdirat(AT_FDCWD, "/by-filter", 0700));
	(void)told("getppid", syscall(SYS_getppid));
	(void)told("rmdir", rmdir("/by-filter"));
	return 0;
}

static int filter_trap(void)
{
	if (filter(SYS_mkdirat, SECCOMP_RET_TRAP, 0) < 0)
		return told("filter", -1);
	(void)mkdirat(AT_FDCWD, "/by-filter", 0700);
	return 0;
}

static int filter_kill(void)
{
	if (filter(SYS_mkdirat, SECCOMP_RET_KILL_PROCESS, 0) < 0)
		return told("filter", -1);
	(void)mkdirat(AT_FDCWD, "/by-filter", 0700);
	return 0;
}

static int filter_errno(void)
{
	if (filter(SYS_mkdirat, SECCOMP_RET_ERRNO | ENOTTY, 0) < 0)
		return told("filter", -1);
	(void)told("mkdirat", mkdirat(AT_FDCWD, "/by-filter", 0700));
	return 0;
}

/* A listener that lets a call go on would take it past the one who counts. */
static int filter_notify(void)
{
	long listener =
		filter(SYS_mkdirat, SECCOMP_RET_USER_NOTIF, SECCOMP_FILTER_FLAG_NEW_LISTENER);
	struct seccomp_notif notice = { 0 };
	struct seccomp_notif_resp answer = { .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE };

	(void)told("listener", listener);
	if (fork() == 0) {
		(void)told("mkdirat", mkdirat(AT_FDCWD, "/by-listener", 0700));
		exit(0);
	}
	if (listener >= 0 && ioctl((int)listener, SECCOMP_IOCTL_NOTIF_RECV, &notice) == 0) {
		answer.id = notice.id;
		(void)ioctl((int)listener, SECCOMP_IOCTL_NOTIF_SEND, &answer);
	}
	wait_all();
	return 0;
}

static int undumpable(void)
{
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	(void)mkdir("/undumpable", 0700);
	return 0;
}

/* --- output -------------------------------------------------------------------------------- */

/* So many MiB, of lines or of one. */
static int pour(bool lines)
{
	static char block[65536];
	long blocks = number(1024) * 16;

	(void)memset(block, 'x', sizeof block);
	for (size_t i = 99; lines && i < sizeof block; i += 100)
		block[i] = '\n';
	for (long i = 0; i < blocks; i++)
		if (write(i % 2 == 0 ? STDOUT_FILENO : STDERR_FILENO, block, sizeof block) < 0)
			return 1;
	return 0;
}

static int pour_line(void)
{
	return pour(false);
}

static int pour_lines(void)
{
	return pour(true);
}

/* Nothing but the ends of lines: their number is what there is to keep. */
static int pour_ends(void)
{
	static char block[65536];
	long blocks = number(64) * 16;

	(void)memset(block, '\n', sizeof block);
	for (long i = 0; i < blocks; i++)
		if (write(STDOUT_FILENO, block, sizeof block) < 0)
			return 1;
	return 0;
}

static int close_all(void)
{
	for (int i = 0; i < 64; i++)
		(void)close(i);
	nap(300);
	(void)mkdir("/closed", 0700);
	return 0;
}

/* What would move a cursor, set a title, and end a line of ours. */
#define OBEYED                                       \
	"\033[2J\033]0;title\007\r\nnot ok 1 - \x9b" \
	"31m\xff\xfe\xc3(\xe2\x80\xae#"

static int obeyed(void)
{
	(void)prctl(PR_SET_NAME, "\033[31m\n\xff\\x)", 0, 0, 0);
	(void)puts(OBEYED);
	(void)fputs(OBEYED "\n", stderr);
	(void)mkdir("/" OBEYED, 0700);
	(void)mkdir("/plain\nsecond line", 0700);
	return 3;
}

static int obeyed_unknown(void)
{
	(void)prctl(PR_SET_NAME, "\033[31m\n\xff\\x)", 0, 0, 0);
	(void)syscall(777);
	return 0;
}

/* --- paths --------------------------------------------------------------------------------- */

static int write_one(void)
{
	return told("mkdir", mkdir(argument, 0700));
}

static int many_paths(void)
{
	char path[300];
	long count = number(50000);

	for (long i = 0; i < count; i++) {
		(void)snprintf(path, sizeof path, "/refused-%ld", i);
		(void)mkdir(path, 0700);
	}
	return 0;
}

/* 4095 bytes are the most that a path can have. */
static int long_paths(void)
{
	static char path[8192];
	long count = number(2000);

	for (long i = 0; i < count; i++) {
		size_t used = 0;

		while (used + 101 < 4095)
			used += (size_t)snprintf(path + used, sizeof path - used, "/%099ld", i);
		while (used < 4095)
			path[used++] = 'x';
		path[used] = '\0';
		(void)mkdir(path, 0700);
	}
	path[100] = '\0';
	(void)mkdir(path, 0700);
	(void)memset(path, 'y', sizeof path - 1);
	return told("mkdir", mkdir(path, 0700)) == 1 && errno == ENAMETOOLONG ? 0 : 1;
}

/* Nowhere, at the kernel's, and at the end of what is mapped. */
static int wild_pointers(void)
{
	char *page = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	(void)munmap(page + 4096, 4096);
	(void)told("zero", syscall(SYS_mkdirat, AT_FDCWD, 0, 0700));
	(void)told("kernel", syscall(SYS_mkdirat, AT_FDCWD, 0xffffffff81000000UL, 0700));
	(void)memset(page, 'z', 4096);
	(void)told("endless", syscall(SYS_mkdirat, AT_FDCWD, page + 4000, 0700));
	(void)memcpy(page + 4088, "/at-end", 8);
	(void)told("at the end", syscall(SYS_mkdirat, AT_FDCWD, page + 4088, 0700));
	(void)told("openat2", syscall(SYS_openat2, AT_FDCWD, "/x", 8, 24));
	(void)told("bind", syscall(SYS_bind, 0, 8, 0x7fffffff));
	(void)told("renameat2", syscall(SYS_renameat2, AT_FDCWD, "/a", AT_FDCWD, 8, 0));
	return 0;
}

/* Ways to the root by the names of /proc. */
static int by_proc(void)
{
	int fd = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char path[64];

	(void)!chdir("/");
	(void)mkdir("/proc/self/cwd/by-cwd", 0700);
	(void)mkdir("/proc/thread-self/root/by-root", 0700);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d/by-fd", fd);
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "/proc/%d/cwd/by-pid", (int)getpid());
	(void)mkdir(path, 0700);
	(void)snprintf(path, sizeof path, "/proc/self/fd/%d",
		       open("/srv/file", O_RDONLY | O_CLOEXEC));
	(void)chmod(path, 0600);
	return 0;
}

static int changes_root(void)
{
	if (told("chroot", chroot("/srv")) != 0)
		return 1;
	(void)mkdir("/in-new-root", 0700);
	(void)told("chdir", chdir("/"));
	(void)mkdir("in-new-root-too", 0700);
	return 0;
}

/* --- what is not allowed ------------------------------------------------------------------- */

static long write_to(const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	long result = fd < 0 ? -1 : write(fd, "h", 1);
	int saved = errno;

	if (fd >= 0)
		(void)close(fd);
	errno = saved;
	return result;
}

static int namespaces(void)
{
	(void)told("user", unshare(CLONE_NEWUSER));
	(void)told("mount", unshare(CLONE_NEWNS));
	(void)told("pid", unshare(CLONE_NEWPID));
	(void)told("setns", setns(open("/proc/1/ns/net", O_RDONLY | O_CLOEXEC), 0));
	(void)told("pivot_root", syscall(SYS_pivot_root, "/", "/srv"));
	(void)told("umount", umount2("/", MNT_DETACH));
	(void)told("remount", mount("none", "/", NULL, MS_REMOUNT | MS_BIND, NULL));
	(void)told("tmpfs", mount("tmpfs", "/srv", "tmpfs", 0, NULL));
	return 0;
}

static int kernel_files(void)
{
	(void)told("sysrq", write_to("/proc/sysrq-trigger"));
	(void)told("core_pattern", write_to("/proc/sys/kernel/core_pattern"));
	(void)told("sys", write_to("/sys/kernel/mm/ksm/run"));
	(void)told("oom", write_to("/proc/self/oom_score_adj"));
	return 0;
}

/* A device node would be a way out. */
static int device_node(void)
{
	char path[256];

	(void)snprintf(path, sizeof path, "%s/node", argument);
	if (mknod(path, S_IFCHR | 0600, makedev(1, 5)) < 0)
		return told("mknod", -1);
	return told("open", open(path, O_RDWR | O_CLOEXEC));
}

static int watches(void)
{
	int inotify = inotify_init1(IN_CLOEXEC);

	(void)told("inotify", inotify_add_watch(inotify, "/", IN_ALL_EVENTS));
	(void)told("fanotify", fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC, O_RDWR));
	return 0;
}

/* Writes until there is no room. */
static int fill(void)
{
	static char block[1 << 20];
	char path[256];
	long result = 0;
	int fd;

	(void)snprintf(path, sizeof path, "%s/full", argument);
	(void)memset(block, 1, sizeof block);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	for (int i = 0; fd >= 0 && i < 65536 && result >= 0; i++)
		result = write(fd, block, sizeof block);
	return told("write", fd < 0 ? -1 : result);
}

static int fill_inodes(void)
{
	long count = number(20000);
	char path[64];
	long result = 0;

	for (long i = 0; i < count && result >= 0; i++) {
		(void)snprintf(path, sizeof path, "/tmp/file-%ld", i);
		result = open(path, O_WRONLY | O_CREAT, 0600);
		if (result >= 0)
			(void)close((int)result);
	}
	return told("files", result);
}

static int naps(void)
{
	nap((long)(strtod(argument, NULL) * 1000));
	return 0;
}

/* Whoever started it is gone, and somebody else is left. */
static int kill_parent(void)
{
	if (fork() == 0) {
		(void)setsid();
		nap(LIFE * 1000L);
		_exit(0);
	}
	(void)kill(getppid(), SIGKILL);
	nap(LIFE * 1000L);
	return 0;
}

static int stops_itself(void)
{
	(void)raise(SIGSTOP);
	return 0;
}

static const struct {
	const char *name;
	int (*run)(void);
} cases[] = {
	{ "fork-bomb", fork_bomb },
	{ "sleepers", sleepers },
	{ "threads", many_threads },
	{ "daemons", daemons },
	{ "orphans", orphans },
	{ "vfork-storm", vfork_storm },
	{ "thread-exec", thread_exec },
	{ "leader-leaves", leader_leaves },
	{ "hammer", hammer },
	{ "untraced-child", untraced_child },
	{ "deaf", deaf },
	{ "kill-first", kill_first },
	{ "stops", stops },
	{ "stop-first", stop_first },
	{ "traces", traces },
	{ "filter-trace", filter_trace },
	{ "filter-trap", filter_trap },
	{ "filter-kill", filter_kill },
	{ "filter-errno", filter_errno },
	{ "filter-notify", filter_notify },
	{ "undumpable", undumpable },
	{ "pour-line", pour_line },
	{ "pour-lines", pour_lines },
	{ "pour-ends", pour_ends },
	{ "close-all", close_all },
	{ "obeyed", obeyed },
	{ "obeyed-unknown", obeyed_unknown },
	{ "write", write_one },
	{ "many-paths", many_paths },
	{ "long-paths", long_paths },
	{ "wild-pointers", wild_pointers },
	{ "by-proc", by_proc },
	{ "changes-root", changes_root },
	{ "namespaces", namespaces },
	{ "kernel-files", kernel_files },
	{ "device-node", device_node },
	{ "watches", watches },
	{ "fill", fill },
	{ "fill-inodes", fill_inodes },
	{ "naps", naps },
	{ "kill-parent", kill_parent },
	{ "stops-itself", stops_itself },
};

/* measure FILE SECONDS COMMAND...: runs COMMAND, for so long at the most, and leaves what it took
 * in FILE: milliseconds, and kilobytes at its peak. Its exit status is COMMAND's, 124 for one that
 * did not end, and 128+N for a signal. */
static int measure(char **argv)
{
	struct timespec begun;
	struct timespec now;
	struct rusage usage;
	FILE *file = fopen(argv[0], "we");
	long limit = strtol(argv[1], NULL, 10);
	bool over = false;
	int status;
	pid_t pid;

	if (file == NULL)
		return 125;
	(void)clock_gettime(CLOCK_MONOTONIC, &begun);
	pid = fork();
	if (pid == 0) {
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	while (wait4(pid, &status, WNOHANG, &usage) != pid) {
		(void)clock_gettime(CLOCK_MONOTONIC, &now);
		if (!over && now.tv_sec - begun.tv_sec > limit) {
			over = true;
			(void)kill(pid, SIGKILL);
		}
		nap(2);
	}
	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	(void)fprintf(file, "%ld %ld\n",
		      (now.tv_sec - begun.tv_sec) * 1000 + (now.tv_nsec - begun.tv_nsec) / 1000000,
		      usage.ru_maxrss);
	(void)fclose(file);
	if (over)
		return 124;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* shoots SIGNAL MILLISECONDS COMMAND...: sends it to COMMAND after that time, and is COMMAND. */
static int shoots(char **argv)
{
	int signal = (int)strtol(argv[0], NULL, 10);
	pid_t target = getpid();

	if (fork() == 0) {
		nap(strtol(argv[1], NULL, 10));
		(void)kill(target, signal);
		_exit(0);
	}
	(void)execvp(argv[2], argv + 2);
	return 127;
}

int main(int argc, char **argv)
{
	if (argc > 4 && strcmp(argv[1], "measure") == 0)
		return measure(argv + 2);
	if (argc > 4 && strcmp(argv[1], "shoots") == 0)
		return shoots(argv + 2);
	argument = argc > 2 ? argv[2] : "";
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	for (size_t i = 0; argc > 1 && i < sizeof cases / sizeof *cases; i++)
		if (strcmp(argv[1], cases[i].name) == 0)
			return cases[i].run();
	(void)fputs("no such case\n", stderr);
	return 2;
}
