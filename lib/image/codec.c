#include "config.h"

#include "image/codec.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#ifdef HAVE_ISAL
#include <isa-l/igzip_lib.h>

/* ISA-L's own reader of headers finds a good header checksum wrong where the header comes in
 * pieces, so headers are read here. RFC 1952, 2.3: the parts in their order. */
enum header_part {
	HEADER_FIXED,
	HEADER_EXTRA_SIZE,
	HEADER_EXTRA,
	HEADER_NAME,
	HEADER_COMMENT,
	HEADER_CHECKSUM,
	HEADER_END,
};

struct header {
	enum header_part part;
	unsigned position; /* in this part */
	unsigned extra_size;
	unsigned char flags;
	uint32_t crc;
	unsigned found; /* the checksum as stored */
};
#endif

struct codec {
	enum layer_compression compression;
	ZSTD_DStream *zstd;
	bool inside;  /* a member or frame has begun and not ended */
	bool any;     /* at least one has begun */
	bool ended;   /* at least one has ended: what cannot begin another is junk */
	bool padding; /* zeros behind the last member */
#ifdef HAVE_ISAL
	struct header header;
	struct inflate_state inflate;
#else
	z_stream inflate;
#endif
};

enum layer_compression compression_of(const void *data, size_t size)
{
	static const unsigned char gzip[] = { 0x1f, 0x8b, 0x08 };
	static const unsigned char zstd[] = { 0x28, 0xb5, 0x2f, 0xfd };
	const unsigned char *bytes = data;

	if (size >= sizeof gzip && memcmp(data, gzip, sizeof gzip) == 0)
		return COMPRESSION_GZIP;
	if (size >= sizeof zstd && memcmp(data, zstd, sizeof zstd) == 0)
		return COMPRESSION_ZSTD;
	/* a skippable frame, RFC 8878, 3.1.2: 0x184D2A50 to 0x184D2A5F, little-endian */
	if (size >= 4 && (bytes[0] & 0xf0) == 0x50 && bytes[1] == 0x2a && bytes[2] == 0x4d &&
	    bytes[3] == 0x18)
		return COMPRESSION_ZSTD;
	return COMPRESSION_NONE;
}

#ifdef HAVE_ISAL

/* Takes the next byte of a part: 1 at the part's end, 0 inside, -1 where it is wrong. */
static int header_take(struct header *header, unsigned char byte)
{
	static const unsigned char fixed[] = { 0x1f, 0x8b, 0x08 };
	unsigned position = header->position++;

	switch (header->part) {
	case HEADER_FIXED:
		if (position < sizeof fixed && byte != fixed[position])
			return -1;
		if (position == 3)
			header->flags = byte;
		/* reserved bits: what follows would be something unknown */
		return (header->flags & 0xe0) != 0 ? -1 : position == 9;
	case HEADER_EXTRA_SIZE:
		header->extra_size |= (unsigned)byte << 8 * position;
		return position == 1;
	case HEADER_EXTRA:
		return header->position >= header->extra_size;
	case HEADER_NAME:
	case HEADER_COMMENT:
		header->position = 0;
		return byte == 0;
	case HEADER_CHECKSUM:
		header->found |= (unsigned)byte << 8 * position;
		if (position == 1 && header->found != (header->crc & 0xffff))
			return -1;
		return position == 1;
	case HEADER_END:
		break;
	}
	return -1;
}

/* Is the part in this header? */
static bool header_has(const struct header *header)
{
	switch (header->part) {
	case HEADER_EXTRA_SIZE:
		return (header->flags & 0x04) != 0;
	case HEADER_EXTRA:
		return header->extra_size > 0;
	case HEADER_NAME:
		return (header->flags & 0x08) != 0;
	case HEADER_COMMENT:
		return (header->flags & 0x10) != 0;
	case HEADER_CHECKSUM:
		return (header->flags & 0x02) != 0;
	case HEADER_FIXED:
	case HEADER_END:
		break;
	}
	return true;
}

/* Reads on in a member's header as far as the input goes. */
static int header_read(struct header *header, struct codec_io *io)
{
	while (header->part != HEADER_END && io->in_size > 0) {
		unsigned char byte = *io->in;
		int taken = header_take(header, byte);

		if (taken < 0)
			return -1;
		if (header->part != HEADER_CHECKSUM)
			header->crc = (uint32_t)crc32(header->crc, &byte, 1);
		io->in++;
		io->in_size--;
		if (taken == 0)
			continue;
		header->position = 0;
		do {
			header->part++;
		} while (!header_has(header));
	}
	return 0;
}

static int gzip_init(struct codec *codec)
{
	isal_inflate_init(&codec->inflate);
	codec->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
	return 0;
}

static void gzip_release(unused_arg struct codec *codec)
{
}

static void gzip_again(struct codec *codec)
{
	codec->header = (struct header) { .part = HEADER_FIXED };
	isal_inflate_reset(&codec->inflate);
	codec->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
}

static int gzip_inflate_body(struct inflate_state *state, struct codec_io *io)
{
	uint32_t in_size = io->in_size > UINT32_MAX ? UINT32_MAX : (uint32_t)io->in_size;
	uint32_t out_size = io->out_size > UINT32_MAX ? UINT32_MAX : (uint32_t)io->out_size;
	int result;

	/* the library does not write to its input */
	state->next_in = (uint8_t *)(uintptr_t)io->in;
	state->avail_in = in_size;
	state->next_out = io->out;
	state->avail_out = out_size;
	result = isal_inflate(state);
	io->in = state->next_in;
	io->in_size -= in_size - state->avail_in;
	io->out = state->next_out;
	io->out_size -= out_size - state->avail_out;
	if (result < 0)
		return -1;
	return state->block_state == ISAL_BLOCK_FINISH;
}

/* 1: the member has ended; 0: it goes on; -1: it is damaged. */
static int gzip_inflate(struct codec *codec, struct codec_io *io)
{
	struct inflate_state *state = &codec->inflate;

	if (header_read(&codec->header, io) < 0)
		return -1;
	if (codec->header.part != HEADER_END)
		return 0;
	return gzip_inflate_body(state, io);
}

#else

static int gzip_init(struct codec *codec)
{
	return inflateInit2(&codec->inflate, 15 + 16) == Z_OK ? 0 : -1;
}

static void gzip_release(struct codec *codec)
{
	(void)inflateEnd(&codec->inflate);
}

static void gzip_again(struct codec *codec)
{
	(void)inflateReset(&codec->inflate);
}

/* 1: the member has ended; 0: it goes on; -1: it is damaged. */
static int gzip_inflate(struct codec *codec, struct codec_io *io)
{
	z_stream *stream = &codec->inflate;
	uInt in_size = io->in_size > UINT32_MAX ? UINT32_MAX : (uInt)io->in_size;
	uInt out_size = io->out_size > UINT32_MAX ? UINT32_MAX : (uInt)io->out_size;
	int result;

	stream->next_in = (Bytef *)(uintptr_t)io->in;
	stream->avail_in = in_size;
	stream->next_out = io->out;
	stream->avail_out = out_size;
	result = inflate(stream, Z_NO_FLUSH);
	io->in = stream->next_in;
	io->in_size -= in_size - stream->avail_in;
	io->out = stream->next_out;
	io->out_size -= out_size - stream->avail_out;
	if (result == Z_STREAM_END)
		return 1;
	return result == Z_OK || result == Z_BUF_ERROR ? 0 : -1;
}

#endif

int codec_new(enum layer_compression compression, struct codec **ret_codec, struct error *err)
{
	struct codec *codec = calloc(1, sizeof *codec);

	if (codec == NULL)
		return error_memory(err);
	codec->compression = compression;
	if (compression == COMPRESSION_ZSTD)
		codec->zstd = ZSTD_createDStream();
	if ((compression == COMPRESSION_ZSTD && codec->zstd == NULL) ||
	    (compression == COMPRESSION_GZIP && gzip_init(codec) < 0)) {
		free(codec);
		return error_memory(err);
	}
	*ret_codec = codec;
	return 0;
}

void codec_free(struct codec *codec)
{
	if (codec == NULL)
		return;
	if (codec->compression == COMPRESSION_GZIP)
		gzip_release(codec);
	(void)ZSTD_freeDStream(codec->zstd);
	free(codec);
}

static int gzip_step(struct codec *codec, struct codec_io *io, struct error *err)
{
	int ended;

	if (!codec->inside) {
		/* tar's blocking and some registries pad with zeros */
		while (codec->any && io->in_size > 0 && io->in[0] == 0) {
			codec->padding = true;
			io->in++;
			io->in_size--;
		}
		if (io->in_size == 0)
			return 0;
		if (codec->padding || (codec->any && io->in[0] != 0x1f))
			return error_set(err, ERROR_INPUT, "junk behind the gzip data");
		if (codec->any)
			gzip_again(codec);
		codec->any = true;
		codec->inside = true;
	}
	ended = gzip_inflate(codec, io);
	if (ended < 0)
		return error_set(err, ERROR_INPUT, "damaged gzip data");
	codec->inside = ended == 0;
	return 0;
}

static int zstd_step(struct codec *codec, struct codec_io *io, struct error *err)
{
	ZSTD_inBuffer in = { io->in, io->in_size, 0 };
	ZSTD_outBuffer out = { io->out, io->out_size, 0 };
	size_t result = ZSTD_decompressStream(codec->zstd, &out, &in);

	if (codec->ended && ZSTD_getErrorCode(result) == ZSTD_error_prefix_unknown)
		return error_set(err, ERROR_INPUT, "junk behind the zstd data");
	if (ZSTD_isError(result))
		return error_set(err, ERROR_INPUT, "damaged zstd data: %s",
				 ZSTD_getErrorName(result));
	io->in += in.pos;
	io->in_size -= in.pos;
	io->out += out.pos;
	io->out_size -= out.pos;
	/* a call that neither took nor gave anything says nothing about a frame */
	if (in.pos > 0 || out.pos > 0) {
		codec->any = true;
		codec->inside = result != 0;
		codec->ended = codec->ended || !codec->inside;
	}
	return 0;
}

int codec_step(struct codec *codec, struct codec_io *io, struct error *err)
{
	return codec->compression == COMPRESSION_GZIP ? gzip_step(codec, io, err)
						      : zstd_step(codec, io, err);
}

bool codec_may_end(const struct codec *codec)
{
	return codec->any && !codec->inside;
}
