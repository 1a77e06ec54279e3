#include "config.h"

#include "run/join.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* In the order in which they are entered: the right to the others belongs to the first, and the
 * paths of this side are gone with the last. */
static const struct {
	const char *name;
	int kind;
} namespaces[] = {
	{ "user", CLONE_NEWUSER }, { "ipc", CLONE_NEWIPC }, { "uts", CLONE_NEWUTS },
	{ "net", CLONE_NEWNET },   { "pid", CLONE_NEWPID }, { "mnt", CLONE_NEWNS },
};

struct doors {
	int fds[array_size(namespaces)]; /* -1: not to be entered */
};

static void doors_close(const struct doors *doors)
{
	for (size_t i = 0; i < array_size(namespaces); i++)
		close_fd(&doors->fds[i]);
}
#define auto_doors cleanup_by(doors_close)

static int doors_open(struct doors *doors, pid_t pid, bool privileged, struct error *err)
{
	for (size_t i = 0; i < array_size(namespaces); i++)
		doors->fds[i] = -1;
	for (size_t i = 0; i < array_size(namespaces); i++) {
		char path[64];

		/* root's containers have no user namespace of their own */
		if (privileged && namespaces[i].kind == CLONE_NEWUSER)
			continue;
		(void)snprintf(path, sizeof path, "/proc/%d/ns/%s", (int)pid, namespaces[i].name);
		doors->fds[i] = open(path, O_RDONLY | O_CLOEXEC);
		if (doors->fds[i] < 0)
			return error_set(err, ERROR_SYSTEM, "cannot open '%s': %s", path,
					 strerror(errno));
	}
	return 0;
}

/* Between us and the program: only a child is in a PID namespace that one has entered. The child
 * is ours, not its. */
_Noreturn static void go_between(const struct sandbox *sandbox, const struct doors *doors)
{
	long pid;

	for (size_t i = 0; i < array_size(namespaces); i++)
		if (doors->fds[i] >= 0 && setns(doors->fds[i], namespaces[i].kind) < 0)
			_exit(1);
	pid = syscall(SYS_clone, CLONE_PARENT | SIGCHLD, NULL, NULL, NULL, NULL);
	if (pid == 0)
		sandbox_join(sandbox);
	_exit(pid > 0 && write(sandbox->channel, &pid, sizeof pid) == (ssize_t)sizeof pid ? 0 : 1);
}

void joined_init(struct joined *joined)
{
	*joined = (struct joined) { .output = -1 };
}

/* The number of the new process, or 0. */
static pid_t take_pid(int channel, pid_t between)
{
	long pid = 0;
	int status = 0;
	ssize_t got = read(channel, &pid, sizeof pid);

	while (waitpid(between, &status, 0) < 0 && errno == EINTR)
		;
	return got == (ssize_t)sizeof pid ? (pid_t)pid : 0;
}

int joined_start(struct joined *joined, const struct sandbox *like, pid_t container,
		 struct trace *trace, struct error *err)
{
	struct sandbox sandbox = *like;
	auto_doors struct doors doors;
	auto_fd int channel = -1;
	int pair[2];
	int output[2];
	pid_t between;

	if (doors_open(&doors, container, like->privileged, err) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	channel = pair[0];
	if (pipe2(output, O_CLOEXEC) < 0) {
		(void)close(pair[1]);
		return error_set(err, ERROR_SYSTEM, "cannot make a pipe: %s", strerror(errno));
	}
	joined->output = output[0];
	(void)fcntl(output[0], F_SETFL, O_NONBLOCK);
	sandbox.channel = pair[1];
	sandbox.out = output[1];
	sandbox.err = output[1];
	between = fork();
	if (between == 0)
		go_between(&sandbox, &doors);
	(void)close(pair[1]);
	(void)close(output[1]);
	joined->pid = between > 0 ? take_pid(channel, between) : 0;
	if (joined->pid == 0)
		return error_set(err, ERROR_SYSTEM, "cannot enter the container");
	if (trace != NULL && trace_seize(trace, joined->pid, err) < 0)
		return -1;
	if (like->cgroup != NULL && cgroup_add(like->cgroup, joined->pid, err) < 0)
		return -1;
	if (write(channel, "g", 1) != 1)
		return error_set(err, ERROR_SYSTEM, "the container is gone");
	return 0;
}

void joined_kill(const struct joined *joined)
{
	if (joined->pid > 0)
		(void)kill(joined->pid, SIGKILL);
}

void joined_release(struct joined *joined)
{
	if (joined->output >= 0)
		(void)close(joined->output);
	joined_init(joined);
}
