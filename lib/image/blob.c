#include "config.h"

#include "image/blob.h"

#include <inttypes.h>
#include <string.h>

#include "image/gzipsize.h"

#define BLOB_INPUT ((size_t)64 << 10)
#define STALLS_MAX 3

struct blob {
	struct stream *stream;
	struct blob_options options;
	enum layer_compression compression;
	struct codec *codec;
	struct hasher *stored;
	struct hasher *unpacked;
	struct gzip_size *packed;
	uint64_t stored_size;
	uint64_t unpacked_size;
	bool input_ended;
	unsigned stalls;      /* steps of the codec that had input and did nothing */
	struct error failure; /* of the compressed data: what follows it cannot be read any more */
	size_t begin;	      /* of the bytes in `input` that are not used yet */
	size_t end;
	unsigned char input[BLOB_INPUT];
};

/* Fetches more stored bytes, counts and hashes them. */
static int blob_fill(struct blob *blob, struct error *err)
{
	ssize_t got;

	if (blob->begin == blob->end)
		blob->begin = blob->end = 0;
	got = stream_read(blob->stream, blob->input + blob->end, sizeof blob->input - blob->end,
			  err);
	if (got < 0)
		return -1;
	if (got == 0)
		blob->input_ended = true;
	if (blob->stored != NULL)
		hasher_add(blob->stored, blob->input + blob->end, (size_t)got);
	blob->stored_size += (uint64_t)got;
	blob->end += (size_t)got;
	return 0;
}

/* What is plain is hashed once. */
static int blob_hash_unpacked(struct blob *blob, struct error *err)
{
	enum digest_algorithm algorithm = blob->options.diff_id.algorithm;

	if (blob->codec != NULL && blob->options.hash)
		algorithm = DIGEST_SHA256;
	if (algorithm == DIGEST_NONE || (blob->codec == NULL && blob->stored != NULL &&
					 algorithm == blob->options.digest.algorithm))
		return 0;
	return hasher_new(algorithm, &blob->unpacked, err);
}

int blob_open(struct stream *stream, const struct blob_options *options, struct blob **ret_blob,
	      struct error *err)
{
	auto_blob struct blob *blob = calloc(1, sizeof *blob);

	if (blob == NULL)
		return error_memory(err);
	blob->stream = stream;
	blob->options = *options;
	if (digest_is_set(&options->digest) &&
	    hasher_new(options->digest.algorithm, &blob->stored, err) < 0)
		return -1;
	/* enough for the magic bytes, and no more, for what follows may be skipped */
	while (blob->end < 4 && !blob->input_ended)
		if (blob_fill(blob, err) < 0)
			return error_prefix(err, "%s", options->name);
	blob->compression = compression_of(blob->input, blob->end);
	if (blob->compression != COMPRESSION_NONE &&
	    codec_new(blob->compression, &blob->codec, err) < 0)
		return -1;
	if (blob_hash_unpacked(blob, err) < 0)
		return -1;
	if (options->pack && blob->codec == NULL && gzip_size_new(&blob->packed, err) < 0)
		return -1;
	*ret_blob = steal(&blob);
	return 0;
}

void blob_free(struct blob *blob)
{
	if (blob == NULL)
		return;
	codec_free(blob->codec);
	hasher_free(blob->stored);
	hasher_free(blob->unpacked);
	gzip_size_free(blob->packed);
	free(blob);
}

static ssize_t blob_read_plain(struct blob *blob, void *data, size_t size, struct error *err)
{
	size_t there = blob->end - blob->begin;
	ssize_t got;

	if (there > 0) {
		if (size > there)
			size = there;
		memcpy(data, blob->input + blob->begin, size);
		blob->begin += size;
		return (ssize_t)size;
	}
	/* straight into the caller's memory */
	got = stream_read(blob->stream, data, size, err);
	if (got > 0) {
		if (blob->stored != NULL)
			hasher_add(blob->stored, data, (size_t)got);
		blob->stored_size += (uint64_t)got;
	}
	return got;
}

/* One step of the codec: 1 where it gave something or may give more, 0 at the end. */
static int blob_unpack(struct blob *blob, struct codec_io *io, struct error *err)
{
	size_t in_size = blob->end - blob->begin;
	size_t out_size = io->out_size;

	io->in = blob->input + blob->begin;
	io->in_size = in_size;
	if (codec_step(blob->codec, io, err) < 0)
		return -1;
	blob->begin += in_size - io->in_size;
	if (io->out_size < out_size) {
		blob->stalls = 0;
		return 1;
	}
	/* a step may change nothing but the codec's state, but not several of them */
	blob->stalls = in_size > 0 && io->in_size == in_size ? blob->stalls + 1 : 0;
	if (blob->stalls > STALLS_MAX)
		return error_set(err, ERROR_INPUT, "damaged compressed data");
	if (!blob->input_ended || blob->begin < blob->end)
		return 1;
	if (!codec_may_end(blob->codec))
		return error_set(err, ERROR_INPUT, "the compressed data is cut short");
	return 0;
}

static ssize_t blob_read_packed(struct blob *blob, void *data, size_t size, struct error *err)
{
	struct codec_io io = { .out = data, .out_size = size };

	while (io.out_size == size) {
		int more = -1;

		if (blob->failure.kind == ERROR_NONE) {
			if (blob->begin == blob->end && !blob->input_ended &&
			    blob_fill(blob, err) < 0)
				return -1;
			more = blob_unpack(blob, &io, &blob->failure);
		}
		if (more < 0)
			return error_copy(err, &blob->failure);
		if (more == 0)
			return 0;
	}
	return (ssize_t)(size - io.out_size);
}

ssize_t blob_read(struct blob *blob, void *data, size_t size, struct error *err)
{
	ssize_t got;

	if (size == 0)
		return 0;
	got = blob->codec != NULL ? blob_read_packed(blob, data, size, err)
				  : blob_read_plain(blob, data, size, err);
	if (got < 0)
		return error_prefix(err, "%s", blob->options.name);
	if (blob->unpacked != NULL)
		hasher_add(blob->unpacked, data, (size_t)got);
	if (blob->packed != NULL)
		gzip_size_add(blob->packed, data, (size_t)got);
	blob->unpacked_size += (uint64_t)got;
	return got;
}

bool blob_can_skip(const struct blob *blob)
{
	return blob->codec == NULL && blob->stored == NULL && blob->unpacked == NULL &&
	       blob->packed == NULL && stream_can_skip(blob->stream);
}

int blob_skip(struct blob *blob, uint64_t count, struct error *err)
{
	uint64_t there = blob->end - blob->begin;

	blob->unpacked_size += count;
	if (count <= there) {
		blob->begin += (size_t)count;
		return 0;
	}
	blob->begin = blob->end;
	blob->stored_size += count - there;
	if (stream_skip(blob->stream, count - there, err) < 0)
		return error_prefix(err, "%s", blob->options.name);
	return 0;
}

static int blob_compare(const struct blob *blob, const struct digest *found,
			const struct digest *wanted, const char *what, struct error *err)
{
	char wanted_text[DIGEST_TEXT_MAX];
	char found_text[DIGEST_TEXT_MAX];

	if (!digest_is_set(wanted) || digest_equal(found, wanted))
		return 0;
	return error_set(err, ERROR_INPUT, "%s: wrong %s: it should be %s and is %s",
			 blob->options.name, what, digest_text(wanted, wanted_text),
			 digest_text(found, found_text));
}

/* A plain blob that is known to be `size` long needs no reading to its end, unless there is more.
 */
static int blob_drain(struct blob *blob, struct error *err)
{
	auto_free char *rest = NULL;
	ssize_t got;

	if (blob_can_skip(blob) && blob->options.size_known &&
	    blob->options.size >= blob->stored_size &&
	    blob_skip(blob, blob->options.size - blob->stored_size + blob->end - blob->begin, err) <
		    0)
		return -1;
	rest = malloc(BLOB_PIECE);
	if (rest == NULL)
		return error_memory(err);
	do {
		got = blob_read(blob, rest, BLOB_PIECE, err);
	} while (got > 0);
	return got < 0 ? -1 : 0;
}

static int blob_compare_stored(const struct blob *blob, struct digest *ret_found, struct error *err)
{
	if (blob->options.size_known && blob->options.size != blob->stored_size)
		return error_set(err, ERROR_INPUT,
				 "%s: wrong size: it should be %" PRIu64 " bytes and is %" PRIu64,
				 blob->options.name, blob->options.size, blob->stored_size);
	if (blob->stored == NULL)
		return 0;
	if (hasher_finish(blob->stored, ret_found, err) < 0)
		return -1;
	return blob_compare(blob, ret_found, &blob->options.digest, "digest", err);
}

/* Bytes other than those that were meant explain what is wrong with the compressed data. */
static int blob_blame(struct blob *blob, struct error *err)
{
	struct digest found;

	while (blob->stored != NULL && !blob->input_ended) {
		blob->begin = blob->end;
		if (blob_fill(blob, err) < 0)
			return error_prefix(err, "%s", blob->options.name);
	}
	if (blob->stored != NULL && blob_compare_stored(blob, &found, err) < 0)
		return -1;
	(void)error_copy(err, &blob->failure);
	return error_prefix(err, "%s", blob->options.name);
}

int blob_finish(struct blob *blob, struct layer_totals *ret_totals, struct error *err)
{
	struct layer_totals totals = { .compression = blob->compression };
	struct digest found = { .algorithm = DIGEST_NONE };

	if (blob_drain(blob, err) < 0)
		return blob->failure.kind != ERROR_NONE ? blob_blame(blob, err) : -1;
	if (blob_compare_stored(blob, &found, err) < 0 ||
	    (blob->unpacked != NULL && hasher_finish(blob->unpacked, &found, err) < 0) ||
	    blob_compare(blob, &found, &blob->options.diff_id, "diff_id", err) < 0)
		return -1;
	if (blob->options.hash && blob->unpacked != NULL)
		totals.diff_id = found;
	totals.stored_size = blob->stored_size;
	totals.unpacked_size = blob->unpacked_size;
	if (blob->packed != NULL)
		totals.packed_size = gzip_size_finish(blob->packed);
	if (ret_totals != NULL)
		*ret_totals = totals;
	return 0;
}
