#include "config.h"

#include "fixture.h"

#include <locale.h>
#include <zlib.h>

#include "image/image.h"

enum { LAYERS = 6 };

/* An image of six layers; from the fourth on they are no tars where `broken`. */
static void write_image(const char *name, bool broken)
{
	struct buf layers[LAYERS];

	for (int i = 0; i < LAYERS; i++) {
		char text[16];

		buf_init(&layers[i], FIXTURE_MAX);
		if (broken && i >= 3) {
			buf_add_string(&layers[i], "no tar at all, though it goes on for a while");
			continue;
		}
		(void)snprintf(text, sizeof text, "file-%d", i);
		fixture_file(&layers[i], text, "0123456789");
		fixture_file(&layers[i], "more", "abc");
		fixture_end(&layers[i]);
	}
	fixture_image(name, layers, LAYERS);
	for (int i = 0; i < LAYERS; i++)
		buf_release(&layers[i]);
}

struct visit {
	struct buf text;
	enum walk_step on_entry;
	enum walk_step on_data;
	size_t patience;
	size_t data;
	size_t pieces;
};

struct plan {
	enum walk_step on_entry;
	enum walk_step on_data;
	int fail_merge; /* layer; -1 for none */
	struct buf merged;
	size_t patience; /* pieces of a file that are taken before on_data is the answer */
};

static size_t freed;

static int on_begin(const void *context, const struct layer_info *layer, void **ret_state,
		    struct error *err)
{
	const struct plan *plan = context;
	struct visit *visit = calloc(1, sizeof *visit);

	if (visit == NULL)
		return error_memory(err);
	buf_init(&visit->text, FIXTURE_MAX);
	assert_true(layer->name[0] != '\0');
	visit->on_entry = plan->on_entry;
	visit->patience = plan->patience;
	visit->on_data = plan->on_data;
	*ret_state = visit;
	return 0;
}

static enum walk_step on_entry(void *state, const struct entry *entry, struct error *err)
{
	struct visit *visit = state;

	if (visit->on_entry == WALK_FAILED) {
		(void)error_set(err, ERROR_INPUT, "the visitor does not like '%s'", entry->path);
		return WALK_FAILED;
	}
	buf_printf(&visit->text, " %s", entry->path);
	return visit->on_entry;
}

static enum walk_step on_data(void *state, unused_arg const void *data, size_t size,
			      unused_arg struct error *err)
{
	struct visit *visit = state;

	visit->data += size;
	return visit->pieces++ < visit->patience ? WALK_DATA : visit->on_data;
}

static int on_entry_end(void *state, unused_arg struct error *err)
{
	struct visit *visit = state;

	buf_printf(&visit->text, "(%zu)", visit->data);
	visit->data = 0;
	visit->pieces = 0;
	return 0;
}

static int on_layer_end(void *state, const struct layer_totals *totals,
			unused_arg struct error *err)
{
	buf_printf(&((struct visit *)state)->text, " [%d]", (int)totals->unpacked_size);
	return 0;
}

static int on_merge(void *context, const struct layer_info *layer, void *state, struct error *err)
{
	struct plan *plan = context;
	struct visit *visit = state;

	if (plan->fail_merge == (int)layer->index)
		return error_set(err, ERROR_INPUT, "merging fails");
	buf_printf(&plan->merged, "%zu:%s\n", layer->index, visit->text.data);
	return 0;
}

static int on_merge_again(void *context, const struct layer_info *layer, void *state,
			  struct error *err)
{
	struct plan *plan = context;

	buf_add_string(&plan->merged, "again ");
	return on_merge(context, layer, state, err);
}

static void on_free(void *state)
{
	struct visit *visit = state;

	freed++;
	buf_release(&visit->text);
	free(visit);
}

static struct image_visitor visitor_of(struct plan *plan)
{
	return (struct image_visitor) {
		.context = plan,
		.layer_begin = on_begin,
		.entry = on_entry,
		.data = on_data,
		.entry_end = on_entry_end,
		.layer_end = on_layer_end,
		.merge = on_merge,
		.merge_again = on_merge_again,
		.state_free = on_free,
	};
}

static int walk(const char *name, unsigned threads, bool verify, struct plan *plan,
		struct error *err)
{
	const struct image_options options = { .threads = threads, .verify = verify };
	const struct image_visitor visitor = visitor_of(plan);
	auto_image struct image *image = NULL;

	buf_init(&plan->merged, FIXTURE_MAX);
	freed = 0;
	if (image_open(name, &options, &image, err) < 0)
		return -1;
	return image_walk(image, &visitor, err);
}

static void merges_in_layer_order(unused_arg void **state)
{
	static const char wanted[] = "0: file-0 more [3072]\n1: file-1 more [3072]\n"
				     "2: file-2 more [3072]\n3: file-3 more [3072]\n"
				     "4: file-4 more [3072]\n5: file-5 more [3072]\n";
	struct error err = ERROR_INIT;

	write_image("good.tar", false);
	for (int round = 0; round < 50; round++)
		for (unsigned threads = 1; threads <= 8; threads *= 2) {
			struct plan plan = { .on_entry = WALK_NEXT, .fail_merge = -1 };

			assert_success(walk("good.tar", threads, round % 2 == 1, &plan, &err), err);
			assert_string_equal(plan.merged.data, wanted);
			assert_int_equal(freed, LAYERS);
			buf_release(&plan.merged);
		}
}

static void obeys_the_visitor(unused_arg void **state)
{
	static const struct {
		enum walk_step on_entry, on_data;
		const char *first;
	} cases[] = {
		{ WALK_DATA, WALK_DATA, "0: file-0(10) more(3) [3072]\n" },
		{ WALK_DATA, WALK_NEXT, "0: file-0(10) more(3) [3072]\n" },
		{ WALK_STOP, WALK_NEXT, "0: file-0 [3072]\n" },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < array_size(cases); i++)
		for (unsigned threads = 1; threads <= 4; threads += 3) {
			struct plan plan = { .on_entry = cases[i].on_entry,
					     .on_data = cases[i].on_data,
					     .fail_merge = -1 };

			assert_success(walk("good.tar", threads, true, &plan, &err), err);
			assert_int_equal(
				strncmp(plan.merged.data, cases[i].first, strlen(cases[i].first)),
				0);
			buf_release(&plan.merged);
		}
}

/* Larger than what is read at a time. */
static void files_come_in_pieces(unused_arg void **state)
{
	enum { SIZE = 3000001 };
	static const struct {
		enum walk_step on_data;
		size_t patience;
		const char *rest; /* behind what was read of the large file */
	} cases[] = {
		{ WALK_DATA, 0, ") small(3) [3002880]\n" },
		{ WALK_NEXT, 2, ") small(3) [3002880]\n" },
		{ WALK_NEXT, 0, ") small(3) [3002880]\n" },
		{ WALK_STOP, 2, ") [3002880]\n" },
		{ WALK_STOP, 0, ") [3002880]\n" },
	};
	auto_free char *data = malloc(SIZE);
	auto_buf struct buf layer;
	struct error err = ERROR_INIT;

	assert_non_null(data);
	memset(data, 'x', SIZE);
	buf_init(&layer, FIXTURE_MAX);
	fixture_member(&layer, '0', "large", "", data, SIZE);
	fixture_file(&layer, "small", "abc");
	fixture_end(&layer);
	fixture_image("large.tar", &layer, 1);
	for (size_t i = 0; i < array_size(cases); i++)
		for (int verify = 0; verify < 2; verify++) {
			struct plan plan = { .on_entry = WALK_DATA,
					     .on_data = cases[i].on_data,
					     .patience = cases[i].patience,
					     .fail_merge = -1 };
			char wanted[100];
			int read = SIZE;

			assert_success(walk("large.tar", 1, verify > 0, &plan, &err), err);
			(void)sscanf(plan.merged.data, "0: large(%d)", &read);
			/* what was not wanted was not handed out */
			assert_int_equal(read < SIZE, cases[i].on_data != WALK_DATA);
			assert_true(read > 0);
			(void)snprintf(wanted, sizeof wanted, "0: large(%d%s", read, cases[i].rest);
			assert_string_equal(plan.merged.data, wanted);
			buf_release(&plan.merged);
		}
}

static void the_lowest_layers_error_is_told(unused_arg void **state)
{
	struct error err;

	write_image("broken.tar", true);
	for (int round = 0; round < 50; round++)
		for (unsigned threads = 1; threads <= 8; threads *= 2) {
			struct plan plan = { .on_entry = WALK_NEXT, .fail_merge = -1 };

			assert_failure(walk("broken.tar", threads, false, &plan, &err), err,
				       ERROR_INPUT, "broken.tar: layer 3: ");
			buf_release(&plan.merged);
			/* who does not want to know why need not */
			assert_int_equal(walk("broken.tar", threads, true, &plan, NULL), -1);
			buf_release(&plan.merged);
		}
}

static void the_visitor_may_fail(unused_arg void **state)
{
	struct plan entry = { .on_entry = WALK_FAILED, .fail_merge = -1 };
	struct plan merge = { .on_entry = WALK_NEXT, .fail_merge = 2 };
	struct error err;

	assert_failure(walk("good.tar", 4, false, &entry, &err), err, ERROR_INPUT,
		       "good.tar: layer 0: the visitor does not like 'file-0'");
	buf_release(&entry.merged);
	assert_failure(walk("good.tar", 4, false, &merge, &err), err, ERROR_INPUT,
		       "good.tar: layer 2: merging fails");
	buf_release(&merge.merged);
}

/* --- streams ---------------------------------------------------------------------------------- */

static void make_layer(struct buf *layer, int number)
{
	char text[16];

	buf_init(layer, FIXTURE_MAX);
	(void)snprintf(text, sizeof text, "file-%d", number);
	fixture_file(layer, text, "0123456789");
	fixture_end(layer);
}

static void add_layer(struct buf *tar, const char *name, int number)
{
	auto_buf struct buf layer;

	make_layer(&layer, number);
	fixture_member(tar, '0', name, "", layer.data, layer.size);
}

/* Compressed, and shortened. */
static void add_packed(struct buf *tar, const char *name, int number, size_t shorter)
{
	auto_buf struct buf layer;
	z_stream zlib = { .next_in = NULL };
	unsigned char packed[4096];

	make_layer(&layer, number);
	assert_int_equal(deflateInit2(&zlib, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
	zlib.next_in = (unsigned char *)layer.data;
	zlib.avail_in = (unsigned)layer.size;
	zlib.next_out = packed;
	zlib.avail_out = sizeof packed;
	assert_int_equal(deflate(&zlib, Z_FINISH), Z_STREAM_END);
	fixture_member(tar, '0', name, "", packed, zlib.total_out - shorter);
	assert_int_equal(deflateEnd(&zlib), Z_OK);
}

/* `layers` is a JSON list; `numbers` says what they should hold, a digit each. */
static void end_stream(struct buf *tar, const char *layers, const char *numbers)
{
	auto_buf struct buf text;
	struct error err = ERROR_INIT;

	buf_init(&text, FIXTURE_MAX);
	buf_add_string(&text, "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":"
			      "{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; numbers[i] != '\0'; i++) {
		auto_buf struct buf layer;
		struct digest digest;
		char hex[DIGEST_TEXT_MAX];

		make_layer(&layer, numbers[i] - '0');
		assert_success(digest_of(DIGEST_SHA256, layer.data, layer.size, &digest, &err),
			       err);
		buf_printf(&text, "%s\"%s\"", i > 0 ? "," : "", digest_text(&digest, hex));
	}
	buf_add_string(&text, "]}}");
	fixture_file(tar, "c.json", text.data);
	buf_clear(&text);
	buf_printf(&text, "[{\"Config\":\"c.json\",\"Layers\":%s}]", layers);
	fixture_file(tar, "manifest.json", text.data);
	fixture_end(tar);
}

static int walk_stream(const struct buf *tar, size_t piece, struct image_options options,
		       struct plan *plan, struct error *err)
{
	const struct image_visitor visitor = visitor_of(plan);
	auto_image struct image *image = NULL;
	struct stream *stream = NULL;

	buf_init(&plan->merged, FIXTURE_MAX);
	freed = 0;
	assert_success(stream_of_memory(tar->data, tar->size, piece, &stream, err), *err);
	if (image_open_stream("app", stream, "the stream", &options, &image, err) < 0)
		return -1;
	assert_int_equal(image_is_pending(image), options.once);
	if (image_walk(image, &visitor, err) < 0)
		return -1;
	assert_false(image_is_pending(image));
	assert_string_equal(image_platform(image), "linux/amd64");
	assert_false(image_is_remote(image));
	return 0;
}

static void a_stream_is_merged_in_layer_order(unused_arg void **state)
{
	static const char wanted[] = "0: file-0(10) [2048]\n1: file-1(10) [2048]\n"
				     "2: file-2(10) [2048]\n";
	static const size_t pieces[] = { 1, 7, 4096, 0 };
	auto_buf struct buf tar;
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	add_layer(&tar, "b.tar", 2);
	add_layer(&tar, "a.tar", 1);
	add_layer(&tar, "unused.tar", 7);
	add_layer(&tar, "replaced.tar", 8);
	add_layer(&tar, "replaced.tar", 0);
	end_stream(&tar, "[\"replaced.tar\",\"a.tar\",\"b.tar\"]", "012");
	for (size_t i = 0; i < array_size(pieces); i++)
		for (int bits = 0; bits < 4; bits++) {
			struct plan plan = { .on_entry = WALK_DATA,
					     .on_data = WALK_DATA,
					     .fail_merge = -1 };
			const struct image_options options = { .once = (bits & 1) != 0,
							       .verify = (bits & 2) != 0,
							       .threads = 1 };

			assert_success(walk_stream(&tar, pieces[i], options, &plan, &err), err);
			assert_string_equal(plan.merged.data, wanted);
			assert_int_equal(freed, options.once ? 5 : 3);
			buf_release(&plan.merged);
		}
}

static void a_layer_may_be_there_twice(unused_arg void **state)
{
	auto_buf struct buf tar;
	struct plan plan = { .on_entry = WALK_NEXT, .fail_merge = -1 };
	const struct image_options options = { .once = true, .verify = true };
	struct error err = ERROR_INIT;

	buf_init(&tar, FIXTURE_MAX);
	fixture_member(&tar, '2', "first/layer.tar", "../a/layer.tar", "", 0);
	add_layer(&tar, "a/layer.tar", 1);
	add_layer(&tar, "b/layer.tar", 2);
	fixture_member(&tar, '1', "c/layer.tar", "a/layer.tar", "", 0);
	end_stream(&tar, "[\"first/layer.tar\",\"b/layer.tar\",\"a/layer.tar\",\"c/layer.tar\"]",
		   "1211");
	assert_success(walk_stream(&tar, 0, options, &plan, &err), err);
	assert_string_equal(plan.merged.data, "again 0: file-1 [2048]\n1: file-2 [2048]\n"
					      "again 2: file-1 [2048]\n3: file-1 [2048]\n");
	assert_int_equal(freed, 2);
	buf_release(&plan.merged);
}

/* Both the spooled and the passing stream say what a file would. */
static void a_stream_may_be_wrong(unused_arg void **state)
{
	static const struct {
		const char *layers;
		const char *numbers;
		bool verify;
		const char *why; /* NULL: it is fine */
	} cases[] = {
		{ "[\"a.tar\",\"b.tar\"]", "12", true, NULL },
		{ "[\"a.tar\",\"b.tar\"]", "11", false, NULL },
		{ "[\"a.tar\",\"b.tar\"]", "11", true, "app: layer 1: b.tar: wrong diff_id" },
		{ "[\"packed.tar\"]", "1", true, "app: layer 0: packed.tar: wrong diff_id" },
		{ "[\"a.tar\",\"none\"]", "12", false,
		  "app: layer 1: 'none' is missing in 'the stream'" },
		{ "[\"a.tar\",\"document\"]", "12", false,
		  "app: layer 1: document: no tar archive" },
		{ "[\"empty\"]", "1", false, NULL },
		{ "[\"damaged.gz\",\"none\"]", "12", false, "app: layer 0: damaged.gz: " },
		{ "[\"damaged.gz\"]", "1", true, "app: layer 0: damaged.gz: " },
		{ "[\"damaged.tar\"]", "1", false,
		  "app: layer 0: damaged.tar: damaged tar archive" },
		{ "[\"damaged.tar\"]", "1", true, "app: layer 0: damaged.tar: wrong diff_id" },
		{ "[\"a.tar\"]", "12", false,
		  "app: the manifest has 1 layers and the configuration 2 diff_ids" },
		{ "7", "1", false, "app: manifest.json: Layers is no array" },
	};
	struct error err = ERROR_INIT;

	for (size_t i = 0; i < 2 * array_size(cases); i++) {
		const struct image_options options = { .once = i % 2 == 1,
						       .verify = cases[i / 2].verify };
		struct plan plan = { .on_entry = WALK_NEXT, .fail_merge = -1 };
		auto_buf struct buf tar;
		auto_buf struct buf damaged;

		buf_init(&tar, FIXTURE_MAX);
		make_layer(&damaged, 1);
		memset(damaged.data + 1024, 'x', damaged.size - 1024);
		add_layer(&tar, "b.tar", 2);
		add_packed(&tar, "damaged.gz", 3, 9);
		fixture_member(&tar, '0', "damaged.tar", "", damaged.data, damaged.size);
		fixture_file(&tar, "document", "{\"no\": \"tar at all\"}");
		fixture_file(&tar, "empty", "");
		add_layer(&tar, "a.tar", 1);
		add_packed(&tar, "packed.tar", 3, 0);
		end_stream(&tar, cases[i / 2].layers, cases[i / 2].numbers);
		if (cases[i / 2].why == NULL)
			assert_success(walk_stream(&tar, 7, options, &plan, &err), err);
		else
			assert_failure(walk_stream(&tar, 7, options, &plan, &err), err,
				       strstr(cases[i / 2].why, "missing") != NULL ? ERROR_MISSING
										   : ERROR_INPUT,
				       cases[i / 2].why);
		buf_release(&plan.merged);
		/* who does not want to know why need not */
		assert_int_equal(walk_stream(&tar, 0, options, &plan, NULL),
				 cases[i / 2].why == NULL ? 0 : -1);
		buf_release(&plan.merged);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_in_layer_order),
		cmocka_unit_test(obeys_the_visitor),
		cmocka_unit_test(the_lowest_layers_error_is_told),
		cmocka_unit_test(files_come_in_pieces),
		cmocka_unit_test(the_visitor_may_fail),
		cmocka_unit_test(a_stream_is_merged_in_layer_order),
		cmocka_unit_test(a_layer_may_be_there_twice),
		cmocka_unit_test(a_stream_may_be_wrong),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("walk", tests, fixture_begin, fixture_finish);
}
