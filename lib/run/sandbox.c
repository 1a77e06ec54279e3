#include "config.h"

#include "run/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "run/calls.h"
#include "run/mounts.h"
#include "run/noexec.h"

/* What Docker leaves to root in a container; everything else is dropped. */
static const int capabilities_kept[] = {
	CAP_CHOWN,	CAP_DAC_OVERRIDE, CAP_FOWNER,	   CAP_FSETID,		 CAP_KILL,
	CAP_SETGID,	CAP_SETUID,	  CAP_SETPCAP,	   CAP_NET_BIND_SERVICE, CAP_NET_RAW,
	CAP_SYS_CHROOT, CAP_MKNOD,	  CAP_AUDIT_WRITE, CAP_SETFCAP,
};

static int change_root(struct error *err)
{
	if (chdir("mnt/merged") < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return error_set(err, ERROR_SYSTEM, "cannot change the root: %s", strerror(errno));
	return 0;
}

/* --- the process --------------------------------------------------------------------------- */

static int loopback_up(struct error *err)
{
	auto_fd int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	if (fd < 0 || ioctl(fd, SIOCGIFFLAGS, &request) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot bring the loopback up: %s",
				 strerror(errno));
	request.ifr_flags |= IFF_UP | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot bring the loopback up: %s",
				 strerror(errno));
	return 0;
}

/* As engines have it: whoever the program runs as may listen on port 80. */
static void open_low_ports(void)
{
	auto_fd int fd =
		open("/proc/sys/net/ipv4/ip_unprivileged_port_start", O_WRONLY | O_CLOEXEC);

	/* not every kernel knows it */
	if (fd >= 0)
		(void)!write(fd, "0", 1);
}

static bool is_kept(int capability)
{
	for (size_t i = 0; i < array_size(capabilities_kept); i++)
		if (capabilities_kept[i] == capability)
			return true;
	return false;
}

/* What nobody can regain, whoever the program runs as. */
static int drop_bounding(struct error *err)
{
	for (int i = 0; i <= CAP_LAST_CAP; i++)
		if (!is_kept(i) && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EINVAL)
			return error_set(err, ERROR_SYSTEM, "cannot drop a capability: %s",
					 strerror(errno));
	return 0;
}

static int set_capabilities(struct error *err)
{
	struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct data[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

	for (size_t i = 0; i < array_size(capabilities_kept); i++) {
		unsigned bit = 1U << (capabilities_kept[i] % 32);
		struct __user_cap_data_struct *half = &data[capabilities_kept[i] / 32];

		half->permitted |= bit;
		half->effective |= bit;
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot set the capabilities: %s",
				 strerror(errno));
	return 0;
}

static int set_limits(const struct sandbox *sandbox, struct error *err)
{
	struct rlimit no_core = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &no_core);
	for (size_t i = 0; i < sandbox->ulimit_count; i++) {
		const struct ulimit *limit = &sandbox->ulimits[i];
		struct rlimit value = { limit->soft, limit->hard };

		if (setrlimit(limit->resource, &value) < 0)
			return error_set(err, ERROR_SYSTEM, "cannot set the limit '%s': %s",
					 limit->name, strerror(errno));
	}
	return 0;
}

/* A change of user takes the capabilities of anybody but root away. */
static int become_user(const struct sandbox *sandbox, struct error *err)
{
	const struct account *account = sandbox->account;

	/* in a user namespace of an ordinary user setgroups is denied, and there are none to drop
	 */
	if (sandbox->has_groups && setgroups(account->group_count, account->groups) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot set the groups: %s", strerror(errno));
	if (drop_bounding(err) < 0 || (account->uid == 0 && set_capabilities(err) < 0))
		return -1;
	if (setresgid(account->gid, account->gid, account->gid) < 0 ||
	    setresuid(account->uid, account->uid, account->uid) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot become user %u: %s",
				 (unsigned)account->uid, strerror(errno));
	if (account->uid != 0) {
		struct __user_cap_header_struct header = { _LINUX_CAPABILITY_VERSION_3, 0 };
		struct __user_cap_data_struct none[2] = { { 0, 0, 0 }, { 0, 0, 0 } };

		(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
		if (syscall(SYS_capset, &header, none) < 0)
			return error_set(err, ERROR_SYSTEM, "cannot drop the capabilities: %s",
					 strerror(errno));
	}
	return 0;
}

static void send_message(int channel, enum sandbox_message kind, const char *text, int fd)
{
	char message[ERROR_TEXT_MAX + 1];
	struct iovec piece = { message, 0 };
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof fd)];
	} control = { .space = { 0 } };
	struct msghdr whole = { .msg_iov = &piece, .msg_iovlen = 1 };

	message[0] = (char)kind;
	piece.iov_len = 1 + strnlen(text, ERROR_TEXT_MAX);
	memcpy(message + 1, text, piece.iov_len - 1);
	if (fd >= 0) {
		whole.msg_control = control.space;
		whole.msg_controllen = sizeof control.space;
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&control.header), &fd, sizeof fd);
	}
	(void)sendmsg(channel, &whole, MSG_NOSIGNAL);
}

static void wait_for_supervisor(const struct sandbox *sandbox)
{
	char byte;

	if (read(sandbox->channel, &byte, 1) != 1)
		_exit(1);
}

/* A program may open /dev/stdout by its name, which is another opening of the same pipe: it has to
 * be the user's, as runc makes it. */
static void give_streams(const struct sandbox *sandbox)
{
	(void)!fchown(sandbox->out, sandbox->account->uid, (gid_t)-1);
	(void)!fchown(sandbox->err, sandbox->account->uid, (gid_t)-1);
}

static int become_program(const struct sandbox *sandbox, struct error *err)
{
	/* while there is still the right to load it without no_new_privs */
	if (sandbox->traced && calls_load_filter(sandbox->compat, err) < 0)
		return -1;
	give_streams(sandbox);
	if (set_limits(sandbox, err) < 0 || become_user(sandbox, err) < 0)
		return -1;
	if (sandbox->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot set no_new_privs: %s", strerror(errno));
	if (chdir(sandbox->working_dir) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot enter the working directory '%s': %s",
				 sandbox->working_dir, strerror(errno));
	return 0;
}

static int sandbox_prepare(const struct sandbox *sandbox, struct error *err)
{
	auto_fd int upper = -1;

	/* the supervisor maps the ids and seizes us first */
	wait_for_supervisor(sandbox);
	open_low_ports();
	if (mounts_make(sandbox, err) < 0 || loopback_up(err) < 0)
		return -1;
	upper = open("mnt/upper", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (sethostname(sandbox->hostname, strlen(sandbox->hostname)) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot set the host name: %s",
				 strerror(errno));
	if (change_root(err) < 0)
		return -1;
	send_message(sandbox->channel, SANDBOX_READY, "", upper);
	return become_program(sandbox, err);
}

/* As the kernel has it. */
struct kernel_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};
#define SIGNALS 64

static void reset_signals(void)
{
	static const struct kernel_action by_default = { NULL, 0, NULL, 0 };
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	/* the library keeps two of them to itself, and their dispositions are handed down, too */
	for (int i = 1; i <= SIGNALS; i++)
		(void)syscall(SYS_rt_sigaction, i, &by_default, NULL, sizeof by_default.mask);
}

/* One file; what it tells of its failure, where it is there, is kept. */
static int execute_file(const struct sandbox *sandbox, const char *file, struct buf *why)
{
	int saved;

	(void)execve(file, sandbox->argv, sandbox->env);
	saved = errno;
	if (why->size == 0)
		noexec_explain(file, saved, why);
	return saved;
}

/* By the PATH of the container; a file that is no program is an error, not a script for a shell.
 * Returns why it failed. */
static int execute(const struct sandbox *sandbox, struct buf *why)
{
	const char *path = "";
	int saved = ENOENT;

	for (size_t i = 0; sandbox->env[i] != NULL; i++)
		if (strncmp(sandbox->env[i], "PATH=", 5) == 0)
			path = sandbox->env[i] + 5;
	if (strchr(sandbox->argv[0], '/') != NULL)
		return execute_file(sandbox, sandbox->argv[0], why);
	for (;;) {
		size_t length = strcspn(path, ":");
		char file[PATH_MAX];

		if (snprintf(file, sizeof file, "%.*s%s%s", (int)length, path,
			     length > 0 ? "/" : "./", sandbox->argv[0]) < (int)sizeof file) {
			int error = execute_file(sandbox, file, why);

			if (error != ENOENT && error != ENOTDIR)
				saved = error;
		}
		if (path[length] == '\0')
			return saved;
		path += length + 1;
	}
}

/* Returns only where it could not, with the exit status for that. */
static int execute_or_say(const struct sandbox *sandbox, struct error *err)
{
	auto_buf struct buf why;
	int saved;

	buf_init(&why, ERROR_TEXT_MAX);
	saved = execute(sandbox, &why);
	(void)error_set(err, ERROR_INPUT, "cannot execute '%s': %s%s%s", sandbox->argv[0],
			strerror(saved), why.size > 0 ? ": " : "", why.size > 0 ? why.data : "");
	return saved == ENOENT ? 127 : 126;
}

static void take_streams(const struct sandbox *sandbox)
{
	int null = open("/dev/null", O_RDONLY);

	(void)setsid();
	(void)dup2(null, STDIN_FILENO);
	(void)dup2(sandbox->out, STDOUT_FILENO);
	(void)dup2(sandbox->err, STDERR_FILENO);
	if (null > STDERR_FILENO)
		(void)close(null);
	/* a change of user has cleared it; before the tracer it is the only leash */
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	reset_signals();
}

_Noreturn void sandbox_enter(const struct sandbox *sandbox)
{
	struct error err = ERROR_INIT;
	char byte;
	int status;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)umask(022);
	if (sandbox_prepare(sandbox, &err) < 0) {
		send_message(sandbox->channel, SANDBOX_FAILED, err.text, -1);
		_exit(125);
	}
	take_streams(sandbox);
	/* who was ended before the leash was back has not pulled it */
	if (recv(sandbox->channel, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
		_exit(125);
	status = execute_or_say(sandbox, &err);
	send_message(sandbox->channel, SANDBOX_NOT_EXECUTED, err.text, -1);
	_exit(status);
}

_Noreturn void sandbox_join(const struct sandbox *sandbox)
{
	struct error err = ERROR_INIT;
	int status = 126;

	(void)umask(022);
	wait_for_supervisor(sandbox);
	if (become_program(sandbox, &err) == 0) {
		take_streams(sandbox);
		status = execute_or_say(sandbox, &err);
	}
	(void)!write(sandbox->err, err.text, strlen(err.text));
	_exit(status);
}
