#include "config.h"

#include "unit.h"

#include <stdio.h>
#include <string.h>

#include "base/doc.h"
#include "check/size-report.h"
#include "check/size.h"

struct file {
	const char *path;
	uint64_t bytes;
	enum entry_type type; /* ENTRY_FILE where left out */
};

struct fed_layer {
	enum layer_compression compression;
	uint64_t stored, unpacked;
	struct file files[6];
};

static const struct layer_info infos[] = {
	{ .index = 0, .media_type = "", .instruction = "RUN zero", .name = "0" },
	{ .index = 1, .media_type = "x/y", .instruction = "RUN one", .name = "1" },
	{ .index = 2, .media_type = "", .instruction = "", .name = "2" },
};

static struct size *feed(const char *name, const struct fed_layer *layers, size_t count)
{
	struct error err = ERROR_INIT;
	struct image_visitor visitor;
	struct size *size;

	assert_true(count <= array_size(infos));
	assert_success(size_new(name, count, &size, &err), err);
	visitor = size_visitor(size);
	for (size_t i = 0; i < count; i++) {
		struct layer_totals totals = { .compression = layers[i].compression,
					       .stored_size = layers[i].stored,
					       .unpacked_size = layers[i].unpacked };
		void *state;

		assert_success(visitor.layer_begin(visitor.context, &infos[i], &state, &err), err);
		for (const struct file *file = layers[i].files; file->path != NULL; file++) {
			struct entry entry = { .type = file->type,
					       .path = file->path,
					       .path_size = strlen(file->path),
					       .size = file->bytes };

			assert_int_equal(visitor.entry(state, &entry, &err), WALK_NEXT);
		}
		assert_success(visitor.layer_end(state, &totals, &err), err);
		assert_success(visitor.merge(visitor.context, &infos[i], state, &err), err);
		visitor.state_free(state);
	}
	assert_success(size_finish(size, &err), err);
	return size;
}

static const struct fed_layer before_layers[] = {
	{ COMPRESSION_GZIP,
	  600,
	  2000,
	  { { "a/x", 500, ENTRY_FILE }, { "a/b/y", 300, ENTRY_FILE }, { "z", 200, ENTRY_FILE } } },
	{ COMPRESSION_ZSTD,
	  400,
	  1500,
	  { { "a/x", 0, ENTRY_WHITEOUT }, { "z", 200, ENTRY_FILE }, { "new", 10, ENTRY_FILE } } },
};
static const struct fed_layer after_layers[] = {
	{ COMPRESSION_GZIP, 500, 1000, { { "a/b/y", 100, ENTRY_FILE }, { "z", 200, ENTRY_FILE } } },
};
static const struct fed_layer plain_layers[] = {
	{ COMPRESSION_GZIP, 500, 1000, { { "f", 100, ENTRY_FILE } } },
	{ COMPRESSION_NONE, 1000, 1000, { { "g", 100, ENTRY_FILE } } },
};
static const struct fed_layer empty_layers[] = { { COMPRESSION_GZIP, 32, 1024, { { 0 } } } };

static void adds_up(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_size struct size *size = feed("before", before_layers, 2);
	uint64_t bytes;

	assert_success(size_bytes(size, MEASURE_CONTENT, &bytes, &err), err);
	assert_int_equal(bytes, 1210);
	assert_success(size_bytes(size, MEASURE_UNPACKED, &bytes, &err), err);
	assert_int_equal(bytes, 3500);
	assert_success(size_bytes(size, MEASURE_COMPRESSED, &bytes, &err), err);
	assert_int_equal(bytes, 1000);
	assert_int_equal(size->layers[0].wasted_bytes, 700);
	assert_int_equal(size->layers[1].wasted_bytes, 0);
	assert_int_equal(size->layers[1].files, 2);
	assert_string_equal(size->layers[0].info->instruction, "RUN zero");
}

static void knows_no_compressed_size_of_plain_layers(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_size struct size *size = feed("some.tar", plain_layers, 2);
	uint64_t bytes;

	assert_failure(size_bytes(size, MEASURE_COMPRESSED, &bytes, &err), err, ERROR_MISSING,
		       "some.tar: its compressed size is not known: layer 1 is");
}

static void assert_list(struct size_list *list, const char *wanted)
{
	auto_buf struct buf text;

	buf_init(&text, 10000);
	buf_add_string(&text, "");
	for (size_t i = 0; i < list->count; i++)
		buf_printf(&text, "%s%s %d", i > 0 ? ", " : "", list->items[i].path,
			   (int)list->items[i].bytes - (int)list->items[i].before);
	assert_string_equal(text.size > 0 ? text.data : "", wanted);
	size_list_release(list);
}

static void lists_the_largest(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_size struct size *size = feed("before", before_layers, 2);
	struct size_list list;

	assert_success(size_top_files(size, 0, &list, &err), err);
	assert_int_equal(list.items[1].layer, 1);
	assert_list(&list, "a/b/y 300, z 200, new 10");
	assert_success(size_top_files(size, 2, &list, &err), err);
	assert_int_equal(list.total, 3);
	assert_list(&list, "a/b/y 300, z 200");
	assert_success(size_top_directories(size, 9, 0, &list, &err), err);
	assert_list(&list, "a 300, a/b 300");
	assert_success(size_top_directories(size, 1, 0, &list, &err), err);
	assert_list(&list, "a 300");
	assert_success(size_top_waste(size, 0, &list, &err), err);
	assert_list(&list, "a/x 500, z 200");
}

static void adds_copies_of_a_path_up(unused_arg void **state)
{
	static const struct fed_layer layers[] = {
		{ COMPRESSION_GZIP, 1, 1, { { "a", 5, ENTRY_FILE }, { "b", 8, ENTRY_FILE } } },
		{ COMPRESSION_GZIP, 1, 1, { { "a", 6, ENTRY_FILE } } },
		{ COMPRESSION_GZIP, 1, 1, { { "a", 7, ENTRY_FILE }, { "b", 0, ENTRY_WHITEOUT } } },
	};
	struct error err = ERROR_INIT;
	auto_size struct size *size = feed("before", layers, 3);
	struct size_list list;

	assert_success(size_top_waste(size, 0, &list, &err), err);
	assert_int_equal(list.items[0].times, 2);
	assert_int_equal(list.items[1].times, 1);
	assert_list(&list, "a 11, b 8");
}

static void compares(unused_arg void **state)
{
	struct error err = ERROR_INIT;
	auto_size struct size *before = feed("before", before_layers, 2);
	auto_size struct size *after = feed("after", after_layers, 1);
	struct size_list list;

	assert_success(size_file_differences(before, after, 0, &list, &err), err);
	assert_list(&list, "a/b/y -200, new -10");
	assert_success(size_file_differences(after, before, 1, &list, &err), err);
	assert_int_equal(list.total, 2);
	assert_list(&list, "a/b/y 200");
	assert_success(size_directory_differences(before, after, 1, 0, &list, &err), err);
	assert_list(&list, "a -200");
	assert_success(size_file_differences(before, before, 0, &list, &err), err);
	assert_list(&list, "");
}

/* A directory on one side and a file on the other are two items. */
static void compares_directory_with_file(unused_arg void **state)
{
	static const struct fed_layer one[] = {
		{ COMPRESSION_GZIP, 1, 1, { { "a/x", 5, ENTRY_FILE } } }
	};
	static const struct fed_layer two[] = {
		{ COMPRESSION_GZIP, 1, 1, { { "a", 7, ENTRY_FILE } } }
	};
	struct error err = ERROR_INIT;
	auto_size struct size *before = feed("before", one, 1);
	auto_size struct size *after = feed("after", two, 1);
	struct size_list list;

	assert_success(size_file_differences(before, after, 0, &list, &err), err);
	assert_list(&list, "a 7, a/x -5");
	assert_success(size_directory_differences(before, after, 3, 0, &list, &err), err);
	assert_list(&list, "a -5");
}

static void decides_at_the_edges(unused_arg void **state)
{
	static const struct {
		const char *name;
		struct size_limits limits;
		bool holds;
	} cases[] = {
		/* 1210 bytes before, 300 after: 75.2066… % less; 700 of 1210 wasted: 57.85… % */
		{ "min-reduction", { .min_reduction = { true, 75.2 } }, true },
		{ "min-reduction", { .min_reduction = { true, 75.21 } }, false },
		{ "min-reduction", { .min_reduction = { true, 0 } }, true },
		{ "max", { .max = { true, 300 } }, true },
		{ "max", { .max = { true, 299 } }, false },
		{ "max", { .max = { true, UINT64_MAX } }, true },
		{ "max-layers", { .max_layers = { true, 1 } }, true },
		{ "max-layers", { .max_layers = { true, 0 } }, false },
		{ "max-waste", { .max_waste = { .kind = LIMIT_BYTES, .bytes = 0 } }, true },
		{ "max-waste", { .max_waste = { .kind = LIMIT_PERCENT, .percent = 0 } }, true },
	};
	struct error err = ERROR_INIT;
	auto_size struct size *before = feed("before", before_layers, 2);
	auto_size struct size *after = feed("after", after_layers, 1);

	for (size_t i = 0; i < array_size(cases); i++) {
		struct size_verdict verdict;

		assert_success(size_decide(before, after, MEASURE_CONTENT, &cases[i].limits,
					   &verdict, &err),
			       err);
		assert_int_equal(verdict.count, 1);
		assert_string_equal(verdict.checks[0].name, cases[i].name);
		if (verdict.holds != cases[i].holds || verdict.checks[0].holds != verdict.holds)
			fail_msg("case %zu: %s", i, cases[i].name);
	}
}

/* 700 of 1000 is a reduction by 30 % exactly. */
static void decides_a_reduction_exactly(unused_arg void **state)
{
	static const struct fed_layer one[] = {
		{ COMPRESSION_GZIP, 1, 1, { { "a", 1000, ENTRY_FILE } } }
	};
	static const struct fed_layer two[] = {
		{ COMPRESSION_GZIP, 1, 1, { { "a", 700, ENTRY_FILE } } }
	};
	struct size_limits limits = { .min_reduction = { true, 30 } };
	struct error err = ERROR_INIT;
	auto_size struct size *before = feed("before", one, 1);
	auto_size struct size *after = feed("after", two, 1);
	struct size_verdict verdict;

	assert_success(size_decide(before, after, MEASURE_CONTENT, &limits, &verdict, &err), err);
	assert_true(verdict.holds);
	limits.min_reduction.value = 30.0001;
	assert_success(size_decide(before, after, MEASURE_CONTENT, &limits, &verdict, &err), err);
	assert_false(verdict.holds);
}

static void decides_waste_of_the_content(unused_arg void **state)
{
	static const struct {
		struct limit limit;
		bool holds;
	} cases[] = {
		{ { .kind = LIMIT_BYTES, .bytes = 700 }, true },
		{ { .kind = LIMIT_BYTES, .bytes = 699 }, false },
		{ { .kind = LIMIT_PERCENT, .percent = 57.86 }, true },
		{ { .kind = LIMIT_PERCENT, .percent = 57.85 }, false },
	};
	struct error err = ERROR_INIT;
	auto_size struct size *size = feed("before", before_layers, 2);

	for (size_t i = 0; i < array_size(cases); i++) {
		struct size_limits limits = { .max_waste = cases[i].limit };
		struct size_verdict verdict;

		assert_success(size_decide(NULL, size, MEASURE_UNPACKED, &limits, &verdict, &err),
			       err);
		assert_int_equal(verdict.holds, cases[i].holds);
	}
}

static void one_failure_fails_all(unused_arg void **state)
{
	struct size_limits limits = { .max = { true, 1 }, .max_layers = { true, 99 } };
	struct error err = ERROR_INIT;
	auto_size struct size *size = feed("before", before_layers, 2);
	struct size_verdict verdict;

	assert_success(size_decide(NULL, size, MEASURE_CONTENT, &limits, &verdict, &err), err);
	assert_int_equal(verdict.count, 2);
	assert_false(verdict.holds);
	limits.max.set = false;
	limits.max_layers.set = false;
	assert_success(size_decide(NULL, size, MEASURE_CONTENT, &limits, &verdict, &err), err);
	assert_int_equal(verdict.count, 0);
	assert_true(verdict.holds);
}

/* What is not known is never a pass. */
static void unknown_is_an_error(unused_arg void **state)
{
	static const struct size_limits nothing = { .max_waste = { .kind = LIMIT_NONE } };
	struct size_limits limits = { .max = { true, UINT64_MAX }, .min_reduction = { true, 0 } };
	struct error err = ERROR_INIT;
	auto_size struct size *plain = feed("plain", plain_layers, 2);
	auto_size struct size *known = feed("known", after_layers, 1);
	auto_size struct size *empty = feed("empty", empty_layers, 1);
	struct size_verdict verdict;

	assert_failure(size_decide(plain, known, MEASURE_COMPRESSED, &limits, &verdict, &err), err,
		       ERROR_MISSING, "plain: its compressed");
	assert_failure(size_decide(known, plain, MEASURE_COMPRESSED, &limits, &verdict, &err), err,
		       ERROR_MISSING, "plain: its compressed");
	assert_failure(size_decide(NULL, plain, MEASURE_COMPRESSED, &nothing, &verdict, &err), err,
		       ERROR_MISSING, "plain: its compressed");
	assert_failure(size_decide(empty, known, MEASURE_CONTENT, &limits, &verdict, &err), err,
		       ERROR_INPUT, "empty: has no bytes");
	assert_failure(size_decide(NULL, known, MEASURE_CONTENT, &limits, &verdict, &err), err,
		       ERROR_USAGE, "--baseline");
}

static void sums_that_run_over_are_refused(unused_arg void **state)
{
	struct layer_totals totals = { .compression = COMPRESSION_GZIP,
				       .unpacked_size = INT64_MAX };
	struct error err = ERROR_INIT;
	auto_size struct size *size = NULL;
	struct image_visitor visitor;
	void *states[2];

	assert_success(size_new("big", 2, &size, &err), err);
	visitor = size_visitor(size);
	for (size_t i = 0; i < 2; i++) {
		assert_success(visitor.layer_begin(size, &infos[i], &states[i], &err), err);
		assert_success(visitor.layer_end(states[i], &totals, &err), err);
	}
	assert_success(visitor.merge(size, &infos[0], states[0], &err), err);
	assert_failure(visitor.merge(size, &infos[1], states[1], &err), err, ERROR_INPUT,
		       "more bytes");
	visitor.state_free(states[0]);
	visitor.state_free(states[1]);
}

static void tidies_instructions(unused_arg void **state)
{
	static const struct {
		const char *history;
		const char *text;
	} cases[] = {
		{ "", "" },
		{ "/bin/sh -c #(nop) ADD file:abc in / ", "ADD file:abc in /" },
		{ "/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD [\"sh\"]" },
		{ "/bin/sh -c apt-get update \t && \\\n  x", "RUN apt-get update && \\ x" },
		{ "|1 A=/bin/x /bin/sh -c echo $A", "RUN echo $A" },
		{ "RUN /bin/sh -c make # buildkit", "RUN make" },
		{ "RUN |1 A=b /bin/sh -c make # buildkit", "RUN make" },
		{ "RUN echo /bin/sh -c x", "RUN echo /bin/sh -c x" },
		{ "COPY a /bin/sh -c # buildkit", "COPY a /bin/sh -c" },
		{ "# buildkit", "# buildkit" },
		{ "COPY . / # buildkit", "COPY . /" },
		{ "bazel build ...", "bazel build ..." },
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		auto_buf struct buf out;

		buf_init(&out, 1000);
		buf_add_string(&out, "");
		size_instruction(cases[i].history, &out);
		assert_string_equal(out.size > 0 ? out.data : "", cases[i].text);
	}
}

static void reports_in_three_forms(unused_arg void **state)
{
	static const struct size_limits limits = { .max = { true, 1 } };
	struct error err = ERROR_INIT;
	auto_size struct size *before = feed("be\nfore", before_layers, 2);
	auto_size struct size *after = feed("after", after_layers, 1);
	auto_doc json_t *document = NULL;
	auto_free char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	struct size_report report;

	assert_success(
		size_report_init(&report, before, after, MEASURE_CONTENT, &limits, 10, 3, &err),
		err);
	document = size_report_json(&report);
	assert_string_equal(json_string_value(json_object_get(document, "verdict")), "fails");
	assert_int_equal(json_array_size(json_object_get(document, "checks")), 1);
	assert_success(size_report_text(&report, 0, out, &err), err);
	size_report_tap(&report, out);
	size_report_release(&report);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "before  be\\x0afore\n"));
	assert_non_null(strstr(text, "not ok 3 - max: 300 B content; at most 1 B demanded"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(adds_up),
		cmocka_unit_test(knows_no_compressed_size_of_plain_layers),
		cmocka_unit_test(lists_the_largest),
		cmocka_unit_test(adds_copies_of_a_path_up),
		cmocka_unit_test(compares),
		cmocka_unit_test(compares_directory_with_file),
		cmocka_unit_test(decides_at_the_edges),
		cmocka_unit_test(decides_a_reduction_exactly),
		cmocka_unit_test(decides_waste_of_the_content),
		cmocka_unit_test(one_failure_fails_all),
		cmocka_unit_test(unknown_is_an_error),
		cmocka_unit_test(sums_that_run_over_are_refused),
		cmocka_unit_test(tidies_instructions),
		cmocka_unit_test(reports_in_three_forms),
	};

	return cmocka_run_group_tests_name("size", tests, NULL, NULL);
}
