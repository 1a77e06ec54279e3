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
#include <sys/statvfs.h>
#include <sys/syscall.h>

#include "base/buf.h"
#include "run/calls.h"
#include "run/inroot.h"
#include "run/noexec.h"

/* What Docker leaves to root in a container; everything else is dropped. */
static const int capabilities_kept[] = {
	CAP_CHOWN,	CAP_DAC_OVERRIDE, CAP_FOWNER,	   CAP_FSETID,		 CAP_KILL,
	CAP_SETGID,	CAP_SETUID,	  CAP_SETPCAP,	   CAP_NET_BIND_SERVICE, CAP_NET_RAW,
	CAP_SYS_CHROOT, CAP_MKNOD,	  CAP_AUDIT_WRITE, CAP_SETFCAP,
};

#define TMPFS_OPTIONS "mode=0755"

static int mount_failed(const char *what, struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "cannot mount %s: %s", what, strerror(errno));
}

/* --- mounts -------------------------------------------------------------------------------- */

/* Makes a directory inside the root, with its missing parents; a new one gets the given owner. */
static int make_inside(int root, const char *path, uid_t uid, gid_t gid, struct error *err)
{
	auto_free char *start = strdup(path);

	if (start == NULL)
		return error_memory(err);
	for (char *p = start;; p++) {
		char saved = *p;
		auto_fd int fd = -1;
		char *slash;
		auto_fd int above = -1;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		fd = inroot_open(root, start, O_PATH, 0);
		if (fd < 0) {
			slash = strrchr(start, '/');
			if (slash != NULL)
				*slash = '\0';
			above = inroot_open(root, slash != NULL ? start : "", O_PATH, 0);
			if (slash != NULL)
				*slash = '/';
			if (above < 0 ||
			    mkdirat(above, slash != NULL ? slash + 1 : start, 0755) < 0 ||
			    (fchownat(above, slash != NULL ? slash + 1 : start, uid, gid,
				      AT_SYMLINK_NOFOLLOW) < 0 &&
			     errno != EINVAL)) /* not mapped: an ordinary user's run */
				return error_set(err, ERROR_SYSTEM,
						 "cannot make '%s' in the container: %s", path,
						 strerror(errno));
		}
		*p = saved;
		if (saved == '\0')
			return 0;
	}
}

/* Mounts onto a path inside the root, through a descriptor, so that no link leads elsewhere. */
static int mount_inside(int root, const char *path, const char *source, const char *type,
			unsigned long flags, const char *options, struct error *err)
{
	auto_fd int target = inroot_open(root, path, O_PATH, 0);
	char self[sizeof "/proc/self/fd/" + 12];

	if (target < 0)
		return mount_failed(path, err);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", target);
	if (mount(source, self, type, flags, options) < 0)
		return mount_failed(path, err);
	return 0;
}

/* In a user namespace the flags that a mount was inherited with are locked, and have to be
 * repeated. */
static unsigned long locked_flags(const char *path)
{
	struct statvfs st;
	unsigned long flags = 0;

	if (statvfs(path, &st) < 0)
		return 0;
	flags |= (st.f_flag & ST_NOSUID) != 0 ? MS_NOSUID : 0;
	flags |= (st.f_flag & ST_NODEV) != 0 ? MS_NODEV : 0;
	flags |= (st.f_flag & ST_NOEXEC) != 0 ? MS_NOEXEC : 0;
	return flags;
}

static int remount_read_only(const char *path, const char *what, struct error *err)
{
	if (mount(NULL, path, NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | locked_flags(path), NULL) <
	    0)
		return mount_failed(what, err);
	return 0;
}

static int write_file(const char *path, const char *text, struct error *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", path, strerror(errno));
	return 0;
}

/* Overlays need relative names: a cache directory may hold ':' or ','. */
static int mount_root(struct error *err)
{
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return mount_failed("private namespace", err);
	if (mount("tmpfs", "mnt", "tmpfs", 0, TMPFS_OPTIONS) < 0)
		return mount_failed("tmpfs", err);
	if (mkdir("mnt/upper", 0755) < 0 || mkdir("mnt/work", 0700) < 0 ||
	    mkdir("mnt/merged", 0755) < 0 || mkdir("mnt/etc", 0755) < 0)
		return mount_failed("tmpfs", err);
	/* a device that a program makes leads nowhere: there is no list of those that are allowed
	 */
	if (mount("overlay", "mnt/merged", "overlay", MS_NODEV,
		  "lowerdir=root,upperdir=mnt/upper,workdir=mnt/work") < 0)
		return error_set(err, ERROR_SYSTEM, "cannot mount an overlay: %s", strerror(errno));
	return 0;
}

/* The overlay's root takes its attributes from the upper directory. */
static int copy_root_attributes(struct error *err)
{
	struct stat st;

	if (stat("root", &st) < 0 || chmod("mnt/upper", st.st_mode & 07777) < 0 ||
	    (geteuid() == 0 && chown("mnt/upper", st.st_uid, st.st_gid) < 0 && errno != EINVAL))
		return error_set(err, ERROR_SYSTEM, "cannot prepare the root: %s", strerror(errno));
	return 0;
}

static int mount_devices(int root, struct error *err)
{
	static const char *const devices[] = { "null", "zero", "full", "random", "urandom", "tty" };
	static const struct {
		const char *target;
		const char *name;
	} links[] = {
		{ "/proc/self/fd", "dev/fd" },	     { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "pts/ptmx", "dev/ptmx" },
	};
	auto_fd int dev = -1;

	if (mount_inside(root, "dev", "tmpfs", "tmpfs", MS_NOSUID | MS_NODEV | MS_STRICTATIME,
			 "mode=755,size=64m", err) < 0)
		return -1;
	for (size_t i = 0; i < array_size(devices); i++) {
		char inside[32];
		char outside[32];
		auto_fd int fd = -1;

		(void)snprintf(inside, sizeof inside, "dev/%s", devices[i]);
		(void)snprintf(outside, sizeof outside, "/dev/%s", devices[i]);
		fd = inroot_open(root, inside, O_CREAT | O_WRONLY, 0666);
		if (fd < 0)
			return mount_failed(inside, err);
		if (mount_inside(root, inside, outside, NULL, MS_BIND, NULL, err) < 0)
			return -1;
	}
	dev = inroot_open(root, "dev", O_PATH, 0);
	if (dev < 0 || mkdirat(dev, "pts", 0755) < 0 || mkdirat(dev, "shm", 01777) < 0 ||
	    mkdirat(dev, "mqueue", 01777) < 0)
		return mount_failed("/dev", err);
	for (size_t i = 0; i < array_size(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name + 4) < 0)
			return mount_failed(links[i].name, err);
	if (mount_inside(root, "dev/pts", "devpts", "devpts", MS_NOSUID | MS_NOEXEC,
			 "newinstance,ptmxmode=0666,mode=0620", err) < 0 ||
	    mount_inside(root, "dev/shm", "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			 "mode=1777,size=64m", err) < 0)
		return -1;
	/* not every kernel has message queues, and few programs miss them */
	(void)!mount_inside(root, "dev/mqueue", "mqueue", "mqueue",
			    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, NULL);
	return 0;
}

/* /proc with the parts read-only that Docker makes so, and /sys. */
static int mount_kernel(int root, struct error *err)
{
	static const char *const read_only[] = { "proc/bus", "proc/fs", "proc/irq", "proc/sys",
						 "proc/sysrq-trigger" };

	if (mount_inside(root, "proc", "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL,
			 err) < 0)
		return -1;
	/* without a network namespace of one's own that owns it, /sys cannot be mounted: bound then
	 */
	if (mount_inside(root, "sys", "sysfs", "sysfs",
			 MS_NOSUID | MS_NODEV | MS_NOEXEC | MS_RDONLY, NULL, NULL) < 0)
		(void)!mount_inside(root, "sys", "/sys", NULL, MS_BIND | MS_REC, NULL, NULL);
	for (size_t i = 0; i < array_size(read_only); i++) {
		auto_fd int fd = inroot_open(root, read_only[i], O_PATH, 0);
		char self[sizeof "/proc/self/fd/" + 12];

		if (fd < 0)
			continue;
		(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
		if (mount(self, self, NULL, MS_BIND, NULL) == 0) {
			auto_fd int over = inroot_open(root, read_only[i], O_PATH, 0);

			(void)snprintf(self, sizeof self, "/proc/self/fd/%d", over);
			(void)mount(NULL, self, NULL,
				    MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV |
					    MS_NOEXEC,
				    NULL);
		}
	}
	return 0;
}

/* The three files that engines put over the image's own. */
static int mount_names(int root, const char *hostname, struct error *err)
{
	static const char *const names[] = { "hosts", "hostname", "resolv.conf" };
	char hosts[512];
	char line[256];

	(void)snprintf(hosts, sizeof hosts,
		       "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		       "127.0.0.1\t%s\n",
		       hostname);
	(void)snprintf(line, sizeof line, "%s\n", hostname);
	if (write_file("mnt/etc/hosts", hosts, err) < 0 ||
	    write_file("mnt/etc/hostname", line, err) < 0 ||
	    write_file("mnt/etc/resolv.conf", "", err) < 0 ||
	    make_inside(root, "etc", 0, 0, NULL) < 0)
		return -1;
	for (size_t i = 0; i < array_size(names); i++) {
		char inside[32];
		char outside[32];
		auto_fd int fd = -1;

		(void)snprintf(inside, sizeof inside, "etc/%s", names[i]);
		(void)snprintf(outside, sizeof outside, "mnt/etc/%s", names[i]);
		fd = inroot_open(root, inside, O_PATH, 0);
		if (fd < 0)
			fd = inroot_open(root, inside, O_CREAT | O_WRONLY, 0644);
		if (fd < 0 || mount_inside(root, inside, outside, NULL, MS_BIND, NULL, err) < 0)
			return mount_failed(inside, err);
	}
	return 0;
}

/* A volume has the image's content and is writable: an overlay of its own. */
static int mount_volume(int root, const char *path, size_t number, struct error *err)
{
	char options[PATH_MAX + 128];
	char upper[32];
	char work[32];
	auto_fd int place = -1;
	struct stat st;
	char self[sizeof "/proc/self/fd/" + 12];

	path += strspn(path, "/");
	if (make_inside(root, path, 0, 0, err) < 0)
		return -1;
	place = inroot_open(root, path, O_PATH | O_DIRECTORY, 0);
	if (place < 0 || fstat(place, &st) < 0)
		return mount_failed(path, err);
	(void)snprintf(upper, sizeof upper, "mnt/volume%zu", number);
	(void)snprintf(work, sizeof work, "mnt/work%zu", number);
	if (mkdir(upper, 0755) < 0 || mkdir(work, 0700) < 0 ||
	    chmod(upper, st.st_mode & 07777) < 0 ||
	    (chown(upper, st.st_uid, st.st_gid) < 0 && errno != EINVAL))
		return mount_failed(path, err);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", place);
	(void)snprintf(options, sizeof options, "lowerdir=%s,upperdir=%s,workdir=%s", self, upper,
		       work);
	if (mount("overlay", self, "overlay", MS_NODEV, options) < 0)
		return mount_failed(path, err);
	return 0;
}

static int mount_read_only_path(const struct sandbox *sandbox, int root, const char *path,
				struct error *err)
{
	auto_fd int place = -1;
	auto_fd int over = -1;
	char self[sizeof "/proc/self/fd/" + 12];

	path += strspn(path, "/");
	/* the user's own, so that nothing but the mount refuses */
	if (make_inside(root, path, sandbox->account->uid, sandbox->account->gid, err) < 0)
		return -1;
	place = inroot_open(root, path, O_PATH, 0);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", place);
	if (place < 0 || mount(self, self, NULL, MS_BIND, NULL) < 0)
		return mount_failed(path, err);
	over = inroot_open(root, path, O_PATH, 0);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", over);
	return remount_read_only(self, path, err);
}

static int mount_tmpfs(int root, const char *path, struct error *err)
{
	path += strspn(path, "/");
	if (make_inside(root, path, 0, 0, err) < 0)
		return -1;
	return mount_inside(root, path, "tmpfs", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			    "mode=1777", err);
}

/* Both lists are sorted, so what lies above another comes first. On the same path a tmpfs takes the
 * place of a volume, as under docker. */
static int make_writable_places(const struct sandbox *sandbox, int root, struct error *err)
{
	char *const *volume = sandbox->volumes;
	char *const *tmpfs = sandbox->tmpfs;
	const char *last = "";

	for (size_t number = 0; *volume != NULL || *tmpfs != NULL; number++) {
		int order = *volume == NULL ? 1 : *tmpfs == NULL ? -1 : strcmp(*volume, *tmpfs);
		const char *path = order < 0 ? *volume : *tmpfs;

		if (strcmp(path, last) != 0 && (order < 0 ? mount_volume(root, path, number, err)
							  : mount_tmpfs(root, path, err)) < 0)
			return -1;
		last = path;
		volume += order <= 0;
		tmpfs += order >= 0;
	}
	return 0;
}

static int make_mounts(const struct sandbox *sandbox, struct error *err)
{
	auto_fd int root = -1;

	if (chdir(sandbox->directory) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot enter '%s': %s", sandbox->directory,
				 strerror(errno));
	if (mount_root(err) < 0 || copy_root_attributes(err) < 0)
		return -1;
	root = open("mnt/merged", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return mount_failed("the root", err);
	for (const char *const *name = (const char *const[]) { "proc", "sys", "dev", NULL };
	     *name != NULL; name++)
		if (make_inside(root, *name, 0, 0, err) < 0)
			return -1;
	if (make_inside(root, sandbox->working_dir + strspn(sandbox->working_dir, "/"), 0, 0, err) <
	    0)
		return -1;
	if (make_writable_places(sandbox, root, err) < 0)
		return -1;
	if (mount_kernel(root, err) < 0 || mount_devices(root, err) < 0 ||
	    mount_names(root, sandbox->hostname, err) < 0)
		return -1;
	for (size_t i = 0; sandbox->read_only_paths[i] != NULL; i++)
		if (mount_read_only_path(sandbox, root, sandbox->read_only_paths[i], err) < 0)
			return -1;
	return sandbox->writable ? 0 : remount_read_only("mnt/merged", "the root read-only", err);
}

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
	for (int i = 0; i <= CAP_LAST_CAP; i++) {
		bool kept = false;

		for (size_t k = 0; k < array_size(capabilities_kept); k++)
			kept = kept || capabilities_kept[k] == i;
		if (!kept && prctl(PR_CAPBSET_DROP, i, 0, 0, 0) < 0 && errno != EINVAL)
			return error_set(err, ERROR_SYSTEM, "cannot drop a capability: %s",
					 strerror(errno));
	}
	if (syscall(SYS_capset, &header, data) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot set the capabilities: %s",
				 strerror(errno));
	return 0;
}

/* A change of user takes the capabilities of anybody but root away. */
static int become_user(const struct sandbox *sandbox, struct error *err)
{
	const struct account *account = sandbox->account;

	/* in a user namespace of an ordinary user setgroups is denied, and there are none to drop
	 */
	if (sandbox->privileged && setgroups(account->group_count, account->groups) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot set the groups: %s", strerror(errno));
	if (account->uid == 0 && set_capabilities(err) < 0)
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
	if (become_user(sandbox, err) < 0)
		return -1;
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
	if (make_mounts(sandbox, err) < 0 || loopback_up(err) < 0)
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

static void reset_signals(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
	for (int i = 1; i < NSIG; i++)
		(void)signal(i, SIG_DFL);
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

static void take_streams(const struct sandbox *sandbox, int null)
{
	struct rlimit no_core = { 0, 0 };

	(void)setrlimit(RLIMIT_CORE, &no_core);
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
	int null = open("/dev/null", O_RDONLY);
	int status;

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	(void)umask(022);
	if (sandbox_prepare(sandbox, &err) < 0) {
		send_message(sandbox->channel, SANDBOX_FAILED, err.text, -1);
		_exit(125);
	}
	take_streams(sandbox, null);
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
		take_streams(sandbox, open("/dev/null", O_RDONLY));
		status = execute_or_say(sandbox, &err);
	}
	(void)!write(sandbox->err, err.text, strlen(err.text));
	_exit(status);
}
