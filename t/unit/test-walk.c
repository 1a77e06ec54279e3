#include "config.h"

#include "fixture.h"

#include <locale.h>

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
	size_t data;
};

struct plan {
	enum walk_step on_entry;
	enum walk_step on_data;
	int fail_merge; /* layer; -1 for none */
	struct buf merged;
	size_t freed;
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
	buf_printf(&visit->text, "%zu:", layer->index);
	visit->on_entry = plan->on_entry;
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
	return visit->on_data;
}

static int on_entry_end(void *state, unused_arg struct error *err)
{
	struct visit *visit = state;

	buf_printf(&visit->text, "(%zu)", visit->data);
	visit->data = 0;
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
	buf_printf(&plan->merged, "%s\n", visit->text.data);
	return 0;
}

static void on_free(void *state)
{
	struct visit *visit = state;

	freed++;
	buf_release(&visit->text);
	free(visit);
}

static int walk(const char *name, unsigned threads, bool verify, struct plan *plan,
		struct error *err)
{
	const struct image_options options = { .threads = threads, .verify = verify };
	const struct image_visitor visitor = {
		.context = plan,
		.layer_begin = on_begin,
		.entry = on_entry,
		.data = on_data,
		.entry_end = on_entry_end,
		.layer_end = on_layer_end,
		.merge = on_merge,
		.state_free = on_free,
	};
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
			struct plan plan = { cases[i].on_entry, cases[i].on_data, -1, { 0 }, 0 };

			assert_success(walk("good.tar", threads, true, &plan, &err), err);
			assert_int_equal(
				strncmp(plan.merged.data, cases[i].first, strlen(cases[i].first)),
				0);
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

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_in_layer_order),
		cmocka_unit_test(obeys_the_visitor),
		cmocka_unit_test(the_lowest_layers_error_is_told),
		cmocka_unit_test(the_visitor_may_fail),
	};

	(void)setlocale(LC_CTYPE, "C.UTF-8");
	return cmocka_run_group_tests_name("walk", tests, fixture_begin, fixture_finish);
}
