#include "config.h"

#include "packed.h"

#include "image/codec.h"

#define TEXT_SIZE ((size_t)200000)

static char text[TEXT_SIZE];
/* Less of it where every step is slow: UNIT_SMALL is set under valgrind. */
static size_t text_size = TEXT_SIZE;

static int make_text(unused_arg void **state)
{
	if (getenv("UNIT_SMALL") != NULL)
		text_size = 8000;
	packed_noise(text, sizeof text);
	return 0;
}

static void tells_by_magic_bytes(unused_arg void **state)
{
	static const struct {
		const char *bytes;
		size_t size;
		enum layer_compression compression;
	} cases[] = {
		{ "", 0, COMPRESSION_NONE },
		{ "\x1f", 1, COMPRESSION_NONE },
		{ "\x1f\x8b", 2, COMPRESSION_NONE },
		{ "\x1f\x8b\x08", 3, COMPRESSION_GZIP },
		{ "\x1f\x8b\x08\x00", 4, COMPRESSION_GZIP },
		/* compress(1), and a method that gzip does not know */
		{ "\x1f\x9d\x90\x00", 4, COMPRESSION_NONE },
		{ "\x1f\x8b\x07\x00", 4, COMPRESSION_NONE },
		{ "\x28\xb5\x2f", 3, COMPRESSION_NONE },
		{ "\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD },
		{ "\x50\x2a\x4d\x18", 4, COMPRESSION_ZSTD },
		{ "\x5f\x2a\x4d\x18", 4, COMPRESSION_ZSTD },
		{ "\x60\x2a\x4d\x18", 4, COMPRESSION_NONE },
		{ "\x4f\x2a\x4d\x18", 4, COMPRESSION_NONE },
		{ "BZh9", 4, COMPRESSION_NONE },
		{ "\xfd"
		  "7zXZ",
		  5, COMPRESSION_NONE },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(compression_of(cases[i].bytes, cases[i].size),
				 cases[i].compression);
}

/* Decompresses, `in_step` bytes given and `out_step` bytes of room at a time. 1: the end was
 * allowed; 0: it was not; -1. */
static int decompress(enum layer_compression compression, const struct buf *packed, size_t in_step,
		      size_t out_step, struct buf *out, struct error *err)
{
	auto_codec struct codec *codec = NULL;
	size_t given = 0;
	size_t used = 0;
	size_t produced = 1;

	assert_success(codec_new(compression, &codec, err), *err);
	buf_clear(out);
	while (given < packed->size || used < given || produced > 0) {
		unsigned char piece[4096];
		struct codec_io io = { .out = piece, .out_size = out_step };
		size_t before;

		if (used == given)
			given += in_step < packed->size - given ? in_step : packed->size - given;
		/* a copy of just these bytes: reading in front of them or behind is seen */
		io.in_size = before = given - used;
		auto_free unsigned char *copy = malloc(before + 1);
		assert_non_null(copy);
		memcpy(copy, packed->data + used, before);
		io.in = copy;
		if (codec_step(codec, &io, err) < 0)
			return -1;
		assert_true(io.in >= copy && io.in_size <= before);
		assert_ptr_equal(io.in, copy + (before - io.in_size));
		produced = out_step - io.out_size;
		assert_ptr_equal(io.out, piece + produced);
		used += before - io.in_size;
		buf_add(out, piece, produced);
	}
	return codec_may_end(codec);
}

static void assert_text(const struct buf *out)
{
	assert_int_equal(out->size, text_size);
	assert_memory_equal(out->data, text, text_size);
}

static const size_t steps[] = { 1, 7, 4096 };

/* Of every form: one member, several, with an empty one, with all that RFC 1952 and RFC 8878 allow
 * in front and behind. */
static void decompresses_in_pieces(unused_arg void **state)
{
	static const struct {
		enum layer_compression compression;
		size_t pieces;
		size_t padding;
		bool header;
	} cases[] = {
		{ COMPRESSION_GZIP, 1, 0, false },   { COMPRESSION_GZIP, 5, 0, false },
		{ COMPRESSION_GZIP, 1, 1, false },   { COMPRESSION_GZIP, 3, 10240, false },
		{ COMPRESSION_GZIP, 1, 0, true },    { COMPRESSION_GZIP, 300, 0, true },
		{ COMPRESSION_GZIP, 300, 0, false }, { COMPRESSION_ZSTD, 1, 0, false },
		{ COMPRESSION_ZSTD, 5, 0, false },   { COMPRESSION_ZSTD, 2, 0, true },
		{ COMPRESSION_ZSTD, 300, 0, true },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf packed;
		auto_buf struct buf out;

		buf_init(&packed, FIXTURE_MAX);
		buf_init(&out, FIXTURE_MAX);
		packed_add_pieces(&packed, cases[i].compression, text, text_size, cases[i].pieces,
				  cases[i].header);
		for (size_t k = 0; k < cases[i].padding; k++)
			buf_add_char(&packed, '\0');
		for (size_t in = 0; in < array_size(steps); in++)
			for (size_t to = 0; to < array_size(steps); to++) {
				assert_int_equal(decompress(cases[i].compression, &packed,
							    steps[in], steps[to], &out, &err),
						 1);
				assert_text(&out);
			}
		assert_int_equal(
			decompress(cases[i].compression, &packed, SIZE_MAX, 4096, &out, &err), 1);
		assert_text(&out);
	}
}

/* Cut anywhere it is not whole, except between members. */
static void knows_where_it_may_end(unused_arg void **state)
{
	static const enum layer_compression compressions[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(compressions); i++)
		for (size_t step = 0; step < array_size(steps); step++) {
			auto_buf struct buf packed;
			auto_buf struct buf out;
			size_t first;
			size_t whole;

			buf_init(&packed, FIXTURE_MAX);
			buf_init(&out, FIXTURE_MAX);
			packed_add(&packed, compressions[i], "one", 3,
				   compressions[i] == COMPRESSION_GZIP);
			first = packed.size;
			packed_add(&packed, compressions[i], text, 300,
				   compressions[i] == COMPRESSION_GZIP);
			whole = packed.size;
			for (size_t size = 0; size <= whole; size++) {
				bool right = size == first || size == whole;

				packed.size = size;
				assert_int_equal(decompress(compressions[i], &packed, steps[step],
							    64, &out, &err),
						 right);
			}
		}
}

static void refuses_damage(unused_arg void **state)
{
	static const struct {
		enum layer_compression compression;
		const char *behind;
		size_t size;
		const char *why;
	} cases[] = {
		{ COMPRESSION_GZIP, "junk", 4, "junk behind the gzip data" },
		{ COMPRESSION_GZIP, "\0\0junk", 6, "junk behind the gzip data" },
		/* reserved flags, RFC 1952, 2.3.1.2 */
		{ COMPRESSION_GZIP, "\x1f\x8b\x08\xe0\0\0\0\0\0\0", 10, "damaged gzip data" },
		{ COMPRESSION_ZSTD, "junk", 4, "junk behind the zstd data" },
		{ COMPRESSION_ZSTD, "\0\0\0\0", 4, "junk behind the zstd data" },
	};

	for (size_t i = 0; i < array_size(cases); i++)
		for (size_t step = 0; step < array_size(steps); step++) {
			auto_buf struct buf packed;
			auto_buf struct buf out;
			struct error err = ERROR_INIT;

			buf_init(&packed, FIXTURE_MAX);
			buf_init(&out, FIXTURE_MAX);
			packed_add(&packed, cases[i].compression, "text", 4, false);
			buf_add(&packed, cases[i].behind, cases[i].size);
			assert_failure(decompress(cases[i].compression, &packed, steps[step], 64,
						  &out, &err),
				       err, ERROR_INPUT, cases[i].why);
			assert_int_equal(out.size, 4);
		}
}

/* Each bit of a small member: an error, or an end that may not be; never other bytes as if they
 * were right. Bits of a header that mean nothing for the content may pass. */
static void sees_flipped_bits(unused_arg void **state)
{
	static const enum layer_compression compressions[] = { COMPRESSION_GZIP, COMPRESSION_ZSTD };

	for (size_t i = 0; i < array_size(compressions); i++) {
		auto_buf struct buf packed;
		auto_buf struct buf out;
		size_t refused = 0;

		buf_init(&packed, FIXTURE_MAX);
		buf_init(&out, FIXTURE_MAX);
		packed_add(&packed, compressions[i], text, 500, false);
		for (size_t bit = 0; bit < 8 * packed.size; bit++) {
			struct error err = ERROR_INIT;
			int result;

			packed.data[bit / 8] ^= (char)(1 << bit % 8);
			result = decompress(compressions[i], &packed, 7, 64, &out, &err);
			packed.data[bit / 8] ^= (char)(1 << bit % 8);
			if (result == 1) {
				assert_int_equal(out.size, 500);
				assert_memory_equal(out.data, text, 500);
			} else {
				refused++;
			}
		}
		assert_true(refused > 8 * packed.size - 100);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_by_magic_bytes),	  cmocka_unit_test(decompresses_in_pieces),
		cmocka_unit_test(knows_where_it_may_end), cmocka_unit_test(refuses_damage),
		cmocka_unit_test(sees_flipped_bits),
	};

	return cmocka_run_group_tests_name("codec", tests, make_text, NULL);
}
