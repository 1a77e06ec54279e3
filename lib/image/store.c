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
#include "image/members.h"
#include "image/path.h"
#include "image/tar.h"

#define LINKS_MAX 16

struct store {
	char *path;
	int fd;
	bool directory;
	struct members members; /* of an archive that can be seeked */
	struct pass *pass;	/* NULL but for what a pass has left */
};

void store_free(struct store *store)
{
	if (store == NULL)
		return;
	members_release(&store->members);
	pass_free(store->pass);
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

/* What its first bytes say: 1 for compressed data and for what can't be seeked, 0, or -1 with
 * errno. */
static int must_spool(int fd, bool *ret_empty)
{
	unsigned char magic[4];
	ssize_t got = pread(fd, magic, sizeof magic, 0);

	*ret_empty = got == 0;
	if (got < 0)
		return errno == ESPIPE ? 1 : -1;
	return compression_of(magic, (size_t)got) != COMPRESSION_NONE;
}

bool store_must_spool_input(void)
{
	bool empty;

	return must_spool(STDIN_FILENO, &empty) > 0;
}

static int store_make_seekable(struct store *store, struct error *err)
{
	auto_stream struct stream *stream = NULL;
	bool empty = false;
	int spool = must_spool(store->fd, &empty);

	if (spool < 0)
		return error_set(err, ERROR_INPUT, "cannot read '%s': %s", store->path,
				 strerror(errno));
	if (empty)
		return error_set(err, ERROR_INPUT, "the file is empty");
	if (spool == 0)
		return 0;
	if (stream_of_descriptor(store->fd, store->path, &stream, err) < 0)
		return -1;
	return store_spool(store, stream, err);
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
		if (members_add(&store->members, entry, tar_data_offset(tar), err) < 0)
			return -1;
	if (more < 0)
		return -1;
	members_sort(&store->members);
	return 0;
}

static int store_new(const char *path, struct store **ret_store, struct error *err)
{
	auto_store struct store *store = calloc(1, sizeof *store);

	if (store == NULL)
		return error_memory(err);
	store->fd = -1;
	store->path = strdup(path);
	if (store->path == NULL)
		return error_memory(err);
	*ret_store = steal(&store);
	return 0;
}

int store_open(const char *path, struct store **ret_store, struct error *err)
{
	auto_store struct store *store = NULL;
	bool input = strcmp(path, "-") == 0;
	struct stat st;

	if (store_new(input ? "standard input" : path, &store, err) < 0)
		return -1;
	store->fd = input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
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

int store_of_stream(struct stream *stream, const char *name, struct store **ret_store,
		    struct error *err)
{
	auto_store struct store *store = NULL;

	if (store_new(name, &store, err) < 0 || store_spool(store, stream, err) < 0 ||
	    store_index(store, err) < 0)
		return -1;
	*ret_store = steal(&store);
	return 0;
}

int store_of_pass(struct pass *pass, struct store **ret_store, struct error *err)
{
	auto_store struct store *store = NULL;

	if (store_new(pass_name(pass), &store, err) < 0) {
		pass_free(pass);
		return -1;
	}
	store->pass = pass;
	*ret_store = steal(&store);
	return 0;
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

	for (int links = 0; path != NULL && links <= LINKS_MAX; links++) {
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
	if (store->pass != NULL)
		return pass_open_member(store->pass, clean, ret_stream, ret_size, err);
	member = members_find(&store->members, clean, store->path, err);
	if (member == NULL)
		return -1;
	if (stream_of_file(store->fd, member->place, member->size, name, ret_stream, err) < 0)
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
