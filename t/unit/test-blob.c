/* The codecs and the blob that feeds them. */
#include "config.h"

#include "unit.h"

#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/buf.h"
#include "image/blob.h"

static const size_t pieces[] = { 1, 7, 4096, 0 };
static char plain[20000];

static int begin(unused_arg void **state)
{
	for (size_t i = 0; i < sizeof plain; i++)
		plain[i] = (char)('a' + (i * i / 7) % 23);
	return 0;
}

static void add_gzip(struct buf *out, const char *data, size_t size)
{
	z_stream stream = { 0 };
	unsigned char piece[32768];

	assert_int_equal(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY),
			 Z_OK);
	stream.next_in = (Bytef *)(uintptr_t)data;
	stream.avail_in = (uInt)size;
	stream.next_out = piece;
	stream.avail_out = sizeof piece;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	buf_add(out, piece, sizeof piece - stream.avail_out);
	(void)deflateEnd(&stream);
}

static void add_zstd(struct buf *out, const char *data, size_t size)
{
	static char piece[65536];
	size_t got = ZSTD_compress(piece, sizeof piece, data, size, 3);

	assert_false(ZSTD_isError(got));
	buf_add(out, piece, got);
}

/* Reads the whole; returns what blob_finish says. */
static int read_all(const struct buf *stored, size_t piece, const struct blob_options *options,
		    struct buf *out, struct layer_totals *totals, struct error *err)
{
	auto_stream struct stream *stream = NULL;
	auto_blob struct blob *blob = NULL;
	char data[777];
	ssize_t got;

	buf_clear(out);
	if (stream_of_memory(stored->data, stored->size, piece, &stream, err) < 0 ||
	    blob_open(stream, options, &blob, err) < 0)
		return -1;
	while ((got = blob_read(blob, data, sizeof data, err)) > 0)
		buf_add(out, data, (size_t)got);
	return got < 0 ? -1 : blob_finish(blob, totals, err);
}

static struct digest sha256(const void *data, size_t size)
{
	struct digest digest;
	struct error err = ERROR_INIT;

	assert_success(digest_of(DIGEST_SHA256, data, size, &digest, &err), err);
	return digest;
}

enum { FORM_PLAIN, FORM_GZIP, FORM_MEMBERS, FORM_PADDED, FORM_ZSTD, FORM_FRAMES, FORM_COUNT };

/* Where a member or frame ends, in bytes: what is cut there is whole. */
struct ends {
	size_t at[8];
	size_t count;
};

static void add_end(struct ends *ends, const struct buf *out)
{
	assert_true(ends->count < array_size(ends->at));
	ends->at[ends->count++] = out->size;
}

/* The same bytes in every form that layers come in. */
static struct ends make_form(int form, struct buf *out)
{
	static const char skippable[] = { 0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z' };
	static const char zeros[512];
	struct ends ends = { .count = 0 };

	buf_init(out, BUF_MAX_DEFAULT);
	switch (form) {
	case FORM_PLAIN:
		buf_add(out, plain, sizeof plain);
		break;
	case FORM_GZIP:
		add_gzip(out, plain, sizeof plain);
		break;
	case FORM_MEMBERS:
	case FORM_PADDED:
		add_gzip(out, plain, 1);
		add_end(&ends, out);
		add_gzip(out, plain, 0);
		add_end(&ends, out);
		add_gzip(out, plain + 1, sizeof plain - 1);
		add_end(&ends, out);
		if (form == FORM_PADDED)
			buf_add(out, zeros, sizeof zeros);
		break;
	case FORM_ZSTD:
		add_zstd(out, plain, sizeof plain);
		break;
	default:
		buf_add(out, skippable, sizeof skippable);
		add_end(&ends, out);
		add_zstd(out, plain, 100);
		add_end(&ends, out);
		buf_add(out, skippable, sizeof skippable);
		add_end(&ends, out);
		add_zstd(out, plain + 100, sizeof plain - 100);
		break;
	}
	return ends;
}

static void reads_every_form_in_every_piece(unused_arg void **state)
{
	static const enum layer_compression wanted[FORM_COUNT] = {
		COMPRESSION_NONE, COMPRESSION_GZIP, COMPRESSION_GZIP,
		COMPRESSION_GZIP, COMPRESSION_ZSTD, COMPRESSION_ZSTD,
	};
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&out, BUF_MAX_DEFAULT);
	for (int form = 0; form < FORM_COUNT; form++) {
		auto_buf struct buf stored;

		(void)make_form(form, &stored);
		for (size_t i = 0; i < array_size(pieces); i++) {
			struct blob_options options = {
				.name = "blob",
				.digest = sha256(stored.data, stored.size),
				.diff_id = sha256(plain, sizeof plain),
				.size = stored.size,
				.size_known = true,
			};
			struct layer_totals totals;

			assert_success(read_all(&stored, pieces[i], &options, &out, &totals, &err),
				       err);
			assert_int_equal(out.size, sizeof plain);
			assert_memory_equal(out.data, plain, sizeof plain);
			assert_int_equal(totals.compression, wanted[form]);
			assert_int_equal(totals.stored_size, stored.size);
			assert_int_equal(totals.unpacked_size, sizeof plain);
		}
	}
}

static void tells_what_does_not_match(unused_arg void **state)
{
	auto_buf struct buf out;
	struct error err;

	buf_init(&out, BUF_MAX_DEFAULT);
	for (int form = 0; form < FORM_COUNT; form++) {
		struct digest other = sha256("other", 5);
		auto_buf struct buf stored;
		struct blob_options digest = { .name = "the blob", .digest = other };
		struct blob_options diff_id = { .name = "the blob", .diff_id = other };
		struct blob_options size = { .name = "the blob", .size = 5, .size_known = true };

		(void)make_form(form, &stored);
		assert_failure(read_all(&stored, 0, &digest, &out, NULL, &err), err, ERROR_INPUT,
			       "the blob: wrong digest");
		assert_failure(read_all(&stored, 0, &diff_id, &out, NULL, &err), err, ERROR_INPUT,
			       "the blob: wrong diff_id");
		assert_failure(read_all(&stored, 0, &size, &out, NULL, &err), err, ERROR_INPUT,
			       "the blob: wrong size");
	}
}

/* Is what is cut there whole by itself? */
static bool may_end_at(int form, const struct ends *ends, size_t size)
{
	for (size_t i = 0; i < ends->count; i++)
		if (size == ends->at[i])
			return true;
	/* the padding may be cut anywhere */
	return form == FORM_PADDED && size >= ends->at[ends->count - 1];
}

/* Cut at every byte: "cut short", except where a member ends; there the diff_id tells. */
static void cut_short_is_told(unused_arg void **state)
{
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&out, BUF_MAX_DEFAULT);
	for (int form = FORM_GZIP; form < FORM_COUNT; form++) {
		auto_buf struct buf stored;
		struct ends ends = make_form(form, &stored);
		struct blob_options nothing = { .name = "blob" };
		struct blob_options diff_id = { .name = "blob",
						.diff_id = sha256(plain, sizeof plain) };

		for (size_t size = 4; size < stored.size; size++) {
			struct buf cut = { .data = stored.data, .size = size };
			bool padding = form == FORM_PADDED && size >= ends.at[ends.count - 1];

			if (!may_end_at(form, &ends, size)) {
				assert_failure(read_all(&cut, 0, &nothing, &out, NULL, &err), err,
					       ERROR_INPUT,
					       "blob: the compressed data is cut short");
				assert_failure(read_all(&cut, 7, &diff_id, &out, NULL, &err), err,
					       ERROR_INPUT,
					       "blob: the compressed data is cut short");
				continue;
			}
			assert_success(read_all(&cut, 0, &nothing, &out, NULL, &err), err);
			assert_memory_equal(out.data, plain, out.size);
			if (padding)
				assert_int_equal(out.size, sizeof plain);
			else
				assert_failure(read_all(&cut, 7, &diff_id, &out, NULL, &err), err,
					       ERROR_INPUT, "blob: wrong diff_id");
		}
	}
}

/* What stands behind the last member or frame is not passed over, whatever was asked for. */
static void junk_behind_is_told(unused_arg void **state)
{
	static const struct {
		const char *junk;
		size_t size;
		const char *gzip;
		const char *zstd;
	} cases[] = {
		{ "junk", 4, "junk behind the gzip data", "junk behind the zstd data" },
		{ "a longer piece of junk", 22, "junk behind the gzip data",
		  "junk behind the zstd data" },
		/* less than a frame's magic: junk or a frame cut short, as libzstd's version has it */
		{ "j", 1, "junk behind the gzip data", "" },
		/* zeros are padding of gzip's, as gzip(1) has it; zstd(1) refuses them */
		{ "\0\0\0\0", 4, NULL, "junk behind the zstd data" },
		{ "\0\0\0\0junk", 8, "junk behind the gzip data", "junk behind the zstd data" },
		/* what begins like another member and is none, or is not whole */
		{ "\x1f\x8b", 2, "cut short", "" },
		{ "\x1f\x8bxx", 4, "damaged gzip data", "junk behind the zstd data" },
		{ "\x28\xb5\x2f\xfd", 4, "junk behind the gzip data", "cut short" },
	};
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&out, BUF_MAX_DEFAULT);
	for (int form = FORM_GZIP; form < FORM_COUNT; form++)
		for (size_t i = 0; i < array_size(cases); i++)
			for (size_t k = 0; k < array_size(pieces); k++) {
				auto_buf struct buf stored;
				struct blob_options options = { .name = "blob" };
				const char *wanted =
					form < FORM_ZSTD ? cases[i].gzip : cases[i].zstd;

				(void)make_form(form, &stored);
				buf_add(&stored, cases[i].junk, cases[i].size);
				/* behind padding there is no further member */
				if (form == FORM_PADDED && wanted != NULL)
					wanted = "junk behind the gzip data";
				if (wanted == NULL)
					assert_success(read_all(&stored, pieces[k], &options, &out,
								NULL, &err),
						       err);
				else
					assert_failure(read_all(&stored, pieces[k], &options, &out,
								NULL, &err),
						       err, ERROR_INPUT, wanted);
			}
}

/* A flipped bit is an error, or else it lay in a name or a time that nobody reads. */
static void flipped_bits_never_pass_a_diff_id(unused_arg void **state)
{
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&out, BUF_MAX_DEFAULT);
	for (int form = FORM_GZIP; form < FORM_COUNT; form++) {
		auto_buf struct buf stored;
		struct digest right = sha256(plain, sizeof plain);
		struct blob_options options = { .name = "blob", .diff_id = right };

		(void)make_form(form, &stored);
		for (size_t at = 0; at < stored.size; at += 11) {
			stored.data[at] = (char)(stored.data[at] ^ 0x10);
			if (read_all(&stored, 0, &options, &out, NULL, &err) == 0) {
				assert_int_equal(out.size, sizeof plain);
				assert_memory_equal(out.data, plain, sizeof plain);
			}
			stored.data[at] = (char)(stored.data[at] ^ 0x10);
		}
	}
}

static void skips_where_nothing_is_hashed(unused_arg void **state)
{
	auto_buf struct buf stored;
	struct blob_options options = { .name = "blob", .size = sizeof plain, .size_known = true };
	auto_stream struct stream *stream = NULL;
	auto_blob struct blob *blob = NULL;
	struct layer_totals totals;
	struct error err = ERROR_INIT;
	char byte;

	(void)make_form(FORM_PLAIN, &stored);
	assert_success(stream_of_memory(stored.data, stored.size, 100, &stream, &err), err);
	assert_success(blob_open(stream, &options, &blob, &err), err);
	assert_true(blob_can_skip(blob));
	assert_success(blob_skip(blob, 50, &err), err);
	assert_int_equal(blob_read(blob, &byte, 1, &err), 1);
	assert_int_equal(byte, plain[50]);
	assert_success(blob_skip(blob, 10000, &err), err);
	assert_int_equal(blob_read(blob, &byte, 1, &err), 1);
	assert_int_equal(byte, plain[10051]);
	assert_success(blob_finish(blob, &totals, &err), err);
	assert_int_equal(totals.unpacked_size, sizeof plain);
	assert_int_equal(totals.stored_size, sizeof plain);
	blob_free(steal(&blob));
	options.diff_id = sha256(plain, sizeof plain);
	assert_success(blob_open(stream, &options, &blob, &err), err);
	assert_false(blob_can_skip(blob));
}

static void a_small_or_empty_blob(unused_arg void **state)
{
	static const char *const texts[] = { "", "a", "ab", "abc" };
	auto_buf struct buf out;
	struct error err = ERROR_INIT;

	buf_init(&out, 100);
	for (size_t i = 0; i < array_size(texts); i++) {
		struct buf stored = { .data = (char *)(uintptr_t)texts[i], .size = i };
		struct blob_options options = { .name = "blob", .digest = sha256(texts[i], i) };
		struct layer_totals totals;

		assert_success(read_all(&stored, 1, &options, &out, &totals, &err), err);
		assert_int_equal(totals.stored_size, i);
		assert_int_equal(totals.compression, COMPRESSION_NONE);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_every_form_in_every_piece),
		cmocka_unit_test(tells_what_does_not_match),
		cmocka_unit_test(cut_short_is_told),
		cmocka_unit_test(junk_behind_is_told),
		cmocka_unit_test(flipped_bits_never_pass_a_diff_id),
		cmocka_unit_test(skips_where_nothing_is_hashed),
		cmocka_unit_test(a_small_or_empty_blob),
	};

	return cmocka_run_group_tests_name("blob", tests, begin, NULL);
}
