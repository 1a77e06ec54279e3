/*
 * Floor 2. Bytes of a blob, pulled: the face that every transport gives to the
 * reader above it. A file on disk, a member of an archive and a transfer from a
 * registry look the same here.
 *
 * A stream belongs to one thread at a time.
 */
#ifndef IMAGE_STREAM_H
#define IMAGE_STREAM_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attributes.h"
#include "base/error.h"

struct stream {
	const struct stream_ops *ops;
};

/* A transport embeds struct stream as the first member of its own. */
struct stream_ops {
	/* Up to `size` bytes; 0 at the end; -1 with err. Fewer bytes than asked for mean nothing.
	 */
	ssize_t (*read)(struct stream *stream, void *data, size_t size, struct error *err);
	/* Passes over `count` bytes without handing them out. NULL where that would gain nothing.
	 */
	int (*skip)(struct stream *stream, uint64_t count, struct error *err);
	void (*close)(struct stream *stream);
};

ssize_t stream_read(struct stream *stream, void *data, size_t size, struct error *err) must_check;
bool stream_can_skip(const struct stream *stream);
/* Only where stream_can_skip(). Skipping beyond the end is an error. */
int stream_skip(struct stream *stream, uint64_t count, struct error *err) must_check;
void stream_close(struct stream *stream);
static inline void stream_close_pointer(struct stream **place)
{
	stream_close(*place);
}
#define auto_stream cleanup_by(stream_close_pointer)

/* `size` bytes from `offset` of a file, by pread on a duplicate of `fd`, so that many
 * streams can share a file. Fewer bytes in the file are an error ("truncated"). `name` is
 * copied and stands in errors. */
int stream_of_file(int fd, uint64_t offset, uint64_t size, const char *name,
		   struct stream **ret_stream, struct error *err) must_check;

/* All that can still be read from a descriptor, which is duplicated; for what can't be seeked. */
int stream_of_descriptor(int fd, const char *name, struct stream **ret_stream,
			 struct error *err) must_check;

/* Bytes that were read already, which are copied, then what is left of the stream, which is taken
 * over in any case. */
int stream_after(const void *data, size_t size, struct stream *rest, struct stream **ret_stream,
		 struct error *err) must_check;

/* Bytes in memory, borrowed; hands out at most `piece` at a time (0: no such limit). For tests
 * and for documents that are already there. */
int stream_of_memory(const void *data, size_t size, size_t piece, struct stream **ret_stream,
		     struct error *err) must_check;

#endif
