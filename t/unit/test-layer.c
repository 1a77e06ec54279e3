#include "config.h"

#include "fixture.h"

#include <locale.h>

#include "image/layer.h"

/* Reads one layer from memory; calls `each` for its entries. */
static int read_layer(const struct buf *tar, bool verify, size_t piece,
		      void (*each)(struct layer *layer, const struct entry *entry, void *context),
		      void *context, struct layer_totals *totals, struct error *err)
{
	struct layer_info info = { .name = "layer",
				   .stored_size = tar->size,
				   .stored_size_known = true };
	auto_stream struct stream *stream = NULL;
	auto_layer struct layer *layer = NULL;
	const struct entry *entry;
	int more;

	if (verify && digest_of(DIGEST_SHA256, tar->data, tar->size, &info.diff_id, err) < 0)
		return -1;
	if (stream_of_memory(tar->data, tar->size, piece, &stream, err) < 0 ||
	    layer_open(stream, &info, verify, &layer, err) < 0)
		return -1;
	while ((more = layer_next(layer, &entry, err)) > 0)
		each(layer, entry, context);
	return more < 0 ? -1 : layer_finish(layer, totals, err);
}

static void print_entry(struct layer *layer, const struct entry *entry, void *context)
{
	static const char letters[] = {
		[ENTRY_FILE] = 'f',	[ENTRY_DIRECTORY] = 'd', [ENTRY_SYMLINK] = 'l',
		[ENTRY_HARDLINK] = 'h', [ENTRY_CHARACTER] = 'c', [ENTRY_BLOCK] = 'b',
		[ENTRY_FIFO] = 'p',	[ENTRY_WHITEOUT] = 'w',	 [ENTRY_OPAQUE] = 'o',
		[ENTRY_OTHER] = '?',
	};

	(void)layer;
	assert_int_equal(entry->path_size, strlen(entry->path));
	buf_printf(context, "%c %s%s%s%s\n", letters[entry->type], entry->path,
		   entry->unsafe ? " unsafe" : "", entry->target != NULL ? " -> " : "",
		   entry->target != NULL ? entry->target : "");
}

static void names_and_markers(unused_arg void **state)
{
	static const size_t pieces[] = { 1, 7, 4096, 0 };
	static const char wanted[] = "d \n"
				     "d usr\n"
				     "f usr/bin/x\n"
				     "f abs\n"
				     "f a/b\n"
				     "f ../up unsafe\n"
				     "f in/../side unsafe\n"
				     "w etc/gone\n"
				     "w top\n"
				     "o opaque\n"
				     "o \n"
				     "? etc/.wh..wh..opqX\n"
				     "? .wh..wh.plnk\n"
				     "? etc/.wh.\n"
				     "? etc/.wh..\n"
				     "? .wh...\n"
				     "l link -> ../anywhere/./x\n"
				     "h hard -> usr/bin/x\n"
				     "h climbs unsafe -> ../x\n"
				     "p fifo\n"
				     "f twice\n"
				     "f twice\n"
				     "f raw\xff\xfe\n";
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	fixture_member(&tar, '5', "./", "", "", 0);
	fixture_member(&tar, '5', "./usr/", "", "", 0);
	fixture_file(&tar, "./usr//bin/./x", "1");
	fixture_file(&tar, "/abs", "2");
	fixture_file(&tar, "a/b", "3");
	fixture_file(&tar, "../up", "4");
	fixture_file(&tar, "in/../side", "5");
	fixture_file(&tar, "etc/.wh.gone", "");
	fixture_file(&tar, ".wh.top", "");
	fixture_file(&tar, "opaque/.wh..wh..opq", "");
	fixture_file(&tar, ".wh..wh..opq", "");
	fixture_file(&tar, "etc/.wh..wh..opqX", "");
	fixture_file(&tar, ".wh..wh.plnk", "");
	fixture_file(&tar, "etc/.wh.", "");
	fixture_file(&tar, "etc/.wh..", "");
	fixture_file(&tar, ".wh...", "");
	fixture_member(&tar, '2', "link", "../anywhere/./x", "", 0);
	fixture_member(&tar, '1', "hard", "./usr//bin/x", "", 0);
	fixture_member(&tar, '1', "climbs", "../x", "", 0);
	fixture_member(&tar, '6', "fifo", "", "", 0);
	fixture_file(&tar, "twice", "a");
	fixture_file(&tar, "twice", "b");
	fixture_file(&tar, "raw\xff\xfe", "c");
	fixture_end(&tar);
	for (size_t i = 0; i < array_size(pieces); i++)
		for (int verify = 0; verify < 2; verify++) {
			auto_buf struct buf found;
			struct layer_totals totals;

			buf_init(&found, FIXTURE_MAX);
			assert_success(read_layer(&tar, verify != 0, pieces[i], print_entry, &found,
						  &totals, &err),
				       err);
			assert_string_equal(found.data, wanted);
			assert_int_equal(totals.entries, 23);
			assert_int_equal(totals.unpacked_size, tar.size);
		}
}

static void add_data(struct layer *layer, const struct entry *entry, void *context)
{
	const void *data;
	size_t size;
	struct error err = ERROR_INIT;
	int more;

	/* every other file is left unread */
	if (entry->path[0] == 'u')
		return;
	while ((more = layer_data(layer, &data, &size, &err)) > 0)
		buf_add(context, data, size);
	assert_int_equal(more, 0);
}

static void gives_data_or_passes_over_it(unused_arg void **state)
{
	static char big[100000];
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	memset(big, 'x', sizeof big);
	buf_init(&tar, FIXTURE_MAX);
	fixture_file(&tar, "read-1", "one");
	fixture_member(&tar, '0', "unread", "", big, sizeof big);
	fixture_member(&tar, '0', "read-2", "", big, sizeof big);
	fixture_member(&tar, '1', "read-link", "read-1", "", 0);
	fixture_file(&tar, "read-empty", "");
	fixture_file(&tar, "read-3", "three");
	fixture_end(&tar);
	for (int verify = 0; verify < 2; verify++) {
		auto_buf struct buf found;

		buf_init(&found, FIXTURE_MAX);
		assert_success(read_layer(&tar, verify != 0, 4096, add_data, &found, NULL, &err),
			       err);
		assert_int_equal(found.size, 3 + sizeof big + 5);
		assert_memory_equal(found.data, "one", 3);
		assert_memory_equal(found.data + 3 + sizeof big, "three", 5);
	}
}

/* What stands behind the end of the archive is part of the blob and of its digest. */
static void drains_behind_the_end(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf found;
	struct layer_totals totals;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&found, FIXTURE_MAX);
	fixture_file(&tar, "file", "x");
	fixture_end(&tar);
	for (int i = 0; i < 5000; i++)
		buf_add_string(&tar, "behind the end ");
	assert_success(read_layer(&tar, true, 4096, print_entry, &found, &totals, &err), err);
	assert_string_equal(found.data, "f file\n");
	assert_int_equal(totals.unpacked_size, tar.size);
}

static void empty_layers(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf found;
	struct layer_totals totals;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	buf_init(&found, FIXTURE_MAX);
	assert_success(read_layer(&tar, true, 0, print_entry, &found, &totals, &err), err);
	assert_int_equal(totals.entries, 0);
	fixture_end(&tar);
	assert_success(read_layer(&tar, true, 0, print_entry, &found, &totals, &err), err);
	assert_int_equal(totals.entries, 0);
	assert_int_equal(totals.unpacked_size, 1024);
}

static void refuses_what_is_no_tar(unused_arg void **state)
{
	static const char *const texts[] = { "x",
					     "this is no tar, and it is longer than a few bytes",
					     "PK\003\004zip", "#!/bin/sh\necho no\n" };
	auto_buf struct buf found;
	struct error err;

	buf_init(&found, FIXTURE_MAX);
	for (size_t i = 0; i < array_size(texts); i++) {
		struct buf tar = { .data = (char *)(uintptr_t)texts[i], .size = strlen(texts[i]) };

		assert_failure(read_layer(&tar, false, 0, print_entry, &found, NULL, &err), err,
			       ERROR_INPUT, "tar");
	}
}

static void ignore_entry(struct layer *layer, const struct entry *entry, void *context)
{
	add_data(layer, entry, context);
}

/* Cut anywhere: an end, or an error; never a crash, and never for ever. */
static void cut_anywhere(unused_arg void **state)
{
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	fixture_file(&tar, "unread", "0123456789");
	fixture_member(&tar, '2', "link", "target", "", 0);
	fixture_end(&tar);
	for (size_t size = 0; size < tar.size; size += 7) {
		struct buf cut = { .data = tar.data, .size = size };
		auto_buf struct buf found;

		buf_init(&found, FIXTURE_MAX);
		(void)!read_layer(&cut, false, 0, ignore_entry, &found, NULL, &err);
		(void)!read_layer(&cut, true, 3, ignore_entry, &found, NULL, &err);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_markers),
		cmocka_unit_test(gives_data_or_passes_over_it),
		cmocka_unit_test(drains_behind_the_end),
		cmocka_unit_test(empty_layers),
		cmocka_unit_test(refuses_what_is_no_tar),
		cmocka_unit_test(cut_anywhere),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("layer", tests, NULL, NULL);
}
