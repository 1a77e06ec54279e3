#include "config.h"

#include "run/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "run/inroot.h"

#define TMPFS_OPTIONS "mode=0755"

static int mount_failed(const char *what, struct error *err)
{
	return error_set(err, ERROR_SYSTEM, "cannot mount %s: %s", what, strerror(errno));
}

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

/* What is mounted there already. */
static int remount_inside(int root, const char *path, struct error *err)
{
	auto_fd int over = inroot_open(root, path, O_PATH, 0);
	char self[sizeof "/proc/self/fd/" + 12];

	if (over < 0)
		return mount_failed(path, err);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", over);
	return remount_read_only(self, path, err);
}

static int write_file(const char *path, const char *text, struct error *err)
{
	auto_fd int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		return error_set(err, ERROR_SYSTEM, "cannot write '%s': %s", path, strerror(errno));
	return 0;
}

/* Where an overlay keeps what it has to say of a folder: a user namespace may set no other
 * attributes, and a folder that is removed could not be made again. */
static const char *overlay_attributes(const struct sandbox *sandbox)
{
	return sandbox->privileged ? "" : ",userxattr";
}

/* Overlays need relative names: a cache directory may hold ':' or ','. */
static int mount_root(const struct sandbox *sandbox, struct error *err)
{
	char options[128];

	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return mount_failed("private namespace", err);
	if (mount("tmpfs", "mnt", "tmpfs", 0, TMPFS_OPTIONS) < 0)
		return mount_failed("tmpfs", err);
	if (mkdir("mnt/upper", 0755) < 0 || mkdir("mnt/work", 0700) < 0 ||
	    mkdir("mnt/merged", 0755) < 0 || mkdir("mnt/etc", 0755) < 0)
		return mount_failed("tmpfs", err);
	/* the nodes that an image brings, or its program makes, lead nowhere: there is no list of
	 * devices that are allowed */
	(void)snprintf(options, sizeof options,
		       "lowerdir=root,upperdir=mnt/upper,workdir=mnt/work%s",
		       overlay_attributes(sandbox));
	if (mount("overlay", "mnt/merged", "overlay", MS_NODEV, options) < 0)
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

struct device {
	const char *name;
	unsigned minor; /* of the memory devices; /dev/tty is of another kind */
};

/* A mount of its own keeps the flags that there are now. */
static int bind_itself(int root, const char *path, struct error *err)
{
	auto_fd int fd = inroot_open(root, path, O_PATH, 0);
	char self[sizeof "/proc/self/fd/" + 12];

	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	return fd < 0 || mount(self, self, NULL, MS_BIND, NULL) < 0 ? mount_failed(path, err) : 0;
}

/* The program may make nodes in /dev, too: from now on they lead nowhere. */
static int no_more_devices(int root, struct error *err)
{
	auto_fd int fd = inroot_open(root, "dev", O_PATH, 0);
	char self[sizeof "/proc/self/fd/" + 12];

	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
	if (fd < 0 || mount(NULL, self, NULL,
			    MS_REMOUNT | MS_BIND | MS_NOSUID | MS_NODEV | MS_STRICTATIME, NULL) < 0)
		return mount_failed("dev", err);
	return 0;
}

/* A node where one may make them, else this side's own, mounted there. */
static int make_device(int root, int dev, const struct device *device, struct error *err)
{
	char inside[32];
	char outside[32];
	auto_fd int fd = -1;

	(void)snprintf(inside, sizeof inside, "dev/%s", device->name);
	if (mknodat(dev, device->name, S_IFCHR | 0666,
		    makedev(device->minor > 0 ? 1 : 5, device->minor)) == 0)
		return fchmodat(dev, device->name, 0666, 0) < 0 ? mount_failed(device->name, err)
								: bind_itself(root, inside, err);
	(void)snprintf(outside, sizeof outside, "/dev/%s", device->name);
	fd = inroot_open(root, inside, O_CREAT | O_WRONLY, 0666);
	if (fd < 0)
		return mount_failed(inside, err);
	return mount_inside(root, inside, outside, NULL, MS_BIND, NULL, err);
}

static int mount_devices(int root, struct error *err)
{
	static const struct device devices[] = { { "null", 3 },	  { "zero", 5 },    { "full", 7 },
						 { "random", 8 }, { "urandom", 9 }, { "tty", 0 } };
	static const struct {
		const char *target;
		const char *name;
	} links[] = {
		{ "/proc/self/fd", "dev/fd" },	     { "/proc/self/fd/0", "dev/stdin" },
		{ "/proc/self/fd/1", "dev/stdout" }, { "/proc/self/fd/2", "dev/stderr" },
		{ "pts/ptmx", "dev/ptmx" },
	};
	auto_fd int dev = -1;

	if (mount_inside(root, "dev", "tmpfs", "tmpfs", MS_NOSUID | MS_STRICTATIME,
			 "mode=755,size=65536k", err) < 0)
		return -1;
	dev = inroot_open(root, "dev", O_PATH, 0);
	for (size_t i = 0; dev >= 0 && i < array_size(devices); i++)
		if (make_device(root, dev, &devices[i], err) < 0)
			return -1;
	if (dev < 0 || mkdirat(dev, "pts", 0755) < 0 || mkdirat(dev, "shm", 01777) < 0 ||
	    mkdirat(dev, "mqueue", 01777) < 0)
		return mount_failed("/dev", err);
	for (size_t i = 0; i < array_size(links); i++)
		if (symlinkat(links[i].target, dev, links[i].name + 4) < 0)
			return mount_failed(links[i].name, err);
	/* a group that is not mapped here cannot own a terminal */
	if ((mount_inside(root, "dev/pts", "devpts", "devpts", MS_NOSUID | MS_NOEXEC,
			  "newinstance,ptmxmode=0666,mode=0620,gid=5", NULL) < 0 &&
	     mount_inside(root, "dev/pts", "devpts", "devpts", MS_NOSUID | MS_NOEXEC,
			  "newinstance,ptmxmode=0666,mode=0620", err) < 0) ||
	    mount_inside(root, "dev/shm", "shm", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
			 "mode=1777,size=64m", err) < 0)
		return -1;
	/* not every kernel has message queues, and few programs miss them */
	(void)!mount_inside(root, "dev/mqueue", "mqueue", "mqueue",
			    MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL, NULL);
	return no_more_devices(root, err);
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
		(void)!(mount_inside(root, "sys", "/sys", NULL, MS_BIND | MS_REC, NULL, NULL) ==
				0 &&
			remount_inside(root, "sys", NULL) == 0);
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

/* What Docker hides: a file becomes /dev/null, a folder an empty one that cannot be written. */
static void mask_kernel(int root)
{
	static const char *const masked[] = { "proc/acpi",
					      "proc/asound",
					      "proc/kcore",
					      "proc/keys",
					      "proc/latency_stats",
					      "proc/timer_list",
					      "proc/timer_stats",
					      "proc/sched_debug",
					      "proc/scsi",
					      "sys/firmware",
					      "sys/devices/virtual/powercap" };

	for (size_t i = 0; i < array_size(masked); i++) {
		auto_fd int fd = inroot_open(root, masked[i], O_PATH, 0);
		char self[sizeof "/proc/self/fd/" + 12];
		struct stat st;

		/* not every kernel has all of them */
		if (fd < 0 || fstat(fd, &st) < 0)
			continue;
		(void)snprintf(self, sizeof self, "/proc/self/fd/%d", fd);
		if (S_ISDIR(st.st_mode))
			(void)mount("tmpfs", self, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV, "");
		else
			(void)mount("/dev/null", self, NULL, MS_BIND, NULL);
	}
}

/* An engine takes this side's name servers, reachable or not. */
static int write_resolv_conf(struct error *err)
{
	auto_buf struct buf text;

	buf_init(&text, (size_t)1 << 20);
	if (buf_read_file(&text, "/etc/resolv.conf", NULL) < 0)
		buf_clear(&text);
	return write_file("mnt/etc/resolv.conf", text.size > 0 ? text.data : "", err);
}

/* The three files that engines put over the image's own, read-only where the root is. */
static int mount_names(int root, const char *hostname, bool writable, struct error *err)
{
	static const char *const names[] = { "hosts", "hostname", "resolv.conf" };
	char hosts[512];
	char line[256];

	(void)snprintf(hosts, sizeof hosts,
		       "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
		       "fe00::0\tip6-localnet\nff00::0\tip6-mcastprefix\n"
		       "ff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n127.0.0.1\t%s\n",
		       hostname);
	(void)snprintf(line, sizeof line, "%s\n", hostname);
	if (write_file("mnt/etc/hosts", hosts, err) < 0 ||
	    write_file("mnt/etc/hostname", line, err) < 0 || write_resolv_conf(err) < 0 ||
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
		if (!writable && remount_inside(root, inside, err) < 0)
			return -1;
	}
	return 0;
}

/* A volume has the image's content and is writable: an overlay of its own. */
static int mount_volume(const struct sandbox *sandbox, int root, const char *path, size_t number,
			struct error *err)
{
	char options[PATH_MAX + 128];
	char upper[32];
	char work[32];
	auto_fd int place = -1;
	auto_fd int image = -1;
	auto_fd int lower = -1;
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
	/* the image's folder itself, not what is mounted over it: overlays do not stack for long */
	image = open("root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	lower = image >= 0 ? inroot_open(image, path, O_PATH | O_DIRECTORY, 0) : -1;
	(void)snprintf(options, sizeof options,
		       "lowerdir=/proc/self/fd/%d,upperdir=%s,workdir=%s%s", lower, upper, work,
		       overlay_attributes(sandbox));
	if (lower >= 0 ? mount("overlay", self, "overlay", MS_NODEV, options) < 0
		       : mount(upper, self, NULL, MS_BIND, NULL) < 0)
		return mount_failed(path, err);
	return 0;
}

static int mount_read_only_path(const struct sandbox *sandbox, int root, const char *path,
				struct error *err)
{
	auto_fd int place = -1;
	char self[sizeof "/proc/self/fd/" + 12];

	path += strspn(path, "/");
	/* the user's own, so that nothing but the mount refuses */
	if (make_inside(root, path, sandbox->account->uid, sandbox->account->gid, err) < 0)
		return -1;
	place = inroot_open(root, path, O_PATH, 0);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", place);
	if (place < 0 || mount(self, self, NULL, MS_BIND, NULL) < 0)
		return mount_failed(path, err);
	return remount_inside(root, path, err);
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

		if (strcmp(path, last) != 0 &&
		    (order < 0 ? mount_volume(sandbox, root, path, number, err)
			       : mount_tmpfs(root, path, err)) < 0)
			return -1;
		last = path;
		volume += order <= 0;
		tmpfs += order >= 0;
	}
	return 0;
}

int mounts_make(const struct sandbox *sandbox, struct error *err)
{
	auto_fd int root = -1;

	if (chdir(sandbox->directory) < 0)
		return error_set(err, ERROR_SYSTEM, "cannot enter '%s': %s", sandbox->directory,
				 strerror(errno));
	if (mount_root(sandbox, err) < 0 || copy_root_attributes(err) < 0)
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
	    mount_names(root, sandbox->hostname, sandbox->writable, err) < 0)
		return -1;
	mask_kernel(root);
	for (size_t i = 0; sandbox->read_only_paths[i] != NULL; i++)
		if (mount_read_only_path(sandbox, root, sandbox->read_only_paths[i], err) < 0)
			return -1;
	return sandbox->writable ? 0 : remount_read_only("mnt/merged", "the root read-only", err);
}
