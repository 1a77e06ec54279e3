#include "config.h"

#include "image/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "image/blob.h"
#include "image/path.h"
#include "image/tar.h"

/* More members than this is no image. */
#define STORE_MEMBERS_MAX ((size_t)1 << 20)
#define STORE_LINKS_MAX	  16
/* Bytes of all names: an image with a thousand layers has a few hundred kilobytes. */
#define STORE_NAMES_MAX ((size_t)64 << 20)

struct member {
	char *name;
	char *target; /* of a link, as a name in the store; NULL for a file */
	uint64_t offset;
	uint64_t size;
	const char *trouble; /* why it is there but not to be read; NULL where it is fine */
};

struct store {
	char *path;
	int fd;
	bool directory;
	struct member *members; /* sorted by name, each once */
	size_t count;
	size_t capacity;
	size_t names_size;
};

static void member_release(struct member *member)
{
	free(member->name);
	free(member->target);
}

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	for (size_t i = 0; i < store->count; i++)
		member_release(&store->members[i]);
	free(store->members);
	if (store->fd >= 0)
		(void)close(store->fd);
	free(store->path);
	free(store);
}

bool store_is_directory(const struct store *store)
{
	return store->directory;
}

/* A file without a name. Not every file system can make one that never had a name. */
static int spool_file(const char *directory)
{
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	auto_free char *pattern = NULL;

	if (fd >= 0)
		return fd;
	if (asprintf(&pattern, "%s/seatrial.XXXXXX", directory) < 0) {
		pattern = NULL;
		errno = ENOMEM;
		return -1;
	}
	fd = mkostemp(pattern, O_CLOEXEC);
	if (fd >= 0)
		(void)unlink(pattern);
	return fd;
}

/* Spools what the blob reader yields. */
static int store_spool(struct store *store, struct stream *stream, struct error *err)
{
	const char *directory = getenv("TMPDIR");
	struct blob_options options = { .name = store->path };
	auto_blob struct blob *blob = NULL;
	auto_free char *buffer = malloc(BLOB_PIECE);
	auto_fd int fd = -1;
	ssize_t got;

	if (directory == NULL || directory[0] == '\0')
		directory = "/tmp";
	if (buffer == NULL)
		return error_memory(err);
	if (blob_open(stream, &options, &blob, err) < 0)
		return -1;
	fd = spool_file(directory);
	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a temporary file in '%s': %s",
				 directory, strerror(errno));
	while ((got = blob_read(blob, buffer, BLOB_PIECE, err)) > 0)
		for (ssize_t done = 0; done < got;) {
			ssize_t put = write(fd, buffer + done, (size_t)(got - done));

			if (put < 0 && errno == EINTR)
				continue;
			if (put < 0)
				return error_set(err, ERROR_SYSTEM, "cannot write to '%s': %s",
						 directory, strerror(errno));
			done += put;
		}
	if (got < 0 || blob_finish(blob, NULL, err) < 0)
		return -1;
	if (store->fd >= 0)
		(void)close(store->fd);
	store->fd = steal_fd(&fd);
	return 0;
}

struct fd_input {
	int fd;
	const char *name;
};

static ssize_t fd_stream_read(struct stream *stream, void *data, size_t size, struct error *err);
static void fd_stream_close(struct stream *stream);

/* A descriptor that can't be seeked, as a stream. */
struct fd_stream {
	struct stream stream;
	struct fd_input input;
};

static const struct stream_ops fd_stream_ops = {
	.read = fd_stream_read,
	.close = fd_stream_close,
};

static ssize_t fd_stream_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	const struct fd_input *input = &((struct fd_stream *)stream)->input;
	ssize_t got;

	do {
		got = read(input->fd, data, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, ERROR_INPUT, "cannot read '%s': %s", input->name,
				 strerror(errno));
	return got;
}

static void fd_stream_close(struct stream *stream)
{
	free(stream);
}

static int fd_stream_new(int fd, const char *name, struct stream **ret_stream, struct error *err)
{
	struct fd_stream *stream = calloc(1, sizeof *stream);

	if (stream == NULL)
		return error_memory(err);
	*stream = (struct fd_stream) { { &fd_stream_ops }, { fd, name } };
	*ret_stream = &stream->stream;
	return 0;
}

/* Whatever is compressed or can't be seeked is spooled. */
static int store_make_seekable(struct store *store, struct error *err)
{
	auto_stream struct stream *stream = NULL;
	unsigned char magic[4];
	ssize_t got = pread(store->fd, magic, sizeof magic, 0);

	if (got < 0 && errno != ESPIPE)
		return error_set(err, ERROR_INPUT, "cannot read '%s': %s", store->path,
				 strerror(errno));
	if (got == 0)
		return error_set(err, ERROR_INPUT, "the file is empty");
	if (got > 0 && compression_of(magic, (size_t)got) == COMPRESSION_NONE)
		return 0;
	if (fd_stream_new(store->fd, store->path, &stream, err) < 0)
		return -1;
	return store_spool(store, stream, err);
}

/* Where a link leads, or why it is not followed. Hard links name members, from the root; an
 * absolute symbolic link leads into whatever file system the archive would be unpacked on. */
static int member_set_target(struct member *member, struct archive_entry *entry, struct error *err)
{
	const char *hardlink = archive_entry_hardlink(entry);
	const char *symlink = archive_entry_symlink(entry);
	bool unsafe = false;

	if (hardlink != NULL) {
		if (path_normalise(hardlink, &member->target, &unsafe, err) < 0)
			return -1;
	} else {
		if (path_follow(member->name, symlink, &member->target, &unsafe, err) < 0)
			return -1;
		unsafe = unsafe || symlink == NULL || symlink[0] == '/';
	}
	if (unsafe)
		member->trouble = "is a link that leads outside";
	return 0;
}

static int store_keep(struct store *store, const struct member *member, struct error *err)
{
	size_t size = strlen(member->name) + (member->target != NULL ? strlen(member->target) : 0);

	if (store->count == STORE_MEMBERS_MAX)
		return error_set(err, ERROR_INPUT, "more than %zu members", STORE_MEMBERS_MAX);
	if (size > STORE_NAMES_MAX - store->names_size)
		return error_set(err, ERROR_INPUT, "the names of its members exceed %zu bytes",
				 STORE_NAMES_MAX);
	if (store->count == store->capacity) {
		size_t capacity = store->capacity > 0 ? 2 * store->capacity : 64;
		struct member *members =
			reallocarray(store->members, capacity, sizeof *store->members);

		if (members == NULL)
			return error_memory(err);
		store->members = members;
		store->capacity = capacity;
	}
	store->names_size += size;
	store->members[store->count++] = *member;
	return 0;
}

/* A name with ".." is passed over: nothing can ask for it. What can be asked for and must not be
 * read is kept, for it may replace an earlier member of that name. */
static int store_add(struct store *store, struct archive_entry *entry, uint64_t offset,
		     struct error *err)
{
	cleanup_by(member_release) struct member member = {
		.offset = offset,
		.size = (uint64_t)archive_entry_size(entry),
	};
	bool unsafe = false;

	if (path_normalise(archive_entry_pathname(entry), &member.name, &unsafe, err) < 0)
		return -1;
	if (unsafe || member.name[0] == '\0' || archive_entry_filetype(entry) == AE_IFDIR)
		return 0;
	if (archive_entry_hardlink(entry) != NULL || archive_entry_filetype(entry) == AE_IFLNK) {
		if (member_set_target(&member, entry, err) < 0)
			return -1;
	} else if (archive_entry_filetype(entry) != AE_IFREG) {
		member.trouble = "is no regular file";
	} else if (archive_entry_sparse_count(entry) > 0) {
		member.trouble = "is a sparse file";
	}
	if (store_keep(store, &member, err) < 0)
		return -1;
	member = (struct member) { 0 };
	return 0;
}

/* By name; of one name the first in the archive first. */
static int member_compare(const void *a, const void *b)
{
	const struct member *left = a;
	const struct member *right = b;
	int order = strcmp(left->name, right->name);

	if (order != 0)
		return order;
	return left->offset < right->offset ? -1 : left->offset > right->offset;
}

static void store_sort(struct store *store)
{
	size_t kept = 0;

	if (store->count == 0)
		return;
	qsort(store->members, store->count, sizeof *store->members, member_compare);
	for (size_t i = 0; i < store->count; i++) {
		if (i + 1 < store->count &&
		    strcmp(store->members[i].name, store->members[i + 1].name) == 0) {
			member_release(&store->members[i]);
		} else {
			store->members[kept++] = store->members[i];
		}
	}
	store->count = kept;
}

static ssize_t index_read(void *context, void *data, size_t size, struct error *err)
{
	return stream_read(context, data, size, err);
}

static int index_skip(void *context, uint64_t count, struct error *err)
{
	return stream_skip(context, count, err);
}

static int store_index(struct store *store, struct error *err)
{
	auto_stream struct stream *stream = NULL;
	auto_tar struct tar *tar = NULL;
	struct archive_entry *entry;
	struct tar_input input = { .read = index_read, .skip = index_skip };
	struct stat st;
	int more;

	if (fstat(store->fd, &st) < 0)
		return error_set(err, ERROR_INPUT, "cannot read '%s': %s", store->path,
				 strerror(errno));
	if (stream_of_file(store->fd, 0, (uint64_t)st.st_size, store->path, &stream, err) < 0)
		return -1;
	input.context = stream;
	if (tar_open(&input, &tar, err) < 0)
		return -1;
	while ((more = tar_next(tar, &entry, err)) > 0)
		if (store_add(store, entry, tar_data_offset(tar), err) < 0)
			return -1;
	if (more < 0)
		return -1;
	store_sort(store);
	return 0;
}

int store_open(const char *path, struct store **ret_store, struct error *err)
{
	auto_store struct store *store = calloc(1, sizeof *store);
	struct stat st;

	if (store == NULL)
		return error_memory(err);
	store->fd = -1;
	store->path = strdup(strcmp(path, "-") == 0 ? "standard input" : path);
	if (store->path == NULL)
		return error_memory(err);
	store->fd = strcmp(path, "-") == 0 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
					   : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (store->fd < 0 || fstat(store->fd, &st) < 0)
		return error_set(err, errno == ENOENT ? ERROR_MISSING : ERROR_INPUT,
				 "cannot open '%s': %s", store->path, strerror(errno));
	store->directory = S_ISDIR(st.st_mode);
	if (!store->directory &&
	    (store_make_seekable(store, err) < 0 || store_index(store, err) < 0))
		return -1;
	*ret_store = steal(&store);
	return 0;
}

static const struct member *store_lookup(const struct store *store, const char *name)
{
	struct member key = { .name = (char *)(uintptr_t)name };
	size_t low = 0;
	size_t high = store->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(key.name, store->members[middle].name);

		if (order == 0)
			return &store->members[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

/* The file that a name stands for, links followed; NULL with err. */
static const struct member *store_find(const struct store *store, const char *name,
				       struct error *err)
{
	const struct member *member = store_lookup(store, name);
	int links = 0;

	while (member != NULL && member->trouble == NULL && member->target != NULL)
		if (links++ < STORE_LINKS_MAX) {
			member = store_lookup(store, member->target);
		} else {
			(void)error_set(err, ERROR_INPUT, "'%s' in '%s' is a link without an end",
					name, store->path);
			return NULL;
		}
	if (member == NULL) {
		(void)error_set(err, ERROR_MISSING, "'%s' is missing in '%s'", name, store->path);
	} else if (member->trouble != NULL) {
		(void)error_set(err, ERROR_INPUT, "'%s' in '%s' %s", name, store->path,
				member->trouble);
		member = NULL;
	}
	return member;
}

/* The length of the shortest start of `path` that is a symbolic link, which goes to `target`; 0
 * where there is none, -1 with errno. */
static ssize_t directory_first_link(int fd, char *path, char target[PATH_MAX])
{
	for (size_t end = 0; path[end] != '\0';) {
		ssize_t length;
		char rest;

		end += path[end] == '/';
		end += strcspn(path + end, "/");
		rest = path[end];
		path[end] = '\0';
		length = readlinkat(fd, path, target, PATH_MAX - 1);
		path[end] = rest;
		if (length >= 0) {
			target[length] = '\0';
			return (ssize_t)end;
		}
		if (errno != EINVAL)
			return -1;
	}
	return 0;
}

/* Opens step by step what openat2 would: some kernels and sandboxes have none. */
static int directory_walk(const struct store *store, const char *name)
{
	auto_free char *path = strdup(name);

	for (int links = 0; path != NULL && links <= STORE_LINKS_MAX; links++) {
		char target[PATH_MAX];
		ssize_t end = directory_first_link(store->fd, path, target);
		auto_free char *whole = NULL;
		char *next = NULL;
		bool unsafe = false;

		if (end < 0)
			return -1;
		if (end == 0)
			return openat(store->fd, path,
				      O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
		if (asprintf(&whole, "%s%s", target, path + end) < 0) {
			whole = NULL;
			break;
		}
		path[end] = '\0';
		if (path_follow(path, whole, &next, &unsafe, NULL) < 0 || next == NULL)
			break;
		free(path);
		path = next;
		if (unsafe || target[0] == '/' || path[0] == '\0') {
			errno = EXDEV;
			return -1;
		}
	}
	errno = ELOOP;
	return -1;
}

/* Symbolic links are followed inside the directory only. */
static int directory_open(const struct store *store, const char *name)
{
	struct open_how how = {
		.flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};

	/* EAGAIN: something, anywhere, was renamed while a ".." was followed */
	for (int tries = 0; tries < 64; tries++) {
		int fd = (int)syscall(SYS_openat2, store->fd, name, &how, sizeof how);

		if (fd >= 0 || errno != EAGAIN)
			return fd >= 0 || (errno != ENOSYS && errno != EPERM)
				       ? fd
				       : directory_walk(store, name);
	}
	return -1;
}

static int directory_open_member(const struct store *store, const char *name,
				 struct stream **ret_stream, uint64_t *ret_size, struct error *err)
{
	auto_fd int fd = directory_open(store, name);
	struct stat st;

	if (fd < 0 && errno == EXDEV)
		return error_set(err, ERROR_INPUT, "'%s' in '%s' is a link that leads outside",
				 name, store->path);
	if (fd < 0 || fstat(fd, &st) < 0)
		return error_set(err, errno == ENOENT ? ERROR_MISSING : ERROR_INPUT,
				 "cannot open '%s' in '%s': %s", name, store->path,
				 errno == ENOENT ? "it is missing" : strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(err, ERROR_INPUT, "'%s' in '%s' is no regular file", name,
				 store->path);
	if (stream_of_file(fd, 0, (uint64_t)st.st_size, name, ret_stream, err) < 0)
		return -1;
	*ret_size = (uint64_t)st.st_size;
	return 0;
}

int store_open_member(const struct store *store, const char *name, struct stream **ret_stream,
		      uint64_t *ret_size, struct error *err)
{
	auto_free char *clean = NULL;
	const struct member *member;
	bool unsafe = false;

	if (path_normalise(name, &clean, &unsafe, err) < 0)
		return -1;
	if (unsafe || clean[0] == '\0')
		return error_set(err, ERROR_INPUT, "'%s' names nothing inside '%s'", name,
				 store->path);
	if (store->directory)
		return directory_open_member(store, clean, ret_stream, ret_size, err);
	member = store_find(store, clean, err);
	if (member == NULL)
		return -1;
	if (stream_of_file(store->fd, member->offset, member->size, name, ret_stream, err) < 0)
		return -1;
	*ret_size = member->size;
	return 0;
}

bool store_has(const struct store *store, const char *name)
{
	auto_stream struct stream *stream = NULL;
	uint64_t size;

	return store_open_member(store, name, &stream, &size, NULL) == 0;
}

int store_read(const struct store *store, const char *name, struct buf *buf, struct error *err)
{
	auto_stream struct stream *stream = NULL;
	char piece[16384];
	uint64_t size;
	ssize_t got;

	if (store_open_member(store, name, &stream, &size, err) < 0)
		return -1;
	while ((got = stream_read(stream, piece, sizeof piece, err)) > 0) {
		buf_add(buf, piece, (size_t)got);
		if (buf_check(buf, name, err) < 0)
			return -1;
	}
	return got < 0 ? -1 : 0;
}
