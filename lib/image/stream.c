#include "config.h"

#include "image/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

ssize_t stream_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	return stream->ops->read(stream, data, size, err);
}

bool stream_can_skip(const struct stream *stream)
{
	return stream->ops->skip != NULL;
}

int stream_skip(struct stream *stream, uint64_t count, struct error *err)
{
	return stream->ops->skip(stream, count, err);
}

void stream_close(struct stream *stream)
{
	if (stream != NULL)
		stream->ops->close(stream);
}

struct file_stream {
	struct stream stream;
	int fd;
	uint64_t offset;
	uint64_t rest;
	char *name;
};

static ssize_t file_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	struct file_stream *file = (struct file_stream *)stream;
	ssize_t got;

	if (size > file->rest)
		size = (size_t)file->rest;
	if (size == 0)
		return 0;
	do {
		got = pread(file->fd, data, size, (off_t)file->offset);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, ERROR_INPUT, "cannot read '%s': %s", file->name,
				 strerror(errno));
	if (got == 0)
		return error_set(err, ERROR_INPUT, "'%s' is truncated: %llu bytes are missing",
				 file->name, (unsigned long long)file->rest);
	file->offset += (uint64_t)got;
	file->rest -= (uint64_t)got;
	return got;
}

static int file_skip(struct stream *stream, uint64_t count, struct error *err)
{
	struct file_stream *file = (struct file_stream *)stream;

	if (count > file->rest)
		return error_set(err, ERROR_INPUT, "'%s' is truncated: %llu bytes are missing",
				 file->name, (unsigned long long)(count - file->rest));
	file->offset += count;
	file->rest -= count;
	return 0;
}

static void file_close(struct stream *stream)
{
	struct file_stream *file = (struct file_stream *)stream;

	if (file->fd >= 0)
		(void)close(file->fd);
	free(file->name);
	free(file);
}

static const struct stream_ops file_ops = {
	.read = file_read,
	.skip = file_skip,
	.close = file_close,
};

int stream_of_file(int fd, uint64_t offset, uint64_t size, const char *name,
		   struct stream **ret_stream, struct error *err)
{
	struct file_stream *file = calloc(1, sizeof *file);

	if (file == NULL)
		return error_memory(err);
	file->stream.ops = &file_ops;
	file->offset = offset;
	file->rest = size;
	file->name = strdup(name);
	file->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (file->name == NULL || file->fd < 0) {
		int saved = errno;

		file_close(&file->stream);
		return error_set(err, ERROR_SYSTEM, "cannot read '%s': %s", name, strerror(saved));
	}
	*ret_stream = &file->stream;
	return 0;
}

struct descriptor_stream {
	struct stream stream;
	int fd;
	char *name;
};

static ssize_t descriptor_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	const struct descriptor_stream *self = (const struct descriptor_stream *)stream;
	ssize_t got;

	do {
		got = read(self->fd, data, size);
	} while (got < 0 && errno == EINTR);
	if (got < 0)
		return error_set(err, ERROR_INPUT, "cannot read '%s': %s", self->name,
				 strerror(errno));
	return got;
}

static void descriptor_close(struct stream *stream)
{
	struct descriptor_stream *self = (struct descriptor_stream *)stream;

	if (self->fd >= 0)
		(void)close(self->fd);
	free(self->name);
	free(self);
}

static const struct stream_ops descriptor_ops = {
	.read = descriptor_read,
	.close = descriptor_close,
};

int stream_of_descriptor(int fd, const char *name, struct stream **ret_stream, struct error *err)
{
	struct descriptor_stream *self = calloc(1, sizeof *self);

	if (self == NULL)
		return error_memory(err);
	self->stream.ops = &descriptor_ops;
	self->name = strdup(name);
	self->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	if (self->name == NULL || self->fd < 0) {
		int saved = errno;

		descriptor_close(&self->stream);
		return error_set(err, ERROR_SYSTEM, "cannot read '%s': %s", name, strerror(saved));
	}
	*ret_stream = &self->stream;
	return 0;
}

struct after_stream {
	struct stream stream;
	struct stream *rest;
	size_t size;
	size_t at;
	char data[];
};

static ssize_t after_read(struct stream *stream, void *data, size_t size, struct error *err)
{
	struct after_stream *after = (struct after_stream *)stream;
	size_t left = after->size - after->at;

	if (left == 0)
		return stream_read(after->rest, data, size, err);
	if (size > left)
		size = left;
	memcpy(data, after->data + after->at, size);
	after->at += size;
	return (ssize_t)size;
}

static void after_close(struct stream *stream)
{
	struct after_stream *after = (struct after_stream *)stream;

	stream_close(after->rest);
	free(after);
}

int stream_after(const void *data, size_t size, struct stream *rest, struct stream **ret_stream,
		 struct error *err)
{
	static const struct stream_ops after_ops = { .read = after_read, .close = after_close };
	struct after_stream *after = malloc(sizeof *after + size);

	if (after == NULL) {
		stream_close(rest);
		return error_memory(err);
	}
	*after = (struct after_stream) { .stream = { &after_ops }, .rest = rest, .size = size };
	memcpy(after->data, data, size);
	*ret_stream = &after->stream;
	return 0;
}

struct memory_stream {
	struct stream stream;
	const char *data;
	size_t rest;
	size_t piece;
};

static ssize_t memory_read(struct stream *stream, void *data, size_t size,
			   unused_arg struct error *err)
{
	struct memory_stream *memory = (struct memory_stream *)stream;

	if (size > memory->rest)
		size = memory->rest;
	if (memory->piece > 0 && size > memory->piece)
		size = memory->piece;
	if (size > 0)
		memcpy(data, memory->data, size);
	memory->data += size;
	memory->rest -= size;
	return (ssize_t)size;
}

static int memory_skip(struct stream *stream, uint64_t count, struct error *err)
{
	struct memory_stream *memory = (struct memory_stream *)stream;

	if (count > memory->rest)
		return error_set(err, ERROR_INPUT, "truncated: %llu bytes are missing",
				 (unsigned long long)(count - memory->rest));
	memory->data += count;
	memory->rest -= (size_t)count;
	return 0;
}

static void memory_close(struct stream *stream)
{
	free(stream);
}

static const struct stream_ops memory_ops = {
	.read = memory_read,
	.skip = memory_skip,
	.close = memory_close,
};

int stream_of_memory(const void *data, size_t size, size_t piece, struct stream **ret_stream,
		     struct error *err)
{
	struct memory_stream *memory = calloc(1, sizeof *memory);

	if (memory == NULL)
		return error_memory(err);
	*memory = (struct memory_stream) { { &memory_ops }, data, size, piece };
	*ret_stream = &memory->stream;
	return 0;
}
