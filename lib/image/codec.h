/*
 * Floor 2. Decompression, a step at a time: gzip (ISA-L, or zlib where there is none) and
 * zstd. A codec does no I/O; blob.c feeds it.
 */
#ifndef IMAGE_CODEC_H
#define IMAGE_CODEC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attributes.h"
#include "base/error.h"
#include "image/layer.h"

/* Told by magic bytes, never by a media type. A file of fewer than 4 bytes is plain. */
enum layer_compression compression_of(const void *data, size_t size);

struct codec;

int codec_new(enum layer_compression compression, struct codec **ret_codec,
	      struct error *err) must_check;
void codec_free(struct codec *codec);
static inline void codec_free_pointer(struct codec **place)
{
	codec_free(*place);
}
#define auto_codec cleanup_by(codec_free_pointer)

struct codec_io {
	const unsigned char *in;
	size_t in_size;
	unsigned char *out;
	size_t out_size;
};

/*
 * Consumes and produces what it can; moves the four members of `io` on. Members of gzip and frames
 * of zstd may follow each other, and zeros may follow the last of gzip.
 */
int codec_step(struct codec *codec, struct codec_io *io, struct error *err) must_check;
/* May the input end here? */
bool codec_may_end(const struct codec *codec);

#endif
