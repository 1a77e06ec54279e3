/* The tar reader by itself: what it asks of its input, and what it makes of its failures. */
#include "config.h"

#include "fixture.h"

#include <locale.h>

#include "image/tar.h"

/* Bytes in memory, with a count of what was asked for. */
struct input {
	const struct buf *bytes;
	size_t at;
	size_t fail_at; /* reading or skipping beyond fails; 0 for never */
	size_t read;
	size_t skipped;
	size_t piece;
};

static int input_check(const struct input *input, size_t end, struct error *err)
{
	if (input->fail_at > 0 && end > input->fail_at)
		return error_set(err, ERROR_NETWORK, "the line is dead");
	return 0;
}

static ssize_t input_read(void *context, void *data, size_t size, struct error *err)
{
	struct input *input = context;
	size_t there = input->bytes->size - input->at;

	if (size > there)
		size = there;
	if (input->piece > 0 && size > input->piece)
		size = input->piece;
	if (input_check(input, input->at + size, err) < 0)
		return -1;
	memcpy(data, input->bytes->data + input->at, size);
	input->at += size;
	input->read += size;
	return (ssize_t)size;
}

static int input_skip(void *context, uint64_t count, struct error *err)
{
	struct input *input = context;

	if (count > input->bytes->size - input->at)
		return error_set(err, ERROR_INPUT, "truncated");
	if (input_check(input, input->at + (size_t)count, err) < 0)
		return -1;
	input->at += (size_t)count;
	input->skipped += (size_t)count;
	return 0;
}

static struct tar_input face(struct input *input, bool skips)
{
	return (struct tar_input) { .context = input,
				    .name = "the archive",
				    .read = input_read,
				    .skip = skips ? input_skip : NULL };
}

/* Its entries' names, in one text. */
static int list(struct input *input, bool skips, struct buf *names, struct error *err)
{
	struct tar_input tar_input = face(input, skips);
	auto_tar struct tar *tar = NULL;
	struct archive_entry *entry;
	int more;

	if (tar_open(&tar_input, &tar, err) < 0)
		return -1;
	while ((more = tar_next(tar, &entry, err)) > 0)
		buf_printf(names, "%s ", archive_entry_pathname(entry));
	return more;
}

#define BIG ((size_t)1 << 20)

static void make_big(struct buf *tar)
{
	auto_free char *big = calloc(1, BIG);

	assert_non_null(big);
	buf_init(tar, FIXTURE_MAX);
	for (int i = 0; i < 4; i++) {
		char name[] = { (char)('a' + i), '\0' };

		fixture_member(tar, '0', name, "", big, BIG);
	}
	fixture_end(tar);
}

static void skips_from_header_to_header(unused_arg void **state)
{
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	make_big(&tar);
	for (int skips = 0; skips < 2; skips++) {
		struct input input = { .bytes = &tar };
		auto_buf struct buf names;

		buf_init(&names, FIXTURE_MAX);
		assert_success(list(&input, skips != 0, &names, &err), err);
		assert_string_equal(names.data, "a b c d ");
		if (skips != 0) {
			/* a few kilobytes for each member */
			assert_true(input.read < 128 * 1024);
			assert_true(input.skipped > 3 * BIG);
		} else {
			assert_true(input.read > 4 * BIG);
		}
	}
}

static void passes_failures_on(unused_arg void **state)
{
	auto_buf struct buf tar;
	struct error err;

	make_big(&tar);
	for (int skips = 0; skips < 2; skips++)
		for (size_t at = 100; at < tar.size; at += BIG / 2 + 77) {
			struct input input = { .bytes = &tar, .fail_at = at };
			auto_buf struct buf names;

			buf_init(&names, FIXTURE_MAX);
			/* as the input said it, not as libarchive would */
			assert_failure(list(&input, skips != 0, &names, &err), err, ERROR_NETWORK,
				       "the line is dead");
		}
}

static void knows_where_data_begin(unused_arg void **state)
{
	auto_buf struct buf bytes;
	struct input input = { .bytes = &bytes, .piece = 100 };
	struct tar_input tar_input = face(&input, false);
	auto_tar struct tar *tar = NULL;
	struct archive_entry *entry;
	struct error err = ERROR_INIT;
	const void *data;
	size_t size;

	buf_init(&bytes, FIXTURE_MAX);
	fixture_file(&bytes, "first", "1");
	fixture_file(&bytes, "second", "two");
	fixture_file(&bytes, "empty", "");
	fixture_end(&bytes);
	assert_success(tar_open(&tar_input, &tar, &err), err);
	assert_int_equal(tar_next(tar, &entry, &err), 1);
	assert_int_equal(tar_data_offset(tar), 512);
	/* data that nobody asks for are passed over */
	assert_int_equal(tar_next(tar, &entry, &err), 1);
	assert_int_equal(tar_data_offset(tar), 3 * 512);
	assert_int_equal(tar_data(tar, &data, &size, &err), 1);
	assert_int_equal(size, 3);
	assert_memory_equal(data, "two", 3);
	assert_int_equal(tar_data(tar, &data, &size, &err), 0);
	assert_int_equal(tar_data(tar, &data, &size, &err), 0);
	assert_int_equal(tar_next(tar, &entry, &err), 1);
	assert_int_equal(tar_data(tar, &data, &size, &err), 0);
	assert_int_equal(tar_next(tar, &entry, &err), 0);
}

static void names_what_is_wrong(unused_arg void **state)
{
	static const char *const texts[] = { "no tar at all", "PK\003\004", "\x1f\x8b\x08\0\0" };
	auto_buf struct buf names;
	struct error err;

	buf_init(&names, FIXTURE_MAX);
	for (size_t i = 0; i < array_size(texts); i++) {
		struct buf bytes = { .data = (char *)(uintptr_t)texts[i],
				     .size = strlen(texts[i]) };
		struct input input = { .bytes = &bytes };

		assert_failure(list(&input, false, &names, &err), err, ERROR_INPUT,
			       "the archive: no tar archive");
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(skips_from_header_to_header),
		cmocka_unit_test(passes_failures_on),
		cmocka_unit_test(knows_where_data_begin),
		cmocka_unit_test(names_what_is_wrong),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("tar", tests, NULL, NULL);
}
