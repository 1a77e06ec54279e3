/*
 * Compressed data for the unit tests, made by zlib and libzstd, and what their libraries do not
 * make by themselves: optional header fields and skippable frames.
 */
#ifndef PACKED_H
#define PACKED_H

#include "fixture.h"

#include <zlib.h>
#include <zstd.h>

#include "image/layer.h"

/* Bytes that compress to about a half, so that matches and literals mix. */
static inline void packed_noise(char *data, size_t size)
{
	uint32_t noise = 1;

	for (size_t i = 0; i < size; i++) {
		noise = noise * 1664525 + 1013904223;
		data[i] = (char)(noise >> 30 != 0 ? 'a' + (noise >> 24) % 7 : noise >> 16);
	}
}

/* RFC 1952 with every optional field: extra, name, comment, header checksum. */
static inline void packed_add_gzip(struct buf *out, const char *data, size_t size, bool header)
{
	gz_header fields = { .text = 1,
			     .os = 3,
			     .extra = (Bytef[]) { "AB\004\000more" },
			     .extra_len = 8,
			     .name = (Bytef[]) { "layer.tar" },
			     .comment = (Bytef[]) { "a comment" },
			     .hcrc = 1 };
	size_t room = compressBound(size) + 256;
	auto_free unsigned char *packed = malloc(room);
	z_stream stream = { .next_in = (Bytef *)(uintptr_t)data,
			    .avail_in = (uInt)size,
			    .next_out = packed,
			    .avail_out = (uInt)room };

	assert_non_null(packed);
	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	if (header)
		assert_int_equal(deflateSetHeader(&stream, &fields), Z_OK);
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_add(out, packed, room - stream.avail_out);
	(void)deflateEnd(&stream);
}

/* RFC 8878 with a checksum; with a skippable frame in front of it. */
static inline void packed_add_zstd(struct buf *out, const char *data, size_t size, bool header)
{
	size_t room = ZSTD_compressBound(size);
	auto_free char *packed = malloc(room);
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t got;

	assert_non_null(packed);
	assert_non_null(context);
	(void)ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
	got = ZSTD_compress2(context, packed, room, data, size);
	assert_false(ZSTD_isError(got));
	(void)ZSTD_freeCCtx(context);
	if (header)
		buf_add(out, "\x5a\x2a\x4d\x18\x05\0\0\0skip!", 13);
	buf_add(out, packed, got);
}

static inline void packed_add(struct buf *out, enum layer_compression compression, const char *data,
			      size_t size, bool header)
{
	if (compression == COMPRESSION_GZIP)
		packed_add_gzip(out, data, size, header);
	else if (compression == COMPRESSION_ZSTD)
		packed_add_zstd(out, data, size, header);
	else
		buf_add(out, data, size);
}

/* In so many members or frames, the first of them empty where there are several. */
static inline void packed_add_pieces(struct buf *out, enum layer_compression compression,
				     const char *data, size_t size, size_t pieces, bool header)
{
	size_t done = 0;

	for (size_t i = 0; i < pieces; i++) {
		size_t piece = i + 1 < pieces ? (i > 0 ? size / pieces : 0) : size - done;

		packed_add(out, compression, data + done, piece, header);
		done += piece;
	}
}

#endif
