#include "config.h"

#include "run/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "image/path.h"
#include "run/inroot.h"
#include "run/procfs.h"

/* As many as the kernel follows. */
#define LINKS_MAX 40

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

static int open_root(pid_t pid)
{
	char link[64];

	(void)snprintf(link, sizeof link, "/proc/%d/root/", (int)pid);
	return open(link, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

void place_root_find(pid_t pid, struct place_root *ret_root)
{
	auto_fd int root = open_root(pid);

	ret_root->known = root >= 0 && mount_of(root, &ret_root->mount);
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

static char *link_at(int directory, const char *name)
{
	char text[PATH_MAX];
	ssize_t length = readlinkat(directory, name, text, sizeof text - 1);

	if (length < 0)
		return NULL;
	text[length] = '\0';
	return strdup(text);
}

/* What the kernel calls an open file: its path below the root of its mount namespace. */
static char *name_of(int fd)
{
	char link[64];

	(void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	return link_text(link);
}

/* What a descriptor of the process is open on. Where it belongs to another user of ours than we are
 * (subordinate ids) its folder in /proc is closed to us, and the descriptor itself is not. */
static char *descriptor_name(pid_t pid, int descriptor)
{
	char link[64];
	char group[64];
	char *name;
	auto_fd int process = -1;
	auto_fd int own = -1;

	(void)snprintf(link, sizeof link, "/proc/%d/fd/%d", (int)pid, descriptor);
	name = link_text(link);
	if (name != NULL || !procfs_status(pid, "Tgid", group, sizeof group))
		return name;
	process = (int)syscall(SYS_pidfd_open, (pid_t)strtol(group, NULL, 10), 0);
	own = process >= 0 ? (int)syscall(SYS_pidfd_getfd, process, descriptor, 0) : -1;
	return own >= 0 ? name_of(own) : NULL;
}

/* "." and doubled slashes are gone, in place; the root stays "/". */
static char *clean_absolute(char *path)
{
	bool climbs;

	if (path != NULL) {
		path[path_clean(path + 1, &climbs) + 1] = '\0';
		path[0] = '/';
	}
	return path;
}

static char *join(const char *base, const char *name)
{
	char *whole = NULL;
	size_t length = strlen(base);

	if (asprintf(&whole, "%s%s%s", base, length > 0 && base[length - 1] == '/' ? "" : "/",
		     name) < 0)
		return NULL;
	return whole;
}

/* As the process would name what the kernel calls `text`: a root of its own is a part of that.
 * NULL: it cannot be told, or lies outside of that root. */
static const char *below_root(pid_t pid, const char *text)
{
	char link[64];
	auto_free char *root = NULL;
	size_t length;

	(void)snprintf(link, sizeof link, "/proc/%d/root", (int)pid);
	root = link_text(link);
	if (root == NULL)
		return NULL;
	if (strcmp(root, "/") == 0)
		return text;
	length = strlen(root);
	if (strncmp(text, root, length) != 0 || (text[length] != '/' && text[length] != '\0'))
		return NULL;
	return text[length] != '\0' ? text + length : "/";
}

enum origin { ORIGIN_KNOWN, ORIGIN_UNKNOWN, ORIGIN_NO_PATH };

/* The path from the process's root. A pipe or a socket has none. */
static enum origin from_root(pid_t pid, int directory, const char *path, char **ret_path)
{
	char link[64];
	auto_free char *base = NULL;
	const char *below;

	if (path[0] == '/') {
		*ret_path = strdup(path);
		return ORIGIN_KNOWN;
	}
	(void)snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	base = directory == AT_FDCWD ? link_text(link) : descriptor_name(pid, directory);
	if (base != NULL && base[0] != '/')
		return ORIGIN_NO_PATH;
	below = base != NULL ? below_root(pid, base) : NULL;
	if (below == NULL) {
		*ret_path = base != NULL && path[0] != '\0' ? join(base, path)
							    : strdup(base != NULL ? base : path);
		return ORIGIN_UNKNOWN;
	}
	*ret_path = path[0] == '\0' ? strdup(below) : join(below, path);
	return ORIGIN_KNOWN;
}

/* The length of a path's first part that is one of the kernel's links below /proc/PID: "cwd",
 * "root" or "fd/N"; 0: it is none. */
static size_t kernel_link(const char *path)
{
	size_t length = strcspn(path, "/");

	if (length == 3 && strncmp(path, "cwd", 3) == 0)
		return length;
	if (length == 4 && strncmp(path, "root", 4) == 0)
		return length;
	if (length != 2 || strncmp(path, "fd/", 3) != 0)
		return 0;
	length = strspn(path + 3, "0123456789");
	return length > 0 && (path[3 + length] == '/' || path[3 + length] == '\0') ? 3 + length : 0;
}

/* Where a link of a process's folder in /proc leads. The folder `fd` of another user's process is
 * closed to us, and what `pid` itself has open is not. *ret_closed: it is there, and is not told.
 */
static char *kernel_link_text(pid_t pid, int process, int number, const char *name,
			      bool *ret_closed)
{
	char *target = link_at(process, name);

	*ret_closed = false;
	if (target != NULL || errno != EACCES)
		return target;
	if (strncmp(name, "fd/", 3) == 0 && number == procfs_inner_pid(pid))
		return descriptor_name(pid, (int)strtol(name + 3, NULL, 10));
	*ret_closed = true;
	return NULL;
}

/*
 * The kernel's links below /proc lead where no text says, and to the tracer /proc/self is another
 * process: true where *path began with one, and is now what lies behind it. *ret_closed: nobody
 * tells where it leads.
 */
static bool through_proc(pid_t pid, int root_fd, bool follow, char **path, bool *ret_closed)
{
	char folder[64];
	const char *rest = *path + strlen("/proc/");
	size_t length;
	auto_fd int process = -1;
	auto_free char *name = NULL;
	auto_free char *target = NULL;
	struct statfs fs;
	const char *below;
	char *whole = NULL;
	int number;

	if (strncmp(*path, "/proc/", strlen("/proc/")) != 0)
		return false;
	length = strcspn(rest, "/");
	if ((length == 4 && strncmp(rest, "self", 4) == 0) ||
	    (length == 11 && strncmp(rest, "thread-self", 11) == 0))
		number = procfs_inner_pid(pid);
	else if (length > 0 && length < 10 && strspn(rest, "0123456789") == length)
		number = (int)strtol(rest, NULL, 10);
	else
		return false;
	rest += length + (rest[length] == '/');
	if (strncmp(rest, "task/", 5) == 0 && strchr(rest + 5, '/') != NULL) {
		number = (int)strtol(rest + 5, NULL, 10);
		rest = strchr(rest + 5, '/') + 1;
	}
	length = kernel_link(rest);
	if (length == 0 || (!follow && rest[length] == '\0'))
		return false;
	/* a thread has a folder, too, though it is not listed */
	(void)snprintf(folder, sizeof folder, "/proc/%d", number);
	process = inroot_open(root_fd, folder, O_PATH | O_DIRECTORY, 0);
	name = strndup(rest, length);
	if (process < 0 || name == NULL || fstatfs(process, &fs) < 0 ||
	    fs.f_type != PROC_SUPER_MAGIC)
		return false;
	target = kernel_link_text(pid, process, number, name, ret_closed);
	if (target == NULL || target[0] != '/')
		return false;
	below = below_root(pid, target);
	if (below == NULL || asprintf(&whole, "%s%s", below, rest + length) < 0)
		return false;
	free(*path);
	*path = clean_absolute(whole);
	return *path != NULL;
}

/* What is to come behind the first `at` bytes of *path goes behind `start` instead. */
static bool path_splice(char **path, size_t at, const char *start)
{
	char *whole = NULL;

	if (asprintf(&whole, "%s/%s", start, *path + at) < 0)
		return false;
	free(*path);
	*path = clean_absolute(whole);
	return true;
}

/* The link that the first `length` bytes of *path are; its text takes their place. `start` is where
 * its name begins. */
static bool path_splice_link(int root_fd, char **path, size_t start, size_t length)
{
	auto_free char *here = strndup(*path, length);
	auto_free char *folder = strndup(*path, start);
	auto_free char *target = NULL;
	auto_free char *next = NULL;
	auto_fd int fd = -1;

	if (here == NULL || folder == NULL)
		return false;
	fd = inroot_open(root_fd, here, O_PATH | O_NOFOLLOW, 0);
	target = fd >= 0 ? link_at(fd, "") : NULL;
	if (target == NULL)
		return false;
	next = target[0] == '/' ? strdup(target) : join(folder, target);
	return next != NULL && path_splice(path, length, next);
}

static bool is_own_folder(const char *path)
{
	return strncmp(path, "/proc/self/", strlen("/proc/self/")) == 0 ||
	       strncmp(path, "/proc/thread-self/", strlen("/proc/thread-self/")) == 0;
}

static bool is_proc(int root_fd)
{
	auto_fd int fd = inroot_open(root_fd, "/proc", O_PATH | O_DIRECTORY, 0);
	struct statfs fs;

	return fd >= 0 && fstatfs(fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
}

/*
 * Up to the first link, which is followed, or to the end: a path that leads through the kernel's
 * links or through /proc/self is no path for the tracer. ".." is taken where what lies before it is
 * known to be no link. True where a link was followed.
 */
static bool walk(pid_t pid, int root_fd, bool follow, char **path, bool *ret_closed)
{
	size_t at = 1;

	if (through_proc(pid, root_fd, follow, path, ret_closed))
		return true;
	if (*ret_closed)
		return false;
	while ((*path)[at] != '\0') {
		size_t length = strcspn(*path + at, "/");
		size_t end = at + length;
		bool last = (*path)[end] == '\0';
		char number[32];

		if (length == 2 && strncmp(*path + at, "..", 2) == 0) {
			size_t back = at > 1 ? at - 1 : 1;

			while (back > 1 && (*path)[back - 1] != '/')
				back--;
			memmove(*path + back, *path + end + !last, strlen(*path + end + !last) + 1);
			at = back;
			continue;
		}
		if (at == strlen("/proc/") && is_own_folder(*path) && is_proc(root_fd)) {
			(void)snprintf(number, sizeof number, "/proc/%d", procfs_inner_pid(pid));
			return path_splice(path, end, number);
		}
		if ((!last || follow) && path_splice_link(root_fd, path, at, end))
			return true;
		at = end + !last;
	}
	return false;
}

static void look(const struct place_root *root, int fd, struct place *place)
{
	struct statfs fs;
	uint64_t mount;

	if (fstatfs(fd, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC))
		place->where = PLACE_KERNEL;
	else if (!root->known || !mount_of(fd, &mount))
		place->where = PLACE_UNKNOWN;
	else
		place->where = mount == root->mount ? PLACE_ROOT : PLACE_ELSEWHERE;
}

/* Of what is there. */
static bool place_there(const struct place_root *root, int fd, struct place *place)
{
	struct stat st;

	place->path = name_of(fd);
	place->there = true;
	place->is_storage = fstat(fd, &st) == 0 && !S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode) &&
			    !S_ISFIFO(st.st_mode) && !S_ISSOCK(st.st_mode);
	look(root, fd, place);
	return place->path != NULL;
}

/*
 * Of what is not there: the nearest thing above it that is, and the rest of the path behind that.
 * A link that leads nowhere is followed, for the call would do the same: *path is another then.
 */
static bool place_missing(const struct place_root *root, int root_fd, char **path, bool follow,
			  bool *ret_again, struct place *place)
{
	auto_free char *start = strdup(*path);

	*ret_again = false;
	if (start == NULL)
		return false;
	for (;;) {
		char *slash = strrchr(start, '/');
		auto_fd int fd = -1;
		auto_free char *name = NULL;

		if (slash == NULL)
			return false;
		*slash = '\0';
		fd = inroot_open(root_fd, start, O_PATH, 0);
		if (fd < 0)
			continue;
		name = name_of(fd);
		if (name == NULL)
			return false;
		if (follow && strchr(*path + (slash - start) + 1, '/') == NULL) {
			auto_free char *target = link_at(fd, *path + (slash - start) + 1);
			char *next = target == NULL	? NULL
				     : target[0] == '/' ? strdup(target)
							: join(start, target);

			if (next != NULL) {
				free(*path);
				*path = clean_absolute(next);
				*ret_again = true;
				return true;
			}
		}
		place->path = clean_absolute(join(name, *path + (slash - start) + 1));
		place->parent_there = strchr(*path + (slash - start) + 1, '/') == NULL;
		look(root, fd, place);
		return place->path != NULL;
	}
}

/* A path through the kernel's links is not, and what is said of a process's own folder may be of
 * another one. */
static bool is_open_to_us(int root_fd, const char *path, bool follow)
{
	auto_fd int fd = -1;

	if (strncmp(path, "/proc/", strlen("/proc/")) == 0)
		return false;
	fd = inroot_open(root_fd, path, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);
	return fd >= 0;
}

bool place_find(const struct place_root *root, pid_t pid, int directory, const char *path,
		bool follow, struct place *ret_place)
{
	auto_place struct place place = { .where = PLACE_UNKNOWN };
	auto_free char *whole = NULL;
	auto_fd int root_fd = open_root(pid);
	enum origin origin = from_root(pid, directory, path, &whole);
	bool again = true;
	bool closed = false;

	if (origin == ORIGIN_NO_PATH || whole == NULL)
		return false;
	if (origin == ORIGIN_KNOWN)
		(void)clean_absolute(whole);
	/* what cannot be told counts: unknown is never a pass */
	if (root_fd < 0 || origin == ORIGIN_UNKNOWN) {
		place.path = steal(&whole);
		again = false;
	}
	if (again && !is_open_to_us(root_fd, whole, follow)) {
		int links = 0;

		while (links < LINKS_MAX && walk(pid, root_fd, follow, &whole, &closed))
			links++;
		again = links < LINKS_MAX && !closed;
	}
	for (int links = 0; again && links < LINKS_MAX; links++) {
		auto_fd int fd = inroot_open(root_fd, whole, O_PATH | (follow ? 0 : O_NOFOLLOW), 0);

		if (fd >= 0 ? !place_there(root, fd, &place)
			    : !place_missing(root, root_fd, &whole, follow, &again, &place))
			return false;
		if (fd >= 0)
			again = false;
	}
	if (place.path == NULL)
		place.path = steal(&whole);
	*ret_place = place;
	place = (struct place) { 0 };
	return true;
}

void place_release(struct place *place)
{
	free(place->path);
	*place = (struct place) { 0 };
}
