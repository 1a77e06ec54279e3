#include "config.h"

#include "check/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define SPOOL_PIECE ((size_t)64 << 10)

void spool_init(struct spool *spool, size_t memory)
{
	*spool = (struct spool) { .memory = memory, .fd = -1 };
}

void spool_release(struct spool *spool)
{
	free(spool->data);
	close_fd(&spool->fd);
	spool_init(spool, spool->memory);
}

uint64_t spool_size(const struct spool *spool)
{
	return spool->stored + spool->size;
}

static int temporary_file(struct error *err)
{
	const char *directory = getenv("TMPDIR");
	int fd;

	if (directory == NULL || *directory == '\0')
		directory = "/tmp";
	fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	/* Not every file system knows O_TMPFILE. */
	if (fd < 0) {
		char name[4096];

		if (snprintf(name, sizeof name, "%s/layer-grep.XXXXXX", directory) <
		    (int)sizeof name) {
			fd = mkostemp(name, O_CLOEXEC);
			if (fd >= 0)
				(void)unlink(name);
		}
	}
	if (fd < 0)
		fd = memfd_create("layer-grep", MFD_CLOEXEC);
	if (fd < 0)
		return error_set(err, ERROR_SYSTEM, "cannot make a temporary file in '%s': %s",
				 directory, strerror(errno));
	return fd;
}

static int write_out(struct spool *spool, const char *data, size_t size, struct error *err)
{
	if (spool->fd < 0) {
		spool->fd = temporary_file(err);
		if (spool->fd < 0)
			return -1;
	}
	while (size > 0) {
		ssize_t done = pwrite(spool->fd, data, size, (off_t)spool->stored);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return error_set(err, ERROR_SYSTEM, "temporary file: cannot write: %s",
					 strerror(errno));
		data += done;
		size -= (size_t)done;
		spool->stored += (uint64_t)done;
	}
	return 0;
}

static int flush(struct spool *spool, struct error *err)
{
	if (write_out(spool, spool->data, spool->size, err) < 0)
		return -1;
	spool->size = 0;
	return 0;
}

static int grow(struct spool *spool, size_t wanted, struct error *err)
{
	size_t capacity = spool->capacity == 0 ? 512 : spool->capacity;
	char *data;

	while (capacity < wanted)
		capacity *= 2;
	if (capacity > spool->memory)
		capacity = spool->memory;
	data = realloc(spool->data, capacity);
	if (data == NULL)
		return error_memory(err);
	spool->data = data;
	spool->capacity = capacity;
	return 0;
}

int spool_add(struct spool *spool, const void *data, size_t size, struct error *err)
{
	if (size == 0)
		return 0;
	if (size > spool->memory - spool->size && flush(spool, err) < 0)
		return -1;
	if (size > spool->memory)
		return write_out(spool, data, size, err);
	if (size > spool->capacity - spool->size && grow(spool, spool->size + size, err) < 0)
		return -1;
	memcpy(spool->data + spool->size, data, size);
	spool->size += size;
	return 0;
}

int spool_append(struct spool *spool, const struct spool *from, struct error *err)
{
	auto_spool_reader struct spool_reader reader;
	uint64_t rest = spool_size(from);
	auto_free char *piece = NULL;

	spool_reader_init(&reader, from);
	if (rest == 0)
		return 0;
	piece = malloc(SPOOL_PIECE);
	if (piece == NULL)
		return error_memory(err);
	while (rest > 0) {
		size_t size = rest < SPOOL_PIECE ? (size_t)rest : SPOOL_PIECE;

		if (spool_read(&reader, piece, size, err) < 0 ||
		    spool_add(spool, piece, size, err) < 0)
			return -1;
		rest -= size;
	}
	return 0;
}

void spool_reader_init(struct spool_reader *reader, const struct spool *spool)
{
	*reader = (struct spool_reader) { .spool = spool };
}

void spool_reader_release(struct spool_reader *reader)
{
	free(reader->data);
	reader->data = NULL;
}

/* Brings the piece of the file that holds the next byte. */
static int fill(struct spool_reader *reader, struct error *err)
{
	const struct spool *spool = reader->spool;
	uint64_t rest = spool->stored - reader->offset;
	size_t wanted = rest < SPOOL_PIECE ? (size_t)rest : SPOOL_PIECE;
	ssize_t got;

	if (reader->data == NULL) {
		reader->data = malloc(SPOOL_PIECE);
		if (reader->data == NULL)
			return error_memory(err);
	}
	do {
		got = pread(spool->fd, reader->data, wanted, (off_t)reader->offset);
	} while (got < 0 && errno == EINTR);
	if (got <= 0)
		return error_set(err, ERROR_SYSTEM, "temporary file: cannot read: %s",
				 got < 0 ? strerror(errno) : "it became shorter");
	reader->start = reader->offset;
	reader->size = (size_t)got;
	return 0;
}

/* Where the next byte lies in memory, and how many follow it there. */
static int next_piece(struct spool_reader *reader, const char **ret_data, size_t *ret_size,
		      struct error *err)
{
	const struct spool *spool = reader->spool;
	size_t at;

	if (reader->offset >= spool->stored) {
		at = (size_t)(reader->offset - spool->stored);
		*ret_data = spool->data + at;
		*ret_size = spool->size - at;
		return 0;
	}
	if ((reader->offset < reader->start || reader->offset >= reader->start + reader->size) &&
	    fill(reader, err) < 0)
		return -1;
	at = (size_t)(reader->offset - reader->start);
	*ret_data = reader->data + at;
	*ret_size = reader->size - at;
	return 0;
}

int spool_read(struct spool_reader *reader, void *data, size_t size, struct error *err)
{
	char *to = data;

	if (reader->offset >= spool_size(reader->spool))
		return 0;
	while (size > 0) {
		const char *piece;
		size_t here;

		if (reader->offset >= spool_size(reader->spool))
			return error_set(err, ERROR_SYSTEM, "temporary file: it became shorter");
		if (next_piece(reader, &piece, &here, err) < 0)
			return -1;
		if (here > size)
			here = size;
		memcpy(to, piece, here);
		to += here;
		size -= here;
		reader->offset += here;
	}
	return 1;
}
