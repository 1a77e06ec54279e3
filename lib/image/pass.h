/*
 * Floor 2. One pass over an archive that can be read once, from its start to its end.
 *
 * In it layers come before the documents that say what they are. So a member is told by its
 * bytes: what begins like a layer (compressed data, a tar header whose sum is right, a block of
 * zeros) and what is too large for a document goes to the reader as it comes; all else is kept in
 * memory, within limits. When all has passed, the members can be asked for by their names as in
 * any store, but of the layers nothing is left except what the reader made of them.
 *
 * The archive itself may be compressed. It is always read to the end of its stream.
 */
#ifndef IMAGE_PASS_H
#define IMAGE_PASS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/stream.h"

struct pass_reader {
	void *context;
	bool hash; /* the layers' bytes */
	/* May read as much of `bytes` as it likes. What is wrong with a layer is kept by the
	 * reader, for it may be no layer at all; -1 ends the pass. Layers are numbered from 0. */
	int (*layer)(void *context, size_t number, const char *name, uint64_t size,
		     struct stream *bytes, struct error *err);
};

struct pass;

/* Reads it all. `name` is what errors call the stream. Without a reader (NULL) the layers are
 * passed over. ERROR_INPUT: no archive, damaged, or cut short. */
int pass_read(struct stream *stream, const char *name, const struct pass_reader *reader,
	      struct pass **ret_pass, struct error *err) must_check;
void pass_free(struct pass *pass);
static inline void pass_free_pointer(struct pass **place)
{
	pass_free(*place);
}
#define auto_pass cleanup_by(pass_free_pointer)

const char *pass_name(const struct pass *pass);

/* A member, links followed; for store.h. The stream of a layer has its size, and cannot be read. */
int pass_open_member(const struct pass *pass, const char *name, struct stream **ret_stream,
		     uint64_t *ret_size, struct error *err) must_check;

struct pass_layer {
	size_t number;	      /* as the reader got it */
	struct digest digest; /* SHA-256 of its bytes; none where they were not hashed */
};

/* Which layer a stream of pass_open_member stands for; NULL where it can be read. */
const struct pass_layer *pass_layer_of(const struct stream *stream);

#endif
