#include "config.h"

#include "run/unpack.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/array.h"
#include "base/buf.h"
#include "base/text.h"
#include "run/inroot.h"

/* --- what the layer being applied has touched ---------------------------------------------- */

/* Hashes of paths and of all their parents: what an opaque marker of the same layer must spare. */
struct touched {
	uint64_t *slots; /* open addressing; 0 is free */
	size_t capacity;
	size_t count;
};

static uint64_t path_hash(const char *path, size_t size)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ (unsigned char)path[i]) * UINT64_C(0x100000001b3);
	return hash != 0 ? hash : 1;
}

static bool touched_slot(const struct touched *touched, uint64_t hash, size_t *ret_slot)
{
	size_t mask = touched->capacity - 1;
	size_t slot = (size_t)hash & mask;

	while (touched->slots[slot] != 0 && touched->slots[slot] != hash)
		slot = (slot + 1) & mask;
	*ret_slot = slot;
	return touched->slots[slot] == hash;
}

static bool touched_has(const struct touched *touched, const char *path, size_t size)
{
	size_t slot;

	return touched->capacity > 0 && touched_slot(touched, path_hash(path, size), &slot);
}

static int touched_grow(struct touched *touched, struct error *err)
{
	struct touched grown = { .capacity = touched->capacity > 0 ? 2 * touched->capacity : 1024 };

	grown.slots = calloc(grown.capacity, sizeof *grown.slots);
	if (grown.slots == NULL)
		return error_memory(err);
	for (size_t i = 0; i < touched->capacity; i++) {
		size_t slot;

		if (touched->slots[i] == 0)
			continue;
		(void)touched_slot(&grown, touched->slots[i], &slot);
		grown.slots[slot] = touched->slots[i];
		grown.count++;
	}
	free(touched->slots);
	*touched = grown;
	return 0;
}

static int touched_add(struct touched *touched, const char *path, size_t size, struct error *err)
{
	/* from the path up; where one is there, so are its parents */
	for (;;) {
		size_t slot;

		if (2 * touched->count >= touched->capacity && touched_grow(touched, err) < 0)
			return -1;
		if (touched_slot(touched, path_hash(path, size), &slot))
			return 0;
		touched->slots[slot] = path_hash(path, size);
		touched->count++;
		while (size > 0 && path[size - 1] != '/')
			size--;
		if (size == 0)
			return 0;
		size--;
	}
}

/* --- writing ------------------------------------------------------------------------------- */

/* A directory's mode and time are set at the very end: files are still made in it. */
struct late {
	char *path;
	size_t layer;
	uint32_t mode;
	int64_t mtime;
};

struct unpack {
	int root;
	bool privileged;
	size_t layer; /* that is being applied */
	struct touched touched;
	struct late *late;
	size_t late_count;
	size_t late_capacity;
	int parent; /* the directory of the last entry, kept open */
	char *parent_path;
	int file; /* the file being written */
	char *file_path;
	struct entry file_entry;
};

static void unpack_release(struct unpack *unpack)
{
	for (size_t i = 0; i < unpack->late_count; i++)
		free(unpack->late[i].path);
	free(unpack->late);
	free(unpack->touched.slots);
	free(unpack->parent_path);
	free(unpack->file_path);
	if (unpack->parent >= 0)
		(void)close(unpack->parent);
	if (unpack->file >= 0)
		(void)close(unpack->file);
	if (unpack->root >= 0)
		(void)close(unpack->root);
}

static int unpack_failed(const char *path, const char *what, struct error *err)
{
	int saved = errno;
	auto_buf struct buf name;

	buf_init(&name, BUF_MAX_DEFAULT);
	text_escape(&name, path, strlen(path));
	return error_set(err, ERROR_SYSTEM, "cannot %s '%s': %s", what, name.data, strerror(saved));
}

/* Makes the missing directories of `path`; what stands in the way and is no directory goes. */
static int unpack_make_directories(struct unpack *unpack, const char *path, struct error *err)
{
	auto_free char *start = strdup(path);

	if (start == NULL)
		return error_memory(err);
	for (char *p = start;; p++) {
		auto_fd int fd = -1;
		char saved = *p;

		if (saved != '/' && saved != '\0')
			continue;
		*p = '\0';
		fd = inroot_open(unpack->root, start, O_PATH | O_DIRECTORY, 0);
		if (fd < 0) {
			char *slash = strrchr(start, '/');
			auto_fd int above = -1;

			if (slash != NULL)
				*slash = '\0';
			above = inroot_open(unpack->root, slash != NULL ? start : "",
					    O_PATH | O_DIRECTORY, 0);
			if (slash != NULL)
				*slash = '/';
			if (above < 0)
				return unpack_failed(path, "make directory", err);
			if (mkdirat(above, slash != NULL ? slash + 1 : start, 0755) < 0 &&
			    (errno != EEXIST ||
			     inroot_remove(above, slash != NULL ? slash + 1 : start) < 0 ||
			     mkdirat(above, slash != NULL ? slash + 1 : start, 0755) < 0))
				return unpack_failed(path, "make directory", err);
		}
		*p = saved;
		if (saved == '\0')
			return 0;
	}
}

/* The directory of an entry, made where it is missing; *ret_name is the last component. */
static int unpack_parent(struct unpack *unpack, const char *path, const char **ret_name,
			 struct error *err)
{
	const char *slash = strrchr(path, '/');
	size_t length = slash != NULL ? (size_t)(slash - path) : 0;

	*ret_name = slash != NULL ? slash + 1 : path;
	if (unpack->parent >= 0 && strlen(unpack->parent_path) == length &&
	    memcmp(unpack->parent_path, path, length) == 0)
		return 0;
	if (unpack->parent >= 0)
		(void)close(unpack->parent);
	free(unpack->parent_path);
	unpack->parent = -1;
	unpack->parent_path = strndup(path, length);
	if (unpack->parent_path == NULL)
		return error_memory(err);
	unpack->parent = inroot_open(unpack->root, unpack->parent_path, O_RDONLY | O_DIRECTORY, 0);
	if (unpack->parent < 0) {
		if (length == 0 || unpack_make_directories(unpack, unpack->parent_path, err) < 0)
			return length == 0 ? unpack_failed("/", "open", err) : -1;
		unpack->parent =
			inroot_open(unpack->root, unpack->parent_path, O_RDONLY | O_DIRECTORY, 0);
	}
	return unpack->parent < 0 ? unpack_failed(unpack->parent_path, "open", err) : 0;
}

/* The kept directory may be gone, or another, after anything was removed. */
static void unpack_forget_parent(struct unpack *unpack)
{
	if (unpack->parent >= 0)
		(void)close(unpack->parent);
	unpack->parent = -1;
}

static int unpack_remember(struct unpack *unpack, const struct entry *entry, struct error *err)
{
	if (array_room(&unpack->late, unpack->late_count, &unpack->late_capacity, err) < 0)
		return -1;
	unpack->late[unpack->late_count] = (struct late) {
		.path = strdup(entry->path),
		.layer = unpack->layer,
		.mode = entry->mode,
		.mtime = entry->mtime,
	};
	if (unpack->late[unpack->late_count].path == NULL)
		return error_memory(err);
	unpack->late_count++;
	return 0;
}

/* An owner who is not mapped here cannot be given: it stays the unpacker's. */
static int give_owner(int directory, const char *name, const struct entry *entry, int flags)
{
	int result = fchownat(directory, name, entry->uid, entry->gid, flags);

	return result < 0 && errno == EINVAL ? 0 : result;
}

static int unpack_directory(struct unpack *unpack, const struct entry *entry, const char *name,
			    struct error *err)
{
	if (entry->path_size > 0) {
		struct stat st;

		if (fstatat(unpack->parent, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
		    !S_ISDIR(st.st_mode)) {
			if (inroot_remove(unpack->parent, name) < 0 ||
			    mkdirat(unpack->parent, name, 0755) < 0)
				return unpack_failed(entry->path, "make directory", err);
		}
	}
	if (unpack->privileged &&
	    give_owner(unpack->parent, entry->path_size > 0 ? name : "", entry,
		       AT_SYMLINK_NOFOLLOW | (entry->path_size > 0 ? 0 : AT_EMPTY_PATH)) < 0)
		return unpack_failed(entry->path, "give an owner to", err);
	return unpack_remember(unpack, entry, err);
}

static int unpack_hardlink(struct unpack *unpack, const struct entry *entry, const char *name,
			   struct error *err)
{
	auto_fd int target = inroot_open(unpack->root, entry->target, O_PATH | O_NOFOLLOW, 0);
	char self[sizeof "/proc/self/fd/" + 12];

	if (target < 0)
		return unpack_failed(entry->target, "link to", err);
	(void)snprintf(self, sizeof self, "/proc/self/fd/%d", target);
	if (linkat(AT_FDCWD, self, unpack->parent, name, AT_SYMLINK_FOLLOW) < 0)
		return unpack_failed(entry->path, "link", err);
	return 0;
}

static int unpack_special(struct unpack *unpack, const struct entry *entry, const char *name,
			  struct error *err)
{
	mode_t type = entry->type == ENTRY_FIFO	       ? S_IFIFO
		      : entry->type == ENTRY_CHARACTER ? S_IFCHR
						       : S_IFBLK;

	/* an ordinary user cannot make devices, and the sandbox has a /dev of its own */
	if (type != S_IFIFO && !unpack->privileged)
		return 0;
	if (mknodat(unpack->parent, name, type | (entry->mode & 07777),
		    makedev(entry->device_major, entry->device_minor)) < 0)
		return errno == EPERM ? 0 : unpack_failed(entry->path, "make device", err);
	if (unpack->privileged && give_owner(unpack->parent, name, entry, AT_SYMLINK_NOFOLLOW) < 0)
		return unpack_failed(entry->path, "give an owner to", err);
	return 0;
}

/* Opens the file that the data which follows belongs to. */
static int unpack_file(struct unpack *unpack, const struct entry *entry, const char *name,
		       struct error *err)
{
	unpack->file = openat(unpack->parent, name,
			      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (unpack->file < 0)
		return unpack_failed(entry->path, "make", err);
	free(unpack->file_path);
	unpack->file_path = strdup(entry->path);
	unpack->file_entry = *entry;
	return unpack->file_path == NULL ? error_memory(err) : 0;
}

static int unpack_whiteout(struct unpack *unpack, const struct entry *entry, struct error *err)
{
	const char *slash = strrchr(entry->path, '/');
	auto_free char *above =
		strndup(entry->path, slash != NULL ? (size_t)(slash - entry->path) : 0);
	auto_fd int parent = -1;

	if (above == NULL)
		return error_memory(err);
	/* what this very layer adds is not meant */
	if (touched_has(&unpack->touched, entry->path, entry->path_size))
		return 0;
	parent = inroot_open(unpack->root, above, O_RDONLY | O_DIRECTORY, 0);
	if (parent < 0)
		return 0;
	unpack_forget_parent(unpack);
	if (inroot_remove(parent, slash != NULL ? slash + 1 : entry->path) < 0)
		return unpack_failed(entry->path, "remove", err);
	return 0;
}

/* Empties a directory of what lower layers put there. */
static int unpack_opaque_at(struct unpack *unpack, int fd, struct buf *path, struct error *err)
{
	DIR *directory = fdopendir(fd);
	struct dirent *item;
	size_t size = path->size;
	int result = 0;

	if (directory == NULL) {
		(void)close(fd);
		return unpack_failed(path->data, "read directory", err);
	}
	while (result == 0 && (item = readdir(directory)) != NULL) {
		if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
			continue;
		if (size > 0)
			buf_add_char(path, '/');
		buf_add_string(path, item->d_name);
		if (!touched_has(&unpack->touched, path->data, path->size)) {
			if (inroot_remove(dirfd(directory), item->d_name) < 0)
				result = unpack_failed(path->data, "remove", err);
		} else {
			int below = openat(dirfd(directory), item->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (below >= 0)
				result = unpack_opaque_at(unpack, below, path, err);
		}
		buf_truncate(path, size);
	}
	(void)closedir(directory);
	return result;
}

static int unpack_opaque(struct unpack *unpack, const struct entry *entry, struct error *err)
{
	auto_buf struct buf path;
	int fd = inroot_open(unpack->root, entry->path, O_RDONLY | O_DIRECTORY, 0);

	buf_init(&path, BUF_MAX_DEFAULT);
	if (fd < 0)
		return 0;
	unpack_forget_parent(unpack);
	buf_add_string(&path, entry->path);
	return unpack_opaque_at(unpack, fd, &path, err);
}

/* --- the walk ------------------------------------------------------------------------------ */

static int visit_begin(const void *context, const struct layer_info *layer, void **ret_state,
		       unused_arg struct error *err)
{
	/* one thread, one layer after the other: the walk's state is this module's own */
	struct unpack *unpack = *(struct unpack *const *)context;

	free(unpack->touched.slots);
	unpack->touched = (struct touched) { 0 };
	unpack->layer = layer->index;
	*ret_state = unpack;
	return 0;
}

static enum walk_step visit_entry(void *state, const struct entry *entry, struct error *err)
{
	struct unpack *unpack = state;
	const char *name = "";
	int result = 0;

	if (entry->unsafe || entry->type == ENTRY_OTHER)
		return WALK_NEXT;
	if (entry->type == ENTRY_WHITEOUT)
		return unpack_whiteout(unpack, entry, err) < 0 ? WALK_FAILED : WALK_NEXT;
	if (entry->type == ENTRY_OPAQUE)
		return unpack_opaque(unpack, entry, err) < 0 ? WALK_FAILED : WALK_NEXT;
	if (touched_add(&unpack->touched, entry->path, entry->path_size, err) < 0 ||
	    unpack_parent(unpack, entry->path, &name, err) < 0)
		return WALK_FAILED;
	if (entry->type == ENTRY_DIRECTORY)
		return unpack_directory(unpack, entry, name, err) < 0 ? WALK_FAILED : WALK_NEXT;
	if (entry->path_size == 0)
		return WALK_NEXT;
	/* a hard link to itself would lose its target */
	if (entry->type == ENTRY_HARDLINK && strcmp(entry->target, entry->path) == 0)
		return WALK_NEXT;
	if (inroot_remove(unpack->parent, name) < 0) {
		(void)unpack_failed(entry->path, "replace", err);
		return WALK_FAILED;
	}
	switch (entry->type) {
	case ENTRY_FILE:
		return unpack_file(unpack, entry, name, err) < 0 ? WALK_FAILED : WALK_DATA;
	case ENTRY_SYMLINK:
		if (symlinkat(entry->target, unpack->parent, name) < 0 ||
		    (unpack->privileged &&
		     give_owner(unpack->parent, name, entry, AT_SYMLINK_NOFOLLOW) < 0))
			result = unpack_failed(entry->path, "link", err);
		break;
	case ENTRY_HARDLINK:
		result = unpack_hardlink(unpack, entry, name, err);
		break;
	case ENTRY_CHARACTER:
	case ENTRY_BLOCK:
	case ENTRY_FIFO:
		result = unpack_special(unpack, entry, name, err);
		break;
	case ENTRY_DIRECTORY:
	case ENTRY_WHITEOUT:
	case ENTRY_OPAQUE:
	case ENTRY_OTHER:
		break;
	}
	return result < 0 ? WALK_FAILED : WALK_NEXT;
}

static enum walk_step visit_data(void *state, const void *data, size_t size, struct error *err)
{
	struct unpack *unpack = state;
	const char *bytes = data;

	while (size > 0) {
		ssize_t put = write(unpack->file, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0) {
			(void)unpack_failed(unpack->file_path, "write", err);
			return WALK_FAILED;
		}
		bytes += put;
		size -= (size_t)put;
	}
	return WALK_DATA;
}

static int visit_entry_end(void *state, struct error *err)
{
	struct unpack *unpack = state;
	const struct entry *entry = &unpack->file_entry;
	struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = entry->mtime } };
	int result = 0;

	/* the owner first: a change of owner takes set-uid away */
	if ((unpack->privileged && give_owner(unpack->file, "", entry, AT_EMPTY_PATH) < 0) ||
	    fchmod(unpack->file, (unpack->privileged ? 0 : 0400) | entry->mode) < 0 ||
	    futimens(unpack->file, times) < 0)
		result = unpack_failed(unpack->file_path, "finish", err);
	(void)close(unpack->file);
	unpack->file = -1;
	return result;
}

static int visit_end(unused_arg void *state, unused_arg const struct layer_totals *totals,
		     unused_arg struct error *err)
{
	return 0;
}

/* The last first: a parent may become read-only to its own user. */
static void unpack_finish_directories(struct unpack *unpack)
{
	for (size_t i = unpack->late_count; i > 0; i--) {
		const struct late *late = &unpack->late[i - 1];
		struct timespec times[2] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = late->mtime } };
		auto_fd int fd = inroot_open(unpack->root, late->path,
					     O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

		/* it may have been deleted again */
		if (fd < 0)
			continue;
		(void)fchmod(fd, (unpack->privileged ? 0 : 0700) | late->mode);
		(void)futimens(fd, times);
	}
}

static int write_folders(const struct unpack *unpack, FILE *folders, struct error *err)
{
	for (size_t i = 0; i < unpack->late_count; i++)
		(void)fprintf(folders, "%zu /%s%c", unpack->late[i].layer, unpack->late[i].path,
			      '\0');
	if (fflush(folders) != 0)
		return error_set(err, ERROR_SYSTEM, "cannot write to the cache: %s",
				 strerror(errno));
	return 0;
}

int unpack_image(const struct image *image, int root, FILE *folders, struct error *err)
{
	struct unpack unpack = {
		.root = fcntl(root, F_DUPFD_CLOEXEC, 0),
		.privileged = geteuid() == 0,
		.parent = -1,
		.file = -1,
	};
	struct unpack *self = &unpack;
	const struct image_visitor visitor = {
		.context = &self,
		.layer_begin = visit_begin,
		.entry = visit_entry,
		.data = visit_data,
		.entry_end = visit_entry_end,
		.layer_end = visit_end,
	};
	int result = image_walk(image, &visitor, err);

	if (result == 0) {
		unpack_finish_directories(&unpack);
		result = write_folders(&unpack, folders, err);
	}
	unpack_release(&unpack);
	return result;
}
