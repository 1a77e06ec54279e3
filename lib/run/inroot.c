#include "config.h"

#include "run/inroot.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#define LINKS_MAX    40 /* as the kernel has it */
#define EAGAIN_TRIES 64

/* A path being followed inside a root: what has no links any more, and what is to come. */
struct follow {
	int root;
	char done[PATH_MAX];
	char path[PATH_MAX];
	size_t at; /* where in `path` what is to come begins */
	int links;
};

static int follow_fail(int error)
{
	errno = error;
	return -1;
}

/* ".." above the root is the root; what it leaves must be a directory. */
static int follow_up(struct follow *follow)
{
	char *slash = strrchr(follow->done, '/');
	struct stat st;

	if (follow->done[0] != '\0' &&
	    fstatat(follow->root, follow->done, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -1;
	if (follow->done[0] != '\0' && !S_ISDIR(st.st_mode))
		return follow_fail(ENOTDIR);
	*(slash != NULL ? slash : follow->done) = '\0';
	return 0;
}

/* A link's text takes its place in front of what is to come: 1; 0 where `path` is no link. */
static int follow_link(struct follow *follow, const char *path)
{
	char target[PATH_MAX];
	char whole[PATH_MAX];
	ssize_t length = readlinkat(follow->root, path, target, sizeof target - 1);

	if (length < 0)
		return errno == EINVAL ? 0 : -1;
	if (++follow->links > LINKS_MAX)
		return follow_fail(ELOOP);
	target[length] = '\0';
	if (snprintf(whole, sizeof whole, "%s/%s", target, follow->path + follow->at) >=
	    (int)sizeof whole)
		return follow_fail(ENAMETOOLONG);
	memcpy(follow->path, whole, sizeof whole);
	follow->at = strspn(whole, "/");
	if (target[0] == '/')
		follow->done[0] = '\0';
	return 1;
}

/* Takes one component from what is to come. */
static int follow_step(struct follow *follow, bool last_too)
{
	const char *name = follow->path + follow->at;
	size_t length = strcspn(name, "/");
	char path[PATH_MAX];
	bool last;
	int result = 0;

	follow->at += length + strspn(name + length, "/");
	last = follow->path[follow->at] == '\0';
	if (length == 0 || (length == 1 && name[0] == '.'))
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.')
		return follow_up(follow);
	if (snprintf(path, sizeof path, "%s%s%.*s", follow->done,
		     follow->done[0] != '\0' ? "/" : "", (int)length, name) >= (int)sizeof path)
		return follow_fail(ENAMETOOLONG);
	if (last_too || !last)
		result = follow_link(follow, path);
	/* the last one may be about to be made */
	if (result < 0 && (errno != ENOENT || !last))
		return -1;
	if (result <= 0)
		memcpy(follow->done, path, sizeof path);
	return 0;
}

/* What openat2 does, step by step: some kernels and sandboxes have none. Nobody else may rename
 * anything there meanwhile. */
static int open_by_steps(int root_fd, const char *path, int flags, unsigned mode)
{
	struct follow follow = { .root = root_fd };

	if (strlen(path) >= sizeof follow.path)
		return follow_fail(ENAMETOOLONG);
	memcpy(follow.path, path, strlen(path) + 1);
	follow.at = strspn(path, "/");
	while (follow.path[follow.at] != '\0')
		if (follow_step(&follow, (flags & (O_NOFOLLOW | O_EXCL)) == 0) < 0)
			return -1;
	return openat(root_fd, follow.done[0] != '\0' ? follow.done : ".",
		      flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int inroot_open(int root_fd, const char *path, int flags, unsigned mode)
{
	struct open_how how = {
		.flags = (unsigned)(flags | O_CLOEXEC),
		.mode = mode,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	int fd = -1;

	/* EAGAIN: something, anywhere, was renamed while a ".." was followed */
	for (int tries = 0; tries < EAGAIN_TRIES; tries++) {
		fd = (int)syscall(SYS_openat2, root_fd, path[0] != '\0' ? path : ".", &how,
				  sizeof how);
		if (fd >= 0 || errno != EAGAIN)
			break;
	}
	return fd >= 0 || (errno != ENOSYS && errno != EPERM)
		       ? fd
		       : open_by_steps(root_fd, path, flags, mode);
}

int inroot_remove(int parent, const char *name)
{
	auto_fd int fd = -1;
	DIR *directory;
	struct dirent *item;
	int result = 0;

	/* no entry has such a last component, and were there one, it would lead out of the root */
	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) {
		errno = EINVAL;
		return -1;
	}
	if (unlinkat(parent, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM && errno != EACCES)
		return -1;
	fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	(void)fchmod(fd, 0700);
	directory = fdopendir(fd);
	if (directory == NULL)
		return -1;
	(void)steal_fd(&fd);
	while (result == 0 && (item = readdir(directory)) != NULL)
		if (strcmp(item->d_name, ".") != 0 && strcmp(item->d_name, "..") != 0)
			result = inroot_remove(dirfd(directory), item->d_name);
	(void)closedir(directory);
	return result < 0 ? -1 : unlinkat(parent, name, AT_REMOVEDIR);
}
