#include "config.h"

#include "unit.h"

#include <string.h>
#include <sys/mman.h>

#include "image/stream.h"

#define TEXT "0123456789abcdefghijklmnopqrstuvwxyz"

/* All of it, `step` bytes asked for at a time; returns the number of reads that gave something. */
static size_t read_all(struct stream *stream, size_t step, char *to, size_t *ret_size)
{
	struct error err = ERROR_INIT;
	size_t reads = 0;
	size_t size = 0;
	ssize_t got;

	while ((got = stream_read(stream, to + size, step, &err)) > 0) {
		size += (size_t)got;
		reads++;
	}
	assert_success((int)got, err);
	*ret_size = size;
	return reads;
}

static void memory_in_pieces(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 0 };
	static const size_t reads[] = { 36, 6, 1, 1 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(pieces); i++) {
		auto_stream struct stream *stream = NULL;
		char got[64];
		size_t size;

		assert_success(stream_of_memory(TEXT, 36, pieces[i], &stream, &err), err);
		assert_int_equal(read_all(stream, sizeof got, got, &size), reads[i]);
		assert_int_equal(size, 36);
		assert_memory_equal(got, TEXT, 36);
		/* the end stays the end */
		assert_int_equal(stream_read(stream, got, sizeof got, &err), 0);
	}
}

static int file_of(const char *text)
{
	int fd = memfd_create("seatrial", MFD_CLOEXEC);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	return fd;
}

static void behind_what_was_read(unused_arg void **state)
{
	static const size_t sizes[] = { 1, 2, 7, 100 };
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(sizes); i++) {
		auto_stream struct stream *stream = NULL;
		struct stream *rest = NULL;
		char got[100] = "";
		size_t size = 0;
		ssize_t count = 1;

		assert_success(stream_of_memory("6789", 4, 3, &rest, &err), err);
		assert_success(stream_after("012345", 6, rest, &stream, &err), err);
		assert_false(stream_can_skip(stream));
		while (count > 0) {
			count = stream_read(stream, got + size, sizes[i], &err);
			assert_true(count >= 0);
			size += (size_t)count;
		}
		assert_string_equal(got, "0123456789");
	}
}

static void a_part_of_a_file(unused_arg void **state)
{
	static const size_t steps[] = { 1, 7, 4096 };
	auto_fd int fd = file_of(TEXT);
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(steps); i++) {
		auto_stream struct stream *stream = NULL;
		char got[8192];
		size_t size;

		assert_success(stream_of_file(fd, 10, 20, "part", &stream, &err), err);
		(void)read_all(stream, steps[i], got, &size);
		assert_int_equal(size, 20);
		assert_memory_equal(got, "abcdefghijklmnopqrst", 20);
	}
}

static void many_streams_share_a_file(unused_arg void **state)
{
	auto_stream struct stream *one = NULL;
	auto_stream struct stream *two = NULL;
	struct error err = ERROR_INIT;
	int fd = file_of(TEXT);
	char a[2];
	char b[2];

	assert_success(stream_of_file(fd, 0, 36, "one", &one, &err), err);
	assert_success(stream_of_file(fd, 10, 26, "two", &two, &err), err);
	/* the streams have descriptors of their own */
	close_fd(&fd);
	for (size_t i = 0; i < 10; i++) {
		assert_int_equal(stream_read(one, a, 1, &err), 1);
		assert_int_equal(stream_read(two, b, 1, &err), 1);
		assert_int_equal(a[0], TEXT[i]);
		assert_int_equal(b[0], TEXT[10 + i]);
	}
}

static void skips(unused_arg void **state)
{
	auto_stream struct stream *memory = NULL;
	auto_stream struct stream *file = NULL;
	struct stream *both[2];
	auto_fd int fd = file_of(TEXT);
	struct error err = ERROR_INIT;
	char c;

	assert_success(stream_of_memory(TEXT, 36, 0, &memory, &err), err);
	assert_success(stream_of_file(fd, 0, 36, "file", &file, &err), err);
	both[0] = memory;
	both[1] = file;
	for (size_t i = 0; i < 2; i++) {
		assert_true(stream_can_skip(both[i]));
		assert_success(stream_skip(both[i], 0, &err), err);
		assert_success(stream_skip(both[i], 10, &err), err);
		assert_int_equal(stream_read(both[i], &c, 1, &err), 1);
		assert_int_equal(c, 'a');
		assert_failure(stream_skip(both[i], 26, &err), err, ERROR_INPUT,
			       "1 bytes are missing");
		assert_failure(stream_skip(both[i], UINT64_MAX, &err), err, ERROR_INPUT,
			       "truncated");
		assert_success(stream_skip(both[i], 25, &err), err);
		assert_int_equal(stream_read(both[i], &c, 1, &err), 0);
	}
}

static void a_file_that_is_too_short(unused_arg void **state)
{
	auto_stream struct stream *stream = NULL;
	auto_stream struct stream *behind = NULL;
	auto_fd int fd = file_of(TEXT);
	struct error err = ERROR_INIT;
	char got[64];

	assert_success(stream_of_file(fd, 0, 100, "short", &stream, &err), err);
	assert_int_equal(stream_read(stream, got, sizeof got, &err), 36);
	assert_failure((int)stream_read(stream, got, sizeof got, &err), err, ERROR_INPUT,
		       "'short' is truncated: 64 bytes are missing");
	/* a skip does not read: the next read tells */
	assert_success(stream_of_file(fd, 0, UINT64_MAX / 4, "behind", &behind, &err), err);
	assert_success(stream_skip(behind, 1 << 20, &err), err);
	assert_failure((int)stream_read(behind, got, sizeof got, &err), err, ERROR_INPUT,
		       "'behind' is truncated");
}

static void a_file_that_cannot_be_read(unused_arg void **state)
{
	auto_stream struct stream *stream = NULL;
	struct error err = ERROR_INIT;
	char got[64];
	int pipes[2];

	assert_failure(stream_of_file(-1, 0, 1, "none", &stream, &err), err, ERROR_SYSTEM,
		       "cannot read 'none'");
	assert_int_equal(pipe(pipes), 0);
	assert_success(stream_of_file(pipes[0], 0, 1, "pipe", &stream, &err), err);
	assert_failure((int)stream_read(stream, got, sizeof got, &err), err, ERROR_INPUT,
		       "cannot read 'pipe': Illegal seek");
	close_fd(&pipes[0]);
	close_fd(&pipes[1]);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_in_pieces),
		cmocka_unit_test(behind_what_was_read),
		cmocka_unit_test(a_part_of_a_file),
		cmocka_unit_test(many_streams_share_a_file),
		cmocka_unit_test(skips),
		cmocka_unit_test(a_file_that_is_too_short),
		cmocka_unit_test(a_file_that_cannot_be_read),
	};

	return cmocka_run_group_tests_name("stream", tests, NULL, NULL);
}
