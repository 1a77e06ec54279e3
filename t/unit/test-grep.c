/* The library's search over an image that the test makes entry by entry: this program brings its
 * own image_walk, which hands out bytes in pieces that no real layer would be cut into. */
#include "config.h"

#include "unit.h"

#include <string.h>

#include "base/buf.h"
#include "check/grep.h"

struct item {
	size_t layer;
	enum entry_type type;
	const char *path;
	const char *data; /* of a file; the target of a hard link */
};

struct image {
	const struct item *items;
	size_t count;
	size_t layers;
	size_t piece;
	struct layer_info *infos;
	struct configuration configuration;
	bool verify;
};

static size_t piece_now = SIZE_MAX;

bool image_verify_asked(const struct image *image)
{
	return image->verify;
}

const struct configuration *image_configuration(const struct image *image)
{
	return &image->configuration;
}

size_t image_layer_count(const struct image *image)
{
	return image->layers;
}

const struct layer_info *image_layer(const struct image *image, size_t index)
{
	return &image->infos[index];
}

bool image_is_pending(unused_arg const struct image *image)
{
	return false;
}

int image_pass(unused_arg const struct image *image, unused_arg const struct pass_reader *reader,
	       struct error *err)
{
	return error_set(err, ERROR_INPUT, "it is no stream");
}

static int feed(const struct image_visitor *visitor, void *state, const char *data, size_t piece,
		struct error *err)
{
	for (size_t done = 0, size = strlen(data); done < size;) {
		size_t here = size - done < piece ? size - done : piece;
		enum walk_step step = visitor->data(state, data + done, here, err);

		if (step == WALK_FAILED)
			return -1;
		if (step != WALK_DATA)
			return 0;
		done += here;
	}
	return 0;
}

static int walk_layer(const struct image *image, size_t layer, const struct image_visitor *visitor,
		      void *state, struct error *err)
{
	const struct layer_totals totals = { .entries = 0 };

	for (size_t i = 0; i < image->count; i++) {
		const struct item *item = &image->items[i];
		struct entry entry = { .type = item->type,
				       .path = item->path,
				       .path_size = strlen(item->path) };
		enum walk_step step;

		if (item->layer != layer)
			continue;
		if (item->type == ENTRY_HARDLINK)
			entry.target = item->data;
		if (item->type == ENTRY_FILE)
			entry.size = strlen(item->data);
		step = visitor->entry(state, &entry, err);
		if (step == WALK_FAILED)
			return -1;
		if (step == WALK_DATA && feed(visitor, state, item->data, image->piece, err) < 0)
			return -1;
		if (visitor->entry_end(state, err) < 0)
			return -1;
	}
	return visitor->layer_end(state, &totals, err);
}

int image_walk(const struct image *image, const struct image_visitor *visitor, struct error *err)
{
	for (size_t layer = 0; layer < image->layers; layer++) {
		const struct layer_info *info = &image->infos[layer];
		/* as it is for an image that comes as a stream */
		const struct layer_info unknown = { .index = 77, .name = "a member" };
		void *state = NULL;
		int result;

		if (visitor->layer_begin(visitor->context, &unknown, &state, err) < 0)
			return -1;
		result = walk_layer(image, layer, visitor, state, err);
		if (result == 0)
			result = visitor->merge(visitor->context, info, state, err);
		visitor->state_free(state);
		if (result < 0)
			return error_prefix(err, "layer %zu", layer);
	}
	return 0;
}

/* ---- what is looked for, and what came ---- */

static void add(struct rules *rules, const char *text)
{
	struct error err = ERROR_INIT;

	assert_success(rules_parse(rules, text, strlen(text), "rules", &err), err);
}

static int write_match(void *context, const struct grep_match *match, unused_arg struct error *err)
{
	static const char fates[] = { 'F', 'L', 'D', 'R', 'O' };
	struct buf *out = context;

	buf_printf(out, "%s ", match->rule);
	if (match->layer == GREP_NO_LAYER)
		buf_add_string(out, "- ");
	else
		buf_printf(out, "%zu ", match->layer);
	if (match->path != NULL)
		buf_printf(out, "%s %c", match->path, fates[match->fate]);
	else
		buf_add_string(out, grep_kind_name(match->kind));
	if (match->linked_path != NULL)
		buf_printf(out, "=%s", match->linked_path);
	if (match->line != 0)
		buf_printf(out, " %llu:", (unsigned long long)match->line);
	if (match->count != 1)
		buf_printf(out, " x%llu", (unsigned long long)match->count);
	buf_add(out, match->text, match->text_size);
	buf_add_char(out, '\n');
	return 0;
}

static int search(struct image *image, const char *rules_text, const struct grep_options *options,
		  struct buf *ret_out, struct error *err)
{
	auto_rules struct rules rules;
	auto_grep struct grep *grep = NULL;
	auto_free struct layer_info *infos = calloc(image->layers, sizeof *infos);

	assert_non_null(infos);
	for (size_t i = 0; i < image->layers; i++)
		infos[i] = (struct layer_info) { .index = i, .instruction = "" };
	image->infos = infos;
	image->piece = piece_now;
	rules_init(&rules);
	add(&rules, rules_text);
	if (grep_run(image, &rules, options, &grep, err) < 0)
		return -1;
	return grep_each(grep, write_match, ret_out, err);
}

static void expect(struct image *image, const char *rules, const struct grep_options *options,
		   const char *expected)
{
	static const size_t sizes[] = { 1, 7, SIZE_MAX };

	for (size_t i = 0; i < array_size(sizes); i++) {
		auto_buf struct buf out;
		struct error err = ERROR_INIT;

		piece_now = sizes[i];
		buf_init(&out, BUF_MAX_DEFAULT);
		assert_success(search(image, rules, options, &out, &err), err);
		assert_string_equal(out.data, expected);
	}
}

static const struct item story[] = {
	{ 0, ENTRY_DIRECTORY, "usr", "" },
	{ 0, ENTRY_DIRECTORY, "usr/bin", "" },
	{ 0, ENTRY_FILE, "usr/bin/gcc", "ELF\n" },
	{ 0, ENTRY_HARDLINK, "usr/bin/cc", "usr/bin/gcc" },
	{ 0, ENTRY_SYMLINK, "usr/bin/c99", "gcc" },
	{ 1, ENTRY_FILE, "app/.env", "A=1\nTOKEN=abcdef\nB=2\nTOKEN=ghijkl" },
	{ 1, ENTRY_FILE, "app/notes", "TOKEN=xyz\n" },
	{ 2, ENTRY_WHITEOUT, "app/.env", "" },
	{ 2, ENTRY_WHITEOUT, "usr/bin/gcc", "" },
	{ 2, ENTRY_FILE, "app/notes", "nothing" },
};
static const struct grep_options everything = { .numbers = true };

static void tells_paths(unused_arg void **state)
{
	struct image image = { .items = story, .count = array_size(story), .layers = 3 };
	const struct grep_options final = { .final = true };

	expect(&image, "gcc path glob gcc\ncc path glob **/c[c9]*\nenv path fixed env", &everything,
	       "gcc 0 usr/bin/gcc D\ncc 0 usr/bin/cc F\ncc 0 usr/bin/c99 F\nenv 1 app/.env D\n");
	expect(&image, "gcc path glob gcc\ncc path glob **/c[c9]*\nexcept c99", &final,
	       "cc 0 usr/bin/cc F\n");
	/* several patterns of one name are one match */
	expect(&image, "x path glob gcc\nx path glob g*", &everything, "x 0 usr/bin/gcc D\n");
	/* a marker is no file */
	expect(&image, "x path glob notes", &everything, "x 1 app/notes R\nx 2 app/notes F\n");
}

static void tells_contents(unused_arg void **state)
{
	struct image image = { .items = story, .count = array_size(story), .layers = 3 };
	const struct grep_options first = { .detail = GREP_FIRST, .numbers = true };
	const struct grep_options counts = { .detail = GREP_COUNTS };
	const struct grep_options final = { .final = true, .numbers = true };

	expect(&image, "t content fixed TOKEN=", &everything,
	       "t 1 app/.env D 2:TOKEN=abcdef\nt 1 app/.env D 4:TOKEN=ghijkl\n"
	       "t 1 app/notes R 1:TOKEN=xyz\n");
	expect(&image, "t content regex TOKEN=[a-k]+\nin .env", &first,
	       "t 1 app/.env D 2:TOKEN=abcdef\n");
	expect(&image, "t content fixed TOKEN\nexcept .env\nu content fixed E", &counts,
	       "u 0 usr/bin/gcc L=usr/bin/cc\nu 1 app/.env D x2\nt 1 app/notes R\n"
	       "u 1 app/notes R\n");
	/* the name is gone, its content is not */
	expect(&image, "t content fixed ELF", &final, "t 0 usr/bin/gcc L=usr/bin/cc 1:ELF\n");
}

static void tells_the_configuration(unused_arg void **state)
{
	static char env0[] = "PATH=/bin";
	static char env1[] = "TOKEN=1234";
	static char cmd0[] = "serve";
	static char cmd1[] = "--token=1234";
	static char created[] = "RUN make";
	static char empty[] = "ENV TOKEN=1234";
	static char nothing[] = "";
	char *env[] = { env0, env1, NULL };
	char *cmd[] = { cmd0, cmd1, NULL };
	struct history history[] = {
		{ .created_by = created, .comment = nothing },
		{ .created_by = empty, .comment = nothing, .empty_layer = true },
	};
	struct image image = { .items = story, .count = 1, .layers = 1 };

	image.configuration = (struct configuration) {
		.user = nothing,
		.working_dir = nothing,
		.env = { env, 2 },
		.cmd = { cmd, 2 },
		.labels = json_pack("{ss}", "note", "line\nwith 1234"),
		.history = history,
		.history_count = 2,
	};
	expect(&image, "x config fixed 1234", &everything,
	       "x - history 1:ENV TOKEN=1234\nx - environment 1:TOKEN=1234\n"
	       "x - label 2:with 1234\nx - configuration 1:CMD serve --token=1234\n");
	expect(&image, "x history fixed make\nx environment regex ^PATH", &everything,
	       "x 0 history 1:RUN make\nx - environment 1:PATH=/bin\n");
	json_decref(image.configuration.labels);
}

static void cuts_long_lines(unused_arg void **state)
{
	static char data[4001];
	const struct item items[] = { { 0, ENTRY_FILE, "f", data } };
	struct image image = { .items = items, .count = 1, .layers = 1 };
	struct error err = ERROR_INIT;
	auto_buf struct buf out;

	memset(data, 'x', 4000);
	memcpy(data + 2000, "needle", 6);
	buf_init(&out, BUF_MAX_DEFAULT);
	assert_success(search(&image, "n content fixed needle", &everything, &out, &err), err);
	assert_non_null(strstr(out.data, "xneedlex"));
	assert_true(out.size < 400);
}

static void trouble_names_layer_and_file(unused_arg void **state)
{
	static const struct item items[] = {
		{ 0, ENTRY_FILE, "ok", "b" },
		{ 1, ENTRY_FILE, "dir/bad", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab" },
	};
	struct image image = { .items = items, .count = 2, .layers = 2 };
	struct error err;
	auto_buf struct buf out;

	buf_init(&out, BUF_MAX_DEFAULT);
	assert_failure(search(&image, "x content regex ^(a+)+$", &everything, &out, &err), err,
		       ERROR_INPUT, "layer 1: 'dir/bad': '^(a+)+$': regular expression:");
	assert_int_equal(out.size, 0);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_paths),
		cmocka_unit_test(tells_contents),
		cmocka_unit_test(tells_the_configuration),
		cmocka_unit_test(cuts_long_lines),
		cmocka_unit_test(trouble_names_layer_and_file),
	};

	return cmocka_run_group_tests_name("grep", tests, NULL, NULL);
}
