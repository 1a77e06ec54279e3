#include "config.h"

#include "fixture.h"

#include <locale.h>

#include "image/pass.h"
#include "image/store.h"

/* What a reader saw, a line for each layer. */
struct seen {
	struct buf text;
	size_t skip; /* bytes that are passed over, between reads of 3 */
	bool fail;
	bool ignore; /* reads nothing */
};

static int on_layer(void *context, size_t number, const char *name, uint64_t size,
		    struct stream *bytes, struct error *err)
{
	struct seen *seen = context;
	char piece[3];
	ssize_t got = 0;
	uint64_t count = 0;

	if (seen->fail)
		return error_set(err, ERROR_INPUT, "the reader does not like '%s'", name);
	buf_printf(&seen->text, "%zu %s %d", number, name, (int)size);
	while (!seen->ignore && (got = stream_read(bytes, piece, sizeof piece, NULL)) > 0) {
		count += (uint64_t)got;
		if (seen->skip == 0 || count + seen->skip > size)
			continue;
		if (stream_skip(bytes, seen->skip, NULL) < 0)
			break;
		count += seen->skip;
	}
	buf_printf(&seen->text, " %s\n",
		   seen->ignore		       ? "ignored"
		   : got == 0 && count == size ? "whole"
					       : "short");
	return 0;
}

static int pass(const struct buf *tar, size_t piece, bool hash, struct seen *seen,
		struct store **ret_store, struct error *err)
{
	const struct pass_reader reader = { .context = seen, .hash = hash, .layer = on_layer };
	auto_stream struct stream *stream = NULL;
	struct pass *pass = NULL;

	assert_success(stream_of_memory(tar->data, tar->size, piece, &stream, err), *err);
	if (pass_read(stream, "the stream", seen != NULL ? &reader : NULL, &pass, err) < 0)
		return -1;
	return store_of_pass(pass, ret_store, err);
}

static const struct pass_layer *layer_at(const struct store *store, const char *name,
					 struct stream **stream)
{
	struct error err = ERROR_INIT;
	uint64_t size;

	stream_close(*stream);
	*stream = NULL;
	assert_success(store_open_member(store, name, stream, &size, &err), err);
	return pass_layer_of(*stream);
}

/* A block that is a tar header, or, with a sum that is wrong by `error`, nearly. */
static void header(char block[512], unsigned error)
{
	auto_buf struct buf tar;
	unsigned long sum;

	buf_init(&tar, FIXTURE_MAX);
	fixture_file(&tar, "name", "");
	memcpy(block, tar.data, 512);
	sum = strtoul(block + 148, NULL, 8);
	(void)snprintf(block + 148, 8, "%06lo", sum + error);
}

static void make_archive(struct buf *tar)
{
	char zeros[1024] = "";
	char block[512];

	buf_init(tar, FIXTURE_MAX);
	fixture_member(tar, '0', "gzip", "", "\037\213\010\0rest", 8);
	fixture_member(tar, '0', "zstd", "", "\050\265\057\375rest", 8);
	fixture_file(tar, "manifest.json", "[{}]");
	header(block, 0);
	fixture_member(tar, '0', "tar", "", block, sizeof block);
	header(block, 1);
	fixture_member(tar, '0', "no-tar", "", block, sizeof block);
	fixture_member(tar, '0', "zeros", "", zeros, sizeof zeros);
	fixture_member(tar, '0', "few-zeros", "", zeros, 511);
	fixture_file(tar, "empty", "");
	fixture_member(tar, '2', "link", "tar", "", 0);
	fixture_member(tar, '1', "hard", "link", "", 0);
	fixture_file(tar, "twice", "a document");
	fixture_member(tar, '0', "twice", "", zeros, 512);
	fixture_member(tar, '0', "again", "", zeros, 512);
	fixture_file(tar, "again", "a document");
	fixture_file(tar, "last", "a document");
	fixture_end(tar);
}

static void layers_are_told_by_their_bytes(unused_arg void **state)
{
	static const char wanted[] = "0 gzip 8 whole\n1 zstd 8 whole\n2 tar 512 whole\n"
				     "3 zeros 1024 whole\n4 twice 512 whole\n5 again 512 whole\n";
	static const size_t pieces[] = { 1, 7, 512, 4096, 0 };
	static const struct {
		const char *name;
		int number; /* -1: a document */
	} members[] = {
		{ "gzip", 0 },	 { "zstd", 1 },	   { "tar", 2 },	{ "zeros", 3 },
		{ "link", 2 },	 { "hard", 2 },	   { "twice", 4 },	{ "again", -1 },
		{ "empty", -1 }, { "no-tar", -1 }, { "few-zeros", -1 },
	};
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	make_archive(&tar);
	for (size_t i = 0; i < array_size(pieces); i++) {
		struct seen seen = { .skip = i % 2 == 0 ? 0 : 5 };
		auto_store struct store *store = NULL;
		auto_stream struct stream *stream = NULL;

		buf_init(&seen.text, FIXTURE_MAX);
		assert_success(pass(&tar, pieces[i], false, &seen, &store, &err), err);
		assert_string_equal(seen.text.data, wanted);
		for (size_t k = 0; k < array_size(members); k++) {
			const struct pass_layer *layer = layer_at(store, members[k].name, &stream);

			assert_int_equal(layer == NULL ? -1 : (int)layer->number,
					 members[k].number);
		}
		buf_release(&seen.text);
	}
}

static void documents_are_kept_and_layers_are_not(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_buf struct buf text;
	struct seen seen = { .ignore = true };
	auto_store struct store *store = NULL;
	struct error err = ERROR_INIT;

	make_archive(&tar);
	buf_init(&text, FIXTURE_MAX);
	buf_init(&seen.text, FIXTURE_MAX);
	assert_success(pass(&tar, 0, false, &seen, &store, &err), err);
	assert_success(store_read(store, "manifest.json", &text, &err), err);
	assert_string_equal(text.data, "[{}]");
	buf_clear(&text);
	assert_success(store_read(store, "again", &text, &err), err);
	assert_string_equal(text.data, "a document");
	assert_failure(store_read(store, "tar", &text, &err), err, ERROR_INPUT,
		       "it is no document, and was taken for a layer");
	assert_failure(store_read(store, "nothing", &text, &err), err, ERROR_MISSING,
		       "'nothing' is missing in 'the stream'");
	buf_release(&seen.text);
}

/* Whether the reader has read them or not. */
static void layers_are_hashed_to_their_ends(unused_arg void **state)
{
	auto_buf struct buf tar;
	char zeros[1024] = "";
	struct digest wanted;
	struct error err = ERROR_INIT;

	make_archive(&tar);
	assert_success(digest_of(DIGEST_SHA256, zeros, sizeof zeros, &wanted, &err), err);
	for (int i = 0; i < 3; i++) {
		struct seen seen = { .ignore = i == 1, .skip = i == 2 ? 100 : 0 };
		auto_store struct store *store = NULL;
		auto_stream struct stream *stream = NULL;
		const struct pass_layer *layer;

		buf_init(&seen.text, FIXTURE_MAX);
		assert_success(pass(&tar, 7, true, &seen, &store, &err), err);
		layer = layer_at(store, "zeros", &stream);
		assert_non_null(layer);
		assert_true(digest_equal(&layer->digest, &wanted));
		buf_release(&seen.text);
	}
}

static void nobody_need_read_the_layers(unused_arg void **state)
{
	auto_buf struct buf tar;
	auto_store struct store *store = NULL;
	auto_stream struct stream *stream = NULL;
	struct error err = ERROR_INIT;
	const struct pass_layer *layer;

	make_archive(&tar);
	assert_success(pass(&tar, 0, false, NULL, &store, &err), err);
	layer = layer_at(store, "zeros", &stream);
	assert_non_null(layer);
	assert_int_equal(layer->number, 3);
	assert_false(digest_is_set(&layer->digest));
}

static void a_reader_may_end_it(unused_arg void **state)
{
	auto_buf struct buf tar;
	struct seen seen = { .fail = true };
	auto_store struct store *store = NULL;
	struct error err;

	make_archive(&tar);
	buf_init(&seen.text, FIXTURE_MAX);
	assert_failure(pass(&tar, 0, false, &seen, &store, &err), err, ERROR_INPUT,
		       "the reader does not like 'gzip'");
	buf_release(&seen.text);
}

/* Wherever it is cut: an error, or the members behind it are missing. */
static void a_cut_is_noticed(unused_arg void **state)
{
	auto_buf struct buf tar;
	size_t good;

	make_archive(&tar);
	good = tar.size - 1024 - 1024; /* without the end and the last member */
	for (size_t size = 1; size < good; size++) {
		const struct buf cut = { .data = tar.data, .size = size };
		struct seen seen = { .ignore = size % 2 == 0 };
		auto_store struct store *store = NULL;
		struct error err = ERROR_INIT;

		if (size % 512 != 0 && size % 7 != 0)
			continue;
		buf_init(&seen.text, FIXTURE_MAX);
		if (pass(&cut, 0, size % 3 == 0, &seen, &store, &err) == 0) {
			/* between two members: what is missing shows when it is asked for */
			assert_int_equal(size % 512, 0);
			assert_false(store_has(store, "last"));
		}
		buf_release(&seen.text);
	}
}

static void nothing_and_no_archive(unused_arg void **state)
{
	struct buf tar = { .data = (char *)(uintptr_t) "", .size = 0 };
	auto_store struct store *store = NULL;
	struct error err;

	assert_failure(pass(&tar, 0, false, NULL, &store, &err), err, ERROR_INPUT,
		       "the stream: it is empty");
	tar.data = (char *)(uintptr_t) "this is no archive at all";
	tar.size = strlen(tar.data);
	assert_failure(pass(&tar, 0, false, NULL, &store, &err), err, ERROR_INPUT, "no tar");
}

/* More documents than are kept: what comes later cannot be asked for. */
static void memory_has_an_end(unused_arg void **state)
{
	enum { SIZE = 15 << 20, COUNT = 5 };
	auto_free char *data = malloc(SIZE);
	auto_buf struct buf tar;
	auto_store struct store *store = NULL;
	struct error err = ERROR_INIT;

	assert_non_null(data);
	memset(data, 'x', SIZE);
	buf_init(&tar, (size_t)(COUNT + 1) * SIZE);
	for (int i = 0; i < COUNT; i++) {
		char name[8];

		(void)snprintf(name, sizeof name, "%d", i);
		fixture_member(&tar, '0', name, "", data, SIZE);
	}
	fixture_file(&tar, "small", "yes");
	fixture_end(&tar);
	assert_success(buf_check(&tar, "fixture", &err), err);
	assert_success(pass(&tar, 0, false, NULL, &store, &err), err);
	assert_true(store_has(store, "3"));
	assert_true(store_has(store, "small"));
	buf_clear(&tar);
	assert_failure(store_read(store, "4", &tar, &err), err, ERROR_INPUT,
		       "stands behind more than");
}

static void there_are_not_too_many_layers(unused_arg void **state)
{
	static const char zeros[512];
	auto_buf struct buf tar;
	auto_store struct store *store = NULL;
	struct error err;

	buf_init(&tar, FIXTURE_MAX);
	for (int i = 0; i < 8193; i++)
		fixture_member(&tar, '0', "layer", "", zeros, sizeof zeros);
	fixture_end(&tar);
	assert_failure(pass(&tar, 0, false, NULL, &store, &err), err, ERROR_INPUT,
		       "more than 8192 layers");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(layers_are_told_by_their_bytes),
		cmocka_unit_test(documents_are_kept_and_layers_are_not),
		cmocka_unit_test(layers_are_hashed_to_their_ends),
		cmocka_unit_test(nobody_need_read_the_layers),
		cmocka_unit_test(a_reader_may_end_it),
		cmocka_unit_test(a_cut_is_noticed),
		cmocka_unit_test(nothing_and_no_archive),
		cmocka_unit_test(memory_has_an_end),
		cmocka_unit_test(there_are_not_too_many_layers),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("pass", tests, NULL, NULL);
}
