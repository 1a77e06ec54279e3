/* Files by name, in an archive or in a directory; test-source goes further into both. */
#include "config.h"

#include "packed.h"

#include <locale.h>

#include "image/store.h"

static void make_stores(void)
{
	auto_buf struct buf tar;
	auto_buf struct buf packed;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&packed, FIXTURE_MAX);
	fixture_member(&tar, '5', "sub/", "", "", 0);
	fixture_file(&tar, "sub/file", "content");
	fixture_member(&tar, '2', "link", "sub/file", "", 0);
	fixture_member(&tar, '2', "dangling", "none", "", 0);
	fixture_file(&tar, "empty", "");
	fixture_end(&tar);
	fixture_write("store.tar", tar.data, tar.size);
	packed_add_gzip(&packed, tar.data, tar.size, true);
	fixture_write("store.tar.gz", packed.data, packed.size);
	assert_int_equal(mkdir("store", 0755), 0);
	assert_int_equal(mkdir("store/sub", 0755), 0);
	fixture_write("store/sub/file", "content", 7);
	fixture_write("store/empty", "", 0);
	assert_int_equal(symlink("sub/file", "store/link"), 0);
	assert_int_equal(symlink("none", "store/dangling"), 0);
}

/* The same answers of each kind. */
static void every_kind(unused_arg void **state)
{
	static const char *const kinds[] = { "store", "store.tar", "store.tar.gz" };
	static const char *const missing[] = { "none", "dangling", "sub/none" };

	make_stores();
	for (size_t i = 0; i < array_size(kinds); i++) {
		auto_store struct store *store = NULL;
		auto_stream struct stream *stream = NULL;
		auto_buf struct buf text;
		struct error err = ERROR_INIT;
		uint64_t size = 0;
		char data[16];

		buf_init(&text, FIXTURE_MAX);
		assert_success(store_open(kinds[i], &store, &err), err);
		assert_int_equal(store_is_directory(store), i == 0);
		assert_true(store_has(store, "sub/file") && store_has(store, "link") &&
			    store_has(store, "empty"));
		assert_success(store_open_member(store, "link", &stream, &size, &err), err);
		assert_int_equal(size, 7);
		assert_int_equal(stream_read(stream, data, sizeof data, &err), 7);
		assert_memory_equal(data, "content", 7);
		assert_int_equal(stream_read(stream, data, sizeof data, &err), 0);
		assert_success(store_read(store, "sub/file", &text, &err), err);
		assert_string_equal(text.data, "content");
		/* a directory is no file */
		assert_false(store_has(store, "sub"));
		for (size_t k = 0; k < array_size(missing); k++) {
			assert_false(store_has(store, missing[k]));
			assert_failure(store_read(store, missing[k], &text, &err), err,
				       ERROR_MISSING, missing[k]);
		}
	}
}

/* Members can be read side by side. */
static void many_at_once(unused_arg void **state)
{
	auto_store struct store *store = NULL;
	auto_stream struct stream *first = NULL;
	auto_stream struct stream *second = NULL;
	struct error err = ERROR_INIT;
	uint64_t size;
	char data[8] = "";

	assert_success(store_open("store.tar", &store, &err), err);
	assert_success(store_open_member(store, "sub/file", &first, &size, &err), err);
	assert_success(store_open_member(store, "sub/file", &second, &size, &err), err);
	assert_int_equal(stream_read(first, data, 3, &err), 3);
	assert_int_equal(stream_read(second, data + 3, 4, &err), 4);
	assert_string_equal(data, "concont");
	assert_int_equal(stream_read(first, data, 7, &err), 4);
	assert_memory_equal(data, "tent", 4);
}

static void bounds_what_it_reads(unused_arg void **state)
{
	auto_store struct store *store = NULL;
	auto_buf struct buf small;
	struct error err = ERROR_INIT;

	buf_init(&small, 3);
	assert_success(store_open("store.tar", &store, &err), err);
	assert_int_equal(store_read(store, "sub/file", &small, &err), -1);
	assert_non_null(strstr(err.text, "sub/file"));
}

static void refuses(unused_arg void **state)
{
	auto_store struct store *store = NULL;
	struct error err;

	fixture_write("text", "no archive of any kind", 22);
	assert_failure(store_open("none", &store, &err), err, ERROR_MISSING, "none");
	assert_failure(store_open("text", &store, &err), err, ERROR_INPUT, "no tar archive");
	assert_null(store);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind),
		cmocka_unit_test(many_at_once),
		cmocka_unit_test(bounds_what_it_reads),
		cmocka_unit_test(refuses),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("store", tests, fixture_begin, fixture_finish);
}
