/*
 * Floor 2. A blob pulled through: its stored bytes counted and hashed, decompressed by what they
 * are, the result counted and hashed. Hashing is this module's business alone: whoever
 * reads on top may stop early, and blob_finish still covers every byte.
 *
 * Nothing that was read is final before blob_finish has returned 0.
 */
#ifndef IMAGE_BLOB_H
#define IMAGE_BLOB_H

#include <sys/types.h>

#include "attributes.h"
#include "base/digest.h"
#include "base/error.h"
#include "image/codec.h"
#include "image/layer.h"
#include "image/stream.h"

/* A good size for a read. */
#define BLOB_PIECE ((size_t)128 << 10)

struct blob_options {
	const char *name;      /* stands in errors; borrowed */
	struct digest digest;  /* checked where set */
	struct digest diff_id; /* of the decompressed bytes; checked where set */
	uint64_t size;	       /* stored bytes; checked where size_known */
	bool size_known;
	bool hash; /* compressed: the decompressed bytes, though there is no diff_id yet */
	bool pack; /* plain: how many bytes gzip makes of them */
};

struct blob;

/* `stream` is borrowed until blob_free. */
int blob_open(struct stream *stream, const struct blob_options *options, struct blob **ret_blob,
	      struct error *err) must_check;
void blob_free(struct blob *blob);
static inline void blob_free_pointer(struct blob **place)
{
	blob_free(*place);
}
#define auto_blob cleanup_by(blob_free_pointer)

/* Decompressed bytes, up to `size`; 0 at the end. ERROR_INPUT: damaged or cut short. */
ssize_t blob_read(struct blob *blob, void *data, size_t size, struct error *err) must_check;

/* Plain, nothing to hash, and the stream can: bytes may be passed over unread. */
bool blob_can_skip(const struct blob *blob);
int blob_skip(struct blob *blob, uint64_t count, struct error *err) must_check;

/* Reads what is left and compares digest, size and diff_id. ret_totals (may be NULL) gets all but
 * the number of entries; the diff_id where .hash was set, the packed size where .pack was. */
int blob_finish(struct blob *blob, struct layer_totals *ret_totals, struct error *err) must_check;

#endif
